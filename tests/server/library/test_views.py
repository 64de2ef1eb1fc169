"""The library's map, clusters and courses: computed once, kept until it changes; and its lists."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from library_groups import grouped, spoken
from library_home import patiently
from places import VOICE
from serving import Server, serving
from voxcor import Recognizer
from voxcor.datasets.manifest import read_manifest
from voxcor.library.clusters import find_clusters
from voxcor.library.groups import compare_groups
from voxcor.library.incoming import add
from voxcor.library.map import make_map
from voxcor.library.result_rows import Added
from voxcor.library.store import Library
from voxcor.library.trajectory import follow, follow_each

pytest.importorskip("lancedb", reason="the library extra is not installed")

MAP, CLUSTERS, TRAJECTORY = (f"/v1/library/{name}" for name in ("map", "clusters", "trajectory"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    grouped(folder, {"angry": 30, "sad": 20, "happy": 20}, noise=5)
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with serving(home, ready=False) as running:
        yield running


def kept(home: Path) -> set[str]:
    return {path.name for path in (home / "library" / "derived").glob("*")}


def test_a_map_is_that_of_the_engine_in_columns(server: Server, home: Path) -> None:
    document = patiently(server, MAP).json()
    library = Library.open(home)
    expected = make_map(library, library.table())
    assert document["ids"] == [one.id for one in expected.segments]
    places = np.array([document["x"], document["y"]]).T
    np.testing.assert_allclose(places, expected.places, atol=1e-3)
    labels, speakers = document["labels"], document["speakers"]
    assert [labels[at] for at in document["emotion"]] == [s.emotion for s in expected.segments]
    assert [speakers[at] for at in document["speaker"]] == [s.speaker for s in expected.segments]
    assert document["model"]["id"] == "small"
    assert f"{document['map']}.json" in kept(home)


def test_what_was_computed_is_kept_by_what_was_asked(server: Server, home: Path) -> None:
    whole = patiently(server, MAP).json()
    before = kept(home)
    assert server.post(MAP, json={}).json() == whole
    assert kept(home) == before
    of_ann = patiently(server, MAP, filters={"speaker": "ann"}).json()
    assert of_ann["map"] != whole["map"]
    assert (of_ann["speakers"], len(of_ann["ids"])) == (["ann"], 38)
    by_speaker = patiently(server, MAP, by_speaker=True).json()
    assert by_speaker["x"] != whole["x"]


def test_clusters_are_those_of_the_engine(server: Server, home: Path) -> None:
    document = patiently(server, CLUSTERS, smallest=8, by_speaker=True).json()
    library = Library.open(home)
    expected = find_clusters(library, library.table(), smallest=8, by_speaker=True)
    assert expected.clusters
    assert [one["size"] for one in document["clusters"]] == [one.size for one in expected.clusters]
    for found, cluster in zip(document["clusters"], expected.clusters, strict=True):
        assert found["exemplars"] == [one.to_document() for one in cluster.exemplars]
        assert found["members"] == [one.id for one in cluster.members]
    assert (document["segments"], document["outside"]) == (expected.segments, expected.outside)


def test_a_course_is_that_of_the_engine(tmp_path: Path) -> None:
    (added,) = add(Library.open(tmp_path), [str(VOICE)], lambda: Recognizer("small"))
    assert isinstance(added, Added)
    library = Library.open(tmp_path)
    segments = library.segments(library.table())
    with serving(tmp_path, ready=False) as server:
        asked = {"dimension": "arousal", "filters": {"recording": added.recording}}
        document = patiently(server, TRAJECTORY, **asked).json()
        expected = follow(segments, "arousal").to_document()
        assert {name: document[name] for name in expected} == expected
        nobody = server.post(TRAJECTORY, json={"filters": {"speaker": "nobody"}})
        assert (nobody.status_code, nobody.json()["code"]) == (404, "not_in_library")


def test_a_label_moves_nothing_and_is_told_at_once(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 20, "sad": 20})
    with serving(tmp_path, ready=False) as server:
        before = patiently(server, MAP).json()
        groups = patiently(server, CLUSTERS, smallest=8).json()
        group = groups["clusters"][0]
        happy_before = patiently(server, CLUSTERS, filters={"emotion": "happy"}).json()
        assert happy_before["segments"] == 0
        there = kept(tmp_path)
        said = [*group["members"][:2], group["exemplars"][0]["id"]]
        form = {"segments": said, "label": "happy"}
        server.request("PUT", "/v1/library/labels", json=form).raise_for_status()
        after = server.post(MAP, json={}).json()
        assert [after[axis] for axis in "xy"] == [before[axis] for axis in "xy"]
        emotions = {
            one: after["labels"][at] for one, at in zip(after["ids"], after["emotion"], strict=True)
        }
        assert {emotions.pop(one) for one in said} == {"happy"}
        told = server.post(CLUSTERS, json={"smallest": 8}).json()["clusters"][0]
        expected = find_clusters(library, library.table(), smallest=8).clusters[0]
        assert told["emotions"] == expected.emotions
        assert told["exemplars"] == [one.to_document() for one in expected.exemplars]
        # Nothing was computed again; only which segments are happy is another question by now.
        assert kept(tmp_path) == there
        happy = patiently(server, CLUSTERS, filters={"emotion": "happy"}).json()
        assert happy["segments"] == len({*said})
        # And taken back.
        server.request("DELETE", "/v1/library/labels", json={"segments": said}).raise_for_status()
        assert server.post(MAP, json={}).json() == before
        assert server.post(CLUSTERS, json={"smallest": 8}).json() == groups


def test_a_course_has_that_within_each_recording_and_the_segments(tmp_path: Path) -> None:
    library = spoken(tmp_path)
    segments = library.segments(library.table(), "speaker = 'ann'")
    with serving(tmp_path, ready=False) as server:
        asked = {"filters": {"speaker": "ann"}}
        plain = patiently(server, TRAJECTORY, **asked).json()
        assert (plain["each"], plain["segments"], plain["compared"]) == (None, [], None)
        document = patiently(server, TRAJECTORY, each=True, **asked).json()
        expected = [one.to_document() for one in follow_each(segments)]
        assert len(expected) == 6
        for found, course in zip(document["each"], expected, strict=True):
            assert {name: found[name] for name in course} == course
            recording = found["sessions"][0]["recording"]
            assert found["segments"] == [s.id for s in segments if s.recording == recording]


def test_two_groups_of_recordings_are_compared(tmp_path: Path) -> None:
    library = spoken(tmp_path)
    with serving(tmp_path, ready=False) as server:
        found = patiently(server, TRAJECTORY, compare=["ann", "ben"]).json()["compared"]
        ann, ben = (
            (name, library.segments(library.table(), f"speaker = '{name}'"))
            for name in ("ann", "ben")
        )
        expected = compare_groups(ann, ben).to_document()
        assert {name: found[name] for name in expected} == expected
        assert found["verdict"]["en"].startswith("No difference in valence")
        wrong = server.post(TRAJECTORY, json={"compare": ["ann", "soon.."]})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "query_invalid")


def test_a_course_is_a_page_to_hand_on(tmp_path: Path) -> None:
    spoken(tmp_path)
    asked = {"format": "html", "filters": {"speaker": "ann", "since": "2026-01-02"}}
    with serving(tmp_path, ready=False) as server:
        response = patiently(server, TRAJECTORY, **asked)
        assert response.headers["content-type"].startswith("text/html")
        assert "valence.html" in response.headers["content-disposition"]
        for words in (
            "Valence over time: ann, from 2026-01-02",
            "效价随时间的变化：ann，2026-01-02 起",
        ):
            assert words in response.text
        chinese = patiently(server, TRAJECTORY, "zh", **asked)
        assert '<html lang="zh' in chinese.text


def test_a_change_makes_it_old_and_a_removal_deletes_it(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 10, "sad": 10})
    with serving(tmp_path, ready=False) as server:
        first = patiently(server, MAP).json()
        patiently(server, CLUSTERS)
        assert len(kept(tmp_path)) == 2
        removed = first["ids"][0].partition("@")[0]
        gone = server.delete(f"/v1/library/recordings/{removed}").json()
        assert gone == {"segments": 1, "people": []}
        assert kept(tmp_path) == set()
        second = patiently(server, MAP).json()
        assert second["ids"] == first["ids"][1:]
        # Another process changes it, too.
        library.remove(f"recording = '{second['ids'][0].partition('@')[0]}'")
        assert kept(tmp_path) == set()
        assert patiently(server, MAP).json()["ids"] == second["ids"][1:]


def test_what_nothing_can_be_computed_of_is_said_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False) as server:
        for path in (MAP, CLUSTERS, TRAJECTORY):
            response = server.post(path, json={})
            assert (response.status_code, response.json()["code"]) == (404, "library_empty")
            wrong = server.post(path, json={"filters": {"until": "soon"}})
            assert (wrong.status_code, wrong.json()["code"]) == (422, "query_invalid")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_selection_is_a_list_that_is_read_back(kind: str, tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server:
        form = {"granularity": "segment", "embedding": "true"}
        result = server.recognize(name='=cmd "call".flac', **form).json()
        asked = {"result_ids": [result["id"]], "speaker": "ann"}
        server.post("/v1/library/recordings", json=asked).raise_for_status()
        hits = server.post("/v1/library/search", json={"query": "sad 1"}).json()["hits"]
        ids = [hit["id"] for hit in hits]
        response = server.post("/v1/library/export", json={"ids": ids[::-1], "format": kind})
        assert response.headers["voxcor-left-out"] == "0"
        listed = tmp_path / f"list.{kind}"
        listed.write_bytes(response.content)
        found = read_manifest(listed)
        assert [one.label for one in found.utterances] == [h["emotion"] for h in hits[::-1]]
        # And into another library, with the times of what the model heard.
        other = Library(tmp_path / "other")
        outcomes = [*add(other, [str(listed)], lambda: Recognizer("small"))]
        assert [type(one) for one in outcomes] == [Added, Added]
        segments = other.segments(other.table())
        assert {one.speaker for one in segments} == {"ann"}
        trimmed = result["preprocessing"]["trimmed_start_ms"] / 1000
        starts = sorted(one.start + trimmed for one in segments)
        assert starts == pytest.approx(sorted(h["start_ms"] / 1000 for h in hits), abs=0.2)
        missing = server.post("/v1/library/export", json={"ids": ["0123456789abcdef@1-2"]})
        assert (missing.status_code, missing.json()["code"]) == (404, "not_in_library")
