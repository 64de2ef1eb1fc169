"""Which of the network's parameters are trained, and how fast each of them moves.

Below a frozen block everything is frozen. The rate falls from the last block to the first by a
factor each (ELECTRA, Clark et al. 2020, arXiv 2003.10555, appendix A): what lies deep is general
and should stay. With LoRA (Hu et al. 2021, arXiv 2106.09685) the blocks themselves stay as they
are, and each of their linear layers gets two thin matrices to train, which the end merges into it.
"""

import re
from collections.abc import Collection, Mapping
from math import cos, pi
from typing import TYPE_CHECKING, Any

from torch import nn

from voxcor.models.trainable import TrainableNetwork

if TYPE_CHECKING:
    from peft.tuners.lora import LoraModel

# What the adapters add is scaled by this over the rank, so that a rank can be changed alone. Twice
# the usual rank 8.
LORA_ALPHA = 16


def choose_parameters(
    model: TrainableNetwork, *, freeze_front_end: bool, freeze_blocks: int
) -> None:
    """Takes the gradient from what shall stay as it is.

    Args:
        model: whose parameters are trainable but for what its family settled.
        freeze_front_end: the convolutions that turn samples into frames.
        freeze_blocks: so many blocks from the bottom, and with them all that lies below.
    """
    for name, parameter in model.named_parameters():
        depth = _depth(name)
        below = freeze_blocks > 0 and 0 <= depth <= freeze_blocks
        if below or (freeze_front_end and name.startswith("front_end.")):
            parameter.requires_grad_(False)


def add_lora(model: TrainableNetwork, *, rank: int, frozen: int) -> "LoraModel":
    """Puts adapters into the linear layers of all blocks but the first `frozen`; freezes the rest.

    The classifier is trained as it is. `merge_and_unload` of what is returned makes `model` an
    ordinary one again.
    """
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    blocks = range(frozen, len(model.blocks))
    config = LoraConfig(
        r=rank,
        lora_alpha=LORA_ALPHA,
        target_modules=[f"blocks.{block}.{name}" for block in blocks for name in model.lora_layers],
    )
    adapted = LoraModel(model, {"default": config}, "default")
    model.head.requires_grad_(True)
    return adapted


def parameter_groups(
    trained: Mapping[str, nn.Parameter],
    *,
    num_blocks: int,
    undecayed: Collection[str],
    learning_rate: float,
    head_learning_rate: float,
    layer_decay: float,
    weight_decay: float,
) -> list[dict[str, Any]]:
    """Parameters by name for AdamW, in groups; `highest_lr` is what each group's rate rises to.

    `learning_rate` is that of the last block. Biases, norms and what is `undecayed` do not decay to
    zero.
    """
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in trained.items():
        depth, decays = _depth(name), parameter.ndim > 1 and name not in undecayed
        rate = learning_rate * layer_decay ** (num_blocks - depth)
        group = groups.setdefault(
            (depth, decays),
            {
                "params": [],
                "highest_lr": head_learning_rate if depth < 0 else rate,
                "weight_decay": weight_decay if decays else 0.0,
            },
        )
        group["params"].append(parameter)
    return list(groups.values())


def rate_factor(step: int, steps: int, *, warmup: float) -> float:
    """What the highest rate is multiplied by at a step: up in a line, down in half a cosine.

    Args:
        step: from 0.
        steps: of the whole training.
        warmup: the share of them that goes up.
    """
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + cos(pi * (step - rising) / max(1, steps - rising)))


def _depth(name: str) -> int:
    """0 below the blocks, 1 for the first of them, …; -1 for the classifier."""
    block = re.match(r"blocks\.(\d+)\.", name)
    if block:
        return int(block[1]) + 1
    return -1 if name.startswith("head.") else 0
