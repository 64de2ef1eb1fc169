"""Training over folds, and when to stop.

All folds advance round by round, side by side. What one says of its held-out clips stops the
others: a fold's own figures come from the round that the other folds chose, so that no clip had a
say in how it is judged. The final model trains as long as all of them together advise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from voxcor.training.folds import Plan
from voxcor.training.heads import (
    Examples,
    FloatArray,
    Head,
    HeadKind,
    IntArray,
    class_weights,
    head_logits,
    learn,
    losses,
)

MOST_ROUNDS = 150
PATIENCE = 10  # rounds without a better one


@dataclass(frozen=True, slots=True)
class FittedHead:
    """A trained head, and what was learned about it.

    `held_out` are the clips of all folds [n], `logits` [n, L] what a head without them said of
    each, `fold_of` [n] which fold that was. `curve` is the mean held-out loss before training and
    after each round. `rounds` is how long the final head trained, `fold_rounds` each fold's.
    """

    head: Head
    held_out: IntArray
    logits: FloatArray
    fold_of: IntArray
    curve: tuple[float, ...]
    rounds: int
    fold_rounds: tuple[int, ...]


def fit(
    examples: Examples,
    plan: Plan,
    kind: HeadKind,
    labels: int,
    *,
    seed: int,
    progress: Callable[[float], None] = lambda _share: None,
) -> FittedHead:
    """Trains every fold, then the final head; the same seed gives the same numbers.

    With a single fold, the split of a manifest, its head at its best round is the final one.

    Args:
        examples: clips, with the rows that `kind` wants.
        plan: over the same clips.
        kind: of the head.
        labels: L.
        seed: of first weights and order.
        progress: is told the share of the longest possible work that is done, 0 to 1.
    """
    weights = class_weights(examples.targets[plan.train], labels)
    runs = [
        learn(examples, fold.train, kind, labels, np.random.default_rng((seed, number)))
        for number, fold in enumerate(plan.folds)
    ]
    logits: list[list[FloatArray]] = [[] for _ in runs]  # [folds][rounds][m, L]
    curves: list[list[float]] = [[] for _ in runs]
    heads: list[Head] = []  # of the first fold
    for count in range(MOST_ROUNDS + 1):
        for number, (run, fold) in enumerate(zip(runs, plan.folds, strict=True)):
            head = next(run)
            said = head_logits(head, examples, fold.held_out)
            targets = examples.targets[fold.held_out]
            logits[number].append(said)
            curves[number].append(float((weights[targets] * losses(said, targets)).sum()))
            if number == 0:
                heads.append(head)
        progress(count / MOST_ROUNDS)
        if count - _best(curves) >= PATIENCE:
            break
    rounds = _best(curves)
    if len(plan.folds) == 1:
        final, fold_rounds = heads[rounds], [rounds]
    else:
        rng = np.random.default_rng((seed, len(runs)))
        everything = learn(examples, plan.train, kind, labels, rng)
        final = next(islice(everything, rounds, None))
        fold_rounds = [_best(curves[:k] + curves[k + 1 :]) for k in range(len(runs))]
    progress(1.0)
    held_out = [fold.held_out for fold in plan.folds]
    clips = sum(len(part) for part in held_out)
    return FittedHead(
        head=final,
        held_out=np.concatenate(held_out),
        logits=np.concatenate([logits[k][count] for k, count in enumerate(fold_rounds)]),
        fold_of=np.repeat(np.arange(len(runs)), [len(part) for part in held_out]),
        curve=tuple((np.sum(curves, axis=0) / clips).tolist()),
        rounds=rounds,
        fold_rounds=tuple(fold_rounds),
    )


def _best(curves: Sequence[Sequence[float]]) -> int:
    """The round with the least loss, all folds together; the first of equals."""
    return int(np.sum(curves, axis=0).argmin())
