"""`/v1/library`: results go in, are found by how they sound, and go out for good."""

import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from batches import write_calls
from library_home import without_library
from places import DATA, VOICE
from serving import Server, ended, files_of, server, serving
from voxcor import Recognizer
from voxcor.library.enrolment import enrol
from voxcor.library.incoming import add
from voxcor.library.listening import listen
from voxcor.library.store import Library
from voxcor.options import RecognitionOptions
from voxcor.people.book import People
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")

__all__ = ["server"]

CHAINED = DATA / "heard" / "opus-chained.opus"

SEARCH, RECORDINGS = "/v1/library/search", "/v1/library/recordings"


@pytest.fixture(scope="module")
def results(server: Server) -> dict[str, dict[str, Any]]:
    """Two recordings that are in the library, by the names of their files."""
    found = {}
    for path in (VOICE, EXAMPLE):
        form = {"granularity": "segment", "embedding": "true"}
        found[path.name] = server.recognize(path.read_bytes(), path.name, **form).json()
    ids = [document["id"] for document in found.values()]
    answer = server.post(RECORDINGS, json={"result_ids": ids, "speaker": "ann"}).json()
    assert [one["failure"] for one in answer["outcomes"]] == [None, None]
    return found


def test_an_empty_library_says_so_in_the_readers_language(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False) as server:
        about = server.get("/v1/library").json()
        assert (about["installed"], about["tables"], about["extra"]["missing_mb"]) == (True, [], 0)
        for language, words in (("en", "The library is empty."), ("zh", "库中没有内容。")):
            headers = {"Accept-Language": language}
            response = server.post(SEARCH, json={"query": "angry"}, headers=headers)
            assert (response.status_code, response.json()["code"]) == (404, "library_empty")
            assert response.json()["message"].startswith(words)
        assert not (tmp_path / "library").exists()


def test_without_its_packages_it_says_what_they_would_bring(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with without_library(tmp_path / "home", tmp_path / "site") as server:
        about = server.get("/v1/library").json()
        assert (about["installed"], about["tables"]) == (False, [])
        assert about["extra"]["missing_mb"] > 100
        assert "pip install" in about["extra"]["command"]
        for language, amount in (("en", " MB): "), ("zh", " MB）：")):
            response = server.post(
                SEARCH, json={"query": "angry"}, headers={"Accept-Language": language}
            )
            problem = response.json()
            assert (response.status_code, problem["code"]) == (501, "extra_missing")
            assert problem["details"]["megabytes"] == about["extra"]["missing_mb"]
            assert amount in problem["message"]
            assert problem["details"]["command"] == about["extra"]["command"]


def test_results_go_in_once_with_their_own_segments(
    server: Server, results: dict[str, dict[str, Any]]
) -> None:
    document = results[VOICE.name]
    answer = server.post(RECORDINGS, json={"result_ids": [document["id"], "0" * 32]}).json()
    again, failed = answer["outcomes"]
    assert (again["segments"], again["failure"]) == (0, None)
    assert (failed["result_id"], failed["failure"]["code"]) == ("0" * 32, "no_such_result")
    (table,) = server.get("/v1/library").json()["tables"]
    assert table["recordings"] == 2
    assert table["segments"] == sum(len(one["segments"]) for one in results.values())
    segments = document["segments"]
    assert isinstance(segments, list)
    for one in segments:
        name = f"{again['recording']}@{one['start_ms'] / 1000:g}-{one['end_ms'] / 1000:g}"
        found = server.get(f"/v1/library/segments/{name}").json()
        assert (found["id"], found["emotion"], found["speaker"]) == (name, one["emotion"], "ann")
        assert found["scores"] == pytest.approx(one["scores"], abs=1e-5)


def test_a_result_without_vectors_is_recognised_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        document = server.recognize(granularity="segment").json()
        assert "embedding.npy" not in document["files"]
        (one,) = server.post(RECORDINGS, json={"result_ids": [document["id"]]}).json()["outcomes"]
        assert (one["name"], one["segments"]) == ("speech.flac", len(document["segments"]))
        hits = server.post(SEARCH, json={"mixture": {"shares": {"sad": 1}}}).json()["hits"]
        starts = sorted(hit["start_ms"] for hit in hits)
        expected = [segment["start_ms"] for segment in document["segments"]]
        assert starts == pytest.approx(expected, abs=60)
        # It was heard whole, by its own audio: the times are those of the recording.
        audio = server.get(f"/v1/library/segments/{hits[0]['id']}/audio")
        assert audio.status_code == 200


def test_jobs_go_in_where_they_have_vectors(tmp_path: Path) -> None:
    write_calls(tmp_path / "calls", 2, seconds=2.0)
    (tmp_path / "calls" / "notes.txt").write_text("no sound")
    with serving(tmp_path / "home") as server:
        ids = {}
        for embedding in ("true", "false"):
            form = {"granularity": "segment", "embedding": embedding, "any_sound": "true"}
            files = files_of(tmp_path / "calls")
            ids[embedding] = server.post("/v1/jobs", files=files, data=form).json()["id"]
            ended(server, ids[embedding])
        failed = server.post(RECORDINGS, json={"job_ids": [ids["false"]]}).json()["outcomes"]
        assert {one["failure"]["code"] for one in failed} == {"sound_gone"}
        found = server.post(RECORDINGS, json={"job_ids": [ids["true"]]}).json()["outcomes"]
        assert [(one["job_id"], one["failure"]) for one in found] == [(ids["true"], None)] * 2
        assert sorted(one["name"] for one in found) == ["call000.wav", "call001.wav"]
        # Its uploads are gone with the end of the job.
        segment = server.post(SEARCH, json={"query": "sad 1"}).json()["hits"][0]
        response = server.get(f"/v1/library/segments/{segment['id']}/audio")
        assert (response.status_code, response.json()["code"]) == (410, "recording_gone")


def test_a_job_without_vectors_is_heard_again_where_its_uploads_stay(tmp_path: Path) -> None:
    write_calls(tmp_path / "calls", 2, seconds=2.0)
    with serving(tmp_path / "home") as server:
        form = {"granularity": "segment", "any_sound": "true", "keep_audio": "true"}
        files = files_of(tmp_path / "calls")
        job_id = server.post("/v1/jobs", files=files, data=form).json()["id"]
        ended(server, job_id)
        for new in (True, False):
            found = server.post(RECORDINGS, json={"job_ids": [job_id]}).json()["outcomes"]
            assert [one["failure"] for one in found] == [None] * 2
            assert [one["segments"] > 0 for one in found] == [new] * 2
        segment = server.post(SEARCH, json={"query": "sad 1"}).json()["hits"][0]
        assert server.get(f"/v1/library/segments/{segment['id']}/audio").status_code == 200


@pytest.mark.usefixtures("results")
def test_words_are_answered_with_what_they_were_taken_for(server: Server) -> None:
    answer = server.post(SEARCH, json={"query": "悲伤但克制"}).json()
    assert (answer["query"]["kind"], answer["query"]["text"]) == ("words", "悲伤但克制")
    meaning = answer["meaning"]
    assert sum(meaning["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert meaning["shares"]["sad"] > meaning["shares"]["happy"]
    # The same again, changed by hand.
    changed = server.post(SEARCH, json={"mixture": meaning}).json()
    assert changed["query"]["kind"] == "mixture"
    assert [hit["id"] for hit in changed["hits"]] == [hit["id"] for hit in answer["hits"]]
    assert changed["hits"][0]["similarity"] == pytest.approx(answer["hits"][0]["similarity"])


@pytest.mark.usefixtures("results")
def test_a_mixture_has_labels_in_any_of_their_names(server: Server) -> None:
    asked = {"mixture": {"shares": {"愤怒": 1, "Sad": 3}, "arousal": 0.5}}
    answer = server.post(SEARCH, json=asked).json()
    assert answer["meaning"] == {
        "shares": {"angry": 0.25, "sad": 0.75},
        "arousal": 0.5,
        "valence": None,
    }
    similar = [hit["similarity"] for hit in answer["hits"]]
    assert similar == sorted(similar, reverse=True)
    asked["mixture"]["shares"] = {"furious": 1}
    problem = server.post(SEARCH, json=asked)
    assert (problem.status_code, problem.json()["code"]) == (422, "query_invalid")


def test_filters_and_limits_hold(server: Server, results: dict[str, dict[str, Any]]) -> None:
    def found(limit: int = 50, **filters: object) -> list[dict[str, Any]]:
        asked = {"query": "neutral 1", "limit": limit, "filters": filters}
        hits: list[dict[str, Any]] = server.post(SEARCH, json=asked).json()["hits"]
        return hits

    everything = found()
    assert len(everything) == sum(len(one["segments"]) for one in results.values())
    assert found(limit=1) == everything[:1]
    assert found(speaker="ann", confidence=0) == everything
    assert found(not_speaker="ann") == found(since="2999-01-01") == found(speaker="o'brien") == []
    one = everything[0]["recording"]
    assert {hit["recording"] for hit in found(recording=one)} == {one}
    assert one not in {hit["recording"] for hit in found(not_recording=one)}
    emotion = everything[0]["emotion"]
    assert {hit["emotion"] for hit in found(emotion=emotion)} == {emotion}


@pytest.mark.usefixtures("results")
def test_a_clip_finds_itself(server: Server) -> None:
    form = {"limit": "1", "filters": json.dumps({"speaker": "ann"})}
    files = {"file": ("what I have.flac", EXAMPLE.read_bytes())}
    answer = server.post(SEARCH, files=files, data=form).json()
    assert (answer["query"]["kind"], answer["query"]["name"]) == ("clip", "what I have.flac")
    assert [hit["name"] for hit in answer["hits"]] == [EXAMPLE.name]
    server.gone("the upload")


@pytest.mark.usefixtures("results")
def test_a_segment_and_a_region_find_others_than_themselves(
    server: Server, results: dict[str, dict[str, Any]]
) -> None:
    first = server.post(SEARCH, json={"query": "neutral 1"}).json()["hits"][0]
    for asked in ({"segment": first["id"]}, {"query": first["id"]}):
        answer = server.post(SEARCH, json=asked).json()
        assert answer["query"]["kind"] == "region"
        assert answer["query"]["start_ms"] == first["start_ms"]
        assert first["id"] not in {hit["id"] for hit in answer["hits"]}
        assert answer["meaning"]["shares"] == pytest.approx(first["scores"], abs=1e-5)
    document = results[first["name"]]
    region = {"start_ms": first["start_ms"], "end_ms": first["end_ms"]}
    answer = server.post(SEARCH, json={"result_id": document["id"], **region}).json()
    assert answer["query"] == {
        **answer["query"],
        "kind": "region",
        "name": first["name"],
        "recording": first["recording"],
        **region,
    }
    assert first["id"] not in {hit["id"] for hit in answer["hits"]}
    # As that stretch sounds alone, in what the model heard of the recording.
    offset = document["preprocessing"]["trimmed_start_ms"]
    heard = listen(
        Recognizer("small"),
        server.home / "results" / document["id"] / "processed_audio.wav",
        (region["start_ms"] - offset, region["end_ms"] - offset),
        RecognitionOptions(trim=False, any_sound=True),
    )
    assert answer["meaning"]["shares"] == pytest.approx(dict(heard.scores), abs=1e-3)
    outside = {"result_id": document["id"], "start_ms": 1_000_000, "end_ms": 1_001_000}
    assert server.post(SEARCH, json=outside).json()["code"] == "malformed_request"


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize("text", ["{path}", "{path}@0.5-1", " {path} "])
def test_no_text_is_a_file_of_the_server(server: Server, tmp_path: Path, text: str) -> None:
    secret = tmp_path / "happy but loud.flac"
    asked = text.format(path=secret)
    before = server.post(SEARCH, json={"query": asked}).json()
    secret.write_bytes(VOICE.read_bytes())
    after = server.post(SEARCH, json={"query": asked}).json()
    assert before["query"]["kind"] == "words"
    assert after == before


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 400, "malformed_request"),
        ({"query": "sad", "segment": "0123456789abcdef@1-2"}, 400, "malformed_request"),
        ({"query": " "}, 422, "query_invalid"),
        ({"query": "12 34"}, 422, "words_not_understood"),
        ({"query": "sad", "limit": 0}, 422, "malformed_request"),
        ({"query": "sad", "filters": {"since": "soon"}}, 422, "query_invalid"),
        ({"query": "sad", "filters": {"speaker": "a\0b"}}, 422, "malformed_request"),
        ({"query": "sad", "filters": {"mood": "x"}}, 422, "malformed_request"),
        ({"query": "sad", "model": "plus-large"}, 404, "model_not_in_library"),
        ({"segment": "0123456789abcdef@1-2"}, 404, "not_in_library"),
        ({"segment": "../../etc/passwd"}, 422, "query_invalid"),
        ({"result_id": "../x"}, 404, "no_such_result"),
        ({"mixture": {"shares": {"sad": 0}}}, 422, "query_invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    server: Server, asked: dict[str, Any], status: int, code: str
) -> None:
    for language in ("en", "zh"):
        response = server.post(SEARCH, json=asked, headers={"Accept-Language": language})
        assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_segment_sounds_as_the_model_heard_it(
    server: Server, results: dict[str, dict[str, Any]]
) -> None:
    hits = server.post(SEARCH, json={"query": "sad 1"}).json()["hits"]
    hit = next(one for one in hits if one["name"] == VOICE.name)
    document = results[VOICE.name]
    path = f"/v1/results/{document['id']}/files/processed_audio.wav"
    with wave.open(io.BytesIO(server.get(path).content)) as file:
        whole = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    offset = document["preprocessing"]["trimmed_start_ms"]
    first, last = (16 * (hit[name] - offset) for name in ("start_ms", "end_ms"))
    response = server.get(f"/v1/library/segments/{hit['id']}/audio")
    assert response.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(response.content)) as file:
        assert file.getframerate() == 16_000
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    np.testing.assert_allclose(heard, whole[first:last], atol=1)
    start, end = hit["start_ms"] + 100, hit["end_ms"] - 100
    name = f"{hit['id'].partition('@')[0]}@{start / 1000:.3f}-{end / 1000:.3f}"
    stretch = server.get(f"/v1/library/segments/{name}/audio").content
    assert stretch[44:] == response.content[44 + 3200 : -3200]
    part = server.get(f"/v1/library/segments/{hit['id']}/audio", headers={"Range": "bytes=44-47"})
    assert (part.status_code, part.content) == (206, response.content[44:48])
    beyond = {"Range": "bytes=99999999-"}
    assert server.get(f"/v1/library/segments/{hit['id']}/audio", headers=beyond).status_code == 416
    server.gone("what was made to be heard")


def test_a_recording_is_heard_where_it_lies_until_it_does_not(tmp_path: Path) -> None:
    left = soundfile.read(VOICE)[0]
    stereo = tmp_path / "call.wav"
    soundfile.write(stereo, np.stack([left, left[::-1]], axis=1), 16_000)
    list(add(Library.open(tmp_path), [str(stereo)], lambda: Recognizer("small")))
    with serving(tmp_path, ready=False) as server:
        hit = server.post(SEARCH, json={"query": "sad 1"}).json()["hits"][0]
        audio = f"/v1/library/segments/{hit['id']}/audio"
        content, rate = soundfile.read(io.BytesIO(server.get(audio).content))
        assert (len(content), rate) == (16 * (hit["end_ms"] - hit["start_ms"]), 16_000)
        exported = {"ids": [hit["id"]]}
        assert server.post("/v1/library/export", json=exported).headers["voxcor-left-out"] == "0"
        stereo.unlink()
        for language, words in (("en", "is no longer where"), ("zh", "已不在收录时的位置")):
            response = server.get(audio, headers={"Accept-Language": language})
            assert (response.status_code, response.json()["code"]) == (410, "recording_gone")
            assert words in response.json()["message"]
        assert server.post("/v1/library/export", json=exported).headers["voxcor-left-out"] == "1"
        assert server.get("/v1/library/segments/0123456789abcdef@1-2/audio").status_code == 404


def test_recordings_are_listed_a_page_at_a_time(
    server: Server, results: dict[str, dict[str, Any]]
) -> None:
    listed = server.get(RECORDINGS).json()
    assert listed["total"] == 2
    assert {one["name"] for one in listed["recordings"]} == {*results}
    for one in listed["recordings"]:
        segments = results[one["name"]]["segments"]
        assert isinstance(segments, list)
        assert (one["speaker"], one["segments"]) == ("ann", len(segments))
        assert one["duration_ms"] == segments[-1]["end_ms"]
    second = server.get(f"{RECORDINGS}?limit=1&offset=1").json()["recordings"]
    assert second == listed["recordings"][1:]
    assert server.get(f"{RECORDINGS}?speaker=nobody").json() == {"recordings": [], "total": 0}


def test_what_is_removed_leaves_no_file(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        form = {"granularity": "segment", "embedding": "true"}
        ids = [
            server.recognize(path.read_bytes(), name, **form).json()["id"]
            for path, name in ((VOICE, "secret-one.flac"), (EXAMPLE, "other.flac"))
        ]
        answer = server.post(RECORDINGS, json={"result_ids": ids, "speaker": "secret-ann"}).json()
        recording = answer["outcomes"][0]["recording"]
        people = People(tmp_path)
        recognizer = Recognizer("small", threads=1)
        enrol(people, "secret-ann", [str(VOICE), str(EXAMPLE), str(CHAINED)], recognizer)
        server.post("/v1/library/trajectory", json={}).raise_for_status()
        assert _files_with(tmp_path / "library", recording)
        deleted = server.delete(f"{RECORDINGS}/{recording}")
        assert deleted.json() == {
            "segments": answer["outcomes"][0]["segments"],
            "people": ["secret-ann"],
        }
        for trace in (recording, "secret-one"):
            assert _files_with(tmp_path / "library", trace) == []
        assert server.get(RECORDINGS).json()["total"] == 1
        for name in (recording, "0123456789abcdef"):
            assert server.delete(f"{RECORDINGS}/{name}").status_code == 404
        for name in ("01", str(VOICE), "..%2f..", "0123456789abcdef' OR 1=1"):
            assert server.delete(f"{RECORDINGS}/{name}").status_code in (404, 422)
        assert server.get(RECORDINGS).json()["total"] == 1


def _files_with(folder: Path, text: str) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if text.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/library"),
        ("POST", SEARCH),
        ("GET", RECORDINGS),
        ("POST", RECORDINGS),
        ("DELETE", f"{RECORDINGS}/0123456789abcdef"),
        ("GET", "/v1/library/segments/0123456789abcdef@1-2"),
        ("GET", "/v1/library/segments/0123456789abcdef@1-2/audio"),
        *(("POST", f"/v1/library/{name}") for name in ("map", "clusters", "trajectory", "export")),
        ("POST", "/v1/library/segments"),
        *((method, "/v1/library/labels") for method in ("GET", "PUT", "DELETE")),
    ],
)
def test_every_route_wants_the_key(guarded: Server, method: str, path: str) -> None:
    status, problem = guarded.ask_literally(method, path)
    assert (status, problem["code"]) == (401, "unauthorized")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("guarded")
    with serving(home, ready=False, VOXCOR_API_KEY="a-key-of-sixteen-letters") as running:
        yield running
