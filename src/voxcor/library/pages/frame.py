"""What pages of the library share: their head, cards with figures, formulas, how they are printed.

A drawing is made twice, wide and narrow, and a screen shows the one that fits: its letters are the
same size in both.
"""

from collections.abc import Callable, Iterable, Sequence

from voxcor.exports import svg
from voxcor.exports.html_page import NAV, both, document
from voxcor.language import Both, Text
from voxcor.results import ModelInfo, notice_of

WIDE, NARROW = 760, svg.WIDTH

DIMENSION_NAMES = {"arousal": Both("arousal", "唤醒度"), "valence": Both("valence", "效价")}

_STYLE = """
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px;
  margin: 18px 0; }
.cards div, .drawing { background: var(--card); border-radius: 10px; padding: 12px 14px; }
.cards b { display: block; font-size: 24px; line-height: 1.25; font-weight: 600; }
.cards small { font-size: 14px; display: block; font-variant-numeric: tabular-nums; }
.cards span { font-size: 13px; }
.drawing { padding: 14px 10px; margin: 0 0 6px; break-inside: avoid; }
.drawing svg { max-width: none; }
.drawing svg.narrow { display: none; }
.said { font-size: 17px; max-width: 75ch; }
h1 { overflow-wrap: anywhere; }
h2 { margin-top: 22px; }
td.wrap { white-space: normal; min-width: 14em; }
svg .curve { fill: none; stroke: var(--accent); stroke-width: 1.8; stroke-linejoin: round; }
svg .other { fill: none; stroke: var(--warm); stroke-width: 1.8; stroke-linejoin: round;
  stroke-dasharray: 5 3; }
svg .band { fill: var(--accent); fill-opacity: 0.16; }
svg .level { fill: none; stroke: var(--ink); stroke-width: 1.4; }
svg .change { stroke: var(--warm); stroke-width: 1.4; stroke-dasharray: 3 3; }
svg .dot { fill: var(--accent); }
svg .zero { stroke: var(--faint); }
svg .warm { fill: var(--warm); }
@media (max-width: 640px) { .drawing svg.narrow { display: block; }
  .drawing svg.wide { display: none; } }
@media print { :root { --paper: #fff; --card: #fff; --ink: #000; --faint: #555; --line: #ccc;
  --accent: #2d6cdf; --warm: #b45309; }
  body { padding: 0; max-width: none; font-size: 12px; } nav, audio, button { display: none; }
  .cards div, .drawing { border: 1px solid var(--line); } section, tr { break-inside: avoid; }
  .scroll { overflow: visible; } }
"""


def page(
    title: Both,
    about: Sequence[Text],
    parts: Iterable[str],
    model: ModelInfo | None,
    *,
    style: str = "",
    script: str = "",
) -> str:
    """A whole page: a title, lines about it, its parts, and what to know of the model's answers."""
    notice = "" if model is None else f'<p class="note">{both(notice_of(model))}</p>'
    head = f"<header><h1>{both(title)}</h1>{NAV}</header>"
    lines = "".join(f'<p class="faint">{both(line)}</p>' for line in about)
    body = head + lines + "".join(parts) + notice
    return document(str(title), body, style=svg.STYLE + _STYLE + style, script=script)


def cards(figures: Iterable[tuple[Text, Text]]) -> str:
    """Figures in large type, each over what it is; an interval behind one in smaller type."""
    made = []
    for value, name in figures:
        figure, bracket, interval = (
            value.partition(" [") if isinstance(value, str) else (value, "", "")
        )
        small = f"<small>{both(f'[{interval}')}</small>" if bracket else ""
        made.append(
            f'<div><b>{both(figure)}</b>{small}<span class="faint">{both(name)}</span></div>'
        )
    return f'<div class="cards">{"".join(made)}</div>'


def drawing(title: Both, draw: Callable[[float], tuple[list[str], float]], note: Text = "") -> str:
    """A drawing under its title; `draw` gives parts and height for a width."""
    made = []
    for width, name in ((WIDE, "wide"), (NARROW, "narrow")):
        parts, height = draw(width)
        made.append(
            svg.svg(parts, height, title, width=width).replace("<svg", f'<svg class="{name}"', 1)
        )
    told = f'<p class="note">{both(note)}</p>' if note else ""
    return f'<h2>{both(title)}</h2><div class="drawing">{"".join(made)}</div>{told}'
