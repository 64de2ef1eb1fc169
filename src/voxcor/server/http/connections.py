"""Connections to the server: how many, how long each may keep it waiting, and who goes for another.

A server can only have so many files open, and connections are files. So there is a limit below that
of the process (`connection_limits`); at it whoever keeps the server waiting longest makes room for
who comes: first connections without a request, then requests that are not whole, then readers of
answers. What the server works on is never cut off.
"""

import asyncio
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import h11
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from voxcor.errors import MalformedRequest, TooManyConnections
from voxcor.server.http.bodies import is_recording
from voxcor.server.http.problems import error_response
from voxcor.server.http.security import HEADERS
from voxcor.server.http.strict_json import SafeJSONResponse
from voxcor.settings import Settings

if TYPE_CHECKING:
    from websockets.frames import Frame

logger = logging.getLogger("voxcor.server")

# A connection that has not said within this what it wants is closed.
HEADERS_S = 10.0

# A reader that takes nothing for so long is gone: 64 kB, the buffer before it, at 1 kB/s.
READING_S = 60.0

RETRY_AFTER_S = 2

# What the server itself has open: log, database, sockets, pipes to its decoding processes.
FILES_OF_ITS_OWN = 24

# Chunks of a few bytes cost as much as long ones. A sender whose reads of this many bytes are full
# of them, one in `_TINY_EVERY`, is refused.
_CHECKED_BYTES = 4096
_TINY_EVERY = 64
_TINY_CHUNK = re.compile(rb"\r\n0*[0-9a-fA-F]{1,2}(?:;[^\r\n]*)?\r\n")

# Of one WebSocket message.
MOST_FRAGMENTS = 1024

# Read at a time: what is dear to parse keeps the others waiting no longer than this takes.
READ_BYTES = 1 << 16
WEBSOCKET_READ_BYTES = 1 << 14


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections there may be, and of those that wait how many come in at once."""

    connections: int
    accepted_at_once: int


def connection_limits(settings: Settings) -> ConnectionLimits:
    """What `settings.connections` comes to under the process's limit of files, raised where it may.

    A connection that is served may have a file open beside its socket; and the event loop accepts
    all that wait before it looks at any.
    """
    most = settings.connections
    try:
        import resource
    except ImportError:  # Windows
        return ConnectionLimits(most, 64)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_OF_ITS_OWN + 3 * most
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard == resource.RLIM_INFINITY or hard > soft:
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        most = min(most, max(8, (soft - FILES_OF_ITS_OWN) // 3))
    if most < settings.connections:
        logger.warning("only %d connections fit into %d open files", most, soft)
    return ConnectionLimits(most, max(4, min(64, most // 2)))


def within_limits(settings: Settings, limits: ConnectionLimits) -> Settings:
    """The settings with no more uploads and sessions than there may be connections for."""
    half = max(1, limits.connections // 2)
    return settings.model_copy(
        update={
            "queue_size": min(settings.queue_size, half),
            "stream_sessions": min(settings.stream_sessions, half),
        }
    )


class BoundedHTTP(H11Protocol):
    """HTTP/1.1 with timeouts on either side, of `config.limit_concurrency` connections in all.

    uvicorn gives up on idle connections after a response, not on those that never send a request,
    and not on readers that do not read.
    """

    _header_timer: asyncio.TimerHandle | None = None
    _reading_timer: asyncio.TimerHandle | None = None
    _since = 0.0  # when it began to wait for this request, or to be served it
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _read_at_most(transport, READ_BYTES)
        most, self.limit_concurrency = self.limit_concurrency, None
        self._since = self.loop.time()
        if most is not None and len(self.connections) > most:
            self._make_room(most)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        if len(data) >= _CHECKED_BYTES and len(_TINY_CHUNK.findall(data)) * _TINY_EVERY > len(data):
            self.send_400_response("The body comes in too many pieces.")
            return
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._since = self.loop.time()
        self._expect_headers()

    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        super().on_response_complete()
        self._expect_headers()
        self._expect_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        _stop(self._reading_timer)
        self._reading_timer = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        _stop(self._header_timer)
        _stop(self._reading_timer)

    def send_400_response(self, msg: str) -> None:
        """As any other error of this server; nothing where a response is under way already."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            error = MalformedRequest(reason_en=msg, reason_zh="不是有效的 HTTP 请求。")
            response = SafeJSONResponse(error.to_dict(), 400, {**HEADERS, "Connection": "close"})
            body = cast(bytes, response.body)
            head = h11.Response(status_code=400, headers=response.raw_headers, reason=b"")
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._expect_reading()

    def _should_upgrade(self) -> bool:
        return not self._is_refused and super()._should_upgrade()

    @property
    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _rank(self) -> tuple[int, float] | None:
        """How soon it makes room for another; None where it is worked for."""
        if self._is_idle:
            return 0, self._since
        if self.cycle.response_started:
            return 2, self._since
        if self.cycle.more_body and not is_recording(cast(Scope, self.scope)):
            return 1, self._since
        return None

    def _make_room(self, most: int) -> None:
        others = [other for other in self.connections if isinstance(other, BoundedHTTP)]
        ranked = [(rank, other) for other in others if (rank := other._rank()) is not None]
        ranked = [(rank, other) for rank, other in ranked if other is not self]
        if ranked:
            victim = min(ranked, key=lambda entry: entry[0])[1]
            # Not again, by the next that comes before the loop has closed it.
            self.connections.discard(victim)
            victim.transport.abort()
        elif len(self.connections) > most + most // 2:
            self.transport.abort()
        else:
            self._is_refused = True
            self.app = _too_many

    def _expect_headers(self) -> None:
        if not self._is_idle or self.transport.is_closing():
            _stop(self._header_timer)
            self._header_timer = None
        elif self._header_timer is None:
            self._header_timer = self.loop.call_later(HEADERS_S, self._too_late)

    def _expect_reading(self) -> None:
        """Begins to wait for the other end to take what is written, where that is not so yet."""
        if self._reading_timer is None and self.transport.get_write_buffer_size():
            self._reading_timer = self.loop.call_later(READING_S, self._give_up_reader)

    def _give_up_reader(self) -> None:
        self._reading_timer = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _too_late(self) -> None:
        # A protocol that took over, such as WebSocket, has timeouts of its own.
        if self.transport.get_protocol() is self:
            self.transport.close()
            self._expect_reading()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """WebSocket that takes nothing from whoever does not take its answers.

    uvicorn answers pings of a client that reads nothing until memory is full, and keeps fragments
    of a message in any number.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        _read_at_most(transport, WEBSOCKET_READ_BYTES)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    def handle_cont(self, event: "Frame") -> None:
        if len(self.frames) >= MOST_FRAGMENTS:
            self._refuse(1009)
        else:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:  # a mistake of the client, of which uvicorn logs a traceback
                self._refuse(1007)
                return
        super().send_receive_event_to_app()

    def _refuse(self, code: int) -> None:
        self.frames = []
        if not self.close_sent:
            self.conn.fail(code)
            self.handle_parser_exception()


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    error = TooManyConnections(retry_after_s=RETRY_AFTER_S)
    response = error_response(error, HTTPConnection(scope))
    response.headers.update({**HEADERS, "Connection": "close"})
    await response(scope, receive, send)


def _read_at_most(transport: Any, count: int) -> None:
    # asyncio's own transports say how much they read at a time; others have bounds of their own.
    if hasattr(transport, "max_size"):
        transport.max_size = count


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
