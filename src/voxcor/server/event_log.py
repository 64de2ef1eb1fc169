"""Logs that any thread writes and any number of readers follow, as server-sent events.

The processing log is one: what happens to a recording or a download, told while it happens. `step`
entries come first, then `done` or `failed` ends it. An entry is a name and plain data, codes and
numbers; it is put into words for each reader.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.sse import ServerSentEvent

from voxcor.result_folder import to_json, utf8

_ENDS = ("done", "failed")


class Signal:
    """Wakes whoever waits, from any thread. Made, and waited for, on the event loop.

    Attributes:
        next: is set, and replaced, by `send`. Take it before looking at what may have changed.
    """

    def __init__(self) -> None:
        self.next = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def send(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self.next.set()
        self.next = asyncio.Event()


@dataclass(frozen=True, slots=True)
class LogEntry:
    """`name` is the event's: `step`, `done`, `failed`, `rule.fired`; `data` is plain."""

    name: str
    data: Mapping[str, Any]


class EventLog:
    """Entries in their order, numbered from 1.

    Made, and followed, on the event loop; any thread adds.

    Args:
        entries: what it begins with.
        kept: how many of the latest it keeps; None for all.

    Attributes:
        count: of all that were added.
        ended: whether no more will come.
    """

    def __init__(self, entries: Iterable[LogEntry] = (), *, kept: int | None = None) -> None:
        self.count = 0
        self.ended = False
        self._latest: deque[tuple[int, LogEntry]] = deque(maxlen=kept)
        self._lock = threading.Lock()
        self._changed = Signal()
        for entry in entries:
            self._append(entry)

    @property
    def entries(self) -> list[LogEntry]:
        """Those that are kept."""
        with self._lock:
            return [entry for _, entry in self._latest]

    def add(self, name: str, **data: Any) -> None:
        """One more; `done` and `failed` end it."""
        self._append(LogEntry(name, data))
        self._changed.send()

    def step(self, step: str, ms: float | None = None, **facts: Any) -> None:
        self.add("step", step=step, ms=ms, facts=facts)

    def close(self) -> None:
        """Lets its readers go."""
        self.ended = True
        self._changed.send()

    async def follow(self, after: int = 0) -> AsyncIterator[tuple[int, LogEntry]]:
        """Entries with their numbers, those beyond `after`, until it ends."""
        while True:
            changed, ended = self._changed.next, self.ended
            with self._lock:
                unread = [numbered for numbered in self._latest if numbered[0] > after]
            for number, entry in unread:
                after = number
                yield number, entry
            if ended:
                return
            if not unread:
                await changed.wait()

    def _append(self, entry: LogEntry) -> None:
        with self._lock:
            self.count += 1
            self._latest.append((self.count, entry))
            self.ended = self.ended or entry.name in _ENDS


def server_sent(name: str, data: Mapping[str, Any], number: int | None = None) -> ServerSentEvent:
    """An event on the wire; its data are JSON that people can read."""
    text = utf8(to_json(dict(data)))
    return ServerSentEvent(raw_data=text, event=name, id=None if number is None else str(number))


def last_event_id(request: Request) -> int:
    """Up to where a reader who comes back has read; 0 for a new one."""
    value = request.headers.get("last-event-id", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def all_read() -> HTTPException:
    """What tells an EventSource that it need not come back."""
    return HTTPException(204)


async def not_stored(response: Response) -> None:
    """A dependency: FastAPI says `no-cache` of events, which lets caches store them."""
    response.headers["Cache-Control"] = "no-store"
