"""Results on the disk: a folder each under VOXCOR_HOME/results, named by the result's id.

It holds what `voxcor.result_folder` writes, the processing log, and, where that was asked for, the
recording as it came. An id begins with the time, so that names sort by age, and ends in chance, so
that nobody guesses one. What is being made lies in a folder whose name begins with a dot. A result
that cannot be read any more is set aside as `ID.unreadable`; it ages, and is deleted, like others.
"""

import io
import json
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxcor.disk.faults import storage_errors
from voxcor.disk.unreadable import missing, read_state, set_aside_of, set_unreadable_aside
from voxcor.disk.whole import clear_abandoned, drafting, make_private, publish, remove
from voxcor.errors import NoSuchResult, StateUnreadable, StorageError
from voxcor.extensions import AUDIO_EXTENSIONS
from voxcor.result_folder import size_of, to_json, write_result
from voxcor.results import Result
from voxcor.server.events import Event
from voxcor.server.retention import DAY_S, Clock
from voxcor.settings import Settings
from voxcor.stored_result import result_from

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LOG_FILE = "log.json"
ORIGINAL = "original"

# Of a page of documents: one of an hour has a megabyte of segments.
MOST_PAGE_BYTES = 4_000_000

_ID = re.compile(r"[0-9a-f]{12}[0-9a-f]{20}")
_FILE = re.compile(
    r"(processed_audio\.wav|result\.json|embedding\.(npy|json)|frames\.csv|log\.json"
    r"|original(\.[a-z0-9]{1,5})?)"
)
_ASIDE = re.compile(_ID.pattern + r"\.unreadable.*")

logger = logging.getLogger("voxcor.server")


def new_id() -> str:
    """Milliseconds since 1970 and 80 random bits, in 32 hexadecimal digits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class Results:
    """The results of one VOXCOR_HOME; one server works in it at a time."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._folder = settings.results
        self._clock = clock or Clock(settings.home / "results.clock")
        self._out_of_reach: set[str] = set()
        self._days = settings.results_days
        self._bytes = int(settings.results_gb * 1e9)

    @contextmanager
    def workplace(self, result_id: str) -> Iterator[Path]:
        """A folder to work in for the length of the block."""
        folder = self._folder / f".{result_id}"
        with storage_errors(self._folder):
            make_private(self._folder)
            folder.mkdir(0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def clear_workplaces(self) -> None:
        """Removes what a server that was killed has left."""
        for folder in self._folder.glob(".*"):
            if _ID.fullmatch(folder.name[1:]):
                shutil.rmtree(folder, ignore_errors=True)
        clear_abandoned(self._folder)

    def publish(
        self, result_id: str, result: Result, events: Sequence[Event], kept: Path | None, name: str
    ) -> None:
        """Makes a result visible, whole and on the disk.

        Args:
            result_id: its name.
            result: what `voxcor.result_folder.save` takes.
            events: the log so far.
            kept: the recording as it came, to lie beside it; None to keep none.
            name: what its sender called it.

        Raises:
            StorageError: the disk; nothing is kept.
        """
        self._clock.look(self._times)
        folder = self._folder / result_id
        with storage_errors(self._folder):
            make_private(self._folder)
        needed = size_of(result) + (kept.stat().st_size if kept else 0)
        with storage_errors(self._folder, needed), drafting(folder, private=True) as draft:
            write_result(result, draft)
            entries = [{"event": event.name, "data": event.data} for event in events]
            (draft / LOG_FILE).write_text(to_json({"events": entries}), encoding="utf-8")
            if kept is not None:
                _keep(kept, draft / original_name(name))
            publish(draft, folder, private=True)

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
        """The result document, with `id` and `files`.

        Raises:
            NoSuchResult: there is none of this id.
            StateUnreadable: it cannot be read; where it is damaged, it is set aside.
        """
        folder = self._folder / result_id
        if not _ID.fullmatch(result_id) or not os.path.lexists(folder):
            raise NoSuchResult(id=result_id)
        try:
            document = read_state(folder / "result.json", _checked)
            found = {**document, "id": result_id, "files": self.files(result_id)}
        except FileNotFoundError:
            if not os.path.lexists(folder):  # deleted this moment
                raise NoSuchResult(id=result_id) from None
            error = missing(folder / "result.json")
        except StateUnreadable as damaged:
            error = damaged
        else:
            self._out_of_reach.discard(result_id)
            return found
        if set_unreadable_aside(folder, error) is None:
            self._out_of_reach.add(result_id)
        raise error

    def files(self, result_id: str) -> list[str]:
        """The names of a result's files."""
        names = (path.name for path in self.find(result_id).iterdir())
        return sorted(name for name in names if _FILE.fullmatch(name))

    def events(self, result_id: str) -> list[Event]:
        """The log of a result, which has ended.

        Raises:
            NoSuchResult: there is none of this id, or none any more.
            StateUnreadable: it cannot be read; where it is damaged, it is set aside.
        """
        path = self.file(result_id, LOG_FILE)
        try:
            return read_state(path, _events_from)
        except FileNotFoundError:  # deleted this moment
            raise NoSuchResult(id=result_id) from None
        except StateUnreadable as error:
            set_unreadable_aside(path, error)
            raise

    def page(self, limit: int, before: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """The newest results, or the newest before one; and before which the next page begins.

        It ends before `limit` where its documents come to `MOST_PAGE_BYTES`. What cannot be read is
        left out, and among `unreadable` then.
        """
        ids = [name for name in self._ids() if before is None or name < before]
        shown: list[dict[str, Any]] = []
        size = 0
        for place, result_id in enumerate(ids):
            if place == limit or size > MOST_PAGE_BYTES:
                return shown, ids[place - 1]
            try:
                shown.append(self.document(result_id))
                size += (self._folder / result_id / "result.json").stat().st_size
            except (NoSuchResult, StateUnreadable, FileNotFoundError):
                continue  # deleted this moment, or told by the log
        return shown, None

    def unreadable(self) -> list[str]:
        """What lies there and is no result that can be read: as it is called, the newest first."""
        return sorted((*self._names(_ASIDE), *self._out_of_reach), reverse=True)

    def delete(self, result_id: str) -> None:
        """Every trace of a result, on the disk when this returns; also of one that was set aside.

        Raises:
            NoSuchResult: there is none of this id.
            StorageError: its files cannot be deleted.
        """
        folder = self._folder / result_id
        if not _ID.fullmatch(result_id):
            raise NoSuchResult(id=result_id)
        doomed = [path for path in (folder, *set_aside_of(folder)) if os.path.lexists(path)]
        if not doomed:
            raise NoSuchResult(id=result_id)
        with storage_errors(folder):
            for path in doomed:
                remove(path)
        self._out_of_reach.discard(result_id)
        if not self._times():
            self._clock.forget()

    def sweep(self) -> None:
        """Deletes what is older, or more in all, than the settings keep; see `retention`."""
        if not self._times():
            return
        sighting = self._clock.look(self._times)
        total = 0
        for name in sorted((*self._ids(), *self._names(_ASIDE)), reverse=True):
            total += size_on_disk(self._folder / name)
            if total > self._bytes or sighting.age_s(made_at(name)) > self._days * DAY_S:
                try:
                    self.delete(name[:32])
                except NoSuchResult:  # somebody else was first
                    continue
                except StorageError as error:
                    logger.error("an old result cannot be deleted: %s", error.message)

    def _ids(self) -> list[str]:
        """All ids, the newest first."""
        return sorted(self._names(_ID), reverse=True)

    def _names(self, pattern: re.Pattern[str]) -> list[str]:
        try:
            with storage_errors(self._folder), suppress(FileNotFoundError):
                return [e.name for e in os.scandir(self._folder) if pattern.fullmatch(e.name)]
        except StorageError as error:
            logger.error("%s", error.message)
        return []

    def _times(self) -> list[float]:
        return [made_at(name) for name in self._names(_ID)]


def _checked(document: Any) -> dict[str, Any]:
    """The document of a result, if it is one and can be sent."""
    result_from({**document, "id": "", "files": []})
    to_json(document).encode()
    return dict(document)


def _events_from(document: Any) -> list[Event]:
    to_json(document).encode()
    return [Event(str(entry["event"]), dict(entry["data"])) for entry in document["events"]]


def made_at(name: str) -> float:
    """When what has this id was made, in seconds since 1970."""
    return int(name[:12], 16) / 1000


def _keep(recording: Path, place: Path) -> None:
    """Another name for the same bytes: the results of all its channels take them once."""
    try:
        os.link(recording, place)
    except OSError:  # a file system without links
        shutil.copyfile(recording, place)


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


def size_on_disk(folder: Path) -> int:
    """The bytes of everything in it."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # deleted this moment
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
    return total
