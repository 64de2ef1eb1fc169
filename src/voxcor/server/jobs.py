"""`/v1/jobs`: many recordings at once, now or after a restart."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.requests import ClientDisconnect

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.ledger import Ledger, LedgerRow
from voxcor.batch.tables import TABLE_FORMATS, TableFormat, write_table
from voxcor.errors import MalformedRequest, NoSuchJob, UsageError
from voxcor.result_folder import to_json
from voxcor.server.admission import CLIENT_CLOSED_REQUEST
from voxcor.server.archives import zipped
from voxcor.server.bodies import body_of
from voxcor.server.downloads import Download, downloads_of
from voxcor.server.event_log import all_read, last_event_id, not_stored, server_sent
from voxcor.server.folder_store import new_id
from voxcor.server.job_documents import (
    JobDocument,
    JobItems,
    JobList,
    document_of,
    item_of,
    ledger_of,
)
from voxcor.server.job_runner import JobRunner
from voxcor.server.job_store import ENDED, INPUTS, JobRecord, require_allowed
from voxcor.server.result_store import MOST_PAGE_BYTES
from voxcor.server.schemas import RecognizeForm, problems
from voxcor.server.service import Service, service_of
from voxcor.server.strict_json import SafeJSONResponse, read_strict_json
from voxcor.server.uploads import Upload, receive_files

ARCHIVE = "archive.zip"

# To count a ledger of a hundred thousand items takes 10 ms, and a job may do fifty items a second.
_PROGRESS_INTERVAL_S = 0.2

# To cancel is felt between windows: the answer waits for that, but not for a large model's window.
_CANCEL_WAIT_S = 2.0

_Id = Annotated[str, InPath(description="As POST /v1/jobs gave it. · 创建任务时返回的 id。")]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    runner = JobRunner(service)
    app.state.jobs = runner
    service.sweeps.append(runner.sweep)
    service.metrics.jobs.set_function(lambda: runner.waiting)
    await asyncio.to_thread(runner.start)
    try:
        yield
    finally:
        await asyncio.to_thread(runner.close)


router = APIRouter(prefix="/v1/jobs", tags=["jobs"], lifespan=_lifespan)


def _runner_of(request: Request) -> JobRunner:
    runner: JobRunner = request.app.state.jobs
    return runner


@router.post(
    "",
    status_code=202,
    summary="Recognise many recordings · 批量识别",
    responses={202: {"model": JobDocument}, **problems(403, 404, 408, 413, 415, 429, 503, 507)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "file": {
                                "type": "array",
                                "items": {"type": "string", "format": "binary"},
                                "minItems": 1,
                            }
                        },
                        "required": ["file"],
                    }
                },
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"source": {"type": "string"}},
                        "required": ["source"],
                    }
                },
            },
        }
    },
)
async def create_job(request: Request) -> Response:
    """Any number of `file` parts and the options of `/v1/recognize`; or JSON with a `source`.

    A `source` is what `voxcor batch` takes, a folder, a list or an archive, on the server; it must
    lie in a folder of `VOXCOR_JOB_SOURCES`. The answer comes as soon as the upload is on the disk.
    """
    service, runner = service_of(request), _runner_of(request)
    job_id = new_id()
    # A job costs the queue nothing; a server that stops, or is full of uploads, takes none.
    runner.require_place()
    with service.admission.slot(body_of(request)):
        workplace = await asyncio.to_thread(runner.store.workplace, job_id)
        try:
            job = await _receive(request, service, job_id, workplace)
            await asyncio.to_thread(runner.add, job, workplace)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        finally:
            if workplace.exists():
                await asyncio.to_thread(runner.store.discard, workplace)
    root = request.scope.get("root_path", "")
    document = await asyncio.to_thread(document_of, runner, job)
    return JSONResponse(document, 202, {"Location": f"{root}/v1/jobs/{job_id}"})


@router.get("", summary="All jobs · 所有任务")
async def list_jobs(request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> JobList:
    """The newest first."""
    runner = _runner_of(request)

    def listed() -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = []
        for job in runner.store.all():
            if len(jobs) == limit:
                break
            try:
                jobs.append(document_of(runner, job))
            except NoSuchJob:  # deleted this moment
                continue
        return jobs

    jobs = await asyncio.to_thread(listed)
    unreadable = await asyncio.to_thread(runner.store.unreadable)
    return JobList.model_validate({"jobs": jobs, "unreadable": unreadable})


@router.get("/{job_id}", summary="A job · 一个任务", responses=problems(404))
async def get_job(request: Request, job_id: _Id) -> JobDocument:
    """How far it is."""
    runner = _runner_of(request)
    document = await asyncio.to_thread(lambda: document_of(runner, runner.find(job_id)))
    return JobDocument.model_validate(document)


@router.delete(
    "/{job_id}", status_code=204, summary="Cancel and delete · 取消并删除", responses=problems(404)
)
async def delete_job(request: Request, job_id: _Id) -> Response:
    """Ends it where it runs, and leaves no trace of it: uploads, results, ledger.

    It is gone at once for everybody; what a window of inference still holds goes with its end.
    """
    runner = _runner_of(request)
    await asyncio.to_thread(runner.delete, job_id)
    await runner.wait_until_not_running(job_id, _CANCEL_WAIT_S)
    return Response(status_code=204)


@router.post("/{job_id}/cancel", summary="Cancel · 取消", responses=problems(404))
async def cancel_job(request: Request, job_id: _Id) -> JobDocument:
    """Ends it; what is done so far stays, and can be downloaded. One that has ended stays so.

    It is `running` in the answer where what is recognised this moment takes longer to stop.
    """
    runner = _runner_of(request)
    await asyncio.to_thread(runner.cancel, job_id)
    await runner.wait_until_not_running(job_id, _CANCEL_WAIT_S)
    return await get_job(request, job_id)


@router.get(
    "/{job_id}/items",
    summary="Recordings of a job · 任务中的录音",
    responses={200: {"model": JobItems}, **problems(404)},
)
async def list_items(
    request: Request,
    job_id: _Id,
    state: Annotated[Literal["done", "failed"] | None, Query()] = None,
    after: Annotated[int, Query(ge=-1, lt=1 << 53)] = -1,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Those that are done or failed, in the order of the source; fewer where they are long."""
    runner = _runner_of(request)

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


async def _unread(request: Request, job_id: _Id) -> AsyncIterator[ServerSentEvent]:
    runner = _runner_of(request)
    after = last_event_id(request)
    job = await asyncio.to_thread(runner.find, job_id)
    has_ended = job.state in ENDED and after > 0
    if has_ended and not await asyncio.to_thread(_rows_since, runner, job_id, after):
        raise all_read()
    return _events(runner, job_id, after)


@router.get(
    "/{job_id}/events",
    summary="What happens, as it happens · 任务进度事件",
    response_class=EventSourceResponse,
    responses={
        204: {"description": "It has ended, and its reader has read all."},
        **problems(404),
    },
    dependencies=[Depends(not_stored)],
)
async def get_events(
    unread: Annotated[AsyncIterator[ServerSentEvent], Depends(_unread)],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `item` for each recording, `progress`, at last `end` with the state.

    Who comes back with Last-Event-ID hears only what came since, also after a restart.
    """
    async for event in unread:
        yield event


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
    job_id: _Id,
    name: Annotated[
        str, InPath(description="results.jsonl, results.csv, results.parquet or archive.zip.")
    ],
) -> Response:
    """Tables are made when they are asked for, also of a job that runs. The archive has them all,
    with frames and embeddings where there are any.
    """
    runner = _runner_of(request)
    kind = name.removeprefix("results.")
    if name == ARCHIVE:
        headers = {"Content-Disposition": f'attachment; filename="voxcor-{job_id}.zip"'}
        with downloads_of(request).slot() as slot:
            folder = await asyncio.to_thread(_archived, runner, job_id)
            pieces = zipped(folder, "voxcor", _results_of(folder))
            return Download(slot.pop_all(), pieces, "application/zip", headers)
    if kind not in TABLE_FORMATS or not name.startswith("results."):
        raise NoSuchJob(id=job_id)
    path = await asyncio.to_thread(_table, runner, job_id, kind)
    return FileResponse(path, filename=name, headers={"Cache-Control": "no-store"})


async def _receive(request: Request, service: Service, job_id: str, workplace: Path) -> JobRecord:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        fields = _json_fields(await request.body())
        source: str | None = fields.pop("source")
        require_allowed(service.settings, source or "")
    else:
        uploads, found = await receive_files(request, workplace / INPUTS, service.settings)
        if not uploads:
            raise MalformedRequest(
                reason_en="it has no part named file.", reason_zh="缺少名为 file 的部分。"
            )
        await asyncio.to_thread(_write_names, workplace, uploads)
        fields, source = dict(found), None
    form = RecognizeForm.from_fields(fields)
    service.recognizers.require(form.request.model)
    recognizer = await service.in_thread(lambda: service.recognizers.get(form.request.model))
    recognizer.require(form.recording)
    if form.request.speakers is not None:
        raise UsageError(
            reason_en="A job has many recordings; turns of speakers belong to one.",
            reason_zh="任务包含多条录音，说话人轮次只适用于单条录音。",
        )
    return JobRecord(
        id=job_id,
        created=datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
        options=form.recording,
        model=form.request.model,
        source=source,
    )


def _json_fields(body: bytes) -> dict[str, str]:
    document = read_strict_json(body)
    if not isinstance(document, dict):
        raise MalformedRequest(reason_en="it is no JSON object.", reason_zh="不是 JSON 对象。")
    plain = {key: _plain(value) for key, value in document.items() if value is not None}
    if not plain.get("source"):
        raise UsageError(
            reason_en="A job in JSON needs a source.", reason_zh="JSON 任务需要 source 字段。"
        )
    return plain


def _plain(value: Any) -> str:
    """As a form has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _write_names(workplace: Path, uploads: list[Upload]) -> None:
    names = "".join(upload.name.replace("\n", " ") + "\n" for upload in uploads)
    (workplace / INPUTS / "names.txt").write_text(names, encoding="utf-8")


def _rows_since(runner: JobRunner, job_id: str, after: int) -> list[tuple[int, LedgerRow]]:
    folder = runner.store.folder(job_id)
    if not (folder / LEDGER_FILE).is_file():
        return []
    with Ledger(folder) as ledger:
        return ledger.recorded_after(after) if ledger.begun else []


async def _events(runner: JobRunner, job_id: str, after: int) -> AsyncIterator[ServerSentEvent]:
    while True:
        changed = runner.changed.next
        try:
            job = await asyncio.to_thread(runner.find, job_id)
            rows = await asyncio.to_thread(_rows_since, runner, job_id, after)
            for after, row in rows:
                yield server_sent("item", item_of(row), after)
            if rows:
                continue
            document = await asyncio.to_thread(document_of, runner, job)
        except NoSuchJob as error:
            yield server_sent("end", {"state": "deleted", **error.to_dict()})
            return
        if job.state in ENDED:
            yield server_sent("end", document)
            return
        yield server_sent("progress", document)
        await changed.wait()
        await asyncio.sleep(_PROGRESS_INTERVAL_S)


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
