"""Lists that `voxcor train` and `voxcor evaluate` read, as answers: CSV, or an object a line."""

from typing import Annotated, Any, Literal

from fastapi import Query, Response

ListKind = Literal["csv", "jsonl"]

ListFormat = Annotated[
    ListKind,
    Query(alias="format", description="A table, or an object a line. · 表格或逐行 JSON。"),
]

_MEDIA_TYPES: dict[ListKind, str] = {"csv": "text/csv", "jsonl": "application/x-ndjson"}

# How many rows of segments are missing: the header's name, and what OpenAPI says of it.
LEFT_OUT = "Voxcor-Left-Out"
LEFT_OUT_HEADER = {
    "description": "How many are left out, because their recordings are no longer where they were. "
    "· 因录音已不在原处而略过的语段数。",
    "schema": {"type": "integer"},
}


def list_described(header: str, described: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of such an answer, and of the header that says what it lacks."""
    content = {kind: {"schema": {"type": "string"}} for kind in _MEDIA_TYPES.values()}
    return {200: {"content": content, "headers": {header: described}}}


def list_answer(text: str, kind: ListKind, name: str, headers: dict[str, str]) -> Response:
    """A list as a download, `NAME.csv` or `NAME.jsonl`."""
    named = {"Content-Disposition": f'attachment; filename="{name}.{kind}"', **headers}
    return Response(text.encode(), media_type=_MEDIA_TYPES[kind], headers=named)
