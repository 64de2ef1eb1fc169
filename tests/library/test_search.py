"""What a question means, and what is found by it."""

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from places import DATA, VOICE
from voxcor import Recognizer
from voxcor.errors import InputNotFound, ModelNotInLibrary, NotInLibrary, QueryInvalid
from voxcor.labels import LABEL_IDS
from voxcor.library.filters import Filters, parse_date
from voxcor.library.incoming import add
from voxcor.library.query import Clip, Mixture, Region, Words, parse_query
from voxcor.library.search import search
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.results import ModelInfo
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")

CHAINED = DATA / "heard" / "opus-chained.opus"
RECORDING = "3f2a91bc04de5570"


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("angry 0.6 sad 0.4", {"angry": 0.6, "sad": 0.4}),
        ("Angry: 3, sad: 1", {"angry": 0.75, "sad": 0.25}),
        ("愤怒60% 悲伤40%", {"angry": 0.6, "sad": 0.4}),
        ("愤怒：0.5，开心：0.5", {"angry": 0.5, "happy": 0.5}),
        ("neutral 1", {"neutral": 1.0}),
        ("angry 1 angry 1", {"angry": 1.0}),
    ],
)
def test_shares_are_a_mixture(text: str, shares: dict[str, float]) -> None:
    assert parse_query(text, LABEL_IDS) == Mixture(pytest.approx(shares))


@pytest.mark.parametrize(
    "text",
    ["furious but controlled", "强颜欢笑", "angry", "angry 0.6 furious 0.4", "she is 30 years old"],
)
def test_all_else_is_words(text: str) -> None:
    assert parse_query(text, LABEL_IDS) == Words(text)


def test_clips_and_regions(tmp_path: Path) -> None:
    odd = tmp_path / "angry 0.6@1-2"
    odd.touch()
    assert parse_query(str(odd), LABEL_IDS) == Clip(odd)
    assert parse_query(f"{VOICE}@0.5-3", LABEL_IDS) == Clip(VOICE, 0.5, 3)
    assert parse_query(f"{RECORDING}@12.4-15.125", LABEL_IDS) == Region(RECORDING, 12.4, 15.125)
    assert parse_query(f"{RECORDING}-1", LABEL_IDS) == Region(f"{RECORDING}-1")


@pytest.mark.parametrize("text", ["{place}", "{place}@0.5-3", "{place}@3-1"])
def test_who_asks_from_elsewhere_means_no_file(text: str) -> None:
    asked = text.format(place=VOICE)
    assert parse_query(asked, LABEL_IDS, paths=False) == Words(asked)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        f"{RECORDING}@5-2",
        f"{VOICE}@3-3",
        "angry 0 sad 0",
        f"{RECORDING}@-1-2",
        f"{VOICE}@1:00",
    ],
)
def test_what_cannot_be_asked_is_refused(text: str) -> None:
    with pytest.raises(QueryInvalid):
        parse_query(text, LABEL_IDS)


@pytest.mark.parametrize("text", ["nope.wav", "nope.wav@1-2", "/calls/nope.opus"])
def test_a_clip_that_is_not_there_is_no_description(text: str) -> None:
    with pytest.raises(InputNotFound, match="nope"):
        parse_query(text, LABEL_IDS)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-01T09:30", "2026-3-1 9:30", "2026/3/1 09:30", "2026.3.1T9:30:00"),
        *(
            "2026年3月1日 9:30",
            "２０２６年０３月０１日　９：３０",
            "20260301T0930",
            "2026-03-01T09:30Z",
        ),
    ],
)
def test_dates_are_read_as_people_write_them(text: str) -> None:
    assert parse_date(text) == datetime(2026, 3, 1, 9, 30)


def test_a_confidence_is_a_number() -> None:
    with pytest.raises(QueryInvalid, match="0 to 1"):
        Filters(confidence=float("nan")).where  # noqa: B018 - it is computed


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "", "03/01/2026"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(QueryInvalid, match="2026-03-01"):
        parse_date(text)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, recognizer: Recognizer) -> Library:
    library = Library(tmp_path_factory.mktemp("search") / "library")
    list(add(library, [str(VOICE), str(CHAINED)], lambda: recognizer, speaker="ann"))
    list(add(library, [str(EXAMPLE)], lambda: recognizer, speaker="o'brien"))
    return library


def never() -> Recognizer:
    raise AssertionError("nothing needs to be recognised")


def test_a_clip_finds_itself_first(library: Library, recognizer: Recognizer) -> None:
    answer = search(library, str(EXAMPLE), recognizer=lambda: recognizer, limit=3)
    first, second, third = answer.hits
    assert first.segment.name == "example.flac"
    assert first.similarity > 0.98
    assert first.similarity > second.similarity >= third.similarity
    assert answer.meaning.shares == pytest.approx(dict(first.segment.scores), abs=0.02)


def test_a_region_finds_others_than_itself(library: Library) -> None:
    asked = library.segments(library.table(), "name = 'opus-chained.opus'")[0]
    hits = search(library, asked.id, recognizer=never).hits
    assert asked.id not in {hit.segment.id for hit in hits}
    assert len(hits) == 6
    whole = search(library, asked.recording, recognizer=never).hits
    assert {hit.segment.name for hit in whole} == {"voice.flac", "example.flac"}


def test_a_long_recording_does_not_hide_the_others(library: Library, tmp_path: Path) -> None:
    """It has more segments than are looked at for an answer, all nearer than any other."""
    one = library.segments(library.table())[0]
    long = [replace(one, recording=RECORDING, start=i, end=i + 1.0) for i in range(500)]
    other = replace(one, recording="00000000deadbeef", scores={**one.scores, one.emotion: 0.0})
    vectors = np.ones((501, 4), np.float32)
    vectors[-1, 0] = -1
    crowded = Library(tmp_path / "library")
    crowded.add(ModelInfo("mine", "fp32", "1", "ab" * 32, False, False), [*long, other], vectors)
    hits = search(crowded, RECORDING, recognizer=never).hits
    assert [hit.segment.recording for hit in hits] == [other.recording]


def test_a_mixture_is_ranked_by_overlap(library: Library) -> None:
    """Against the sum of sqrt(p q), computed apart."""
    answer = search(library, "angry 0.6 sad 0.4", recognizer=never)
    expected = {
        one.id: np.sqrt(0.6 * one.scores["angry"]) + np.sqrt(0.4 * one.scores["sad"])
        for one in library.segments(library.table())
    }
    assert {hit.segment.id: hit.similarity for hit in answer.hits} == pytest.approx(
        expected, abs=1e-3
    )
    found = [hit.similarity for hit in answer.hits]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(), 7),
        (Filters(speaker="ann"), 6),
        (Filters(speaker="o'brien"), 1),
        (Filters(not_speaker="ann"), 1),
        (Filters(speaker="' OR 1=1 --"), 0),
        (Filters(emotion="angry"), 2),
        (Filters(confidence=0.6), 5),
        (Filters(folder=EXAMPLE.parent), 1),
        (Filters(folder=EXAMPLE.parent.parent), 1),
        (Filters(folder=DATA), 6),
        (Filters(folder=Path("/nowhere")), 0),
        (Filters(since=datetime(2000, 1, 1)), 7),
        (Filters(until=datetime(2000, 1, 1)), 0),
    ],
)
def test_every_hit_meets_the_filters(filters: Filters, count: int, library: Library) -> None:
    answer = search(library, "angry 1", recognizer=never, filters=filters, limit=100)
    assert len(answer.hits) == count


def test_a_clip_is_asked_of_the_model_that_heard_the_library(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    shutil.copytree(library.folder, tmp_path / "library")
    other = Library(tmp_path / "library")
    segments: list[LibrarySegment] = other.segments(other.table())
    mine = ModelInfo("mine", "fp32", "1", "ab" * 32, False, False)
    other.add(mine, segments[:1], np.ones((1, 4), np.float32))
    with pytest.raises(ModelNotInLibrary):
        search(other, str(VOICE), recognizer=lambda: recognizer, model="mine")


def test_a_recording_that_is_not_there(library: Library) -> None:
    with pytest.raises(NotInLibrary):
        search(library, "00000000deadbeef@1-2", recognizer=never)
    there = library.segments(library.table())[0].recording
    # It is there, but nothing then: that is what is said.
    with pytest.raises(NotInLibrary, match=f"{there}@9000.000-9001.000"):
        search(library, f"{there}@9000-9001", recognizer=never)
