"""How far two judges agree: by scikit-learn's own formula, with intervals that hold the truth."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from voxcor.evaluation.judges import judges_agreement
from voxcor.evaluation.metrics import confusion_matrix
from voxcor.evaluation.raters import cohen_kappa


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 5, 200)
    second = np.where(rng.random(200) < 0.6, first, rng.integers(0, 5, 200))
    found = judges_agreement(first, second, 5, [None] * 200)
    assert found.kappa.value == pytest.approx(cohen_kappa_score(first, second))
    assert found.share.value == pytest.approx(np.mean(first == second))
    assert found.kappa.low < found.kappa.value < found.kappa.high
    np.testing.assert_array_equal(found.confusion, confusion_matrix(first, second, 5))


def test_kappa_of_many_matrices_is_that_of_each() -> None:
    matrices = np.random.default_rng(1).integers(0, 9, (4, 3, 3))
    assert cohen_kappa(matrices) == pytest.approx([float(cohen_kappa(one)) for one in matrices])


def test_judges_who_say_one_thing_agree_on_nothing_beyond_chance() -> None:
    same = np.zeros(6, int)
    found = judges_agreement(same, same, 3, [None] * 6)
    assert found.share.value == 1
    assert np.isnan(found.kappa.value)


def test_speakers_are_drawn_whole() -> None:
    """Each of four people is agreed on always or never: clips drawn singly would say less."""
    first = np.repeat([0, 1, 0, 1], 25)
    second = np.repeat([0, 1, 1, 0], 25)
    speakers = np.repeat(["a", "b", "c", "d"], 25).tolist()
    whole = judges_agreement(first, second, 2, speakers).share
    singly = judges_agreement(first, second, 2, [None] * 100).share
    assert whole.high - whole.low > 2 * (singly.high - singly.low)


def test_intervals_hold_the_truth_nineteen_times_of_twenty() -> None:
    """Two judges, who agree on each clip with a chance of .7 and else say anything of four."""
    rng = np.random.default_rng(2)
    held = 0
    for seed in range(60):
        first = rng.integers(0, 4, 150)
        second = np.where(rng.random(150) < 0.7, first, rng.integers(0, 4, 150))
        kappa = judges_agreement(first, second, 4, [None] * 150, seed=seed).kappa
        held += kappa.low <= 0.7 <= kappa.high
    assert held >= 50
