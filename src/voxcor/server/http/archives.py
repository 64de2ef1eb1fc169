"""Folders as zip archives, made while they are sent."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def zip_chunks(folder: Path) -> Iterator[bytes]:
    """The folder as a zip, made while it is sent.

    Stored, not deflated: audio and arrays hardly shrink.
    """
    timestamp = json.loads((folder / "result.json").read_text(encoding="utf-8"))["timestamp"]
    top = "outputs_" + timestamp.translate({ord("-"): None, ord(":"): None, ord(" "): "_"})
    yield from zipped(folder, top, sorted(folder.iterdir()))


def zipped(folder: Path, top: str, paths: Iterable[Path]) -> Iterator[bytes]:
    """Files below `folder` as a zip in which `top` stands for it, made while it is sent."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            entry = zipfile.ZipInfo.from_file(path, f"{top}/{path.relative_to(folder)}")
            with path.open("rb") as source, archive.open(entry, "w") as target:
                while block := source.read(1 << 20):
                    target.write(block)
                    yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """A file that only grows, and is emptied from time to time."""

    def __init__(self) -> None:
        super().__init__()
        self._pending = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer") -> int:
        self._pending += data
        return memoryview(data).nbytes

    def take(self) -> bytes:
        taken = bytes(self._pending)
        self._pending.clear()
        return taken
