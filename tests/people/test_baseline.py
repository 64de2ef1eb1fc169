"""Scores relative to a person: their ordinary voice is neutral, the more so the more is known."""

import math
from pathlib import Path

import numpy as np
import pytest

from places import DATA, VOICE
from voxcor import Recognizer
from voxcor.errors import NoNeutral, NoSuchPerson, NotEnrolled, TooLittleSpeech
from voxcor.people.baseline import HALF_WAY, LEAD, baseline_of, offsets_of, relative_to
from voxcor.people.book import People, Person, Utterance
from voxcor.results import ModelInfo
from voxcor.sources import EXAMPLE
from voxcor.stored_result import result_from
from voxcor.timeline import top

MODEL = ModelInfo("small", "int8", "1", "ab" * 32, True, False)
ANGRY = {"angry": 0.6, "happy": 0.1, "neutral": 0.2, "other": 0.1}
HAPPY = {"angry": 0.45, "happy": 0.35, "neutral": 0.1, "other": 0.1}


def person(scores: dict[str, float], count: int, seconds: float = 5.0) -> Person:
    heard = (Utterance("0123", None, seconds, scores),) * count
    return Person("Anna", {MODEL.sha256: "small"}, {MODEL.sha256: heard})


def test_an_ordinary_voice_that_sounds_angry_becomes_neutral() -> None:
    baseline = baseline_of(person(ANGRY, 20), MODEL)
    assert top(dict(baseline.scores))[0] == "angry"
    relative = relative_to(baseline, ANGRY)
    assert (relative.to, relative.emotion) == ("Anna", "neutral")
    assert relative.confidence == relative.scores["neutral"]
    assert sum(relative.scores.values()) == pytest.approx(1)
    # And what is unlike it is what it is.
    assert top(HAPPY)[0] == "angry"
    assert relative_to(baseline, HAPPY).emotion == "happy"


def test_much_speech_goes_all_the_way_and_little_a_part_of_it() -> None:
    labels = [*ANGRY]
    column = np.array([[*ANGRY.values()]])
    leads = []
    for count in (1, HALF_WAY, 10_000):
        offsets = dict(zip(labels, offsets_of(np.repeat(column, count, 0), labels), strict=True))
        relative = {label: math.log(ANGRY[label]) - offsets[label] for label in labels}
        leads.append(relative["neutral"] - relative["angry"])
    absolute = math.log(ANGRY["neutral"] / ANGRY["angry"])
    assert absolute < leads[0] < leads[1] < leads[2]
    assert leads[1] == pytest.approx((absolute + LEAD) / 2)
    assert leads[2] == pytest.approx(LEAD, abs=1e-3)


def test_what_is_no_emotion_has_no_offset() -> None:
    assert baseline_of(person(ANGRY, 5), MODEL).offsets["other"] == 0


def test_taking_a_mean_from_vectors_is_taking_one_from_logits() -> None:
    """Why there is one formula and not two."""
    rng = np.random.default_rng(0)
    head, vectors, mean = rng.normal(size=(4, 8)), rng.normal(size=(5, 8)), rng.normal(size=8)
    by_vectors = (vectors - mean) @ head.T
    by_logits = vectors @ head.T - head @ mean
    np.testing.assert_allclose(by_vectors, by_logits)


@pytest.mark.parametrize(("count", "seconds"), [(2, 30.0), (3, 3.0)])
def test_too_little_is_no_baseline(count: int, seconds: float) -> None:
    with pytest.raises(TooLittleSpeech, match=f"{count} utterances, {count * seconds:.1f} s"):
        baseline_of(person(ANGRY, count, seconds), MODEL)


def test_another_model_and_one_without_neutral_are_refused() -> None:
    other = ModelInfo("plus-large", "fp32", "1", "cd" * 32, True, False)
    with pytest.raises(NotEnrolled, match="with small, not with plus-large"):
        baseline_of(person(ANGRY, 5), other)
    with pytest.raises(NoNeutral):
        baseline_of(person({"calm": 0.5, "cross": 0.5}, 5), MODEL)


@pytest.fixture
def recognizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recognizer:
    """With Anna, who is enrolled by the voices of the tests."""
    monkeypatch.setenv("VOXCOR_HOME", str(tmp_path))
    recognizer = Recognizer("small", threads=1)
    for path in (VOICE, EXAMPLE, DATA / "heard" / "opus-chained.opus"):
        result = recognizer.recognize(path)
        heard = [
            Utterance(result.audio.sha256, str(path), one.end - one.start, one.scores)
            for one in result.segments
        ]
        People(tmp_path).add("Anna", recognizer.model, heard)
    return recognizer


def test_a_result_has_both_answers(recognizer: Recognizer) -> None:
    absolute = recognizer.recognize(VOICE)
    result = recognizer.recognize(VOICE, relative_to="Anna")
    assert (absolute.relative, result.scores) == (None, absolute.scores)
    assert result.relative == relative_to(recognizer.baseline("Anna"), result.scores)
    assert result.relative is not None
    assert result.relative.scores["neutral"] > result.scores["neutral"]
    again = result_from({"id": "", "files": [], **result.to_document()})
    assert again.relative == result.relative
    old = result.to_document()
    del old["relative"]
    assert result_from({"id": "", "files": [], **old}).relative is None


def test_fewer_labels_are_relative_among_themselves(recognizer: Recognizer) -> None:
    result = recognizer.recognize(VOICE, labels=("sad", "neutral"), relative_to="Anna")
    assert result.relative is not None
    assert [*result.relative.scores] == ["neutral", "sad"]
    whole = recognizer.recognize(VOICE, relative_to="Anna").relative
    assert whole is not None
    ratio = whole.scores["sad"] / whole.scores["neutral"]
    found = result.relative.scores
    assert found["sad"] / found["neutral"] == pytest.approx(ratio)


def test_nobody_is_refused_before_any_work(recognizer: Recognizer) -> None:
    with pytest.raises(NoSuchPerson, match=r"Ben.*Anna"):
        recognizer.recognize("/nope.wav", relative_to="Ben")
