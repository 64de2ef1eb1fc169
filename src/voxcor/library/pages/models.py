"""Two models over the same recordings as a page, and as tables that the terminal sets too."""

import os
from collections.abc import Iterator, Sequence

from voxcor.evaluation.report import plots
from voxcor.evaluation.report.page import section
from voxcor.evaluation.report.tables import Table, interval, name_of
from voxcor.exports.html_page import both
from voxcor.language import Both, Text
from voxcor.library.pages.frame import cards, page
from voxcor.library.two_models import TwoModels
from voxcor.results import ModelInfo
from voxcor.untrusted import html, printable

_LISTED = 20  # of those to listen to, in a terminal
_MOST_LISTED = 200  # in a page
_FLIPS = 12

_STYLE = """
.confusion { background: var(--card); border-radius: 10px; padding: 14px 10px; max-width: 520px;
  break-inside: avoid; }
"""


def models_page(found: TwoModels) -> str:
    """The whole page."""
    first, second = _name(found.first), _name(found.second)
    title = Both(f"{first} and {second} on the same recordings", f"{first} 与 {second} 的对比")
    return page(title, [headline(found)], _parts(found), found.first, style=_STYLE)


def headline(found: TwoModels) -> Both:
    """How many recordings, and how many answers were there already."""
    count, taken = found.agreement.clips, found.taken
    en = f"{count} recording{'s' * (count != 1)}, {found.flipped} labelled differently"
    zh = f"{count} 段录音，其中 {found.flipped} 段标签不同"
    if taken:
        en += f"; {taken} {'was' if taken == 1 else 'were'} not heard again"
        zh += f"；{taken} 段直接取用已有结果"
    if lost := len(found.failures):
        en += f"; {lost} could not be used"
        zh += f"；{lost} 段无法使用"
    return Both(f"{en}.", f"{zh}。")


def tables(found: TwoModels, *, listed: int = _LISTED) -> Iterator[Table]:
    """Agreement, the truth where it is known, flips, and what to listen to first."""
    yield _agreement(found)
    if found.truths is not None:
        yield _truth(found)
    if found.flips:
        yield _flips(found)
    if listened := _to_listen_to(found, listed):
        yield listened


def _parts(found: TwoModels) -> Iterator[str]:
    kappa = found.agreement.kappa
    yield cards(
        [
            (interval(found.agreement.share), Both("% with the same label", "标签一致的百分比")),
            (kappa.told(), Both("Cohen's kappa", "Cohen's kappa")),
            (str(found.flipped), Both("flips", "标签不同")),
        ]
    )
    title = Both("Who says what", "标签对照")
    first, second = _name(found.first), _name(found.second)
    corner = Both(f"{first} ↓  {second} →", f"{first} ↓  {second} →")
    drawn = plots.confusion(
        found.labels, found.agreement.confusion, _fitting(corner), _confusion_title(first, second)
    )
    yield f'<h2>{both(title)}</h2><div class="confusion">{drawn}</div>'
    note = Both(
        f"Of the recordings of each label of {first} (rows), % with each label of {second}.",
        f"行为 {first} 的标签，格中为 {second} 各标签所占百分比。",
    )
    yield f'<p class="note">{both(note)}</p>'
    yield from map(section, tables(found, listed=_MOST_LISTED))
    if found.failures:
        rows = "".join(
            f"<li>{html(printable(one.path))}: {html(one.message)}</li>" for one in found.failures
        )
        yield f"<section><h2>{both(Both('Not usable', '无法使用'))}</h2><ul>{rows}</ul></section>"


def _agreement(found: TwoModels) -> Table:
    drawn = (
        Both("95 % bootstrap of whole speakers.", "95% 区间按整位说话人抽样。")
        if found.agreement.resampled == "speakers"
        else Both("95 % bootstrap of recordings.", "95% 区间按录音抽样。")
    )
    return Table(
        Both("Agreement", "一致性"),
        (Both("figure", "指标"), Both("value", "数值"), Both("how", "方法")),
        (
            (
                Both("same label, %", "标签一致（%）"),
                interval(found.agreement.share),
                Both("share of recordings", "占录音的比例"),
            ),
            (
                "Cohen's kappa",
                found.agreement.kappa.told(),
                Both(
                    "(p − e) / (1 − e), e the agreement by chance (Cohen 1960)",
                    "(p − e) / (1 − e)，e 为随机一致率（Cohen 1960）",
                ),
            ),
        ),
        drawn,
        words=3,
    )


def _truth(found: TwoModels) -> Table:
    assert found.truths is not None
    first, second = found.truths
    return Table(
        Both("Beside the truth", "与真实标签对照"),
        (
            Both("model", "模型"),
            Both("right, % (WA)", "正确率 %（WA）"),
            Both("mean recall, % (UA)", "平均召回率 %（UA）"),
            Both("macro-F1, %", "宏平均 F1 %"),
        ),
        tuple(
            (_name(model), interval(one.wa), interval(one.ua), interval(one.f1))
            for model, one in ((found.first, first), (found.second, second))
        ),
        Both(
            f"Over {first.clips} recording{'s' * (first.clips != 1)} whose label is known; among "
            "all labels.",
            f"共 {first.clips} 段标签已知的录音；在全部标签中选择。",
        ),
    )


def _flips(found: TwoModels) -> Table:
    total = found.agreement.clips
    rows: list[tuple[Text, ...]] = [
        (
            name_of(one.first),
            name_of(one.second),
            str(one.recordings),
            f"{one.recordings / total:.0%}",
        )
        for one in found.flips[:_FLIPS]
        for count in [one.recordings]
    ]
    more = len(found.flips) - _FLIPS
    return Table(
        Both("Flips", "标签变化"),
        (
            _name(found.first),
            _name(found.second),
            Both("recordings", "录音数"),
            Both("share", "占比"),
        ),
        tuple(rows),
        Both(f"{more} rarer kinds are left out.", f"另有 {more} 种较少见的未列出。")
        if more > 1
        else "",
        words=2,
    )


def _to_listen_to(found: TwoModels, listed: int) -> Table | None:
    chosen = [one for one in found.heard if one.is_flip][:listed]
    if not chosen:
        return None
    with_truth = found.truths is not None
    rows = []
    shared = _shared_folder([one.name for one in chosen])
    for one in chosen:
        first, second = one.emotions
        said = [_scored(first, one.first[first]), _scored(second, one.second[second])]
        truth = [name_of(one.truth) if one.truth else "–"] if with_truth else []
        rows.append((printable(one.name.removeprefix(shared)), *said, *truth, f"{one.overlap:.2f}"))
    head: list[Text] = [Both("recording", "录音"), _name(found.first), _name(found.second)]
    head += [Both("truth", "真实标签")] if with_truth else []
    left = found.flipped - len(chosen)
    note = Both(f"{left} more in --json and --csv.", f"另有 {left} 段，见 --json 与 --csv。")
    return Table(
        Both("Listen to these first", "优先试听"),
        (*head, Both("overlap", "重合度")),
        tuple(rows),
        note if left else "",
        words=len(head),
    )


def _shared_folder(names: Sequence[str]) -> str:
    """The folder that all lie in: on a page it says only whose machine it was."""
    try:
        folder = os.path.commonpath([os.path.dirname(name) for name in names])  # noqa: PTH120
    except ValueError:  # some are relative
        return ""
    return folder.rstrip(os.sep) + os.sep if folder else ""


def _scored(label: str, score: float) -> Both:
    name = name_of(label)
    return Both(f"{name.en} {score:.0%}", f"{name.zh} {score:.0%}")


def _name(model: ModelInfo) -> str:
    return printable(model.id)


def _fitting(corner: Both) -> Both:
    """What fits beside the matrix; else only which way the two go."""
    short = Both("first ↓  second →", "前者 ↓  后者 →")
    return corner if len(corner.en) <= 20 else short


def _confusion_title(first: str, second: str) -> Both:
    return Both(f"Labels of {first} and {second}", f"{first} 与 {second} 的标签")
