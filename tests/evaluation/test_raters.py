"""Agreement between raters, against published examples and somebody else's code."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from voxcor.evaluation.raters import (
    Ratings,
    agreement,
    cohen_kappa,
    coincidences,
    fleiss_kappa,
    fleiss_sums,
    interval_alpha,
    interval_sums,
    nominal_alpha,
)

# Fleiss 1971, table 1: 30 patients, six psychiatrists each; depression, personality disorder,
# schizophrenia, neurosis, other.
DIAGNOSES = np.array(
    [
        [0, 0, 0, 6, 0],
        [0, 3, 0, 0, 3],
        [0, 1, 4, 0, 1],
        [0, 0, 0, 0, 6],
        [0, 3, 0, 3, 0],
        [2, 0, 4, 0, 0],
        [0, 0, 4, 0, 2],
        [2, 0, 3, 1, 0],
        [2, 0, 0, 4, 0],
        [0, 0, 0, 0, 6],
        [1, 0, 0, 5, 0],
        [1, 1, 0, 4, 0],
        [0, 3, 3, 0, 0],
        [1, 0, 0, 5, 0],
        [0, 2, 0, 3, 1],
        [0, 0, 5, 0, 1],
        [3, 0, 0, 1, 2],
        [5, 1, 0, 0, 0],
        [0, 2, 0, 4, 0],
        [1, 0, 2, 0, 3],
        [0, 0, 0, 0, 6],
        [0, 1, 0, 5, 0],
        [0, 2, 0, 1, 3],
        [2, 0, 0, 4, 0],
        [1, 0, 0, 4, 1],
        [0, 5, 0, 1, 0],
        [4, 0, 0, 0, 2],
        [0, 2, 0, 4, 0],
        [1, 0, 5, 0, 0],
        [0, 0, 0, 0, 6],
    ]
)

# Krippendorff 2011, section C: twelve units, four observers, 0 where nothing was said.
OBSERVED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
).T


def ratings(labels: np.ndarray, **numbers: np.ndarray) -> Ratings:
    names = tuple("abcdefgh"[: labels.max() + 1])
    raters = tuple(f"r{i}" for i in range(labels.shape[1]))
    return Ratings(raters, names, labels, range(len(labels)), numbers)


def test_fleiss_kappa_is_that_of_his_table() -> None:
    assert DIAGNOSES.sum(axis=0).tolist() == [26, 26, 30, 55, 43]
    assert fleiss_kappa(fleiss_sums(DIAGNOSES).sum(axis=0)) == pytest.approx(0.430, abs=5e-4)


def test_krippendorffs_alpha_is_that_of_his_example() -> None:
    found = agreement(
        ratings(OBSERVED - 1, height=np.where(OBSERVED > 0, OBSERVED, np.nan).astype(float))
    )
    assert found.alpha.value == pytest.approx(0.743, abs=5e-4)
    assert found.numbers["height"].value == pytest.approx(0.849, abs=5e-4)
    # Of the last unit one observer speaks alone, who has nobody to agree with.
    assert (found.units, found.complete) == (11, 8)
    assert found.alpha.low < 0.743 < found.alpha.high


def slow_alpha(labels: np.ndarray) -> float:
    """Of every pair within a unit, and of every pair at all, whether they differ."""
    units = [[x for x in row if x >= 0] for row in labels.tolist()]
    units = [unit for unit in units if len(unit) > 1]
    values = [x for unit in units for x in unit]
    within = sum(
        (x != y) / (len(unit) - 1)
        for unit in units
        for i, x in enumerate(unit)
        for j, y in enumerate(unit)
        if i != j
    )
    across = sum(x != y for i, x in enumerate(values) for j, y in enumerate(values) if i != j)
    return 1 - (len(values) - 1) * within / across


def test_alpha_is_that_of_the_definition_whatever_is_missing() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(-1, 4, (40, 5))
    counts = np.stack([(labels == i).sum(axis=1) for i in range(4)], axis=1)
    counts = counts[counts.sum(axis=1) > 1]
    assert nominal_alpha(coincidences(counts).sum(axis=0)) == pytest.approx(slow_alpha(labels))


def test_cohens_kappa_is_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    one = rng.integers(0, 4, 200)
    other = np.where(rng.random(200) < 0.6, one, rng.integers(0, 4, 200))
    crossed = np.zeros((4, 4))
    np.add.at(crossed, (one, other), 1)
    assert cohen_kappa(crossed) == pytest.approx(cohen_kappa_score(one, other))
    found = agreement(ratings(np.stack([one, other], axis=1)))
    assert found.cohen is not None
    assert found.cohen.value == pytest.approx(cohen_kappa_score(one, other))
    assert found.fleiss is None
    assert found.observed.value == pytest.approx((one == other).mean())


def test_a_label_that_only_some_see_is_told_by_its_own_figures() -> None:
    labels = np.array([[0, 0], [0, 0], [1, 1], [1, 2], [2, 1], [0, 0]])
    found = agreement(ratings(labels))
    assert found.labels["a"].alpha.value == found.labels["a"].specific.value == 1
    assert found.labels["b"].specific.value == pytest.approx(0.5)
    assert found.labels["c"].specific.value == 0
    assert found.labels["c"].share == pytest.approx(2 / 12)


def test_what_cannot_be_known_is_null() -> None:
    found = agreement(ratings(np.zeros((3, 2), int))).to_document()
    assert found["observed"]["value"] == 1
    assert found["alpha"]["value"] is None


def test_intervals_are_of_whole_recordings() -> None:
    labels = np.array([[0, 0], [0, 1], [1, 1], [1, 0]] * 10)
    apart = agreement(ratings(labels))
    alone = agreement(Ratings(("r0", "r1"), ("a", "b"), labels, [i // 20 for i in range(40)], {}))
    assert alone.alpha.value == apart.alpha.value
    assert alone.alpha.high - alone.alpha.low < apart.alpha.high - apart.alpha.low


def test_numbers_that_do_not_vary_say_nothing() -> None:
    assert np.isnan(interval_alpha(interval_sums(np.ones((4, 3))).sum(axis=0)))
