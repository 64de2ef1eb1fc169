"""What words stand for: shares of the nine emotions, arousal and valence; and their averages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcor.labels import LABEL_IDS

# The nine shares in the order of the labels, arousal, valence.
WIDTH = len(LABEL_IDS) + 2


@dataclass(frozen=True, slots=True)
class Feeling:
    """`mixture` has a share for each of the nine labels, sum 1; arousal and valence are -1..1."""

    mixture: Mapping[str, float]
    arousal: float
    valence: float

    @property
    def top(self) -> tuple[str, float]:
        """The label with the largest share, and that share; the first of equals."""
        label = max(self.mixture, key=self.mixture.__getitem__)
        return label, self.mixture[label]

    def vector(self) -> NDArray[np.float64]:
        """[11]: the shares in the order of the labels, arousal, valence."""
        shares = [self.mixture.get(label, 0.0) for label in LABEL_IDS]
        return np.array([*shares, self.arousal, self.valence])


def feeling_of(vector: NDArray[np.floating]) -> Feeling:
    """The feeling nearest to [11]: shares below 0 are 0, their sum 1, dimensions within -1..1."""
    shares = np.maximum(vector[:-2], 0.0)
    total = float(shares.sum())
    # Nothing is above 0: nothing is known.
    shares = shares / total if total else np.array([label == "unknown" for label in LABEL_IDS])
    arousal, valence = np.clip(vector[-2:], -1.0, 1.0).tolist()
    return Feeling(dict(zip(LABEL_IDS, map(float, shares), strict=True)), arousal, valence)


def average(weighted: Iterable[tuple[float, Feeling]]) -> Feeling:
    """The weighted mean of feelings; weights are positive and need not sum to 1."""
    weights, vectors = zip(*((weight, each.vector()) for weight, each in weighted), strict=True)
    return feeling_of(np.average(vectors, axis=0, weights=weights))
