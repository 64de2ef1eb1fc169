"""`/v1/library/people`: people are enrolled by what the library has, named, and forgotten."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from library_home import VOICES, spoken_by_anna, without_library
from serving import Server, serving
from voxcor import Recognizer
from voxcor.library.enrolment import enrol
from voxcor.people.book import People, Utterance
from voxcor.results import ModelInfo

pytest.importorskip("lancedb", reason="the library extra is not installed")

PEOPLE = "/v1/library/people"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("people")
    spoken_by_anna(home)
    with serving(home) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    yield running
    for person in People(running.home).all():
        People(running.home).forget(person.name)


def enrolled(server: Server, **asked: Any) -> dict[str, Any]:
    response = server.post(PEOPLE, json=asked)
    response.raise_for_status()
    document: dict[str, Any] = response.json()
    return document


def test_all_that_a_speaker_says_enrols_them(server: Server) -> None:
    document = enrolled(server, person=" Anna ")
    assert (document["person"], document["new"], document["utterances"]) == ("Anna", 7, 7)
    expected = enrol(People(server.home / "other"), "Anna", VOICES, Recognizer("small"))
    assert document["offsets"] == pytest.approx(dict(expected.baseline.offsets), abs=1e-4)
    (person,) = server.get(PEOPLE).json()["people"]
    assert person["person"] == "Anna"
    (heard,) = person["heard_by"]
    assert (heard["model"], heard["utterances"]) == ("small", 7)
    assert heard["sha256"] == document["model"]["sha256"]
    # And a result may be relative to them.
    relative = server.recognize(relative_to="Anna").json()["relative"]
    assert relative["to"] == "Anna"
    assert relative["offsets"] == pytest.approx(document["offsets"], abs=1e-6)


def test_segments_recordings_and_filters_name_what_they_say(server: Server) -> None:
    listed = server.get("/v1/library/recordings").json()["recordings"]
    names = [one["recording"] for one in listed]
    by_recordings = enrolled(server, person="王 芳", recordings=names)
    by_filters = enrolled(server, person="B", filters={"confidence": 0.0})
    hits = server.post("/v1/library/search", json={"query": "sad 1", "limit": 50}).json()["hits"]
    by_segments = enrolled(server, person="C", segments=[one["id"] for one in hits])
    assert by_recordings["offsets"] == pytest.approx(by_filters["offsets"], abs=1e-9)
    assert by_segments["offsets"] == pytest.approx(by_filters["offsets"], abs=1e-9)
    assert [one["person"] for one in server.get(PEOPLE).json()["people"]] == ["B", "C", "王 芳"]


def test_who_is_forgotten_is_nobody(server: Server) -> None:
    enrolled(server, person="Anna")
    assert server.request("DELETE", PEOPLE, json={"person": "Anna"}).status_code == 204
    assert server.get(PEOPLE).json() == {"people": []}
    for language in ("en", "zh"):
        headers = {"Accept-Language": language}
        again = server.request("DELETE", PEOPLE, json={"person": "Anna"}, headers=headers)
        assert (again.status_code, again.json()["code"]) == (404, "no_such_person")


def sent(server: Server, *paths: str, **fields: str) -> httpx2.Response:
    files = [("file", (Path(path).name, Path(path).read_bytes())) for path in paths]
    return server.post(PEOPLE, files=files, data=fields)


def test_recordings_that_are_sent_enrol_somebody(server: Server, tmp_path: Path) -> None:
    broken = tmp_path / "坏.wav"
    broken.write_bytes(b"no sound")
    kept = server.get("/v1/results").json()
    document = sent(server, *VOICES, VOICES[0], str(broken), person="Ben", model="small").json()
    expected = enrol(People(server.home / "other"), "Ben", VOICES, Recognizer("small")).baseline
    assert (document["utterances"], document["new"]) == (expected.utterances, expected.utterances)
    assert document["offsets"] == pytest.approx(dict(expected.offsets), abs=1e-4)
    (failure,) = document["failures"]
    assert (failure["path"], failure["code"]) == ("坏.wav", "not_audio")
    assert server.get("/v1/results").json() == kept
    assert [one["person"] for one in server.get(PEOPLE).json()["people"]] == ["Ben"]


def test_recordings_that_do_not_enrol_say_why(server: Server, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    for form, paths, status, code in (
        ({"person": "Ben"}, [str(broken)], 422, "too_little_speech"),
        ({"person": "Ben"}, [], 400, "malformed_request"),
        ({}, VOICES, 422, "malformed_request"),
        ({"person": "Ben", "model": "nope"}, VOICES, 404, "unknown_model"),
        ({"person": "Ben", "segments": "x"}, VOICES, 422, "malformed_request"),
    ):
        response = sent(server, *paths, **form)
        assert (response.status_code, response.json()["code"]) == (status, code), form
        if code == "too_little_speech":
            assert "broken.wav" in response.json()["message"]
    assert server.get(PEOPLE).json() == {"people": []}


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({}, 422, "malformed_request"),
        ({"person": ""}, 422, "malformed_request"),
        ({"person": " "}, 400, "malformed_request"),
        ({"person": "A\nB"}, 400, "malformed_request"),
        ({"person": "x" * 101}, 422, "malformed_request"),
        ({"person": "Ben"}, 404, "not_in_library"),
        ({"person": "Ben", "recordings": []}, 422, "malformed_request"),
        ({"person": "Ben", "recordings": ["0123456789abcdef"]}, 404, "not_in_library"),
        ({"person": "Ben", "recordings": ["/etc/passwd"]}, 422, "malformed_request"),
        ({"person": "Ben", "segments": ["0123456789abcdef@1-2"]}, 404, "not_in_library"),
        ({"person": "Ben", "filters": {"since": "soon"}}, 422, "query_invalid"),
        ({"person": "Ben", "filters": {}, "segments": ["x"]}, 400, "malformed_request"),
        ({"person": "Anna", "model": "plus-large"}, 404, "model_not_in_library"),
    ],
)
def test_who_cannot_be_enrolled_is_not(
    server: Server, form: dict[str, Any], status: int, code: str
) -> None:
    for language in ("en", "zh"):
        response = server.post(PEOPLE, json=form, headers={"Accept-Language": language})
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert server.get(PEOPLE).json() == {"people": []}


def test_too_little_speech_enrols_nobody(server: Server) -> None:
    hits = server.post("/v1/library/search", json={"query": "sad 1"}).json()["hits"]
    response = server.post(PEOPLE, json={"person": "Ben", "segments": [hits[0]["id"]]})
    assert (response.status_code, response.json()["code"]) == (422, "too_little_speech")
    assert server.get(PEOPLE).json() == {"people": []}


def test_people_are_known_where_there_is_no_library(tmp_path: Path) -> None:
    heard = ModelInfo("small", "int8", "1", "ab" * 32, True, False)
    said = [Utterance(str(n), None, 5.0, {"neutral": 0.4, "sad": 0.6}) for n in range(3)]
    People(tmp_path / "home").add("Anna", heard, said)
    with without_library(tmp_path / "home", tmp_path) as server:
        (person,) = server.get(PEOPLE).json()["people"]
        assert person["heard_by"] == [
            {"model": "small", "sha256": "ab" * 32, "utterances": 3, "seconds": 15.0}
        ]
        refused = server.post(PEOPLE, json={"person": "Ben"})
        assert (refused.status_code, refused.json()["code"]) == (501, "extra_missing")
        assert server.request("DELETE", PEOPLE, json={"person": "Anna"}).status_code == 204
