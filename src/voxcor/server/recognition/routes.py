"""`POST /v1/recognize`: a recording in, a result out, now or later."""

import asyncio
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.requests import ClientDisconnect

from voxcor.cancellation import Cancelled
from voxcor.errors import MalformedRequest
from voxcor.server.folder_store import new_id
from voxcor.server.http.admission import CLIENT_CLOSED_REQUEST, wait_unless_disconnected
from voxcor.server.http.bodies import body_of
from voxcor.server.http.strict_json import SafeJSONResponse
from voxcor.server.http.uploads import Upload, receive_form
from voxcor.server.recognition.pipeline import cancel_and_delete, recognize_and_store
from voxcor.server.recognition.tasks import RecognitionTask
from voxcor.server.schemas import (
    Pending,
    RecognizeForm,
    one_or_many,
    problems,
    recognize_request_body,
)
from voxcor.server.service import Service, service_of

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
    openapi_extra=recognize_request_body(),
)
async def recognize(request: Request) -> Response:
    """The options are those of `voxcor recognize`.
    · 选项与 `voxcor recognize` 相同。

    The answer is the result document with its `id` and `files`. With the header
    `Prefer: respond-async` it is 202 and a `Location` at once; `Location`/events is the log.
    With a `Request-Key` of the sender's own, `DELETE /v1/recognize/{key}` gives it up at any time.
    · 响应为结果文档，含 `id` 和 `files`。请求头带 `Prefer: respond-async` 时立即返回 202 和
    `Location`；处理日志在 `Location`/events。若请求带有自定的 `Request-Key`，可随时用
    `DELETE /v1/recognize/{key}` 放弃。
    """
    service = service_of(request)
    key = request.headers.get(HEADER)
    if key is not None and len(key) > LONGEST_KEY:
        raise MalformedRequest(
            reason_en=f"its {HEADER} is longer than {LONGEST_KEY} characters.",
            reason_zh=f"{HEADER} 超过 {LONGEST_KEY} 个字符。",
        )
    with ExitStack() as stack:
        slot = stack.enter_context(service.admission.slot(body_of(request)))
        task_id = new_id()
        folder = stack.enter_context(service.results.workplace(task_id))
        task = RecognitionTask(task_id, folder)
        service.request_keys.enter(key, task)
        try:
            upload = await receive_form(request, folder, service.settings)
            task.cancellation.check()
        except (ClientDisconnect, Cancelled):
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        form = RecognizeForm.from_fields(upload.fields)
        service.recognizers.require(form.request.model)
        slot.upload_received()
        running = service.in_background(
            _recognize_and_store(stack.pop_all(), service, task, upload, form)
        )
    if _wants_async(request):
        running.add_done_callback(_retrieve)
        return _accepted(request, task)
    if await wait_unless_disconnected(request, running, task.cancellation):
        documents = await running
        one = form.recording.channels == "mix"
        document = documents[0] if one else {"results": documents}
        # Hours have megabytes of segments: they are written out in a thread.
        return await service.in_thread(lambda: SafeJSONResponse(document))
    await cancel_and_delete(service, task)
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
    """Whether it has not arrived, is being received, runs or is done: nothing of it stays.
    · 无论尚未到达、正在接收、正在处理还是已完成，均不留痕迹。
    """
    service = service_of(request)
    if task := service.request_keys.give_up(key):
        await cancel_and_delete(service, task)


async def _recognize_and_store(
    stack: ExitStack, service: Service, task: RecognitionTask, upload: Upload, form: RecognizeForm
) -> list[dict[str, Any]]:
    """`recognize_and_store`, then the slot in the queue and the workplace are free."""
    with stack:
        return await recognize_and_store(service, task, upload, form)


def _wants_async(request: Request) -> bool:
    """RFC 7240 4.1."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return "respond-async" in {part.strip().partition(";")[0].lower() for part in preferences}


def _accepted(request: Request, task: RecognitionTask) -> Response:
    root = request.scope.get("root_path", "")
    headers = {
        "Location": f"{root}/v1/results/{task.id}",
        "Preference-Applied": "respond-async",
    }
    return SafeJSONResponse({"id": task.id, "status": "running"}, 202, headers)


def _retrieve(task: "asyncio.Task[Any]") -> None:
    """Takes note of the error, which the log has told; asyncio would complain of it."""
    if not task.cancelled():
        task.exception()
