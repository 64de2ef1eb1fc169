"""The published schema, and a document held to it."""

import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA: dict[str, Any] = json.loads(
    (files("voxcor") / "result.schema.json").read_text(encoding="utf-8")
)


def validate(document: Any, part: str | None = None) -> None:
    schema = SCHEMA if part is None else {**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{part}"}]}
    Draft202012Validator(schema).validate(document)
