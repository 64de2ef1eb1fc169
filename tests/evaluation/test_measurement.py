"""`small` measured on speakers it never heard, and what becomes of clips that it cannot use."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voxcor import Recognizer
from voxcor.audio.augmentation import STRESSES, transcode
from voxcor.datasets.manifest import Manifest, read_manifest
from voxcor.errors import ManifestError, UsageError
from voxcor.evaluation.measurement import (
    Evaluation,
    count_recognitions,
    evaluate,
    recognize_all,
    restrict,
)
from voxcor.evaluation.published import PRIMARY
from voxcor.models.cards import read_card
from voxcor.models.store import BUILT_IN_FOLDER

# The speakers of emodb whom the recipe of `small` never trains on.
UNHEARD = {"08", "10"}


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture(scope="module")
def unheard(corpora: Path) -> Manifest:
    manifest = read_manifest(corpora / "emodb")
    kept = tuple(u for u in manifest.utterances if u.speaker in UNHEARD)
    return replace(manifest, utterances=kept)


@pytest.fixture(scope="module")
def few(unheard: Manifest) -> Manifest:
    """Every tenth clip of theirs."""
    return replace(unheard, utterances=unheard.utterances[::10])


@pytest.fixture(scope="module")
def evaluation(recognizer: Recognizer, unheard: Manifest) -> Evaluation:
    return evaluate(recognizer, unheard, source="emodb", trim=False, by=["speaker"])


def test_the_figures_are_those_of_the_card(
    recognizer: Recognizer, unheard: Manifest, evaluation: Evaluation
) -> None:
    card = read_card(BUILT_IN_FOLDER).metrics
    rows = [recognizer.labels.index(label) for label in unheard.labels]
    scores = restrict(evaluation.scores, rows)
    labels = [unheard.labels.index(u.label) for u in evaluation.utterances]
    right = scores.argmax(axis=1) == np.array(labels)
    ua = np.mean([right[np.array(labels) == n].mean() for n in range(len(unheard.labels))])

    # A clip of a label is the tolerance: decoders round differently, and 8 bits may follow.
    assert ua == pytest.approx(card["speaker_disjoint.emodb.own"], abs=0.011)
    assert evaluation.primary["emodb"].ua.value == pytest.approx(
        card["speaker_disjoint.emodb.four"], abs=0.011
    )
    assert evaluation.whole.ece.value == pytest.approx(
        card["speaker_disjoint.emodb.ece"], abs=0.011
    )


def test_every_clip_is_counted_once_wherever_it_is_shown(evaluation: Evaluation) -> None:
    whole = evaluation.whole
    assert whole.clips == len(evaluation.utterances) == len(evaluation.scores) == 96
    assert sum(map(sum, whole.confusion)) == 96
    assert {name: f.clips for name, f in evaluation.groups["speaker"].items()} == {
        "emodb/08": 58,
        "emodb/10": 38,
    }
    assert [*evaluation.languages] == ["de"]
    assert evaluation.languages["de"] == whole
    assert whole.resampled == "speakers"


def test_four_labels_are_figures_of_those_clips_and_scores_alone(
    recognizer: Recognizer, unheard: Manifest, evaluation: Evaluation
) -> None:
    kept = tuple(u for u in unheard.utterances if u.label in PRIMARY)
    restricted = evaluate(
        recognizer, replace(unheard, utterances=kept), source="emodb", labels=PRIMARY, trim=False
    )
    assert restricted.labels == PRIMARY
    assert restricted.whole == evaluation.primary["emodb"]
    assert restricted.calibration is None
    np.testing.assert_allclose(restricted.scores.sum(axis=1), 1)


def test_restricting_scores_is_restricting_the_recogniser(
    recognizer: Recognizer, few: Manifest
) -> None:
    utterance = few.utterances[0]
    whole = recognize_all(recognizer, [utterance]).scores
    theirs = recognizer.recognize(utterance.path, labels=PRIMARY).scores
    ours = restrict(whole, [recognizer.labels.index(label) for label in PRIMARY])
    np.testing.assert_allclose(ours[0], [theirs[label] for label in PRIMARY], atol=1e-9)


def test_a_clip_that_cannot_be_used_is_listed_and_in_no_figure(
    recognizer: Recognizer, few: Manifest, tmp_path: Path
) -> None:
    (tmp_path / "text.wav").write_text("this is no sound")
    soundfile.write(tmp_path / "silence.wav", np.zeros(16_000), 16_000)
    bad = [
        replace(few.utterances[0], path=tmp_path / name, row=900 + number)
        for number, name in enumerate(("text.wav", "silence.wav"))
    ]
    mixed = replace(few, utterances=(*few.utterances, *bad))
    evaluation = evaluate(recognizer, mixed, source="mixed")
    assert [failure.code for failure in evaluation.failures] == ["not_audio", "no_speech"]
    assert [failure.path for failure in evaluation.failures] == [str(u.path) for u in bad]
    assert evaluation.whole.clips == len(few.utterances)


def test_nothing_recognised_is_no_report(
    recognizer: Recognizer, few: Manifest, tmp_path: Path
) -> None:
    (tmp_path / "text.wav").write_text("this is no sound")
    only = replace(few, utterances=(replace(few.utterances[0], path=tmp_path / "text.wav"),))
    with pytest.raises(ManifestError, match="no recording could be recognised"):
        evaluate(recognizer, only, source="only")


def test_stress_goes_through_the_real_codec(recognizer: Recognizer, few: Manifest) -> None:
    done: list[None] = []
    evaluation = evaluate(
        recognizer, few, source="few", stress=True, trim=False, advance=lambda: done.append(None)
    )
    assert (
        len(done)
        == count_recognitions(few, None, True)
        == len(few.utterances) * (1 + len(STRESSES))
    )
    figures = {row.stress.id: row for row in evaluation.stresses}
    assert [*figures] == [stress.id for stress in STRESSES]
    for row in evaluation.stresses:
        clips = row.figures.clips if row.figures else 0
        assert clips + row.failed == len(few.utterances)

    samples, _ = soundfile.read(few.utterances[0].path, dtype="float32")
    by_hand = recognizer.recognize((transcode(samples, "g711"), 16_000), trim=False)
    phone = next(stress for stress in STRESSES if stress.id == "g711")
    ours = recognize_all(recognizer, few.utterances[:1], trim=False, change=phone.change)
    np.testing.assert_allclose(ours.scores[0], [*by_hand.scores.values()], atol=1e-6)
    # The model divides by loudness: thirty decibels less are the same to it.
    quiet = figures["quiet"].figures
    assert quiet is not None
    assert quiet.wa.value == pytest.approx(evaluation.whole.wa.value, abs=0.07)


def test_stress_is_the_same_whatever_else_is_evaluated(
    recognizer: Recognizer, few: Manifest
) -> None:
    noise = STRESSES[0].change
    together = recognize_all(recognizer, few.utterances[:3], change=noise)
    alone = recognize_all(recognizer, few.utterances[2:3], change=noise)
    np.testing.assert_array_equal(together.scores[2], alone.scores[0])


def test_a_split_a_column_or_a_label_that_is_not_there_is_named(
    recognizer: Recognizer, few: Manifest
) -> None:
    with pytest.raises(UsageError, match="no column gender"):
        evaluate(recognizer, few, source="few", by=["gender"])
    with pytest.raises(UsageError, match="split dev"):
        evaluate(recognizer, few, source="few", split="dev")
    with pytest.raises(UsageError, match="Label excited"):
        evaluate(recognizer, few, source="few", labels=["excited"])
    # A clip of a label that may not win would count as wrong without anyone having asked for it.
    with pytest.raises(UsageError, match="Label"):
        evaluate(recognizer, few, source="few", labels=["sad", "happy"])


def test_one_split_alone_is_measured(recognizer: Recognizer, few: Manifest) -> None:
    marked = tuple(
        replace(u, columns={**u.columns, "split": "test" if n < 5 else "train"})
        for n, u in enumerate(few.utterances)
    )
    manifest = replace(few, utterances=marked)
    evaluation = evaluate(recognizer, manifest, source="few", split="test")
    assert evaluation.whole.clips == count_recognitions(manifest, "test", False) == 5
