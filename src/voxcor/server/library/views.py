"""`/v1/library/map`, `/clusters`, `/trajectory`: what is computed of many segments together.

What takes long is answered 202 until it is there, and then kept until the library changes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from voxcor.errors import NotInLibrary
from voxcor.inference.session import available_cores
from voxcor.library import derived
from voxcor.library.clusters import find_clusters
from voxcor.library.map import make_map
from voxcor.library.store import Library, ModelTable
from voxcor.library.trajectory import follow
from voxcor.result_folder import to_json
from voxcor.server.library.documents import (
    ClustersDocument,
    MapDocument,
    TrajectoryDocument,
    Working,
    clusters_document,
    model_document,
)
from voxcor.server.library.forms import ClustersForm, MapForm, TrajectoryForm
from voxcor.server.library.tasks import LibraryTasks
from voxcor.server.schemas import problems
from voxcor.server.service import service_of

# What takes no longer is answered at once.
DIRECT_S = 1.0

# Of a table of the library: a document, telling which share of the work is done.
Compute = Callable[[Library, ModelTable, Callable[[float], None]], dict[str, Any]]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.library_tasks = LibraryTasks()
    yield
    app.state.library_tasks.cancel_all()


router = APIRouter(prefix="/v1/library", tags=["library"], lifespan=_lifespan)

_LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": Working, "description": "It is being computed."},
    **problems(404, 429, 500, 501, 507),
}


@router.post(
    "/map",
    summary="All segments on a plane · 语段分布图",
    responses={200: {"model": MapDocument}, **_LATER},
)
async def get_map(request: Request, form: MapForm) -> Response:
    """What is alike lies together: t-SNE of scores and vectors, of 100,000 segments at the most.
    · 相近的语段彼此靠近：对得分与特征向量作 t-SNE，最多 100,000 个语段。
    """
    threads = service_of(request).settings.threads or available_cores()

    def compute(
        library: Library, table: ModelTable, progress: Callable[[float], None]
    ) -> dict[str, Any]:
        return make_map(
            library,
            table,
            filters=form.filters.meant(),
            by_speaker=form.by_speaker,
            threads=threads,
            progress=progress,
        ).to_document()

    return await _computed(request, "map", form, compute)


@router.post(
    "/clusters",
    summary="Groups of what sounds alike · 相似语段聚类",
    responses={200: {"model": ClustersDocument}, **_LATER},
)
async def get_clusters(request: Request, form: ClustersForm) -> Response:
    """HDBSCAN, of 20,000 segments at the most; with what to hear first, and how stable each is.
    · HDBSCAN，最多 20,000 个语段；给出各类应先听的语段及其稳定程度。
    """

    def compute(
        library: Library, table: ModelTable, progress: Callable[[float], None]
    ) -> dict[str, Any]:
        return clusters_document(
            find_clusters(
                library,
                table,
                filters=form.filters.meant(),
                smallest=form.smallest,
                by_speaker=form.by_speaker,
                progress=progress,
            )
        )

    return await _computed(request, "clusters", form, compute)


@router.post(
    "/trajectory",
    summary="A dimension over time · 维度随时间的变化",
    responses={200: {"model": TrajectoryDocument}, **_LATER},
)
async def get_trajectory(request: Request, form: TrajectoryForm) -> Response:
    """Arousal or valence within a recording, or over the recordings that the filters leave.
    · 一个录音之内、或筛选出的多个录音之间的唤醒度或效价变化。
    """

    def compute(
        library: Library, table: ModelTable, _progress: Callable[[float], None]
    ) -> dict[str, Any]:
        segments = library.segments(table, form.filters.meant().where)
        if not segments:
            raise NotInLibrary(name=form.filters.recording or form.filters.speaker or "–")
        return follow(segments, form.dimension).to_document()

    return await _computed(request, "trajectory", form, compute)


async def _computed(
    request: Request, kind: str, form: MapForm | TrajectoryForm, compute: Compute
) -> Response:
    """What is kept, or computed in time, or how far it is."""
    library = service_of(request).library
    form.filters.meant()  # what cannot be asked is said at once

    def look() -> tuple[ModelTable, int, str, bytes | None]:
        table = library.table(form.model)
        version = library.version(table)
        key = derived.key_of(kind, table.name, version, form.model_dump(exclude={"model"}))
        return table, version, key, derived.read(library.folder, key)

    table, version, key, content = await asyncio.to_thread(look)

    def work(progress: Callable[[float], None]) -> bytes:
        document = compute(library, table, progress)
        named = {"map": key} if kind == "map" else {}
        answer = to_json({**named, "model": model_document(table.model), **document}).encode()
        library.keep(key, table, version, answer)
        return answer

    if content is None:
        tasks: LibraryTasks = request.app.state.library_tasks
        found = await tasks.ask(key, work, DIRECT_S)
        if isinstance(found, float):
            working = {"state": "working", "progress": round(found, 3)}
            return JSONResponse(working, 202, {"Retry-After": "1"})
        content = found
    return Response(content, media_type="application/json")
