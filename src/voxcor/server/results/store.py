"""Results on the disk: a folder each under VOXCOR_HOME/results, named by the result's id.

It holds what `voxcor.result_folder` writes, the processing log, and, where that was asked for, the
recording as it came.
"""

import os
import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxcor.corrections import (
    CORRECTIONS_FILE,
    Correction,
    Corrections,
    read_corrections,
    withdraw_corrections,
    write_corrections,
)
from voxcor.disk.faults import storage_errors
from voxcor.disk.unreadable import read_state, set_unreadable_aside
from voxcor.disk.whole import drafting, make_private, publish
from voxcor.errors import NoSuchResult, StateUnreadable
from voxcor.extensions import AUDIO_EXTENSIONS
from voxcor.result_folder import size_of, to_json, write_result
from voxcor.results import Result
from voxcor.server.event_log import LogEntry
from voxcor.server.folder_store import FolderStore, logger
from voxcor.server.retention import Clock
from voxcor.settings import Settings
from voxcor.stored_result import result_from

RESULT_FILE = "result.json"
LOG_FILE = "log.json"
ORIGINAL = "original"

# Of a page of documents: one of an hour has a megabyte of segments.
MOST_PAGE_BYTES = 4_000_000

_FILE = re.compile(
    r"(processed_audio\.wav|result\.json|embedding\.(npy|json)|frames\.csv|log\.json"
    r"|corrections\.json|original(\.[a-z0-9]{1,5})?)"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which results are asked for; what is None is all the same.

    Attributes:
        name: part of the recording's name, in any case.
        emotion: the id of a label, or `abstained`.
        below: more than the confidence, 0..1.
    """

    name: str | None = None
    emotion: str | None = None
    below: float | None = None

    def has(self, document: Mapping[str, Any]) -> bool:
        """Whether a result document is among them."""
        answer = "abstained" if document["abstained"] else document["emotion"]
        return (
            (self.name is None or self.name.casefold() in document["audio"]["name"].casefold())
            and (self.emotion is None or self.emotion == answer)
            and (self.below is None or document["confidence"] < self.below)
        )


class ResultStore(FolderStore):
    """The results of one VOXCOR_HOME."""

    no_such = NoSuchResult

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        super().__init__(
            settings.results,
            clock or Clock(settings.home / "results.clock"),
            days=settings.results_days,
            gigabytes=settings.results_gb,
        )
        # One at a time corrects, and no folder goes while somebody writes into it.
        self._writing = threading.Lock()

    @contextmanager
    def workplace(self, result_id: str) -> Iterator[Path]:
        """A folder to work in for the length of the block."""
        folder = self.make_draft(result_id)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(
        self, result_id: str, result: Result, log: Sequence[LogEntry], kept: Path | None, name: str
    ) -> None:
        """Makes a result visible, whole and on the disk.

        Args:
            result_id: its name.
            result: what `voxcor.result_folder.save` takes.
            log: what there is of it so far.
            kept: the recording as it came, to lie beside it; None to keep none.
            name: what its sender called it.

        Raises:
            StorageError: the disk; nothing is kept.
        """
        self._clock.look(self._times)
        folder = self._root / result_id
        with storage_errors(self._root):
            make_private(self._root)
        needed = size_of(result) + (kept.stat().st_size if kept else 0)
        with storage_errors(self._root, needed), drafting(folder, private=True) as draft:
            write_result(result, draft)
            entries = [{"event": entry.name, "data": entry.data} for entry in log]
            (draft / LOG_FILE).write_text(to_json({"events": entries}), encoding="utf-8")
            if kept is not None:
                _keep(kept, draft / original_name(name))
            publish(draft, folder, private=True)

    def file(self, result_id: str, name: str) -> Path:
        """A file of a result; only such as a result has.

        Raises:
            NoSuchResult: there is none of this id, or no such file in it.
        """
        path = self.folder(result_id) / name
        if not _FILE.fullmatch(name) or not path.is_file():
            raise NoSuchResult(id=result_id)
        return path

    def document(self, result_id: str) -> dict[str, Any]:
        """The result document, with `id` and `files`.

        Raises:
            NoSuchResult: there is none of this id.
            StateUnreadable: it cannot be read; where it is damaged, it is set aside.
        """
        document = self.read(result_id, RESULT_FILE, _checked)
        try:
            return {**document, "id": result_id, "files": self.files(result_id)}
        except FileNotFoundError:  # deleted this moment
            raise NoSuchResult(id=result_id) from None

    def files(self, result_id: str) -> list[str]:
        """The names of a result's files."""
        names = (path.name for path in self.folder(result_id).iterdir())
        return sorted(name for name in names if _FILE.fullmatch(name))

    def events(self, result_id: str) -> list[LogEntry]:
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

    def delete(self, folder_id: str) -> None:
        """As of every folder; corrections go with their result."""
        with self._writing:
            super().delete(folder_id)

    def corrections(self, result_id: str) -> Corrections:
        """What people have put right of a result.

        Raises:
            NoSuchResult: there is none of this id.
            StateUnreadable: the corrections, or the result, cannot be read.
        """
        result = self._result(result_id)
        return read_corrections(self.folder(result_id), result)

    def correct(self, result_id: str, wanted: Sequence[Correction], based_on: str) -> Corrections:
        """Replaces them; see `write_corrections`.

        Raises:
            NoSuchResult: there is none of this id.
            CorrectionsInvalid, CorrectionsChanged, StorageError: nothing is written.
        """
        with self._writing:
            result = self._result(result_id)
            return write_corrections(self.folder(result_id), result, wanted, based_on)

    def withdraw(self, result_id: str) -> None:
        """Takes all corrections of a result back.

        Raises:
            NoSuchResult: there is none of this id.
            StorageError: the disk.
        """
        with self._writing:
            result = self._result(result_id)
            withdraw_corrections(self.folder(result_id), result)

    def corrected(self) -> tuple[list[tuple[Path, Result, Corrections]], list[str]]:
        """Every result that has corrections, the oldest first; the ids of those that have some
        which cannot be read, told by the log.
        """
        found: list[tuple[Path, Result, Corrections]] = []
        unreadable = []
        for result_id in reversed(self.ids()):
            folder = self._root / result_id
            if not os.path.lexists(folder / CORRECTIONS_FILE):
                continue
            try:
                found.append((folder, self._result(result_id), self.corrections(result_id)))
            except NoSuchResult:  # deleted this moment
                continue
            except StateUnreadable as error:
                logger.error("%s", error.message)
                unreadable.append(result_id)
        return found, unreadable

    def _result(self, result_id: str) -> Result:
        return result_from(self.document(result_id))

    def page(
        self, limit: int, before: str | None, wanted: Wanted | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The newest results that are wanted, None for all, or the newest before one; and before
        which the next page begins.

        It ends before `limit` where its documents come to `MOST_PAGE_BYTES`. What cannot be read is
        left out, and among `unreadable` then.
        """
        ids = [name for name in self.ids() if before is None or name < before]
        shown: list[dict[str, Any]] = []
        size = 0
        for place, result_id in enumerate(ids):
            if len(shown) == limit or size > MOST_PAGE_BYTES:
                return shown, ids[place - 1]
            try:
                document = self.document(result_id)
                if wanted is not None and not wanted.has(document):
                    continue
                shown.append(document)
                size += (self._root / result_id / RESULT_FILE).stat().st_size
            except (NoSuchResult, StateUnreadable, FileNotFoundError):
                continue  # deleted this moment, or told by the log
        return shown, None


def _checked(document: Any) -> dict[str, Any]:
    """The document of a result, if it is one and can be sent."""
    result_from({**document, "id": "", "files": []})
    to_json(document).encode()
    return dict(document)


def _events_from(document: Any) -> list[LogEntry]:
    to_json(document).encode()
    return [LogEntry(str(entry["event"]), dict(entry["data"])) for entry in document["events"]]


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
