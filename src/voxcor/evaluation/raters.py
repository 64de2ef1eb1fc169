"""How well people who label the same things agree.

`counts` int [U, L] says how many raters gave each of U units each of L labels; who they are does
not matter, but to Cohen's kappa. All are 1 where everybody agrees and 0 where they agree as often
as chance would have it; what is chance is where they differ:

- Cohen's kappa: two raters, each with labels as often as they give them. J. Cohen, "A coefficient
  of agreement for nominal scales", Educational and Psychological Measurement 20 (1960), 37-46.
- Fleiss' kappa: as many raters for every unit, labels as often as all give them. J. L. Fleiss,
  "Measuring nominal scale agreement among many raters", Psychological Bulletin 76 (1971), 378-382.
- Krippendorff's alpha: any number of raters for each unit, also for numbers. K. Krippendorff,
  "Computing Krippendorff's Alpha-Reliability" (2011), repository.upenn.edu/asc_papers/43.

Each is a function of sums over units, and so is bootstrapped as the figures in `metrics` are: of
whole recordings, of which the units are parts.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.evaluation.metrics import Estimate, bootstrap_sums, estimate_of, ratio
from voxcor.results import to_wire

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """How well raters agree on one label.

    `share` is how often it is given, 0..1. `specific`: where one rater gives it, how often another
    does (Cicchetti and Feinstein 1990, J. Clin. Epidemiol. 43, 551-558). `alpha` is Krippendorff's,
    of the label against all others.
    """

    share: float
    specific: Estimate
    alpha: Estimate


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well raters agree, with 95 % intervals.

    `units` were labelled by two raters at least. `observed` is the share of pairs of raters that
    agree. `cohen` is None but for two raters; `fleiss` is over the `complete` units, which all
    raters have labelled, and None where there are none or two raters only. `numbers` is
    Krippendorff's alpha for intervals, by the name of what was rated in numbers.
    """

    raters: tuple[str, ...]
    units: int
    complete: int
    observed: Estimate
    alpha: Estimate
    cohen: Estimate | None
    fleiss: Estimate | None
    labels: Mapping[str, LabelAgreement]
    numbers: Mapping[str, Estimate]

    def to_document(self) -> dict[str, Any]:
        """As JSON has it; a figure that is not known is null."""
        document: dict[str, Any] = _known(to_wire(self))
        return document


@dataclass(frozen=True, slots=True)
class Ratings:
    """Who said what of which unit.

    `labels` int [U, R] are indices into `names`, -1 where a rater has said nothing; `numbers` has
    arrays [U, R], NaN where nothing was said. `owners` [U] are what the units are parts of.
    """

    raters: tuple[str, ...]
    names: tuple[str, ...]
    labels: IntArray
    owners: Sequence[Hashable]
    numbers: Mapping[str, FloatArray]


def agreement(ratings: Ratings, *, seed: int = 0) -> Agreement:
    """All figures of some ratings.

    Args:
        ratings: of at least one unit by two raters.
        seed: of the draws; the same gives the same intervals.
    """
    counts = _counts(ratings.labels, len(ratings.names))
    paired = counts.sum(axis=1) > 1
    complete = (ratings.labels >= 0).all(axis=1)

    def estimate(sums: FloatArray, of: Callable[[FloatArray], FloatArray], rows: Any) -> Estimate:
        owners = [owner for owner, is_in in zip(ratings.owners, rows, strict=True) if is_in]
        return _estimate(sums, of, owners, seed)

    pairs = coincidences(counts[paired])
    two, many = len(ratings.raters) == 2, len(ratings.raters) > 2
    crossed = np.zeros((int(complete.sum()), len(ratings.names), len(ratings.names)))
    if two and complete.any():
        crossed[np.arange(len(crossed)), *ratings.labels[complete].T] = 1
    return Agreement(
        raters=ratings.raters,
        units=int(paired.sum()),
        complete=int(complete.sum()),
        observed=estimate(pairs, _observed, paired),
        alpha=estimate(pairs, nominal_alpha, paired),
        cohen=estimate(crossed, cohen_kappa, complete) if two and complete.any() else None,
        fleiss=(
            estimate(fleiss_sums(counts[complete]), fleiss_kappa, complete)
            if many and complete.any()
            else None
        ),
        labels={
            name: LabelAgreement(
                share=float(counts[paired, i].sum() / counts[paired].sum()),
                specific=estimate(_against_rest(pairs, i), _specific, paired),
                alpha=estimate(_against_rest(pairs, i), nominal_alpha, paired),
            )
            for i, name in enumerate(ratings.names)
            if counts[paired, i].any()
        },
        numbers={
            name: estimate(sums, interval_alpha, rows)
            for name, values in ratings.numbers.items()
            if (rows := (~np.isnan(values)).sum(axis=1) > 1).any()
            for sums in [interval_sums(values[rows])]
        },
    )


def coincidences(counts: IntArray) -> FloatArray:
    """[U, L] to [U, L, L]: pairs of labels of each unit, each by one less than its raters."""
    counted = counts.astype(np.float64)
    pairs = counted[:, :, None] * counted[:, None, :]
    pairs -= counted[:, :, None] * np.eye(counts.shape[1])
    weights = np.maximum(counted.sum(axis=1) - 1, 1)
    return np.asarray(pairs / weights[:, None, None])


def nominal_alpha(pairs: FloatArray) -> FloatArray:
    """[..., L, L] summed coincidences to [...]: Krippendorff's alpha of names.

    1 - (n - 1) (n - sum o_cc) / (n^2 - sum n_c^2), with n_c the sum of a row; NaN where only one
    label is given at all.
    """
    of_label = pairs.sum(axis=-1)
    total = of_label.sum(axis=-1)
    apart = total - np.trace(pairs, axis1=-2, axis2=-1)
    return 1 - _quotient((total - 1) * apart, total**2 - (of_label**2).sum(axis=-1))


def cohen_kappa(crossed: FloatArray) -> FloatArray:
    """[..., L, L] units by the labels of two raters to [...]: (p_o - p_e) / (1 - p_e)."""
    total = crossed.sum(axis=(-2, -1))
    observed = ratio(np.trace(crossed, axis1=-2, axis2=-1), total)
    by_chance = ratio((crossed.sum(axis=-1) * crossed.sum(axis=-2)).sum(axis=-1), total**2)
    return _quotient(observed - by_chance, 1 - by_chance)


def fleiss_sums(counts: IntArray) -> FloatArray:
    """[U, L] to [U, L + 2]: what, summed over units, `fleiss_kappa` is a function of."""
    raters = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))
    return np.column_stack([counts / raters[:, None], agreeing, np.ones(len(counts))])


def fleiss_kappa(sums: FloatArray) -> FloatArray:
    """[..., L + 2] sums to [...]: (P - P_e) / (1 - P_e), P_e the sum of p_j^2."""
    shares = ratio(sums[..., :-2], sums[..., -1:])
    observed = ratio(sums[..., -2], sums[..., -1])
    by_chance = (shares**2).sum(axis=-1)
    return _quotient(observed - by_chance, 1 - by_chance)


def interval_sums(values: FloatArray) -> FloatArray:
    """[U, R], NaN for nothing said, to [U, 4]: what `interval_alpha` is a function of."""
    said = (~np.isnan(values)).sum(axis=1)
    plain, squares = np.nansum(values, axis=1), np.nansum(values**2, axis=1)
    # The squared differences of all ordered pairs of a unit.
    within = 2 * (said * squares - plain**2) / (said - 1)
    return np.column_stack([said, plain, squares, within])


def interval_alpha(sums: FloatArray) -> FloatArray:
    """[..., 4] sums to [...]: Krippendorff's alpha with squared differences of numbers."""
    said, plain, squares, within = np.moveaxis(sums, -1, 0)
    between = 2 * (said * squares - plain**2)
    return 1 - _quotient((said - 1) * within, between)


def _counts(labels: IntArray, count: int) -> IntArray:
    return np.stack([(labels == i).sum(axis=1) for i in range(count)], axis=1)


def _against_rest(pairs: FloatArray, label: int) -> FloatArray:
    """[U, L, L] to [U, 2, 2]: the label, and all others together."""
    both = pairs[:, label, label]
    one = pairs[:, label, :].sum(axis=1) - both
    none = pairs.sum(axis=(1, 2)) - both - 2 * one
    return np.stack([np.stack([both, one], axis=1), np.stack([one, none], axis=1)], axis=1)


def _observed(pairs: FloatArray) -> FloatArray:
    return _quotient(np.trace(pairs, axis1=-2, axis2=-1), pairs.sum(axis=(-2, -1)))


def _specific(pairs: FloatArray) -> FloatArray:
    return _quotient(pairs[..., 0, 0], pairs[..., 0, :].sum(axis=-1))


def _estimate(
    sums: FloatArray, of: Callable[[FloatArray], FloatArray], owners: Sequence[Hashable], seed: int
) -> Estimate:
    """The figure of sums [U, ...], and its interval by drawing owners."""
    places = {owner: i for i, owner in enumerate(dict.fromkeys(owners))}
    by_owner = np.zeros((len(places), sums[0].size))
    np.add.at(by_owner, [places[owner] for owner in owners], sums.reshape(len(sums), -1))
    value = float(of(sums.sum(axis=0)))
    if len(places) < 2:
        return Estimate(value, np.nan, np.nan)
    drawn = bootstrap_sums(by_owner, np.random.default_rng(seed)).reshape(-1, *sums.shape[1:])
    return estimate_of(value, of(drawn))


def _quotient(above: FloatArray, below: FloatArray) -> FloatArray:
    """NaN where nothing is divided by nothing: agreement beyond chance is not known there."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.abs(below) > 1e-12, np.divide(above, below), np.nan)


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(member) for name, member in value.items()}
    if isinstance(value, list):
        return [*map(_known, value)]
    return None if isinstance(value, float) and not np.isfinite(value) else value
