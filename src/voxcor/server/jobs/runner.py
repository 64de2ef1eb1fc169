"""Jobs at work: one after the other, in a thread of their own, beside what people wait for.

A job is a batch: its ledger is the truth, so that a server that was killed goes on where it was.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from fastapi import Path as InPath
from fastapi import Request

from voxcor.batch.items import Item, Outcome
from voxcor.batch.ledger import Ledger, claimed
from voxcor.batch.run import mark_of, work_through
from voxcor.batch.sources import read_source
from voxcor.cancellation import Cancellation, Cancelled, cancellable, checkpoint
from voxcor.errors import (
    ManifestError,
    NoSuchJob,
    QueueFull,
    SourceRefused,
    UsageError,
    VoxcorError,
)
from voxcor.inference.session import available_cores
from voxcor.language import say
from voxcor.results import Failure
from voxcor.server.event_log import Signal
from voxcor.server.http.admission import LONGEST_RETRY_S
from voxcor.server.jobs.store import (
    ENDED,
    INPUTS,
    JOB_FILE,
    JobRecord,
    JobStore,
    State,
    require_allowed,
)
from voxcor.server.service import Service
from voxcor.settings import Settings
from voxcor.sources import PassedOver
from voxcor.stored_result import result_from

logger = logging.getLogger("voxcor.server")


JobId = Annotated[str, InPath(description="As POST /v1/jobs gave it. · 创建任务时返回的 id。")]


class JobRunner:
    """The queue of jobs and the thread that works through it.

    Made on the event loop. `changed` is sent whenever a job has.
    """

    def __init__(self, service: Service) -> None:
        self.store = JobStore(service.settings)
        self.changed = Signal()
        self._service = service
        self._settings = service.settings
        self._queue: deque[str] = deque()
        self._running: str | None = None
        self._cancelled: set[str] = set()
        self._deleted: set[str] = set()  # while they run
        self._unwritten: dict[str, tuple[State, VoxcorError | None]] = {}
        self._cancellation = Cancellation()  # of the job that runs
        self._closing = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="voxcor-jobs", daemon=True)

    def start(self) -> None:
        """Goes on with what another server left, then waits for more."""
        self.store.clear_drafts()
        try:
            self.store.sweep()
        except VoxcorError as error:
            logger.error("old jobs cannot be deleted: %s", error.message)
        left = [job.id for job in self.store.all() if job.state not in ENDED]
        self._queue.extend(reversed(left))
        self._thread.start()

    def close(self) -> None:
        """Gives up the recordings that are at work; the job goes on at the next start."""
        with self._wake:
            self._closing = True
            self._cancellation.set()
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def require_place(self) -> None:
        """Looks whether one more job may wait.

        Raises:
            QueueFull: as many do as may.
        """
        if self.waiting >= self._settings.jobs_waiting:
            raise QueueFull(waiting=self.waiting, retry_after_s=LONGEST_RETRY_S)

    def add(self, job: JobRecord, workplace: Path) -> None:
        """Publishes a job and queues it; not on the event loop.

        Raises:
            QueueFull, StorageError: it is not taken.
        """
        self.require_place()
        self.store.publish(job, workplace)
        with self._wake:
            self._queue.append(job.id)
            self._wake.notify()

    @property
    def waiting(self) -> int:
        """Jobs that have not ended."""
        return len(self._queue) + (self._running is not None)

    def find(self, job_id: str) -> JobRecord:
        """A job as it is, be the disk too full to have been told.

        Raises:
            NoSuchJob: there is none of this id.
        """
        job = self.store.find(job_id)
        if end := self._unwritten.get(job_id):
            state, error = end
            return replace(job, state=state, error=error.to_dict() if error else None)
        return job

    def cancel(self, job_id: str) -> None:
        """Ends a job: what it has so far stays; one that runs, soon. Not on the event loop.

        Raises:
            NoSuchJob: there is none of this id.
        """
        if self.find(job_id).state in ENDED:
            return
        with self._wake:
            if self._running == job_id:
                self._cancelled.add(job_id)
                self._cancellation.set()
                return
            if job_id not in self._queue:
                return  # it has ended this moment
            self._queue.remove(job_id)
        self._end(job_id, "cancelled")

    def delete(self, job_id: str) -> None:
        """Every trace of a job; of one that runs, soon. Not on the event loop.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        with self._wake:
            running = self._running == job_id
            if running:
                self.store.hide(job_id, JOB_FILE)
                self._deleted.add(job_id)
                self._cancellation.set()
            elif job_id in self._queue:
                self._queue.remove(job_id)
        if not running:
            self.store.delete(job_id)
        self._unwritten.pop(job_id, None)
        self.changed.send()

    def retry(self, job_id: str) -> None:
        """Lets a job that has ended go on with what failed or was never begun; nothing of one
        that has not. Not on the event loop.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
            QueueFull: as many jobs wait as may.
            UsageError: its recordings were not kept.
        """
        job = self.find(job_id)
        if job.state not in ENDED:
            return
        folder = self.store.folder(job_id)
        if job.source is None and not (folder / INPUTS).is_dir():
            raise UsageError(
                reason_en="The recordings of this job were not kept: send them again.",
                reason_zh="该任务的录音未保留，请重新上传。",
            )
        self.require_place()
        with claimed(folder), Ledger(folder) as ledger:
            if ledger.begun:
                ledger.reopen(whatever_failed=True)
        self.store.set_state(job_id, "waiting")
        with self._wake:
            self._queue.append(job_id)
            self._wake.notify()
        self.changed.send()

    async def wait_until_not_running(self, job_id: str, timeout_s: float) -> None:
        """Waits until a job does not run; no longer than so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._running == job_id:
                    changed = self.changed.next
                    if self._running == job_id:
                        await changed.wait()

    def sweep(self) -> None:
        """Deletes what is old, and writes down what a full disk did not take."""
        for job_id, (state, error) in [*self._unwritten.items()]:
            self._end(job_id, state, error)
        self.store.sweep()

    def _work(self) -> None:
        while (job_id := self._next()) is not None:
            end: tuple[State, VoxcorError | None] | None = None
            try:
                self._run(self.store.find(job_id))
                end = "done", None
            except Cancelled:
                pass
            except VoxcorError as error:
                end = "failed", error
            except Exception as error:
                logger.error("job %s failed", job_id, exc_info=error)
                end = "failed", VoxcorError(reason="see the log of the server")
            if job_id in self._cancelled:
                end = "cancelled", None
            elif self._cancellation.is_set and end == ("done", None):
                end = None  # it goes on at the next start
            if end is not None:
                self._end(job_id, *end)
            if not self._leave(job_id):
                # Who deletes it waits until it runs no longer, and finds nothing of it then.
                self.store.clear(job_id)
                self._deleted.discard(job_id)
                self._leave(job_id)
            self.changed.send()

    def _leave(self, job_id: str) -> bool:
        """Whether the job that ran runs no longer; one that is to be deleted does until it is."""
        with self._wake:
            if job_id in self._deleted:
                return False
            self._cancelled.discard(job_id)
            self._running = None
            return True

    def _next(self) -> str | None:
        """The job that runs from now on; None where the server stops."""
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._closing)
            if self._closing:
                return None
            self._running = self._queue.popleft()
            self._cancellation = Cancellation()
            return self._running

    def _run(self, job: JobRecord) -> None:
        self.store.set_state(job.id, "running")
        self.changed.send()
        folder = self.store.folder(job.id)
        with (
            cancellable(self._cancellation),
            claimed(folder),
            Ledger(folder) as ledger,
        ):
            ledger.deaths.recover()
            with ledger.deaths.reading(job.source or job.id):
                recognizer = self._service.recognizers.get(job.model)
                ledger.begin(mark_of(job.source or INPUTS, job.options, recognizer))
                passed_over = PassedOver()
                try:
                    ledger.add(_items(job, folder, self._settings, passed_over))
                finally:
                    if passed_over.count:
                        self.store.set_passed_over(job.id, passed_over)
            work_through(
                ledger,
                recognizer,
                job.options,
                engine="local",
                # The other half of the machine answers people.
                workers=max(1, available_cores() // 2),
                stop=threading.Event(),
                on_begin=lambda _counts: self.changed.send(),
                on_outcome=lambda outcome: self._record(job, outcome),
                cancellation=self._cancellation,
                maximum_min=self._settings.max_audio_min,
            )

    def _end(self, job_id: str, state: State, error: VoxcorError | None = None) -> None:
        """Writes down how a job ended, now or when the disk takes it; its uploads go then."""
        try:
            self.store.set_state(job_id, state, error)
        except NoSuchJob:
            self._unwritten.pop(job_id, None)
        except Exception as fault:  # whatever it is, there are other jobs
            if job_id not in self._unwritten:
                logger.error("the end of job %s cannot be written: %s", job_id, fault)
            self._unwritten[job_id] = state, error
        else:
            self._unwritten.pop(job_id, None)
            self.store.drop_inputs(job_id)
        self.changed.send()

    def _record(self, job: JobRecord, outcome: Outcome) -> None:
        self.changed.send()
        self._service.metrics.job_items.labels("failed" if outcome.failure else "done").inc()
        for document in outcome.documents:
            self._service.metrics.audio.inc(document["audio"]["duration_ms"] / 1000)
            clocks = {"timestamp": job.created, "timings_ms": {}}
            told = {"id": "", "files": [], **clocks, **document}
            for listener in self._service.listeners:
                listener(result_from(told), {"job_id": job.id, "position": outcome.position})


def runner_of(request: Request) -> JobRunner:
    """The one of the server that was asked."""
    runner: JobRunner = request.app.state.jobs
    return runner


def _items(
    job: JobRecord, folder: Path, settings: Settings, passed_over: PassedOver
) -> Iterator[Item | Failure]:
    """What the job is about: its source, or its uploads under the names of their sender.

    A list in an allowed folder may name what lies elsewhere, and is not believed.
    """
    if job.source is not None:
        raw = job.options.raw is not None
        for count, entry in enumerate(read_source(job.source, passed_over, raw=raw)):
            checkpoint()
            if count == settings.job_items:
                reason = say(
                    f"it holds more than {count} recordings, as many as a job may have.",
                    f"其中的录音超过 {count} 条，这是单个任务的上限。",
                )
                raise ManifestError(name=job.source, reason=reason)
            try:
                if isinstance(entry, Item):
                    require_allowed(settings, entry.path)
                yield entry
            except SourceRefused as error:
                yield Failure.of(error, entry.path)
        return
    names = (folder / INPUTS / "names.txt").read_text(encoding="utf-8").splitlines()
    for position, name in enumerate(names):
        yield Item(position, name, str(folder / INPUTS / f"{position:06}"))
