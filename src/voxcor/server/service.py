"""What the routes share: settings, models, threads, the queue, results, and the tasks under way.

One `Service` is `app.state.service`. Decoding and inference run in its threads, never on the event
loop; recordings of many minutes one after the other in a thread of their own, so that short ones
do not wait for them.
"""

import asyncio
import contextvars
import logging
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from starlette.requests import HTTPConnection

from voxcor.audio.isolated import DecoderPool
from voxcor.cancellation import Cancellation
from voxcor.disk.faults import storage_errors
from voxcor.errors import VoxcorError
from voxcor.inference.session import available_cores
from voxcor.library.store import Library
from voxcor.results import Result
from voxcor.server.http.admission import Admission
from voxcor.server.metrics import Metrics
from voxcor.server.recognition.recognizers import Recognizers
from voxcor.server.recognition.tasks import RecognitionTasks, RequestKeys
from voxcor.server.results.store import ResultStore
from voxcor.settings import Settings
from voxcor.sources import EXAMPLE

logger = logging.getLogger("voxcor.server")

T = TypeVar("T")

# Results that are too old, or too many, stay at most this much longer.
SWEEP_S = 60.0


class Service:
    """Made on the event loop; `start` before use, `stop` at the end.

    Attributes:
        recognizers: the models; `get` may load one, so call it `in_thread`.
        admission: the slots of the queue, for whatever costs inference.
        ready: set once the default model has answered.
        draining: set when the server stops; whoever serves without end should come to one.
        sessions: how many live streams are open; a stopping server waits for them.
        problem: why the default model cannot be had, if it cannot.
        sweeps: delete what is not to be kept any longer; called from time to time.
        listeners: are told of each result that was stored, and where, in a worker thread: with a
            `result_id`, or a `job_id` and the `position` of its recording.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.recognizers = Recognizers(settings.model, settings.threads, metrics.loaded)
        self.results = ResultStore(settings)
        # Twice the cores: while some wait for the network, others decode or save.
        lanes = 2 * available_cores()
        self.admission = Admission(settings.queue_size, lanes)
        metrics.queue.set_function(lambda: self.admission.inside)
        self.decoders = DecoderPool(available_cores(), settings.max_audio_min)
        self.tasks = RecognitionTasks()
        self.request_keys = RequestKeys()
        self.ready = asyncio.Event()
        self.draining = asyncio.Event()
        self.sessions = 0
        self.problem: VoxcorError | None = None
        self.listeners: list[Callable[[Result, dict[str, Any]], None]] = []
        self.sweeps: list[Callable[[], None]] = [self.results.sweep]
        self._threads = ThreadPoolExecutor(lanes, "voxcor-work")
        self._long_threads = ThreadPoolExecutor(1, "voxcor-long")
        self._background: set[asyncio.Task[Any]] = set()
        self._lock = FileLock(settings.results / ".lock")

    @cached_property
    def library(self) -> Library:
        """The one of this VOXCOR_HOME, opened by the first who asks.

        Raises:
            ExtraMissing, LibraryNewer, LibraryCorrupt: it cannot be.
        """
        return Library.open(self.settings.home)

    def start(self) -> None:
        """Claims the results, and begins to load the default model."""
        with storage_errors(self.settings.results):
            self.settings.results.mkdir(parents=True, exist_ok=True)
            # Another server on the same home may be at work in what looks abandoned.
            with suppress(Timeout):
                self._lock.acquire(timeout=0)
                self.results.clear_drafts()
        self.in_background(self._warm_up())
        self.in_background(self._sweep())

    def drain(self) -> None:
        """From now on new work is refused; what is inside goes on."""
        self.admission.closed = True
        self.ready.clear()
        self.draining.set()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self.admission.inside == 0 and self.sessions == 0

    async def stop(self) -> None:
        """Gives up what still runs, and frees everything."""
        self.drain()
        self.tasks.cancel_all()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.to_thread(self._close)

    def in_background(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """A task that somebody remembers until it has ended."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def in_thread(
        self,
        call: Callable[[], T],
        *,
        long: bool = False,
        cancellation: Cancellation | None = None,
    ) -> T:
        """Calls in a worker thread, in the language of the caller; `long` ones one by one.

        Raises:
            Cancelled: `cancellation` was set while the call waited for its turn.
        """
        cancellation = cancellation or Cancellation()
        context = contextvars.copy_context()
        threads = self._long_threads if long else self._threads
        called = threads.submit(context.run, call)
        # What runs is not given up by this: the thread feels it by itself.
        with cancellation.stopping(called.cancel):
            try:
                return await asyncio.wrap_future(called)
            except asyncio.CancelledError:
                cancellation.check()
                raise

    async def _sweep(self) -> None:
        """Deletes what is not to be kept any longer, from time to time."""
        while not self.draining.is_set():
            for sweep in self.sweeps:
                try:
                    await asyncio.to_thread(sweep)
                except VoxcorError as error:
                    logger.error("what is old cannot be deleted: %s", error.message)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.draining.wait(), SWEEP_S)

    async def _warm_up(self) -> None:
        try:
            await self.in_thread(self._first_pass)
        except VoxcorError as error:
            logger.error("the default model cannot be used: %s", error.message)
            self.problem = error
            return
        if not self.draining.is_set():
            self.ready.set()

    def _first_pass(self) -> None:
        """Loads what a request needs: a decoding process, the model, the search for speech."""
        recognizer = self.recognizers.get()
        with tempfile.TemporaryDirectory() as folder:
            (mono,) = self.decoders.decode(EXAMPLE, EXAMPLE.name, Path(folder), Cancellation())
            recognizer.embed(mono)

    def _close(self) -> None:
        for threads in (self._threads, self._long_threads):
            threads.shutdown(cancel_futures=True)
        self.decoders.close()
        self._lock.release()


def service_of(connection: HTTPConnection) -> Service:
    """The service of the app that a request or WebSocket came to."""
    service: Service = connection.app.state.service
    return service
