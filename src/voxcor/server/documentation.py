"""`/docs`: the API to read, made of the OpenAPI document; no script, nothing from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from voxcor.language import language, say

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "patch", "delete")

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 54rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; }
details { border: 1px solid #8884; border-radius: .5rem; margin: .5rem 0; padding: .5rem .8rem; }
summary { cursor: pointer; }
code, pre { font: .9em ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; }
.method { display: inline-block; min-width: 4.2em; font-weight: 700; }
"""


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """A page for people; programs take /openapi.json."""
    return HTMLResponse("".join(_page(request.app.openapi(), request.scope.get("root_path", ""))))


def _page(openapi: Mapping[str, Any], root: str) -> Iterator[str]:
    title = escape(openapi["info"]["title"])
    yield f'<!doctype html><html lang="{language()}"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{title} API</title><style>{_STYLE}</style>"
    yield f"<h1>{title} API</h1><p>{_said(openapi['info']['description'])}</p>"
    schema = f'<a href="{escape(root)}/openapi.json">openapi.json</a>'
    yield f"<p>{say('For programs:', '供程序使用:')} {schema}</p>"
    group = None
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            if method not in _METHODS:
                continue
            tag = operation.get("tags", [""])[0]
            if tag != group:
                group = tag
                yield f"<h2>{escape(tag)}</h2>"
            yield from _operation(openapi, method, path, operation)


def _operation(
    openapi: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    yield f'<details><summary><span class="method">{method.upper()}</span> '
    yield f"<code>{escape(path)}</code> {_said(operation.get('summary', ''))}</summary>"
    for paragraph in operation.get("description", "").split("\n\n"):
        yield f"<p>{escape(paragraph)}</p>"
    rows = [
        (parameter["name"], parameter["in"], parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    ]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        fields = _resolved(openapi, content["schema"]).get("properties", {"": content["schema"]})
        rows += [(name, kind, field.get("description", "")) for name, field in fields.items()]
    if rows:
        yield "<table>"
        for name, place, description in rows:
            yield f"<tr><td><code>{escape(name)}</code><td>{escape(place)}"
            yield f"<td>{_said(description)}"
        yield "</table>"
    yield f"<p>{say('Answers:', '响应:')} "
    yield ", ".join(f"<code>{escape(status)}</code>" for status in operation["responses"])
    yield "</details>"


def _resolved(openapi: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = openapi["components"]["schemas"].get(name, schema)
    return found


def _said(text: str) -> str:
    """The half of `English · 中文` that the reader reads."""
    en, _, zh = text.partition(" · ")
    return escape(say(en, zh or en))
