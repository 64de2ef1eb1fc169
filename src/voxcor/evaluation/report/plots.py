"""The plots of a report as SVG text: they need no library, no script and no other file.

All are 360 units wide, so that a phone shows them at their own size. Colours are the page's CSS
variables, which know light and dark; what a colour says stands beside it as a name or a number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from voxcor.evaluation.metrics import Estimate, Figures
from voxcor.evaluation.report.tables import name_of
from voxcor.exports.svg import WIDTH, rect, svg, text
from voxcor.labels import get_label
from voxcor.language import Both, Text

_NAMES = 104  # room for the names on the left

TRUTH_AND_HEARD = Both("truth ↓  heard →", "真实 ↓  识别 →")
CONFUSION = Both("Confusion matrix", "混淆矩阵")


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of `bars`: a figure of 0..1, or None where there is none."""

    name: Text
    estimate: Estimate | None
    color: str = "var(--accent)"


def confusion(
    labels: Sequence[str],
    counts: Sequence[Sequence[int]],
    corner: Text = TRUTH_AND_HEARD,
    title: Both = CONFUSION,
) -> str:
    """A confusion matrix: of the clips of each row's label, the share of each column's.

    Args:
        labels: of rows and columns.
        counts: clips.
        corner: what rows and columns are.
        title: what it is called to people who do not see it.
    """
    rows = [i for i, row in enumerate(counts) if any(row)]
    columns = [i for i in range(len(labels)) if i in rows or any(r[i] for r in counts)]
    side = (WIDTH - _NAMES) / len(columns)
    height = 34
    parts = [text(_NAMES - 8, 22, corner, anchor="end", css="faint")]
    for at, column in enumerate(columns):
        label = get_label(labels[column])
        parts.append(text(_NAMES + (at + 0.5) * side, 23, label.emoji, css="emoji"))
    for line, row in enumerate(rows):
        clips = sum(counts[row])
        y = height + line * side
        name = name_of(labels[row])
        parts.append(text(_NAMES - 8, y + side / 2 + 4, name, anchor="end"))
        for at, column in enumerate(columns):
            count = counts[row][column]
            parts.append(_cell(_NAMES + at * side, y, side, count, clips, row == column))
    return svg(parts, height + len(rows) * side + 2, title)


def reliability(figures: Figures) -> str:
    """Share correct over confidence, with how many clips there are of each confidence."""
    left, top, size, strip = 44, 10, 226, 44
    parts = [rect(left, top, size, size, 'class="frame"')]
    for tick in (0, 0.5, 1):
        x, y = left + tick * size, top + (1 - tick) * size
        parts.append(text(left - 6, y + 4, f"{tick:.0%}", anchor="end", css="faint"))
        parts.append(text(x, top + size + strip + 18, f"{tick:.0%}", css="faint"))
    most = max(part.clips for part in figures.reliability)
    for part in figures.reliability:
        if not part.clips:
            continue
        x, width = left + part.low * size, (part.high - part.low) * size - 1
        y = top + (1 - part.accuracy) * size
        ideal = top + (1 - part.confidence) * size
        tall = strip * part.clips / most
        hint = f"{part.clips}: {part.confidence:.0%} → {part.accuracy:.0%}"
        parts += [
            rect(x, y, width, top + size - y, 'class="bar"', hint),
            rect(x, ideal, width, max(0, y - ideal), 'class="gap"', hint),
            rect(x, top + size + 4 + strip - tall, width, tall, 'class="count"', hint),
        ]
    parts.append(f'<path d="M{left} {top + size}L{left + size} {top}" class="diagonal"/>')
    key = left + size + 10
    for line, (css, name) in enumerate(
        (
            ("bar", Both("correct", "正确率")),
            ("gap", Both("too sure", "过度自信")),
            ("count", Both("clips", "语音数")),
        )
    ):
        y = top + 14 + 20 * line
        parts.append(rect(key, y - 9, 10, 10, f'class="{css}"'))
        parts.append(text(key + 15, y, name, anchor="start"))
    parts.append(text(left + size / 2, top + size + strip + 36, Both("confidence", "置信度")))
    return svg(parts, top + size + strip + 44, Both("Reliability diagram", "可靠性图"))


def bars(rows: Sequence[Bar], title: Both, *, guide: float | None = None) -> str:
    """Figures of 0..1 as bars with their intervals; `guide` is a line to compare them with."""
    line, top, width = 26, 6, WIDTH - _NAMES - 50
    bottom = top + line * len(rows)
    parts = []
    for tick in (0, 0.5, 1):
        x = _NAMES + tick * width
        parts.append(f'<path d="M{x:.1f} {top}V{bottom}" class="grid"/>')
        parts.append(text(x, bottom + 14, f"{tick:.0%}", css="faint"))
    for number, row in enumerate(rows):
        middle = top + (number + 0.5) * line
        parts.append(text(_NAMES - 8, middle + 4, row.name, anchor="end"))
        if row.estimate is None:
            parts.append(text(_NAMES + 6, middle + 4, "–", anchor="start", css="faint"))
            continue
        found = row.estimate
        value, low, high = (_NAMES + width * x for x in (found.value, found.low, found.high))
        ends = f"M{low:.1f} {middle - 4:.1f}v8M{high:.1f} {middle - 4:.1f}v8"
        whisker = f"M{low:.1f} {middle:.1f}H{high:.1f}{ends}"
        fill = f'rx="2" fill="{row.color}" fill-opacity="0.75"'
        parts += [
            rect(_NAMES, middle - 7, max(value - _NAMES, 1), 14, fill),
            f'<path d="{whisker}" class="whisker"/>',
            text(WIDTH - 2, middle + 4, f"{found.value:.1%}", anchor="end"),
        ]
    if guide is not None:
        x = _NAMES + guide * width
        parts.append(f'<path d="M{x:.1f} {top}V{bottom}" class="diagonal"/>')
    return svg(parts, bottom + 20, title)


def _cell(x: float, y: float, side: float, count: int, clips: int, right: bool) -> str:
    share = count / clips
    ink = "on-accent" if share > 0.75 else "ink" if count else "faint"
    hue = "var(--accent)" if right else "var(--warm)"
    box = (x + 1, y + 1, side - 2, side - 2)
    shade = f'rx="3" fill="{hue}" fill-opacity="{share:.2f}"'
    percent = f"{100 * share:.0f}" if count else "·"
    return (
        rect(*box, 'rx="3" class="cell"')
        + rect(*box, shade, f"{count} / {clips}")
        + text(x + side / 2, y + side / 2 + 4, percent, css=ink)
    )
