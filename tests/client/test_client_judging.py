"""`Client.library` on labels, raters, people, and what is compared: what the engine says."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labelled_library import MODEL, labelled
from library_home import VOICES
from serving import Server, ended, serving
from voxcor import Client
from voxcor.errors import (
    InputNotFound,
    LabelsTooFew,
    ModelNotInLibrary,
    NoSuchJob,
    NoSuchPerson,
    NotInLibrary,
    TooLittleSpeech,
)
from voxcor.evaluation.raters import agreement
from voxcor.library.enrolment import enrol_speaker
from voxcor.library.filters import Filters
from voxcor.library.label_errors import errors_in_library
from voxcor.library.query import Region
from voxcor.library.rated import ratings_in_library
from voxcor.library.store import Library
from voxcor.library.takes import compare_takes, of_region
from voxcor.library.two_models import compare_tables
from voxcor.people.book import People

pytest.importorskip("cleanlab", reason="the library extra is not installed")

OTHER = replace(MODEL, id="other", sha256="cd" * 32)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Labelled segments of one model, some of which another has heard, too."""
    home = tmp_path_factory.mktemp("judged")
    made, _ = labelled(home)
    some = made.segments(made.table())[:20]
    made.add(OTHER, some, np.zeros((len(some), 16), np.float32) + 1)
    return made


@pytest.fixture(scope="module")
def server(library: Library) -> Iterator[Server]:
    with serving(library.folder.parent) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url) as connected:
        yield connected


def as_json(document: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(document))
    return read


def test_label_errors_are_those_of_the_engine(client: Client, library: Library) -> None:
    expected = errors_in_library(library, library.table())
    found = client.library.label_errors()
    assert [one.segment for one in found.errors] == [one.segment for one in expected.errors]
    assert found.to_document() == expected.to_document()
    rows = csv.DictReader(io.StringIO(client.library.relabelling_list().decode("utf-8-sig")))
    assert [row["segment"] for row in rows] == [one.segment.id for one in expected.errors]
    assert client.library.relabelling_list("jsonl").count(b"\n") == len(expected.errors)
    with pytest.raises(LabelsTooFew):
        client.library.label_errors(filters=Filters(speaker="nobody"))


def test_raters_agree_as_the_engine_says(client: Client, library: Library) -> None:
    filters = Filters(not_speaker="s1")
    ratings = ratings_in_library(library, library.table(), filters)
    expected = as_json(agreement(ratings).to_document())
    found = client.library.agreement(filters=filters)
    assert {name: found[name] for name in expected} == expected


def test_people_are_enrolled_and_forgotten(client: Client, library: Library) -> None:
    people = client.library.people
    found = people.enrol("s1")
    expected = enrol_speaker(People(library.folder.parent / "other"), "s1", library)
    assert found == expected
    listed = [one.recording for one in library.segments(library.table(), "speaker = 's1'")]
    assert people.enrol("王芳", recordings=listed).baseline.scores == expected.baseline.scores
    segments = library.segments(library.table(), "speaker = 's2'")
    by_segments = people.enrol("Ben", segments=segments)
    by_filters = people.enrol("Cat", filters=Filters(speaker="s2"))
    assert by_segments.baseline.offsets == by_filters.baseline.offsets
    assert [one["person"] for one in people.all()] == ["Ben", "Cat", "s1", "王芳"]
    for name in ("Ben", "Cat", "s1", "王芳"):
        people.forget(name)
    assert people.all() == []
    with pytest.raises(NoSuchPerson):
        people.forget("s1")
    with pytest.raises(NotInLibrary):
        people.enrol("nobody")
    with pytest.raises(TooLittleSpeech):
        people.enrol("Ben", segments=[segments[0].id])


def test_people_are_enrolled_by_recordings_that_are_sent(client: Client, tmp_path: Path) -> None:
    people = client.library.people
    (tmp_path / "empty.wav").write_bytes(b"")
    found = people.enrol("Eve", [*VOICES, tmp_path / "empty.wav"], model="small")
    assert (found.baseline.to, found.model.id, found.baseline.utterances) == ("Eve", "small", 7)
    assert [(one.path, one.code) for one in found.failures] == [("empty.wav", "empty_input")]
    people.forget("Eve")
    with pytest.raises(InputNotFound):
        people.enrol("Eve", ["nope.wav"])


def test_recordings_are_compared(client: Client, library: Library) -> None:
    names = [f"{number:016x}" for number in (0, 1)]
    takes = [of_region(Region(name), library, None) for name in names]
    expected = as_json(compare_takes(*takes).to_document())
    assert client.library.compare_takes(*names) == expected
    part = Region(names[0], 0.0, 2.0)
    assert client.library.compare_takes(part, names[1], model="small") == expected
    assert client.library.takes_page(*names).startswith(b"<!doctype html>")
    result = client.recognize(Path(takes_path(library)), granularity="frame")
    same = client.library.compare_takes(result, result)
    assert same["similarity"] == pytest.approx(1)


def takes_path(library: Library) -> str:
    return library.segments(library.table())[0].path or ""


def test_models_are_compared(client: Client, library: Library, server: Server) -> None:
    expected = as_json(compare_tables(library, "small", "other").to_document())
    assert client.library.compare_models("small", "other") == expected
    assert b"other" in client.library.models_page("small", "other")
    with pytest.raises(ModelNotInLibrary):
        client.library.compare_models("small", "plus-large")
    recording = Path(takes_path(library))
    jobs = [client.submit([recording]).id for _ in range(2)]
    assert [ended(server, job)["state"] for job in jobs] == ["done", "done"]
    assert client.library.compare_jobs(*jobs)["agreement"]["clips"] == 1
    with pytest.raises(NoSuchJob):
        client.library.compare_jobs(jobs[0], "nothing")
