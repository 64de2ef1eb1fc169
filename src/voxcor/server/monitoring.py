"""What the server says of itself: whether it lives, whether it is ready, Prometheus metrics."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from voxcor.errors import NotReady, VoxcorError
from voxcor.server.http.problems import error_response
from voxcor.server.http.security import is_authenticated
from voxcor.server.schemas import problems
from voxcor.server.service import service_of

router = APIRouter(tags=["monitoring"])


@router.get("/readyz", summary="The model is warm · 模型已就绪", responses=problems(503))
async def readyz(request: Request) -> Response:
    """503 while the model loads, cannot be loaded, or the server stops.
    · 模型正在加载、无法加载或服务器正在停止时返回 503。
    """
    service = service_of(request)
    if service.ready.is_set():
        return JSONResponse({"status": "ready"})
    problem: VoxcorError = NotReady(retry_after_s=1)
    # Why the model cannot be had may name folders: that is for whoever has the key.
    if service.problem is not None and is_authenticated(request, service.settings):
        problem = service.problem
    response = error_response(problem, request)
    response.status_code = 503
    return response


@router.get("/healthz", summary="The server lives · 服务器在运行")
async def healthz() -> dict[str, str]:
    """Answers from the first moment, while the model still loads.
    · 启动后立即可用，无需等待模型加载。
    """
    return {"status": "ok"}


@router.get(
    "/metrics",
    summary="Prometheus metrics · Prometheus 指标",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Requests, latency by stage, queue depth, audio seconds, models in memory, the process.
    · 请求数、各阶段延迟、队列长度、音频秒数、内存中的模型和进程指标。
    """
    registry = service_of(request).metrics.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
