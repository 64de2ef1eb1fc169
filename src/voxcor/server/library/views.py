"""`/v1/library/map`, `/clusters`, `/trajectory`: what is computed of many segments together."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from voxcor.errors import NotInLibrary
from voxcor.inference.session import available_cores
from voxcor.library.clusters import find_clusters
from voxcor.library.map import make_map
from voxcor.library.store import Library, ModelTable
from voxcor.library.trajectory import follow
from voxcor.server.library.computing import LATER, answered, kept
from voxcor.server.library.documents import (
    ClustersDocument,
    MapDocument,
    TrajectoryDocument,
    clusters_document,
)
from voxcor.server.library.forms import ClustersForm, MapForm, TrajectoryForm
from voxcor.server.service import service_of

router = APIRouter(prefix="/v1/library", tags=["library"])


@router.post(
    "/map",
    summary="All segments on a plane · 语段分布图",
    responses={200: {"model": MapDocument}, **LATER},
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

    return answered(await kept(request, "map", form, compute))


@router.post(
    "/clusters",
    summary="Groups of what sounds alike · 相似语段聚类",
    responses={200: {"model": ClustersDocument}, **LATER},
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

    return answered(await kept(request, "clusters", form, compute))


@router.post(
    "/trajectory",
    summary="A dimension over time · 维度随时间的变化",
    responses={200: {"model": TrajectoryDocument}, **LATER},
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

    return answered(await kept(request, "trajectory", form, compute))
