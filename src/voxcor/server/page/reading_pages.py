"""Pages to read, which the server writes: with the page's header, fonts and colours."""

import re
from collections.abc import Iterator
from html import escape

from fastapi import Request, Response

from voxcor.language import language, say
from voxcor.server.page.assets import asset_of, send_asset

STYLES = ("base", "app", "controls", "reading")

# Chinese has no spaces where a line of the source ended.
_BETWEEN_CHINESE = re.compile(r"(?<=[\u3000-\uffef]) (?=[\u3000-\uffef])")


def send_reading_page(request: Request, title: str, body: Iterator[str]) -> Response:
    """The whole document: `body` is HTML, `title` is text, both in the reader's language."""
    html = "".join((*_head(title), *body, *_foot()))
    return send_asset(request, asset_of(html.encode(), "text/html"))


def said(text: str) -> str:
    """The half of `English · 中文` that the reader reads, as HTML; lines are joined."""
    en, _, zh = " ".join(text.split()).partition(" · ")
    zh = _BETWEEN_CHINESE.sub("", zh)
    return escape(say(en, zh or en))


def _head(title: str) -> Iterator[str]:
    code, switch = say("en", "zh-CN"), say("Language", "语言")
    yield f'<!doctype html><html lang="{code}" data-theme="light"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{escape(title)} · 心声 Voxcor</title>"
    yield '<link rel="icon" href="static/icon.svg" type="image/svg+xml">'
    for style in STYLES:
        yield f'<link rel="stylesheet" href="static/{style}.css">'
    # Above everything drawn: the theme that was chosen on the page.
    yield '<script src="static/reading.js"></script></head><body><header>'
    yield '<a class="brand" href="./"><img src="static/icon.svg" alt="" width="28" height="28">'
    yield '<span lang="zh-CN">心声</span> <span lang="en">Voxcor</span></a>'
    yield f'<nav aria-label="{say("Pages", "页面")}">'
    yield f'<a href="./">{say("Back to the page", "返回网页")}</a></nav>'
    yield f'<div class="switches"><div class="switch" role="group" aria-label="{switch}">'
    for name, code, words in (("zh", "zh-CN", "中文"), ("en", "en", "EN")):
        current = ' aria-current="true"' if language() == name else ""
        yield f'<a lang="{code}" href="?language={name}"{current}>{words}</a>'
    yield f"</div></div></header><main><h1>{escape(title)}</h1>"


def _foot() -> Iterator[str]:
    licences = say("Licences", "许可证")
    yield f'</main><footer><p></p><p><a href="docs?language={language()}">API</a> · '
    yield f'<a href="licences?language={language()}">{licences}</a></p></footer></body></html>'
