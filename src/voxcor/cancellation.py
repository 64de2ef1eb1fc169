"""Work that nobody wants any longer ends at its next step.

Whoever asks for work keeps a `Cancellation`; the thread that does it is within `cancellable`. Every
loop that a long recording makes long, over blocks of its samples and windows of the network, passes
a `checkpoint`. It is a property of the thread and no argument, as the language is: a loop far below
the engine need not be told by everybody on the way who wants its work.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Cancelled(Exception):
    """Whoever asked for the work wants it no longer."""


class Cancellation:
    """Tells work in other threads, be it one or many, to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stops: set[Callable[[], object]] = set()
        self.is_set = False

    def set(self) -> None:
        with self._lock:
            self.is_set = True
            for stop in self._stops:
                stop()

    def check(self) -> None:
        """Raises `Cancelled` where it is set."""
        if self.is_set:
            raise Cancelled

    @contextmanager
    def stopping(self, stop: Callable[[], object]) -> Iterator[None]:
        """Within the block, `set` calls `stop` as well."""
        with self._lock:
            self.check()
            self._stops.add(stop)
        try:
            yield
        finally:
            with self._lock:
                self._stops.discard(stop)


_current: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)


@contextmanager
def cancellable(cancellation: Cancellation) -> Iterator[None]:
    """Within the block, in this thread, `checkpoint` looks at this cancellation."""
    token = _current.set(cancellation)
    try:
        cancellation.check()
        yield
    finally:
        _current.reset(token)


def checkpoint() -> None:
    """Raises `Cancelled` where the work of this thread is wanted no longer."""
    if cancellation := _current.get():
        cancellation.check()
