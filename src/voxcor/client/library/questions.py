"""What is asked of the library of a server, as its routes take it."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxcor.client.connection import Connection, opened, retry_while_full
from voxcor.sources import is_file
from voxcor.stored_result import StoredResult

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.library.query import Mixture, Region
    from voxcor.library.segments import LibrarySegment

PAGE = 1_000  # recordings or segments that one request takes


def given(**fields: Any) -> dict[str, Any]:
    """Those that are not None: of the others the server decides."""
    return {name: value for name, value in fields.items() if value is not None}


def which(model: str | None, filters: "Filters | None", **fields: Any) -> dict[str, Any]:
    """Which segments a question is about, and what else it says; None is left out."""
    return given(model=model, filters=None if filters is None else filters.to_document(), **fields)


def id_of(result: StoredResult | str) -> str:
    """The id of a result of the server."""
    return result if isinstance(result, str) else result.id


def find(
    connection: Connection,
    query: "str | os.PathLike[str] | bytes | Mixture | Region",
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """The answer to a search for words, a mixture, a segment or a recording of this machine."""
    from voxcor.library.query import Mixture, Region

    if isinstance(query, bytes | os.PathLike) or (isinstance(query, str) and is_file(query)):
        return _find_by_clip(connection, query, options)
    asked: Mapping[str, Any] = {"query": query}
    if isinstance(query, Mixture):
        shares = dict(query.shares)
        asked = {"mixture": {"shares": shares, "arousal": query.arousal, "valence": query.valence}}
    elif isinstance(query, Region):
        asked = {"query": _name(query)}
    return post(connection, "search", {**asked, **options})


def post(connection: Connection, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What a route of the library answers, asked again while the server is full."""
    answer: dict[str, Any] = retry_while_full(
        lambda: connection.request("POST", f"/v1/library/{path}", json=document)
    )
    return answer


def wait_for(
    connection: Connection,
    path: str,
    document: Mapping[str, Any],
    progress: Callable[[float], None] = lambda _share: None,
) -> dict[str, Any]:
    """What takes long, as `Connection.computed` waits for it."""
    answer: dict[str, Any] = json.loads(
        connection.computed(f"/v1/library/{path}", document, progress)
    )
    return answer


def of_segments(
    connection: Connection,
    method: str,
    path: str,
    named: str,
    segments: "Iterable[LibrarySegment | str]",
    **said: Any,
) -> list[dict[str, Any]]:
    """What a route answers of segments, as many of them at a time as it takes."""
    ids = [one if isinstance(one, str) else one.id for one in segments]
    found: list[dict[str, Any]] = []
    for first in range(0, len(ids), PAGE):
        asked = {named: ids[first : first + PAGE], **said}
        found += connection.request(method, f"/v1/library/{path}", json=asked)["segments"]
    return found


def _find_by_clip(
    connection: Connection,
    content: "str | os.PathLike[str] | bytes",
    options: Mapping[str, Any],
) -> dict[str, Any]:
    name = "<bytes>" if isinstance(content, bytes) else Path(content).name
    data = {
        key: json.dumps(value) if isinstance(value, dict) else str(value)
        for key, value in options.items()
    }

    def send() -> dict[str, Any]:
        with opened(content) as file:
            answer: dict[str, Any] = connection.request(
                "POST", "/v1/library/search", data=data, files={"file": (name, file)}
            )
            return answer

    return retry_while_full(send)


def _name(region: "Region") -> str:
    if region.start is None or region.end is None:
        return region.recording
    return f"{region.recording}@{region.start:.3f}-{region.end:.3f}"
