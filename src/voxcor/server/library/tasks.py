"""What is computed of the library in seconds or minutes: one at a time, for whoever asks again."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from voxcor.cancellation import Cancellation, Cancelled, cancellable, checkpoint
from voxcor.errors import NotReady, QueueFull

# Computes, and says from time to time which share is done.
Work = Callable[[Callable[[float], None]], bytes]

# So many wait for their turn, or for somebody to come for them.
MOST_TASKS = 20

RETRY_AFTER_S = 5


@dataclass(eq=False, slots=True)
class LibraryTask:
    """In the end it has its `content`, or an `error`; `progress` is 0..1 until then."""

    cancellation: Cancellation = field(default_factory=Cancellation)
    ended: threading.Event = field(default_factory=threading.Event)
    progress: float = 0.0
    content: bytes = b""
    error: Exception | None = None

    def work(self, work: Work, turn: threading.Lock) -> None:
        """Computes as soon as it has its turn; in a thread of its own."""
        try:
            with turn, cancellable(self.cancellation):
                self.content = work(self._tell)
        except Exception as error:
            self.error = error
        finally:
            self.ended.set()

    def _tell(self, share: float) -> None:
        checkpoint()
        self.progress = share


class LibraryTasks:
    """Those under way, and those that nobody has come for yet, by their keys.

    On the event loop only.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, LibraryTask] = {}
        self._turn = threading.Lock()

    async def ask(self, key: str, work: Work, patience_s: float) -> bytes | float:
        """What `work` gives, where it is there within `patience_s`; else how far it is, 0..1.

        Whoever asks again under the same key gets the same.

        Raises:
            VoxcorError: why there is none.
            QueueFull: too many wait.
            NotReady: the server stops.
        """
        task = self._tasks.get(key) or self._begin(key, work)
        await asyncio.to_thread(task.ended.wait, patience_s)
        if not task.ended.is_set():
            return task.progress
        self._tasks.pop(key, None)
        if isinstance(task.error, Cancelled):
            raise NotReady(retry_after_s=RETRY_AFTER_S)
        if task.error is not None:
            raise task.error
        return task.content

    def cancel_all(self) -> None:
        """Each ends at its next step."""
        for task in self._tasks.values():
            task.cancellation.set()

    def _begin(self, key: str, work: Work) -> LibraryTask:
        for other in [name for name, task in self._tasks.items() if task.ended.is_set()]:
            # Nobody has come for it; it is kept on the disk.
            del self._tasks[other]
        if len(self._tasks) >= MOST_TASKS:
            raise QueueFull(waiting=len(self._tasks), retry_after_s=RETRY_AFTER_S)
        task = self._tasks[key] = LibraryTask()
        context = contextvars.copy_context()
        arguments = (task.work, work, self._turn)
        # A thread that keeps no server from ending.
        threading.Thread(
            target=context.run, args=arguments, name="voxcor-library", daemon=True
        ).start()
        return task
