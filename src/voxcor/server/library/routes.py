"""`/v1/library`: many recordings' segments, searched by how they sound."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Path, Query, Request, Response
from starlette.requests import ClientDisconnect

from voxcor.cancellation import Cancellation
from voxcor.errors import MalformedRequest, NoSuchResult
from voxcor.exports.content import RESULT_FILE, Content, read_content
from voxcor.extras import MEGABYTES, installing, missing_packages
from voxcor.library import query as asking
from voxcor.library.filters import Filters
from voxcor.library.listening import listen
from voxcor.library.listing import list_recordings
from voxcor.library.outgoing import remove
from voxcor.library.search import heard, search
from voxcor.library.segments import recording_id
from voxcor.library.store import PACKAGES, Library
from voxcor.library.tables import ModelTable
from voxcor.options import RecognitionOptions, RecordingOptions
from voxcor.recognizer import Recognizer
from voxcor.results import Result, milliseconds
from voxcor.server.folder_store import new_id
from voxcor.server.http.admission import CLIENT_CLOSED_REQUEST, wait_unless_disconnected
from voxcor.server.http.bodies import body_of
from voxcor.server.http.strict_json import SafeJSONResponse, read_strict_json
from voxcor.server.http.uploads import is_form, receive_form
from voxcor.server.jobs.runner import runner_of
from voxcor.server.library.additions import model_name, take_in
from voxcor.server.library.documents import (
    Additions,
    AnswerDocument,
    LibraryDocument,
    RecordingList,
    Removal,
    answer_document,
    model_document,
    query_document,
    recording_document,
)
from voxcor.server.library.forms import (
    AdditionForm,
    ClipOptions,
    LibraryModelName,
    LibraryQuestion,
    validated,
)
from voxcor.server.library.labels import labels_of
from voxcor.server.recognition.pipeline import recognize_upload
from voxcor.server.recognition.tasks import RecognitionTask
from voxcor.server.schemas import RecognizeForm, RequestOptions, form_body, problems
from voxcor.server.service import Service, service_of

router = APIRouter(prefix="/v1/library", tags=["library"])

RecordingName = Annotated[
    str,
    Path(
        description="A `recording` of GET /v1/library/recordings. · 录音在库中的名称。",
        pattern=r"^[0-9a-f]{16}(-\d{1,4})?(\+\d{1,12}-\d{1,12})?$",
    ),
]


@router.get("", summary="What the library has · 库的概况", responses=problems(500))
async def get_library(request: Request) -> LibraryDocument:
    """Where what it needs is not installed it says so, and what that would bring.
    · 所需的包尚未安装时，会说明将增加多少内容。
    """
    service = service_of(request)

    def document() -> LibraryDocument:
        missing = missing_packages(PACKAGES)
        extra = {
            "missing_mb": MEGABYTES["library"] if missing else 0,
            "command": installing("library"),
        }
        tables = [] if missing else [_about(service.library, t) for t in service.library.tables()]
        return LibraryDocument.model_validate(
            {"installed": not missing, "tables": tables, "extra": extra}
        )

    return await asyncio.to_thread(document)


def _about(library: Library, table: ModelTable) -> dict[str, Any]:
    return {
        "model": model_document(table.model),
        "labels": table.labels,
        "dim": table.dim,
        "segments": table.rows,
        "recordings": len(library.recordings_of(table)),
    }


@router.post(
    "/search",
    summary="Segments that sound like this · 检索相近的语段",
    responses={
        200: {"model": AnswerDocument},
        **problems(404, 413, 415, 422, 429, 500, 501, 503, 507),
    },
    openapi_extra=form_body(LibraryQuestion, ClipOptions),
)
async def search_library(request: Request) -> Response:
    """By words, a mixture of emotions, a segment of the library, a region of a result; or, as a
    form with a `file`, by a clip. `meaning` says what it was taken to mean, and can be asked for
    in its place. `filters` of a form are JSON.
    · 可用文字、情感比例、库中语段或某个结果的片段查询；也可用带 `file` 的表单提交一段录音。
    `meaning` 说明查询是如何理解的，可作为 `mixture` 再次查询。表单中的 `filters` 为 JSON。
    """
    service = service_of(request)
    if is_form(request):
        return await _search_by_clip(request, service)
    question = validated(LibraryQuestion, read_strict_json(await request.body()))
    asked = (question.query, question.mixture, question.segment, question.result_id)
    if sum(one is not None for one in asked) != 1:
        raise MalformedRequest(
            reason_en="it needs one of query, mixture, segment and result_id.",
            reason_zh="须提供 query、mixture、segment、result_id 之一。",
        )
    if question.result_id is None:
        answer = await service.in_thread(lambda: _answer(service, question, None))
    else:
        with service.admission.slot():
            answer = await service.in_thread(lambda: _answer_region(service, question))
    return answer


def _answer(
    service: Service,
    question: LibraryQuestion | ClipOptions,
    query: asking.Query | None,
    shown: dict[str, Any] | None = None,
) -> Response:
    """The answer to a question; `query` where it has been read, `shown` what it is said to be."""
    library = service.library
    table = library.table(question.model)
    asked = query or _query_of(question, table)
    answer = search(
        library,
        asked,
        recognizer=_never,
        model=table.model.sha256,
        filters=question.filters.meant(),
        limit=question.limit,
    )
    labels = labels_of(library)
    return SafeJSONResponse(answer_document(answer, shown or query_document(asked), labels))


def _never() -> Recognizer:
    raise AssertionError("a clip of the server's disk is no question")


def _query_of(question: LibraryQuestion | ClipOptions, table: ModelTable) -> asking.Query:
    """What is asked for in JSON.

    Raises:
        QueryInvalid: nothing can be asked so.
    """
    assert isinstance(question, LibraryQuestion)
    if question.mixture is not None:
        given = question.mixture
        return asking.mixture_of(given.shares, table.labels, given.arousal, given.valence)
    if question.segment is not None:
        return asking.parse_segment(question.segment)
    return asking.parse_query(question.query or "", table.labels, paths=False)


async def _search_by_clip(request: Request, service: Service) -> Response:
    with service.admission.slot(body_of(request)) as slot:
        task_id = new_id()
        with service.results.workplace(task_id) as folder:
            try:
                upload = await receive_form(request, folder, service.settings)
            except ClientDisconnect:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            slot.upload_received()
            fields: dict[str, Any] = {k: v for k, v in upload.fields.items() if v}
            if "filters" in fields:
                fields["filters"] = read_strict_json(fields["filters"])
            options = validated(ClipOptions, fields)
            table = await service.in_thread(lambda: service.library.table(options.model))
            form = RecognizeForm(
                RecordingOptions(embedding=True),
                RequestOptions.model_validate({"model": model_name(table.model)}),
            )
            service.recognizers.require(form.request.model)
            task = RecognitionTask(task_id, folder)
            (result,) = await recognize_upload(service, task, upload, form)
            assert isinstance(result, Result)
            query = heard(result)
            shown = query_document(query, upload.name)
            return await service.in_thread(lambda: _answer(service, options, query, shown))


def _answer_region(service: Service, question: LibraryQuestion) -> Response:
    """By a region of a result, which is recognised from its processed_audio.wav.

    Raises:
        NoSuchResult: there is none, or nothing there.
    """
    assert question.result_id is not None
    table = service.library.table(question.model)
    content = read_content(service.results.file(question.result_id, RESULT_FILE))
    region = _region_of(content, question)
    recognizer = service.recognizers.get(model_name(table.model))
    offset = milliseconds(content.result.preprocessing.trimmed_start)
    assert region.start is not None
    assert region.end is not None
    part = milliseconds(region.start) - offset, milliseconds(region.end) - offset
    if content.audio is None:
        raise NoSuchResult(id=question.result_id)
    # What somebody points at shall be heard, be it ever so short or low.
    options = RecognitionOptions(embedding=True, trim=False, any_sound=True)
    result = listen(recognizer, content.audio, part, options)
    shown = query_document(region, content.result.audio.name)
    return _answer(service, question, heard(result, region), shown)


def _region_of(content: Content, question: LibraryQuestion) -> asking.Region:
    """The region, within what the model heard of the recording."""
    audio, heard_of = content.result.audio, content.result.preprocessing
    first, last = heard_of.trimmed_start, audio.duration - heard_of.trimmed_end
    start = first if question.start_ms is None else max(first, question.start_ms / 1000)
    end = last if question.end_ms is None else min(last, question.end_ms / 1000)
    if start >= end:
        raise MalformedRequest(
            reason_en="the region has nothing of the recording.",
            reason_zh="该片段不含录音内容。",
        )
    return asking.Region(recording_id(audio.sha256, audio.channel), start, end)


@router.post(
    "/recordings",
    summary="Take results and jobs in · 收录结果与任务",
    responses={200: {"model": Additions}, **problems(429, 500, 501, 507)},
)
async def add_recordings(request: Request, form: AdditionForm) -> Response:
    """Of each recording what came of it; what is there already has no new segments.
    · 逐条说明每个录音的情况；已收录的录音没有新增语段。

    What has no vectors is recognised again by the model that made it, from its own sound: that of
    a result, or the recordings of a job, of uploads where they came with `keep_audio`.
    · 没有特征向量时，由原模型根据其声音重新识别：结果自带的音频，或任务的录音（上传的录音须带
    `keep_audio`）。
    """
    service, runner = service_of(request), runner_of(request)
    cancellation = Cancellation()
    with service.admission.slot():
        work = service.in_background(
            service.in_thread(
                lambda: take_in(service, runner, form, cancellation), cancellation=cancellation
            )
        )
        if not await wait_unless_disconnected(request, work, cancellation):
            return Response(status_code=CLIENT_CLOSED_REQUEST)
    return SafeJSONResponse({"outcomes": await work})


@router.get(
    "/recordings",
    summary="The recordings of the library · 库中的录音",
    responses=problems(404, 500, 501),
)
async def list_library_recordings(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, lt=1 << 53)] = 0,
    speaker: Annotated[
        str | None, Query(max_length=200, description="Who speaks in them. · 说话人。")
    ] = None,
    model: LibraryModelName = None,
) -> RecordingList:
    """Those of one model, the latest first; with `speaker`, what is said of them is of theirs.
    · 一个模型识别的录音，新的在前；指定 `speaker` 时，各项只统计该说话人的语段。
    """
    library = service_of(request).library

    def listed() -> RecordingList:
        found = list_recordings(library, library.table(model), Filters(speaker=speaker))
        page = [recording_document(one) for one in found[offset : offset + limit]]
        return RecordingList.model_validate({"recordings": page, "total": len(found)})

    return await asyncio.to_thread(listed)


@router.delete(
    "/recordings/{recording}",
    summary="Delete a recording for good · 彻底删除一个录音",
    responses=problems(404, 500, 501, 507),
)
async def delete_recording(
    request: Request, recording: RecordingName, afterwards: BackgroundTasks
) -> Removal:
    """With its vectors, of every model, what was computed of them, and what it has told of people
    who were enrolled by it. Results stay.
    · 连同各模型的特征向量、由其计算的内容，以及登记的人由它而来的部分一并删除；识别结果保留。
    """
    library = service_of(request).library
    removed = await asyncio.to_thread(remove, library, recording, paths=False)
    afterwards.add_task(library.index)
    request.app.state.decoded.forget()
    return Removal(segments=removed.segments, people=[*removed.people])
