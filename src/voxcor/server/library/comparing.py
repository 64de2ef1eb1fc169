"""`/v1/library/compare`, `/compare-models`: two recordings on each other, two models side by side.

Files and folders of the server are none that can be named here: what lies on its disk comes in by a
job, which reads where VOXCOR_JOB_SOURCES allows it.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from voxcor.errors import MalformedRequest
from voxcor.exports.content import RESULT_FILE, read_content
from voxcor.library.pages.models import models_page
from voxcor.library.pages.takes import takes_page
from voxcor.library.query import Region
from voxcor.library.takes import Take, compare_takes, of_region, of_result
from voxcor.library.two_models import TwoModels, compare_batches, compare_tables
from voxcor.result_folder import to_json
from voxcor.server.http.downloads import attachment
from voxcor.server.jobs.runner import runner_of
from voxcor.server.library.computing import LATER, answered, in_time, key_of
from voxcor.server.library.documents import IntervalDocument, LibraryModel
from voxcor.server.library.forms import Milliseconds, ModelChoice
from voxcor.server.library.tasks import Work
from voxcor.server.service import Service, service_of

router = APIRouter(prefix="/v1/library", tags=["library"])

Form = Literal["json", "html"]

_FORMAT: Any = Field(
    "json", description="A document, or a page to hand on. · 文档，或可转交的网页。"
)


class TakeForm(BaseModel):
    """One recording: of the library, all of it or a part; or a result."""

    model_config = ConfigDict(extra="forbid")

    recording: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{16}(-\d{1,4})?(\+\d{1,12}-\d{1,12})?$",
        description="Its name in the library. · 录音在库中的名称。",
    )
    result_id: str | None = Field(
        None, max_length=100, description="Of a result of the server. · 服务器上的结果。"
    )
    start_ms: Milliseconds | None = Field(
        None,
        description="A part of a recording of the library, with `end_ms`; default: all of it. · "
        "库中录音的一段，与 `end_ms` 并用；默认为全部。",
    )
    end_ms: Milliseconds | None = None

    def require_clear(self) -> None:
        """Looks whether it says which, and which part.

        Raises:
            MalformedRequest: it does not.
        """
        if (self.recording is None) == (self.result_id is None):
            raise MalformedRequest(
                reason_en="each side needs either recording or result_id.",
                reason_zh="每一方须提供 recording 或 result_id 之一。",
            )
        start, end = self.start_ms, self.end_ms
        if start is None and end is None:
            return
        if self.recording is None or start is None or end is None or start >= end:
            raise MalformedRequest(
                reason_en="a part is of a recording of the library, from start_ms to a later "
                "end_ms.",
                reason_zh="只有库中的录音可取其中一段，且 end_ms 须晚于 start_ms。",
            )


class TakesForm(BaseModel):
    """Which two recordings are laid on each other."""

    model_config = ConfigDict(extra="forbid")

    first: TakeForm
    second: TakeForm
    model: ModelChoice = None
    format: Form = _FORMAT


class ModelsForm(BaseModel):
    """Which two models are compared: both by what the library has of them, or by two jobs."""

    model_config = ConfigDict(extra="forbid")

    models: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None,
        min_length=2,
        max_length=2,
        description="Of GET /v1/library. · 见 GET /v1/library。",
    )
    job_ids: list[Annotated[str, Field(max_length=100)]] | None = Field(
        None,
        min_length=2,
        max_length=2,
        description="Two jobs over the same recordings. · 对相同录音的两个任务。",
    )
    format: Form = _FORMAT


class TakeDocument(BaseModel):
    """A recording as it was compared: its `scores` are the mean of `speech_ms`."""

    name: str
    model: str
    from_: Literal["frames", "segments"] = Field(alias="from")
    speech_ms: int
    step_ms: int
    emotion: str
    scores: dict[str, float]


class SideDocument(BaseModel):
    """What one recording says in a stretch."""

    start_ms: int
    end_ms: int
    emotion: str
    confidence: float


class StretchDocument(BaseModel):
    """Where two recordings differ; `arousal` and `valence` are the first less the second."""

    first: SideDocument
    second: SideDocument
    overlap: float
    arousal: float | None
    valence: float | None


class ComparisonDocument(BaseModel):
    """Two recordings on each other. `path` has what meets what, a list for each column."""

    first: TakeDocument
    second: TakeDocument
    similarity: float
    arousal: float | None
    valence: float | None
    stretches: list[StretchDocument]
    path: dict[str, list[float | None]]


class JudgesDocument(BaseModel):
    """How far two models agree; `confusion` has the labels of the first in rows."""

    clips: int
    share: IntervalDocument
    kappa: IntervalDocument
    confusion: list[list[int]]
    resampled: Literal["speakers", "clips"]


class FlipDocument(BaseModel):
    """So often the first model says one label and the second another."""

    first: str
    second: str
    recordings: int


class BothHeardDocument(BaseModel):
    """What two models say of a recording."""

    path: str
    speaker: str | None
    truth: str | None
    first: str
    second: str
    flip: bool
    overlap: float
    first_scores: dict[str, float]
    second_scores: dict[str, float]


class TwoModelsDocument(BaseModel):
    """Two models over the same recordings; those on which they differ most come first."""

    first: LibraryModel
    second: LibraryModel
    labels: list[str]
    agreement: JudgesDocument
    flips: list[FlipDocument]
    truth: None
    taken: int
    recordings: list[BothHeardDocument]
    failures: list[dict[str, str]]


def _or_page(document: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    page = {"text/html": {"schema": {"type": "string"}}}
    return {200: {"model": document, "content": page}, **LATER}


@router.post(
    "/compare",
    summary="Two recordings on each other · 对齐比较两段录音",
    responses=_or_page(ComparisonDocument),
)
async def compare_two_recordings(request: Request, form: TakesForm) -> Response:
    """By dynamic time warping, whatever their pace: how alike they sound, and where they do not.
    · 以动态时间规整对齐，不受语速影响：整体有多相似，何处不同。
    """
    service = service_of(request)
    for side in (form.first, form.second):
        side.require_clear()

    first, second = await service.in_thread(lambda: _takes(service, form))

    def work(_progress: Callable[[float], None]) -> bytes:
        found = compare_takes(first, second)
        is_page = form.format == "html"
        return (takes_page(found) if is_page else to_json(found.to_document())).encode()

    heard = [(one.name, one.model.sha256, one.digest) for one in (first, second)]
    return await _answered(request, key_of("compare", heard=heard, format=form.format), work, form)


def _takes(service: Service, form: TakesForm) -> tuple[Take, Take]:
    """Both sides. Beside a result the library is asked what the result's own model heard."""

    def result(side: TakeForm) -> Take | None:
        if side.result_id is None:
            return None
        return of_result(read_content(service.results.file(side.result_id, RESULT_FILE)))

    results = [*map(result, (form.first, form.second))]
    model = form.model
    if model is None and None in results:
        own = {take.model.sha256 for take in results if take}
        known = (table.model.sha256 for table in service.library.tables())
        model = next((digest for digest in known if digest in own), None)

    def take(side: TakeForm, heard: Take | None) -> Take:
        if heard is not None:
            return heard
        assert side.recording is not None
        times = (None if ms is None else ms / 1000 for ms in (side.start_ms, side.end_ms))
        return of_region(Region(side.recording, *times), service.library, model)

    first, second = map(take, (form.first, form.second), results)
    return first, second


@router.post(
    "/compare-models",
    summary="Two models side by side · 比较两个模型",
    responses=_or_page(TwoModelsDocument),
)
async def compare_two_models(request: Request, form: ModelsForm) -> Response:
    """Over all recordings that the library has of both, or that two jobs share: how far they agree,
    and on which recordings they do not. Nothing is heard again.
    · 对库中两者都有的录音，或两个任务共有的录音：一致程度，以及在哪些录音上不同。不会重新识别。
    """
    if (form.models is None) == (form.job_ids is None):
        raise MalformedRequest(
            reason_en="it needs either models or job_ids, two of them.",
            reason_zh="须提供 models 或 job_ids 之一，各两项。",
        )
    service, runner = service_of(request), runner_of(request)

    def look() -> tuple[str, Callable[[], TwoModels]]:
        if form.job_ids is not None:
            first, second = map(runner.store.folder, form.job_ids)
            states = [runner.store.find(one).state for one in form.job_ids]
            asked = key_of("models", jobs=form.job_ids, states=states, format=form.format)
            return asked, lambda: compare_batches(first, second)
        library = service.library
        one, other = map(library.table, form.models or ())
        versions = [(table.name, library.version(table)) for table in (one, other)]
        asked = key_of("models", tables=versions, format=form.format)
        return asked, lambda: compare_tables(library, one.model.sha256, other.model.sha256)

    key, compare = await service.in_thread(look)

    def work(_progress: Callable[[float], None]) -> bytes:
        found = compare()
        is_page = form.format == "html"
        return (models_page(found) if is_page else to_json(found.to_document())).encode()

    return await _answered(request, key, work, form)


async def _answered(
    request: Request, key: str, work: Work, form: TakesForm | ModelsForm
) -> Response:
    """What was compared, as a download where it is a page."""
    found = await in_time(request, key, work)
    if form.format == "json" or isinstance(found, float):
        return answered(found)
    return Response(found, media_type="text/html", headers=attachment("comparison.html"))
