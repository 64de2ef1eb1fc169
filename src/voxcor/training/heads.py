"""The heads and how they learn, in numpy: a head needs no torch, and trains in seconds.

    linear   logits = base + mean of the frames' embeddings @ W + b
    mlp      logits = mean over frames of relu(embedding @ V + c) @ W + b

`base` are the logits of the model's own classifier for the labels it shares, 0 for others: the
linear head starts as the model that is there, and learns what to change. The mlp head is the
downstream network of the emotion2vec paper (arXiv 2312.15185; Linear, ReLU, mean, Linear), and
starts from nothing. Either way logits are linear in what is pooled, frame by frame.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
HeadKind = Literal["linear", "mlp"]
Rows = Callable[[IntArray], tuple[FloatArray, IntArray]]

HIDDEN = 256  # as in the paper's downstream network
BATCH = 32  # clips

# Between two looks at the held-out clips. Not an epoch: of a large corpus that would be too long,
# of five clips per emotion a single step.
ROUND = 16  # batches

# AdamW, Loshchilov & Hutter 2019 (arXiv 1711.05101), its moments' usual decays.
LEARNING_RATE = {"linear": 3e-3, "mlp": 1e-3}
_WEIGHT_DECAY = 1e-2
_BETAS = (0.9, 0.999)
_EPSILON = 1e-8

# A dimension that hardly varies in the training clips is not blown up to the size of the others.
_LEAST_SPREAD = 0.1  # of the mean spread


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled clips as a head is given them.

    Args:
        rows: for clips [n] their rows one below the other, [N, D], and how many each has, [n]:
            its frame embeddings, or their mean alone.
        pooled: the mean embedding of every clip, [clips, D].
        base: what is added to the logits of every clip, [clips, L].
        targets: the label of every clip, [clips].
    """

    rows: Rows
    pooled: FloatArray
    base: FloatArray
    targets: IntArray


@dataclass(frozen=True, slots=True)
class Head:
    """A trained head over embeddings [D]: `hidden` is (V [D, H], c [H]) of an mlp, else None."""

    hidden: tuple[FloatArray, FloatArray] | None
    weight: FloatArray  # [D or H, L]
    bias: FloatArray  # [L]

    @property
    def parameters(self) -> int:
        """How many numbers were trained."""
        arrays = (*(self.hidden or ()), self.weight, self.bias)
        return sum(array.size for array in arrays)


def class_weights(targets: IntArray, labels: int) -> FloatArray:
    """[L]: every label weighs the same in total, and a clip 1 on average; 0 without clips."""
    counts = np.bincount(targets, minlength=labels)
    share = len(targets) / (counts > 0).sum()
    weights = np.where(counts > 0, share / np.maximum(counts, 1), 0)
    return weights.astype(np.float32)


def head_logits(head: Head, examples: Examples, clips: IntArray) -> FloatArray:
    """Utterance logits [n, L] of the chosen clips [n]."""
    parts = []
    for batch in _batches(clips):
        rows, lengths = examples.rows(batch)
        hidden = rows if head.hidden is None else _relu(rows @ head.hidden[0] + head.hidden[1])
        parts.append(examples.base[batch] + _pool(hidden, lengths) @ head.weight + head.bias)
    return np.concatenate(parts)


def losses(logits: FloatArray, targets: IntArray) -> FloatArray:
    """[n]: the negative log-likelihood of each target under the logits [n, L]."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    chosen = shifted[np.arange(len(targets)), targets]
    return np.asarray(np.log(np.exp(shifted).sum(axis=1)) - chosen)


def learn(
    examples: Examples, clips: IntArray, kind: HeadKind, labels: int, rng: np.random.Generator
) -> Iterator[Head]:
    """Trains on the chosen clips: the head as it starts, then after each round, without end.

    Args:
        examples: with rows of frames for `mlp`, of means for `linear`.
        clips: indices of those to train on, [n].
        kind: of the head.
        labels: L.
        rng: of the first weights and of the order of clips.
    """
    mean = examples.pooled[clips].mean(axis=0)
    spread = examples.pooled[clips].std(axis=0)
    scale = spread + _LEAST_SPREAD * spread.mean() + _EPSILON
    weights = class_weights(examples.targets[clips], labels)
    parameters = _first_parameters(kind, len(mean), labels, rng)
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
    steps = 0
    yield _unscaled(parameters, mean, scale)
    batches = _shuffled(clips, rng)
    while True:
        for batch in islice(batches, ROUND):
            rows, lengths = examples.rows(batch)
            targets = examples.targets[batch]
            gradients = _gradients(
                parameters,
                (rows - mean) / scale,
                lengths,
                examples.base[batch],
                targets,
                weights[targets],
            )
            steps += 1
            for parameter, gradient, (first, second) in zip(
                parameters, gradients, moments, strict=True
            ):
                _adamw(parameter, gradient, first, second, steps, LEARNING_RATE[kind])
        yield _unscaled(parameters, mean, scale)


def _shuffled(clips: IntArray, rng: np.random.Generator) -> Iterator[IntArray]:
    """Batches of one epoch after the other."""
    while True:
        yield from _batches(rng.permutation(clips))


def _first_parameters(
    kind: HeadKind, dim: int, labels: int, rng: np.random.Generator
) -> list[FloatArray]:
    """[V, c,] W, b. He et al. 2015 (arXiv 1502.01852) for what feeds the ReLU; the rest is 0."""
    inputs = HIDDEN if kind == "mlp" else dim
    parameters = [np.zeros((inputs, labels), np.float32), np.zeros(labels, np.float32)]
    if kind == "mlp":
        hidden = rng.standard_normal((dim, HIDDEN), np.float32) * np.float32((2 / dim) ** 0.5)
        parameters = [hidden, np.zeros(HIDDEN, np.float32), *parameters]
    return parameters


def _gradients(
    parameters: list[FloatArray],
    rows: FloatArray,
    lengths: IntArray,
    base: FloatArray,
    targets: IntArray,
    weights: FloatArray,
) -> list[FloatArray]:
    """Of the weighted cross-entropy of a batch, one for each parameter."""
    *hidden_layer, weight, bias = parameters
    hidden = _relu(rows @ hidden_layer[0] + hidden_layer[1]) if hidden_layer else rows
    pooled = _pool(hidden, lengths)
    logits = base + pooled @ weight + bias
    errors = np.exp(logits - logits.max(axis=1, keepdims=True))
    errors /= errors.sum(axis=1, keepdims=True)
    errors[np.arange(len(targets)), targets] -= 1
    errors *= weights[:, None] / np.float32(len(targets))
    gradients = [pooled.T @ errors, errors.sum(axis=0)]
    if hidden_layer:
        back = errors @ weight.T / lengths[:, None].astype(np.float32)
        active = np.repeat(back, lengths, axis=0) * (hidden > 0)
        gradients = [rows.T @ active, active.sum(axis=0), *gradients]
    return gradients


def _adamw(
    parameter: FloatArray,
    gradient: FloatArray,
    first: FloatArray,
    second: FloatArray,
    steps: int,
    rate: float,
) -> None:
    """One step, in place."""
    for moment, value, beta in zip((first, second), (gradient, gradient**2), _BETAS, strict=True):
        moment += np.float32(1 - beta) * (value - moment)
    unbiased = [m / np.float32(1 - b**steps) for m, b in zip((first, second), _BETAS, strict=True)]
    parameter *= np.float32(1 - rate * _WEIGHT_DECAY)
    parameter -= np.float32(rate) * unbiased[0] / (np.sqrt(unbiased[1]) + np.float32(_EPSILON))


def _unscaled(parameters: list[FloatArray], mean: FloatArray, scale: FloatArray) -> Head:
    """The same function of embeddings as they come: centring and scaling folded in."""
    first, shift, *rest = parameters
    weight = (first / scale[:, None]).astype(np.float32)
    bias = (shift - mean.astype(np.float64) @ weight).astype(np.float32)
    if not rest:
        return Head(None, weight, bias)
    return Head((weight, bias), rest[0].copy(), rest[1].copy())


def _batches(clips: IntArray) -> list[IntArray]:
    return np.split(clips, range(BATCH, len(clips), BATCH))


def _relu(x: FloatArray) -> FloatArray:
    return np.maximum(x, 0)


def _pool(rows: FloatArray, lengths: IntArray) -> FloatArray:
    """The mean of each clip's rows: [N, D] to [n, D]."""
    if len(rows) == len(lengths):  # one each
        return rows
    # Not np.add.reduceat: down columns it takes ten times as long.
    parts = np.split(rows, np.cumsum(lengths)[:-1])
    return np.stack([part.mean(axis=0) for part in parts])
