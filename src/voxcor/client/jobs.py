"""A job of a server, seen from Python: many recordings, followed past breaks of the connection."""

import json
import tempfile
import time
import zipfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from voxcor.client.connection import RETRY_FOR_S, Connection
from voxcor.errors import NoSuchJob, ServerError, ServerUnreachable, error_from
from voxcor.results import Failure
from voxcor.stored_result import StoredResult, result_from

_PAGE = 500
_TRY_AGAIN_S = 1.0
_ENDED = ("done", "cancelled", "failed")

# What the archive calls its folder.
_ARCHIVE_FOLDER = "voxcor/"


@dataclass(frozen=True, slots=True)
class Job:
    """A job by its `id`, which finds it again from another program: `Client.job(id)`.

    Every method raises `NoSuchJob` where it has been deleted.
    """

    id: str
    _connection: Connection = field(repr=False, compare=False)

    def document(self) -> dict[str, Any]:
        """How far it is: the answer of GET /v1/jobs/{id}."""
        document: dict[str, Any] = self._connection.request("GET", self._path)
        return document

    def events(self) -> Iterator[dict[str, Any]]:
        """What happens, from the first recording on; each event has its name in `event`.

        `item` is a recording that is done or failed, `progress` the document of the job, `end` the
        last of these. A server that is away for a while, or starts again, is waited for.
        """
        after = 0
        give_up_at = time.monotonic() + RETRY_FOR_S
        while True:
            has_more = False
            try:
                for event in self._connection.events(f"{self._path}/events", after):
                    has_more = True
                    after = int(event.id or after)
                    give_up_at = time.monotonic() + RETRY_FOR_S
                    yield {"event": event.event, **json.loads(event.data)}
                    if event.event == "end":
                        return
                if not has_more and (document := self.document())["state"] in _ENDED:
                    # The connection broke between the last recording and the end.
                    yield {"event": "end", **document}
                    return
            except ServerUnreachable:
                if time.monotonic() > give_up_at:
                    raise
            time.sleep(_TRY_AGAIN_S)

    def wait(self) -> Self:
        """Returns when it has ended, done or cancelled.

        Raises:
            VoxcorError: why it failed as a whole.
        """
        end = deque(self.events(), maxlen=1).pop()
        if end["state"] == "deleted":
            raise NoSuchJob(id=self.id)
        if end["state"] == "failed":
            error = end["error"]
            raise error_from(error) or ServerError(
                url=self._connection.url, reason=error["message"]
            )
        return self

    def results(self) -> Iterator[StoredResult | Failure]:
        """What it has so far, in the order of its recordings; `wait` first for all of it.

        A recording has a result, or a `Failure`, for each channel that was heard. Results of jobs
        have no `id`, curve or embedding; `download` has the arrays.
        """
        created = self.document()["created"]
        after: int | None = -1
        while after is not None:
            page = self._connection.request(
                "GET", f"{self._path}/items", params={"after": after, "limit": _PAGE}
            )
            for item in page["items"]:
                yield from _outcomes(item, created)
            after = page["next"]

    def cancel(self) -> None:
        """Ends it; what it has so far stays."""
        self._connection.request("POST", f"{self._path}/cancel")

    def delete(self) -> None:
        """Ends it, and leaves no trace of it on the server."""
        self._connection.request("DELETE", self._path)

    def download(self, folder: Path) -> Path:
        """Saves its tables, curves and embeddings in a new folder below `folder`; its path."""
        target = folder / f"voxcor-{self.id}"
        with tempfile.TemporaryFile() as file:
            self._connection.save(f"{self._path}/files/archive.zip", file)
            with zipfile.ZipFile(file) as archive:
                for entry in archive.infolist():
                    entry.filename = entry.filename.removeprefix(_ARCHIVE_FOLDER)
                    archive.extract(entry, target)
        return target

    @property
    def _path(self) -> str:
        return f"/v1/jobs/{self.id}"


def _outcomes(item: dict[str, Any], created: str) -> list[StoredResult | Failure]:
    """A recording's results and failures, by channel."""
    defaults = {"id": "", "files": [], "timestamp": created, "timings_ms": {}}
    results = [result_from({**defaults, **document}) for document in item["documents"]]
    failures = [Failure(item["path"], **failed) for failed in item["channel_failures"]]
    if item["failure"] is not None and not failures:
        return [Failure(item["path"], **item["failure"])]
    return sorted([*results, *failures], key=_channel_of)


def _channel_of(outcome: StoredResult | Failure) -> int:
    channel = outcome.channel if isinstance(outcome, Failure) else outcome.audio.channel
    return channel or 0
