"""`/v1/library/errors`, `/agreement`: what people have said, judged as the engine judges it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import voxcor
from labelled_library import labelled
from library_home import patiently
from places import VOICE
from serving import Server, serving
from voxcor.datasets.lists import ListRow, read_list
from voxcor.evaluation.raters import agreement
from voxcor.library.label_errors import errors_in_library
from voxcor.library.labels import PersonsLabel
from voxcor.library.rated import ratings_in_library
from voxcor.library.store import Library

pytest.importorskip("cleanlab", reason="the library extra is not installed")

ERRORS, AGREEMENT = (f"/v1/library/{name}" for name in ("errors", "agreement"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quality")


@pytest.fixture(scope="module")
def wrong(home: Path) -> set[str]:
    return labelled(home)[1]


@pytest.fixture(scope="module")
def server(home: Path, wrong: set[str]) -> Iterator[Server]:
    with serving(home, ready=False) as running:
        yield running


def test_likely_errors_are_those_of_the_engine(server: Server, home: Path, wrong: set[str]) -> None:
    document = patiently(server, ERRORS).json()
    assert {one["id"] for one in document["errors"]} & wrong
    library = Library.open(home)
    expected = errors_in_library(library, library.table()).to_document()
    assert {name: document[name] for name in expected} == expected
    assert document["model"]["id"] == "small"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_they_are_a_list_to_put_right(server: Server, tmp_path: Path, kind: str) -> None:
    errors = patiently(server, ERRORS).json()["errors"]
    response = patiently(server, ERRORS, format=kind)
    assert response.headers["voxcor-left-out"] == "0"
    assert f"errors.{kind}" in response.headers["content-disposition"]
    listed = tmp_path / f"errors.{kind}"
    listed.write_bytes(response.content)
    rows = [row for row in read_list(listed) if isinstance(row, ListRow)]
    assert [row.values["label"] for row in rows] == [one["given"] for one in errors]
    assert [row.values["segment"] for row in rows] == [one["id"] for one in errors]
    assert {row.file for row in rows} == {VOICE}


def test_the_command_writes_the_same_list(server: Server, home: Path, tmp_path: Path) -> None:
    listed = tmp_path / "errors.csv"
    status, _, err = voxcor("library", "errors", "--csv", listed, VOXCOR_HOME=str(home))
    assert status == 0, err
    assert listed.read_bytes() == patiently(server, ERRORS, format="csv").content


def test_raters_agree_as_the_engine_says(server: Server, home: Path) -> None:
    document = patiently(server, AGREEMENT).json()
    library = Library.open(home)
    expected = agreement(ratings_in_library(library, library.table())).to_document()
    assert {name: document[name] for name in expected} == json.loads(json.dumps(expected))
    assert document["raters"] == ["Ann", "Ben"]
    # Who says what another has said changes no segment, but what raters agree on.
    one = next(one for one in library.labels() if one.annotator == "Ann" and one.label == "sad")
    joined = PersonsLabel(one.recording, one.start, one.end, "sad", "Cat", "2026-01-02 00:00:00")
    library.label([joined])
    assert patiently(server, AGREEMENT).json()["raters"] == ["Ann", "Ben", "Cat"]


@pytest.mark.parametrize("path", [ERRORS, AGREEMENT])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_too_little_is_said(server: Server, path: str, language: str) -> None:
    response = patiently(server, path, language, filters={"speaker": "nobody"})
    assert (response.status_code, response.json()["code"]) == (422, "labels_too_few")
    assert response.json()["message"].isascii() == (language == "en")
