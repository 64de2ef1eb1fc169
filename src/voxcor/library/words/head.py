"""From a sentence encoder's vectors to shares and dimensions: one linear map, made by a recipe.

`head.npz` is made by `recipes/words/train.py` on the lexicon alone, for the encoder that it names.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import UsageError
from voxcor.library.words.encoder import Encoder
from voxcor.library.words.feelings import Feeling, feeling_of

FILE = Path(__file__).with_name("head.npz")


@dataclass(frozen=True, slots=True)
class Head:
    """`weights` [D, 11] and `bias` [11] for the vectors of the encoder with this id."""

    encoder: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def feelings(self, vectors: NDArray[np.float32]) -> list[Feeling]:
        """What each of [n, D] stands for."""
        # einsum: the same digits for a text alone as beside others.
        read = np.einsum("nd,df->nf", vectors, self.weights, optimize=False) + self.bias
        return [feeling_of(row.astype(np.float64)) for row in read]


@cache
def built_in_head() -> Head:
    """The one in the package."""
    return read_head(FILE)


def read_head(path: Path) -> Head:
    """The head in a file that the recipe wrote."""
    with np.load(path, allow_pickle=False) as stored:
        weights = stored["weights"].astype(np.float32)
        return Head(str(stored["encoder"]), weights, stored["bias"].astype(np.float32))


def require_fit(head: Head, encoder: Encoder) -> None:
    """Vectors of another encoder mean nothing to a head.

    Raises:
        UsageError: the head was made for another encoder, or another version of it.
    """
    if head.encoder != encoder.id:
        raise UsageError(
            reason_en=f"This head reads {head.encoder}, and the encoder is {encoder.id}. "
            "Make one for it: python recipes/words/train.py",
            reason_zh=f"该输出层适用于 {head.encoder}，而当前编码器是 {encoder.id}。"
            "请为它重新生成：python recipes/words/train.py",
        )
