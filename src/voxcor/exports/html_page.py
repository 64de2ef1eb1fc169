"""The frame of HTML pages: both languages, light and dark, one file, nothing fetched."""

from voxcor.language import Text, language
from voxcor.untrusted import html

# The text fonts of some systems have outlines for half of the emoji.
_STYLE = """
@font-face { font-family: Emoji; src: local("Apple Color Emoji"), local("Segoe UI Emoji"),
  local("Noto Color Emoji"); unicode-range: U+2753, U+1F300-1FAFF; }
:root { --paper: #fff; --card: #f6f7f9; --ink: #1c2026; --faint: #667080; --line: #dfe3e8;
  --accent: #2d6cdf; --warm: #b45309; --on-accent: #fff; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --card: #1d2127; --ink: #e8eaed;
  --faint: #9aa4b2; --line: #333a44; --accent: #6d9cf0; --warm: #e0a04a; --on-accent: #10131a; } }
html[lang=en] [lang=zh], html[lang=zh] [lang=en] { display: none; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 20px 16px 48px; max-width: 1080px; background: var(--paper);
  color: var(--ink); font: 15px/1.55 Emoji, system-ui, "PingFang SC", "Noto Sans CJK SC",
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
section { margin: 0 0 26px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 18px 5px 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 500; font-size: 13px; }
.word { text-align: left; }
li { overflow-wrap: anywhere; }
"""

NAV = '<nav><button value="en">English</button><button value="zh">中文</button></nav>'

_SCRIPT = """
const buttons = document.querySelectorAll("nav button");
const show = (lang) => {
  document.documentElement.lang = lang;
  buttons.forEach((b) => b.setAttribute("aria-pressed", b.value === lang));
};
buttons.forEach((b) => b.addEventListener("click", () => show(b.value)));
show(document.documentElement.lang);
"""


def both(text: Text) -> str:
    """HTML of a text, in one language or in two of which the page shows one."""
    if isinstance(text, str):
        return html(text)
    if text.en == text.zh:
        return both(text.en)
    return f'<span lang="en">{both(text.en)}</span><span lang="zh">{both(text.zh)}</span>'


def document(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """A whole page around `body`, which holds `NAV` somewhere."""
    return opening(title, style) + body + closing(script)


def opening(title: str, style: str = "") -> str:
    """What comes before the body of a page that is written piece by piece."""
    return (
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html(title)}</title><style>{_STYLE}{style}</style></head><body><main>"
    )


def closing(script: str = "") -> str:
    """What comes after it."""
    return f"</main><script>{_SCRIPT}{script}</script></body></html>\n"


def clock(seconds: float) -> str:
    """`0:03.2`, `1:02:03.4`."""
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minute = divmod(minutes, 60)
    head = f"{hours}:{minute:02}" if hours else str(minute)
    return f"{head}:{rest / 10:04.1f}"
