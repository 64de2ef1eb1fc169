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
class Work:
    """One upload on its way. In the end it has `results`, ids on the disk, or an `error`."""

    id: str
    folder: Path
    log: EventLog = field(default_factory=EventLog)
    cancellation: Cancellation = field(default_factory=Cancellation)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    results: list[str] = field(default_factory=list)
    error: VoxcorError | None = None


class Works:
    """Work under way, and the latest that failed, by id."""

    def __init__(self) -> None:
        self._works: OrderedDict[str, Work] = OrderedDict()

    def begin(self, work: Work) -> None:
        self._works[work.id] = work

    def find(self, work_id: str) -> Work | None:
        return self._works.get(work_id)

    def end(self, work: Work) -> None:
        """It has a result, which is on the disk, or an error, which stays here for a while."""
        if work.error is None:
            del self._works[work.id]
        failed = [other.id for other in self._works.values() if other.error]
        for work_id in failed[:-FAILURES_KEPT]:
            del self._works[work_id]
        work.ended.set()

    def forget(self, work: Work) -> None:
        """Its failure, too, leaves no trace."""
        self._works.pop(work.id, None)

    def cancel_all(self) -> None:
        for work in self._works.values():
            work.cancellation.set()


class RequestKeys:
    """The latest keys, with the work of each; None where it was given up before it arrived."""

    def __init__(self) -> None:
        self._works: OrderedDict[str, Work | None] = OrderedDict()

    def enter(self, key: str | None, work: Work) -> None:
        """Work has come with this key, or with none."""
        if key is None:
            return
        if key in self._works and self._works[key] is None:
            work.cancellation.set()
        self._keep(key, work)

    def give_up(self, key: str) -> Work | None:
        """What is to be given up; None where it has not arrived, and will be when it does."""
        if self._works.get(key) is None:
            self._keep(key, None)
        return self._works[key]

    def _keep(self, key: str, work: Work | None) -> None:
        self._works[key] = work
        while len(self._works) > _KEYS_KEPT:
            self._works.popitem(last=False)
