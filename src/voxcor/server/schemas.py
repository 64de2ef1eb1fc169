"""What goes over the wire, described: the options of a request, and the documents of OpenAPI."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from voxcor.errors import UsageError
from voxcor.language import listed
from voxcor.options import RecordingOptions, options_of, split_labels
from voxcor.server.library.forms import EnrolmentForm, LibraryQuestion

_PREFIX = "#/components/schemas/"


class RequestOptions(BaseModel):
    """What a request may say beside how its recording is recognised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = Field(
        None,
        description="auto, or an id of /v1/models; by default the server's. · "
        "auto 或 /v1/models 中的名称；默认由服务器决定。",
    )
    speakers: str | None = Field(
        None,
        description="Who speaks when, the text of an RTTM file or a CSV: segments then say who "
        "felt what. · 说话人轮次（RTTM 或 CSV 文本），语段将注明说话人。",
    )
    keep_audio: bool = Field(
        False, description="Keep the upload as a file of the result. · 将上传的原始文件一并保存。"
    )


@dataclass(frozen=True, slots=True)
class RecognizeForm:
    """The fields of a form as they are meant; names are those of `voxcor recognize`."""

    recording: RecordingOptions
    request: RequestOptions

    @classmethod
    def from_fields(cls, fields: Mapping[str, str]) -> "RecognizeForm":
        """An empty field counts as left out.

        Raises:
            UsageError: an option that does not exist, or with a value it cannot have.
        """
        known = options_of(RecordingOptions)
        given: dict[str, Any] = {name: value for name, value in fields.items() if value}
        if "labels" in given:
            given["labels"] = split_labels(given["labels"])
        recording = {name: given.pop(name) for name in known if name in given}
        try:
            return cls(_RECORDING.validate_python(recording), RequestOptions.model_validate(given))
        except ValidationError as error:
            place = str(error.errors()[0]["loc"][0])[:100]
            value = fields.get(place, "")
        values = _values()
        if place not in values:
            offered = listed(values)
            raise UsageError(
                reason_en=f"There is no option {place}; options: {offered.en}.",
                reason_zh=f"没有选项 {place}；可用选项：{offered.zh}。",
            )
        raise UsageError(
            reason_en=f"{place} cannot be {value!r:.100}; it takes {values[place]}.",
            reason_zh=f"{place} 不能是 {value!r:.100}；可取：{values[place]}。",
        )


_RECORDING = TypeAdapter(RecordingOptions)


def _values() -> dict[str, str]:
    """What each option takes, for a sentence."""
    taken = {}
    for name, option in options_of(RecordingOptions).items():
        listed = ("true", "false") if option.type is bool else get_args(option.type)
        taken[name] = option.words.values or " | ".join(listed)
    return taken | {"model": "MODEL", "speakers": "RTTM | CSV", "keep_audio": "true | false"}


class Problem(BaseModel):
    """An error. Codes never change, wording may; the language is that of Accept-Language."""

    code: str
    message: str
    retryable: bool
    details: dict[str, Any]


class Pending(BaseModel):
    """A result that is not there yet."""

    id: str
    status: Literal["running"]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may answer with these statuses, and those any route may."""
    of_any = (400, 401, 403, 408, 413, 421, 422, 431, 503)
    # No `model`: FastAPI would give it the type of what the route answers, as of events.
    return {status: reference("Problem") for status in (*statuses, *of_any)}


def reference(name: str) -> dict[str, Any]:
    """A JSON response of a schema that `complete` adds."""
    return {"content": {"application/json": {"schema": {"$ref": _PREFIX + name}}}}


def form_body(
    document: type[BaseModel], beside: type[BaseModel], *, several: bool = False
) -> dict[str, Any]:
    """The `openapi_extra=` of a route that takes a document as JSON, or a form with a `file`.

    Args:
        document: the JSON; its schema is among those that `complete` adds.
        beside: the other fields of the form; those that are no texts or numbers are JSON.
        several: whether it may have more than one `file`.
    """
    told = beside.model_json_schema()
    plain = {name: _as_text(field) for name, field in told["properties"].items()}
    file: dict[str, Any] = {"type": "string", "format": "binary"}
    told_of_file = {"description": "The recording. · 录音文件。"}
    if several:
        file = {"type": "array", "items": file, "minItems": 1}
        told_of_file = {"description": "Recordings. · 录音文件，可有多个。"}
    form = {
        "type": "object",
        "properties": {"file": file | told_of_file, **plain},
        "required": ["file", *told.get("required", ())],
        "additionalProperties": False,
    }
    content = {
        "application/json": {"schema": {"$ref": _PREFIX + document.__name__}},
        "multipart/form-data": {"schema": form},
    }
    return {"requestBody": {"required": True, "content": content}}


def _as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A field of a form; an object in it is a text."""
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    known = {**schema, **kinds[0]} if kinds else dict(schema)
    if "$ref" in known:
        known = {"type": "string"}
    for name in ("anyOf", "default", "title"):
        known.pop(name, None)
    return known


def one_or_many(name: str) -> dict[str, Any]:
    """A JSON response that is one document, or several with errors where there is none."""
    one = {"$ref": _PREFIX + name}
    either = {"anyOf": [one, {"$ref": _PREFIX + "Problem"}]}
    many = {
        "type": "object",
        "properties": {"results": {"type": "array", "items": either}},
        "required": ["results"],
        "additionalProperties": False,
    }
    return {"content": {"application/json": {"schema": {"oneOf": [one, many]}}}}


def recognize_request_body() -> dict[str, Any]:
    """The `openapi_extra=` of a route that takes a recording and options as a form."""
    own = RequestOptions.model_json_schema()["properties"]
    of_recording = _RECORDING.json_schema()["properties"]
    for name, option in options_of(RecordingOptions).items():
        of_recording[name]["description"] = f"{option.words.en} · {option.words.zh}"
    properties = {name: _as_field(told) for name, told in {**of_recording, **own}.items()}
    file = {"type": "string", "format": "binary", "description": "The recording. · 录音文件。"}
    form = {
        "type": "object",
        "properties": {"file": file, **properties},
        "required": ["file"],
        "additionalProperties": False,
    }
    content = {"multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def _as_field(schema: Mapping[str, Any]) -> dict[str, Any]:
    """An option as a form carries it: there is no null, and a list is a text with commas."""
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "default", "title")}
    kinds = [kind for kind in schema.get("anyOf", ()) if kind["type"] != "null"]
    if not kinds:
        return {**kept, "default": schema["default"]}
    if kinds[0]["type"] == "array":
        return {**kept, "type": "string"}
    return {**kept, **kinds[0]}


def complete(openapi: dict[str, Any]) -> dict[str, Any]:
    """The document with the schemas of errors, and of results, which the command publishes too."""
    published = json.loads((files("voxcor") / "result.schema.json").read_text(encoding="utf-8"))
    definitions = cast(dict[str, Any], _repointed(published["$defs"]))
    result = definitions["result"]
    result["properties"] |= {
        "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "files": {"type": "array", "items": {"type": "string"}},
    }
    result["required"] += ["id", "files"]
    definitions["page"] = {
        "type": "object",
        "properties": {
            "results": {"type": "array", "items": {"$ref": _PREFIX + "voxcor.result"}},
            "next": {"type": ["string", "null"]},
            "unreadable": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "required": ["results", "next"],
        "additionalProperties": False,
    }
    for model in (Problem, LibraryQuestion, EnrolmentForm):
        schema = model.model_json_schema(ref_template=_PREFIX + "{model}")
        openapi["components"]["schemas"] |= {**schema.pop("$defs", {}), model.__name__: schema}
    openapi["components"]["schemas"] |= {
        f"voxcor.{name}": schema for name, schema in definitions.items()
    }
    return openapi


def _repointed(node: object) -> object:
    """References within the published schema as references within the OpenAPI document."""
    if isinstance(node, dict):
        return {
            key: value.replace("#/$defs/", _PREFIX + "voxcor.")
            if key == "$ref"
            else _repointed(value)
            for key, value in node.items()
        }
    return [_repointed(item) for item in node] if isinstance(node, list) else node
