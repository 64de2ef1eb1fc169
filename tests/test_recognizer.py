"""The engine, with the model inside the package: every way in, every view out."""

import csv
import io
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jsonschema import Draft202012Validator
from numpy.typing import NDArray

from checkpoints import write_checkpoint
from places import ROOT, VOICE
from schema import SCHEMA
from voxcor import Failure, Recognizer, Result
from voxcor.audio import decode
from voxcor.errors import (
    AudioTooShort,
    EmbeddingsOnly,
    ModelNotInstalled,
    NoSpeech,
    UnknownModel,
    UsageError,
)
from voxcor.frames import num_frames
from voxcor.inference.network import Network
from voxcor.labels import LABEL_IDS
from voxcor.models.pull import pull
from voxcor.speaker_turns import Turn
from voxcor.timeline import pooled_scores


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture(scope="module")
def voice() -> NDArray[np.float32]:
    """The example: 8.2 s of a synthetic voice in two sentences, 16 kHz."""
    samples, rate = soundfile.read(VOICE, dtype="float32")
    assert rate == 16_000
    return np.asarray(samples, dtype=np.float32)


@pytest.fixture(scope="module")
def framed(recognizer: Recognizer) -> Result:
    return recognizer.recognize(VOICE, granularity="frame", embedding=True)


def test_the_first_example_of_the_readme(recognizer: Recognizer) -> None:
    result = recognizer.recognize(VOICE, granularity="segment", embedding=True)
    assert result.emotion in LABEL_IDS
    assert result.confidence == max(result.scores.values()) == result.scores[result.emotion]
    assert list(result.scores) == list(LABEL_IDS)
    assert sum(result.scores.values()) == pytest.approx(1)
    assert result.embedding is not None
    assert result.embedding.shape == (len(result.segments), recognizer.embedding_dim)
    assert result.segments[0].start < result.segments[-1].end


def test_every_way_in_gives_the_same_scores(
    recognizer: Recognizer, voice: NDArray[np.float32]
) -> None:
    content = VOICE.read_bytes()
    expected = recognizer.recognize(VOICE)
    for source in (str(VOICE), content, io.BytesIO(content), decode(VOICE)):
        found = recognizer.recognize(source)
        assert found.scores == expected.scores
        assert found.audio.sha256 == expected.audio.sha256
    for samples in (voice, voice[:, None], np.stack([voice, voice], axis=1)):
        assert recognizer.recognize((samples, 16_000)).scores == pytest.approx(expected.scores)


def test_the_frames_are_those_of_the_grid_at_the_times_of_the_original(
    recognizer: Recognizer, framed: Result
) -> None:
    assert framed.frames is not None
    assert framed.processed is not None
    assert framed.frames.scores.shape == (num_frames(len(framed.processed)), 9)
    first = framed.preprocessing.trimmed_start + 0.0125
    np.testing.assert_allclose(
        framed.frames.times, first + 0.02 * np.arange(len(framed.frames.times))
    )
    assert framed.embedding is not None
    assert framed.embedding.shape == (len(framed.frames.times), recognizer.embedding_dim)


def test_the_four_views_agree(framed: Result) -> None:
    assert framed.frames is not None
    logits = np.log(framed.frames.scores)
    # Up to a constant a frame, which softmax of a mean does not see: pooled they must agree.
    assert pooled_scores(logits, LABEL_IDS) == pytest.approx(dict(framed.scores), abs=1e-3)
    for segment in framed.segments:
        inside = (framed.frames.times >= segment.start) & (framed.frames.times < segment.end)
        assert pooled_scores(logits[inside], LABEL_IDS) == pytest.approx(
            dict(segment.scores), abs=1e-3
        )
    changes = sum(
        a.emotion != b.emotion for a, b in zip(framed.segments, framed.segments[1:], strict=False)
    )
    assert len(framed.transitions) == framed.summary.transitions == changes
    assert sum(framed.summary.shares.values()) == pytest.approx(1)


def test_the_utterance_embedding_is_the_mean_of_the_frames(
    recognizer: Recognizer, framed: Result
) -> None:
    whole = recognizer.recognize(VOICE, embedding=True).embedding
    assert whole is not None
    assert framed.embedding is not None
    np.testing.assert_allclose(whole, framed.embedding.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(recognizer.embed(VOICE), whole, atol=1e-6)


@pytest.mark.parametrize("granularity", ["utterance", "segment", "frame"])
def test_documents_are_valid(recognizer: Recognizer, granularity: str) -> None:
    result = recognizer.recognize(VOICE, granularity=granularity, embedding=True)
    Draft202012Validator(SCHEMA).validate(result.to_document())
    assert result.granularity == granularity
    assert (result.frames is not None) == (granularity == "frame")


def test_without_asking_there_is_no_embedding(recognizer: Recognizer) -> None:
    assert recognizer.recognize(VOICE).embedding is None


def test_trimming_can_be_left_out(recognizer: Recognizer, voice: NDArray[np.float32]) -> None:
    quiet = np.zeros(16_000, np.float32)
    padded = np.concatenate([quiet, voice, quiet])
    trimmed = recognizer.recognize((padded, 16_000))
    whole = recognizer.recognize((padded, 16_000), trim=False, granularity="frame")
    assert trimmed.preprocessing.trimmed_start == pytest.approx(1.2, abs=0.2)
    assert trimmed.preprocessing.trimmed_end == pytest.approx(1.2, abs=0.2)
    assert (whole.preprocessing.trimmed_start, whole.preprocessing.trimmed_end) == (0, 0)
    assert whole.frames is not None
    assert len(whole.frames.times) == num_frames(len(padded))
    for a, b in zip(trimmed.segments, whole.segments, strict=True):
        assert (a.start, a.end) == pytest.approx((b.start, b.end), abs=0.05)


def test_untrimmed_audio_reaches_the_model_as_it_is(
    recognizer: Recognizer, voice: NDArray[np.float32]
) -> None:
    network = Network(ROOT / "src/voxcor/models/small/model.onnx", threads=1)
    expected = pooled_scores(network.run([voice])[0].logits, LABEL_IDS)
    assert recognizer.recognize(VOICE, trim=False).scores == pytest.approx(expected)


def test_labels_can_be_restricted(recognizer: Recognizer) -> None:
    every = recognizer.recognize(VOICE)
    some = recognizer.recognize(VOICE, labels=["sad", "angry"])
    assert list(some.scores) == ["angry", "sad"]  # the model's order
    total = every.scores["angry"] + every.scores["sad"]
    assert some.scores["sad"] == pytest.approx(every.scores["sad"] / total)


@pytest.mark.parametrize("labels", [["joyful"], [], ["happy", "joyful"]])
def test_labels_the_model_does_not_have_are_refused_and_its_own_named(
    recognizer: Recognizer, labels: list[str]
) -> None:
    with pytest.raises(UsageError, match="angry, disgusted"):
        recognizer.recognize(VOICE, labels=labels)


def test_a_granularity_that_does_not_exist_is_refused(recognizer: Recognizer) -> None:
    with pytest.raises(UsageError, match="utterance, segment, frame"):
        recognizer.recognize(VOICE, granularity="word")  # type: ignore[arg-type]


def test_each_channel_can_be_heard_alone(
    recognizer: Recognizer, voice: NDArray[np.float32]
) -> None:
    legs = np.stack([voice, np.zeros_like(voice)], axis=1)
    left = recognizer.recognize((legs, 16_000), channel=0)
    assert (left.audio.channel, left.audio.channels) == (0, 2)
    assert left.scores == pytest.approx(recognizer.recognize((voice, 16_000)).scores)
    with pytest.raises(NoSpeech):
        recognizer.recognize((legs, 16_000), channel=1)
    with pytest.raises(UsageError):
        recognizer.recognize((legs, 16_000), channel=2)


def test_silence_is_no_speech_and_not_neutral(recognizer: Recognizer) -> None:
    with pytest.raises(NoSpeech) as caught:
        recognizer.recognize((np.zeros(32_000, np.float32), 16_000), name="quiet.wav")
    assert caught.value.code == "no_speech"
    assert "quiet.wav" in caught.value.message


def test_less_than_a_frame_is_too_short(recognizer: Recognizer) -> None:
    with pytest.raises(AudioTooShort, match="10 ms"):
        recognizer.recognize((np.ones(160, np.float32), 16_000))


def test_an_input_that_fails_costs_no_other_its_result(
    recognizer: Recognizer, tmp_path: Path
) -> None:
    (tmp_path / "notes.wav").write_text("not audio")
    sources = [VOICE, tmp_path / "notes.wav", tmp_path / "gone.wav", str(VOICE)]
    found = list(recognizer.recognize_many(sources))
    assert [type(outcome) for outcome in found] == [Result, Failure, Failure, Result]
    failures = [outcome for outcome in found if isinstance(outcome, Failure)]
    assert [f.code for f in failures] == ["not_audio", "input_not_found"]
    assert failures[0].path == str(tmp_path / "notes.wav")


def test_speakers_and_progress_are_those_of_each_of_many(recognizer: Recognizer) -> None:
    turns, steps = [Turn(0.0, 1.0, "ann"), Turn(1.0, 3.0, "bo")], []
    sources = [VOICE, VOICE]
    found = [*recognizer.recognize_many(sources, speakers=turns, progress=steps.append)]
    alone = recognizer.recognize(VOICE, speakers=turns)
    assert [result.summary for result in found if isinstance(result, Result)] == 2 * [alone.summary]
    assert [step.name for step in steps] == 2 * [
        "decode",
        "preprocess",
        "inference",
        "postprocess",
    ]


def test_results_come_as_they_are_known(recognizer: Recognizer) -> None:
    def endless() -> object:
        while True:
            yield VOICE

    assert isinstance(next(recognizer.recognize_many(endless())), Result)  # type: ignore[arg-type]


def test_a_recognizer_serves_threads(recognizer: Recognizer) -> None:
    expected = recognizer.recognize(VOICE).scores
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(recognizer.recognize(VOICE).scores))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_the_fallback_says_so_and_names_the_command() -> None:
    result = Recognizer("auto").recognize(VOICE)
    assert (result.model.id, result.model.fallback) == ("small", True)
    assert "voxcor models pull plus-base" in result.notice
    asked_for = Recognizer("small").recognize(VOICE)
    assert not asked_for.model.fallback
    assert "voxcor models pull" not in asked_for.notice
    assert "not of what a person feels" in asked_for.notice


def test_models_that_are_not_here() -> None:
    with pytest.raises(ModelNotInstalled, match="voxcor models pull plus-large"):
        Recognizer("plus-large")
    with pytest.raises(UnknownModel, match="small"):
        Recognizer("huge")


def test_an_installed_model_answers_for_auto(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "model.pt")
    pull("plus-seed", source=tmp_path / "model.pt")
    result = Recognizer("auto", threads=1).recognize(VOICE, embedding=True)
    assert (result.model.id, result.model.official, result.model.fallback) == (
        *("plus-seed", False),
        False,
    )
    assert result.embedding is not None
    assert result.embedding.shape == (64,)


def test_a_model_without_labels_gives_embeddings_only(tmp_path: Path) -> None:
    from dataclasses import replace

    from checkpoints import SMALL

    write_checkpoint(tmp_path / "model.pt", replace(SMALL, num_outputs=0))
    pull("base", source=tmp_path / "model.pt")
    recognizer = Recognizer("base", threads=1)
    with pytest.raises(EmbeddingsOnly, match="embed"):
        recognizer.recognize(VOICE)
    assert recognizer.embed(VOICE).shape == (64,)
    assert recognizer.embed(VOICE, granularity="frame").shape[1] == 64


def test_acted_emotions_are_told_apart_better_than_by_chance(
    recognizer: Recognizer, corpora: Path
) -> None:
    """Speakers 08 and 10 of emodb were never trained on; four emotions, chance is one quarter."""
    with (corpora / "emodb" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speaker"] in ("08", "10")]
    four = ["angry", "happy", "neutral", "sad"]
    hits: dict[str, list[bool]] = {}
    for row in rows:
        if row["label9"] in four:
            result = recognizer.recognize(corpora / "emodb" / row["path"], labels=four)
            hits.setdefault(row["label9"], []).append(result.emotion == row["label9"])
    assert np.mean([np.mean(found) for found in hits.values()]) > 0.5
