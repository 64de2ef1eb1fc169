"""What fine-tuning begins with: an installed model's weights, and a classifier for new labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from voxcor.errors import UsageError
from voxcor.models.family import Weights, find_family
from voxcor.models.stamps import require_unchanged
from voxcor.models.store import TINY, ModelFolder

# The spread of classifier weights for labels that the model did not know, BERT's
# (Devlin et al. 2018, arXiv 1810.04805).
_NEW_ROW_SPREAD = 0.02


@dataclass(frozen=True, slots=True)
class Start:
    """Weights with a classifier for L labels, and for which of them its rows are the model's."""

    weights: Weights
    is_begun: tuple[bool, ...]


def first_weights(model: ModelFolder, labels: Sequence[str], seed: int) -> Start:
    """The weights that a training begins with.

    Args:
        model: in fp32.
        labels: L of them, two or more.
        seed: of the rows for labels that the model does not know.

    Raises:
        UsageError: the model is none that can be fine-tuned, or there are too few labels.
        CheckpointInvalid: its body is no network of its family.
        ModelCorrupt: its files cannot be read.
    """
    _require_trainable(model, labels)
    require_unchanged(model.path, model.card)
    family = find_family(model.card.family)
    architecture, tensors = family.read_graph(model.graph)
    rng = np.random.default_rng(seed)
    shape = (len(labels), architecture.embed_dim)
    weight = _NEW_ROW_SPREAD * rng.standard_normal(shape, dtype=np.float32)
    bias = np.zeros(len(labels), np.float32)
    rows = model.card.labels if architecture.num_outputs == len(model.card.labels) else ()
    weight_name, bias_name = family.head
    for row, label in enumerate(labels):
        if label in rows:
            known = rows.index(label)
            weight[row] = tensors[weight_name][known] / model.card.temperature
            bias[row] = tensors[bias_name][known] / model.card.temperature
    return Start(
        Weights(
            replace(architecture, num_outputs=len(labels)),
            {**tensors, weight_name: weight, bias_name: bias},
        ),
        is_begun=tuple(label in rows for label in labels),
    )


def _require_trainable(model: ModelFolder, labels: Sequence[str]) -> None:
    if model.card.id == TINY:
        raise UsageError(
            reason_en="tiny cannot be fine-tuned whole. Get a larger model with: "
            "voxcor models pull plus-base; or train a head on tiny: --method head",
            reason_zh="tiny 无法整体微调。请先获取更大的模型:"
            "voxcor models pull plus-base;或在 tiny 上训练分类头:--method head",
        )
    if model.card.precision != "fp32":
        raise UsageError(
            reason_en=f"{model.path} is {model.card.precision}; fine-tuning needs fp32.",
            reason_zh=f"{model.path} 的精度为 {model.card.precision};微调需要 fp32。",
        )
    if len(labels) < 2:
        raise UsageError(
            reason_en="Training needs recordings with at least two labels.",
            reason_zh="训练至少需要两种标签的录音。",
        )
