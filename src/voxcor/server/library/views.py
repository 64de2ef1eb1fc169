"""`/v1/library/map`, `/clusters`, `/trajectory`: what is computed of many segments together.

What takes long is answered 202 until it is there, and then kept until recordings come or go.
People's labels move nothing: they are told beside what is kept.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from voxcor.errors import NotInLibrary
from voxcor.inference.session import available_cores
from voxcor.language import language
from voxcor.library import derived
from voxcor.library.clusters import find_clusters
from voxcor.library.correcting import labelled
from voxcor.library.filters import Filters, all_of, parse_group
from voxcor.library.groups import compare_groups
from voxcor.library.map import make_map
from voxcor.library.pages.course import course_page, whose
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.library.trajectory import Trajectory, follow, follow_each
from voxcor.result_folder import to_json
from voxcor.server.http.downloads import attachment
from voxcor.server.library.computing import LATER, answered, in_time
from voxcor.server.library.documents import (
    ClustersDocument,
    MapDocument,
    TrajectoryDocument,
    clusters_document,
    course_document,
    groups_document,
    model_document,
)
from voxcor.server.library.forms import ClustersForm, MapForm, TrajectoryForm
from voxcor.server.library.relabelled import (
    Document,
    Labelled,
    relabelled_clusters,
    relabelled_map,
    unlabelled_clusters,
    unlabelled_map,
)
from voxcor.server.library.tasks import LibraryTasks
from voxcor.server.schemas import problems
from voxcor.server.service import service_of

Progress = Callable[[float], None]

# Of a table of the library: a document, telling which share of the work is done.
Compute = Callable[[Library, ModelTable, Progress], Document]

Relabel = Callable[[Document, Labelled], Document]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.library_tasks = LibraryTasks()
    yield
    app.state.library_tasks.cancel_all()


router = APIRouter(prefix="/v1/library", tags=["library"], lifespan=_lifespan)


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

    def compute(library: Library, table: ModelTable, progress: Progress) -> Document:
        found = make_map(
            library,
            table,
            filters=form.filters.meant(),
            by_speaker=form.by_speaker,
            threads=threads,
            progress=progress,
        )
        return unlabelled_map(found).to_document()

    return answered(await _computed(request, "map", form, compute, relabelled_map))


@router.post(
    "/clusters",
    summary="Groups of what sounds alike · 相似语段聚类",
    responses={200: {"model": ClustersDocument}, **LATER},
)
async def get_clusters(request: Request, form: ClustersForm) -> Response:
    """HDBSCAN, of 20,000 segments at the most; with what to hear first, and how stable each is.
    · HDBSCAN，最多 20,000 个语段；给出各类应先听的语段及其稳定程度。
    """

    def compute(library: Library, table: ModelTable, progress: Progress) -> Document:
        found = find_clusters(
            library,
            table,
            filters=form.filters.meant(),
            smallest=form.smallest,
            by_speaker=form.by_speaker,
            progress=progress,
        )
        return clusters_document(unlabelled_clusters(found))

    return answered(await _computed(request, "clusters", form, compute, relabelled_clusters))


@router.post(
    "/trajectory",
    summary="A dimension over time · 维度随时间的变化",
    responses={
        200: {"model": TrajectoryDocument, "content": {"text/html": {}}},
        **LATER,
        **problems(422),
    },
)
async def get_trajectory(request: Request, form: TrajectoryForm) -> Response:
    """Arousal or valence within a recording, or over the recordings that the filters leave; as
    `html` the page that `voxcor library trajectory --html` writes.
    · 一个录音之内、或筛选出的多个录音之间的唤醒度或效价变化；`html` 为
    `voxcor library trajectory --html` 所写的网页。
    """
    groups = [(name, parse_group(name)) for name in form.compare or ()]

    def compute(library: Library, table: ModelTable, progress: Progress) -> Document:
        filters = form.filters.meant()

        def of(*further: Filters) -> Sequence[LibrarySegment]:
            conditions = (one.where for one in (filters, *further))
            return library.segments(table, all_of(*conditions))

        segments = of()
        if not segments:
            named = filters.recording or filters.speaker or filters.dates
            raise NotInLibrary(name=named or "–")
        course = follow(segments, form.dimension)
        is_wanted = form.each or form.format == "html"
        each = follow_each(segments, form.dimension, progress=progress) if is_wanted else ()
        compared = None
        if groups:
            first, second = ((name, of(group)) for name, group in groups)
            compared = compare_groups(first, second, form.dimension)
        if form.format == "html":
            about = whose(course, filters)
            page = course_page(course, each, about=about, model=table.model, compared=compared)
            return {"page": page}
        return {
            **course_document(course, segments),
            "each": _within(segments, each) if form.each else None,
            "compared": compared and groups_document(compared),
        }

    beside = {"language": language()} if form.format == "html" else None
    found = await _computed(request, "trajectory", form, compute, beside=beside)
    if form.format == "html" and isinstance(found, bytes):
        headers = attachment(f"{form.dimension}.html")
        return HTMLResponse(json.loads(found)["page"], headers=headers)
    return answered(found)


def _within(segments: Sequence[LibrarySegment], each: Sequence[Trajectory]) -> list[Document]:
    """The course within each recording, of those segments that are its own."""
    own = defaultdict[str, list[LibrarySegment]](list)
    for segment in segments:
        own[segment.recording].append(segment)
    return [course_document(one, own[one.sessions[0].recording]) for one in each]


async def _computed(
    request: Request,
    kind: str,
    form: MapForm | TrajectoryForm,
    compute: Compute,
    relabel: Relabel | None = None,
    beside: Mapping[str, str] | None = None,
) -> bytes | float:
    """What is kept, or computed in time, with people's labels; else how far it is.

    It depends on what the form asks, and on what is said `beside` that.
    """
    library = service_of(request).library
    form.filters.meant()  # what cannot be asked is said at once

    def look() -> tuple[ModelTable, str, str, bytes | None]:
        table = library.table(form.model)
        stock = _stock(library, table, library.version(table))
        asked = form.model_dump(exclude={"model"}) | dict(beside or {})
        if form.filters.emotion is not None:
            # Which segments have it changes with every label.
            asked["version"] = library.version(table)
        key = derived.key_of(kind, table.name, stock, asked)
        return table, stock, key, derived.read(library.folder, key)

    table, stock, key, content = await asyncio.to_thread(look)

    def work(progress: Progress) -> bytes:
        document = compute(library, table, progress)
        named = {"map": key} if kind == "map" else {}
        answer = to_json({**named, "model": model_document(table.model), **document}).encode()
        version = library.version(table)
        if _stock(library, table, version) == stock:
            library.keep(key, table, version, answer)
        return answer

    if content is None:
        found = await in_time(request, key, work)
        if isinstance(found, float):
            return found
        content = found
    if relabel is not None:
        content = await asyncio.to_thread(_labelled, library, table, content, relabel)
    return content


def _labelled(library: Library, table: ModelTable, content: bytes, relabel: Relabel) -> bytes:
    said = {one.id: one for one in labelled(library, table)}
    return to_json(relabel(json.loads(content), said)).encode() if said else content


# Who waits asks every second: of a table that has not changed it is the same.
@lru_cache(maxsize=4)
def _stock(library: Library, table: ModelTable, _version: int) -> str:
    return derived.stock_of(library.recordings_of(table))
