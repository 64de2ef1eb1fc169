"""`/docs`: the API to read, made of the OpenAPI document."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

from voxcor.language import say
from voxcor.server.page.reading_pages import said, send_reading_page

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "patch", "delete")

# What the groups of routes are called, by their tags.
_GROUPS = {
    "recognition": "Recognition · 识别",
    "results": "Results · 结果",
    "jobs": "Jobs · 任务",
    "library": "Library · 库",
    "models": "Models · 模型",
    "rules": "Rules · 规则",
    "stream": "Stream · 实时流",
    "hugging face": "Hugging Face",
    "monitoring": "Monitoring · 监控",
    "session": "Session · 会话",
}

# Where a parameter stands, in words.
_PLACES = {
    "path": "address · 地址",
    "query": "query · 查询参数",
    "multipart/form-data": "form · 表单",
    "application/json": "JSON",
}


@router.get("/docs")
def docs(request: Request) -> Response:
    """A page for people; programs take /openapi.json."""
    root = request.scope.get("root_path", "")
    return send_reading_page(request, "API", _page(request.app.openapi(), root))


def _page(openapi: Mapping[str, Any], root: str) -> Iterator[str]:
    yield f"<p>{said(openapi['info']['description'])}{say(' ', '')}"
    schema = f'<a href="{escape(root)}/openapi.json">openapi.json</a>'
    yield f"{say('For programs:', '供程序使用：')}{say(' ', '')}{schema}</p>"
    operations = [
        (operation.get("tags", [""])[0], method, path, operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]
    for tag in dict.fromkeys((*_GROUPS, *(tag for tag, *_ in operations))):
        group = [operation for operation in operations if operation[0] == tag]
        if not group:
            continue
        yield f'<section class="card"><h2>{said(_GROUPS.get(tag, tag))}</h2>'
        for _, method, path, operation in group:
            yield from _operation(openapi, method, path, operation)
        yield "</section>"


def _operation(
    openapi: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    yield f'<details><summary><b class="method">{method.upper()}</b> '
    yield f"<code>{escape(path)}</code> <span>{said(operation.get('summary', ''))}</span></summary>"
    for paragraph in operation.get("description", "").split("\n\n"):
        text = re.sub(r"`([^`]+)`", r"<code>\1</code>", said(paragraph))
        yield f"<p>{text}</p>"
    rows = [
        (parameter["name"], parameter["in"], parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    ]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        fields = _resolved(openapi, content["schema"]).get("properties", {"": content["schema"]})
        rows += [(name, kind, field.get("description", "")) for name, field in fields.items()]
    if rows:
        yield f'<table><thead><tr><th scope="col">{say("Name", "名称")}'
        yield f'<th scope="col">{say("In", "位置")}<th scope="col">{say("Meaning", "含义")}<tbody>'
        for name, place, description in rows:
            yield f"<tr><td><code>{escape(name)}</code><td>{said(_PLACES.get(place, place))}"
            yield f"<td>{said(description)}"
        yield "</table>"
    yield f"<p>{say('Answers: ', '响应：')}"
    yield say(", ", "、").join(f"<code>{escape(s)}</code>" for s in operation["responses"])
    yield "</details>"


def _resolved(openapi: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = openapi["components"]["schemas"].get(name, schema)
    return found
