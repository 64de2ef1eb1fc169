"""`/v1/library/compare`, `/compare-models`: what the engine says of two recordings, two models."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from library_home import patiently
from places import DATA, VOICE
from second_models import exchanged
from serving import Server, ended, serving
from voxcor import Recognizer
from voxcor.exports.content import read_content
from voxcor.library.incoming import Added, add
from voxcor.library.query import Region
from voxcor.library.store import Library
from voxcor.library.takes import compare_takes, of_region, of_result
from voxcor.library.two_models import compare_tables
from voxcor.sources import EXAMPLE

pytest.importorskip("dtaidistance", reason="the library extra is not installed")

COMPARE, MODELS = "/v1/library/compare", "/v1/library/compare-models"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("comparing")


@pytest.fixture(scope="module")
def names(home: Path) -> list[str]:
    """Two recordings, which two models have heard; the second has heard a third as well."""
    library, paths = Library.open(home), [str(VOICE), str(EXAMPLE)]
    other = exchanged(home.parent / "exchanged", "angry", "sad")
    found: list[str] = []
    for model in ("small", str(other)):
        recognizer = Recognizer(model, threads=1)
        for one in add(library, paths, lambda recognizer=recognizer: recognizer):
            assert isinstance(one, Added)
            found.append(one.recording)
        paths.append(str(DATA / "heard" / "opus-chained.opus"))
    return found[:2]


@pytest.fixture(scope="module")
def server(home: Path, names: list[str]) -> Iterator[Server]:
    assert names
    with serving(home) as running:
        yield running


def test_recordings_of_the_library_are_laid_on_each_other(
    server: Server, home: Path, names: list[str]
) -> None:
    sides = {"first": {"recording": names[0]}, "second": {"recording": names[1]}}
    document = patiently(server, COMPARE, **sides, model="small").json()
    library = Library.open(home)
    takes = [of_region(Region(name), library, "small") for name in names]
    assert document == json.loads(json.dumps(compare_takes(*takes).to_document()))
    part = {"recording": names[0], "start_ms": 0, "end_ms": 2000}
    shorter = patiently(server, COMPARE, first=part, second=sides["second"]).json()
    assert shorter["first"]["speech_ms"] < document["first"]["speech_ms"]


def test_results_are_laid_on_each_other_as_they_were_heard(server: Server, home: Path) -> None:
    ids = [
        server.recognize(path.read_bytes(), path.name, granularity="frame").json()["id"]
        for path in (VOICE, EXAMPLE)
    ]
    sides = {"first": {"result_id": ids[0]}, "second": {"result_id": ids[1]}}
    document = patiently(server, COMPARE, **sides).json()
    takes = [of_result(read_content(home / "results" / one)) for one in ids]
    assert document == json.loads(json.dumps(compare_takes(*takes).to_document()))
    assert document["first"]["from"] == "frames"
    page = patiently(server, COMPARE, **sides, format="html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "attachment" in page.headers["content-disposition"]
    assert VOICE.name in page.text


def test_beside_a_result_a_recording_is_what_the_same_model_heard(
    server: Server, home: Path, names: list[str]
) -> None:
    library = Library.open(home)
    assert library.table().model.id == "exchanged"
    result = server.recognize(granularity="frame").json()["id"]
    sides = {"first": {"result_id": result}, "second": {"recording": names[1]}}
    document = patiently(server, COMPARE, **sides).json()
    heard = of_result(read_content(home / "results" / result))
    found = compare_takes(heard, of_region(Region(names[1]), library, "small"))
    assert document == json.loads(json.dumps(found.to_document()))


def test_two_models_are_compared_by_what_the_library_has_of_both(
    server: Server, home: Path
) -> None:
    document = patiently(server, MODELS, models=["small", "exchanged"]).json()
    expected = compare_tables(Library.open(home), "small", "exchanged").to_document()
    assert document == json.loads(json.dumps(expected))
    assert [one["path"] for one in document["recordings"]]
    page = patiently(server, MODELS, models=["small", "exchanged"], format="html")
    assert "exchanged" in page.text


def test_two_jobs_are_compared(server: Server) -> None:
    files = [("file", (path.name, path.read_bytes())) for path in (VOICE, EXAMPLE)]
    jobs = [server.post("/v1/jobs", files=files).json()["id"] for _ in range(2)]
    assert [ended(server, job)["state"] for job in jobs] == ["done", "done"]
    document = patiently(server, MODELS, job_ids=jobs).json()
    assert (document["agreement"]["clips"], document["flips"]) == (2, [])


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        (COMPARE, {}, 422, "malformed_request"),
        (COMPARE, {"first": {}, "second": {"recording": "{name}"}}, 400, "malformed_request"),
        (COMPARE, {"second": {"recording": "../../x"}}, 422, "malformed_request"),
        (COMPARE, {"second": {"recording": "0123456789abcdef"}}, 404, "not_in_library"),
        (COMPARE, {"second": {"result_id": "nothing"}}, 404, "no_such_result"),
        (COMPARE, {"second": {"recording": "{name}", "start_ms": 5}}, 400, "malformed_request"),
        (COMPARE, {"second": {"recording": "{name}"}, "model": "x"}, 404, "model_not_in_library"),
        (MODELS, {}, 400, "malformed_request"),
        (MODELS, {"models": ["small"]}, 422, "malformed_request"),
        (MODELS, {"models": ["small", "plus-large"]}, 404, "model_not_in_library"),
        (MODELS, {"job_ids": ["nothing", "nothing"]}, 404, "no_such_job"),
    ],
)
def test_what_cannot_be_compared_is_said(
    server: Server, names: list[str], path: str, asked: dict[str, Any], status: int, code: str
) -> None:
    text = json.dumps(asked).replace("{name}", names[1])
    document = json.loads(text)
    if path == COMPARE and "second" in document:
        document = {"first": {"recording": names[0]}, **document}
    for language in ("en", "zh"):
        response = server.post(path, json=document, headers={"Accept-Language": language})
        assert (response.status_code, response.json()["code"]) == (status, code), response.text
