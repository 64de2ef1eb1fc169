"""Corrections over REST: put, read, withdrawn, two who write, damage; all of them as a list."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import soundfile

from serving import TIMEOUT_S, Server, server, serving
from voxcor import Client
from voxcor.corrections import CORRECTIONS_FILE, Correction
from voxcor.datasets.manifest import read_manifest
from voxcor.errors import CorrectionsChanged, CorrectionsInvalid
from voxcor.exports import FORMATS
from voxcor.server.folder_store import new_id
from voxcor.server.results.corrections import MOST_BYTES

__all__ = ["server"]


def put(server: Server, result_id: str, document: Any, **arguments: Any) -> httpx2.Response:
    url = f"{server.url}/v1/results/{result_id}/corrections"
    return httpx2.put(url, json=document, timeout=TIMEOUT_S, trust_env=False, **arguments)


def get(server: Server, result_id: str) -> httpx2.Response:
    return server.get(f"/v1/results/{result_id}/corrections")


def of_first(document: dict[str, Any], label: str | None, **changes: Any) -> dict[str, Any]:
    first = document["segments"][0]
    times = {"start_ms": first["start_ms"], "end_ms": first["end_ms"]}
    return {"segment": 0, **times, "label": label, **changes}


@pytest.fixture
def document(server: Server) -> Iterator[dict[str, Any]]:
    recognised = server.recognize(granularity="segment").json()
    yield recognised
    server.delete(f"/v1/results/{recognised['id']}")


def test_what_is_put_is_there_for_everybody(server: Server, document: dict[str, Any]) -> None:
    result_id = document["id"]
    assert get(server, result_id).json() == {"revision": "", "corrections": []}
    one = of_first(document, "愤怒", annotator="小明")
    answer = put(server, result_id, {"revision": "", "corrections": [one]})
    assert answer.status_code == 200
    (kept,) = answer.json()["corrections"]
    assert {**kept, "timestamp": ""} == {**one, "label": "angry", "timestamp": ""}
    assert kept["timestamp"]
    assert get(server, result_id).json() == answer.json()
    # What GET gives PUT takes, and the same again is the same.
    assert put(server, result_id, answer.json()).json() == answer.json()
    again = put(server, result_id, {"revision": "", "corrections": [one]})
    assert again.json() == answer.json()
    after = server.get(f"/v1/results/{result_id}").json()
    assert after["files"] == sorted([*document["files"], CORRECTIONS_FILE])
    assert after["segments"] == document["segments"]


def test_exports_have_them(server: Server, document: dict[str, Any]) -> None:
    one = of_first(document, "ironic")
    put(server, document["id"], {"revision": "", "corrections": [one]})
    for kind in FORMATS:
        export = server.get(f"/v1/results/{document['id']}/export/{kind}")
        assert "ironic" in export.text.lower(), kind
    file = server.get(f"/v1/results/{document['id']}/files/{CORRECTIONS_FILE}")
    assert file.headers["cache-control"] == "no-store"
    assert file.json()["corrections"][0]["label"] == "ironic"


def test_they_are_withdrawn(server: Server, document: dict[str, Any]) -> None:
    path = f"/v1/results/{document['id']}/corrections"
    put(server, document["id"], {"revision": "", "corrections": [of_first(document, None)]})
    for _ in range(2):
        assert server.delete(path).status_code == 204
        assert server.get(path).json() == {"revision": "", "corrections": []}
    assert server.get(f"/v1/results/{document['id']}").json() == document


def test_they_go_with_their_result(server: Server) -> None:
    document = server.recognize(granularity="segment").json()
    put(server, document["id"], {"revision": "", "corrections": [of_first(document, "sad")]})
    assert document["id"] in server.get("/v1/corrections").text
    assert server.delete(f"/v1/results/{document['id']}").status_code == 204
    assert document["id"] not in server.get("/v1/corrections").text
    assert document["id"] not in server.left_behind
    for answer in (
        get(server, document["id"]),
        put(server, document["id"], {"revision": "", "corrections": []}),
        server.delete(f"/v1/results/{document['id']}/corrections"),
    ):
        assert answer.status_code == 404
        assert answer.json()["code"] == "no_such_result"
    assert document["id"] not in server.left_behind


def test_of_two_tabs_the_second_is_told(server: Server, document: dict[str, Any]) -> None:
    wanted = [
        {"revision": "", "corrections": [of_first(document, label)]} for label in ("sad", "angry")
    ]
    answers: list[httpx2.Response] = []

    def send(form: dict[str, Any]) -> None:
        answers.append(put(server, document["id"], form))

    tabs = [threading.Thread(target=send, args=(form,)) for form in wanted]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    first, second = sorted(answers, key=lambda answer: answer.status_code)
    assert (first.status_code, second.status_code) == (200, 409)
    problem = second.json()
    assert problem["code"] == "corrections_changed"
    assert problem["details"]["revision"] == first.json()["revision"]
    assert get(server, document["id"]).json() == first.json()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"segment": 99}, 422, "corrections_invalid"),
        ({"end_ms": 10**9}, 422, "corrections_invalid"),
        ({"start_ms": 5000, "end_ms": 5000}, 422, "corrections_invalid"),
        ({"label": " "}, 422, "corrections_invalid"),
        ({"label": "x" * 65}, 422, "malformed_request"),
        ({"label": 7}, 422, "malformed_request"),
        ({"start_ms": "0"}, 422, "malformed_request"),
        ({"start_ms": 0.5}, 422, "malformed_request"),
        ({"start_ms": -1}, 422, "malformed_request"),
        ({"segment": True}, 422, "malformed_request"),
        ({"verdict": "right"}, 422, "malformed_request"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(
    changes: dict[str, Any], status: int, code: str, server: Server, document: dict[str, Any]
) -> None:
    form = {"revision": "", "corrections": [{**of_first(document, "sad"), **changes}]}
    answer = put(server, document["id"], form, headers={"Accept-Language": "zh"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert any("一" <= character <= "鿿" for character in answer.json()["message"])
    assert get(server, document["id"]).json()["corrections"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b'{"corrections": []}', 422),
        (b'{"revision": "", "corrections": [], "more": 1}', 422),
        (b'{"revision": "", "corrections": [{"segment": NaN}]}', 400),
        (b'{"revision": "", "corrections": [', 400),
        (b'{"revision": "", "corrections": [' + b" " * MOST_BYTES + b"]}", 413),
    ],
    ids=["nothing", "a list", "no revision", "a foreign key", "NaN", "half", "too much"],
)
def test_what_is_no_form_is_refused(
    body: bytes, status: int, server: Server, document: dict[str, Any]
) -> None:
    url = f"{server.url}/v1/results/{document['id']}/corrections"
    headers = {"Content-Type": "application/json"}
    answer = httpx2.put(url, content=body, headers=headers, timeout=TIMEOUT_S, trust_env=False)
    assert answer.status_code == status
    assert answer.json()["message"]


def test_a_result_that_is_unknown_has_none(server: Server) -> None:
    for result_id in (new_id(), "nothing", "..%2f..%2frules.json"):
        assert get(server, result_id).status_code == 404
        form = {"revision": "", "corrections": []}
        assert put(server, result_id, form).status_code == 404


def test_as_many_as_ten_hours_have_are_taken(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        document = server.recognize(granularity="segment").json()
        path = tmp_path / "results" / document["id"] / "result.json"
        stored = json.loads(path.read_text(encoding="utf-8"))
        (first, *_), count = stored["segments"], 10_000
        stored["segments"] = [
            {**first, "start_ms": 1000 * n, "end_ms": 1000 * n + 900} for n in range(count)
        ]
        stored["audio"]["duration_ms"] = 1000 * count
        path.write_text(json.dumps(stored), encoding="utf-8")
        wanted = [
            {"segment": n, "start_ms": 1000 * n, "end_ms": 1000 * n + 900, "label": "sad"}
            for n in range(count)
        ]
        answer = put(server, document["id"], {"revision": "", "corrections": wanted})
        assert answer.status_code == 200
        assert len(get(server, document["id"]).json()["corrections"]) == count
        assert put(server, document["id"], answer.json()).status_code == 200


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema_version": 9, "corrections": []}'])
def test_damage_is_said_and_the_result_still_opens(content: bytes, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        sound, damaged = (server.recognize(granularity="segment").json() for _ in range(2))
        for document in (sound, damaged):
            form = {"revision": "", "corrections": [of_first(document, "sad")]}
            put(server, document["id"], form)
        path = tmp_path / "results" / damaged["id"] / CORRECTIONS_FILE
        path.write_bytes(content)
        assert server.get(f"/v1/results/{damaged['id']}").status_code == 200
        form = {"revision": "", "corrections": [of_first(damaged, "angry")]}
        for answer in (
            get(server, damaged["id"]),
            put(server, damaged["id"], form),
            server.get(f"/v1/results/{damaged['id']}/export/csv"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (500, "state_unreadable")
            assert CORRECTIONS_FILE in answer.json()["message"]
        listed = server.get("/v1/corrections")
        assert listed.headers["voxcor-unreadable"] == damaged["id"]
        assert sound["id"] in listed.text
        assert damaged["id"] not in listed.text
        server.says(CORRECTIONS_FILE)
        assert server.delete(f"/v1/results/{damaged['id']}/corrections").status_code == 204
        assert path.with_name(f"{CORRECTIONS_FILE}.unreadable").read_bytes() == content
        assert put(server, damaged["id"], form).status_code == 200
        assert server.delete(f"/v1/results/{damaged['id']}").status_code == 204
        assert not path.parent.exists()


def test_all_of_them_are_a_list_that_is_read(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert len([*csv.reader(io.StringIO(server.get("/v1/corrections").text))]) == 1
        documents = [server.recognize(granularity="segment").json() for _ in range(3)]
        for document, label in zip(documents, ("sad", "ironic", None), strict=True):
            one = of_first(document, label, annotator="=Ann")
            put(server, document["id"], {"revision": "", "corrections": [one]})
        answer = server.get("/v1/corrections")
        lines = server.get("/v1/corrections?format=jsonl")
        assert server.get("/v1/corrections?format=xml").status_code == 422
        assert answer.headers["content-type"].startswith("text/csv")
        assert 'filename="corrections.csv"' in answer.headers["content-disposition"]
        table = [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]
        objects = [json.loads(line) for line in lines.text.splitlines()]
        assert [row["label"] for row in table] == ["sad", "ironic"]
        assert [row["label"] for row in objects] == ["sad", "ironic"]
        assert table[0]["annotator"] == "'=Ann"
        assert objects[0]["annotator"] == "=Ann"
        for row, document in zip(objects, documents, strict=False):
            segment = document["segments"][0]
            assert row["original_label"] == segment["emotion"]
            assert row["confidence"] == pytest.approx(segment["confidence"], abs=1e-6)
            assert row["result"] == document["id"]
            trimmed = document["preprocessing"]["trimmed_start_ms"]
            assert row["start"] == (segment["start_ms"] - trimmed) / 1000
        for name, content in (("list.csv", answer.content), ("list.jsonl", lines.content)):
            (tmp_path / name).write_bytes(content)
            read = read_manifest(tmp_path / name)
            assert [utterance.label for utterance in read.utterances] == ["sad", "ironic"]
            # What is cut out is what the model heard of that segment.
            heard, rate = soundfile.read(objects[0]["path"], dtype="float32")
            clip, clip_rate = soundfile.read(read.utterances[0].path, dtype="float32")
            start = round(objects[0]["start"] * rate)
            assert rate == clip_rate
            assert np.array_equal(clip, heard[start : start + len(clip)])


def test_the_client_puts_right_and_is_told(server: Server, document: dict[str, Any]) -> None:
    with Client(server.url) as client:
        first = client.result(document["id"]).segments[0]
        assert client.corrections(document["id"]).revision == ""
        sad, angry = (Correction(0, first.start, first.end, label) for label in ("sad", "angry"))
        after = client.correct(document["id"], [sad])
        assert after == client.corrections(document["id"])
        assert after.corrections[0].label == "sad"
        with pytest.raises(CorrectionsChanged):
            client.correct(document["id"], [angry])
        assert client.correct(document["id"], [angry], after.revision).corrections[0].timestamp
        with pytest.raises(CorrectionsInvalid):
            client.correct(document["id"], [Correction(99, 0, 1, "sad")])
        assert document["id"] in client.training_list().decode()
        assert document["id"] in client.training_list("jsonl").decode()
        now = client.corrections(document["id"])
        assert client.correct(document["id"], [], now.revision).corrections == ()


def test_the_archive_has_them(server: Server, document: dict[str, Any], tmp_path: Path) -> None:
    put(server, document["id"], {"revision": "", "corrections": [of_first(document, "sad")]})
    with Client(server.url) as client:
        folder = client.download(document["id"], tmp_path)
    assert (folder / CORRECTIONS_FILE).is_file()
