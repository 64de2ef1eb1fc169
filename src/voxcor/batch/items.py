"""What a batch works on and what comes of it, as plain data that crosses threads and machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voxcor.errors import VoxcorError
from voxcor.results import Failure


@dataclass(frozen=True, slots=True)
class Item:
    """One recording of a batch.

    `position` counts from 0 in the order of the source. `name` is what rows call it, `path` where
    its bytes are: its file, or the archive that holds it as `member`. `key` is the name that a
    list gives it, where it does; `listed` the row that does, as `calls.csv:17`. With `start_ms` and
    `end_ms` it is that part of the recording and no more; with `channel`, from 0, that one alone.
    """

    position: int
    name: str
    path: str
    member: str | None = None
    key: str | None = None
    listed: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    channel: int | None = None

    @property
    def part(self) -> tuple[int, int] | None:
        """From where to where, in milliseconds; None for all of it."""
        if self.start_ms is None or self.end_ms is None:
            return None
        return self.start_ms, self.end_ms

    def failure(self, error: VoxcorError) -> Failure:
        """What an error says of it, behind the row that lists it."""
        message = f"{self.listed}: {error.message}" if self.listed else error.message
        return Failure(self.name, error.code, message)


@dataclass(frozen=True, slots=True)
class ChannelFailure:
    """Why one channel of a recording, from 0, has no document."""

    channel: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an item: a document for each channel, or a failure.

    With separate channels `channel_failures` are those of the channels without a document; where
    that is all of them, `failure` is the first's.

    Documents are those of `result.schema.json` without `timestamp` and `timings_ms`, so that the
    same recording gives the same bytes at any time; `frames` and `embedding` in them name
    files of the batch's folder.
    """

    position: int
    sha256: str | None
    documents: Sequence[dict[str, Any]] = ()
    failure: Failure | None = None
    channel_failures: Sequence[ChannelFailure] = ()
