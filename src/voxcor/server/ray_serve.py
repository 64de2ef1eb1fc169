"""More than one machine: recognition as an application of Ray Serve.

    serve run voxcor.server.ray_serve:build replicas=4

Every replica is this server, with its queue, its decoding processes and its `Recognizer`, less what
one machine keeps for later: nothing is stored, so results have no id and no files. Settings are
those of the environment in which the application is built.
"""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from voxcor.errors import InputError, UsageError
from voxcor.server import monitoring
from voxcor.server.app import create_app
from voxcor.server.folder_store import new_id
from voxcor.server.http.admission import CLIENT_CLOSED_REQUEST, wait_unless_disconnected
from voxcor.server.http.bodies import body_of
from voxcor.server.http.uploads import receive_form
from voxcor.server.recognition import huggingface
from voxcor.server.recognition.pipeline import recognize_upload
from voxcor.server.recognition.tasks import RecognitionTask
from voxcor.server.schemas import RecognizeForm, problems, recognize_request_body
from voxcor.server.service import service_of
from voxcor.settings import Settings

if TYPE_CHECKING:
    from ray.serve import Application

router = APIRouter(tags=["recognition"])


def build(arguments: dict[str, str]) -> "Application":
    """The application, for `serve run` and `ray.serve.run`.

    Args:
        arguments: `replicas`, how many there are; 1 by default.

    Raises:
        UsageError: others than this machine would be served without an API key.
    """
    from ray import serve

    settings = Settings()
    create_app(settings)  # what is wrong is said here, not in the log of a replica

    def replica() -> FastAPI:
        routers = (router, huggingface.router, monitoring.router)
        return create_app(settings, routers)

    deployment = serve.deployment(
        serve.ingress(replica)(),
        name="voxcor",
        num_replicas=int(arguments.get("replicas", 1)),
        # A replica has a queue of its own, which says when to come back.
        max_ongoing_requests=settings.queue_size + 1,
    )
    application: Application = deployment.bind()
    return application


@router.post(
    "/v1/recognize",
    summary="Recognise a recording · 识别一段录音",
    responses=problems(404, 408, 413, 415, 429, 500, 503, 507),
    openapi_extra=recognize_request_body(),
)
async def recognize(request: Request) -> Response:
    """As of a server on one machine, but for what would have to be stored."""
    service = service_of(request)
    with (
        service.admission.slot(body_of(request)) as slot,
        service.results.workplace(new_id()) as folder,
    ):
        try:
            upload = await receive_form(request, folder, service.settings)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        form = RecognizeForm.from_fields(upload.fields)
        options = form.recording
        if options.embedding or form.request.keep_audio or options.granularity == "frame":
            raise UsageError(
                reason_en="This server stores nothing: no embedding, no frames, no audio.",
                reason_zh="本服务器不保存任何文件：不提供特征向量、帧级结果或音频。",
            )
        slot.upload_received()
        task = RecognitionTask(folder.name, folder)
        running = service.in_background(recognize_upload(service, task, upload, form))
        if not await wait_unless_disconnected(request, running, task.cancellation):
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        documents: list[dict[str, Any]] = [
            outcome.to_dict() if isinstance(outcome, InputError) else outcome.to_document()
            for outcome in await running
        ]
        one = options.channels == "mix"
        return JSONResponse(documents[0] if one else {"results": documents})
