"""`POST /hf/audio-classification`: what clients of Hugging Face endpoints send and expect.

The contract is the JSON Schema of the task in @huggingface/tasks: the recording as the body, or as
base64 in `inputs` beside `parameters`; the answer is `[{"label", "score"}]`, the best first.
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from voxcor.cancellation import Cancellation, cancellable
from voxcor.errors import MalformedRequest, UploadTooLarge, VoxcorError
from voxcor.server.folder_store import new_id
from voxcor.server.http.admission import CLIENT_CLOSED_REQUEST, wait_unless_disconnected
from voxcor.server.http.bodies import body_of
from voxcor.server.http.problems import error_response, validation_reason
from voxcor.server.http.uploads import Upload, receive_body
from voxcor.server.schemas import problems
from voxcor.server.service import Service, service_of
from voxcor.timeline import softmax

router = APIRouter(prefix="/hf", tags=["hugging face"])

# JSON is parsed whole, in memory; larger recordings come as they are.
LARGEST_JSON_MB = 64

DEFAULT_TOP_K = 5

FloatArray = NDArray[np.float32]


class Parameters(BaseModel):
    """`top_k` as in the audio-classification pipeline of transformers, where 5 is the default."""

    model_config = ConfigDict(extra="ignore")

    top_k: int | None = Field(default=None, ge=1)
    function_to_apply: Literal["softmax", "sigmoid", "none"] | None = None


class Inputs(BaseModel):
    """The JSON form of a request."""

    model_config = ConfigDict(extra="ignore")

    inputs: str = Field(description="The recording, in base64.")
    parameters: Parameters | None = None


class Score(BaseModel):
    """One label and what the model gives it."""

    label: str
    score: float


_FUNCTIONS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "softmax": softmax,
    "sigmoid": lambda logits: (1 / (1 + np.exp(-logits))).astype(np.float32),
    "none": lambda logits: logits,
}

_FROM_URL_ALPHABET = str.maketrans("-_", "+/")

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_JSON = {
    "type": "object",
    "properties": {
        "inputs": {"type": "string", "format": "byte", "description": "The recording, in base64."},
        "parameters": Parameters.model_json_schema(),
    },
    "required": ["inputs"],
}
_BODY = {
    "required": True,
    "content": {
        "application/octet-stream": _BINARY,
        "audio/*": _BINARY,
        "application/json": {"schema": _JSON},
    },
}


@router.post(
    "/audio-classification",
    summary="The contract of Hugging Face endpoints · Hugging Face 端点协议",
    responses={
        200: {"model": list[Score]},
        **problems(408, 413, 415, 429, 500, 503, 507),
    },
    openapi_extra={"requestBody": _BODY},
)
async def classify(request: Request) -> Response:
    """So that `InferenceClient(model=URL).audio_classification(...)` works; nothing is stored.
    · 使 `InferenceClient(model=URL).audio_classification(...)` 可直接使用；不保存任何内容。

    Errors have the key `error` as well, where such clients look for the sentence.
    · 错误另含 `error` 键，此类客户端从中读取说明。
    """
    try:
        scores = await _classify(request)
    except ClientDisconnect:
        scores = None
    except VoxcorError as error:
        response = error_response(error, request)
        document = {"error": error.message, **error.to_dict()}
        headers = {k: v for k, v in response.headers.items() if k != "content-length"}
        return JSONResponse(document, response.status_code, headers)
    if scores is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    return JSONResponse(scores)


async def _classify(request: Request) -> list[dict[str, Any]] | None:
    """The scores; None where the client left before."""
    service = service_of(request)
    is_json = request.headers.get("content-type", "").lower().startswith("application/json")
    with (
        service.admission.slot(body_of(request)) as slot,
        service.results.workplace(new_id()) as folder,
    ):
        upload = await receive_body(request, folder, service.settings)
        slot.upload_received()
        cancellation = Cancellation()
        task = service.in_background(
            service.in_thread(
                lambda: _scores(service, upload, folder, is_json, cancellation),
                cancellation=cancellation,
            )
        )
        if not await wait_unless_disconnected(request, task, cancellation):
            return None
        return await task


def _scores(
    service: Service, upload: Upload, folder: Path, is_json: bool, cancellation: Cancellation
) -> list[dict[str, Any]]:
    parameters = _unwrap(upload) if is_json else Parameters()
    (mono,) = service.decoders.decode(upload.path, upload.name, folder, cancellation)
    recognizer = service.recognizers.get()
    with cancellable(cancellation):
        logits = recognizer.logits(mono)
    service.metrics.audio.inc(mono.duration)
    values = _FUNCTIONS[parameters.function_to_apply or "softmax"](logits)
    ranked = sorted(zip(recognizer.labels, values.tolist(), strict=True), key=lambda pair: -pair[1])
    top_k = parameters.top_k or DEFAULT_TOP_K
    return [{"label": label, "score": score} for label, score in ranked[:top_k]]


def _decoded(text: str) -> bytes:
    """Base64 as programs write it: in lines, with either alphabet, padded or not, a data: URL.

    Raises:
        binascii.Error: it is none.
    """
    if text[:5].lower() == "data:":
        text = text.partition(",")[2]
    # RFC 2045 breaks lines; RFC 4648, 5 has an alphabet for URLs, and lets the padding go.
    plain = "".join(text.split()).translate(_FROM_URL_ALPHABET).rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _unwrap(upload: Upload) -> Parameters:
    """Puts the recording that the JSON holds in the place of the JSON."""
    if upload.bytes > LARGEST_JSON_MB * 1_000_000:
        raise UploadTooLarge(maximum_mb=LARGEST_JSON_MB)
    try:
        inputs = Inputs.model_validate_json(upload.path.read_bytes())
        upload.path.write_bytes(_decoded(inputs.inputs))
    except ValidationError as error:
        raise MalformedRequest(**validation_reason(error.errors()[0])) from error
    except ValueError as error:  # characters that are no ASCII among them
        raise MalformedRequest(
            reason_en="inputs is no base64.", reason_zh="inputs 不是有效的 base64。"
        ) from error
    return inputs.parameters or Parameters()
