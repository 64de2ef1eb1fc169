"""Errors on the wire: `{code, message, retryable, details}`, a status, the reader's language."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from voxcor import errors
from voxcor.errors import MalformedRequest, NoSuchRoute, VoxcorError
from voxcor.language import Language, language, speaking

logger = logging.getLogger("voxcor.server")

# The first of an error's classes that is here decides.
STATUSES: Mapping[type[VoxcorError], int] = {
    errors.UsageError: 422,
    errors.InputError: 422,
    errors.NotAudio: 415,
    errors.AudioTooLong: 413,
    errors.ModelError: 500,
    errors.UnknownModel: 404,
    errors.ModelNotInstalled: 404,
    errors.EmbeddingsOnly: 422,
    errors.PullInProgress: 409,
    errors.HubUnreachable: 502,
    errors.HubRefused: 502,
    errors.StorageError: 500,
    errors.DiskFull: 507,
    errors.RequestError: 400,
    errors.WrongContentType: 415,
    errors.UploadTooLarge: 413,
    errors.UploadTooSlow: 408,
    errors.Unauthorized: 401,
    errors.HostRefused: 421,
    errors.OriginRefused: 403,
    errors.NoSuchRoute: 404,
    errors.NoSuchResult: 404,
    errors.NoSuchRule: 404,
    errors.WebhookInvalid: 422,
    errors.QueueFull: 429,
    errors.NotReady: 503,
    VoxcorError: 500,
}


def status_of(error: VoxcorError) -> int:
    """The HTTP status that says what the error says."""
    return next(STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES)


def language_of(connection: HTTPConnection) -> Language:
    """What the reader speaks: `?language=` first, which EventSource can set, then Accept-Language.

    Without either it is the language of the process.
    """
    asked = connection.query_params.get("language", "")
    header = connection.headers.get("accept-language", "")
    ranked = sorted(map(_ranked, header.split(",")), key=lambda entry: -entry[1])
    for name in (asked, *(name for name, quality in ranked if quality > 0)):
        if name[:2].lower() in ("en", "zh"):
            return "zh" if name[:2].lower() == "zh" else "en"
    return language()


def answer(error: VoxcorError, connection: HTTPConnection) -> JSONResponse:
    """The response to a request that ended in this error."""
    with speaking(language_of(connection)):
        document = error.to_dict()
    headers: dict[str, str] = {"Content-Language": language_of(connection)}
    if "retry_after_s" in error.details:
        headers["Retry-After"] = str(error.details["retry_after_s"])
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(document, status_of(error), headers)


def install(app: FastAPI) -> None:
    """Makes every error of the app one of ours."""

    @app.exception_handler(VoxcorError)
    async def _(request: Request, error: VoxcorError) -> JSONResponse:
        return answer(error, request)

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:
        ours = _not_found(request) if error.status_code in (404, 405) else _malformed(error.detail)
        response = answer(ours, request)
        response.status_code = error.status_code
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> JSONResponse:
        first: dict[str, Any] = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        response = answer(_malformed(f"{place}: {first['msg']}"), request)
        response.status_code = 422
        return response

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> JSONResponse:
        return answer(VoxcorError(reason="see the log of the server"), request)


def _ranked(entry: str) -> tuple[str, float]:
    """`zh-CN;q=0.8` as its name and its weight."""
    name, _, quality = entry.strip().partition(";q=")
    try:
        return name, float(quality or 1)
    except ValueError:
        return name, 0.0


def _not_found(request: Request) -> NoSuchRoute:
    return NoSuchRoute(method=request.method, path=request.url.path)


def _malformed(reason: str) -> MalformedRequest:
    return MalformedRequest(reason_en=reason, reason_zh=reason)
