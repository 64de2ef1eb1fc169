"""Jobs on the disk: a folder each under VOXCOR_HOME/jobs, named by the job's id.

It is the folder of a batch, ledger and tables, with the uploads beside it and `job.json`, which
says what was asked for and whether it has ended. What has not ended goes on when a server starts.
A job that cannot be read any more is set aside as `ID.unreadable`; so is a ledger, in its folder.
"""

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.ledger import Counts, Ledger
from voxcor.disk.faults import storage_errors
from voxcor.disk.unreadable import (
    missing,
    read_state,
    set_aside_of,
    set_unreadable_aside,
    unreadable,
)
from voxcor.disk.whole import clear_abandoned, make_private, publish, remove, sync, write_whole
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
from voxcor.server.retention import DAY_S, Clock
from voxcor.server.storage import made_at, size_on_disk
from voxcor.settings import Settings
from voxcor.sources import PassedOver

State = Literal["waiting", "running", "done", "cancelled", "failed"]
ENDED: tuple[State, ...] = ("done", "cancelled", "failed")

JOB_FILE = "job.json"
INPUTS = "inputs"

# What the job file of a job is called that runs still, and has been deleted.
_DELETED = ".deleted"

_ID = re.compile(r"[0-9a-f]{32}")
_ASIDE = re.compile(_ID.pattern + r"\.unreadable.*")

logger = logging.getLogger("voxcor.server")


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for: `source` is a place on the server, or None for uploads.

    `passed_over` is what the source was found to hold beside recordings.
    """

    id: str
    created: str
    options: RecordingOptions
    model: str | None
    source: str | None
    state: State = "waiting"
    error: dict[str, Any] | None = None  # why it failed as a whole
    passed_over: dict[str, Any] | None = None


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


class JobStore:
    """The jobs of one VOXCOR_HOME."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._folder = settings.jobs
        self._days = settings.jobs_days
        self._bytes = int(settings.jobs_gb * 1e9)
        self._clock = clock or Clock(settings.home / "jobs.clock")
        self._out_of_reach: set[str] = set()

    def workplace(self, job_id: str) -> Path:
        """A new folder for a job, out of sight until `publish`.

        Raises:
            StorageError: the disk.
        """
        folder = self._folder / f".{job_id}"
        with storage_errors(self._folder):
            make_private(self._folder)
            folder.mkdir(0o700)
            (folder / INPUTS).mkdir()
        return folder

    def discard(self, workplace: Path) -> None:
        shutil.rmtree(workplace, ignore_errors=True)

    def publish(self, job: Job, workplace: Path) -> None:
        """Makes a job visible, whole and on the disk.

        Raises:
            StorageError: the disk.
        """
        self._clock.look(self._times)
        with storage_errors(workplace):
            self._write(job, workplace)
            publish(workplace, self._folder / job.id, private=True)

    def clear_workplaces(self) -> None:
        """Removes what a server that was killed has left of jobs that nobody knows of."""
        if self._folder.is_dir():
            for folder in self._folder.iterdir():
                if _ID.fullmatch(folder.name[1:]) or (folder / _DELETED).exists():
                    shutil.rmtree(folder, ignore_errors=True)
            clear_abandoned(self._folder)

    def folder(self, job_id: str) -> Path:
        """The folder of a job.

        Raises:
            NoSuchJob: there is none of this id.
        """
        folder = self._folder / job_id
        # The name first: what is none is not asked the disk for.
        if not _ID.fullmatch(job_id) or not os.path.lexists(folder):
            raise NoSuchJob(id=job_id)
        if (folder / _DELETED).exists():
            raise NoSuchJob(id=job_id)
        return folder

    def find(self, job_id: str) -> Job:
        """A job.

        Raises:
            NoSuchJob: there is none of this id.
            StateUnreadable: it cannot be read; where it is damaged, it is set aside.
        """
        folder = self.folder(job_id)
        try:
            job = read_state(folder / JOB_FILE, _JOB.validate_python)
            if job.id != job_id:
                raise unreadable(folder, ValueError(f"it is {job.id}"))
        except FileNotFoundError:
            if (folder / _DELETED).exists() or not os.path.lexists(folder):
                raise NoSuchJob(id=job_id) from None
            error = missing(folder / JOB_FILE)
        except StateUnreadable as damaged:
            error = damaged
        else:
            self._out_of_reach.discard(job_id)
            return job
        if set_unreadable_aside(folder, error) is None:
            self._out_of_reach.add(job_id)
        raise error

    def all(self) -> Iterator[Job]:
        """All jobs, the newest first; what cannot be read is among `unreadable` then."""
        for name in sorted(self._names(_ID), reverse=True):
            with suppress(NoSuchJob, StateUnreadable):  # deleted this moment, or told by the log
                yield self.find(name)

    def unreadable(self) -> list[str]:
        """What lies there and is no job that can be read: as it is called, the newest first."""
        return sorted((*self._names(_ASIDE), *self._out_of_reach), reverse=True)

    def set_state(self, job_id: str, state: State, error: VoxcorError | None = None) -> None:
        """Writes down how far a job is.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        folder = self.folder(job_id)
        document = None if error is None else error.to_dict()
        with storage_errors(folder):
            self._write(replace(self.find(job_id), state=state, error=document), folder)

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

    def delete(self, job_id: str) -> None:
        """Every trace of a job that does not run.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        folder = self._folder / job_id
        if not _ID.fullmatch(job_id):
            raise NoSuchJob(id=job_id)
        doomed = [path for path in (folder, *set_aside_of(folder)) if os.path.lexists(path)]
        if not doomed:
            raise NoSuchJob(id=job_id)
        with storage_errors(folder):
            for path in doomed:
                remove(path)
        self._out_of_reach.discard(job_id)
        if not self._times():
            self._clock.forget()

    def hide(self, job_id: str) -> None:
        """A job that runs is there no longer for anybody; `clear` follows when it has ended.

        It takes no space, so a full disk is no obstacle.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        folder = self.folder(job_id)
        with storage_errors(folder):
            (folder / JOB_FILE).rename(folder / _DELETED)
            sync(folder)

    def clear(self, job_id: str) -> None:
        """Every trace of a job that is hidden."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def drop_inputs(self, job_id: str) -> None:
        """Removes the uploads of a job that has ended: nothing reads them any more."""
        shutil.rmtree(self._folder / job_id / INPUTS, ignore_errors=True)

    def sweep(self) -> None:
        """Deletes what has ended and is older, or more in all, than the settings keep.

        What has not ended counts, and stays. See `retention`.
        """
        if not self._times():
            return
        sighting = self._clock.look(self._times)
        ended = {job.id: job.state in ENDED for job in self.all()}
        total = 0
        for name in sorted((*ended, *self.unreadable()), reverse=True):
            total += size_on_disk(self._folder / name)
            old = sighting.age_s(made_at(name)) > self._days * DAY_S
            if ended.get(name, True) and (old or total > self._bytes):
                try:
                    self.delete(name[:32])
                except NoSuchJob:  # somebody else was first
                    continue
                except StorageError as error:
                    logger.error("an old job cannot be deleted: %s", error.message)

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

    def _names(self, pattern: re.Pattern[str]) -> list[str]:
        try:
            with storage_errors(self._folder), suppress(FileNotFoundError):
                return [e.name for e in os.scandir(self._folder) if pattern.fullmatch(e.name)]
        except StorageError as error:
            logger.error("%s", error.message)
        return []

    def _times(self) -> list[float]:
        return [made_at(name) for name in self._names(_ID)]

    def _write(self, job: Job, folder: Path) -> None:
        document = {**asdict(job), "options": job.options.to_document()}
        write_whole(folder / JOB_FILE, to_json(document, indent=2), private=True)


_JOB = TypeAdapter(Job)
