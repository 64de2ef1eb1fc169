"""`POST /v1/recognize`: a recording in, a result out, now or later."""

import asyncio
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.requests import ClientDisconnect

from voxcor.cancellation import Cancelled
from voxcor.errors import MalformedRequest
from voxcor.server.admission import CLIENT_CLOSED_REQUEST, unless_gone
from voxcor.server.bodies import body_of
from voxcor.server.folder_store import new_id
from voxcor.server.pipeline import abandon, perform
from voxcor.server.recognition_tasks import Work
from voxcor.server.schemas import (
    Asked,
    Pending,
    one_or_many,
    problems,
    recognize_form,
)
from voxcor.server.service import Service, service_of
from voxcor.server.strict_json import SafeJSONResponse
from voxcor.server.uploads import Upload, receive_form

router = APIRouter(tags=["recognition"])

HEADER = "Request-Key"
LONGEST_KEY = 128  # characters


@router.post(
    "/v1/recognize",
    summary="Recognise a recording · 识别一段录音",
    responses={
        200: one_or_many("voxcor.result"),
        202: {"model": Pending, "description": "`Prefer: respond-async` was asked for."},
        **problems(404, 408, 413, 415, 429, 500, 503, 507),
    },
    openapi_extra=recognize_form(),
)
async def recognize(request: Request) -> Response:
    """The options are those of `voxcor recognize`.

    The answer is the result document with its `id` and `files`. With the header
    `Prefer: respond-async` it is 202 and a `Location` at once; `Location`/events is the log.
    With a `Request-Key` of the sender's own, `DELETE /v1/recognize/{key}` gives it up at any time.
    """
    service = service_of(request)
    key = request.headers.get(HEADER)
    if key is not None and len(key) > LONGEST_KEY:
        raise MalformedRequest(
            reason_en=f"its {HEADER} is longer than {LONGEST_KEY} characters.",
            reason_zh=f"{HEADER} 超过 {LONGEST_KEY} 个字符。",
        )
    with ExitStack() as stack:
        place = stack.enter_context(service.admission.place(body_of(request)))
        work_id = new_id()
        folder = stack.enter_context(service.results.workplace(work_id))
        work = Work(work_id, folder)
        service.request_keys.enter(key, work)
        try:
            upload = await receive_form(request, folder, service.settings)
            work.cancellation.check()
        except (ClientDisconnect, Cancelled):
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        asked = Asked.from_fields(upload.fields)
        service.recognizers.require(asked.request.model)
        place.arrived()
        task = service.in_background(_perform(stack.pop_all(), service, work, upload, asked))
    if _wants_async(request):
        task.add_done_callback(_retrieve)
        return _accepted(request, work)
    if await unless_gone(request, task, work.cancellation):
        documents = await task
        one = asked.recording.channels == "mix"
        document = documents[0] if one else {"results": documents}
        # Hours have megabytes of segments: they are written out in a thread.
        return await service.in_thread(lambda: SafeJSONResponse(document))
    await abandon(service, work)
    return Response(status_code=CLIENT_CLOSED_REQUEST)


@router.delete(
    "/v1/recognize/{key}",
    status_code=204,
    summary="Give up a request · 放弃一个请求",
    responses=problems(500),
)
async def give_up(
    request: Request,
    key: Annotated[
        str,
        Path(
            description=f"Its header `{HEADER}`. · 请求头中的 `{HEADER}`。", max_length=LONGEST_KEY
        ),
    ],
) -> None:
    """Whether it has not arrived, is being received, runs or is done: nothing of it stays."""
    service = service_of(request)
    if work := service.request_keys.give_up(key):
        await abandon(service, work)


async def _perform(
    stack: ExitStack, service: Service, work: Work, upload: Upload, asked: Asked
) -> list[dict[str, Any]]:
    """`perform`, then the place in the queue and the workplace are free."""
    with stack:
        return await perform(service, work, upload, asked)


def _wants_async(request: Request) -> bool:
    """RFC 7240 4.1."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return "respond-async" in {part.strip().partition(";")[0].lower() for part in preferences}


def _accepted(request: Request, work: Work) -> Response:
    root = request.scope.get("root_path", "")
    headers = {
        "Location": f"{root}/v1/results/{work.id}",
        "Preference-Applied": "respond-async",
    }
    return SafeJSONResponse({"id": work.id, "status": "running"}, 202, headers)


def _retrieve(task: "asyncio.Task[Any]") -> None:
    """Takes note of the error, which the log has told; asyncio would complain of it."""
    if not task.cancelled():
        task.exception()
