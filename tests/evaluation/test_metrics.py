"""Our figures against scikit-learn's and audmetric's, and against what must hold of any."""

import audmetric
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    recall_score,
)

from voxcor.evaluation import metrics
from voxcor.evaluation.metrics import FloatArray, IntArray, measure

LABELS = ("angry", "happy", "neutral", "sad", "surprised")

seeds = st.integers(min_value=0, max_value=2**32 - 1)


def answers(seed: int, clips: int = 0) -> tuple[IntArray, FloatArray]:
    """Truth over some of the labels, and scores that are right more often than not."""
    rng = np.random.default_rng(seed)
    clips = clips or int(rng.integers(1, 80))
    truth = rng.choice(rng.integers(0, len(LABELS), size=4), size=clips)
    logits = rng.normal(size=(clips, len(LABELS))) * 2 + 2 * np.eye(len(LABELS))[truth]
    scores = np.exp(logits)
    return truth, scores / scores.sum(axis=1, keepdims=True)


def values(truth: IntArray, scores: FloatArray) -> dict[str, float]:
    figures = measure(truth, scores, LABELS, [None] * len(truth))
    names = ("ua", "wa", "f1", "ece", "brier", "confidence")
    return {name: getattr(figures, name).value for name in names}


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_accuracies_and_f1_are_those_of_scikit_learn(seed: int) -> None:
    truth, scores = answers(seed)
    heard, present = scores.argmax(axis=1), np.unique(truth)
    ours = values(truth, scores)
    macro = {"labels": present, "average": "macro", "zero_division": 0}
    assert ours["wa"] == pytest.approx(accuracy_score(truth, heard))
    assert ours["ua"] == pytest.approx(recall_score(truth, heard, **macro))
    assert ours["f1"] == pytest.approx(f1_score(truth, heard, **macro))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_accuracies_and_f1_are_those_of_audmetric(seed: int) -> None:
    truth, scores = answers(seed)
    present = np.unique(truth).tolist()
    scores[:, [label not in present for label in range(len(LABELS))]] = 0
    heard = scores.argmax(axis=1)  # audmetric knows no prediction outside its labels
    ours = values(truth, scores)
    assert ours["wa"] == pytest.approx(audmetric.accuracy(truth, heard))
    assert ours["ua"] == pytest.approx(audmetric.unweighted_average_recall(truth, heard, present))
    assert ours["f1"] == pytest.approx(audmetric.unweighted_average_fscore(truth, heard, present))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_confusion_matrix_is_that_of_scikit_learn(seed: int) -> None:
    truth, scores = answers(seed)
    heard = scores.argmax(axis=1)
    ours = measure(truth, scores, LABELS, [None] * len(truth)).confusion
    assert np.array(ours).tolist() == (
        confusion_matrix(truth, heard, labels=range(len(LABELS))).tolist()
    )


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_brier_score_is_that_of_scikit_learn(seed: int) -> None:
    truth, scores = answers(seed)
    theirs = brier_score_loss(truth, scores, labels=range(len(LABELS)), scale_by_half=False)
    assert values(truth, scores)["brier"] == pytest.approx(theirs)


def ece_clip_by_clip(truth: IntArray, scores: FloatArray) -> float:
    """The slow way: each bin in turn, from its definition."""
    gap = 0.0
    for low in range(metrics.CALIBRATION_BINS):
        inside = [
            (max(row), int(row.argmax() == label))
            for row, label in zip(scores, truth, strict=True)
            if min(int(max(row) * metrics.CALIBRATION_BINS), metrics.CALIBRATION_BINS - 1) == low
        ]
        if inside:
            confidence, right = np.mean(inside, axis=0)
            gap += len(inside) / len(truth) * abs(confidence - right)
    return gap


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_calibration_error_is_its_definition(seed: int) -> None:
    truth, scores = answers(seed)
    assert values(truth, scores)["ece"] == pytest.approx(ece_clip_by_clip(truth, scores))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_every_value_lies_in_its_range_and_its_interval_in_the_same(seed: int) -> None:
    truth, scores = answers(seed)
    figures = measure(truth, scores, LABELS, [None] * len(truth))
    for estimate in (figures.ua, figures.wa, figures.f1, figures.ece, figures.confidence):
        assert 0 <= estimate.low <= estimate.high <= 1
        assert 0 <= estimate.value <= 1
    assert {*figures.recall} == {LABELS[label] for label in truth}
    assert sum(part.clips for part in figures.reliability) == len(truth)


def test_perfect_scores_are_perfect() -> None:
    truth = np.arange(5).repeat(3)
    figures = measure(truth, np.eye(5)[truth], LABELS, [None] * 15)
    for estimate in (figures.ua, figures.wa, figures.f1):
        assert (estimate.value, estimate.low, estimate.high) == (1, 1, 1)
    assert figures.ece.value == figures.brier.value == 0


def test_a_label_that_is_rare_counts_as_much_in_ua_and_little_in_wa() -> None:
    truth = np.array([0] * 98 + [1] * 2)
    scores = np.tile([0.9, 0.1], (100, 1))
    figures = measure(truth, scores, ("neutral", "angry"), [None] * 100)
    assert (figures.ua.value, figures.wa.value) == (0.5, 0.98)


def test_clips_of_one_speaker_do_not_make_an_interval_narrow() -> None:
    # Two voices out of ten are always wrong: a hundred clips of each prove no more than one does.
    truth = np.zeros(1000, dtype=np.int64)
    right = np.repeat([1] * 8 + [0] * 2, 100)
    scores = np.where(right[:, None], [0.8, 0.2], [0.2, 0.8])
    by_clip = measure(truth, scores, ("a", "b"), [None] * 1000)
    by_speaker = measure(truth, scores, ("a", "b"), np.repeat(np.arange(10), 100).tolist())
    assert (by_clip.resampled, by_speaker.resampled) == ("clips", "speakers")
    assert by_clip.wa.high - by_clip.wa.low < 0.06
    assert by_speaker.wa.high - by_speaker.wa.low > 0.3
    assert by_clip.wa.value == by_speaker.wa.value == pytest.approx(0.8)


def test_the_interval_of_single_clips_is_the_binomial_one() -> None:
    truth, right = np.zeros(400, dtype=np.int64), np.arange(400) < 300
    scores = np.where(right[:, None], [0.8, 0.2], [0.2, 0.8])
    wa = measure(truth, scores, ("a", "b"), [None] * 400).wa
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert wa.low == pytest.approx(0.75 - half, abs=0.006)
    assert wa.high == pytest.approx(0.75 + half, abs=0.006)


def test_the_same_seed_gives_the_same_interval() -> None:
    truth, scores = answers(1, clips=60)
    speakers = [clip % 7 for clip in range(60)]
    first = measure(truth, scores, LABELS, speakers)
    assert first == measure(truth, scores, LABELS, speakers)
    assert first != measure(truth, scores, LABELS, speakers, seed=1)


def test_abstaining_gives_fewer_answers_and_counts_those() -> None:
    truth = np.array([0, 0, 1, 1])
    scores = np.array([[0.9, 0.1], [0.45, 0.55], [0.4, 0.6], [0.2, 0.8]])
    half, most, all_ = metrics.coverage(truth, scores, (0.7, 0.95, 0.0))
    assert (half.answered, half.accuracy) == (0.5, 1.0)
    assert (most.answered, most.accuracy) == (0.0, None)
    assert (all_.answered, all_.accuracy) == (1.0, 0.75)


def ccc_of(truth: list[float], found: list[float]) -> float:
    sums = metrics.moments(np.array(truth), np.array(found)).sum(axis=0)
    return float(metrics.concordance(sums))


def test_the_concordance_is_that_of_the_definition() -> None:
    truth, found = [-0.5, 0.0, 0.5, 1.0], [0.0, 0.0, 0.5, 0.5]
    # Both means 1/4, variances 5/16 and 1/16, covariance 1/8: (2/8) / (6/16).
    assert ccc_of(truth, found) == pytest.approx(2 / 3)
    # Half a point too high adds a quarter below: another scale costs, whatever the correlation.
    assert ccc_of(truth, [value + 0.5 for value in found]) == pytest.approx(0.4)
    assert ccc_of(truth, truth) == pytest.approx(1)
    assert ccc_of([-1, 1], [1, -1]) == pytest.approx(-1)
    assert ccc_of(truth, [0.3] * 4) == pytest.approx(0)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_concordance_is_that_of_audmetric(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(-1, 1, size=int(rng.integers(2, 60)))
    found = np.clip(truth * rng.uniform(-1, 1) + rng.normal(size=len(truth)) / 4, -1, 1)
    theirs = audmetric.concordance_cc(truth, found)
    assert ccc_of(truth.tolist(), found.tolist()) == pytest.approx(theirs, abs=1e-9)


def test_a_dimension_is_measured_where_truth_and_answer_are_known() -> None:
    truth, scores = answers(3, clips=40)
    rng = np.random.default_rng(3)
    rated = rng.uniform(-1, 1, size=40)
    pairs = np.stack([rated, rated / 2], axis=1)
    pairs[:10, 0] = pairs[35:, 1] = np.nan
    speakers = [clip % 8 for clip in range(40)]
    nothing = np.full((40, 2), np.nan)
    dimensions = {"arousal": pairs, "valence": nothing}
    figures = measure(truth, scores, LABELS, speakers, dimensions=dimensions)
    assert [*figures.concordance] == ["arousal"]
    arousal = figures.concordance["arousal"]
    assert arousal.clips == 25
    kept = pairs[10:35]
    assert arousal.ccc.value == pytest.approx(ccc_of(kept[:, 0].tolist(), kept[:, 1].tolist()))
    assert -1 <= arousal.ccc.low < arousal.ccc.value < arousal.ccc.high <= 1


def test_the_interval_of_a_dimension_draws_speakers() -> None:
    # Two voices out of eight are heard the wrong way round.
    rng = np.random.default_rng(0)
    rated = rng.uniform(-1, 1, size=800)
    heard = np.where(np.arange(800) < 200, -rated, rated)
    speakers = np.repeat(np.arange(8), 100).tolist()
    widths = []
    for owners in ([None] * 800, speakers):
        ccc = (
            measure(
                np.zeros(800, np.int64),
                np.tile([0.6, 0.4], (800, 1)),
                ("a", "b"),
                owners,
                dimensions={"valence": np.stack([rated, heard], axis=1)},
            )
            .concordance["valence"]
            .ccc
        )
        assert ccc.value == pytest.approx(0.5, abs=0.1)
        widths.append(ccc.high - ccc.low)
    assert widths[1] > 3 * widths[0]
