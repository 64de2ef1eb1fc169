"""`/v1/jobs/{id}/items` and `/files`: the recordings of a job, and what came of them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse

from voxcor.batch.tables import TABLE_FORMATS, TableFormat, write_table
from voxcor.errors import NoSuchJob
from voxcor.result_folder import to_json
from voxcor.server.http.archives import zipped
from voxcor.server.http.downloads import UNFIT, Download, attachment, downloads_of
from voxcor.server.http.strict_json import SafeJSONResponse
from voxcor.server.jobs.documents import JobItems, item_of, ledger_of
from voxcor.server.jobs.runner import JobId, JobRunner, runner_of
from voxcor.server.jobs.store import JobRecord
from voxcor.server.results.store import MOST_PAGE_BYTES
from voxcor.server.schemas import problems
from voxcor.server.service import service_of

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

ARCHIVE = "archive.zip"


@router.get(
    "/{job_id}/items",
    summary="Recordings of a job · 任务中的录音",
    responses={200: {"model": JobItems}, **problems(404)},
)
async def list_items(
    request: Request,
    job_id: JobId,
    state: Annotated[Literal["done", "failed"] | None, Query()] = None,
    after: Annotated[int, Query(ge=-1, lt=1 << 53)] = -1,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Those that are done or failed, in the order of the source; fewer where they are long.
    · 已完成或失败的录音，按来源顺序排列；内容较长时每页条数会减少。
    """
    runner = runner_of(request)

    def page() -> Response:
        items: list[dict[str, Any]] = []
        following, size = None, 0
        with ledger_of(runner, job_id) as ledger:
            for row in ledger.rows(state=state, after=after):
                items.append(item_of(row))
                size += len(to_json(items[-1]))
                if len(items) == limit or size > MOST_PAGE_BYTES:
                    following = row.item.position
                    break
        return SafeJSONResponse({"items": items, "next": following})

    return await asyncio.to_thread(page)


@router.get(
    "/{job_id}/items/{position}/audio",
    summary="A recording of a job · 任务中的一条录音",
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
        **problems(404),
    },
    response_class=FileResponse,
)
async def get_audio(
    request: Request, job_id: JobId, position: Annotated[int, InPath(ge=0, lt=1 << 53)]
) -> Response:
    """As it came; of uploads only where they came with `keep_audio`.
    · 原始录音；上传的录音只有在带 `keep_audio` 时才提供。
    """
    runner, settings = runner_of(request), service_of(request).settings
    path, name = await asyncio.to_thread(runner.store.recording, job_id, position, settings)
    headers = {"Cache-Control": "no-store"}
    return FileResponse(path, filename=name, media_type="application/octet-stream", headers=headers)


@router.get(
    "/{job_id}/files/{name}",
    summary="The results of a job · 任务结果下载",
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
        **problems(404, 429, 507),
    },
    response_class=FileResponse,
)
async def get_file(
    request: Request,
    job_id: JobId,
    name: Annotated[
        str,
        InPath(
            description="results.jsonl, results.csv, results.parquet or archive.zip. · 四者之一。"
        ),
    ],
) -> Response:
    """Tables are made when they are asked for, also of a job that runs. The archive has them all,
    with frames and embeddings where there are any.
    · 表格在请求时生成，运行中的任务也可以。压缩包含全部内容，有帧级结果和特征向量时一并包含。
    """
    runner = runner_of(request)
    kind = name.removeprefix("results.")
    if name == ARCHIVE:
        headers = attachment(_file_name(runner.find(job_id), "zip"))
        with downloads_of(request).slot() as slot:
            folder = await asyncio.to_thread(_archived, runner, job_id)
            pieces = zipped(folder, "voxcor", _results_of(folder))
            return Download(slot.pop_all(), pieces, "application/zip", headers)
    if kind not in TABLE_FORMATS or not name.startswith("results."):
        raise NoSuchJob(id=job_id)
    path = await asyncio.to_thread(_table, runner, job_id, kind)
    headers = attachment(_file_name(runner.find(job_id), kind))
    return FileResponse(path, headers={"Cache-Control": "no-store", **headers})


def _file_name(job: JobRecord, extension: str) -> str:
    """What a download of a job is called: as the job is, or else by when it was made."""
    named = job.name or f"voxcor {job.created}".replace(":", "-")
    return f"{UNFIT.sub('_', named)}.{extension}"


def _table(runner: JobRunner, job_id: str, kind: TableFormat) -> Path:
    job = runner.store.find(job_id)
    with ledger_of(runner, job_id) as ledger:
        return write_table(ledger, kind, segments=job.options.granularity == "segment")


def _archived(runner: JobRunner, job_id: str) -> Path:
    for kind in ("jsonl", "csv"):
        _table(runner, job_id, kind)
    return runner.store.folder(job_id)


def _results_of(folder: Path) -> Iterator[Path]:
    """What a person wants of a job's folder: no ledger, no uploads."""
    for name in ("results.jsonl", "results.csv", "segments.csv", "embeddings.json"):
        if (folder / name).is_file():
            yield folder / name
    for name in ("frames", "embeddings"):
        yield from sorted(path for path in (folder / name).rglob("*") if path.is_file())
