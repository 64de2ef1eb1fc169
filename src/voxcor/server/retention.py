"""How old something is, told by a clock that may be set wrong, and put right, at any moment.

An age is a difference of two times of the computer's clock. Two rules keep a wrong one from
deleting anything:

- Where the clock has gone ahead while nobody looked (the server was off) by more than a day, no age
  counts before the server has run for an hour: a clock that was wrong at the start is set by then.
- Where it jumps ahead while the server runs, by more than a day beyond what has really passed, what
  is there was made before by a clock of which nobody knows whether it was right, and its age counts
  from the jump on. Should the clock go back, so does the age.

A clock that goes back deletes nothing by itself. So what is kept may be kept too long, by the time
for which things are kept at the most, but is never deleted too early.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from voxcor.disk.unreadable import read_state, set_unreadable_aside
from voxcor.disk.whole import write_whole
from voxcor.errors import StateUnreadable

DAY_S = 86_400.0

_DOUBT_S = 3_600.0

# The state is written again where it says something new, or is so old.
_WRITE_EVERY_S = 600.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of the clock, in seconds since 1970.

    `seen` is when it was looked at last. For `doubt_s` of running no age counts. What was made
    before `before` counts as made at `after`.
    """

    seen: float
    doubt_s: float = 0.0
    before: float = 0.0
    after: float = 0.0

    def then(self, now: float, passed_s: float | None) -> "Sighting":
        """The next look at the clock, `passed_s` later; None where nobody knows how much later."""
        ahead_s = now - self.seen - (passed_s or 0.0)
        looked = replace(self, seen=now, doubt_s=max(0.0, self.doubt_s - (passed_s or 0.0)))
        if now < self.after:
            looked = replace(looked, before=0.0, after=0.0)
        if ahead_s <= DAY_S:
            return looked
        if passed_s is None:
            return replace(looked, doubt_s=_DOUBT_S)
        return replace(looked, before=self.seen, after=now)

    def age_s(self, made: float) -> float:
        """How old something is that was made then by the clock; nothing is while it is in doubt."""
        if self.doubt_s > 0:
            return 0.0
        return self.seen - (self.after if made <= self.before else made)


def elapsed_s() -> float:
    """Seconds that really pass, sleep of the machine among them where it can be known."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Clock:
    """The clock by which a folder's content ages; what was seen of it is kept in `path`.

    Args:
        path: the file.
        now: the computer's clock, seconds since 1970.
        elapsed: seconds from any moment on, which nobody sets.
    """

    def __init__(
        self,
        path: Path,
        now: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = elapsed_s,
    ) -> None:
        self._path = path
        self._now = now
        self._elapsed = elapsed
        self._looked: float | None = None
        self._sighting: Sighting | None = None
        self._written: Sighting | None = None

    def look(self, newest: Callable[[], float | None]) -> Sighting:
        """What the clock says now, and how far that is to be believed.

        Args:
            newest: when the newest thing was made, which stands for the last look where none is
                written down; None where there is nothing.
        """
        now, looked = self._now(), self._elapsed()
        last = self._sighting or self._read()
        if last is None:
            made = newest()
            last = Sighting(now if made is None else made)
        passed_s = None if self._looked is None else looked - self._looked
        self._looked, self._sighting = looked, last.then(now, passed_s)
        self._write(self._sighting)
        return self._sighting

    def forget(self) -> None:
        """Leaves nothing on the disk: there is nothing that could age."""
        self._written = None
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _read(self) -> Sighting | None:
        try:
            return read_state(self._path, TypeAdapter(Sighting).validate_python)
        except FileNotFoundError:
            return None
        except StateUnreadable as error:
            set_unreadable_aside(self._path, error)
            return None

    def _write(self, sighting: Sighting) -> None:
        written = self._written
        same = written is not None and replace(written, seen=sighting.seen) == sighting
        if written and same and 0 <= sighting.seen - written.seen < _WRITE_EVERY_S:
            return
        # Where it cannot be written, the next start knows less, and waits longer.
        with suppress(OSError):
            write_whole(self._path, json.dumps(asdict(sighting)), private=True)
            self._written = sighting
