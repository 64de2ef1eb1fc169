"""Errors on the wire: `{code, message, retryable, details}`, a status, the reader's language."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from voxcor import errors
from voxcor.errors import MalformedRequest, NoSuchRoute, VoxcorError
from voxcor.language import Language, language, speaking
from voxcor.server.http.strict_json import SafeJSONResponse

logger = logging.getLogger("voxcor.server")

# More than any browser offers.
MOST_LANGUAGES = 20

# Of what a request calls something, in a message.
LONGEST_PLACE = 100

# The first of an error's classes that is here decides.
STATUSES: Mapping[type[VoxcorError], int] = {
    errors.UsageError: 422,
    errors.ExtraMissing: 501,
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
    errors.HeadTooLarge: 431,
    errors.Unauthorized: 401,
    errors.TooManyAttempts: 429,
    errors.HostRefused: 421,
    errors.OriginRefused: 403,
    errors.NoSuchRoute: 404,
    errors.NoSuchResult: 404,
    errors.CorrectionsChanged: 409,
    errors.NoSuchRule: 404,
    errors.NoSuchJob: 404,
    errors.SourceRefused: 403,
    errors.LibraryError: 422,
    errors.LibraryEmpty: 404,
    errors.NotInLibrary: 404,
    errors.ModelNotInLibrary: 404,
    errors.RecordingGone: 410,
    errors.LibraryNewer: 500,
    errors.LibraryCorrupt: 500,
    errors.BatchError: 500,
    errors.ManifestError: 422,
    errors.NotAResult: 500,
    errors.WebhookInvalid: 422,
    errors.NoSuchPerson: 404,
    errors.NotEnrolled: 422,
    errors.NoNeutral: 422,
    errors.TooLittleSpeech: 422,
    errors.QueueFull: 429,
    errors.TooManyConnections: 503,
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
    offered = header.split(",", MOST_LANGUAGES)[:MOST_LANGUAGES]
    ranked = sorted(map(_ranked, offered), key=lambda entry: -entry[1])
    for name in (asked, *(name for name, quality in ranked if quality > 0)):
        if name[:2].lower() in ("en", "zh"):
            return "zh" if name[:2].lower() == "zh" else "en"
    return language()


def error_response(error: VoxcorError, connection: HTTPConnection) -> SafeJSONResponse:
    """The response to a request that ended in this error."""
    with speaking(language_of(connection)):
        document = error.to_dict()
    headers: dict[str, str] = {"Content-Language": language_of(connection)}
    if "retry_after_s" in error.details:
        headers["Retry-After"] = str(error.details["retry_after_s"])
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return SafeJSONResponse(document, status_of(error), headers)


def validation_reason(error: Mapping[str, Any]) -> dict[str, str]:
    """What pydantic found, one entry of `errors()`, as `reason_en` and `reason_zh`."""
    place = ".".join(map(str, error["loc"]))[:LONGEST_PLACE]
    en, zh = _INVALID.get(error["type"], _INVALID[""])
    limits = error.get("ctx", {})
    return {
        "reason_en": f"{place}: {en.format_map(limits)}",
        # What pydantic lists is joined by an English word.
        "reason_zh": f"{place}：{zh.format_map(limits).replace(' or ', '、')}",
    }


def install(app: FastAPI) -> None:
    """Makes every error of the app one of ours."""

    @app.exception_handler(VoxcorError)
    async def _(request: Request, error: VoxcorError) -> SafeJSONResponse:
        return error_response(error, request)

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.NO_CONTENT:
            return Response(status_code=error.status_code)
        # What went wrong while FastAPI read a body comes wrapped in an exception of its own.
        if isinstance(error.__cause__, VoxcorError):
            return error_response(error.__cause__, request)
        not_found = error.status_code in (404, 405)
        ours = _not_found(request) if not_found else _refused(error.status_code)
        response = error_response(ours, request)
        response.status_code = error.status_code
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> SafeJSONResponse:
        response = error_response(MalformedRequest(**validation_reason(error.errors()[0])), request)
        response.status_code = 422
        return response


def _ranked(entry: str) -> tuple[str, float]:
    """`zh-CN;q=0.8` as its name and its weight."""
    name, _, quality = entry.strip().partition(";q=")
    try:
        return name, float(quality or 1)
    except ValueError:
        return name, 0.0


def _not_found(request: Request) -> NoSuchRoute:
    return NoSuchRoute(method=request.method, path=request.scope["path"])


def _refused(status: int) -> MalformedRequest:
    phrase = HTTPStatus(status).phrase
    phrase_zh = _PHRASES_ZH.get(status, phrase)
    return MalformedRequest(reason_en=f"{phrase}.", reason_zh=f"{phrase_zh}。")


_PHRASES_ZH = {400: "请求有误", 406: "无法给出所要求的类型", 416: "所请求的范围不存在"}

# By pydantic's type of error (docs.pydantic.dev/latest/errors/validation_errors), with the names of
# its context; "" for those that nothing here gives rise to.
_INVALID: Mapping[str, tuple[str, str]] = {
    "missing": ("it is required.", "缺少该项。"),
    "extra_forbidden": ("there is no such field.", "没有该字段。"),
    "json_invalid": ("it is no valid JSON.", "不是有效的 JSON。"),
    "literal_error": ("it must be {expected}.", "可取：{expected}。"),
    "enum": ("it must be {expected}.", "可取：{expected}。"),
    "too_long": ("it may have {max_length} entries.", "最多 {max_length} 项。"),
    "greater_than_equal": ("it must be {ge} or more.", "不得小于 {ge}。"),
    "greater_than": ("it must be more than {gt}.", "须大于 {gt}。"),
    "less_than_equal": ("it must be {le} or less.", "不得大于 {le}。"),
    "less_than": ("it must be less than {lt}.", "须小于 {lt}。"),
    "string_too_short": ("it needs {min_length} characters.", "至少需要 {min_length} 个字符。"),
    "string_too_long": ("it may have {max_length} characters.", "最多 {max_length} 个字符。"),
    "int_type": ("it must be a whole number.", "应为整数。"),
    "int_parsing": ("it must be a whole number.", "应为整数。"),
    "int_from_float": ("it must be a whole number.", "应为整数。"),
    "float_type": ("it must be a number.", "应为数字。"),
    "float_parsing": ("it must be a number.", "应为数字。"),
    "finite_number": ("it must be a finite number.", "应为有限的数字。"),
    "bool_type": ("it must be true or false.", "应为 true 或 false。"),
    "bool_parsing": ("it must be true or false.", "应为 true 或 false。"),
    "string_type": ("it must be a text.", "应为文本。"),
    "list_type": ("it must be a list.", "应为列表。"),
    "dict_type": ("it must be an object.", "应为对象。"),
    "model_attributes_type": ("it must be a JSON object.", "应为 JSON 对象。"),
    "model_type": ("it must be an object.", "应为对象。"),
    "": ("it is not valid.", "该值无效。"),
}
