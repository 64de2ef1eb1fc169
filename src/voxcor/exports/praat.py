"""Praat TextGrid, long form (https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html).

Interval tiers that cover the whole recording: `emotion`, `confidence`, and `speaker` where turns
are known. Between segments an interval is empty, as Praat wants it.
"""

from collections.abc import Callable, Sequence

from voxcor.exports.content import Content
from voxcor.results import Segment

Interval = tuple[float, float, str]


def to_textgrid(content: Content) -> str:
    result = content.result
    tiers = [
        ("emotion", _intervals(result.segments, lambda s: s.emotion, result.audio.duration)),
        (
            "confidence",
            _intervals(result.segments, lambda s: f"{s.confidence:.3f}", result.audio.duration),
        ),
    ]
    if any(segment.speaker for segment in result.segments):
        speakers = _intervals(result.segments, lambda s: s.speaker or "", result.audio.duration)
        tiers.append(("speaker", speakers))
    end = f"{_end(tiers, result.audio.duration):.6f}"
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {end}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, intervals) in enumerate(tiers, start=1):
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f'        name = "{name}"',
            "        xmin = 0",
            f"        xmax = {end}",
            f"        intervals: size = {len(intervals)}",
        ]
        for place, (start, stop, text) in enumerate(intervals, start=1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {start:.6f}",
                f"            xmax = {stop:.6f}",
                f'            text = "{_quoted(text)}"',
            ]
    return "\n".join(lines) + "\n"


def _intervals(
    segments: Sequence[Segment], text_of: Callable[[Segment], str], duration: float
) -> list[Interval]:
    """Without gaps or overlaps from 0 to the end: a segment that begins in another ends it."""
    intervals: list[Interval] = []
    position = 0.0
    for segment in segments:
        start = max(position, segment.start)
        if segment.end <= start:
            continue
        if start > position:
            intervals.append((position, start, ""))
        intervals.append((start, segment.end, text_of(segment)))
        position = segment.end
    if position < duration or not intervals:
        intervals.append((position, max(duration, position), ""))
    return intervals


def _end(tiers: Sequence[tuple[str, list[Interval]]], duration: float) -> float:
    return max([duration, *(intervals[-1][1] for _, intervals in tiers)])


def _quoted(text: str) -> str:
    return text.replace('"', '""')
