"""The server as a process: uvicorn, with an end that loses nothing and comes in time."""

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from voxcor.errors import AddressUnavailable
from voxcor.server.app import create_app
from voxcor.server.home_claim import claimed_home
from voxcor.server.http.bodies import MOST_HEAD_BYTES
from voxcor.server.http.connections import (
    BoundedHTTP,
    BoundedWebSocket,
    connection_limits,
    within_limits,
)
from voxcor.server.recognition import streaming
from voxcor.server.service import Service
from voxcor.settings import Settings
from voxcor.untrusted import printable

# Connections that wait in the system until the event loop accepts them.
WAITING = 128

# Streams of events that never end get so long after the last request was answered.
LAST_WORDS_S = 3


def run(settings: Settings, on_start: Callable[[str], None]) -> None:
    """Serves until a signal stops it.

    The first SIGINT or SIGTERM lets what runs finish, up to `drain_s`, and refuses what comes with
    503; the second ends it at once.

    Args:
        settings: where and how.
        on_start: is told the URL once connections are accepted.

    Raises:
        UsageError: see `create_app`.
        HomeInUse: another server works in the same home.
        AddressUnavailable: the port is taken, or the address is not this machine's.
    """
    _log_to_stderr()
    with claimed_home(settings.home) as announce:

        def started(url: str) -> None:
            announce(url)
            on_start(url)

        _serve(settings, started)


def _serve(settings: Settings, on_start: Callable[[str], None]) -> None:
    limits = connection_limits(settings)
    settings = within_limits(settings, limits)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=BoundedHTTP,
        ws=BoundedWebSocket,
        # Not uvloop, where something else brought it: the limits are those of this loop.
        loop="asyncio",
        limit_concurrency=limits.connections,
        # asyncio accepts as many at once, and tries as often where no file can be opened.
        backlog=limits.accepted_at_once,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        access_log=False,
        log_config=None,
        server_header=False,
        # Proxies are on the same machine, or they are not believed.
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1,::1",
        timeout_graceful_shutdown=LAST_WORDS_S,
        # Beyond what a live stream takes: its own limit answers with a reason.
        ws_max_size=2 * streaming.MOST_BYTES,
        # Who sends a file faster than it is recognised is slowed, and their pong waits behind it.
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
    )
    _Server(config, app, settings, on_start).run([_listen(settings.host, settings.port)])


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, address = found[0][0], found[0][4]
        return socket.create_server(address[:2], family=family, backlog=WAITING)
    except OSError as error:
        raise AddressUnavailable(host=host, port=port, reason=error.strerror) from error


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        app: FastAPI,
        settings: Settings,
        on_start: Callable[[str], None],
    ) -> None:
        super().__init__(config)
        self._fastapi = app
        self._settings = settings
        self._on_start = on_start
        self._asked_to_stop = 0
        self._give_up_at: float | None = None

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            # The event loop has made it as short as what it accepts at once.
            listening.listen(WAITING)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            host = f"[{host}]" if ":" in host else host
            self._on_start(f"http://{host}:{port}{self._settings.root_path}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Only counts: a signal comes between any two steps of the program.

        Whoever asks twice waits for nothing that is in a thread: what a kill leaves is recovered.
        """
        self._asked_to_stop += 1
        if self._asked_to_stop == 2:
            end = threading.Timer(2 * LAST_WORDS_S, os._exit, [0])
            end.daemon = True
            end.start()

    async def on_tick(self, counter: int) -> bool:
        """Every tenth of a second."""
        if self._asked_to_stop:
            service: Service = self._fastapi.state.service
            if self._give_up_at is None:
                service.drain()
                self._give_up_at = time.monotonic() + self._settings.drain_s
            late = time.monotonic() > self._give_up_at
            self.should_exit = service.idle or late or self._asked_to_stop > 1
        return await super().on_tick(counter)


class OneLine(logging.Formatter):
    """A line a message, whatever names are in it: who sends one cannot forge a second."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = printable(record.message)
        return super().formatMessage(record)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("voxcor").setLevel(logging.INFO)
    # Of what is no HTTP it would warn for each attempt.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
