"""Two groups of recordings in one dimension: two people, or one before and after a date.

Each recording is one value, the mean of its segments by their lengths: segments of one recording
resemble each other, so that counting them would find differences everywhere.

- difference: of the two means, the first less the second. Its interval is the 2.5th and 97.5th
  percentile of a bootstrap that draws whole recordings within each group (Efron & Tibshirani 1993);
- p: the share of all ways to deal the recordings into groups of these sizes that separate the means
  at least as far, either way (Fisher 1935); beyond 10,000 ways, of so many drawn, the one at hand
  counted among them (Phipson & Smyth 2010);
- Cliff's delta: how much likelier a recording of the first group lies above one of the second than
  below it, -1..1 (Cliff 1993).

Recordings are taken to be independent of each other. Few recordings can be dealt in few ways: the
smallest p that there can be is told beside it, and where that is above 0.05 no difference, however
large, can be told from chance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from voxcor.evaluation.metrics import Estimate
from voxcor.library.segments import LibrarySegment
from voxcor.library.trajectory import (
    DRAWS,
    Dimension,
    Series,
    Session,
    follow,
    plain,
)
from voxcor.results import to_wire

LEVEL = 0.05
_WAYS = 9_999  # drawn besides the one at hand


@dataclass(frozen=True, slots=True)
class Group:
    """Recordings that belong together, their mean, and that of each in the order of their times."""

    name: str
    mean: Estimate
    sessions: tuple[Session, ...]

    @property
    def values(self) -> Series:
        return np.array([one.mean.value for one in self.sessions])


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """Two groups in a dimension, as the module has it.

    `p` is NaN where a group has fewer than two recordings, `delta` where it has none. `smallest_p`
    is the smallest that so many recordings can give.
    """

    dimension: Dimension
    first: Group
    second: Group
    difference: Estimate
    p: float
    smallest_p: float
    delta: Estimate

    @property
    def is_too_little(self) -> bool:
        """Whether no difference could be told from chance with so few recordings."""
        return not self.smallest_p <= LEVEL

    @property
    def is_told(self) -> bool:
        """Whether the difference is told from chance."""
        return self.p <= LEVEL

    def to_document(self) -> dict[str, Any]:
        """As JSON has it; None for what is not known."""
        told = {"too_few": self.is_too_little, "significant": self.is_told}
        document: dict[str, Any] = plain(to_wire(self)) | told
        return document


def compare_groups(
    first: tuple[str, Sequence[LibrarySegment]],
    second: tuple[str, Sequence[LibrarySegment]],
    dimension: Dimension = "valence",
    *,
    seed: int = 0,
) -> GroupComparison:
    """Whether recordings of two groups differ in a dimension, and by how much.

    Args:
        first: what the group is called, and its segments; those that say nothing of the dimension
            are left out.
        second: the other's.
        dimension: which.
        seed: of the draws; the same gives the same figures.
    """
    groups = [_group(name, segments, dimension, seed) for name, segments in (first, second)]
    one, other = (group.values for group in groups)
    most, ways = (len(one), len(other)), comb(len(one) + len(other), len(one))
    # Either way: the best way for the first group and the best way for the second.
    smallest = min(1.0, 2 / min(ways, _WAYS + 1)) if min(most) else np.nan
    return GroupComparison(
        dimension,
        groups[0],
        groups[1],
        _between(one, other, _mean_difference, seed),
        _permutation_p(one, other, seed) if min(most) > 1 else np.nan,
        smallest,
        _between(one, other, cliffs_delta, seed),
    )


def cliffs_delta(one: Series, other: Series) -> float:
    """P(x > y) - P(x < y) over all pairs of one group and the other, -1..1 (Cliff 1993)."""
    return float(np.sign(one[:, None] - other[None, :]).mean())


def _group(name: str, segments: Sequence[LibrarySegment], dimension: Dimension, seed: int) -> Group:
    sessions = follow(segments, dimension, seed=seed).sessions
    values = np.array([one.mean.value for one in sessions])
    if not len(values):
        return Group(name, Estimate(np.nan, np.nan, np.nan), ())
    return Group(name, _drawn_mean(values, seed), sessions)


def _drawn_mean(values: Series, seed: int) -> Estimate:
    if len(values) < 2:
        return Estimate(float(values.mean()), np.nan, np.nan)
    rng = np.random.default_rng(seed)
    drawn = values[rng.integers(0, len(values), (DRAWS, len(values)))].mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(float(values.mean()), float(low), float(high))


def _mean_difference(one: Series, other: Series) -> float:
    return float(one.mean() - other.mean())


def _between(
    one: Series, other: Series, of: Callable[[Series, Series], float], seed: int
) -> Estimate:
    """A figure of two groups, bootstrapped by drawing whole recordings within each."""
    if not len(one) or not len(other):
        return Estimate(np.nan, np.nan, np.nan)
    value = of(one, other)
    if min(len(one), len(other)) < 2:
        return Estimate(value, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    drawn = [of(rng.choice(one, len(one)), rng.choice(other, len(other))) for _ in range(DRAWS)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(value, float(low), float(high))


def _permutation_p(one: Series, other: Series, seed: int) -> float:
    from scipy.stats import permutation_test

    def difference(first: Series, second: Series, axis: int) -> Series:
        apart: Series = first.mean(axis=axis) - second.mean(axis=axis)
        return apart

    # Only the spread matters to it, which around a far mean is lost in rounding.
    middle = np.concatenate([one, other]).mean()
    tested = permutation_test(
        (one - middle, other - middle),
        difference,
        vectorized=True,
        n_resamples=_WAYS,
        rng=np.random.default_rng(seed),
    )
    return float(tested.pvalue)
