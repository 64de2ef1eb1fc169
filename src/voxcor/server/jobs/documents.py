"""What is said of a job and its recordings on the wire."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.ledger import Ledger, LedgerRow
from voxcor.errors import BatchError, NoSuchJob, StorageError
from voxcor.server.jobs.runner import JobRunner
from voxcor.server.jobs.store import JobRecord


class JobProgress(BaseModel):
    """Items of a job: `audio_s` seconds of recordings are done."""

    total: int
    done: int
    failed: int
    waiting: int
    audio_s: float


class PassedOverCounts(BaseModel):
    """What a source holds beside recordings, and of files the most frequent extensions."""

    count: int
    extensions: dict[str, int]


class JobDocument(BaseModel):
    """A job. `failures` counts what failed by code; `error` says why it failed as a whole.

    `passed_over` is null where everything in the source was taken for a recording. With
    `keep_audio` its recordings can be had again, and what failed can be tried again.
    """

    id: str
    name: str | None
    state: Literal["waiting", "running", "done", "cancelled", "failed"]
    created: str
    model: str | None
    source: str | None
    options: dict[str, Any]
    progress: JobProgress
    failures: dict[str, int]
    passed_over: PassedOverCounts | None
    keep_audio: bool
    error: dict[str, Any] | None


class JobChanges(BaseModel):
    """What may be changed of a job: what it is called, null for nothing."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None


class JobList(BaseModel):
    """The newest first; and under which names jobs lie that cannot be read."""

    jobs: list[JobDocument]
    unreadable: list[str]


class JobItem(BaseModel):
    """A recording of a job: its documents, one a channel heard, or its failure.

    With `start_ms` and `end_ms`, which are there for no other, it is that part of it.
    `channel_failures` are those of separate channels, each with its number.
    """

    position: int
    path: str
    start_ms: int | None = None
    end_ms: int | None = None
    documents: list[dict[str, Any]]
    failure: dict[str, Any] | None
    channel_failures: list[dict[str, Any]]


class JobItems(BaseModel):
    """`next` is the `after` of the page that follows, null on the last."""

    items: list[JobItem]
    next: int | None


def document_of(runner: JobRunner, job: JobRecord) -> dict[str, Any]:
    """A `JobDocument`: what was asked for, and how far it is.

    Raises:
        NoSuchJob: it has been deleted.
    """
    counts = runner.store.counts(job.id)
    # A ledger that was found damaged this moment has changed it.
    job = runner.find(job.id)
    codes: dict[str, int] = {}
    error = job.error
    if counts.failed:
        try:
            with ledger_of(runner, job.id) as ledger:
                codes = ledger.failure_codes()
        except (BatchError, StorageError) as fault:
            error = error or fault.to_dict()
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "created": job.created,
        "model": job.model,
        "source": job.source,
        "options": job.options.to_document(),
        "progress": {
            "total": counts.total,
            "done": counts.done,
            "failed": counts.failed,
            "waiting": counts.waiting,
            "audio_s": counts.audio_s,
        },
        "failures": codes,
        "passed_over": job.passed_over,
        "keep_audio": job.keep_audio or job.source is not None,
        "error": error,
    }


def item_of(row: LedgerRow) -> dict[str, Any]:
    """A `JobItem`: a row of the ledger."""
    failure = row.failure
    return {
        "position": row.item.position,
        "path": row.item.name,
        **dict(zip(("start_ms", "end_ms"), row.item.part or (), strict=False)),
        "documents": list(row.documents),
        "failure": {"code": failure.code, "message": failure.message} if failure else None,
        "channel_failures": [asdict(failed) for failed in row.channel_failures],
    }


def ledger_of(runner: JobRunner, job_id: str) -> Ledger:
    """The ledger of a job, to be closed by whoever asks.

    Raises:
        NoSuchJob: there is none of this id, or it has not begun.
    """
    folder = runner.store.folder(job_id)
    if not (folder / LEDGER_FILE).is_file():
        raise NoSuchJob(id=job_id)
    return Ledger(folder)
