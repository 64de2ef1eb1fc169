"""What a batch works on and what comes of it, as plain data that crosses threads and machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voxcor.results import Failure


@dataclass(frozen=True, slots=True)
class Item:
    """One recording of a batch.

    `position` counts from 0 in the order of the source. `name` is what rows call it, `path` where
    its bytes are: its file, or the archive that holds it as `member`. `key` is the name that a
    manifest gives it, where it does.
    """

    position: int
    name: str
    path: str
    member: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelFailure:
    """Why one channel of a recording, from 0, has no document."""

    channel: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an item: a document for each channel heard, or a failure.

    With separate channels `channel_failures` are those of the channels without a document; where
    that is all of them, `failure` is the first's.

    Documents are those of `result.schema.json` without `timestamp` and `timings_ms`, so that the
    same recording gives the same bytes whenever it is heard; `frames` and `embedding` in them name
    files of the batch's folder.
    """

    position: int
    sha256: str | None
    documents: Sequence[dict[str, Any]] = ()
    failure: Failure | None = None
    channel_failures: Sequence[ChannelFailure] = ()
