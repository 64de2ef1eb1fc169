"""Jobs on the disk: a folder each under VOXCOR_HOME/jobs, named by the job's id.

It is the folder of a batch, ledger and tables, with the uploads beside it and `job.json`, which
says what was asked for and whether it has ended. What has not ended goes on when a server starts.
A ledger that cannot be read any more is set aside, in its folder.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.items import Item
from voxcor.batch.ledger import Counts, Ledger
from voxcor.disk.faults import storage_errors
from voxcor.disk.unreadable import set_unreadable_aside, unreadable
from voxcor.disk.whole import publish, write_whole
from voxcor.errors import (
    LedgerCorrupt,
    NoSuchJob,
    SourceRefused,
    StateUnreadable,
    StorageError,
    VoxcorError,
)
from voxcor.options import RecordingOptions
from voxcor.result_folder import to_json
from voxcor.server.folder_store import FolderStore
from voxcor.server.retention import Clock
from voxcor.settings import Settings
from voxcor.sources import PassedOver

State = Literal["waiting", "running", "done", "cancelled", "failed"]
ENDED: tuple[State, ...] = ("done", "cancelled", "failed")

JOB_FILE = "job.json"
INPUTS = "inputs"

logger = logging.getLogger("voxcor.server")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What was asked for: `source` is a place on the server, or None for uploads.

    `name` is what people call it, `passed_over` what the source was found to hold beside
    recordings. With `keep_audio` uploads stay as long as the job does.
    """

    id: str
    created: str
    options: RecordingOptions
    model: str | None
    source: str | None
    state: State = "waiting"
    error: dict[str, Any] | None = None  # why it failed as a whole
    passed_over: dict[str, Any] | None = None
    name: str | None = None
    keep_audio: bool = False


def require_allowed(settings: Settings, place: str) -> None:
    """Looks whether jobs may read there, wherever links lead.

    Raises:
        SourceRefused: it lies in no folder of `job_sources`.
    """
    try:
        real = Path(place).resolve()
        allowed = any(real.is_relative_to(folder.resolve()) for folder in settings.job_sources)
    except (OSError, ValueError):  # a NUL, or a name too long
        allowed = False
    if not allowed:
        raise SourceRefused(source=place)


class JobStore(FolderStore):
    """The jobs of one VOXCOR_HOME."""

    no_such = NoSuchJob

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        super().__init__(
            settings.jobs,
            clock or Clock(settings.home / "jobs.clock"),
            days=settings.jobs_days,
            gigabytes=settings.jobs_gb,
        )

    def workplace(self, job_id: str) -> Path:
        """A new folder for a job, out of sight until `publish`.

        Raises:
            StorageError: the disk.
        """
        folder = self.make_draft(job_id)
        with storage_errors(self._root):
            (folder / INPUTS).mkdir()
        return folder

    def discard(self, workplace: Path) -> None:
        shutil.rmtree(workplace, ignore_errors=True)

    def publish(self, job: JobRecord, workplace: Path) -> None:
        """Makes a job visible, whole and on the disk.

        Raises:
            StorageError: the disk.
        """
        self._clock.look(self._times)
        with storage_errors(workplace):
            self._write(job, workplace)
            publish(workplace, self._root / job.id, private=True)

    def find(self, job_id: str) -> JobRecord:
        """A job.

        Raises:
            NoSuchJob: there is none of this id.
            StateUnreadable: it cannot be read; where it is damaged, it is set aside.
        """

        def parse(document: Any) -> JobRecord:
            job = _JOB.validate_python(document)
            if job.id != job_id:
                raise ValueError(f"it is {job.id}")
            return job

        return self.read(job_id, JOB_FILE, parse)

    def all(self) -> Iterator[JobRecord]:
        """All jobs, the newest first; what cannot be read is among `unreadable` then."""
        for job_id in self.ids():
            with suppress(NoSuchJob, StateUnreadable):  # deleted this moment, or told by the log
                yield self.find(job_id)

    def set_state(self, job_id: str, state: State, error: VoxcorError | None = None) -> None:
        """Writes down how far a job is.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        folder = self.folder(job_id)
        document = None if error is None else error.to_dict()
        with storage_errors(folder):
            self._write(replace(self.find(job_id), state=state, error=document), folder)

    def set_name(self, job_id: str, name: str | None) -> None:
        """Writes down what people call a job.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        folder = self.folder(job_id)
        with storage_errors(folder):
            self._write(replace(self.find(job_id), name=name), folder)

    def recording(self, job_id: str, position: int, settings: Settings) -> tuple[Path, str]:
        """The file of a recording of a job and what its sender calls it.

        Raises:
            NoSuchJob: there is none, or its file is not there any more.
            SourceRefused: it lies where jobs may not read.
        """
        folder = self.folder(job_id)
        item = self._item(folder, position)
        place: Path | None = None
        if self.find(job_id).source is None:
            place = folder / INPUTS / f"{position:06}"
        elif item is not None and item.member is None:
            place = Path(item.path)
            require_allowed(settings, item.path)
        if item is None or place is None or not place.is_file():
            raise NoSuchJob(id=f"{job_id}/{position}")
        return place, Path(item.name).name

    def name_of(self, job_id: str, position: int) -> str:
        """What the sender of a recording of a job calls it.

        Raises:
            NoSuchJob: there is none.
            LedgerCorrupt, StorageError: the ledger cannot be read.
        """
        item = self._item(self.folder(job_id), position)
        if item is None:
            raise NoSuchJob(id=f"{job_id}/{position}")
        return Path(item.name).name

    def set_passed_over(self, job_id: str, passed_over: PassedOver) -> None:
        """Writes down what the source of a job holds beside recordings.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        folder = self.folder(job_id)
        document = passed_over.to_document()
        with storage_errors(folder):
            self._write(replace(self.find(job_id), passed_over=document), folder)

    def counts(self, job_id: str) -> Counts:
        """How far it is, in items; nothing where it has not been begun.

        The ledger of a job that has ended is set aside where it is damaged, and the job has failed.

        Raises:
            NoSuchJob: there is none of this id.
        """
        folder = self.folder(job_id)
        try:
            if (folder / LEDGER_FILE).is_file():
                with Ledger(folder) as ledger:
                    if ledger.begun:
                        return ledger.counts()
        except LedgerCorrupt as error:
            if self.find(job_id).state in ENDED:
                self._without_ledger(job_id, error)
        except (OSError, StorageError) as error:
            logger.error("the ledger of job %s is out of reach: %s", job_id, error)
        return Counts(0, 0, 0, 0.0)

    def drop_inputs(self, job_id: str) -> None:
        """Removes the uploads of a job that has ended, unless they are to stay."""
        if not self.find(job_id).keep_audio:
            shutil.rmtree(self._root / job_id / INPUTS, ignore_errors=True)

    def _counted(self) -> Iterable[tuple[str, bool]]:
        """What has not ended takes space, and stays."""
        jobs = [(job.id, job.state in ENDED) for job in self.all()]
        return (*jobs, *((name, True) for name in self.unreadable()))

    def _item(self, folder: Path, position: int) -> Item | None:
        if not (folder / LEDGER_FILE).is_file():
            return None
        with Ledger(folder) as ledger:
            row = next(ledger.rows(after=position - 1), None) if ledger.begun else None
        return row.item if row and row.item.position == position else None

    def _without_ledger(self, job_id: str, error: LedgerCorrupt) -> None:
        folder = self.folder(job_id)
        try:
            for name in (LEDGER_FILE, f"{LEDGER_FILE}-wal", f"{LEDGER_FILE}-shm"):
                if (folder / name).exists():
                    damage = ValueError(error.details["reason"])
                    set_unreadable_aside(folder / name, unreadable(folder / name, damage))
            self.set_state(job_id, "failed", error)
        except (OSError, VoxcorError) as failure:
            logger.error("job %s cannot be ended: %s", job_id, failure)

    def _write(self, job: JobRecord, folder: Path) -> None:
        document = {**asdict(job), "options": job.options.to_document()}
        write_whole(folder / JOB_FILE, to_json(document, indent=2), private=True)


_JOB = TypeAdapter(JobRecord)
