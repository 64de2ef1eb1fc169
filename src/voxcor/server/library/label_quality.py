"""`/v1/library/errors`, `/agreement`: how far what people say of segments can be relied on."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from voxcor.datasets.corrected import to_csv, to_jsonl
from voxcor.evaluation.raters import agreement
from voxcor.library.label_errors import LabelError, errors_in_library
from voxcor.library.rated import ratings_in_library
from voxcor.library.relabelling import DoubtedLabel, doubted_labels
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.result_folder import to_json
from voxcor.server.library.computing import LATER, answered, in_time, key_of
from voxcor.server.library.documents import IntervalDocument, LibraryModel, model_document
from voxcor.server.library.forms import Scope
from voxcor.server.service import service_of
from voxcor.server.training_lists import LEFT_OUT, LEFT_OUT_HEADER, list_answer, list_described

router = APIRouter(prefix="/v1/library", tags=["library"])


class ErrorsForm(Scope):
    """Among which labels errors are looked for, and what is made of them."""

    format: Literal["json", "csv", "jsonl"] = Field(
        "json",
        description="A document; or a list to put right: a table, or an object a line. · "
        "文档，或供更正的清单：表格或逐行 JSON。",
    )


class LabelErrorDocument(BaseModel):
    """A label that is likely wrong: `given`, where `likely` is the likeliest other one.

    `margin` is the probability of the first less that of the second, -1..1: the lower, the surer.
    """

    id: str
    path: str
    start_ms: int
    end_ms: int
    channel: int | None
    speaker: str | None
    given: str
    likely: str
    given_score: float
    likely_score: float
    margin: float


class LabelErrorsDocument(BaseModel):
    """The surest first, of `judged` labels; `right` is the share that heads give as they are, which
    learned from other speakers, or recordings, `apart` says which. `left_out` counts labels of
    which there are too few to judge them.
    """

    model: LibraryModel
    errors: list[LabelErrorDocument]
    judged: int
    right: float
    apart: Literal["speaker", "recording"]
    left_out: dict[str, int]


class LabelAgreementDocument(BaseModel):
    """How well raters agree on one label."""

    share: float
    specific: IntervalDocument
    alpha: IntervalDocument


class AgreementDocument(BaseModel):
    """How well raters agree, with 95 % intervals; `cohen` is of two raters, `fleiss` of more."""

    model: LibraryModel
    raters: list[str]
    units: int
    complete: int
    observed: IntervalDocument
    alpha: IntervalDocument
    cohen: IntervalDocument | None
    fleiss: IntervalDocument | None
    labels: dict[str, LabelAgreementDocument]
    numbers: dict[str, IntervalDocument]


@router.post(
    "/errors",
    summary="Labels that are likely wrong · 可能有误的标签",
    responses={
        200: {
            "model": LabelErrorsDocument,
            **list_described(LEFT_OUT, LEFT_OUT_HEADER)[200],
        },
        **LATER,
    },
)
async def find_label_errors(request: Request, form: ErrorsForm) -> Response:
    """Confident learning, among the labels that people have given; the surest first.
    · 以置信学习查找人工标签中的错误，最可能有误的在前。

    As a list it is read back by `voxcor library correct --from` on the server's machine, when its
    column `label` has been put right.
    · 更正清单的 `label` 列后，可在服务器本机由 `voxcor library correct --from` 读回。
    """

    def compute(library: Library, table: ModelTable) -> dict[str, Any]:
        return errors_in_library(library, table, form.filters.meant()).to_document()

    found = await _computed(request, "errors", form, compute)
    if form.format == "json" or isinstance(found, float):
        return answered(found)
    document, library = json.loads(found), service_of(request).library

    def written() -> tuple[str, int]:
        errors = [*map(LabelError.from_document, document["errors"])]
        rows = doubted_labels(errors, library, document["model"]["sha256"])
        text = to_csv(rows, DoubtedLabel) if form.format == "csv" else to_jsonl(rows)
        return text, len(errors) - len(rows)

    text, left_out = await asyncio.to_thread(written)
    return list_answer(text, form.format, "errors", {LEFT_OUT: str(left_out)})


@router.post(
    "/agreement",
    summary="How well raters agree · 标注者之间的一致程度",
    responses={200: {"model": AgreementDocument}, **LATER},
)
async def get_agreement(request: Request, form: Scope) -> Response:
    """Of those who have said who they are: Krippendorff's alpha, Cohen's and Fleiss' kappa.
    · 只统计署名的标注者：Krippendorff α、Cohen κ、Fleiss κ。
    """

    def compute(library: Library, table: ModelTable) -> dict[str, Any]:
        return agreement(ratings_in_library(library, table, form.filters.meant())).to_document()

    return answered(await _computed(request, "agreement", form, compute))


async def _computed(
    request: Request,
    kind: str,
    form: Scope,
    compute: Callable[[Library, ModelTable], dict[str, Any]],
) -> bytes | float:
    """A document as JSON, with its model; or how far it is, 0..1."""
    library = service_of(request).library
    form.filters.meant()  # what cannot be asked is said at once

    def look() -> tuple[ModelTable, str]:
        table = library.table(form.model)
        # Who joins in what another says changes no segment, and so no version of its table.
        said = hashlib.sha256(repr(library.labels()).encode()).hexdigest()
        asked = form.model_dump(exclude={"model", "format"})
        return table, key_of(
            kind, table=table.name, version=library.version(table), labels=said, asked=asked
        )

    table, key = await asyncio.to_thread(look)

    def work(_progress: Callable[[float], None]) -> bytes:
        return to_json({"model": model_document(table.model), **compute(library, table)}).encode()

    return await in_time(request, key, work)
