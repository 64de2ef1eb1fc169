"""`/v1/library/people`: how people usually sound, for `relative_to`: taken from the library, or
heard in recordings that are sent.
"""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from voxcor.errors import InputError, MalformedRequest, NotInLibrary
from voxcor.library.enrolment import Enrolled, enrol_heard, enrol_segments
from voxcor.library.filters import Filters, of_recording
from voxcor.library.listing import find_segments
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.options import RecordingOptions
from voxcor.people.baseline import require_neutral
from voxcor.people.book import People
from voxcor.results import Failure, Result
from voxcor.server.folder_store import new_id
from voxcor.server.http.admission import CLIENT_CLOSED_REQUEST, wait_unless_disconnected
from voxcor.server.http.bodies import body_of
from voxcor.server.http.strict_json import SafeJSONResponse, read_strict_json
from voxcor.server.http.uploads import Upload, is_form, receive_files
from voxcor.server.library.documents import LibraryModel, model_document
from voxcor.server.library.forms import EnrolmentForm, HeardPersonForm, PersonForm, validated
from voxcor.server.recognition.pipeline import recognize_upload
from voxcor.server.recognition.tasks import RecognitionTask
from voxcor.server.schemas import RecognizeForm, RequestOptions, form_body, problems
from voxcor.server.service import Service, service_of

router = APIRouter(prefix="/v1/library", tags=["library"])


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
    what relative scores have less, as logarithms. `new` is how many utterances are. `failures` have
    the `path`, `code` and `message` of recordings that could not be used.
    """

    person: str
    model: LibraryModel
    utterances: int
    new: int
    seconds: float
    scores: dict[str, float]
    offsets: dict[str, float]
    failures: list[dict[str, str]]


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
    responses={
        200: {"model": EnrolledDocument},
        **problems(404, 413, 415, 422, 429, 500, 501, 503, 507),
    },
    openapi_extra=form_body(EnrolmentForm, HeardPersonForm, several=True),
)
async def enrol_person(request: Request) -> Response:
    """By segments of the library in which they, and nobody else, speak as usual; or, as a form
    with `file`s, by recordings in which they do, which are heard and not kept. What was enrolled
    before counts as well; a recording counts once. `failures` are recordings that could not be
    used.
    · 用库中只有此人、且以平常语气说话的语段登记；也可用带 `file` 的表单提交这样的录音，
    录音仅供识别，不会保存。先前登记的内容继续有效；同一录音只计一次。`failures` 为无法使用的录音。
    """
    service, people = service_of(request), _people(request)
    if is_form(request):
        return await _enrol_by_recordings(request, service, people)
    form = validated(EnrolmentForm, read_strict_json(await request.body()))
    library, name = service.library, form.name()

    def enrol() -> Response:
        table = library.table(form.model)
        return _answer(
            enrol_segments(people, name, table.model, _named(library, table, form, name))
        )

    return await asyncio.to_thread(enrol)


def _answer(enrolled: Enrolled) -> Response:
    document = {**enrolled.to_document(), "model": model_document(enrolled.model)}
    failures = [failure.to_document() for failure in enrolled.failures]
    return SafeJSONResponse({**document, "failures": failures})


async def _enrol_by_recordings(request: Request, service: Service, people: People) -> Response:
    with service.admission.slot(body_of(request)) as slot:
        task_id = new_id()
        with service.results.workplace(task_id) as folder:
            try:
                uploads, fields = await receive_files(request, folder, service.settings)
            except ClientDisconnect:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            slot.upload_received()
            if not uploads:
                raise MalformedRequest(
                    reason_en="it has no part named file.", reason_zh="缺少名为 file 的部分。"
                )
            form = validated(HeardPersonForm, {key: one for key, one in fields.items() if one})
            task = RecognitionTask(task_id, folder)
            work = service.in_background(_hear(service, task, uploads, form, people))
            if not await wait_unless_disconnected(request, work, task.cancellation):
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            return _answer(await work)


async def _hear(
    service: Service,
    task: RecognitionTask,
    uploads: Sequence[Upload],
    form: HeardPersonForm,
    people: People,
) -> Enrolled:
    name = form.name()
    service.recognizers.require(form.model)
    recognizer = await service.in_thread(lambda: service.recognizers.get(form.model))
    options = RecordingOptions(granularity="segment")
    recognizer.require(options)
    require_neutral(recognizer.model, recognizer.labels)
    asked = RecognizeForm(options, RequestOptions.model_validate({"model": form.model}))
    heard: list[tuple[Result, str | None]] = []
    failures = []
    for upload in uploads:
        task.cancellation.check()
        try:
            (result,) = await recognize_upload(service, task, upload, asked)
        except InputError as error:
            failures.append(Failure.of(error, upload.name))
        else:
            assert isinstance(result, Result)
            heard.append((result, None))
    return await service.in_thread(
        lambda: enrol_heard(people, name, recognizer.model, heard, failures)
    )


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
