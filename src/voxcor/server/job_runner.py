"""Jobs at work: one after the other, in a thread of their own, beside what people wait for.

A job is a batch: its ledger is the truth, so that a server that was killed goes on where it was.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from voxcor.batch.items import Item, Outcome
from voxcor.batch.ledger import Ledger, claimed
from voxcor.batch.run import mark_of, work_through
from voxcor.batch.sources import read_source
from voxcor.errors import NoSuchJob, SourceRefused, VoxcorError
from voxcor.results import Failure
from voxcor.runtime import available_cores
from voxcor.server.job_store import ENDED, INPUTS, Job, JobStore, require_allowed
from voxcor.settings import Settings
from voxcor.stored_result import result_from

if TYPE_CHECKING:
    from voxcor.server.service import Service

logger = logging.getLogger("voxcor.server")


class JobRunner:
    """The queue of jobs and the thread that works through it.

    Made on the event loop. `changed` is set, and replaced, whenever a job has news.
    """

    def __init__(self, service: "Service") -> None:
        self.store = JobStore(service.settings)
        self.changed = asyncio.Event()
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._queue: deque[str] = deque()
        self._running: str | None = None
        self._cancelled: set[str] = set()
        self._stop = threading.Event()  # of the job that runs
        self._closing = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="voxcor-jobs", daemon=True)

    def start(self) -> None:
        """Goes on with what another server left, then waits for more."""
        self.store.clear_workplaces()
        left = [job.id for job in self.store.all() if job.state not in ENDED]
        self._queue.extend(reversed(left))
        self._thread.start()

    def close(self) -> None:
        """Lets the recordings that are being heard end; the job goes on at the next start."""
        with self._wake:
            self._closing = True
            self._stop.set()
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def add(self, job: Job, workplace: Path) -> None:
        """Publishes a job and queues it; not on the event loop."""
        self.store.publish(job, workplace)
        with self._wake:
            self._queue.append(job.id)
            self._wake.notify()

    @property
    def waiting(self) -> int:
        """Jobs that have not ended."""
        return len(self._queue) + (self._running is not None)

    def cancel(self, job_id: str) -> None:
        """Ends a job: what it has so far stays; not on the event loop.

        Raises:
            NoSuchJob: there is none of this id.
        """
        job = self.store.find(job_id)
        if job.state in ENDED:
            return
        with self._wake:
            self._cancelled.add(job_id)
            if self._running == job_id:
                self._stop.set()
                self._wake.wait_for(lambda: self._running != job_id)
            else:
                if job_id in self._queue:
                    self._queue.remove(job_id)
                self.store.set_state(job_id, "cancelled")
        self._tell()

    def delete(self, job_id: str) -> None:
        """Every trace of a job, running or not; not on the event loop.

        Raises:
            NoSuchJob, StorageError: it is gone; the disk.
        """
        self.cancel(job_id)
        self.store.delete(job_id)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._running = None
                self._wake.notify_all()
                self._wake.wait_for(lambda: self._queue or self._closing)
                if self._closing:
                    return
                job_id = self._running = self._queue.popleft()
                self._stop = threading.Event()
            try:
                self._run(self.store.find(job_id))
            except NoSuchJob:
                continue
            except VoxcorError as error:
                self._fail(job_id, error)
            except Exception as error:
                logger.error("job %s failed", job_id, exc_info=error)
                self._fail(job_id, VoxcorError(reason="see the log of the server"))
            self._tell()

    def _run(self, job: Job) -> None:
        self.store.set_state(job.id, "running")
        self._tell()
        folder = self.store.folder(job.id)
        recognizer = self._service.recognizers.get(job.model)
        with claimed(folder), Ledger(folder) as ledger:
            ledger.begin(mark_of(job.source or INPUTS, job.options, recognizer))
            ledger.add(_items(job, folder, self._service.settings))
            work_through(
                ledger,
                recognizer,
                job.options,
                table="jsonl",
                engine="local",
                # The other half of the machine answers people.
                workers=max(1, available_cores() // 2),
                stop=self._stop,
                on_begin=lambda _counts: self._tell(),
                on_outcome=lambda outcome: self._note(job, outcome),
            )
        if not self._closing:
            self.store.set_state(job.id, "cancelled" if job.id in self._cancelled else "done")

    def _note(self, job: Job, outcome: Outcome) -> None:
        self._tell()
        self._service.metrics.job_items.labels("failed" if outcome.failure else "done").inc()
        for document in outcome.documents:
            self._service.metrics.audio.inc(document["audio"]["duration_ms"] / 1000)
            clocks = {"timestamp": job.created, "timings_ms": {}}
            told = {"id": "", "files": [], **clocks, **document}
            for listener in self._service.listeners:
                listener(result_from(told), f"{job.id}/{outcome.position}")

    def _fail(self, job_id: str, error: VoxcorError) -> None:
        try:
            self.store.set_state(job_id, "failed", error)
        except VoxcorError as another:
            logger.error("job %s cannot be ended: %s", job_id, another.message)

    def _tell(self) -> None:
        def wake() -> None:
            self.changed.set()
            self.changed = asyncio.Event()

        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(wake)


def _items(job: Job, folder: Path, settings: Settings) -> Iterator[Item | Failure]:
    """What the job is about: its source, or its uploads under the names of their sender.

    A list in an allowed folder may name what lies elsewhere, and is not believed.
    """
    if job.source is not None:
        for entry in read_source(job.source):
            try:
                if isinstance(entry, Item):
                    require_allowed(settings, entry.path)
                yield entry
            except SourceRefused as error:
                yield Failure(entry.path, error.code, error.message)
        return
    names = (folder / INPUTS / "names.txt").read_text(encoding="utf-8").splitlines()
    for position, name in enumerate(names):
        yield Item(position, name, str(folder / INPUTS / f"{position:06}"))
