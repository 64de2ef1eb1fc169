"""A course as a page: the curve with its bands, where it changes, the sessions, every figure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np

from voxcor.evaluation.metrics import Estimate
from voxcor.evaluation.report.page import section
from voxcor.evaluation.report.tables import Table
from voxcor.exports.html_page import both, clock
from voxcor.exports.svg import WIDTH, rect, svg, text
from voxcor.language import Both, Text
from voxcor.library.filters import Filters
from voxcor.library.groups import GroupComparison
from voxcor.library.pages.frame import (
    DIMENSION_NAMES,
    cards,
    drawing,
    page,
)
from voxcor.library.pages.groups import group_parts, group_words
from voxcor.library.trajectory import Trajectory
from voxcor.results import ModelInfo
from voxcor.untrusted import html

_LEFT, _TOP, _HEIGHT = 40, 12, 190
_MOST_SESSIONS = 60  # that are drawn beside each other
_CARD_HEIGHT = 96

_STYLE = """
.sessions { display: grid; grid-template-columns: repeat(auto-fill, minmax(156px, 1fr)); gap: 12px;
  margin: 0 0 6px; }
.sessions figure { margin: 0; background: var(--card); border-radius: 10px; padding: 10px;
  break-inside: avoid; }
.sessions figcaption { font-size: 13px; overflow-wrap: anywhere; }
.sessions b { font-weight: 600; }
@media print { .sessions figure { border: 1px solid var(--line); } }
"""


@dataclass(frozen=True, slots=True)
class _Axis:
    """From values to places in a drawing `width` wide."""

    width: float
    first: float
    last: float

    def x(self, time: float) -> float:
        length = (self.last - self.first) or 1
        return _LEFT + (self.width - _LEFT - 12) * (time - self.first) / length

    def y(self, value: float) -> float:
        return _TOP + _HEIGHT * (1 - value) / 2


def course_page(
    course: Trajectory,
    sessions: Sequence[Trajectory],
    *,
    about: Text,
    model: ModelInfo,
    compared: GroupComparison | None = None,
) -> str:
    """The whole page.

    Args:
        course: of one recording, or of several.
        sessions: the course within each of several, in the same order.
        about: whose course it is: a recording, a speaker, dates.
        model: which heard it.
        compared: two groups, where some are compared.
    """
    name = DIMENSION_NAMES[course.dimension]
    whose = about if isinstance(about, Both) else Both(about, about)
    title = Both(
        f"{name.en.capitalize()} over time: {whose.en}", f"{name.zh}随时间的变化：{whose.zh}"
    )
    return page(
        title, [_span(course), model.id], _parts(course, sessions, compared), model, style=_STYLE
    )


def whose(course: Trajectory, filters: Filters, recording: str | None = None) -> Text:
    """Whose course it is, as its page says it: a recording, a speaker, dates.

    Args:
        course: of what the filters leave.
        filters: those.
        recording: the one that was asked for, or the beginning of its name.
    """
    if len(course.sessions) == 1:
        return course.sessions[0].name
    dates = group_words(filters.dates) if filters.dates else None
    if filters.speaker and dates:
        return Both(f"{filters.speaker}, {dates.en}", f"{filters.speaker}，{dates.zh}")
    return recording or filters.speaker or dates or Both("all recordings", "全部录音")


def _parts(
    course: Trajectory, sessions: Sequence[Trajectory], compared: GroupComparison | None
) -> Iterator[str]:
    name = DIMENSION_NAMES[course.dimension]
    yield cards(
        [
            (course.mean.told("+"), Both(f"mean {name.en}", f"{name.zh}均值")),
            (course.deviation.told(), Both("standard deviation", "标准差")),
            (course.inertia.told("+"), Both("inertia", "惯性")),
            (course.instability.told(), Both("instability", "不稳定性")),
            (_changes(course), Both("changes of the mean", "均值变化点")),
        ]
    )
    several = course.unit == "days"
    title = Both(f"{name.en.capitalize()}, −1 to +1", f"{name.zh}（−1 至 +1）")
    yield drawing(title, lambda width: _curve(course, width), _legend(several))
    if compared is not None:
        yield from group_parts(compared)
    if several:
        yield f"<h2>{both(Both('Sessions side by side', '各次录音并列'))}</h2>"
        yield f'<div class="sessions">{"".join(map(_session, sessions[:_MOST_SESSIONS]))}</div>'
        if len(sessions) > _MOST_SESSIONS:
            left = len(sessions) - _MOST_SESSIONS
            more = Both(f"{left} more in the table.", f"另有 {left} 次，见下表。")
            yield f'<p class="note">{both(more)}</p>'
        yield section(_table(sessions))
    yield section(_formulas(course))


def _span(course: Trajectory) -> Both:
    """How much of it there is."""
    count = sum(one.segments for one in course.sessions)
    en, zh = f"{count} segment{'s' * (count != 1)}", f"{count} 个语段"
    if course.unit == "s" or not course.sessions:
        return Both(en, zh)
    number = len(course.sessions)
    first, last = (f"{course.sessions[at].recorded_at:%Y-%m-%d}" for at in (0, -1))
    return Both(
        f"{number} recordings, {en}, {first} to {last}", f"{number} 段录音，{zh}，{first} 至 {last}"
    )


def _changes(course: Trajectory) -> Text:
    if not course.changes:
        return Both("none", "无")
    shown = [_moment(course, at) for at in course.changes[:3]]
    more = len(course.changes) - len(shown)
    tail = f" +{more}" if more > 0 else ""
    return ", ".join(shown) + tail


def _moment(course: Trajectory, at: float) -> str:
    """A time as people say it: on the clock of a recording, or the date of a session."""
    if course.unit == "s":
        return clock(at)
    times = np.array(course.times)
    return f"{course.sessions[int(np.argmin(abs(times - at)))].recorded_at:%Y-%m-%d}"


def _legend(several: bool) -> Both:
    points = (
        Both(
            "Each point is a recording, the shade its 95 % interval",
            "每点为一段录音，阴影为其 95% 区间",
        )
        if several
        else Both(
            "Each point is a segment, the shade the 95 % interval of the mean",
            "每点为一个语段，阴影为均值的 95% 区间",
        )
    )
    return Both(
        f"{points.en}; dark steps are the means between changes, dashed lines the changes.",
        f"{points.zh}；深色阶梯为变化点之间的均值，虚线为变化点。",
    )


def _curve(course: Trajectory, width: float) -> tuple[list[str], float]:
    times, values = course.times, course.values
    axis = _Axis(width, times[0] if times else 0, times[-1] if times else 1)
    parts = _grid(axis, width - 12)
    parts.append(_band(course, axis))
    places = [(axis.x(at), axis.y(value)) for at, value in zip(times, values, strict=True)]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    parts.append(f'<path class="curve" d="M{line}"/>' if len(places) > 1 else "")
    if len(places) <= width / 8:
        parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in places]
    borders = [times[0], *course.changes, times[-1]] if times else []
    for start, end in pairwise(borders):
        inside = [
            value
            for at, value in zip(times, values, strict=True)
            if start <= at and (at < end or end == borders[-1])
        ]
        y = axis.y(float(np.mean(inside)))
        parts.append(f'<path class="level" d="M{axis.x(start):.1f} {y:.1f}H{axis.x(end):.1f}"/>')
    bottom = _TOP + _HEIGHT
    for at in course.changes:
        x = axis.x(at)
        parts.append(f'<path class="change" d="M{x:.1f} {_TOP}V{bottom}"/>')
    parts += _ticks(course, axis)
    return parts, bottom + 26


def _grid(axis: _Axis, right: float) -> list[str]:
    parts = []
    for value in (-1, -0.5, 0, 0.5, 1):
        y = axis.y(value)
        css = "grid" if value else "zero"
        parts.append(f'<path class="{css}" d="M{_LEFT} {y:.1f}H{right:.1f}"/>')
        parts.append(
            text(_LEFT - 6, y + 4, f"{value:+g}" if value else "0", anchor="end", css="faint")
        )
    return parts


def _band(course: Trajectory, axis: _Axis) -> str:
    """The sessions' intervals around the curve; of one recording that of the mean."""
    if course.unit == "s":
        low, high = course.mean.low, course.mean.high
        if not np.isfinite(low):
            return ""
        first, last = axis.x(axis.first), axis.x(axis.last)
        return rect(first, axis.y(high), last - first, axis.y(low) - axis.y(high), 'class="band"')
    known = [
        (axis.x(at), _ends(one.mean)) for at, one in zip(course.times, course.sessions, strict=True)
    ]
    above = [f"{x:.1f} {axis.y(high):.1f}" for x, (_, high) in known]
    below = [f"{x:.1f} {axis.y(low):.1f}" for x, (low, _) in reversed(known)]
    return f'<path class="band" d="M{"L".join([*above, *below])}Z"/>'


def _ends(interval: Estimate) -> tuple[float, float]:
    """An interval's ends; of one segment, which has none, its value."""
    if np.isfinite(interval.low):
        return interval.low, interval.high
    return interval.value, interval.value


def _ticks(course: Trajectory, axis: _Axis) -> list[str]:
    if not course.times:
        return []
    count = 2 if axis.width <= WIDTH else 4
    marks = []
    for part in range(count + 1):
        at = axis.first + (axis.last - axis.first) * part / count
        anchor = "start" if part == 0 else "end" if part == count else "middle"
        if course.unit == "s":
            name = clock(at)
        else:
            name = f"{course.sessions[0].recorded_at + timedelta(days=at):%Y-%m-%d}"
        marks.append(text(axis.x(at), _TOP + _HEIGHT + 18, name, anchor=anchor, css="faint"))
        if axis.last == axis.first:
            break
    return marks


def _session(course: Trajectory) -> str:
    """One session's own curve, small, on the same scale as the others."""
    (session,) = course.sessions
    width, times = 240.0, course.times
    length = (times[-1] - times[0]) or 1
    places = [
        (6 + (width - 12) * (at - times[0]) / length, _CARD_HEIGHT * (1 - value) / 2)
        for at, value in zip(times, course.values, strict=True)
    ]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    middle = _CARD_HEIGHT / 2
    parts = [f'<path class="zero" d="M0 {middle}H{width}"/>']
    low, high = _ends(session.mean)
    top, tall = _CARD_HEIGHT * (1 - high) / 2, _CARD_HEIGHT * (high - low) / 2
    parts.append(rect(0, top, width, max(1, tall), 'class="band"'))
    if len(places) > 1:
        parts.append(f'<path class="curve" d="M{line}"/>')
    else:
        parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
    name = Both(f"Course of {session.name}", f"{session.name} 的变化过程")
    drawn = svg(parts, _CARD_HEIGHT, name, width=width)
    return (
        f"<figure>{drawn}<figcaption><b>{session.recorded_at:%Y-%m-%d}</b> {html(session.name)}"
        f'<br><span class="faint">{session.mean.told("+")}</span></figcaption></figure>'
    )


def _table(sessions: Sequence[Trajectory]) -> Table:
    return Table(
        Both("Session by session", "逐次数据"),
        (
            Both("when", "时间"),
            Both("recording", "录音"),
            Both("segments", "语段数"),
            Both("mean", "均值"),
            Both("standard deviation", "标准差"),
            Both("inertia", "惯性"),
            Both("instability", "不稳定性"),
            Both("changes", "变化点"),
        ),
        tuple(
            (
                f"{one.sessions[0].recorded_at:%Y-%m-%d %H:%M}",
                one.sessions[0].name,
                str(one.sessions[0].segments),
                one.sessions[0].mean.told("+"),
                one.deviation.told(),
                one.inertia.told("+"),
                one.instability.told(),
                str(len(one.changes)),
            )
            for one in sessions
        ),
        words=2,
    )


def _formulas(course: Trajectory) -> Table:
    """Every figure with its formula and source."""
    drawn = (
        Both("whole recordings are drawn", "按整段录音抽样")
        if course.unit == "days"
        else Both(
            "blocks of neighbours are drawn, as long as the cube root of n",
            "按相邻值的分块抽样，块长为 n 的立方根",
        )
    )
    return Table(
        Both("What the figures are", "指标说明"),
        (Both("figure", "指标"), Both("formula", "公式"), Both("source", "出处")),
        (
            (Both("mean", "均值"), "x̄ = Σ xₜ / n", "–"),
            (Both("standard deviation", "标准差"), "s = √( Σ (xₜ − x̄)² / (n − 1) )", "–"),
            (
                Both("inertia", "惯性"),
                "Σ (xₜ − x̄)(xₜ₊₁ − x̄) / Σ (xₜ − x̄)²",
                "Kuppens, Allen & Sheeber 2010",
            ),
            (
                Both("instability", "不稳定性"),
                "√( Σ (xₜ₊₁ − xₜ)² / (n − 1) )",
                "von Neumann et al. 1941; Jahng, Wood & Trull 2008",
            ),
            (
                Both("changes", "变化点"),
                Both(
                    "PELT; more than the best one of 19 in 20 shuffles",
                    "PELT；须优于 20 次打乱中 19 次的最佳变化",
                ),
                "Killick, Fearnhead & Eckley 2012",
            ),
            (
                Both("95 % interval", "95% 区间"),
                Both(f"bootstrap: {drawn.en}", f"自助法：{drawn.zh}"),
                "Efron & Tibshirani 1993; Künsch 1989",
            ),
        ),
        Both(
            "x are the values in the order of their times: of segments within one recording, of "
            "recordings (the mean of their segments by length) among several.",
            "x 为按时间排列的值：单段录音取各语段，多段录音取各段均值（按语段时长加权）。",
        ),
        words=3,
    )
