"""Spans of features that a network in training does not get to see.

SpecAugment (Park et al. 2019, arXiv 1904.08779) as wav2vec 2.0 fine-tuning has it (Baevski et al.
2020, arXiv 2006.11477, section 4.3 and appendix B): spans of time and spans of channels of the
projected features become zero, so that no single moment and no single channel decides.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# wav2vec 2.0's for time, 0.2 s; its channel spans of 64 out of 768, as a share of the dimension.
TIME_SPAN = 10  # frames
CHANNEL_SPAN = 1 / 12


def hidden_spans(
    lengths: Sequence[int], *, share: float, span: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which positions of each row to hide, bool [B, longest of `lengths`].

    Each row gets as many spans as would hide `share` of it if none overlapped, the fraction of a
    span by chance; they lie anywhere within the row's own length, and may overlap. A row no longer
    than a span keeps all of itself.

    Args:
        lengths: positions of each row that are real.
        share: of each row that spans should cover, 0..1.
        span: positions that one span covers.
        rng: decides where.
    """
    hidden = np.zeros((len(lengths), max(lengths)), dtype=np.bool_)
    for row, length in zip(hidden, lengths, strict=True):
        if length <= span:
            continue
        for start in rng.integers(
            length - span + 1, size=int(share * length / span + rng.random())
        ):
            row[start : start + span] = True
    return hidden
