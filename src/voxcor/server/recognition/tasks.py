"""Recognitions under way: each upload on its way to results, by its id and by its sender's key.

Between the moment a server answers and the moment the answer arrives, only the server knows the id
of what it makes. Who gives up then would leave a result behind that nobody wanted; so a sender may
choose a key, and give the request up by that before it knows an id.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from voxcor.cancellation import Cancellation
from voxcor.errors import VoxcorError
from voxcor.server.event_log import EventLog

# Logs of what failed, for readers who come late; those of results are on the disk.
FAILURES_KEPT = 200

# A key is of use for the length of its request, and a little longer.
_KEYS_KEPT = 1000


@dataclass(eq=False, slots=True)
class RecognitionTask:
    """One upload on its way. In the end it has `results`, ids on the disk, or an `error`."""

    id: str
    folder: Path
    log: EventLog = field(default_factory=EventLog)
    cancellation: Cancellation = field(default_factory=Cancellation)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    results: list[str] = field(default_factory=list)
    error: VoxcorError | None = None


class RecognitionTasks:
    """Those under way, and the latest that failed, by id."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, RecognitionTask] = OrderedDict()

    def begin(self, task: RecognitionTask) -> None:
        self._tasks[task.id] = task

    def find(self, task_id: str) -> RecognitionTask | None:
        return self._tasks.get(task_id)

    def end(self, task: RecognitionTask) -> None:
        """It has a result, which is on the disk, or an error, which stays here for a while."""
        if task.error is None:
            del self._tasks[task.id]
        failed = [other.id for other in self._tasks.values() if other.error]
        for task_id in failed[:-FAILURES_KEPT]:
            del self._tasks[task_id]
        task.ended.set()

    def forget(self, task: RecognitionTask) -> None:
        """Its failure, too, leaves no trace."""
        self._tasks.pop(task.id, None)

    def cancel_all(self) -> None:
        for task in self._tasks.values():
            task.cancellation.set()


class RequestKeys:
    """The latest keys, with the task of each; None where it was given up before it arrived."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, RecognitionTask | None] = OrderedDict()

    def enter(self, key: str | None, task: RecognitionTask) -> None:
        """A task has come with this key, or with none."""
        if key is None:
            return
        if key in self._tasks and self._tasks[key] is None:
            task.cancellation.set()
        self._keep(key, task)

    def give_up(self, key: str) -> RecognitionTask | None:
        """What is to be given up; None where it has not arrived, and will be when it does."""
        if self._tasks.get(key) is None:
            self._keep(key, None)
        return self._tasks[key]

    def _keep(self, key: str, task: RecognitionTask | None) -> None:
        self._tasks[key] = task
        while len(self._tasks) > _KEYS_KEPT:
            self._tasks.popitem(last=False)
