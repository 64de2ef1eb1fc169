"""`/v1/models`: what is installed, what could be, and how it is."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from voxcor.disk.faults import free_bytes
from voxcor.errors import UsageError, VoxcorError
from voxcor.invocation import voxcor
from voxcor.models.cards import OFFICIAL, Card, Hub, Precision
from voxcor.models.listing import list_models
from voxcor.models.store import BUILT_IN, name_of, remove, unknown
from voxcor.server.event_log import EventLog, not_stored
from voxcor.server.jobs.store import require_allowed
from voxcor.server.results.log_messages import unread_log
from voxcor.server.schemas import problems
from voxcor.server.service import service_of

if TYPE_CHECKING:
    from voxcor.models.install import InstallProgress
    from voxcor.server.models.installs import Work

router = APIRouter(prefix="/v1/models", tags=["models"])

ModelId = Annotated[str, InPath(description="An `id` of GET /v1/models. · 模型名称。")]


class Model(BaseModel):
    """A model there is. `active`: it answers requests that name none.

    `command` is what gets it, or recognises with it, typed where the server runs.
    """

    id: str
    title: str
    installed: bool
    active: bool
    bytes: int | None
    download_bytes: int | None
    needed_bytes: int | None
    precision: str | None
    labels: list[str]
    official: bool | None
    standing: str | None
    revision: str | None
    sha256: str | None
    licence: str | None
    metrics: dict[str, float]
    caution: str | None
    problem: str | None
    command: str


class ModelList(BaseModel):
    """`fallback`: only because nothing better is installed, `small` is the active one.

    `free_bytes` are those of the disk that models lie on; `sources` the folders of the server that
    files and folders may be installed from.
    """

    models: list[Model]
    active: str | None
    fallback: bool
    free_bytes: int
    sources: list[str]


class Pull(BaseModel):
    """A download that has begun, or another way of installing."""

    id: str
    status: Literal["running"]


class Removed(BaseModel):
    """What a model has left behind: room on the disk."""

    freed_bytes: int


class LocalForm(BaseModel):
    """What is installed from: on the server, in one of `sources`."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(
        max_length=4096,
        description="A model folder; or a checkpoint, or its folder, for a published model. · "
        "模型文件夹；已发布的模型也可以是检查点文件或其所在文件夹。",
    )
    precision: Precision | None = Field(None, description="Default: what lies there. · 默认不变。")


@router.get("", summary="All models · 全部模型", responses=problems())
async def get_models(request: Request) -> ModelList:
    """Published and installed ones, with what each takes to download and on the disk.
    · 已发布和已安装的模型，以及各自的下载大小和占用空间。
    """
    service = service_of(request)

    def rows() -> ModelList:
        settings = service.settings
        try:
            active = service.recognizers.require()
        except VoxcorError:
            active = None
        name = active.card.id if active else None
        return ModelList(
            models=[
                Model(**row, active=row["id"] == name, command=_command_of(row))
                for row in list_models()
            ],
            active=name,
            fallback=active is not None and active.fallback,
            free_bytes=free_bytes(settings.models),
            sources=[str(folder) for folder in settings.job_sources],
        )

    return await asyncio.to_thread(rows)


def _command_of(row: Mapping[str, Any]) -> str:
    does = "recognize --model" if row["installed"] else "models pull"
    return f"{voxcor()} {does} {row['id']}"


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
    hub: Annotated[
        Hub | None,
        Query(description="Default: near the reader's language. · 默认选择靠近读者语言的源。"),
    ] = None,
    precision: Annotated[
        Precision, Query(description="int8 is made of fp32. · int8 由 fp32 得到。")
    ] = "fp32",
) -> Pull:
    """One at a time. `Location` is its progress; when it is done, requests can name the model.
    · 一次只能安装一个。`Location` 为其进度；完成后即可在请求中指定该模型。

    int8 is calibrated on the hub's example clip; on one's own recordings by the command.
    · int8 用模型仓库的示例音频校准；如需用自己的录音校准，请使用命令行。
    """
    if model == BUILT_IN:
        raise UsageError(
            reason_en="small is part of Voxcor; there is nothing to pull.",
            reason_zh="small 是 Voxcor 自带的模型，无需拉取。",
        )
    if model not in OFFICIAL:
        raise unknown(model, OFFICIAL)
    os.environ["TQDM_DISABLE"] = "1"  # ModelScope's client draws its own bar; tqdm reads it once

    def work(progress: "InstallProgress") -> Card:
        from voxcor.models.pull import pull

        return pull(model, hub=hub, precision=precision, progress=progress)

    return _begin(request, response, name_of(model, precision), work)


@router.delete(
    "/{model}", summary="Remove a model · 删除模型", responses=problems(404, 409, 422, 507)
)
async def remove_model(request: Request, model: ModelId) -> Removed:
    """With what was downloaded of it. Who is at work with it goes on to the end.
    · 连同其已下载的内容一并删除；正在使用它的处理会继续完成。
    """
    recognizers = service_of(request).recognizers

    def work() -> int:
        recognizers.drop(model)
        return remove(model)

    return Removed(freed_bytes=await asyncio.to_thread(work))


@router.delete(
    "/{model}/pull",
    status_code=204,
    summary="Give up a download · 取消下载",
    responses=problems(404),
)
async def cancel_pull(request: Request, model: ModelId) -> None:
    """It ends with its next bytes, `pull_cancelled` in its events; a later one goes on from there.
    · 在收到下一批数据时停止，事件流以 `pull_cancelled` 结束；之后再次下载会从此处继续。

    `model` is the `id` that the pull has given.
    · `model` 为下载请求返回的 `id`。
    """
    if not request.app.state.installs.cancel(model):
        raise unknown(model)


@router.post(
    "/{model}/local",
    status_code=202,
    summary="Install from the server's disk · 从服务器磁盘安装",
    responses=problems(403, 404, 409, 422),
)
async def install_local(
    request: Request, response: Response, model: ModelId, form: LocalForm
) -> Pull:
    """Weights of a published model under its id, or a model folder of one's own under a new name.
    · 以公开模型的 id 安装其权重，或以新名称安装自己的模型文件夹。

    As `voxcor models pull --from` and `voxcor models add`; only from the folders of `sources`.
    · 相当于 `voxcor models pull --from` 和 `voxcor models add`；只能取自 `sources` 所列文件夹。
    """
    await asyncio.to_thread(require_allowed, service_of(request).settings, form.path)

    def work(progress: "InstallProgress") -> Card:
        from voxcor.models.add import add
        from voxcor.models.pull import pull

        path = Path(form.path)
        if model in OFFICIAL:
            precision = form.precision or "fp32"
            return pull(model, source=path, precision=precision, progress=progress)
        return add(path, model, precision=form.precision, progress=progress)

    return _begin(request, response, model, work)


def _begin(request: Request, response: Response, name: str, work: "Work") -> Pull:
    request.app.state.installs.begin(service_of(request), name, work)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/v1/models/{name}/events"
    return Pull(id=name, status="running")


async def _unread(request: Request, model: ModelId) -> AsyncIterator[ServerSentEvent]:
    log: EventLog | None = request.app.state.installs.log_of(model)
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
    · 最近一次下载的服务器推送事件：`step`（下载、转换、int8）、`done` 或 `failed`。

    `facts.share` of a step is how much of it is done, 0 to 1.
    · `step` 的 `facts.share` 为完成比例，0 至 1。
    """
    async for event in unread:
        yield event
