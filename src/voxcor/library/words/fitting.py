"""Makes a head: from a sentence encoder's vectors to shares and dimensions.

Ridge regression of what the lexicon's expressions stand for on their vectors. The same lexicon,
encoder and numpy give the same bytes; the file says by `vectors` which vectors it came of.
"""

import io
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from voxcor.library.words.encoder import Encoder
from voxcor.library.words.lexicon import FILES, read_lexicon

# Chosen by cross-validation on the lexicon, for the default encoder (recipes/words/README.md).
RIDGE = 1.0

# Vectors are of length 1 in hundreds of dimensions. Two machines agree on them to seven digits;
# those after the fourth decide nothing.
DIGITS = 4


def vectors_and_targets(encoder: Encoder) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A vector [n, D] and what is wanted of it [n, 11] for each expression of both languages."""
    entries = [entry for path in FILES.values() for entry in read_lexicon(path)]
    vectors = encoder.encode([entry.expression for entry in entries])
    targets = np.array([entry.feeling.vector() for entry in entries])
    return vectors.astype(np.float64).round(DIGITS), targets


def fit(
    vectors: NDArray[np.float64], targets: NDArray[np.float64], ridge: float = RIDGE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights [D, 11] and bias [11] of ridge regression; the bias is not held small."""
    centre, mean = vectors.mean(axis=0), targets.mean(axis=0)
    about = vectors - centre
    gram = about.T @ about + ridge * np.eye(about.shape[1])
    weights = np.linalg.solve(gram, about.T @ (targets - mean))
    return weights, mean - centre @ weights


def digest(vectors: NDArray[np.float64]) -> str:
    """Which vectors these are."""
    return sha256(np.ascontiguousarray(vectors, "<f8").tobytes()).hexdigest()


def head_bytes(encoder: str, vectors: NDArray[np.float64], targets: NDArray[np.float64]) -> bytes:
    """The file, whole; `encoder` is the id of the one that made the vectors."""
    weights, bias = fit(vectors, targets)
    file = io.BytesIO()
    np.savez(
        file,
        weights=weights.astype("<f2"),
        bias=bias.astype("<f2"),
        encoder=np.array(encoder),
        vectors=np.array(digest(vectors)),
    )
    return file.getvalue()
