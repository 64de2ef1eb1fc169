"""`/v1/models`: what is installed, what could be, and the download of one."""

import asyncio
import contextvars
import logging
import os
import threading
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from voxcor.errors import PullInProgress, UsageError, VoxcorError
from voxcor.models.cards import OFFICIAL, Hub, Precision
from voxcor.models.listing import list_models
from voxcor.models.store import BUILT_IN, name_of, unknown
from voxcor.server.event_log import EventLog, not_stored
from voxcor.server.log_messages import unread_log
from voxcor.server.schemas import problems
from voxcor.server.service import Service, service_of

router = APIRouter(prefix="/v1/models", tags=["models"])
logger = logging.getLogger("voxcor.server")

ModelId = Annotated[str, Path(description="An `id` of GET /v1/models. · 模型名称。")]


class Model(BaseModel):
    """A model there is. `active`: it answers requests that name none."""

    id: str
    title: str
    installed: bool
    active: bool
    bytes: int | None
    download_bytes: int | None
    precision: str | None
    labels: list[str]
    official: bool | None
    standing: str | None
    revision: str | None
    sha256: str | None
    caution: str | None
    problem: str | None


class ModelList(BaseModel):
    """`fallback`: only because nothing better is installed, `small` is the active one."""

    models: list[Model]
    active: str | None
    fallback: bool


class Pull(BaseModel):
    """A download that has begun."""

    id: str
    status: Literal["running"]


class Pulls:
    """Downloads: one at a time, the log of the last of each model."""

    def __init__(self) -> None:
        self._logs: dict[str, EventLog] = {}

    def log_of(self, model: str) -> EventLog | None:
        return self._logs.get(model)

    def begin(self, service: Service, model: str, precision: Precision, hub: Hub | None) -> str:
        """Starts a download in a thread that does not keep the process alive: it can be resumed.

        Returns:
            the name that the model will have.

        Raises:
            PullInProgress: there is one already.
        """
        name = name_of(model, precision)
        for other, log in self._logs.items():
            if not log.ended:
                raise PullInProgress(model=other)
        log = self._logs[name] = EventLog()
        context = contextvars.copy_context()
        arguments = (_pull, service, model, precision, hub, log)
        threading.Thread(target=context.run, args=arguments, daemon=True).start()
        return name


@router.get("", summary="All models · 全部模型", responses=problems())
async def get_models(request: Request) -> ModelList:
    """Published and installed ones, with what each takes to download and on the disk."""
    recognizers = service_of(request).recognizers

    def rows() -> ModelList:
        try:
            active = recognizers.require()
        except VoxcorError:
            active = None
        name = active.card.id if active else None
        return ModelList(
            models=[Model(**row, active=row["id"] == name) for row in list_models()],
            active=name,
            fallback=active is not None and active.fallback,
        )

    return await asyncio.to_thread(rows)


@router.post(
    "/{model}/pull",
    status_code=202,
    summary="Download and install a model · 下载并安装模型",
    responses=problems(404, 409),
)
async def pull_model(
    request: Request,
    response: Response,
    model: ModelId,
    hub: Annotated[Hub | None, Query(description="Default: near the reader's language.")] = None,
    precision: Annotated[Precision, Query(description="int8 is made of fp32.")] = "fp32",
) -> Pull:
    """One at a time. `Location` is its progress; when it is done, requests can name the model.

    int8 is calibrated on the hub's example clip; on one's own recordings by the command.
    """
    if model == BUILT_IN:
        raise UsageError(
            reason_en="small is part of Voxcor; there is nothing to pull.",
            reason_zh="small 是 Voxcor 自带的模型，无需拉取。",
        )
    if model not in OFFICIAL:
        raise unknown(model, OFFICIAL)
    name = request.app.state.pulls.begin(service_of(request), model, precision, hub)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/v1/models/{name}/events"
    return Pull(id=name, status="running")


async def _unread(request: Request, model: ModelId) -> AsyncIterator[ServerSentEvent]:
    log: EventLog | None = request.app.state.pulls.log_of(model)
    if log is None:
        raise unknown(model)
    return unread_log(log, request)


@router.get(
    "/{model}/events",
    summary="Progress of a download · 下载进度",
    response_class=EventSourceResponse,
    responses={
        204: {"description": "The reader, by Last-Event-ID, has read all of it."},
        **problems(404),
    },
    dependencies=[Depends(not_stored)],
)
async def get_progress(
    unread: Annotated[AsyncIterator[ServerSentEvent], Depends(_unread)],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events of the latest pull: `step`s (download, convert, int8), `done` or `failed`.

    `facts.share` of a step is how much of it is done, 0 to 1.
    """
    async for event in unread:
        yield event


def _pull(
    service: Service, model: str, precision: Precision, hub: Hub | None, log: EventLog
) -> None:
    # ModelScope's client draws its own bar; tqdm reads this on import.
    os.environ["TQDM_DISABLE"] = "1"
    from voxcor.models.install import InstallStage
    from voxcor.models.pull import pull

    percent = -1

    def progress(stage: InstallStage, share: float) -> None:
        nonlocal percent
        if percent != (percent := int(100 * share)):
            log.step(stage, share=round(share, 2))

    try:
        card = pull(model, hub=hub, precision=precision, progress=progress)
        name = name_of(card.id, card.precision)
        # Its first request shall not wait for it.
        service.recognizers.get(name)
    except VoxcorError as error:
        log.add("failed", **error.to_dict())
    except Exception:
        logger.exception("pulling %s failed", model)
        log.add("failed", **VoxcorError(reason="see the log of the server").to_dict())
    else:
        log.add("done", id=name, sha256=card.sha256)
