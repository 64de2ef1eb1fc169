"""The report as one HTML page: both languages, light and dark, nothing fetched from anywhere."""

from collections.abc import Iterator, Sequence

from voxcor.evaluation.measurement import Evaluation
from voxcor.evaluation.report import plots
from voxcor.evaluation.report.plots import Bar
from voxcor.evaluation.report.tables import (
    Table,
    about_training,
    headline,
    name_of,
    preprocessing,
    rated_names,
    tables,
)
from voxcor.exports import svg
from voxcor.exports.html_page import NAV, both, document
from voxcor.labels import get_label
from voxcor.language import Both, Text

_STYLE = """
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 20px 0; }
.figures div, .plot { background: var(--card); border-radius: 10px; padding: 14px 16px; }
.figures b { display: block; font-size: 26px; line-height: 1.2; font-weight: 600; }
.figures span { font-size: 13px; }
.plots { columns: 2 360px; column-gap: 16px; margin: 0 0 12px; }
.plot { padding: 14px 12px; margin: 0 0 16px; break-inside: avoid; }
svg .bar { fill: var(--accent); }
svg .gap { fill: var(--warm); fill-opacity: 0.65; }
svg .count { fill: var(--faint); fill-opacity: 0.5; }
"""


def to_html(evaluation: Evaluation, remarks: Sequence[str]) -> str:
    """The whole page; `remarks` are lines on what is missing or doubtful."""
    title = Both("Voxcor evaluation", "心声评测报告")
    body = "".join(
        (
            f"<header><h1>{both(title)}</h1>{NAV}</header><p>{both(headline(evaluation))}</p>",
            f'<p class="faint">{both(preprocessing(evaluation))} {evaluation.timestamp}</p>',
            f"<p><b>{both(flatters)}</b></p>" if (flatters := about_training(evaluation)) else "",
            f'<div class="figures">{"".join(_figures(evaluation))}</div>',
            f'<div class="plots">{"".join(_plots(evaluation))}</div>',
            *map(section, tables(evaluation)),
            _remarks(remarks),
        )
    )
    return document(f"{title} · {evaluation.model.id}", body, style=svg.STYLE + _STYLE)


def _figures(evaluation: Evaluation) -> Iterator[str]:
    whole = evaluation.whole
    for name, value in (
        (Both("UA, mean recall", "UA（各类召回率均值）"), f"{whole.ua.value:.1%}"),
        (Both("WA, share correct", "WA（正确率）"), f"{whole.wa.value:.1%}"),
        (Both("macro-F1", "宏平均 F1"), f"{whole.f1.value:.1%}"),
        (Both("mean confidence", "平均置信度"), f"{whole.confidence.value:.1%}"),
        (Both("ECE, calibration error", "ECE（校准误差）"), f"{whole.ece.value:.3f}"),
        *(
            (Both(f"CCC, {name.en}", f"CCC，{name.zh}"), f"{found.ccc.value:.3f}")
            for name, found in zip(rated_names(whole), whole.concordance.values(), strict=True)
        ),
    ):
        yield f'<div><b>{value}</b><span class="faint">{both(name)}</span></div>'


def _plots(evaluation: Evaluation) -> Iterator[str]:
    whole = evaluation.whole
    chance = 1 / len(evaluation.labels)
    yield _plot(
        Both("Confusion, % of each label's clips", "混淆矩阵（占各标签语音的百分比）"),
        plots.confusion(whole.labels, whole.confusion),
    )
    title = Both("Recall by label; dashed: chance", "各标签召回率；虚线为随机水平")
    recalls = [Bar(name_of(k), v, get_label(k).color) for k, v in whole.recall.items()]
    yield _plot(title, plots.bars(recalls, title, guide=chance))
    yield _plot(
        Both("Share correct by confidence", "不同置信度下的正确率"), plots.reliability(whole)
    )
    for column, groups in evaluation.groups.items():
        title = Both(f"UA by {column}; dashed: all", f"按 {column} 的 UA；虚线为全部")
        rows = [Bar(value or "–", figures.ua) for value, figures in groups.items()]
        yield _plot(title, plots.bars(rows, title, guide=whole.ua.value))
    if evaluation.stresses:
        title = Both("UA under stress; dashed: as recorded", "压力测试下的 UA；虚线为原始录音")
        rows = [
            Bar(Both(row.stress.en, row.stress.zh), row.figures.ua if row.figures else None)
            for row in evaluation.stresses
        ]
        yield _plot(title, plots.bars(rows, title, guide=whole.ua.value))


def _plot(title: Both, drawing: str) -> str:
    return f'<div class="plot"><h2>{both(title)}</h2>{drawing}</div>'


def section(table: Table) -> str:
    """A table under its title, with the word on it."""
    head = _row(table, table.columns, "th")
    rows = "".join(_row(table, row, "td") for row in table.rows)
    note = f'<p class="note">{both(table.note)}</p>' if table.note else ""
    return (
        f'<section><h2>{both(table.title)}</h2><div class="scroll" tabindex="0"><table>'
        f"<thead>{head}</thead><tbody>{rows}</tbody></table></div>{note}</section>"
    )


def _row(table: Table, cells: Sequence[Text], tag: str) -> str:
    words = ' class="word"'
    inner = "".join(
        f"<{tag}{words if place < table.words else ''}>{both(cell)}</{tag}>"
        for place, cell in enumerate(cells)
    )
    return f"<tr>{inner}</tr>"


def _remarks(remarks: Sequence[str]) -> str:
    if not remarks:
        return ""
    items = "".join(f"<li>{both(remark)}</li>" for remark in remarks)
    return f"<section><h2>{both(Both('Remarks', '说明'))}</h2><ul>{items}</ul></section>"
