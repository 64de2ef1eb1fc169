"""The report as one HTML page: both languages, light and dark, nothing fetched from anywhere."""

from collections.abc import Iterator, Sequence
from html import escape

from voxcor.evaluation import Evaluation
from voxcor.labels import get_label
from voxcor.language import language
from voxcor.report import plots
from voxcor.report.plots import Bar, both
from voxcor.report.tables import Both, Table, Text, headline, name_of, preprocessing, tables

_STYLE = """
:root { --paper: #fff; --card: #f6f7f9; --ink: #1c2026; --faint: #667080; --line: #dfe3e8;
  --accent: #2d6cdf; --warm: #b45309; --on-accent: #fff; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --card: #1d2127; --ink: #e8eaed;
  --faint: #9aa4b2; --line: #333a44; --accent: #6d9cf0; --warm: #e0a04a; --on-accent: #10131a; } }
html[lang=en] [lang=zh], html[lang=zh] [lang=en] { display: none; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 20px 16px 48px; max-width: 1080px; background: var(--paper);
  color: var(--ink); font: 15px/1.55 system-ui, "PingFang SC", "Noto Sans CJK SC",
  "Microsoft YaHei", sans-serif; }
header { display: flex; gap: 8px 20px; justify-content: space-between; align-items: flex-start; }
h1 { font-size: 20px; margin: 0; }
h2 { font-size: 16px; margin: 0 0 8px; }
p { margin: 4px 0; }
.faint, .note { color: var(--faint); }
.note { font-size: 13px; margin-top: 8px; max-width: 75ch; }
nav button { font: inherit; padding: 2px 10px; border: 1px solid var(--line); background: none;
  color: var(--faint); cursor: pointer; border-radius: 6px; }
nav { display: flex; gap: 4px; flex: none; }
nav button[aria-pressed=true] { color: var(--ink); border-color: var(--accent); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 20px 0; }
.figures div, .plot { background: var(--card); border-radius: 10px; padding: 14px 16px; }
.figures b { display: block; font-size: 26px; line-height: 1.2; font-weight: 600; }
.figures span { font-size: 13px; }
.plots { columns: 2 360px; column-gap: 16px; margin: 0 0 12px; }
.plot { padding: 14px 12px; margin: 0 0 16px; break-inside: avoid; }
svg { display: block; width: 100%; max-width: 480px; margin: 0 auto; }
svg text { font-size: 11px; fill: var(--ink); }
svg .emoji { font-size: 14px; }
svg .faint { fill: var(--faint); }
svg .on-accent { fill: var(--on-accent); }
svg .frame { fill: none; stroke: var(--line); }
svg .grid { stroke: var(--line); }
svg .diagonal { fill: none; stroke: var(--faint); stroke-dasharray: 4 3; }
svg .whisker { fill: none; stroke: var(--ink); stroke-width: 1.2; }
svg .cell { fill: var(--paper); }
svg .bar { fill: var(--accent); }
svg .gap { fill: var(--warm); fill-opacity: 0.65; }
svg .count { fill: var(--faint); fill-opacity: 0.5; }
section { margin: 0 0 26px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 18px 5px 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 500; font-size: 13px; }
.word { text-align: left; }
li { overflow-wrap: anywhere; }
"""

_NAV = '<nav><button value="en">English</button><button value="zh">中文</button></nav>'

_SCRIPT = """
const buttons = document.querySelectorAll("nav button");
const show = (lang) => {
  document.documentElement.lang = lang;
  buttons.forEach((b) => b.setAttribute("aria-pressed", b.value === lang));
};
buttons.forEach((b) => b.addEventListener("click", () => show(b.value)));
show(document.documentElement.lang);
"""


def to_html(evaluation: Evaluation, remarks: Sequence[str]) -> str:
    """The whole page; `remarks` are lines on what is missing or doubtful."""
    title = Both("Voxcor evaluation", "心声评测报告")
    body = "".join(
        (
            f"<header><h1>{both(title)}</h1>{_NAV}</header><p>{both(headline(evaluation))}</p>",
            f'<p class="faint">{both(preprocessing(evaluation))} {evaluation.timestamp}</p>',
            f'<div class="figures">{"".join(_figures(evaluation))}</div>',
            f'<div class="plots">{"".join(_plots(evaluation))}</div>',
            *map(_section, tables(evaluation)),
            _remarks(remarks),
        )
    )
    return (
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(str(title))} · {escape(evaluation.model.id)}</title>"
        f"<style>{_STYLE}</style></head><body>{body}<script>{_SCRIPT}</script></body></html>\n"
    )


def _figures(evaluation: Evaluation) -> Iterator[str]:
    whole = evaluation.whole
    for name, value in (
        (Both("UA, mean recall", "UA(各类召回率均值)"), f"{whole.ua.value:.1%}"),
        (Both("WA, share correct", "WA(正确率)"), f"{whole.wa.value:.1%}"),
        (Both("macro-F1", "宏平均 F1"), f"{whole.f1.value:.1%}"),
        (Both("mean confidence", "平均置信度"), f"{whole.confidence.value:.1%}"),
        (Both("ECE, calibration error", "ECE(校准误差)"), f"{whole.ece.value:.3f}"),
    ):
        yield f'<div><b>{value}</b><span class="faint">{both(name)}</span></div>'


def _plots(evaluation: Evaluation) -> Iterator[str]:
    whole = evaluation.whole
    chance = 1 / len(evaluation.labels)
    yield _plot(
        Both("Confusion, % of each label's clips", "混淆矩阵(占各标签语音的百分比)"),
        plots.confusion(whole),
    )
    title = Both("Recall by label; dashed: chance", "各标签召回率;虚线为随机水平")
    recalls = [Bar(name_of(k), v, get_label(k).color) for k, v in whole.recall.items()]
    yield _plot(title, plots.bars(recalls, title, guide=chance))
    yield _plot(
        Both("Share correct by confidence", "不同置信度下的正确率"), plots.reliability(whole)
    )
    for column, groups in evaluation.groups.items():
        title = Both(f"UA by {column}; dashed: all", f"按 {column} 的 UA;虚线为全部")
        rows = [Bar(value or "–", figures.ua) for value, figures in groups.items()]
        yield _plot(title, plots.bars(rows, title, guide=whole.ua.value))
    if evaluation.stresses:
        title = Both("UA under stress; dashed: as recorded", "压力测试下的 UA;虚线为原始录音")
        rows = [
            Bar(Both(row.stress.en, row.stress.zh), row.figures.ua if row.figures else None)
            for row in evaluation.stresses
        ]
        yield _plot(title, plots.bars(rows, title, guide=whole.ua.value))


def _plot(title: Both, svg: str) -> str:
    return f'<div class="plot"><h2>{both(title)}</h2>{svg}</div>'


def _section(table: Table) -> str:
    head = _row(table, table.columns, "th")
    rows = "".join(_row(table, row, "td") for row in table.rows)
    note = f'<p class="note">{both(table.note)}</p>' if table.note else ""
    return (
        f'<section><h2>{both(table.title)}</h2><div class="scroll"><table><thead>{head}'
        f"</thead><tbody>{rows}</tbody></table></div>{note}</section>"
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
    items = "".join(f"<li>{escape(remark)}</li>" for remark in remarks)
    return f"<section><h2>{both(Both('Remarks', '说明'))}</h2><ul>{items}</ul></section>"
