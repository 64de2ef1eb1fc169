"""Praat TextGrid, long form (https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html).

Interval tiers that cover the whole recording: `emotion`, `confidence`, `speaker` where turns are
known, and `model` where the emotions were corrected: what it had said. Between segments an interval
is empty, as Praat wants it.
"""

from collections.abc import Sequence

from voxcor.exports.content import Content, Span, tiers_of


def to_textgrid(content: Content) -> str:
    duration = content.result.audio.duration
    tiers = [(name, _intervals(spans, duration)) for name, spans in tiers_of(content)]
    end = f"{_end(tiers, duration):.6f}"
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


def _intervals(spans: Sequence[Span], duration: float) -> list[Span]:
    """Without gaps or overlaps from 0 to the end: a span that begins in another ends it."""
    intervals: list[Span] = []
    position = 0.0
    for begin, end, text in spans:
        start = max(position, begin)
        if end <= start:
            continue
        if start > position:
            intervals.append((position, start, ""))
        intervals.append((start, end, text))
        position = end
    if position < duration or not intervals:
        intervals.append((position, max(duration, position), ""))
    return intervals


def _end(tiers: Sequence[tuple[str, list[Span]]], duration: float) -> float:
    return max([duration, *(intervals[-1][1] for _, intervals in tiers)])


def _quoted(text: str) -> str:
    return text.replace('"', '""')
