"""`/v1/jobs`: many recordings at once, now or after a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.requests import ClientDisconnect

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.ledger import Ledger, LedgerRow
from voxcor.errors import MalformedRequest, NoSuchJob, UsageError
from voxcor.server.event_log import all_read, last_event_id, not_stored, server_sent
from voxcor.server.folder_store import new_id
from voxcor.server.http.admission import CLIENT_CLOSED_REQUEST
from voxcor.server.http.bodies import body_of
from voxcor.server.http.strict_json import read_strict_json
from voxcor.server.http.uploads import Upload, receive_files
from voxcor.server.jobs.documents import (
    JobChanges,
    JobDocument,
    JobList,
    document_of,
    item_of,
)
from voxcor.server.jobs.runner import JobId, JobRunner, runner_of
from voxcor.server.jobs.store import ENDED, INPUTS, JobRecord, require_allowed
from voxcor.server.schemas import RecognizeForm, problems
from voxcor.server.service import Service, service_of

# To count a ledger of a hundred thousand items takes 10 ms, and a job may do fifty items a second.
_PROGRESS_INTERVAL_S = 0.2

# To cancel is felt between windows: the answer waits for that, but not for a large model's window.
_CANCEL_WAIT_S = 2.0


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
    · 任意数量的 `file` 表单项，外加 `/v1/recognize` 的选项；或带 `source` 的 JSON。

    A `source` is what `voxcor batch` takes, a folder, a list or an archive, on the server; it must
    lie in a folder of `VOXCOR_JOB_SOURCES`. The answer comes as soon as the upload is on the disk.
    · `source` 与 `voxcor batch` 的输入相同，即服务器上的文件夹、清单或压缩包，且须位于
    `VOXCOR_JOB_SOURCES` 的某个文件夹中。上传内容写入磁盘后立即响应。
    """
    service, runner = service_of(request), runner_of(request)
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
    """The newest first. · 按时间倒序。"""
    runner = runner_of(request)

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
async def get_job(request: Request, job_id: JobId) -> JobDocument:
    """How far it is. · 返回任务进度。"""
    runner = runner_of(request)
    document = await asyncio.to_thread(lambda: document_of(runner, runner.find(job_id)))
    return JobDocument.model_validate(document)


@router.patch("/{job_id}", summary="Name a job · 命名任务", responses=problems(404, 507))
async def name_job(request: Request, job_id: JobId, changes: JobChanges) -> JobDocument:
    """What people call it; its downloads are called so, too.
    · 设置显示名称；下载文件也以此命名。
    """
    runner = runner_of(request)
    await asyncio.to_thread(runner.store.set_name, job_id, changes.name or None)
    return await get_job(request, job_id)


@router.delete(
    "/{job_id}", status_code=204, summary="Cancel and delete · 取消并删除", responses=problems(404)
)
async def delete_job(request: Request, job_id: JobId) -> Response:
    """Ends it where it runs, and leaves no trace of it: uploads, results, ledger.
    · 运行中的任务会被终止，上传文件、结果和记录均不保留。

    It is gone at once for everybody; what a window of inference still holds goes with its end.
    · 立即对所有人不可见；正在推理的窗口占用的资源随其结束而释放。
    """
    runner = runner_of(request)
    await asyncio.to_thread(runner.delete, job_id)
    await runner.wait_until_not_running(job_id, _CANCEL_WAIT_S)
    return Response(status_code=204)


@router.post("/{job_id}/cancel", summary="Cancel · 取消", responses=problems(404))
async def cancel_job(request: Request, job_id: JobId) -> JobDocument:
    """Ends it; what is done so far stays, and can be downloaded. One that has ended stays so.
    · 终止任务；已完成的部分保留，可以下载。已结束的任务不变。

    It is `running` in the answer where what is recognised this moment takes longer to stop.
    · 若当前录音尚需片刻才能停止，响应中的状态仍为 `running`。
    """
    runner = runner_of(request)
    await asyncio.to_thread(runner.cancel, job_id)
    await runner.wait_until_not_running(job_id, _CANCEL_WAIT_S)
    return await get_job(request, job_id)


@router.post(
    "/{job_id}/retry",
    summary="Try again what failed · 重试失败的录音",
    responses=problems(404, 429),
)
async def retry_job(request: Request, job_id: JobId) -> JobDocument:
    """One that has ended goes on with what failed, or was cancelled before its turn.
    · 已结束的任务会继续处理失败的、或轮到之前已被取消的录音。

    Uploads are there for that only where they came with `keep_audio`.
    · 上传的录音只有在带 `keep_audio` 时才会保留以供重试。
    """
    runner = runner_of(request)
    await asyncio.to_thread(runner.retry, job_id)
    return await get_job(request, job_id)


async def _unread(request: Request, job_id: JobId) -> AsyncIterator[ServerSentEvent]:
    runner = runner_of(request)
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
    · 服务器推送事件：每段录音一个 `item`，另有 `progress`，最后是带状态的 `end`。

    Who comes back with Last-Event-ID hears only what came since, also after a restart.
    · 以 Last-Event-ID 重新连接只会收到此后的事件，服务器重启后亦然。
    """
    async for event in unread:
        yield event


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
        keep_audio=form.request.keep_audio,
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
