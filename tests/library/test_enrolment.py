"""People are enrolled by what they say in recordings, or in the library; and forgotten with it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from places import DATA, VOICE
from voxcor import Recognizer
from voxcor.errors import NotInLibrary, TooLittleSpeech
from voxcor.library.enrolment import enrol, enrol_speaker
from voxcor.library.incoming import add
from voxcor.library.outgoing import Removed, remove
from voxcor.library.segments import recording_id
from voxcor.library.store import Library
from voxcor.people.baseline import baseline_of
from voxcor.people.book import FOLDER, People
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")

CHAINED = DATA / "heard" / "opus-chained.opus"
VOICES = [str(VOICE), str(EXAMPLE), str(CHAINED)]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


def test_what_somebody_says_is_heard_once(
    people: People, recognizer: Recognizer, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.flac"
    copy.write_bytes(VOICE.read_bytes())
    first = enrol(people, "Anna", [*VOICES, str(copy)], recognizer)
    again = enrol(people, "Anna", [str(VOICE)], recognizer)
    assert (first.new, again.new) == (7, 0)
    assert first.baseline == again.baseline
    assert first.baseline.utterances == 7
    result = recognizer.recognize(VOICE, granularity="segment")
    heard = people.get("Anna").heard[recognizer.model.sha256]
    assert [dict(one.scores) for one in heard[:2]] == [dict(one.scores) for one in result.segments]


def test_too_little_leaves_nothing(people: People, recognizer: Recognizer, tmp_path: Path) -> None:
    with pytest.raises(TooLittleSpeech):
        enrol(people, "Anna", [str(VOICE)], recognizer)
    assert people.all() == []
    # What failed is said with what did not.
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(16_000), 16_000)
    enrolled = enrol(people, "Anna", [*VOICES, str(silent), "/nope.wav"], recognizer)
    assert [failure.code for failure in enrolled.failures] == ["no_speech", "input_not_found"]


def test_the_library_knows_how_a_speaker_sounds(
    people: People, recognizer: Recognizer, tmp_path: Path
) -> None:
    library = Library.open(tmp_path)
    list(add(library, VOICES, lambda: recognizer, speaker="Anna"))
    enrolled = enrol_speaker(people, "Anna", library)
    by_recordings = enrol(People(tmp_path / "other"), "Anna", VOICES, recognizer)
    assert enrolled.new == 7
    for label, offset in by_recordings.baseline.offsets.items():
        assert enrolled.baseline.offsets[label] == pytest.approx(offset, abs=1e-4)
    with pytest.raises(NotInLibrary):
        enrol_speaker(people, "Ben", library)


def test_a_removed_recording_is_out_of_everything(
    people: People, recognizer: Recognizer, tmp_path: Path
) -> None:
    library = Library.open(tmp_path)
    list(add(library, VOICES, lambda: recognizer))
    enrol(people, "Anna", VOICES, recognizer)
    name = recording_id(recognizer.recognize(CHAINED).audio.sha256)
    assert remove(library, str(CHAINED)) == Removed(4, ("Anna",))
    marks = (name.encode(), CHAINED.name.encode())
    for folder in (library.folder, tmp_path / FOLDER):
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert [one for one in files if any(mark in one.read_bytes() for mark in marks)] == []
    with pytest.raises(TooLittleSpeech):  # two utterances and one are left
        baseline_of(people.get("Anna"), recognizer.model)


def test_a_recording_that_only_enrolled_somebody_goes_too(
    people: People, recognizer: Recognizer, tmp_path: Path
) -> None:
    enrol(people, "Anna", VOICES, recognizer)
    library = Library.open(tmp_path)
    assert [remove(library, name) for name in VOICES] == [Removed(0, ("Anna",))] * 3
    assert people.all() == []
    with pytest.raises(NotInLibrary):
        remove(library, str(VOICE))
