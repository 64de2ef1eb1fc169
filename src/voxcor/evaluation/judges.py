"""How far two judges, models above all, agree on the same recordings, whoever is right."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from voxcor.evaluation.metrics import (
    Estimate,
    IntArray,
    bootstrap_sums,
    confusion_matrix,
    estimate_of,
    owners_of,
    places_of,
    weighted_accuracy,
)
from voxcor.evaluation.raters import cohen_kappa


@dataclass(frozen=True, slots=True)
class JudgesAgreement:
    """Of `clips` recordings the share on which two judges agree, and Cohen's kappa.

    `kappa` is NaN where both say one and the same label throughout. `confusion` counts recordings,
    the first judge's labels in rows. The intervals rest on drawing `speakers`, or single `clips`
    where fewer than two speakers are known.
    """

    clips: int
    share: Estimate
    kappa: Estimate
    confusion: tuple[tuple[int, ...], ...]
    resampled: str


def judges_agreement(
    first: IntArray,
    second: IntArray,
    count: int,
    speakers: Sequence[Hashable | None],
    *,
    seed: int = 0,
) -> JudgesAgreement:
    """How far two judges agree, with 95 % bootstrap intervals as `metrics.measure` has them.

    Args:
        first: labels [N] by their numbers, N at least 1.
        second: the other judge's.
        count: how many labels there are.
        speakers: N, None where unknown.
        seed: of the draws.
    """
    places = places_of(owners_of(speakers))
    sums = np.zeros((int(places.max()) + 1, count**2))
    np.add.at(sums, (places, first * count + second), 1)
    drawn = bootstrap_sums(sums, np.random.default_rng(seed)).reshape(-1, count, count)
    whole = confusion_matrix(first, second, count)
    return JudgesAgreement(
        len(first),
        estimate_of(weighted_accuracy(whole), weighted_accuracy(drawn)),
        estimate_of(cohen_kappa(whole.astype(np.float64)), cohen_kappa(drawn)),
        tuple(tuple(row) for row in whole.tolist()),
        "speakers" if len({*speakers} - {None}) > 1 else "clips",
    )
