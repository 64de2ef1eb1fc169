"""The linear head on what Whisper hears before it is fine-tuned, from which fine-tuning starts.

From a random head the first steps would pull the encoder apart.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from dataset import Clip
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import log_softmax, one_hot

from voxcor.labels import LABEL_IDS

FloatArray = NDArray[np.float32]

UNKNOWN = LABEL_IDS.index("unknown")

LABEL_SMOOTHING = 0.1

# Added to the logits of labels that a clip's corpus does not have. Nobody offered them to its
# annotators, so that they are absent is weak evidence.
ABSENT = -1.5


def fit_head(
    embeddings: FloatArray,
    clips: Sequence[Clip],
    *,
    l2: float = 1e-2,
    steps: int = 300,
    learning_rate: float = 0.02,
) -> tuple[FloatArray, FloatArray]:
    """Logistic regression on the mean embeddings of whole clips, standardised while it fits.

    Args:
        embeddings: `[len(clips), D]`.
        clips: what they are of.
        l2: weight of the squared norm.
        steps: of Adam on all clips at once, its rate falling to zero in a line.
        learning_rate: at first.

    Returns:
        Weight `[L, D]` and bias `[L]`.
    """
    centre, spread = embeddings.mean(axis=0), embeddings.std(axis=0) + 1e-5
    x = torch.from_numpy((embeddings - centre) / spread)
    possible = possible_labels(clips)
    target = targets(torch.tensor([clip.label for clip in clips]), possible)
    shares = torch.from_numpy(draw_shares(clips).astype(np.float32))

    weight = torch.zeros(len(LABEL_IDS), x.shape[1], requires_grad=True)
    bias = torch.zeros(len(LABEL_IDS), requires_grad=True)
    optimizer = torch.optim.Adam([weight, bias])
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * (1 - step / steps)
        loss = shares @ losses(x @ weight.T + bias, target, possible) + l2 * weight.square().sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    scaled = weight.detach().numpy() / spread
    return scaled, bias.detach().numpy() - scaled @ centre


def targets(labels: Tensor, possible: Tensor) -> Tensor:
    """What to aim at, `[B, L]`: the label, and a little of all that the clip's corpus has."""
    right = one_hot(labels, possible.shape[1]).float()
    smooth = possible / possible.sum(dim=1, keepdim=True)
    return (1 - LABEL_SMOOTHING) * right + LABEL_SMOOTHING * smooth


def losses(logits: Tensor, target: Tensor, possible: Tensor) -> Tensor:
    """Cross-entropy of each row, `[B]`."""
    return -(target * log_softmax(logits + ABSENT * (1 - possible), dim=1)).sum(dim=1)


def possible_labels(clips: Sequence[Clip]) -> Tensor:
    """`[len(clips), L]`, 1.0 for the labels of each clip's corpus, and for `unknown`.

    That what a person says is nothing that no person made needs no annotator.
    """
    found = {(clip.corpus, clip.label) for clip in clips}
    found |= {(clip.corpus, UNKNOWN) for clip in clips}
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
