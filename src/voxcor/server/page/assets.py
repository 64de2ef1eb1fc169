"""What the page is made of, as it is sent: compressed, and named by what is in it."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import Request, Response

# Asked for again each time, and answered 304: after an update nobody sees half of the old page.
FRESH = {"Cache-Control": "no-cache"}

# What compression makes smaller; sound and pictures are compressed already.
_TEXTS = ("text/", "image/svg+xml", "application/json")

# Below this a packet is a packet.
_LEAST_BYTES = 500

# More than the page has files, in all their versions of a day of work on it.
_MOST_KEPT = 256


@dataclass(frozen=True, slots=True)
class Asset:
    """Bytes to send; `compressed` where that is less. `etag` names them, whichever are sent."""

    content: bytes
    compressed: bytes | None
    etag: str
    media_type: str


@lru_cache(maxsize=_MOST_KEPT)
def asset_of(content: bytes, media_type: str) -> Asset:
    """Compressed once, however often it is sent."""
    compressed = None
    if media_type.startswith(_TEXTS) and len(content) >= _LEAST_BYTES:
        compressed = gzip.compress(content, 9, mtime=0)
    # Weak: the same file, compressed or not.
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:20]}"'
    return Asset(content, compressed, etag, media_type)


@lru_cache(maxsize=_MOST_KEPT)
def _read(path: Path, _written: int, _size: int, media_type: str) -> Asset:
    return asset_of(path.read_bytes(), media_type)


def file_asset(path: Path, media_type: str) -> Asset:
    """A file as it is now; read again only when it has changed."""
    found = path.stat()
    return _read(path, found.st_mtime_ns, found.st_size, media_type)


def send_asset(request: Request, asset: Asset) -> Response:
    """In the way its reader takes it; 304 where they have it."""
    headers = {**FRESH, "ETag": asset.etag, "Vary": "Accept-Encoding"}
    known = request.headers.get("if-none-match", "")
    if asset.etag in {tag.strip() for tag in known.split(",")}:
        return Response(status_code=304, headers=headers)
    content = asset.content
    if asset.compressed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        content = asset.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=asset.media_type, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    for offer in accepted.split(","):
        name, _, quality = offer.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
