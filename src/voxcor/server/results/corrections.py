"""Labels put right while listening: those of a result, and all of them as a training list."""

import asyncio

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from voxcor.corrections import LONGEST_ANNOTATOR, LONGEST_LABEL, Correction, Corrections
from voxcor.datasets.corrected import labelled_segments, to_csv, to_jsonl
from voxcor.server.results.routes import ResultId
from voxcor.server.schemas import problems
from voxcor.server.service import service_of
from voxcor.server.training_lists import ListFormat, list_answer, list_described

router = APIRouter(prefix="/v1", tags=["results"])

# More segments than ten hours of speech have, and what they take as JSON.
MOST_CORRECTIONS = 30_000
MOST_BYTES = 6_000_000

# Whose bodies may have so much.
PATH = r"/v1/results/[^/]+/corrections"


class CorrectionForm(BaseModel):
    """What a person says of one segment."""

    model_config = ConfigDict(extra="forbid")

    segment: int = Field(
        ge=0, strict=True, description="Its place among `segments`, from 0. · 语段序号，从 0 开始。"
    )
    start_ms: int = Field(
        ge=0, strict=True, description="Of the recording as it came. · 相对于原始录音。"
    )
    end_ms: int = Field(
        ge=0, strict=True, description="Of the recording as it came. · 相对于原始录音。"
    )
    label: str | None = Field(
        max_length=LONGEST_LABEL,
        description="Which emotion it has; null: not the one that the model says. · "
        "情感标签；null 表示模型的判断有误。",
    )
    annotator: str | None = Field(
        None, max_length=LONGEST_ANNOTATOR, description="Who says so. · 标注者。"
    )
    timestamp: str = Field(
        "", max_length=LONGEST_ANNOTATOR, description="When; by default now. · 时间，默认为当前。"
    )


class CorrectionsForm(BaseModel):
    """All corrections of a result, as GET gives them and PUT takes them."""

    model_config = ConfigDict(extra="forbid")

    revision: str = Field(
        max_length=64,
        description="Of those that these were made from, as GET gave it; empty where there were "
        "none. · 所依据的修订号，即 GET 返回的值；原先没有更正时为空。",
    )
    corrections: list[CorrectionForm] = Field(max_length=MOST_CORRECTIONS)


@router.get(
    "/results/{result_id}/corrections",
    summary="What people have put right · 一个结果的人工更正",
    responses=problems(404, 500),
)
async def get_corrections(request: Request, result_id: ResultId) -> CorrectionsForm:
    """None where nobody has. Where they are damaged the answer is 500; the result is not.
    · 无人更正时为空。更正文件损坏时返回 500，结果本身不受影响。
    """
    results = service_of(request).results
    return _shown(await asyncio.to_thread(results.corrections, result_id))


@router.put(
    "/results/{result_id}/corrections",
    summary="Put labels right · 提交人工更正",
    responses=problems(404, 409, 422, 500, 507),
)
async def put_corrections(
    request: Request, result_id: ResultId, form: CorrectionsForm
) -> CorrectionsForm:
    """All of them; what is left out is withdrawn. Exports carry them from then on.
    · 须提交全部更正，未列出的视为撤回；此后的导出均会包含。

    409 where they are no longer at `revision`: somebody else was faster, and nothing was saved.
    · 更正已不再是 `revision` 时返回 409：有人先行修改，本次未保存。
    """
    results = service_of(request).results
    wanted = [
        Correction(
            each.segment,
            each.start_ms / 1000,
            each.end_ms / 1000,
            each.label,
            each.annotator,
            each.timestamp,
        )
        for each in form.corrections
    ]
    return _shown(await asyncio.to_thread(results.correct, result_id, wanted, form.revision))


@router.delete(
    "/results/{result_id}/corrections",
    status_code=204,
    summary="Withdraw all corrections of a result · 撤回一个结果的全部更正",
    responses=problems(404, 500),
)
async def delete_corrections(request: Request, result_id: ResultId) -> None:
    """The result is as the model gave it. A file that cannot be read is set aside.
    · 结果恢复为模型的原始输出；无法读取的更正文件会移到一旁。
    """
    await asyncio.to_thread(service_of(request).results.withdraw, result_id)


@router.get(
    "/corrections",
    summary="All corrections as a training list · 全部更正（训练清单）",
    responses={
        **list_described(
            "Voxcor-Unreadable",
            {
                "description": "Ids of results whose corrections cannot be read, between commas; "
                "they are left out. · 更正无法读取而略过的结果的 id。",
                "schema": {"type": "string"},
            },
        ),
        **problems(500),
    },
    response_class=Response,
)
async def list_corrections(
    request: Request,
    kind: ListFormat = "csv",
) -> Response:
    """What `voxcor train` and `voxcor evaluate` read, on the machine of the server.
    · 供 `voxcor train` 和 `voxcor evaluate` 在服务器本机读取。

    A row is a segment of which somebody has said what it is; `path`, `start` and `end` are its
    sound, in seconds of that file.
    · 每行是一个已有人标注的语段；`path`、`start`、`end` 指明其音频，单位为该文件中的秒。
    """
    results = service_of(request).results

    def gather() -> tuple[str, list[str]]:
        corrected, unreadable = results.corrected()
        rows = (row for each in corrected for row in labelled_segments(*each))
        return (to_csv if kind == "csv" else to_jsonl)(rows), unreadable

    text, unreadable = await asyncio.to_thread(gather)
    headers = {"Voxcor-Unreadable": ",".join(unreadable)} if unreadable else {}
    return list_answer(text, kind, "corrections", headers)


def _shown(corrections: Corrections) -> CorrectionsForm:
    listed = corrections.to_document()["corrections"]
    return CorrectionsForm(revision=corrections.revision, corrections=listed)
