"""Two takes on each other as a page: what each says when, what meets what, where they differ."""

import base64
import io
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from voxcor.evaluation.report.page import section
from voxcor.evaluation.report.tables import Table, name_of
from voxcor.exports.html_page import both, clock
from voxcor.exports.svg import WIDTH, rect, text
from voxcor.labels import get_label
from voxcor.language import Both, Text
from voxcor.library.pages.frame import DIMENSION_NAMES, cards, drawing, page
from voxcor.library.takes import Comparison, Side, Take
from voxcor.untrusted import html, printable

_STRIP, _BETWEEN, _SIDE = 26, 120, 10
_LINKS = 90  # that are drawn between the two
_POINTS = 600  # of a curve
_CURVE = 150

_STYLE = """
.players { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 12px; }
audio { width: 100%; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; margin: 8px 0 0; }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
  margin-right: 6px; vertical-align: -1px; }
td button { font: inherit; font-size: 13px; border: 1px solid var(--line); background: none;
  color: var(--accent); border-radius: 6px; padding: 1px 8px; cursor: pointer; }
svg .pause { fill: var(--line); fill-opacity: 0.5; }
svg .link { stroke: var(--faint); stroke-width: 1; }
svg .far { stroke: var(--warm); stroke-width: 1.6; }
"""

# Plays a stretch and stops at its end.
_SCRIPT = """
document.querySelectorAll("button[data-take]").forEach((button) => {
  const audio = document.getElementById(button.dataset.take);
  const { start, end } = button.dataset;
  button.addEventListener("click", () => {
    document.querySelectorAll("audio").forEach((other) => other.pause());
    audio.currentTime = Math.max(0, start - audio.dataset.start);
    audio.ontimeupdate = () => {
      if (audio.currentTime >= end - audio.dataset.start) {
        audio.ontimeupdate = null;
        audio.pause();
      }
    };
    audio.play().catch(() => {});
  });
});
"""


def takes_page(found: Comparison, *, audio: bool = False) -> str:
    """The whole page.

    Args:
        found: what was compared.
        audio: whether what was heard goes with it, as FLAC.
    """
    first, second = (printable(take.name) for take in (found.first, found.second))
    title = Both(f"{first} beside {second}", f"{first} 与 {second} 的对比")
    about: list[Text] = [_measured(found.first), _measured(found.second), found.first.model.id]
    plays = audio and all(take.audio is not None for take in (found.first, found.second))
    parts = _parts(found, plays)
    return page(
        title, about, parts, found.first.model, style=_STYLE, script=_SCRIPT if plays else ""
    )


def stretches_table(found: Comparison) -> Table:
    """Where the two differ most, with what each says there."""
    return Table(
        Both("Where they differ most", "差异最大之处"),
        (
            Both("in the first", "前者"),
            Both("it says", "情感"),
            Both("in the second", "后者"),
            Both("it says", "情感"),
            Both("overlap", "重合度"),
            Both("Δ arousal", "唤醒度差"),
            Both("Δ valence", "效价差"),
        ),
        tuple(
            (
                _times(one.first),
                _said(one.first),
                _times(one.second),
                _said(one.second),
                f"{one.overlap:.2f}",
                _number(one.arousal),
                _number(one.valence),
            )
            for one in found.stretches
        ),
        "" if found.stretches else Both("They differ nowhere.", "两者处处一致。"),
        words=4,
    )


def figures(found: Comparison) -> list[tuple[str, Both]]:
    """What the whole comes to: similarity, and what the first has more of."""
    return [
        (
            f"{found.similarity:.2f}",
            Both("similarity along the path, 0 to 1", "沿路径的相似度，0 至 1"),
        ),
        *(
            (
                _number(value),
                Both(f"{name.en}, first less second", f"{name.zh}，前者减后者"),
            )
            for name, value in zip(
                DIMENSION_NAMES.values(), (found.arousal, found.valence), strict=True
            )
        ),
    ]


def _parts(found: Comparison, plays: bool) -> Iterator[str]:
    yield cards(figures(found))
    if plays:
        yield f'<div class="players">{"".join(_players(found))}</div>'
    title = Both("What meets what", "对应关系")
    yield drawing(
        title,
        lambda width: _alignment(found, width),
        Both(
            "Above the first, below the second, each on its own time; lines join what meets, "
            "orange where the two differ most. Pale fields are pauses, which are not compared.",
            "上方为前者，下方为后者，各按自己的时间；连线表示对应，橙色为差异最大之处。"
            "浅色为停顿，不参与比较。",
        ),
    )
    yield _legend(found)
    for name, values in found.points.items():
        words = DIMENSION_NAMES[name]
        said = Both(f"{words.en.capitalize()} along the path", f"沿路径的{words.zh}")
        yield drawing(
            said,
            partial(_curves, found, values),
            Both("Solid: the first. Dashed: the second.", "实线为前者，虚线为后者。"),
        )
    yield _stretches(found, plays)
    yield section(_formulas(found))


def _measured(take: Take) -> Both:
    name = printable(take.name)
    label = get_label(max(shares := take.mixture(), key=shares.__getitem__))
    start, end = (clock(at) for at in take.span)
    by_en, by_zh = ("frames", "帧") if take.frames else ("segments", "语段")
    return Both(
        f"{name}: {label.emoji} {label.en} {shares[label.id]:.0%}, {clock(take.speech)} of speech "
        f"between {start} and {end}, by {by_en}",
        f"{name}：{label.emoji} {label.zh} {shares[label.id]:.0%}，{start} 至 {end} 之间的语音 "
        f"{clock(take.speech)}，按{by_zh}",
    )


def _players(found: Comparison) -> Iterator[str]:
    for name, take in (("first", found.first), ("second", found.second)):
        yield (
            f'<div><p class="faint">{html(printable(take.name))}</p>'
            f'<audio controls id="{name}" data-start="{take.audio_start:.3f}" '
            f'src="data:audio/flac;base64,{base64.b64encode(_flac(take)).decode()}"></audio></div>'
        )


def _flac(take: Take) -> bytes:
    import soundfile

    from voxcor.frames import SAMPLE_RATE

    samples, rate = take.audio, SAMPLE_RATE
    if not isinstance(samples, np.ndarray):
        samples, rate = soundfile.read(samples)
    sink = io.BytesIO()
    soundfile.write(sink, samples, rate, format="FLAC", subtype="PCM_16")
    return sink.getvalue()


def _alignment(found: Comparison, width: float) -> tuple[list[str], float]:
    """Both as strips of their emotions, and lines between what meets."""
    longest = max(take.span[1] - take.span[0] for take in (found.first, found.second))
    scale = (width - 2 * _SIDE) / longest
    tops = (20, 20 + _STRIP + _BETWEEN)
    parts = []
    for take, top in zip((found.first, found.second), tops, strict=True):
        end = _SIDE + (take.span[1] - take.span[0]) * scale
        parts.append(rect(_SIDE, top, end - _SIDE, _STRIP, 'class="pause"'))
        parts += _strip(take, top, scale)
    for at, far in _links(found):
        xs = [
            _SIDE + (take.times[step] + take.step / 2 - take.span[0]) * scale
            for take, step in zip(
                (found.first, found.second), found.alignment.path[at], strict=True
            )
        ]
        css = "far" if far else "link"
        parts.append(
            f'<path class="{css}" d="M{xs[0]:.1f} {tops[0] + _STRIP + 2}'
            f'L{xs[1]:.1f} {tops[1] - 2}"/>'
        )
    bottom = tops[1] + _STRIP
    for take, y in ((found.first, 13), (found.second, bottom + 16)):
        start, end = take.span
        parts.append(text(_SIDE, y, clock(start), anchor="start", css="faint"))
        place = _SIDE + (end - start) * scale
        parts.append(text(place, y, clock(end), anchor="end", css="faint"))
        if width > WIDTH and place > width / 2:
            parts.append(text((_SIDE + place) / 2, y, _shortened(take.name)))
    return parts, bottom + 24


def _strip(take: Take, top: float, scale: float) -> Iterator[str]:
    """A field for each run of steps that one emotion leads."""
    leading = take.scores.argmax(axis=1)
    ends = np.append(take.times[1:], take.times[-1] + take.step)
    is_border = (np.diff(leading) != 0) | (np.diff(take.times) > 1.5 * take.step)
    borders = [0, *(np.flatnonzero(is_border) + 1).tolist(), len(leading)]
    for first, last in pairwise(borders):
        start = take.times[first]
        end = min(ends[last - 1], take.times[last - 1] + take.step)
        label = get_label(take.labels[leading[first]])
        yield rect(
            _SIDE + (start - take.span[0]) * scale,
            top,
            max(0.5, (end - start) * scale),
            _STRIP,
            f'fill="{label.color}"',
            f"{label.both_names} {clock(float(start))}–{clock(float(end))}",
        )


def _links(found: Comparison) -> Iterator[tuple[int, bool]]:
    """Places of the path that get a line, and whether it is where the two differ."""
    first = found.first.times[found.alignment.path[:, 0]]
    far = np.zeros(len(first), bool)
    for one in found.stretches:
        second = found.second.times[found.alignment.path[:, 1]]
        inside = (one.first.start <= first) & (first < one.first.end)
        far |= inside & (one.second.start <= second) & (second < one.second.end)
    for at in range(0, len(first), max(1, -(-len(first) // _LINKS))):
        yield at, bool(far[at])


def _curves(
    found: Comparison, values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", width: float
) -> tuple[list[str], float]:
    left, right = 40, 10
    count = len(values)
    parts = []
    for value in (-1, -0.5, 0, 0.5, 1):
        y = 8 + _CURVE * (1 - value) / 2
        css = "grid" if value else "zero"
        parts.append(f'<path class="{css}" d="M{left} {y:.1f}H{width - right}"/>')
        name = f"{value:+g}" if value else "0"
        parts.append(text(left - 6, y + 4, name, anchor="end", css="faint"))
    shown = range(0, count, max(1, -(-count // _POINTS)))
    for column, css in ((0, "curve"), (1, "other")):
        known = [
            f"{left + (width - left - right) * at / max(1, count - 1):.1f} "
            f"{8 + _CURVE * (1 - values[at, column]) / 2:.1f}"
            for at in shown
            if np.isfinite(values[at, column])
        ]
        if len(known) > 1:
            parts.append(f'<path class="{css}" d="M{"L".join(known)}"/>')
    for take, column, y in ((found.first, 0, 0), (found.second, 1, 13)):
        for at, anchor in ((0, "start"), (count - 1, "end")):
            x = left + (width - left - right) * at / max(1, count - 1)
            time = float(take.times[found.alignment.path[at, column]])
            parts.append(text(x, _CURVE + 26 + y, clock(time), anchor=anchor, css="faint"))
    return parts, _CURVE + 46


def _legend(found: Comparison) -> str:
    shown = {
        take.labels[at]
        for take in (found.first, found.second)
        for at in np.unique(take.scores.argmax(axis=1)).tolist()
    }
    items = "".join(
        f'<span><i style="background:{get_label(label).color}"></i>{both(name_of(label))}</span>'
        for label in found.first.labels
        if label in shown
    )
    return f'<div class="legend">{items}</div>'


def _stretches(found: Comparison, plays: bool) -> str:
    """The table; where there is something to hear, each time is a button that plays it."""
    table = stretches_table(found)
    made = section(table)
    if not plays:
        return made
    for one in found.stretches:
        for name, side in (("first", one.first), ("second", one.second)):
            cell = f'<td class="word">{_times(side)}</td>'
            button = (
                f'<td class="word"><button data-take="{name}" data-start="{side.start:.3f}" '
                f'data-end="{side.end:.3f}">▶ {_times(side)}</button></td>'
            )
            made = made.replace(cell, button, 1)
    return made


def _times(side: Side) -> str:
    return f"{clock(side.start)}–{clock(side.end)}"


def _said(side: Side) -> Both:
    name = name_of(side.emotion)
    return Both(f"{name.en} {side.confidence:.0%}", f"{name.zh} {side.confidence:.0%}")


def _number(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:+z.2f}"


def _shortened(name: str) -> str:
    said = printable(name)
    return said if len(said) <= 40 else f"{said[:39]}…"


def _formulas(found: Comparison) -> Table:
    step = f"{found.first.step:.2g}"
    rows: tuple[tuple[Text, ...], ...] = (
        (
            Both("overlap", "重合度"),
            "Σ √(pᵢ qᵢ)",
            "Bhattacharyya 1943",
        ),
        (
            Both("path", "路径"),
            Both(
                "dynamic time warping, the least sum of 1 − overlap, in a band of 20 %",
                "动态时间规整：1 − 重合度 之和最小，带宽 20%",
            ),
            "Sakoe & Chiba 1978",
        ),
        (
            Both("similarity", "相似度"),
            Both("the mean overlap along the path", "沿路径的平均重合度"),
            "–",
        ),
        (
            Both("stretches", "差异之处"),
            Both(
                "maximal sums of the cost beyond its mean and standard deviation",
                "代价超出均值加标准差部分的极大和",
            ),
            "Ruzzo & Tompa 1999",
        ),
    )
    return Table(
        Both("What the figures are", "指标说明"),
        (Both("figure", "指标"), Both("how", "方法"), Both("source", "出处")),
        rows,
        Both(
            f"p and q are the scores of both at steps of {step} s of speech.",
            f"p 与 q 为两者在每 {step} 秒语音上的得分。",
        ),
        words=3,
    )
