"""Courses on each other: as slow and plain a reference has it, whoever comes first."""

import numpy as np
import pytest

from voxcor.library.alignment import BAND, Courses, align, maximal_runs

pytest.importorskip("dtaidistance", reason="the library extra is not installed")


def course(length: int, seed: int, labels: int = 5) -> Courses:
    return np.random.default_rng(seed).dirichlet(np.ones(labels), length)


def least_cost(first: Courses, second: Courses) -> float:
    """The least sum of what does not overlap, over all ways through both within the band."""
    costs = 1 - np.sqrt(first) @ np.sqrt(second).T
    window = max(3, round(BAND * max(costs.shape)))
    rows, columns = costs.shape
    least = np.full(costs.shape, np.inf)
    for i in range(rows):
        for j in range(columns):
            # The band lies around both diagonals of the table.
            if not -max(0, rows - columns) - window < j - i < max(0, columns - rows) + window:
                continue
            before = [least[i - a, j - b] for a, b in ((1, 0), (0, 1), (1, 1)) if i >= a and j >= b]
            least[i, j] = costs[i, j] + (min(before) if before else 0.0)
    return float(least[-1, -1])


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 9), (12, 12), (30, 17), (25, 60)])
def test_the_way_is_the_cheapest_there_is(rows: int, columns: int) -> None:
    first, second = course(rows, 1), course(columns, 2)
    assert align(first, second).costs.sum() == pytest.approx(least_cost(first, second))


def test_one_label_is_the_same_throughout() -> None:
    assert align(np.ones((12, 1)), np.ones((15, 1))).similarity == 1


@pytest.mark.parametrize("seed", range(4))
def test_its_c_goes_the_way_that_its_python_goes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = course(40, seed), np.repeat(course(13, seed + 9), 4, axis=0)
    in_c = align(first, second)
    monkeypatch.setattr("dtaidistance.dtw.dtw_cc", None)
    np.testing.assert_array_equal(align(first, second).path, in_c.path)


def test_a_way_goes_from_the_first_steps_to_the_last_and_never_back() -> None:
    path = align(course(40, 3), course(55, 4)).path
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [39, 54]
    steps = np.diff(path, axis=0)
    assert ((steps >= 0) & (steps <= 1)).all()
    assert steps.any(axis=1).all()


def test_a_stretched_copy_is_the_same() -> None:
    first = course(40, 5)
    slow = np.repeat(first, np.random.default_rng(5).integers(1, 3, 40), axis=0)
    found = align(first, slow)
    assert found.similarity == pytest.approx(1)
    np.testing.assert_allclose(first[found.path[:, 0]], slow[found.path[:, 1]])


@pytest.mark.parametrize("seed", range(4))
def test_it_does_not_matter_which_comes_first(seed: int) -> None:
    first = np.repeat(course(9, seed), 4, axis=0)  # many ways cost the same
    second = np.repeat(course(11, seed + 9), 4, axis=0)
    one, other = align(first, second), align(second, first)
    assert one.similarity == other.similarity
    np.testing.assert_array_equal(one.path, other.path[:, ::-1])


def test_nothing_in_common_is_nothing() -> None:
    first, second = np.eye(2)[[0, 0, 0]], np.eye(2)[[1, 1, 1, 1]]
    assert align(first, second).similarity == 0


def test_maximal_runs_are_those_of_the_paper() -> None:
    """The example of Ruzzo & Tompa 1999."""
    gains = np.array([4, -5, 3, -3, 1, 2, -2, 2, -2, 1, 5], float)
    assert maximal_runs(gains) == [(4, 11), (0, 1), (2, 3)]


@pytest.mark.parametrize("seed", range(20))
def test_the_first_run_adds_up_to_the_most(seed: int) -> None:
    gains = np.random.default_rng(seed).normal(-0.2, 1, 25)
    sums = {(a, b): gains[a:b].sum() for a in range(25) for b in range(a + 1, 26)}
    (first, *others) = maximal_runs(gains)
    assert sums[first] == pytest.approx(max(sums.values()))
    covered = np.concatenate([np.arange(*run) for run in (first, *others)])
    assert len(covered) == len(set(covered.tolist()))  # no two meet
    assert {*np.flatnonzero(gains > 0).tolist()} <= {*covered.tolist()}


def test_without_gains_there_are_no_runs() -> None:
    assert maximal_runs(np.array([-1.0, 0.0, -2.0])) == []
