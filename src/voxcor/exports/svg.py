"""SVG as text: drawings of a page that need no library, no script and no other file.

Colours are the page's CSS variables, which know light and dark; a text that exists in two languages
stands there in both, of which the page shows one.
"""

from collections.abc import Sequence

from voxcor.language import Both, Text
from voxcor.untrusted import html

WIDTH = 360  # units, so that a phone shows a drawing at its own size

STYLE = """
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
"""


def rect(x: float, y: float, width: float, height: float, how: str, hint: str = "") -> str:
    """A rectangle; `how` are its attributes, `hint` is told where somebody points at it."""
    title = f"<title>{html(hint)}</title>" if hint else ""
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} {how}>{title}</rect>'


def text(x: float, y: float, said: Text, *, anchor: str = "middle", css: str = "ink") -> str:
    """A line of text, in one language or in both."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{css}"'
    if isinstance(said, str) or said.en == said.zh:
        return f"<text {place}>{html(said if isinstance(said, str) else said.en)}</text>"
    languages = zip(("en", "zh"), said, strict=True)
    return "".join(f'<text {place} lang="{lang}">{html(t)}</text>' for lang, t in languages)


def svg(parts: Sequence[str], height: float, title: Both, *, width: float = WIDTH) -> str:
    """A drawing; `title` is read to people who do not see it."""
    label = html(f"{title.en} / {title.zh}")
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{label}">'
        + "".join(parts)
        + "</svg>"
    )
