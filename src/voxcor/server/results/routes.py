"""`/v1/results`: what was recognised, its files and its log, until it is deleted."""

import asyncio
from collections.abc import AsyncIterator
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from voxcor.corrections import CORRECTIONS_FILE
from voxcor.server.event_log import EventLog, not_stored
from voxcor.server.http.archives import zip_chunks
from voxcor.server.http.downloads import UNFIT, Download, attachment, downloads_of
from voxcor.server.http.problems import error_response
from voxcor.server.recognition.pipeline import cancel_and_delete
from voxcor.server.results.log_messages import unread_log
from voxcor.server.results.store import RESULT_FILE, ResultStore, Wanted
from voxcor.server.schemas import Pending, problems, reference
from voxcor.server.service import service_of

router = APIRouter(prefix="/v1/results", tags=["results"])

ARCHIVE = "archive.zip"

ResultId = Annotated[str, Path(description="As POST /v1/recognize gave it. · 识别时返回的 id。")]


@router.get(
    "",
    summary="The latest results · 最近的结果",
    responses={200: reference("voxcor.page"), **problems()},
)
async def list_results(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        str | None, Query(description="`next` of the page before. · 上一页的 `next`。")
    ] = None,
    name: Annotated[
        str | None, Query(description="Part of the recording's name. · 录音名称的一部分。")
    ] = None,
    emotion: Annotated[
        str | None,
        Query(description="The id of a label, or `abstained`. · 标签 id，或 `abstained`。"),
    ] = None,
    below: Annotated[
        float | None, Query(ge=0, le=1, description="Less confident than this. · 置信度低于此值。")
    ] = None,
) -> Response:
    """Newest first. `next` is the `before` of the page that follows, null on the last.
    · 按时间倒序。`next` 为下一页的 `before`，最后一页为 null。

    `unreadable` is there where something lies among the results that cannot be read: under which
    name, in VOXCOR_HOME/results. The first 32 characters are the id by which it can be deleted.
    · 结果目录中有无法读取的内容时，`unreadable` 给出其在 VOXCOR_HOME/results 中的名称；前 32 个
    字符即可用于删除的 id。
    """
    results = service_of(request).results
    documents, following = await asyncio.to_thread(
        results.page, limit, before, Wanted(name, emotion, below)
    )
    page: dict[str, Any] = {"results": documents, "next": following}
    if unreadable := await asyncio.to_thread(results.unreadable):
        page["unreadable"] = unreadable
    # Megabytes of text are written out in a thread, here and below.
    return await asyncio.to_thread(JSONResponse, page)


@router.get(
    "/{result_id}",
    summary="A result · 一个结果",
    responses={
        200: reference("voxcor.result"),
        202: {"model": Pending, "description": "It is not there yet."},
        **problems(404, 413, 415, 500, 503, 507),
    },
)
async def get_result(request: Request, result_id: ResultId) -> Response:
    """The document; 202 while it is being made; the error where it could not be.
    · 返回结果文档；处理中返回 202；未能完成则返回相应错误。
    """
    service = service_of(request)
    if task := service.tasks.find(result_id):
        if task.error:
            return error_response(task.error, request)
        return JSONResponse({"id": result_id, "status": "running"}, 202, {"Retry-After": "1"})
    return await asyncio.to_thread(
        lambda: JSONResponse(service.results.document(result_id)),
    )


@router.delete(
    "/{result_id}",
    status_code=204,
    summary="Delete every trace of a result · 彻底删除一个结果",
    responses=problems(404, 500),
)
async def delete_result(request: Request, result_id: ResultId) -> None:
    """Work that still runs is given up. Nothing of the recording stays on the server.
    · 仍在进行的处理会被取消；服务器上不保留该录音的任何内容。
    """
    service = service_of(request)
    task = service.tasks.find(result_id)
    if task is None:
        await asyncio.to_thread(service.results.delete, result_id)
        return
    await cancel_and_delete(service, task)


async def _unread(request: Request, result_id: ResultId) -> AsyncIterator[ServerSentEvent]:
    service = service_of(request)
    if task := service.tasks.find(result_id):
        return unread_log(task.log, request)
    entries = await asyncio.to_thread(service.results.events, result_id)
    return unread_log(EventLog(entries), request)


@router.get(
    "/{result_id}/events",
    summary="The processing log · 处理日志",
    response_class=EventSourceResponse,
    responses={
        204: {"description": "The reader, by Last-Event-ID, has read all of it."},
        **problems(404),
    },
    dependencies=[Depends(not_stored)],
)
async def get_events(
    unread: Annotated[AsyncIterator[ServerSentEvent], Depends(_unread)],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `step`s from the first on, then `done` or `failed`.
    · 服务器推送事件：从第一条 `step` 开始，以 `done` 或 `failed` 结束。

    `data` has `message`, in the language of the reader, and the codes and numbers it is made of.
    · `data` 含读者所用语言的 `message`，以及构成它的代码和数值。
    """
    async for event in unread:
        yield event


@router.get(
    "/{result_id}/files/{name}",
    summary="A file of a result · 结果中的文件",
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
        206: {"description": "The part that Range asked for."},
        416: {"description": "There is no such part."},
        **problems(404, 429),
    },
    response_class=FileResponse,
)
async def get_file(
    request: Request,
    result_id: ResultId,
    name: Annotated[
        str,
        Path(
            description="One of `files`, or archive.zip: all of them. · "
            "`files` 之一，或 archive.zip（全部）。"
        ),
    ],
) -> Response:
    """Audio and arrays answer to Range. `archive.zip` is the result folder.
    · 音频和数组支持 Range；`archive.zip` 为整个结果文件夹。
    """
    results = service_of(request).results
    if name == ARCHIVE:
        folder = (await asyncio.to_thread(results.file, result_id, RESULT_FILE)).parent
        headers = attachment(f"{await asyncio.to_thread(_stem, results, result_id)}.zip")
        with downloads_of(request).slot() as slot:
            pieces = zip_chunks(folder)
            return Download(slot.pop_all(), pieces, "application/zip", headers)
    path = await asyncio.to_thread(results.file, result_id, name)
    # All but what people put right stays as it is.
    cached = "no-store" if name == CORRECTIONS_FILE else "private, max-age=3600"
    stem = await asyncio.to_thread(_stem, results, result_id)
    return FileResponse(
        path,
        filename=f"{stem}.{name}",
        content_disposition_type="inline",
        headers={"Cache-Control": cached},
    )


# A player asks for one file in many ranges, and a result's name never changes.
@lru_cache(maxsize=256)
def _stem(results: ResultStore, result_id: str) -> str:
    """What downloads of a result begin with: its recording's name, without what ends it."""
    name: str = results.document(result_id)["audio"]["name"]
    return UNFIT.sub("_", FilePath(name).stem)
