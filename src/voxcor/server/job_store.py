"""Jobs on the disk: a folder each under VOXCOR_HOME/jobs, named by the job's id.

It is the folder of a batch, ledger and tables, with the uploads beside it and `job.json`, which
says what was asked for and whether it has ended. What has not ended goes on when a server starts.
"""

import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from voxcor.batch.items import Options
from voxcor.batch.ledger import LEDGER_FILE, Counts, Ledger
from voxcor.disk.faults import storage_errors
from voxcor.errors import NoSuchJob, SourceRefused, VoxcorError
from voxcor.result_folder import to_json
from voxcor.settings import Settings

State = Literal["waiting", "running", "done", "cancelled", "failed"]
ENDED: tuple[State, ...] = ("done", "cancelled", "failed")

JOB_FILE = "job.json"
INPUTS = "inputs"

_ID = re.compile(r"[0-9a-f]{32}")
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for: `source` is a place on the server, or None for uploads."""

    id: str
    created: str
    options: Options
    model: str | None
    source: str | None
    state: State = "waiting"
    error: dict[str, Any] | None = None  # why it failed as a whole


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

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.jobs
        self._days = settings.jobs_days

    def workplace(self, job_id: str) -> Path:
        """A new folder for a job, out of sight until `publish`.

        Raises:
            StorageError: the disk.
        """
        folder = self._folder / f".{job_id}"
        with storage_errors(self._folder):
            (folder / INPUTS).mkdir(parents=True)
        return folder

    def discard(self, workplace: Path) -> None:
        shutil.rmtree(workplace, ignore_errors=True)

    def publish(self, job: Job, workplace: Path) -> None:
        """Makes a job visible, whole."""
        with storage_errors(workplace):
            self._write(job, workplace)
            workplace.rename(self._folder / job.id)

    def clear_workplaces(self) -> None:
        """Removes what a server that was killed has left of jobs that nobody was told of."""
        if self._folder.is_dir():
            for folder in self._folder.glob(".*"):
                if _ID.fullmatch(folder.name[1:]):
                    shutil.rmtree(folder, ignore_errors=True)

    def folder(self, job_id: str) -> Path:
        """The folder of a job.

        Raises:
            NoSuchJob: there is none of this id.
        """
        folder = self._folder / job_id
        if not _ID.fullmatch(job_id) or not (folder / JOB_FILE).is_file():
            raise NoSuchJob(id=job_id)
        return folder

    def find(self, job_id: str) -> Job:
        """A job.

        Raises:
            NoSuchJob: there is none of this id.
        """
        try:
            document = json.loads((self.folder(job_id) / JOB_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:  # deleted this moment
            raise NoSuchJob(id=job_id) from None
        options = document.pop("options")
        labels = None if options["labels"] is None else tuple(options["labels"])
        return Job(**document, options=Options(**{**options, "labels": labels}))

    def all(self) -> Iterator[Job]:
        """All jobs, the newest first."""
        names = sorted((path.name for path in self._entries()), reverse=True)
        for name in names:
            try:
                yield self.find(name)
            except NoSuchJob:
                continue

    def set_state(self, job_id: str, state: State, error: VoxcorError | None = None) -> None:
        """Writes down how far a job is.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        folder = self.folder(job_id)
        document = None if error is None else error.to_dict()
        with storage_errors(folder):
            self._write(replace(self.find(job_id), state=state, error=document), folder)

    def counts(self, job_id: str) -> Counts:
        """How far it is, in items; nothing where it has not been begun."""
        folder = self.folder(job_id)
        if (folder / LEDGER_FILE).is_file():
            with Ledger(folder) as ledger:
                if ledger.begun:
                    return ledger.counts()
        return Counts(0, 0, 0, 0.0)

    def delete(self, job_id: str) -> None:
        """Every trace of a job that does not run.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        folder = self.folder(job_id)
        with storage_errors(folder):
            doomed = folder.rename(folder.with_name(f".{job_id}"))
            shutil.rmtree(doomed)

    def sweep(self) -> None:
        """Deletes what has ended and is older than the settings keep."""
        oldest = int((time.time() - self._days * _DAY_S) * 1000)
        for job in self.all():
            if job.state in ENDED and int(job.id[:12], 16) < oldest:
                self.delete(job.id)

    def _entries(self) -> Iterator[Path]:
        if self._folder.is_dir():
            yield from (path for path in self._folder.iterdir() if _ID.fullmatch(path.name))

    def _write(self, job: Job, folder: Path) -> None:
        document = {**asdict(job), "options": job.options.to_document()}
        draft = folder / f".{JOB_FILE}"
        draft.write_text(to_json(document, indent=2), encoding="utf-8", errors="backslashreplace")
        draft.replace(folder / JOB_FILE)
