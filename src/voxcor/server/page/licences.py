"""`/licences`: whose work the page is made of, and under which terms."""

import re
from collections.abc import Iterator
from html import escape

from fastapi import APIRouter, Request, Response

from voxcor.language import say
from voxcor.server.page.reading_pages import send_reading_page
from voxcor.server.page.routes import FOLDER

router = APIRouter(include_in_schema=False)

VENDOR = FOLDER / "vendor"

# | `files` | package | version | licence, `its text` |
_ROW = re.compile(r"(?m)^\| `.*` \| (\S+) \| ([\d.]+) \| (\S+), `(\S+)` \|$")


@router.get("/licences")
def get_licences(request: Request) -> Response:
    """Of Voxcor, and of each package that the page has inside."""
    return send_reading_page(request, say("Licences", "许可证"), _page())


def _page() -> Iterator[str]:
    yield "<p>"
    yield say(
        "Voxcor is under the Apache License 2.0. Models have terms of their own, which the page "
        "shows with each. The page contains these packages:",
        "Voxcor 采用 Apache License 2.0。各模型有自己的许可条款，见网页中的模型列表。"
        "网页包含以下软件包：",
    )
    yield '</p><section class="card">'
    table = (VENDOR / "THIRD_PARTY.md").read_text(encoding="utf-8")
    for package, version, licence, file in _ROW.findall(table):
        text = (VENDOR / file).read_text(encoding="utf-8")
        yield f'<details lang="en"><summary><b>{escape(package)}</b> {version} '
        yield f"<span>{escape(licence)}</span></summary><pre>{escape(text)}</pre></details>"
    yield "</section>"
