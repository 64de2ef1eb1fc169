"""Two groups of recordings in a page, and in words that hold for the terminal too."""

from collections.abc import Iterator
from dataclasses import replace
from math import isnan

from voxcor.evaluation.report.page import section
from voxcor.evaluation.report.tables import Table
from voxcor.exports.html_page import both
from voxcor.exports.svg import text
from voxcor.language import Both
from voxcor.library.groups import GroupComparison
from voxcor.library.pages.frame import DIMENSION_NAMES, drawing
from voxcor.untrusted import printable

_LINE = 46
_LONGEST = 18  # letters of a name beside a drawing


def group_words(name: str) -> Both:
    """A group as a sentence has it: `before 2026-03-01` for `..2026-03-01`."""
    since, dots, until = (printable(part.strip()) for part in name.partition(".."))
    if not dots or not (since or until):
        return Both(printable(name), printable(name))
    if not since:
        return Both(f"before {until}", f"{until} 之前")
    return (
        Both(f"{since} to {until}", f"{since} 至 {until}")
        if until
        else Both(f"from {since}", f"{since} 起")
    )


def verdict(found: GroupComparison) -> Both:
    """What the comparison says, and what it cannot."""
    first, second = (group_words(group.name) for group in (found.first, found.second))
    counts = len(found.first.sessions), len(found.second.sessions)
    if not all(counts):
        missing = second if counts[0] else first
        return Both(f"No recordings: {missing.en}.", f"没有录音：{missing.zh}。")
    name = DIMENSION_NAMES[found.dimension]
    if found.is_too_little:
        return Both(
            f"Too few recordings to tell: with {counts[0]} and {counts[1]}, p cannot fall below "
            f"{found.smallest_p:.2f}, whatever the difference.",
            f"录音太少，无法判断：{counts[0]} 段对 {counts[1]} 段，无论差异多大，p 都不会低于 "
            f"{found.smallest_p:.2f}。",
        )
    if not found.is_told:
        return Both(
            f"No difference in {name.en} can be told from chance. That is no proof that there is "
            "none.",
            f"{name.zh}差异与随机波动无法区分；这并不证明没有差异。",
        )
    higher = first if found.difference.value > 0 else second
    return Both(
        f"Beyond chance, {name.en} is higher: {higher.en}.",
        f"超出随机波动，{name.zh}更高的是：{higher.zh}。",
    )


def group_table(found: GroupComparison) -> Table:
    """The figures of both, their difference, the test and the size of the effect."""
    first, second = found.first, found.second
    return Table(
        Both("The two groups", "两组比较"),
        (Both("figure", "指标"), Both("value", "数值"), Both("how", "方法")),
        (
            *(
                (
                    group_words(group.name),
                    group.mean.told("+"),
                    Both(
                        f"mean of {_recordings(len(group.sessions))}",
                        f"{len(group.sessions)} 段录音的均值",
                    ),
                )
                for group in (first, second)
            ),
            (
                Both("difference", "差值"),
                found.difference.told("+"),
                Both(
                    "first less second; 95 % bootstrap of whole recordings (Efron & Tibshirani "
                    "1993)",
                    "前者减后者；按整段录音抽样的 95% 自助法区间（Efron 与 Tibshirani 1993）",
                ),
            ),
            (
                "p",
                "–"
                if found.p != found.p
                else f"{found.p:.4f}"
                if found.p < 0.01
                else f"{found.p:.3f}",
                Both(
                    "permutation test, two-sided (Fisher 1935; Phipson & Smyth 2010)",
                    "双侧置换检验（Fisher 1935；Phipson 与 Smyth 2010）",
                ),
            ),
            (
                Both("Cliff's delta", "Cliff's delta（效应量）"),
                found.delta.told("+"),
                Both(
                    "P(x > y) − P(x < y), x of the first, y of the second (Cliff 1993)",
                    "P(x > y) − P(x < y)，x 属前组，y 属后组（Cliff 1993）",
                ),
            ),
        ),
        verdict(found),
        words=3,
    )


def group_parts(found: GroupComparison) -> Iterator[str]:
    """A drawing of all recordings of both, what it says, and the figures."""
    name = DIMENSION_NAMES[found.dimension]
    first, second = (group_words(group.name) for group in (found.first, found.second))
    title = Both(
        f"{name.en.capitalize()} of each recording: {first.en} and {second.en}",
        f"各段录音的{name.zh}：{first.zh}与{second.zh}",
    )
    yield drawing(title, lambda width: _strips(found, width))
    yield f'<p class="said">{both(verdict(found))}</p>'
    yield section(replace(group_table(found), note=""))


def _recordings(count: int) -> str:
    return f"{count} recording{'s' * (count != 1)}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _strips(found: GroupComparison, width: float) -> tuple[list[str], float]:
    left = 126
    bottom = 10 + 2 * _LINE

    def x(value: float) -> float:
        return left + (width - left - 16) * (value + 1) / 2

    parts = []
    for value in (-1, -0.5, 0, 0.5, 1):
        css = "grid" if value else "zero"
        parts.append(f'<path class="{css}" d="M{x(value):.1f} 10V{bottom}"/>')
        parts.append(text(x(value), bottom + 16, f"{value:+g}" if value else "0", css="faint"))
    for line, group in enumerate((found.first, found.second)):
        middle = 10 + _LINE * (line + 0.5)
        css = "warm" if line else "dot"
        label = Both(*(_short(word) for word in group_words(group.name)))
        parts.append(text(left - 10, middle + 4, label, anchor="end"))
        parts += [
            f'<circle class="{css}" fill-opacity="0.6" cx="{x(one.mean.value):.1f}" '
            f'cy="{middle:.1f}" r="4"/>'
            for one in group.sessions
        ]
        if group.sessions:
            at, low, high = (x(v) for v in (group.mean.value, group.mean.low, group.mean.high))
            parts.append(f'<path class="whisker" d="M{at:.1f} {middle - 13:.1f}v26"/>')
            if not isnan(low):
                parts.append(
                    f'<path class="whisker" d="M{low:.1f} {middle - 9:.1f}H{high:.1f}'
                    f'M{low:.1f} {middle - 13:.1f}v8M{high:.1f} {middle - 13:.1f}v8"/>'
                )
    return parts, bottom + 24
