"""The OpenAPI document against the running server, asked by schemathesis whatever it allows."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from places import VOICE
from serving import TIMEOUT_S, Server, server
from voxcor.server.app import create_app
from voxcor.settings import Settings

__all__ = ["server"]

# These answer without end, or begin a download.
EXCLUDED = ["/v1/events", "/v1/models/{model}/pull"]


@pytest.mark.parametrize("mode", [*GenerationMode], ids=lambda mode: mode.value)
def test_every_route_answers_as_it_is_described(server: Server, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json").exclude(path=EXCLUDED)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 12
    for operation in operations:
        ask(operation, mode)


def ask(operation: schemathesis.APIOperation, mode: GenerationMode) -> None:
    """Calls one operation with what its description allows, or with what it does not."""

    @given(operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[*HealthCheck],
    )
    def answers(case: schemathesis.Case) -> None:
        # What is audio no schema can say: that valid requests succeed is not asked for.
        case.call_and_validate(timeout=TIMEOUT_S, excluded_checks=[positive_data_acceptance])

    try:
        answers()
    except Unsatisfiable:
        # Nothing is wrong for a route that takes nothing.
        assert mode is GenerationMode.NEGATIVE


def test_results_are_described_by_the_published_schema(server: Server) -> None:
    openapi = server.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/voxcor.result", "components": openapi["components"]}
    document = server.recognize(granularity="segment").json()
    Draft202012Validator(schema).validate(document)
    listed = server.get("/v1/results").json()
    page = {"$ref": "#/components/schemas/voxcor.page", "components": openapi["components"]}
    Draft202012Validator(page).validate(listed)
    answer = server.post(
        "/v1/recognize", files={"file": VOICE.read_bytes()}, data={"channels": "separate"}
    ).json()
    many = openapi["paths"]["/v1/recognize"]["post"]["responses"]["200"]["content"]
    described = {**many["application/json"]["schema"], "components": openapi["components"]}
    Draft202012Validator(described).validate(answer)
    assert "/work" not in json.dumps(openapi)


def words_of(openapi: dict[str, Any]) -> Iterator[str]:
    """Whatever `/docs` shows of it that was written for people."""
    for methods in openapi["paths"].values():
        for operation in methods.values():
            yield operation["summary"]
            yield from operation["description"].split("\n\n")
            yield from (each.get("description", "") for each in operation.get("parameters", ()))
    for name, schema in openapi["components"]["schemas"].items():
        # Published schemas are for programs.
        if not name.startswith("voxcor."):
            fields = schema.get("properties", {}).values()
            yield from (each.get("description", "") for each in fields)


def test_its_words_are_in_both_languages() -> None:
    found = words_of(create_app(Settings()).openapi())
    in_one = [words for words in found if words and " · " not in " ".join(words.split())]
    assert in_one == []
