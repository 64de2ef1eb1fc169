"""The app: routers, and around them what every request passes through."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from voxcor.language import speaking
from voxcor.server import monitoring
from voxcor.server.http import problems, security
from voxcor.server.http.bodies import BodyLimitMiddleware, LingeringCloseMiddleware
from voxcor.server.http.downloads import Downloads
from voxcor.server.http.security import SecurityMiddleware, require_key_beyond_loopback
from voxcor.server.jobs import results as job_results
from voxcor.server.jobs import routes as jobs
from voxcor.server.library import comparing, label_quality, people
from voxcor.server.library import labels as library_labels
from voxcor.server.library import routes as library
from voxcor.server.library import segments as library_segments
from voxcor.server.library import views as library_views
from voxcor.server.metrics import Metrics, RequestLogMiddleware
from voxcor.server.models import routes as models
from voxcor.server.models.installs import Installs
from voxcor.server.page import documentation, licences, words
from voxcor.server.page import routes as page
from voxcor.server.recognition import huggingface, streaming
from voxcor.server.recognition import routes as recognition
from voxcor.server.results import corrections, exports, waveform
from voxcor.server.results import routes as results
from voxcor.server.rules import firings
from voxcor.server.rules import routes as rules
from voxcor.server.schemas import complete
from voxcor.server.service import Service
from voxcor.settings import Settings
from voxcor.version import __version__

ROUTERS = (
    recognition.router,
    results.router,
    corrections.router,
    exports.router,
    words.router,
    jobs.router,
    job_results.router,
    waveform.router,
    library.router,
    library_labels.router,
    library_segments.router,
    library_views.router,
    comparing.router,
    label_quality.router,
    people.router,
    models.router,
    huggingface.router,
    rules.router,
    firings.router,
    streaming.router,
    monitoring.router,
    security.router,
    documentation.router,
    licences.router,
    page.router,
)


def create_app(settings: Settings | None = None, routers: Sequence[APIRouter] = ROUTERS) -> FastAPI:
    """The whole server, for uvicorn or any other ASGI server; it starts nothing before it runs.

    Args:
        settings: None for those of the environment.
        routers: what it serves.

    Raises:
        UsageError: others than this machine would be served without an API key.
    """
    settings = settings or Settings()
    require_key_beyond_loopback(settings)
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = Service(settings, metrics)
        app.state.installs = Installs()
        app.state.downloads = Downloads()
        app.state.service.start()
        try:
            yield
        finally:
            await app.state.service.stop()

    app = FastAPI(
        title="Voxcor 心声",
        version=__version__,
        description="Emotion in speech, on your own machine. · 在本机上识别语音中的情感。",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    for router in routers:
        app.include_router(router)
    problems.install(app)
    # The last that is added is the first that a request meets.
    app.add_middleware(LanguageMiddleware)
    larger = {
        corrections.PATH: corrections.MOST_BYTES,
        library_segments.EXPORT_PATH: library_segments.MOST_EXPORT_BYTES,
    }
    app.add_middleware(BodyLimitMiddleware, idle_s=settings.upload_idle_s, larger=larger)
    app.add_middleware(SecurityMiddleware, settings=settings)
    app.add_middleware(RequestLogMiddleware, metrics=metrics)
    app.add_middleware(LingeringCloseMiddleware)
    app.add_middleware(RootPathMiddleware, root_path=settings.root_path)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


class RootPathMiddleware:
    """Tells everything within below which path the server is seen from outside.

    Whether the proxy strips that path or passes it on, routes are found.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope["root_path"] = self._root_path
        await self._app(scope, receive, send)


class LanguageMiddleware:
    """Requests are answered in the language of their sender."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with speaking(problems.language_of(HTTPConnection(scope))):
            await self._app(scope, receive, send)
