"""A take against its reference: real recordings, heard by the built-in model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from places import DATA, VOICE
from second_models import exchanged
from voxcor import Recognizer
from voxcor.audio import decode
from voxcor.errors import ModelsDiffer, NotInLibrary, QueryInvalid
from voxcor.library.incoming import add
from voxcor.library.pages.takes import takes_page
from voxcor.library.result_rows import Added
from voxcor.library.store import Library
from voxcor.library.takes import STEP, Comparison, Take, compare_takes, take_of
from voxcor.result_folder import save
from voxcor.sources import EXAMPLE

pytest.importorskip("dtaidistance", reason="the library extra is not installed")
pytest.importorskip("lancedb", reason="the library extra is not installed")

CALL = DATA / "heard" / "call.opus"


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return Recognizer("small", threads=1)


def no_library() -> Library:
    raise AssertionError("the library is not asked")


@pytest.fixture(scope="module")
def take(small: Recognizer) -> Take:
    return take_of(str(VOICE), library=no_library, recognizer=lambda: small)


@pytest.fixture(scope="module")
def found(take: Take, small: Recognizer) -> Comparison:
    other = take_of(str(CALL), library=no_library, recognizer=lambda: small)
    return compare_takes(take, other)


def test_a_recording_beside_itself_differs_nowhere(take: Take) -> None:
    found = compare_takes(take, take)
    assert found.similarity == pytest.approx(1)
    assert found.stretches == ()
    assert (found.arousal, found.valence) == (0, 0)


def test_what_is_said_later_and_after_a_pause_is_the_same(
    take: Take, small: Recognizer, tmp_path: Path
) -> None:
    recording = decode(VOICE)
    hiss = np.random.default_rng(0).normal(0, 1e-4, (recording.sample_rate, 1))
    late = tmp_path / "late.wav"
    soundfile.write(late, np.vstack([hiss, recording.samples[:, :1]]), recording.sample_rate)
    other = take_of(str(late), library=no_library, recognizer=lambda: small)
    found = compare_takes(take, other)
    assert found.similarity > 0.97
    gap = other.times[found.alignment.path[:, 1]] - take.times[found.alignment.path[:, 0]]
    assert np.median(gap) == pytest.approx(1, abs=0.2)


def test_other_recordings_are_less_alike_whichever_comes_first(found: Comparison) -> None:
    back = compare_takes(found.second, found.first)
    assert found.similarity == back.similarity < 0.97
    assert found.valence == pytest.approx(-(back.valence or 0))
    assert [one.first for one in found.stretches] == [one.second for one in back.stretches]


def test_stretches_lie_in_both_and_differ_more_than_the_rest(found: Comparison) -> None:
    assert found.stretches
    for one in found.stretches:
        assert found.first.span[0] <= one.first.start < one.first.end <= found.first.span[1] + 1e-9
        assert found.second.span[0] <= one.second.start < one.second.end
        assert one.overlap < found.similarity


def test_the_document_has_the_path_in_milliseconds(found: Comparison) -> None:
    path = found.to_document()["path"]
    assert path["first_ms"] == sorted(path["first_ms"])
    assert {len(values) for values in path.values()} == {len(found.alignment.path)}


def test_a_result_folder_is_not_heard_again(take: Take, small: Recognizer, tmp_path: Path) -> None:
    result = small.recognize(VOICE, granularity="frame")
    folder = save(result, tmp_path)

    def never() -> Recognizer:
        raise AssertionError("nothing needs to be recognised")

    kept = take_of(str(folder), library=no_library, recognizer=never)
    assert kept.frames
    assert compare_takes(take, kept).similarity == pytest.approx(1, abs=1e-3)


def test_the_library_gives_its_segments(take: Take, small: Recognizer, tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    (added,) = add(library, [str(VOICE)], lambda: small)
    assert isinstance(added, Added)
    kept = take_of(added.recording[:12], library=lambda: library, recognizer=lambda: small)
    segments = library.segments(library.table())
    assert not kept.frames
    assert kept.speech == pytest.approx(sum(one.end - one.start for one in segments), abs=2 * STEP)
    assert kept.span[0] == segments[0].start
    assert compare_takes(take, kept).similarity > 0.7
    with pytest.raises(NotInLibrary):
        take_of("0" * 16, library=lambda: library, recognizer=lambda: small)


def test_what_two_models_heard_is_not_laid_on_each_other(take: Take, tmp_path: Path) -> None:
    other = Recognizer(str(exchanged(tmp_path / "exchanged", "angry", "sad")), threads=1)
    with pytest.raises(ModelsDiffer, match="--model"):
        compare_takes(take, take_of(str(EXAMPLE), library=no_library, recognizer=lambda: other))


def test_words_are_no_recording(small: Recognizer) -> None:
    with pytest.raises(QueryInvalid, match="no such recording"):
        take_of("furious", library=no_library, recognizer=lambda: small)


def test_a_page_has_audio_only_where_it_is_asked_for(found: Comparison) -> None:
    silent, loud = takes_page(found), takes_page(found, audio=True)
    assert "<audio" not in silent
    assert "data:" not in silent.split("</style>")[1]
    assert loud.count("<audio") == 2
    assert loud.count("<button data-take") == 2 * len(found.stretches)
    assert "http" not in loud.split("</style>")[1].replace("base64", "")[:2000]


def test_names_of_strangers_are_text(found: Comparison) -> None:
    named = replace(found.first, name="<script>alert(1)</script>")
    assert "<script>alert" not in takes_page(replace(found, first=named))
