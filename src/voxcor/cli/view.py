"""A result as people look at it in a terminal: the emotion, all scores, the curve over time.

Colour helps and never decides: every bar and block has a name or an emoji beside it, so the view
reads the same in a pipe, under NO_COLOR, and by eyes that see colours differently.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Column, Table
from rich.text import Text

from voxcor.audio.quality import describe_warning
from voxcor.frames import HOP, SAMPLE_RATE
from voxcor.invocation import voxcor
from voxcor.labels import Label, get_label
from voxcor.language import say
from voxcor.results import (
    AudioInfo,
    Failure,
    ModelInfo,
    Relative,
    Result,
    Segment,
    SpeakerSummary,
    channels_in_words,
    notice_of,
)
from voxcor.untrusted import printable

_HEIGHTS = "▁▂▃▄▅▆▇█"
_WIDEST_BAR = 40
_WIDEST_SPEAKER = 18
_WIDE = 70  # columns from which the names of segments stand in both languages
_TICK_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


def headline(result: Result) -> str:
    """`😊 快乐 (Happy) 置信度: 85.3%`, or `😊 Happy (快乐) Confidence: 85.3%`."""
    label = get_label(result.emotion)
    return (
        f"{label.emoji} {label.both_names} {say('Confidence', '置信度')}: {result.confidence:.1%}"
    )


def notice(model: ModelInfo) -> str:
    """What a reader must know of the numbers of a model, with the command that works here."""
    return str(notice_of(model, voxcor()))


def failure_line(failure: Failure) -> str:
    """An input without a result: which, of several channels which, and why."""
    number = None if failure.channel is None else failure.channel + 1
    side = say(f"channel {number}: ", f"第 {number} 声道：") if number else ""
    return f"✗ {side}{failure.message} ({failure.code})"


def line(result: Result, path: str, saved: Path | None) -> Text:
    """One input of many: its emotion and where it came from and went."""
    widths = (cell_len(f"  {get_label(label).both_names}") for label in result.scores)
    head = Text(headline(result), style=_bold(get_label(result.emotion)))
    head.pad_right(max(widths) + len(say(" Confidence: 100.0%", " 置信度: 100.0%")) - head.cell_len)
    text = Text.assemble(head, "  ", printable(path), _channel_suffix(result.audio))
    for remark in _remarks(result):
        text.append(f" · {remark}")
    for name, said in result.summary.speakers.items():
        lead = get_label(said.dominant)
        text.append(f" · {printable(name)} {_seconds(said.speech)} {lead.emoji}")
    for warning in result.quality.warnings:
        text.append(f" · ⚠ {printable(warning)}")
    if saved is not None:
        text.append(f" → {printable(str(saved))}", style="dim")
    return text


def card(result: Result, width: int) -> RenderableType:
    """One input in full, on `width` columns."""
    parts: list[RenderableType] = [
        Text(headline(result), style=_bold(get_label(result.emotion))),
        *(Text(f"   {remark}") for remark in _remarks(result)),
        "",
        bars(result.scores, result.emotion, width),
        "",
    ]
    if result.granularity != "utterance":
        parts += [_ribbon(result, width), ""]
    speakers = result.summary.speakers
    if result.segments and (result.granularity == "segment" or speakers):
        parts += [_segments(result.segments, width, with_speakers=bool(speakers)), ""]
    if speakers:
        parts += [_speakers(speakers), ""]
    return Group(*parts, _facts(result))


def clock(seconds: float, *, decimals: int = 1) -> str:
    """`0:03.2`, `12:04.0`, `1:02:03.4`."""
    total = round(seconds * 10**decimals)
    whole, fraction = divmod(total, 10**decimals)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
    return f"{text}.{fraction:0{decimals}}" if decimals else text


def _remarks(result: Result) -> Iterable[str]:
    """What the one label of the headline leaves out."""
    if result.blend is not None:
        first, second = map(get_label, result.blend)
        blend = f"{first.emoji} {first.name} + {second.emoji} {second.name}"
        yield say(f"Blend: {blend}", f"复合情感：{blend}")
    if result.relative is not None:
        yield relative_remark(result.relative)
    if result.abstained:
        limit = f"{result.abstain_below:.0%}"
        yield say(f"No answer: the confidence is below {limit}", f"不作判断：置信度低于 {limit}")


def relative_remark(relative: Relative) -> str:
    """`Relative to Anna: 😐 Neutral 55%`, the second answer."""
    label, name = get_label(relative.emotion), printable(relative.to)
    answer = f"{label.emoji} {label.name} {relative.confidence:.0%}"
    return say(f"Relative to {name}: {answer}", f"相对于 {name}：{answer}")


def _bar(share: float, width: int, label: Label) -> Text:
    full = round(share * width)
    bar = Text("▇" * full or "▏", label.color)
    bar.append("·" * (width - len(bar)), "bright_black")
    return bar


def _segments(segments: Sequence[Segment], width: int, *, with_speakers: bool) -> Table:
    labels = [get_label(segment.emotion) for segment in segments]
    times = [(f"  {clock(segment.start)}", clock(segment.end)) for segment in segments]
    names = [label.both_names if width >= _WIDE else label.name for label in labels]
    speakers = [printable(segment.speaker or "–") for segment in segments]
    # Beside them an emoji, a dash, a share and a blank after each of seven cells.
    room = width - 16 - max(cell_len(start) + cell_len(end) for start, end in times)
    room -= max(map(cell_len, names))
    speaker_width = 1 + min(_WIDEST_SPEAKER, max(map(cell_len, speakers)), max(3, room - 6))
    bar_width = max(2, min(16, room - speaker_width * with_speakers))
    right = partial(Column, justify="right", no_wrap=True)
    who = [_speaker_column(speaker_width - 1)] if with_speakers else []
    table = Table.grid(right(), "", right(), *who, "", "", "", right(), padding=(0, 1))
    for segment, label, (start, end), name, speaker in zip(
        segments, labels, times, names, speakers, strict=True
    ):
        table.add_row(
            *(start, "–", end),
            *([speaker] if with_speakers else []),
            *(label.emoji, name, _bar(segment.confidence, bar_width, label)),
            f"{segment.confidence:.1%}",
        )
    return table


def _speakers(speakers: Mapping[str, SpeakerSummary]) -> Table:
    """Who spoke how long, what share of all that is, and how much each emotion leads in it."""
    total = sum(said.speech for said in speakers.values())
    names = [printable(name) for name in speakers]
    right = partial(Column, justify="right", no_wrap=True)
    name_width = 2 + min(_WIDEST_SPEAKER, max(map(cell_len, names)))
    table = Table.grid(_speaker_column(name_width), right(), right(), "", padding=(0, 1))
    for name, said in zip(names, speakers.values(), strict=True):
        leads = sorted(said.shares.items(), key=lambda item: -item[1])
        table.add_row(
            f"  {name}",
            _seconds(said.speech),
            f"{said.speech / total:.0%}",
            " · ".join(f"{get_label(id_).emoji} {get_label(id_).name} {s:.0%}" for id_, s in leads),
        )
    return table


def _speaker_column(width: int) -> Column:
    return Column(no_wrap=True, overflow="ellipsis", width=width)


def bars(scores: Mapping[str, float], emotion: str, width: int) -> Table:
    """A bar with name and share for every label, `emotion` in bold, on `width` columns."""
    labels = [get_label(id_) for id_ in scores]
    name_width = max(cell_len(label.both_names) for label in labels)
    bar_width = max(8, min(_WIDEST_BAR, width - name_width - 15))
    table = Table.grid("", "", "", Column(justify="right"), padding=(0, 1))
    for label in labels:
        style = "bold" if label.id == emotion else ""
        table.add_row(
            f" {label.emoji}",
            Text(label.both_names, style),
            _bar(scores[label.id], bar_width, label),
            # As wide as 100.0%: a live view must not jump.
            Text(f"{scores[label.id]:6.1%}", style),
        )
    return table


def saved_line(saved: Path) -> Text:
    """Where a card's result went; never folded, so that the path can be copied whole."""
    return Text.assemble(
        (f" {_title(say('Saved', '已保存'))}", "dim"), f"  {printable(str(saved))}/"
    )


def _facts(result: Result) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _describe(result):
        table.add_row(f" {_title(name)}", value)
    return table


def _title(name: str) -> str:
    return set_cell_size(name, cell_len(say("Quality", "已保存")))


def _describe(result: Result) -> Iterable[tuple[str, str]]:
    audio, quality, model = result.audio, result.quality, result.model
    yield (
        say("Audio", "音频"),
        " · ".join(
            [
                printable(audio.name) + _channel_suffix(audio),
                _seconds(audio.duration),
                f"{audio.sample_rate / 1000:g} kHz",
                str(channels_in_words(audio.channels)),
            ]
        ),
    )
    speech = [say(f"{_seconds(quality.speech)} of speech", f"语音 {_seconds(quality.speech)}")]
    if quality.snr_db is not None:
        speech.append(say(f"SNR {quality.snr_db:.0f} dB", f"信噪比 {quality.snr_db:.0f} dB"))
    yield say("Quality", "质量"), " · ".join(speech)
    for warning in quality.warnings:
        yield "", f"⚠ {describe_warning(warning, quality.details.get(warning, {}))}"
    if len(result.segments) > 1:
        yield say("Speech", "语段"), _shares(result)
    if result.dimensions is not None:
        yield say("Affect", "维度"), str(result.dimensions.words)
    unofficial = "" if model.official else say(" · unofficial weights", " · 非官方权重")
    yield say("Model", "模型"), f"{printable(model.id)} · {model.precision}{unofficial}"


def _shares(result: Result) -> str:
    summary = result.summary
    shares = sorted(summary.shares.items(), key=lambda item: -item[1])
    parts = [f"{get_label(id_).emoji} {get_label(id_).name} {share:.0%}" for id_, share in shares]
    segments, changes = summary.segments, summary.transitions
    counted = say(
        f"{segments} segment{'s' * (segments != 1)}, {changes} change{'s' * (changes != 1)}",
        f"{segments} 段，变化 {changes} 次",
    )
    return " · ".join([*parts, counted])


def _seconds(seconds: float) -> str:
    return say(f"{seconds:.2f} s", f"{seconds:.2f} 秒") if seconds < 60 else clock(seconds)


def _channel_suffix(audio: AudioInfo) -> str:
    if audio.channel is None:
        return ""
    if audio.channels == 2:
        return (say(" (left)", "（左声道）"), say(" (right)", "（右声道）"))[audio.channel]
    return say(f" (channel {audio.channel + 1})", f"（第 {audio.channel + 1} 声道）")


def _bold(label: Label) -> Style:
    return Style(color=label.color, bold=True)


def _ribbon(result: Result, width: int) -> Group:
    """The leading emotion over the whole recording, its confidence above it, time below."""
    cells = (width - 2) // 2
    leaders = _leaders(result, cells)
    emotions, confidences = Text("  "), Text("  ")
    for id_, run in groupby(leaders, key=lambda leader: leader[0]):
        scores = [score for _, score in run]
        if id_ is None:
            emotions.append("  " * len(scores))
            confidences.append("  " * len(scores))
            continue
        label = get_label(id_)
        emotions.append(label.emoji)
        emotions.append("██" * (len(scores) - 1), style=label.color)
        for score in scores:
            height = _HEIGHTS[min(int(score * len(_HEIGHTS)), len(_HEIGHTS) - 1)]
            confidences.append(2 * height, style=label.color)
    axis = Text("  " + _axis(result.audio.duration, 2 * cells), style="dim")
    legend = [get_label(id_) for id_ in result.scores if id_ in {leader for leader, _ in leaders}]
    return Group(
        confidences,
        emotions,
        axis,
        Text("  " + "  ".join(f"{label.emoji} {label.name}" for label in legend)),
    )


def _leaders(result: Result, cells: int) -> list[tuple[str | None, float]]:
    """For each of `cells` equal parts: the leading emotion and its mean score, or nobody."""
    if result.frames is not None:
        half = HOP / SAMPLE_RATE / 2
        labels: Sequence[str] = result.frames.labels
        starts, ends = result.frames.times - half, result.frames.times + half
        scores: NDArray[np.floating] = result.frames.scores
    else:
        labels = list(result.scores)
        starts = np.array([segment.start for segment in result.segments])
        ends = np.array([segment.end for segment in result.segments])
        scores = np.array([[segment.scores[id_] for id_ in labels] for segment in result.segments])
    if len(starts) == 0:
        return [(None, 0.0)] * cells
    edges = np.linspace(0, result.audio.duration, cells + 1)
    covered = _integral(starts, ends, np.ones(len(starts)), edges)
    held = np.stack([_integral(starts, ends, column, edges) for column in scores.T], axis=1)
    return [
        (labels[int(row.argmax())], float(row.max() / cover)) if cover > 1e-6 else (None, 0.0)
        for row, cover in zip(held, covered, strict=True)
    ]


def _integral(
    starts: NDArray[np.floating],
    ends: NDArray[np.floating],
    values: NDArray[np.floating],
    edges: NDArray[np.floating],
) -> NDArray[np.floating]:
    """Between neighbouring `edges` [E], the integral of `values` [S] held from start to end."""
    knots = np.stack([starts, ends], axis=1).ravel()
    steps = np.stack([np.zeros(len(values)), values * (ends - starts)], axis=1).ravel()
    integrals: NDArray[np.floating] = np.diff(np.interp(edges, knots, np.cumsum(steps)))
    return integrals


def _axis(duration: float, columns: int) -> str:
    """Ticks at round times, as close as their labels allow: `╵0 s       ╵0.5 s     ╵1 s`."""
    room = columns / 10  # a label and some air
    step = next((step for step in _TICK_STEPS if duration / step <= room), _TICK_STEPS[-1])
    axis = ""
    for tick in range(int(duration / step) + 1):
        time = tick * step
        mark = "╵" + (f"{time:.3g} s" if duration < 60 else clock(time, decimals=0))
        column = round(time / duration * columns)
        if column + len(mark) <= columns:
            axis = axis.ljust(column) + mark
    return axis
