"""`/`: the page, its own files, and the recording to try it on."""

import json
import mimetypes
from dataclasses import asdict
from functools import cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from voxcor.errors import InputError
from voxcor.extras import missing_packages
from voxcor.labels import EXTRA_COLORS, LABELS
from voxcor.library.store import PACKAGES
from voxcor.server.page.assets import FRESH, Asset, asset_of, file_asset, send_asset
from voxcor.server.service import service_of
from voxcor.sources import EXAMPLE
from voxcor.timeline import COORDINATES

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parents[1] / "static"

# A browser runs no module of another type, and what the operating system says of .js varies.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/markdown", ".md")

# The settings that people have to know before they send something.
LIMITS = ("max_upload_mb", "max_job_mb", "max_audio_min")

_files = StaticFiles(directory=FOLDER)


@router.api_route("/", methods=["GET", "HEAD"])
def get_page(request: Request) -> Response:
    """The one document; everything else in it is a module of its own."""
    return send_asset(request, file_asset(FOLDER / "index.html", "text/html"))


@router.api_route("/static/example.flac", methods=["GET", "HEAD"])
async def get_example() -> Response:
    """What the example button recognises."""
    return FileResponse(EXAMPLE, headers=FRESH)


@router.api_route("/static/words.js", methods=["GET", "HEAD"])
def get_words(request: Request) -> Response:
    """A module: labels in the words and colours of the command, why a recording failed, how much
    the server takes, and whether it has the library.
    """
    settings = service_of(request).settings
    limits = tuple((name, getattr(settings, name)) for name in LIMITS)
    return send_asset(request, _words(limits, not missing_packages(PACKAGES)))


@cache
def _words(limits: tuple[tuple[str, int], ...], has_library: bool) -> Asset:
    words = {
        "LABELS": {label.id: asdict(label) for label in LABELS},
        "EXTRA_COLORS": EXTRA_COLORS,
        "COORDINATES": COORDINATES,
        "FAILURES": {e.code: e.brief for e in InputError.__subclasses__() if e.brief},
        "LIMITS": dict(limits),
        "HAS_LIBRARY": has_library,
    }
    lines = (f"export const {name} = {json.dumps(value)};\n" for name, value in words.items())
    return asset_of("".join(lines).encode(), "text/javascript")


@router.api_route("/static/{path:path}", methods=["GET", "HEAD"])
def get_file(request: Request, path: str) -> Response:
    """A file of the page; whatever else is asked for is not found."""
    try:
        place, found = _files.lookup_path(path)
    except (OSError, ValueError):  # a name too long, or with a NUL
        found = None
    if found is None or not Path(place).is_file():
        raise HTTPException(404)
    media_type = mimetypes.guess_type(place)[0] or "application/octet-stream"
    return send_asset(request, file_asset(Path(place), media_type))
