"""`/`: the page, its own files, and the recording to try it on."""

import json
import mimetypes
from dataclasses import asdict
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from voxcor.errors import InputError
from voxcor.labels import EXTRA_COLORS, LABELS
from voxcor.server.service import service_of
from voxcor.sources import EXAMPLE

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parent / "static"

# A browser runs no module of another type, and what the operating system says of .js varies.
mimetypes.add_type("text/javascript", ".js")

# Asked for again each time, and answered 304: after an update nobody sees half of the old page.
_FRESH = {"Cache-Control": "no-cache"}

# The settings that people have to know before they send something.
LIMITS = ("max_upload_mb", "max_job_mb", "max_audio_min")

_files = StaticFiles(directory=FOLDER)


@router.api_route("/", methods=["GET", "HEAD"])
async def get_page() -> Response:
    """The one document; everything else in it is a module of its own."""
    return FileResponse(FOLDER / "index.html", headers=_FRESH)


@router.api_route("/static/example.flac", methods=["GET", "HEAD"])
async def get_example() -> Response:
    """What the example button recognises."""
    return FileResponse(EXAMPLE, headers=_FRESH)


@router.api_route("/static/words.js", methods=["GET", "HEAD"])
async def get_words(request: Request) -> Response:
    """A module: labels in the words and colours of the command, why a recording failed, and how
    much the server takes.
    """
    settings = service_of(request).settings
    words = {
        "LABELS": {label.id: asdict(label) for label in LABELS},
        "EXTRA_COLORS": EXTRA_COLORS,
        "FAILURES": {e.code: e.brief for e in InputError.__subclasses__() if e.brief},
        "LIMITS": {name: getattr(settings, name) for name in LIMITS},
    }
    lines = (f"export const {name} = {json.dumps(value)};\n" for name, value in words.items())
    return Response("".join(lines), media_type="text/javascript", headers=_FRESH)


@router.api_route("/static/{path:path}", methods=["GET", "HEAD"])
async def get_file(request: Request, path: str) -> Response:
    """A file of the page; whatever else is asked for is not found."""
    response = await _files.get_response(path, request.scope)
    response.headers.update(_FRESH)
    return response
