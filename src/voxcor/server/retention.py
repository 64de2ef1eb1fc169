"""How old something is, told by a clock that may be set wrong, and put right, at any moment.

Names of results and jobs begin with the time of the computer's clock. Their age is counted in time
that has really passed:

- While the server runs, a clock that no program can set says how much that is. Where the computer's
  clock jumps, a new span of time begins, and what it showed before and after is written down: so it
  is known how old something is that was made under a wrong clock.
- What passes while the server is off only the computer's clock can say. More than a day is believed
  when the clock has not been put right within an hour of running.

So a clock that is wrong for a while deletes nothing, ahead or behind, at the start or later.
"""

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from voxcor.disk.unreadable import read_state, set_unreadable_aside
from voxcor.disk.whole import write_whole
from voxcor.errors import StateUnreadable

DAY_S = 86_400.0
HOUR_S = 3_600.0

# The state is written again where it says something new, or is so old.
_WRITE_EVERY_S = 600.0

# A clock that jumps more often than that is beyond help.
_MOST_SPANS = 100


@dataclass(frozen=True, slots=True)
class Span:
    """The clock ran evenly from `first` to `last`, seconds since 1970.

    `offset` leads from what it showed to a time that never jumps.
    """

    first: float
    last: float
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class ClockHistory:
    """What was seen of the clock; the last span is the present one.

    `unsure_s` is time for which the server was off, if the clock is right; it counts after
    `doubt_s` of running.
    """

    spans: tuple[Span, ...]
    unsure_s: float = 0.0
    doubt_s: float = 0.0

    def then(self, now: float, passed_s: float | None) -> "ClockHistory":
        """With the next look at the clock, `passed_s` later; None where only the clock knows."""
        span = self.spans[-1]
        jump_s = now - span.last - (passed_s or 0.0)
        doubt_s = max(0.0, self.doubt_s - (passed_s or 0.0))
        unsure_s = self.unsure_s
        if passed_s is None and jump_s > DAY_S:
            unsure_s, doubt_s = unsure_s + jump_s, HOUR_S
        elif unsure_s > 0 and abs(jump_s) > HOUR_S:
            unsure_s += jump_s
        even = 0 <= jump_s <= DAY_S if passed_s is None else abs(jump_s) <= HOUR_S
        spans = self.spans if even else (*self.spans, Span(now, now, span.offset - jump_s))
        offset = spans[-1].offset
        if unsure_s <= DAY_S or doubt_s == 0:
            offset, unsure_s, doubt_s = offset + max(0.0, unsure_s), 0.0, 0.0
        present = replace(spans[-1], last=now, offset=offset)
        return ClockHistory((*spans[:-1], present)[-_MOST_SPANS:], unsure_s, doubt_s)

    def age_s(self, made: float) -> float:
        """How old something is at the most that was made when the clock showed this.

        The clock may have shown it in several spans: the youngest counts.
        """
        first, present = self.spans[0], self.spans[-1]
        shown = [s.offset for s in self.spans if s.first - DAY_S <= made <= s.last + DAY_S]
        if not shown:
            shown = [s.offset for s in self.spans] if made > first.first else [first.offset]
        return present.last + present.offset - (made + max(shown))


def elapsed_s() -> float:
    """Seconds that really pass, sleep of the machine among them where it can be known."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Clock:
    """The clock by which a folder's content ages; what was seen of it is kept in `path`.

    Args:
        path: the file.
        now: the computer's clock, seconds since 1970.
        elapsed: seconds from any moment on, which nobody sets.
    """

    def __init__(
        self,
        path: Path,
        now: Callable[[], float] = lambda: time.time(),
        elapsed: Callable[[], float] = elapsed_s,
    ) -> None:
        self._path = path
        self._now = now
        self._elapsed = elapsed
        self._looked: float | None = None
        self._history: ClockHistory | None = None
        self._written: ClockHistory | None = None

    def look(self, made: Callable[[], Iterable[float]]) -> ClockHistory:
        """What the clock says now, and how far that is to be believed.

        Args:
            made: when things were made; the newest stands for the last look where none is written
                down.
        """
        now, looked = self._now(), self._elapsed()
        last = self._history or self._read()
        if last is None:
            began = max((when for when in made() if when <= now), default=now)
            last = ClockHistory((Span(began, began),))
        passed_s = None if self._looked is None else looked - self._looked
        self._looked, self._history = looked, last.then(now, passed_s)
        self._write(self._history)
        return self._history

    def forget(self) -> None:
        """Leaves nothing on the disk: there is nothing that could age."""
        self._written = None
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _read(self) -> ClockHistory | None:
        try:
            return read_state(self._path, _history_from)
        except FileNotFoundError:
            return None
        except StateUnreadable as error:
            set_unreadable_aside(self._path, error)
            return None

    def _write(self, seen: ClockHistory) -> None:
        written = self._written
        if written is not None and len(written.spans) == len(seen.spans):
            since = seen.spans[-1].last - written.spans[-1].last
            if written.doubt_s == seen.doubt_s and 0 <= since < _WRITE_EVERY_S:
                return
        # Where it cannot be written, the next start knows less, and waits longer.
        with suppress(OSError):
            write_whole(self._path, json.dumps(asdict(seen)), private=True)
            self._written = seen


def _history_from(document: Any) -> ClockHistory:
    seen = TypeAdapter(ClockHistory).validate_python(document)
    if not seen.spans:
        raise ValueError("it has no span")
    return seen
