"""What a request may cost: a place in the queue, bytes, and time to send them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxcor.cancellation import Cancellation
from voxcor.errors import NotReady, QueueFull, UploadTooLarge, UploadTooSlow
from voxcor.settings import Settings

# Slower than any network that carries speech; a trickle must not hold a place for hours.
SLOWEST_BYTES_PER_S = 2_000

# A refused upload is read on for so long, that its sender finds the answer and not a reset.
LINGER_S = 5.0

LONGEST_RETRY_S = 60

# What nginx logs for a client that left before the answer; nobody receives it.
CLIENT_CLOSED_REQUEST = 499


class Admission:
    """The queue's door. On the event loop only.

    Args:
        capacity: how many may be inside.
        lanes: how many of them are served at the same time.
    """

    def __init__(self, capacity: int, lanes: int) -> None:
        self.inside = 0
        self.closed = False
        self._capacity = capacity
        self._lanes = lanes
        self._seconds_each = 1.0

    @property
    def retry_after_s(self) -> int:
        """About when the queue has moved on by half."""
        wait = self._seconds_each * self.inside / self._lanes / 2
        return min(LONGEST_RETRY_S, max(1, ceil(wait)))

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue for the length of the block.

        Raises:
            NotReady: the server is stopping.
            QueueFull: there is none.
        """
        if self.closed:
            raise NotReady(retry_after_s=self.retry_after_s)
        if self.inside >= self._capacity:
            raise QueueFull(waiting=self.inside, retry_after_s=self.retry_after_s)
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    def took(self, seconds: float) -> None:
        """One was served in so long: what `retry_after_s` goes by."""
        self._seconds_each += 0.1 * (seconds - self._seconds_each)


async def limited_body(
    request: Request, settings: Settings, maximum_mb: int | None = None
) -> AsyncIterator[bytes]:
    """The body, chunk by chunk, up to `maximum_mb` or what one upload may have.

    Raises:
        UploadTooLarge: it is larger than allowed, or its header says so.
        UploadTooSlow: nothing comes for long, or it trickles.
        ClientDisconnect: the sender is gone.
    """
    maximum_mb = maximum_mb or settings.max_upload_mb
    maximum = maximum_mb * 1_000_000
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > maximum:
        raise UploadTooLarge(maximum_mb=maximum_mb)
    loop = asyncio.get_running_loop()
    started, received = loop.time(), 0
    while True:
        now = loop.time()
        fair_s = settings.upload_idle_s + received / SLOWEST_BYTES_PER_S
        try:
            async with asyncio.timeout_at(min(now + settings.upload_idle_s, started + fair_s)):
                message = await request.receive()
        except TimeoutError:
            raise UploadTooSlow from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        received += len(chunk)
        if received > maximum:
            raise UploadTooLarge(maximum_mb=maximum_mb)
        yield chunk
        if not message.get("more_body"):
            return


async def unless_gone(
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


class Linger:
    """Reads on for a while where a response comes before the end of the request's body.

    A server that closes on unread bytes makes TCP send a reset, which overtakes the response: the
    sender of a refused upload would see a broken connection instead of the reason.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        unread = True

        async def reading() -> Message:
            nonlocal unread
            message = await receive()
            unread = unread and bool(message.get("more_body"))
            return message

        async def lingering(message: Message) -> None:
            if message["type"] != "http.response.body" or message.get("more_body") or not unread:
                await send(message)
                return
            await send({**message, "more_body": True})
            try:
                async with asyncio.timeout(LINGER_S):
                    while unread:
                        await reading()
            except TimeoutError:
                pass
            await send({"type": "http.response.body"})

        await self._app(scope, reading, lingering)
