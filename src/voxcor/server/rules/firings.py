"""Where rules fired: in one result, lately, and as it happens, `/v1/events`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from voxcor.errors import LedgerCorrupt, NoSuchJob, NoSuchResult, StorageError
from voxcor.server.event_log import LogEntry, last_event_id, not_stored, server_sent
from voxcor.server.jobs.runner import runner_of
from voxcor.server.rules.engine import rule_engine_of
from voxcor.server.schemas import problems
from voxcor.server.service import service_of
from voxcor.stored_result import result_from

router = APIRouter(prefix="/v1", tags=["rules"])

CURVE = "frames.csv"


class Firing(BaseModel):
    """The moment, in the recording, at which a rule had become true, and the scores of then."""

    rule: str
    condition: str
    labels: list[str]
    time_ms: int
    scores: dict[str, float]


class FiringList(BaseModel):
    """In the order of their times."""

    firings: list[Firing]


class HeardFiring(Firing):
    """A firing that was told, in a live session, a result, or a recording of a job.

    `name` is that of the recording where its result is still there.
    """

    source: dict[str, Any]
    name: str | None


class HeardFirings(BaseModel):
    """The latest first."""

    firings: list[HeardFiring]


@router.get(
    "/results/{result_id}/firings",
    summary="Where the saved rules fire in a result · 规则在某个结果中的触发位置",
    responses=problems(404, 500),
)
async def list_firings(
    request: Request,
    result_id: Annotated[str, Path(description="As POST /v1/recognize gave it. · 识别返回的 id。")],
) -> FiringList:
    """By the rules that are saved now, whenever the result was made; no webhook is called.
    · 使用当前保存的规则，与结果的生成时间无关；不会调用 webhook。
    """
    results, engine = service_of(request).results, rule_engine_of(request)

    def found() -> FiringList:
        result = result_from(results.document(result_id))
        curve = results.file(result_id, CURVE) if CURVE in result.files else None
        firings = engine.firings_in(result, curve)
        return FiringList(firings=[Firing(**firing.to_document()) for firing in firings])

    return await asyncio.to_thread(found)


@router.get("/firings", summary="The latest firings · 最近的触发", responses=problems())
async def list_latest(
    request: Request, limit: Annotated[int, Query(ge=1, le=100)] = 30
) -> HeardFirings:
    """Of live sessions and results since the server started.
    · 服务器启动以来实时会话和结果中的触发。
    """
    results, jobs = service_of(request).results, runner_of(request).store
    latest = rule_engine_of(request).firings.entries[-limit:]

    @cache
    def name_of(result_id: str | None, job_id: str | None, position: int) -> str | None:
        with suppress(NoSuchResult, NoSuchJob, LedgerCorrupt, StorageError):
            if result_id is not None:
                return str(results.document(result_id)["audio"]["name"])
            if job_id is not None:
                return jobs.name_of(job_id, position)
        return None

    def heard() -> HeardFirings:
        firings = []
        for entry in reversed(latest):
            source = entry.data["source"]
            name = name_of(source.get("result_id"), source.get("job_id"), source.get("position", 0))
            firings.append(HeardFiring(**entry.data, name=name))
        return HeardFirings(firings=firings)

    return await asyncio.to_thread(heard)


async def _unread(request: Request) -> AsyncIterator[tuple[int, LogEntry]]:
    firings = rule_engine_of(request).firings
    read = last_event_id(request)
    # Numbers begin anew with the server: one from before it says nothing.
    return firings.follow(read if 0 < read <= firings.count else firings.count * (read == 0))


@router.get(
    "/events",
    summary="Firings as they happen · 规则触发事件",
    response_class=EventSourceResponse,
    responses=problems(),
    dependencies=[Depends(not_stored)],
)
async def get_events(
    unread: Annotated[AsyncIterator[tuple[int, LogEntry]], Depends(_unread)],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events `rule.fired`: rule, condition, labels, time_ms, scores, source.
    · 服务器推送事件 `rule.fired`：rule、condition、labels、time_ms、scores、source。

    A reader who comes back with Last-Event-ID gets what was missed, a new one what comes.
    · 以 Last-Event-ID 重新连接会补发错过的事件，新连接只收到此后的事件。
    """
    # Something at once, so that whoever is between passes on that it has begun.
    yield ServerSentEvent(comment="")
    async for number, firing in unread:
        yield server_sent(firing.name, firing.data, number)
