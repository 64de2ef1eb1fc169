"""Training: from windows of disturbed speech to a committee of perceptrons, resumable."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import features
import numpy as np
import torch
from dataset import Clip
from model import UNTRAINED, Member, Tiny, standardise
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import log_softmax, one_hot

from voxcor.labels import LABEL_IDS


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes members differ: by more than a seed they err apart, and their mean errs less.

    `reference` is the one of `features.REFERENCES` that levels are counted from. `absent` is added
    to the logits of labels that a clip's corpus does not have.
    """

    reference: int
    absent: float


# Nobody offered the annotators of a corpus the labels it lacks, so that these are absent is weak
# evidence: some members learn nothing from it, others a little, which makes all of them together
# less sure of labels on recordings like none they heard.
SILENT, SOFT = -1e4, -1.5
KINDS = (Kind(0, SILENT), Kind(1, SILENT), Kind(1, SOFT))


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard; the same plan and seed give the same weights on one machine."""

    copies: int = 1  # of every clip, disturbed
    members: int = 2  # of each kind
    hidden: int = 192
    steps: int = 600
    batch_size: int = 384
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    mixup: float = 0.4  # of the Beta distribution
    dropout: float = 0.4
    seed: int = 1


def fit(
    windows: Tensor,
    clips: Sequence[Clip],
    indices: Sequence[int],
    plan: Plan,
    checkpoint: Path,
    report: Callable[[str], None],
) -> Tiny:
    """A committee trained on the clips of `indices` alone.

    Starts where `checkpoint` ends, if it is there. No validation clip is looked at: neither to
    stop nor to choose.

    Args:
        windows: `[copies, len(clips), R, FUNCTIONALS]`.
        clips: all clips.
        indices: of those to train on.
        plan: the numbers.
        checkpoint: rewritten after every member.
        report: takes lines of progress.
    """
    heard = windows[:, indices]
    centre = heard.mean(dim=(0, 1))
    spread = heard.std(dim=(0, 1)) + features.LEAST
    x = standardise(heard, centre, spread)
    some = [clips[i] for i in indices]

    kinds = [kind for kind in KINDS for _ in range(plan.members)]
    states = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else []
    for number in range(len(states), len(kinds)):
        kind, seed = kinds[number], plan.seed + number
        member, head, loss = fit_member(x[:, :, kind.reference], some, plan, kind, seed)
        states.append((member.state_dict(), head.state_dict()))
        partial = checkpoint.with_suffix(".partial")
        torch.save(states, partial)
        partial.replace(checkpoint)
        report(f"member {number + 1}/{len(kinds)}: loss {loss:.4f}")
    members = [Member(plan.hidden) for _ in states]
    heads = [nn.Linear(plan.hidden, len(LABEL_IDS)) for _ in states]
    for member, head, (member_state, head_state) in zip(members, heads, states, strict=True):
        member.load_state_dict(member_state)
        head.load_state_dict(head_state)
    return Tiny(members, heads, [kind.reference for kind in kinds], centre, spread).eval()


def fit_member(
    x: Tensor, clips: Sequence[Clip], plan: Plan, kind: Kind, seed: int
) -> tuple[Member, nn.Linear, float]:
    """One perceptron from standardised windows `[copies, len(clips), FUNCTIONALS]`.

    Returns:
        The member, its head, and the mean loss of the last tenth of its steps.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    member, head = Member(plan.hidden, plan.dropout), nn.Linear(plan.hidden, len(LABEL_IDS))
    weights = [*member.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, weight_decay=plan.weight_decay)
    targets = one_hot(torch.tensor([clip.label for clip in clips]), len(LABEL_IDS)).float()
    rivals = possible_labels(clips)
    shares = draw_shares(clips)
    corpora = np.unique([clip.corpus for clip in clips], return_inverse=True)[1]

    losses = []
    for step in range(plan.steps):
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * schedule(step / plan.steps)
        # Neighbours in the batch are of one corpus, so that mixed clips have the same rivals.
        drawn = rng.choice(len(clips), plan.batch_size, p=shares)
        drawn = drawn[np.argsort(corpora[drawn], kind="stable")]
        copies = rng.integers(len(x), size=plan.batch_size)
        share = rng.beta(plan.mixup, plan.mixup, (plan.batch_size, 1))
        share = torch.from_numpy(np.maximum(share, 1 - share).astype(np.float32))

        windows, target, possible = x[copies, drawn], targets[drawn], rivals[drawn]
        windows = share * windows + (1 - share) * windows.roll(1, 0)
        target = share * target + (1 - share) * target.roll(1, 0)
        possible = torch.maximum(possible, possible.roll(1, 0))
        smooth = possible / possible.sum(dim=1, keepdim=True)
        target = (1 - plan.label_smoothing) * target + plan.label_smoothing * smooth

        logits = head(member(windows)) + kind.absent * (1 - possible)
        logits[:, UNTRAINED] = SILENT
        loss = -(target * log_softmax(logits, dim=1)).sum(dim=1).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return member, head, float(np.mean(losses[-len(losses) // 10 :]))


def schedule(progress: float) -> float:
    """The learning rate's share of its peak: up over the first tenth, then a cosine down to 0."""
    if progress < 0.1:
        return progress / 0.1
    return 0.5 + 0.5 * math.cos(math.pi * (progress - 0.1) / 0.9)


def possible_labels(clips: Sequence[Clip]) -> Tensor:
    """`[len(clips), L]`, 1.0 for the labels of each clip's corpus."""
    found = {(clip.corpus, clip.label) for clip in clips}
    rows = [
        [float((clip.corpus, label) in found) for label in range(len(LABEL_IDS))] for clip in clips
    ]
    return torch.tensor(rows)


def draw_shares(clips: Sequence[Clip]) -> NDArray[np.float64]:
    """How often each clip is drawn: the inverse square root of how many share corpus and label.

    So a small corpus is neither drowned nor learned by heart.
    """
    cells = [(clip.corpus, clip.label) for clip in clips]
    sizes = Counter(cells)
    weights = np.array([sizes[cell] ** -0.5 for cell in cells])
    return np.asarray(weights / weights.sum())
