"""`/v1/library/labels`: what people say of segments of the library, and all of it as a list."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from voxcor.datasets.corrected import to_csv, to_jsonl
from voxcor.errors import StateUnreadable
from voxcor.library.correcting import labelled, labelled_rows, put_right, take_back
from voxcor.library.labels import LabelsBySegment
from voxcor.library.listing import find_segments
from voxcor.library.store import Library
from voxcor.server.http.strict_json import SafeJSONResponse
from voxcor.server.library.documents import LabelsChanged, labelled_document
from voxcor.server.library.forms import LabelForm, LibraryModelName, WithdrawalForm
from voxcor.server.schemas import problems
from voxcor.server.service import service_of
from voxcor.server.training_lists import (
    LEFT_OUT,
    LEFT_OUT_HEADER,
    ListFormat,
    list_answer,
    list_described,
)

router = APIRouter(prefix="/v1/library", tags=["library"])

_CHANGED: dict[int | str, dict[str, Any]] = {
    200: {"model": LabelsChanged},
    **problems(404, 500, 501, 507),
}


def labels_of(library: Library) -> LabelsBySegment:
    """What people say of each segment; nothing where that cannot be read, as search goes on."""
    try:
        return LabelsBySegment(library.labels())
    except StateUnreadable:
        return LabelsBySegment(())


@router.put("/labels", summary="Put labels right · 更正标签", responses=_CHANGED)
async def put_labels(request: Request, form: LabelForm, model: LibraryModelName = None) -> Response:
    """Of one segment or of many: in the place of what this annotator said of them before. What
    other annotators say stays; the `label` of a segment is what most say, of as many the last.
    · 更正一个或多个语段，取代该标注者先前的标签。其他标注者的标签保留；语段的 `label`
    以多数为准，票数相同时取最后一次。
    """
    library = service_of(request).library

    def keep() -> dict[str, Any]:
        segments = find_segments(library, form.segments, model)
        changed = put_right(library, segments, form.label, form.who())
        return _as_they_are(library, form, model, changed)

    return SafeJSONResponse(await asyncio.to_thread(keep))


@router.delete("/labels", summary="Take labels back · 撤回标签", responses=_CHANGED)
async def delete_labels(
    request: Request, form: WithdrawalForm, model: LibraryModelName = None
) -> Response:
    """Those of this annotator; without one, those that name none.
    · 撤回该标注者的标签；未指定标注者时，撤回未署名的标签。
    """
    library = service_of(request).library

    def withdraw() -> dict[str, Any]:
        changed = take_back(library, find_segments(library, form.segments, model), form.who())
        return _as_they_are(library, form, model, changed)

    return SafeJSONResponse(await asyncio.to_thread(withdraw))


@router.get(
    "/labels",
    summary="All labels of people as a training list · 全部人工标签（训练清单）",
    responses={**list_described(LEFT_OUT, LEFT_OUT_HEADER), **problems(404, 500, 501)},
    response_class=Response,
)
async def list_labels(
    request: Request,
    kind: ListFormat = "csv",
    model: LibraryModelName = None,
) -> Response:
    """What `voxcor train` and `voxcor evaluate` read, on the machine of the server.
    · 供 `voxcor train` 和 `voxcor evaluate` 在服务器本机读取。

    A row for each segment of which a label is named: what is only known to be wrong has none.
    · 每个给出了标签的语段一行；仅标为错误、未给出标签的语段不在其中。
    """
    library = service_of(request).library

    def written() -> tuple[str, int]:
        segments = labelled(library, library.table(model))
        rows = [*labelled_rows(library, segments)]
        text = to_csv(rows) if kind == "csv" else to_jsonl(rows)
        return text, len(segments) - len(rows)

    text, left_out = await asyncio.to_thread(written)
    return list_answer(text, kind, "labels", {LEFT_OUT: str(left_out)})


def _as_they_are(
    library: Library, form: WithdrawalForm, model: str | None, changed: int
) -> dict[str, Any]:
    labels = labels_of(library)
    segments = find_segments(library, form.segments, model)
    return {"changed": changed, "segments": [labelled_document(one, labels) for one in segments]}
