"""How far two judges agree on the same recordings, whoever is right.

Cohen's kappa (Cohen 1960) is the share of recordings on which they agree beyond what two judges
with the same habits would agree on by chance: (p - e) / (1 - e), where p is the share on which they
do, and e the sum over labels of the product of the shares in which each of them says it. 1 is
agreement throughout, 0 what chance gives.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcor.evaluation.metrics import (
    Estimate,
    FloatArray,
    IntArray,
    bootstrap_sums,
    confusion_matrix,
    owners_of,
    places_of,
    weighted_accuracy,
)


@dataclass(frozen=True, slots=True)
class Agreement:
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


def cohens_kappa(confusion: NDArray[np.floating] | IntArray) -> FloatArray:
    """[..., L, L] counts to [...]: -1..1, NaN where there is nothing beyond chance to agree on."""
    clips = confusion.sum(axis=(-2, -1))
    chance = (confusion.sum(axis=-1) * confusion.sum(axis=-2)).sum(axis=-1)
    kappa = np.full(np.shape(clips), np.nan)
    agreed = np.trace(confusion, axis1=-2, axis2=-1)
    np.divide(agreed * clips - chance, clips**2 - chance, out=kappa, where=clips**2 > chance)
    return kappa


def agreement(
    first: IntArray,
    second: IntArray,
    count: int,
    speakers: Sequence[Hashable | None],
    *,
    seed: int = 0,
) -> Agreement:
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
    return Agreement(
        len(first),
        _estimate(weighted_accuracy(whole), weighted_accuracy(drawn)),
        _estimate(cohens_kappa(whole), cohens_kappa(drawn)),
        tuple(tuple(row) for row in whole.tolist()),
        "speakers" if len({*speakers} - {None}) > 1 else "clips",
    )


def _estimate(value: FloatArray, drawn: FloatArray) -> Estimate:
    known = drawn[np.isfinite(drawn)]
    low, high = np.percentile(known, (2.5, 97.5)) if len(known) else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high))
