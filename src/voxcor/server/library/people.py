"""`/v1/library/people`: how people usually sound, taken from the library; for `relative_to`."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from voxcor.errors import MalformedRequest, NotInLibrary
from voxcor.library.enrolment import enrol_segments
from voxcor.library.filters import Filters, of_recording
from voxcor.library.listing import find_segments
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.people.book import People
from voxcor.server.http.strict_json import SafeJSONResponse
from voxcor.server.library.documents import LibraryModel, model_document
from voxcor.server.library.forms import LibraryFilters, ModelChoice, SegmentIds
from voxcor.server.schemas import problems
from voxcor.server.service import service_of
from voxcor.untrusted import trimmed

router = APIRouter(prefix="/v1/library", tags=["library"])

LONGEST_NAME = 100

_MOST_RECORDINGS = 1_000


class PersonForm(BaseModel):
    """Whom it is about."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(
        min_length=1, max_length=LONGEST_NAME, description="Their name. · 此人的名字。"
    )

    def name(self) -> str:
        """Who it is.

        Raises:
            MalformedRequest: it is no name.
        """
        name = trimmed(self.person)
        if not name or not name.isprintable():
            raise MalformedRequest(
                reason_en="person is a name on one line.", reason_zh="person 应为单行姓名。"
            )
        return name


class EnrolmentForm(PersonForm):
    """Who speaks, and where they speak as usual: one of the three; none of them for all that the
    speaker of this name says.
    """

    segments: SegmentIds | None = None
    recordings: (
        list[Annotated[str, Field(pattern=r"^[0-9a-f]{16}(-\d{1,4})?(\+\d{1,12}-\d{1,12})?$")]]
        | None
    ) = Field(
        None,
        min_length=1,
        max_length=_MOST_RECORDINGS,
        description="Their names in the library. · 录音在库中的名称。",
    )
    filters: LibraryFilters | None = None
    model: ModelChoice = None


class HeardByDocument(BaseModel):
    """How much of a person a model has heard."""

    model: str
    sha256: str
    utterances: int
    seconds: float


class PersonDocument(BaseModel):
    """Somebody who is enrolled, and by which models."""

    person: str
    heard_by: list[HeardByDocument]


class PeopleDocument(BaseModel):
    """Everybody, by name."""

    people: list[PersonDocument]


class EnrolledDocument(BaseModel):
    """A person as they are known now: `scores` are how they usually sound to the model, `offsets`
    what relative scores have less, as logarithms. `new` is how many utterances are.
    """

    person: str
    model: LibraryModel
    utterances: int
    new: int
    seconds: float
    scores: dict[str, float]
    offsets: dict[str, float]


def _people(request: Request) -> People:
    return People(service_of(request).settings.home)


@router.get(
    "/people",
    summary="Who is enrolled · 已登记的人",
    responses={200: {"model": PeopleDocument}, **problems(500)},
)
async def list_people(request: Request) -> Response:
    """Those whom `relative_to` may name, with what each model has heard of them.
    · `relative_to` 可用的名字，及各模型听过的内容。
    """
    people = await asyncio.to_thread(_people(request).all)
    return SafeJSONResponse({"people": [one.to_document() for one in people]})


@router.post(
    "/people",
    summary="Enrol a person · 登记一个人",
    responses={200: {"model": EnrolledDocument}, **problems(404, 500, 501, 507)},
)
async def enrol_person(request: Request, form: EnrolmentForm) -> Response:
    """By segments of the library in which they, and nobody else, speak as usual. What was enrolled
    before counts as well; a recording counts once.
    · 用库中只有此人、且以平常语气说话的语段登记。先前登记的内容继续有效；同一录音只计一次。
    """
    library, people, name = service_of(request).library, _people(request), form.name()

    def enrol() -> dict[str, Any]:
        table = library.table(form.model)
        enrolled = enrol_segments(people, name, table.model, _named(library, table, form, name))
        return {**enrolled.to_document(), "model": model_document(enrolled.model)}

    return SafeJSONResponse(await asyncio.to_thread(enrol))


def _named(
    library: Library, table: ModelTable, form: EnrolmentForm, name: str
) -> list[LibrarySegment]:
    """The segments by which somebody is enrolled."""
    if sum(one is not None for one in (form.segments, form.recordings, form.filters)) > 1:
        raise MalformedRequest(
            reason_en="it takes one of segments, recordings and filters.",
            reason_zh="segments、recordings、filters 只能提供其一。",
        )
    if form.segments is not None:
        return find_segments(library, form.segments, table.model.sha256)
    if form.recordings is None:
        filters = Filters(speaker=name) if form.filters is None else form.filters.meant()
        return library.segments(table, filters.where)
    found: list[LibrarySegment] = []
    for recording in form.recordings:
        segments = library.segments(table, of_recording(recording))
        if not segments:
            raise NotInLibrary(name=recording)
        found += segments
    return found


@router.delete(
    "/people",
    status_code=204,
    summary="Forget a person · 删除一个人的登记",
    responses=problems(404, 500, 507),
)
async def forget_person(request: Request, form: PersonForm) -> Response:
    """All that is kept of them; recordings stay. · 删除此人的全部登记；录音不受影响。"""
    people, name = _people(request), form.name()
    await asyncio.to_thread(lambda: people.forget(name))
    return Response(status_code=204)
