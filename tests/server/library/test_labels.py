"""`/v1/library/labels`: people put segments right, take it back, and have it all as a list."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from places import VOICE
from serving import Server, serving
from voxcor.datasets.manifest import read_manifest
from voxcor.library.labels import LABELS_FILE
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")

LABELS, SEGMENTS, SEARCH = (f"/v1/library/{name}" for name in ("labels", "segments", "search"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose library has the segments of two results."""
    with serving(tmp_path_factory.mktemp("labels")) as server:
        form = {"granularity": "segment", "embedding": "true"}
        ids = [
            server.recognize(path.read_bytes(), path.name, **form).json()["id"]
            for path in (VOICE, EXAMPLE)
        ]
        server.post("/v1/library/recordings", json={"result_ids": ids}).raise_for_status()
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    yield running
    (running.home / "library" / LABELS_FILE).unlink(missing_ok=True)


@pytest.fixture
def hits(server: Server) -> list[dict[str, Any]]:
    return found(server)


def found(server: Server, **asked: Any) -> list[dict[str, Any]]:
    answer = server.post(SEARCH, json={"query": "sad 1", "limit": 50, **asked}).json()
    segments: list[dict[str, Any]] = answer["hits"]
    return segments


def said(server: Server, method: str, ids: list[str], **form: Any) -> dict[str, Any]:
    response = server.request(method, LABELS, json={"segments": ids, **form})
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


def another(segment: dict[str, Any]) -> str:
    """A label that the model does not say of a segment."""
    return next(label for label in segment["scores"] if label != segment["emotion"])


def test_many_segments_are_put_right_at_once_and_taken_back(
    server: Server, hits: list[dict[str, Any]]
) -> None:
    ids = [one["id"] for one in hits]
    assert len(ids) > 2
    answer = said(server, "PUT", ids, label="惊讶", annotator=" Ann ")
    assert answer["changed"] == len(ids)
    assert [one["id"] for one in answer["segments"]] == ids
    for one in answer["segments"]:
        assert one["said"] == [{"label": "surprised", "annotator": "Ann"}]
        assert one["label"] == "surprised"
    assert said(server, "PUT", ids, label="surprised", annotator="Ann")["changed"] == 0
    # Whatever shows them has it: a search, its filters, a segment alone, several.
    assert [one["label"] for one in found(server)] == ["surprised"] * len(ids)
    assert len(found(server, filters={"emotion": "surprised"})) == len(ids)
    assert server.get(f"{SEGMENTS}/{ids[0]}").json() == answer["segments"][0]
    several = server.post(SEGMENTS, json={"ids": ids}).json()
    assert several["segments"] == answer["segments"]
    # Those of somebody else stay.
    assert said(server, "DELETE", ids, annotator="Ben")["changed"] == 0
    taken = said(server, "DELETE", ids, annotator="Ann")
    assert taken["changed"] == len(ids)
    assert [(one["label"], one["said"]) for one in taken["segments"]] == [(None, [])] * len(ids)
    assert found(server) == hits


def test_what_is_wrong_and_what_is_right_are_told_apart(
    server: Server, hits: list[dict[str, Any]]
) -> None:
    first = hits[0]
    (wrong,) = said(server, "PUT", [first["id"]], label=None)["segments"]
    assert (wrong["label"], wrong["emotion"]) == (None, first["emotion"])
    assert wrong["said"] == [{"label": None, "annotator": None}]
    (right,) = said(server, "PUT", [first["id"]], label=first["emotion"])["segments"]
    assert right["label"] == first["emotion"]
    assert right["said"] == [{"label": first["emotion"], "annotator": None}]
    said(server, "DELETE", [first["id"]])


def test_those_who_disagree_are_all_shown(server: Server, hits: list[dict[str, Any]]) -> None:
    first = hits[0]
    label = another(first)
    for who, what in (("Ann", label), ("Ben", first["emotion"]), ("Cat", label)):
        answer = said(server, "PUT", [first["id"]], label=what, annotator=who)
    (segment,) = answer["segments"]
    assert segment["label"] == label
    assert [one["annotator"] for one in segment["said"]] == ["Ann", "Ben", "Cat"]
    for who in ("Ann", "Ben", "Cat"):
        said(server, "DELETE", [first["id"]], annotator=who)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_they_are_a_list_that_training_reads(
    server: Server, hits: list[dict[str, Any]], tmp_path: Path, kind: str
) -> None:
    voices = [one for one in hits if one["name"] == VOICE.name]
    relabelled, right = voices[:2]
    wrong = next(one for one in hits if one["name"] == EXAMPLE.name)
    said(server, "PUT", [relabelled["id"]], label=another(relabelled), annotator="Ann")
    said(server, "PUT", [right["id"]], label=right["emotion"], annotator="Ann")
    said(server, "PUT", [wrong["id"]], label=None, annotator="Ann")
    response = server.get(f"{LABELS}?format={kind}")
    assert response.headers["voxcor-left-out"] == "0"
    assert f"labels.{kind}" in response.headers["content-disposition"]
    listed = tmp_path / f"labels.{kind}"
    listed.write_bytes(response.content)
    text = listed.read_text(encoding="utf-8-sig").splitlines()
    rows = [*csv.DictReader(text)] if kind == "csv" else [json.loads(line) for line in text]
    verdicts = {(row["verdict"], row["label"], row["annotator"]) for row in rows}
    assert verdicts == {
        ("relabelled", another(relabelled), "Ann"),
        ("right", right["emotion"], "Ann"),
    }
    # They lie in what the model heard, from whose beginning silence has been trimmed.
    assert len(read_manifest(listed).utterances) == 2
    audio = Path(rows[0]["path"])
    assert audio.name == "processed_audio.wav"
    preprocessing = json.loads((audio.parent / "result.json").read_text())["preprocessing"]
    starts = {round(1000 * float(row["start"])) for row in rows}
    offset = preprocessing["trimmed_start_ms"]
    assert starts == {one["start_ms"] - offset for one in (relabelled, right)}
    said(server, "DELETE", [relabelled["id"], right["id"], wrong["id"]], annotator="Ann")


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"label": "sad"}, 422, "malformed_request"),
        ({"segments": [], "label": "sad"}, 422, "malformed_request"),
        ({"segments": ["0123456789abcdef@1-2"], "label": "sad"}, 404, "not_in_library"),
        ({"segments": ["../../etc/passwd"], "label": "sad"}, 422, "query_invalid"),
        ({"segments": ["{id}"]}, 422, "malformed_request"),
        ({"segments": ["{id}"], "label": ""}, 422, "label_invalid"),
        ({"segments": ["{id}"], "label": "3"}, 422, "label_invalid"),
        ({"segments": ["{id}"], "label": "x" * 65}, 422, "malformed_request"),
        ({"segments": ["{id}"], "label": "sad", "annotator": "a\nb"}, 400, "malformed_request"),
        ({"segments": ["{id}", "0123456789abcdef@1-2"], "label": "sad"}, 404, "not_in_library"),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_is_kept(
    server: Server, hits: list[dict[str, Any]], form: dict[str, Any], status: int, code: str
) -> None:
    named = [one.format(id=hits[0]["id"]) for one in form.get("segments", ())]
    asked = {**form, **({"segments": named} if "segments" in form else {})}
    for language in ("en", "zh"):
        response = server.request("PUT", LABELS, json=asked, headers={"Accept-Language": language})
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert not (server.home / "library" / LABELS_FILE).exists()


def test_labels_that_cannot_be_read_stop_no_search(
    server: Server, hits: list[dict[str, Any]]
) -> None:
    path = server.home / "library" / LABELS_FILE
    path.write_text("{")
    assert found(server) == hits
    response = server.request("PUT", LABELS, json={"segments": [hits[0]["id"]], "label": "sad"})
    assert (response.status_code, response.json()["code"]) == (500, "state_unreadable")
    assert path.read_text() == "{"


def test_segments_come_in_the_order_of_their_ids(
    server: Server, hits: list[dict[str, Any]]
) -> None:
    ids = [one["id"] for one in reversed(hits)]
    answer = server.post(SEGMENTS, json={"ids": ids}).json()
    assert [one["id"] for one in answer["segments"]] == ids
    missing = server.post(SEGMENTS, json={"ids": [ids[0], "0123456789abcdef@1-2"]})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_in_library")
    assert server.post(SEGMENTS, json={"ids": ids[:1] * 1001}).status_code == 422
