"""What the server counts, and its log of requests, which has no file names."""

import logging
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxcor.results import ModelInfo
from voxcor.steps import Step

logger = logging.getLogger("voxcor.server")

# Seconds: from a pass of `small` to a long recording through plus-large.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# What the page asks for by the dozen, and what says nothing of how the server is.
_QUIET = ("/static/", "/readyz")


class Metrics:
    """The counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "voxcor_requests",
            "Requests answered, by route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.duration = Histogram(
            "voxcor_request_seconds",
            "From the first byte of a request to the last of its response.",
            ("route",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.stages = Histogram(
            "voxcor_stage_seconds",
            "How long a stage of recognition takes.",
            ("stage",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.queue = Gauge(
            "voxcor_queue_depth",
            "Requests that are received, wait or run.",
            registry=self.registry,
        )
        self.jobs = Gauge("voxcor_jobs", "Jobs that wait or run.", registry=self.registry)
        self.job_items = Counter(
            "voxcor_job_items",
            "Recordings of jobs, by what came of them.",
            ["state"],
            registry=self.registry,
        )
        self.audio = Counter(
            "voxcor_audio_seconds", "Audio recognised, in seconds.", registry=self.registry
        )
        self.models = Gauge(
            "voxcor_model_loaded",
            "Models in memory.",
            ("model", "precision", "revision"),
            registry=self.registry,
        )

    def stage(self, step: Step) -> None:
        self.stages.labels(step.name).observe(step.ms / 1000)

    def loaded(self, model: ModelInfo, is_loaded: bool = True) -> None:
        """Counts a model that was loaded, or dropped."""
        gauge = self.models.labels(model.id, model.precision, model.revision)
        gauge.inc(1 if is_loaded else -1)


class RequestLogMiddleware:
    """Counts and logs each request when its response has ended."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 499  # nginx: the client was gone before the answer

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            status = 500
            raise
        finally:
            seconds = time.perf_counter() - started
            # Names that this program gives: what strangers invent would never end.
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = getattr(scope.get("route"), "path", "(none)")
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.duration.labels(route).observe(seconds)
            level = logging.DEBUG if route.startswith(_QUIET) and status < 400 else logging.INFO
            logger.log(level, "%s %s %d %.0f ms", method, route, status, 1000 * seconds)
