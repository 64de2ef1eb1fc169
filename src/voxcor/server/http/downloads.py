"""What is made while it is sent: exports, archives, outlines; so many at a time, none whole."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from fastapi.responses import FileResponse, StreamingResponse
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from voxcor.errors import QueueFull

# Each holds a few megabytes, and a core while its reader takes what comes.
MOST_DOWNLOADS = 16

RETRY_AFTER_S = 2

# What Windows does not take in a file's name, and what nobody sees.
UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def attachment(name: str) -> dict[str, str]:
    """The header by which a download is called so, in any script; RFC 6266."""
    named = quote(name.encode("utf-8", "replace"))
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{named}"}


class Downloads:
    """On the event loop only."""

    def __init__(self) -> None:
        self._running = 0

    @contextmanager
    def slot(self) -> Iterator[ExitStack]:
        """One of them; `pop_all` of what it gives takes it beyond the block.

        Raises:
            QueueFull: there is none.
        """
        if self._running >= MOST_DOWNLOADS:
            raise QueueFull(waiting=self._running, retry_after_s=RETRY_AFTER_S)
        self._running += 1
        with ExitStack() as stack:
            stack.callback(self._leave)
            yield stack

    def _leave(self) -> None:
        self._running -= 1


class Download(StreamingResponse):
    """Pieces, each made in a thread when the one before has been taken; empty ones are left out.

    A reader who is gone ends it at the next piece, and its slot is free.

    Args:
        place: what `Downloads.place` gave, taken over.
        pieces: the content.
        media_type: of it.
        headers: more of the response.
    """

    def __init__(
        self, slot: ExitStack, pieces: Iterator[bytes], media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(_in_thread(pieces), headers=headers, media_type=media_type)
        self._slot = slot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._slot:
            await super().__call__(scope, receive, send)


class FileDownload(FileResponse):
    """A file that was made to be sent, and goes with its slot; it answers to Range.

    Args:
        slot: as of `Download`; what it holds beside the slot is undone at the end.
        path: of the file.
        media_type: of it.
        headers: of the response.
    """

    def __init__(
        self, slot: ExitStack, path: Path, media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(path, headers=headers, media_type=media_type)
        self._slot = slot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._slot:
            await super().__call__(scope, receive, send)


def downloads_of(connection: HTTPConnection) -> Downloads:
    """The ones of the app."""
    downloads: Downloads = connection.app.state.downloads
    return downloads


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        if piece:
            yield piece
