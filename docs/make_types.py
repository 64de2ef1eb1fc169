"""Writes `server.d.ts`: what the server sends, as the types of the page's code.

    python docs/make_types.py

They are those of the OpenAPI document, which has the published schema of results in it. Run it when
`tests/project/test_page_code.py` says so.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from voxcor.server.app import create_app
from voxcor.settings import Settings

TYPES = Path(__file__).parents[1] / "src" / "voxcor" / "server" / "static" / "server.d.ts"

HEAD = "// What the server sends, by `docs/make_types.py` from its OpenAPI document.\n"

Schema = Mapping[str, Any]

_PREFIX = "#/components/schemas/"

# FastAPI's own, which the server answers with nowhere.
_UNUSED = {"HTTPValidationError", "ValidationError"}

# Of what results and failures are passed on in, OpenAPI says only that they are objects.
_CLOSER = {
    ("JobDocument", "error"): "Problem | null",
    ("JobItem", "documents"): 'Omit<Result, "id" | "files">[]',
    ("JobItem", "failure"): 'Omit<Failure, "path"> | null',
    ("JobItem", "channel_failures"): 'Omit<Failure, "path">[]',
}

_PRIMITIVES = {
    "boolean": "boolean",
    "integer": "number",
    "null": "null",
    "number": "number",
    "string": "string",
}


def types() -> str:
    """The whole file: an exported type for each schema, by name."""
    schemas = create_app(Settings()).openapi()["components"]["schemas"]
    written = (
        _declared(_name(name), schema)
        for name, schema in sorted(schemas.items(), key=lambda item: _name(item[0]))
        if name not in _UNUSED
    )
    return "\n".join([HEAD, *written])


def _name(schema: str) -> str:
    """`voxcor.result` is `Result`."""
    last = schema.rpartition(".")[2]
    return last[0].upper() + last[1:]


def _declared(name: str, schema: Schema) -> str:
    said = schema.get("description", "").partition("\n")[0]
    comment = f"/** {said} */\n" if said else ""
    return f"{comment}export type {name} = {_type(schema, name, '')};\n"


def _type(schema: Schema, owner: str, indent: str) -> str:
    if "$ref" in schema:
        return _name(schema["$ref"].removeprefix(_PREFIX))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return " | ".join(_type(one, owner, indent) for one in schema[either])
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " | ".join(_of_kind(kind, schema, owner, indent) for kind in kinds) or "unknown"


def _of_kind(kind: str, schema: Schema, owner: str, indent: str) -> str:
    if kind == "array":
        item = _type(schema.get("items", {}), owner, indent)
        return f"({item})[]" if " | " in item else f"{item}[]"
    if kind != "object":
        return _PRIMITIVES[kind]
    if "properties" in schema:
        inside = "".join(_properties(schema, owner, indent + "  "))
        return f"{{\n{inside}{indent}}}"
    values = schema.get("additionalProperties", True)
    return f"Record<string, {_type(values if isinstance(values, dict) else {}, owner, indent)}>"


def _properties(schema: Schema, owner: str, indent: str) -> Iterator[str]:
    required = schema.get("required", ())
    for name, told in schema["properties"].items():
        mark = "" if name in required else "?"
        type_ = _CLOSER.get((owner, name)) or _type(told, owner, indent)
        yield f"{indent}{name}{mark}: {type_};\n"


def main() -> None:
    """Writes `server.d.ts`."""
    TYPES.write_text(types(), encoding="utf-8")


if __name__ == "__main__":
    main()
