"""What a request may cost before anybody looks at it: bytes, and the time to send them.

Every body passes through `BodyLimitMiddleware`. It may have `MOST_BYTES`, or what the app takes for
its path, unless the route that reads it takes recordings and says so with `limited_body`. Each has
the same timeouts: no longer than `upload_idle_s` without a byte, and no slower over all of it than
`SLOWEST_BYTES_PER_S`.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxcor.errors import HeadTooLarge, UploadTooLarge, UploadTooSlow
from voxcor.server.http.strict_json import read_strict_json
from voxcor.settings import Settings

# Of a body that is no recording: options, a rule, a key.
MOST_BYTES = 64_000

# Of a request's line and headers; h11 has the same limit for those that come in pieces.
MOST_HEAD_BYTES = 16_384
MOST_HEADERS = 100
MOST_PARAMETERS = 100

# Slower than any network that carries speech; a trickle must not hold a slot for hours.
SLOWEST_BYTES_PER_S = 2_000

# A refused upload is read on for so long, that its sender finds the answer and not a reset.
LINGER_S = 5.0

_KEY = "voxcor.body"


class RequestBody:
    """The body of one request while it comes.

    Attributes:
        received: bytes so far.
        ended: whether all of it has come.
    """

    def __init__(self, headers: Headers, receive: Receive, idle_s: float, maximum: int) -> None:
        self.received = 0
        self.ended = False
        self.is_recording = False
        announced = headers.get("content-length", "")
        self._announced = int(announced) if announced.isascii() and announced.isdigit() else 0
        self._is_json = "json" in headers.get("content-type", "").partition(";")[0].lower()
        self._maximum = maximum
        self._receive = receive
        self._idle_s = idle_s
        self._started = asyncio.get_running_loop().time()
        self._timeout: asyncio.Timeout | None = None
        self._is_given_up = False
        self._text = bytearray()
        self._answered = False

    def expect_recording(self, maximum_bytes: int) -> None:
        """Whoever reads it takes so much, and writes it to the disk as it comes."""
        self.is_recording, self._maximum = True, maximum_bytes

    def bytes_per_s(self) -> float:
        """How fast it came so far; infinite in its first seconds, before that can be told."""
        seconds = asyncio.get_running_loop().time() - self._started
        return self.received / seconds if seconds > self._idle_s / 2 else float("inf")

    def give_up(self) -> None:
        """Ends the wait for the rest of it: `receive` raises `UploadTooSlow`."""
        self._is_given_up = True
        if self._timeout is not None:
            with suppress(RuntimeError):  # what came is just being written
                self._timeout.reschedule(0)

    async def receive(self) -> Message:
        """The next of it, as ASGI has it.

        Raises:
            UploadTooLarge: it is larger than allowed, or its header says so.
            UploadTooSlow: nothing comes for long, or it trickles.
            MalformedRequest: it is JSON, and such as nobody should read.
        """
        if self.ended:
            return await self._receive()
        try:
            return await self._next()
        except (UploadTooLarge, UploadTooSlow):
            # A response is under way, and its reader does not keep to what was agreed.
            if self._answered:
                return {"type": "http.disconnect"}
            raise

    async def send(self, send: Send, message: Message) -> None:
        self._answered = True
        await send(message)

    async def _next(self) -> Message:
        if self._announced > self._maximum:
            raise UploadTooLarge(maximum_mb=self._maximum / 1e6)
        now = asyncio.get_running_loop().time()
        fair_s = self._idle_s + self.received / SLOWEST_BYTES_PER_S
        try:
            until = 0 if self._is_given_up else min(now + self._idle_s, self._started + fair_s)
            async with asyncio.timeout_at(until) as self._timeout:
                message = await self._receive()
        except TimeoutError:
            raise UploadTooSlow from None
        if message["type"] == "http.disconnect":
            return message
        chunk = message.get("body", b"")
        self.received += len(chunk)
        if self.received > self._maximum:
            raise UploadTooLarge(maximum_mb=self._maximum / 1e6)
        self.ended = not message.get("more_body")
        if self._is_json and not self.is_recording:
            self._text += chunk
            if self.ended and self._text:
                read_strict_json(bytes(self._text))
        return message


class BodyLimitMiddleware:
    """Puts a `RequestBody` between every request and whoever reads it, and looks at its head.

    `larger`: how many bytes are taken where the path ends in a match of a pattern.
    """

    def __init__(self, app: ASGIApp, idle_s: float, larger: Mapping[str, int]) -> None:
        self._app = app
        self._idle_s = idle_s
        self._larger = {re.compile(f"{path}$"): most for path, most in larger.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = (most for path, most in self._larger.items() if path.search(scope["path"]))
        maximum = next(found, MOST_BYTES)
        body = scope[_KEY] = RequestBody(Headers(scope=scope), receive, self._idle_s, maximum)

        async def sending(message: Message) -> None:
            await body.send(send, message)

        await self._app(scope, body.receive, sending)


def require_small_head(scope: Scope) -> None:
    """Refuses what no browser and no client sends, before anything parses it.

    Raises:
        HeadTooLarge: the address, its parameters or the headers are too many, or too long.
    """
    headers, query = scope["headers"], scope["query_string"]
    size = len(scope["raw_path"] or b"") + len(query)
    size += sum(len(name) + len(value) for name, value in headers)
    if (
        size > MOST_HEAD_BYTES
        or len(headers) > MOST_HEADERS
        or query.count(b"&") >= MOST_PARAMETERS
    ):
        raise HeadTooLarge(maximum_bytes=MOST_HEAD_BYTES)


def body_of(connection: HTTPConnection) -> RequestBody:
    """The one of a request that came through `BodyLimitMiddleware`."""
    body: RequestBody = connection.scope[_KEY]
    return body


def is_recording(scope: Scope) -> bool:
    """Whether what comes is a recording, which has a slot in the queue."""
    body: RequestBody | None = scope.get(_KEY)
    return body is not None and body.is_recording


async def limited_body(
    request: Request, settings: Settings, maximum_mb: int | None = None
) -> AsyncIterator[bytes]:
    """The body of a route that takes recordings, chunk by chunk.

    It may have `maximum_mb`, or what one upload may.

    Raises:
        UploadTooLarge: it is larger than allowed, or its header says so.
        UploadTooSlow: nothing comes for long, or it trickles.
        ClientDisconnect: the sender is gone.
    """
    body_of(request).expect_recording((maximum_mb or settings.max_upload_mb) * 1_000_000)
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


class LingeringCloseMiddleware:
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
