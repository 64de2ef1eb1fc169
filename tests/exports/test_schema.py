"""Every writer of a document against the published schema."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError

from results_by_hand import happy_then_sad, with_frames
from schema import SCHEMA, validate
from voxcor.errors import NotAudio
from voxcor.result_folder import save
from voxcor.results import GRANULARITIES, SCHEMA_VERSION, Failure
from voxcor.sources import expand


def test_the_schema_is_one_and_names_the_version_that_is_written() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["result"]["properties"]["schema_version"]["const"] == SCHEMA_VERSION
    assert SCHEMA["$defs"]["granularity"]["enum"] == list(GRANULARITIES)


def test_a_result_of_every_kind_is_valid() -> None:
    for result in (happy_then_sad(), with_frames(), happy_then_sad(granularity="segment")):
        validate(result.to_document(), "result")


def test_the_document_has_exactly_the_keys_of_the_schema_in_its_order() -> None:
    properties = SCHEMA["$defs"]["result"]["properties"]
    document = happy_then_sad().to_document()
    assert ["path", *document, "saved"] == list(properties)
    for key in ("model", "audio", "preprocessing", "quality", "summary"):
        assert list(document[key]) == list(properties[key]["properties"])


def test_a_failure_is_valid_and_no_result() -> None:
    error = NotAudio(name="a.txt")
    failure = Failure("a.txt", error.code, error.message).to_document()
    validate(failure)
    with pytest.raises(ValidationError):
        validate(failure, "result")


def test_the_failure_of_a_path_without_audio_is_valid(tmp_path: Path) -> None:
    (failure,) = expand([str(tmp_path)])
    assert isinstance(failure, Failure)
    validate(failure.to_document(), "failure")


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_saved_documents_are_valid(tmp_path: Path, granularity: str) -> None:
    shape = {"utterance": (8,), "segment": (2, 8), "frame": (149, 8)}[granularity]
    make = with_frames if granularity == "frame" else happy_then_sad
    result = make(embedding=np.zeros(shape, np.float32))
    object.__setattr__(result, "granularity", granularity)
    folder = save(result, tmp_path)
    validate(json.loads((folder / "result.json").read_text(encoding="utf-8")), "result")
    validate(json.loads((folder / "embedding.json").read_text(encoding="utf-8")), "embedding")


def _drop_scores(document: dict[str, Any]) -> None:
    del document["scores"]


def _add_a_key(document: dict[str, Any]) -> None:
    document["audio"]["path"] = "/home/me/call.m4a"


def _write_seconds(document: dict[str, Any]) -> None:
    document["segments"][0]["start_ms"] = 0.1


def _exceed_one(document: dict[str, Any]) -> None:
    document["scores"]["happy"] = 1.1


@pytest.mark.parametrize("spoil", [_drop_scores, _add_a_key, _write_seconds, _exceed_one])
def test_a_spoilt_document_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    document = happy_then_sad().to_document()
    spoil(document)
    with pytest.raises(ValidationError):
        validate(document)
