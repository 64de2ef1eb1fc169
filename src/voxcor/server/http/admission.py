"""Admission control: who gets a slot in the queue, and who has to come back later."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

from starlette.requests import Request

from voxcor.cancellation import Cancellation
from voxcor.errors import NotReady, QueueFull
from voxcor.server.http.bodies import RequestBody

# Where there is no room for another upload, one that is slower makes room: 256 kbit/s is what a
# phone still has in a corner of a mobile network. As long as there is room, slower ones go on.
FAIR_BYTES_PER_S = 32_000

LONGEST_RETRY_S = 60

# What nginx logs for a client that left before the answer; nobody receives it.
CLIENT_CLOSED_REQUEST = 499


class Slot:
    """A slot in the queue: first among those whose upload comes, then among those at work."""

    def __init__(self, admission: "Admission", body: RequestBody | None) -> None:
        self._admission = admission
        self.body = body

    def upload_received(self) -> None:
        """The upload is there: it makes room for another one, and waits for its turn."""
        self._admission.arriving.discard(self)
        self._admission.working.add(self)


class Admission:
    """The slots of the queue. On the event loop only.

    Uploads and work have `capacity` slots each, so that whoever sends slowly keeps nobody from
    being heard; and of uploads without end the slowest goes when there is no room for the next.

    Args:
        capacity: how many may be at work or wait for it, and how many may be received.
        lanes: how many are worked on at the same time.
    """

    def __init__(self, capacity: int, lanes: int) -> None:
        self.arriving: set[Slot] = set()
        self.working: set[Slot] = set()
        self.closed = False
        self._capacity = capacity
        self._lanes = lanes
        self._seconds_each = 1.0

    @property
    def inside(self) -> int:
        """How many are received, wait or are worked on."""
        return len(self.arriving) + len(self.working)

    @property
    def retry_after_s(self) -> int:
        """About when the queue has moved on by half."""
        wait = self._seconds_each * self.inside / self._lanes / 2
        return min(LONGEST_RETRY_S, max(1, ceil(wait)))

    @contextmanager
    def slot(self, body: RequestBody | None = None) -> Iterator[Slot]:
        """A slot for the length of the block.

        Args:
            body: the upload that it begins with; without, it counts as work at once.

        Raises:
            NotReady: the server is stopping.
            QueueFull: there is none.
        """
        if self.closed:
            raise NotReady(retry_after_s=self.retry_after_s)
        if len(self.working) >= self._capacity:
            raise QueueFull(waiting=self.inside, retry_after_s=self.retry_after_s)
        if body is not None and len(self.arriving) >= self._capacity:
            self._make_room()
        slot = Slot(self, body)
        (self.working if body is None else self.arriving).add(slot)
        try:
            yield slot
        finally:
            self.arriving.discard(slot)
            self.working.discard(slot)

    def took(self, seconds: float) -> None:
        """One was served in so long: what `retry_after_s` goes by."""
        self._seconds_each += 0.1 * (seconds - self._seconds_each)

    def _make_room(self) -> None:
        """Gives up the slowest upload.

        Raises:
            QueueFull: all of them come fast enough.
        """
        speeds = {slot: slot.body.bytes_per_s() for slot in self.arriving if slot.body}
        slowest = min(speeds, key=speeds.__getitem__)
        if speeds[slowest] > FAIR_BYTES_PER_S:
            raise QueueFull(waiting=self.inside, retry_after_s=self.retry_after_s)
        self.arriving.discard(slowest)
        if slowest.body:
            slowest.body.give_up()


async def wait_unless_disconnected(
    request: Request, task: "asyncio.Task[Any]", cancellation: Cancellation
) -> bool:
    """Waits for the task to end; False where the client left before, and the task was cancelled.

    For requests whose body has been read.
    """

    async def leave() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.create_task(leave())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return True
        cancellation.set()
        await asyncio.wait({task})
        task.exception()  # asyncio complains of one that nobody looks at
        return False
    finally:
        gone.cancel()
