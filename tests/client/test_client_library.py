"""`Client.library` against the real server: the calls and results of `voxcor.library`."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from places import VOICE
from serving import Server, server
from voxcor import Client, Failure
from voxcor.datasets.lists import ListRow, read_list
from voxcor.errors import LabelInvalid, LibraryEmpty, NotInLibrary, QueryInvalid, RecordingGone
from voxcor.library.clusters import find_clusters
from voxcor.library.filters import Filters
from voxcor.library.groups import compare_groups
from voxcor.library.listing import list_recordings
from voxcor.library.map import make_map
from voxcor.library.query import Clip, Mixture, Region, Words
from voxcor.library.result_rows import Added
from voxcor.library.search import Hit, search
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.library.trajectory import follow, follow_each
from voxcor.recognizer import Recognizer
from voxcor.sources import EXAMPLE
from voxcor.stored_result import StoredResult

pytest.importorskip("lancedb", reason="the library extra is not installed")

__all__ = ["server"]


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    with Client(server.url) as connected:
        yield connected


@pytest.fixture(scope="module")
def result(client: Client) -> StoredResult:
    """Of a recording that is in the library beside another one."""
    with pytest.raises(LibraryEmpty):
        client.library.search("sad")
    found = [
        client.recognize(path, granularity="segment", embedding=True) for path in (VOICE, EXAMPLE)
    ]
    added = client.library.add(found, speaker="ann")
    assert all(isinstance(one, Added) and one.segments for one in added)
    return found[0]


@pytest.fixture
def library(server: Server, result: StoredResult) -> Library:
    """The same one, opened by the engine."""
    assert result.id
    return Library.open(server.home)


def never() -> Recognizer:
    raise AssertionError("nothing needs to be recognised")


def same(found: LibrarySegment, expected: LibrarySegment) -> bool:
    return found.to_document() == expected.to_document()


@pytest.mark.parametrize("query", ["furious but controlled", "愤怒 0.6 悲伤 0.4"])
def test_an_answer_is_that_of_the_engine(client: Client, library: Library, query: str) -> None:
    filters = Filters(speaker="ann", since=datetime(2020, 1, 1), folder=None)
    found = client.library.search(query, filters=filters, limit=3)
    expected = search(library, query, recognizer=never, filters=filters, limit=3)
    assert found.meaning == expected.meaning
    assert found.query == (expected.query if isinstance(expected.query, Words) else found.meaning)
    assert [hit.similarity for hit in found.hits] == [hit.similarity for hit in expected.hits]
    assert all(map(same, _segments(found.hits), _segments(expected.hits)))


def _segments(hits: tuple[Hit, ...]) -> list[LibrarySegment]:
    return [hit.segment for hit in hits]


def test_a_clip_of_this_machine_is_sent(client: Client, result: StoredResult) -> None:
    for clip in (VOICE, str(VOICE), VOICE.read_bytes()):
        answer = client.library.search(clip, limit=1, filters=Filters(speaker="ann"))
        assert isinstance(answer.query, Clip)
        assert [hit.segment.name for hit in answer.hits] == [result.audio.name]


def test_mixtures_segments_and_regions(client: Client, result: StoredResult) -> None:
    answer = client.library.search(Mixture({"sad": 3, "happy": 1}, valence=-0.5))
    assert answer.meaning == Mixture({"sad": 0.75, "happy": 0.25}, None, -0.5)
    segment = answer.hits[0].segment
    assert same(client.library.segment(segment.id), segment)
    region = Region(segment.recording, segment.start, segment.end)
    for query in (region, segment.id):
        found = client.library.search(query)
        assert found.query == region
        assert segment.id not in [hit.segment.id for hit in found.hits]
    first = result.segments[0]
    similar = client.library.similar(result, first.start, first.end)
    assert isinstance(similar.query, Region)
    assert (similar.query.start, similar.query.end) == (first.start, first.end)
    with pytest.raises(QueryInvalid):
        client.library.search(Mixture({"sad": 0}))


def test_recordings_go_in_are_listed_and_go_out(client: Client, library: Library) -> None:
    listed = list_recordings(library, library.table())
    assert [*client.library.recordings()] == listed
    assert client.library.about()["tables"][0]["recordings"] == len(listed)
    (failure,) = client.library.add(["0" * 32])
    assert isinstance(failure, Failure)
    assert failure.code == "no_such_result"
    with pytest.raises(NotInLibrary):
        client.library.remove("0123456789abcdef")


def test_views_are_those_of_the_engine(client: Client, library: Library) -> None:
    table = library.table()
    shares: list[float] = []
    found, expected = client.library.map(progress=shares.append), make_map(library, table)
    assert found.ids == tuple(one.id for one in expected.segments)
    np.testing.assert_allclose(found.places, expected.places, atol=1e-3)
    assert found.emotions == tuple(one.emotion for one in expected.segments)
    assert set(found.speakers) == {"ann"}
    clusters = client.library.clusters(smallest=2, by_speaker=True)
    assert clusters["segments"] == find_clusters(library, table, smallest=2).segments
    one = Filters(recording=expected.segments[0].recording)
    course = client.library.trajectory("arousal", filters=one)
    assert repr(course) == repr(follow(library.segments(table, one.where), "arousal"))


def test_courses_are_those_of_the_engine(client: Client, library: Library) -> None:
    segments = library.segments(library.table())
    each = client.library.trajectories("arousal")
    assert repr(each) == repr([*follow_each(segments, "arousal")])
    groups = ("ann", "2000-01-01..")
    compared = client.library.compare_groups(*groups, "arousal")
    expected = compare_groups(*((name, segments) for name in groups), "arousal").to_document()
    assert {name: compared[name] for name in expected} == expected
    page = client.library.trajectory_page("arousal", compare=groups).decode()
    assert page.startswith("<!doctype html>")
    assert "2000-01-01" in page


def test_segments_are_put_right_and_taken_back(client: Client, library: Library) -> None:
    before = library.segments(library.table())
    after = client.library.label(before, "悲伤", "Ann")
    assert [(one.id, one.label) for one in after] == [(one.id, "sad") for one in before]
    assert all(map(same, library.segments(library.table()), after))
    assert all(map(same, client.library.segments(one.id for one in before), after))
    assert client.library.labels("jsonl").count(b"\n") == len(before)
    (wrong,) = client.library.label([before[0].id], None, "Ann")
    assert wrong.label is None
    with pytest.raises(LabelInvalid):
        client.library.label(before, "3")
    assert all(map(same, client.library.take_back(before, "Ann"), before))
    assert library.labels() == []


def test_what_is_found_is_heard_and_exported(
    client: Client, result: StoredResult, tmp_path: Path
) -> None:
    hit = client.library.search("sad 1", filters=Filters(not_speaker="ben")).hits[0].segment
    assert client.library.audio(hit.id).startswith(b"RIFF")
    listed = tmp_path / "list.csv"
    listed.write_bytes(client.library.export([hit.id]))
    (row,) = read_list(listed)
    assert isinstance(row, ListRow)
    assert row.values["segment"] == hit.id
    # Of what came with a result the sound goes with it.
    copy = client.recognize(VOICE.read_bytes() + bytes(2), name="copy.flac")
    (added,) = client.library.add([copy.id])
    assert isinstance(added, Added)
    segment = client.library.search("sad 1", filters=Filters(recording=added.recording)).hits[0]
    client.delete(copy.id)
    with pytest.raises(RecordingGone):
        client.library.audio(segment.segment.id)
    assert client.library.remove(added.recording) == added.segments
