"""A live session as people look at it: level, bars of the moment, the last minute as a ribbon.

What is over scrolls away above as lines, one for each utterance and each rule that fired; those
alone are printed where stdout is no terminal. As in `voxcor.cli.view`, colour never decides.
"""

import json
import sys
from collections import deque
from itertools import groupby
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.style import Style
from rich.text import Text

from voxcor.audio.decoders import FloatArray
from voxcor.cli.console import open_console
from voxcor.cli.view import bars, clock, relative_remark
from voxcor.frames import SAMPLE_RATE
from voxcor.labels import get_label
from voxcor.language import say
from voxcor.stream.events import (
    Measurement,
    RuleFired,
    SessionClosed,
    SessionCreated,
    SessionEvent,
    UtteranceEnd,
    UtteranceStart,
)

_RIBBON_S = 60.0
_FLOOR_DBFS = -60.0
_HEIGHTS = "▁▂▃▄▅▆▇█"
_LEVELS = 24  # of a tenth of a second each


class LiveScreen(Protocol):
    """What a live session is shown on."""

    def show(self, event: SessionEvent) -> None:
        """An event of the session."""

    def show_samples(self, samples: FloatArray) -> None:
        """The audio that was fed, float32 `[n]` at 16 kHz."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def is_terminal() -> bool:
    """Whether stdout can show a view that moves."""
    return open_console().is_terminal


class _Plain:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def show_samples(self, samples: FloatArray) -> None:
        pass


class JsonEvents(_Plain):
    """Every event as a line of JSON on stdout."""

    def show(self, event: SessionEvent) -> None:
        print(json.dumps(event.to_document(), ensure_ascii=False), file=sys.stdout, flush=True)


class UtteranceLines(_Plain):
    """What is over, a line each."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or open_console()

    def show(self, event: SessionEvent) -> None:
        if isinstance(event, Measurement) and event.trigger == "speech_ended":
            self.console.print(utterance_line(event), soft_wrap=True)
        elif isinstance(event, RuleFired):
            self.console.print(firing_line(event), soft_wrap=True)


class LiveTerminal(UtteranceLines):
    """The lines, and under them a view of the moment."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__(console)
        self.view = MomentView()
        self._live = Live(self.view, console=self.console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, event: SessionEvent) -> None:
        super().show(event)
        self.view.show(event)

    def show_samples(self, samples: FloatArray) -> None:
        self.view.show_samples(samples)
        self._live.refresh()


class MomentView:
    """The view of the moment; rich asks it for what it looks like now."""

    def __init__(self) -> None:
        self._title = ""
        self._time_s = 0.0
        self._levels = deque([_FLOOR_DBFS] * _LEVELS, maxlen=_LEVELS)
        self._speaking = False
        self._latest: Measurement | None = None
        self._labels: tuple[str, ...] = ()
        self._leaders: deque[tuple[float, float, str]] = deque()  # start, end, label

    def show_samples(self, samples: FloatArray) -> None:
        """The audio that was fed."""
        self._time_s += len(samples) / SAMPLE_RATE
        power = float(np.square(samples, dtype=np.float64).mean()) if len(samples) else 0.0
        self._levels.append(max(_FLOOR_DBFS, 10 * float(np.log10(power + 1e-10))))

    def show(self, event: SessionEvent) -> None:
        """An event of the session."""
        if isinstance(event, SessionCreated):
            self._labels = event.labels
            self._title = event.model.id
        elif isinstance(event, UtteranceStart):
            self._speaking = True
        elif isinstance(event, (UtteranceEnd, SessionClosed)):
            self._speaking = False
        elif isinstance(event, Measurement):
            self._latest = event
            if event.trigger == "speech_ended":
                while self._leaders and self._leaders[-1][0] >= event.start:
                    self._leaders.pop()
                self._leaders.append((event.start, event.end, event.emotion))
            else:
                start = max(event.start, self._leaders[-1][1] if self._leaders else 0.0)
                self._leaders.append((start, event.end, event.emotion))
            while self._leaders[0][1] < event.end - _RIBBON_S:
                self._leaders.popleft()

    def __rich_console__(self, console: Console, options: object) -> "list[RenderableType]":
        return [self._render(console.width)]

    def _render(self, width: int) -> RenderableType:
        if not self._labels:  # the session has not been created yet
            return self._head()
        scores = self._latest.scores if self._latest else dict.fromkeys(self._labels, 0.0)
        leader = self._latest.emotion if self._latest else ""
        shares = bars(scores, leader, width)
        return Group(self._head(), "", shares, "", *self._ribbon(width))

    def _head(self) -> Text:
        dot = ("●", "bold red") if self._speaking else ("○", "dim")
        level = self._levels[-1]
        meter = "".join(
            _HEIGHTS[min(7, int(8 * (1 - dbfs / _FLOOR_DBFS)))] for dbfs in self._levels
        )
        style = "red" if level > -3 else "yellow" if level > -9 else "green"
        state = say("speaking", "说话中") if self._speaking else say("listening", "聆听中")
        head = Text.assemble(" ", dot, f" {clock(self._time_s)}  ", (meter, style))
        head.append(f" {level:4.0f} dBFS  {state}")
        head.append(f"  {self._title}", "dim")
        return head

    def _ribbon(self, width: int) -> list[RenderableType]:
        """Who led during the last minute, in cells of two columns."""
        cells = max(1, min(60, (width - 2) // 2))
        cell_s = _RIBBON_S / cells
        start_s = max(0.0, self._time_s - _RIBBON_S)
        middles = [start_s + (cell + 0.5) * cell_s for cell in range(cells)]
        leaders = [self._leader_at(middle) for middle in middles]
        ribbon = Text(" ")
        for id_, run in groupby(leaders):
            count = len([*run])
            if id_ is None:
                ribbon.append("  " * count)
            else:
                label = get_label(id_)
                ribbon.append(label.emoji)
                ribbon.append("██" * (count - 1), label.color)
        end = clock(start_s + _RIBBON_S, decimals=0)
        axis = clock(start_s, decimals=0).ljust(2 * cells - len(end)) + end
        return [ribbon, Text(f" {axis}", "dim")]

    def _leader_at(self, time_s: float) -> str | None:
        found = (label for start, end, label in self._leaders if start <= time_s < end)
        return next(found, None)


def utterance_line(final: Measurement) -> Text:
    """`0:00.2 – 0:04.2  😐 Neutral (中性)  26.5%`."""
    label = get_label(final.emotion)
    times = f" {clock(final.start)} – {clock(final.end)}"
    line = Text(times.ljust(20))
    line.append(f"{label.emoji} {label.both_names}", Style(color=label.color, bold=True))
    widest = max(cell_len(get_label(id_).both_names) for id_ in final.scores)
    line.append(f"{final.confidence:.1%}".rjust(widest - cell_len(label.both_names) + 8))
    if final.relative is not None:
        line.append(f"  → {relative_remark(final.relative)}")
    return line


def firing_line(event: RuleFired) -> Text:
    """`0:05.7  ⚡ escalation  angry > 0.6 for 3 s`."""
    rule = event.firing.rule
    name = "" if rule.name == rule.condition else f"{rule.name}  "
    line = Text(f" {clock(event.firing.time)}".ljust(20))
    line.append(f"⚡ {name}", "bold")
    line.append(rule.condition)
    return line
