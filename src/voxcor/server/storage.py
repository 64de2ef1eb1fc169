"""Results on the disk: a folder each under VOXCOR_HOME/results, named by the result's id.

It holds what `voxcor.result_folder` writes, the processing log, and, where that was asked for, the
recording as it came. An id begins with the time, so that names sort by age, and ends in chance, so
that nobody guesses one. What is being made lies in a folder whose name begins with a dot.
"""

import io
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxcor.disk.faults import storage_errors
from voxcor.errors import NoSuchResult
from voxcor.result_folder import save, to_json
from voxcor.results import Result
from voxcor.server.events import Event
from voxcor.settings import Settings
from voxcor.sources import AUDIO_EXTENSIONS

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LOG_FILE = "log.json"
ORIGINAL = "original"

_ID = re.compile(r"[0-9a-f]{12}[0-9a-f]{20}")
_FILE = re.compile(
    r"(processed_audio\.wav|result\.json|embedding\.(npy|json)|frames\.csv|log\.json"
    r"|original(\.[a-z0-9]{1,5})?)"
)
_DAY_S = 86_400


def new_id() -> str:
    """Milliseconds since 1970 and 80 random bits, in 32 hexadecimal digits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class Results:
    """The results of one VOXCOR_HOME; one server works in it at a time."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.results
        self._days = settings.results_days
        self._bytes = int(settings.results_gb * 1e9)

    @contextmanager
    def workplace(self, result_id: str) -> Iterator[Path]:
        """A folder to work in for the length of the block."""
        folder = self._folder / f".{result_id}"
        with storage_errors(self._folder):
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def clear_workplaces(self) -> None:
        """Removes what a server that was killed has left."""
        for folder in self._folder.glob(".*"):
            if _ID.fullmatch(folder.name[1:]):
                shutil.rmtree(folder, ignore_errors=True)

    def publish(
        self, result_id: str, result: Result, events: Sequence[Event], kept: Path | None, name: str
    ) -> None:
        """Makes a result visible, whole.

        Args:
            result_id: its name.
            result: what `voxcor.result_folder.save` takes.
            events: the log so far.
            kept: the recording as it came, to be copied beside it; None to keep none.
            name: what its sender called it.

        Raises:
            StorageError: the disk; nothing is kept.
        """
        with self.workplace(new_id()) as draft:
            folder = save(result, draft)
            with storage_errors(folder, kept.stat().st_size if kept else 0):
                entries = [{"event": event.name, "data": event.data} for event in events]
                (folder / LOG_FILE).write_text(to_json({"events": entries}), encoding="utf-8")
                if kept is not None:
                    shutil.copyfile(kept, folder / original_name(name))
                folder.rename(self._folder / result_id)

    def find(self, result_id: str) -> Path:
        """The folder of a result.

        Raises:
            NoSuchResult: there is none of this id.
        """
        folder = self._folder / result_id
        if not _ID.fullmatch(result_id) or not folder.is_dir():
            raise NoSuchResult(id=result_id)
        return folder

    def file(self, result_id: str, name: str) -> Path:
        """A file of a result; only such as a result has.

        Raises:
            NoSuchResult: there is none of this id, or no such file in it.
        """
        path = self.find(result_id) / name
        if not _FILE.fullmatch(name) or not path.is_file():
            raise NoSuchResult(id=result_id)
        return path

    def document(self, result_id: str) -> dict[str, Any]:
        """The result document, with `id` and `files`."""
        try:
            text = self.file(result_id, "result.json").read_text(encoding="utf-8")
        except FileNotFoundError:  # deleted this moment
            raise NoSuchResult(id=result_id) from None
        return {**json.loads(text), "id": result_id, "files": self.files(result_id)}

    def files(self, result_id: str) -> list[str]:
        """The names of a result's files."""
        return sorted(path.name for path in self.find(result_id).iterdir())

    def events(self, result_id: str) -> list[Event]:
        """The log of a result, which has ended."""
        text = self.file(result_id, LOG_FILE).read_text(encoding="utf-8")
        return [Event(entry["event"], entry["data"]) for entry in json.loads(text)["events"]]

    def page(self, limit: int, before: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """The newest results, or the newest before one; and before which the next page begins."""
        ids = [name for name in self._ids() if before is None or name < before]
        shown = []
        for result_id in ids[:limit]:
            try:
                shown.append(self.document(result_id))
            except NoSuchResult:  # deleted this moment
                continue
        return shown, ids[limit - 1] if len(ids) > limit else None

    def delete(self, result_id: str) -> None:
        """Every trace of a result.

        Raises:
            NoSuchResult: there is none of this id.
            StorageError: its files cannot be deleted.
        """
        folder = self.find(result_id)
        with storage_errors(folder):
            # Out of sight at once, whole.
            doomed = folder.rename(folder.with_name(f".{result_id}"))
            shutil.rmtree(doomed)

    def sweep(self) -> None:
        """Deletes what is older, or more in all, than the settings keep."""
        oldest = int((time.time() - self._days * _DAY_S) * 1000)
        total = 0
        for result_id in self._ids():
            folder = self._folder / result_id
            total += _size_of(folder)
            if total > self._bytes or int(result_id[:12], 16) < oldest:
                try:
                    self.delete(result_id)
                except NoSuchResult:  # somebody else was first
                    continue

    def _ids(self) -> list[str]:
        """All ids, the newest first."""
        try:
            names = [entry.name for entry in os.scandir(self._folder)]
        except FileNotFoundError:
            return []
        return sorted((name for name in names if _ID.fullmatch(name)), reverse=True)


def original_name(name: str) -> str:
    """Under which name a recording is kept: its own is in the document, its extension plays it."""
    extension = Path(name).suffix.lower()
    return ORIGINAL + (extension if extension in AUDIO_EXTENSIONS else "")


def zip_chunks(folder: Path) -> Iterator[bytes]:
    """The folder as a zip, made while it is sent.

    Stored, not deflated: audio and arrays hardly shrink.
    """
    timestamp = json.loads((folder / "result.json").read_text(encoding="utf-8"))["timestamp"]
    top = "outputs_" + timestamp.translate({ord("-"): None, ord(":"): None, ord(" "): "_"})
    yield from zipped(folder, top, sorted(folder.iterdir()))


def zipped(folder: Path, top: str, paths: Iterable[Path]) -> Iterator[bytes]:
    """Files below `folder` as a zip in which `top` stands for it, made while it is sent."""
    import zipfile

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


def _size_of(folder: Path) -> int:
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder))
    except FileNotFoundError:  # deleted this moment
        return 0
