"""The emotion2vec architecture: its sizes, and the shape of every tensor it is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from voxcor.models import family
from voxcor.models.checkpoint import count_blocks, invalid, require_shapes
from voxcor.models.family import MAX_LABELS

TITLE = "emotion2vec"

AUDIO = "modality_encoders.AUDIO."

# (channels, kernel, stride) of the convolutional front end, from config.yaml: together the grid of
# `voxcor.frames`.
CONVOLUTIONS = (
    (512, 10, 5),
    (512, 3, 2),
    (512, 3, 2),
    (512, 3, 2),
    (512, 3, 2),
    (512, 2, 2),
    (512, 2, 2),
)

# The same in all released configurations (config.yaml of plus_large, template.yaml of the base
# family); what differs is in `Architecture`.
NORM_EPS = 1e-5
MLP_RATIO = 4
NUM_EXTRA_TOKENS = 10
POSITIONAL_DEPTH = 5
POSITIONAL_GROUPS = 16
POSITIONAL_KERNEL = max(3, 95 // POSITIONAL_DEPTH)  # conv_pos_width 95 over 5 layers: 19

# Several times the largest that is published: beyond it a file only wants our memory.
MAX_EMBED_DIM = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture(family.Architecture):
    """What tells one emotion2vec from another."""

    num_heads: int
    prenet_depth: int
    depth: int

    @property
    def blocks(self) -> tuple[str, ...]:
        """The name prefixes of all transformer blocks, in the order they run."""
        prenet = (f"{AUDIO}context_encoder.blocks.{i}." for i in range(self.prenet_depth))
        main = (f"blocks.{i}." for i in range(self.depth))
        return (*prenet, *main)

    def up_to(self, depth: int) -> Self:
        """Of the first blocks alone: those before the main ones count, too."""
        prenet_depth = min(depth, self.prenet_depth)
        return replace(self, prenet_depth=prenet_depth, depth=depth - prenet_depth, num_outputs=0)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor of inference and its shape, by the checkpoint's names."""
        D, F = self.embed_dim, MLP_RATIO * self.embed_dim
        shapes: dict[str, tuple[int, ...]] = {
            f"{AUDIO}extra_tokens": (1, NUM_EXTRA_TOKENS, D),
            f"{AUDIO}alibi_scale": (1, 1, self.num_heads, 1, 1),
        }
        channels_in = 1
        for i, (channels, kernel, _) in enumerate(CONVOLUTIONS):
            layer = f"{AUDIO}local_encoder.conv_layers.{i}."
            shapes[f"{layer}0.weight"] = (channels, channels_in, kernel)
            shapes[f"{layer}2.1.weight"] = shapes[f"{layer}2.1.bias"] = (channels,)
            channels_in = channels
        project = f"{AUDIO}project_features."
        shapes[f"{project}1.weight"] = shapes[f"{project}1.bias"] = (channels_in,)
        shapes[f"{project}2.weight"] = (D, channels_in)
        shapes[f"{project}2.bias"] = (D,)
        for i in range(1, POSITIONAL_DEPTH + 1):
            layer = f"{AUDIO}relative_positional_encoder.{i}.0."
            shapes[f"{layer}weight"] = (D, D // POSITIONAL_GROUPS, POSITIONAL_KERNEL)
            shapes[f"{layer}bias"] = (D,)
        context = f"{AUDIO}context_encoder.norm."
        shapes[f"{context}weight"] = shapes[f"{context}bias"] = (D,)
        for block in self.blocks:
            for name, (rows, columns) in {
                "attn.qkv": (3 * D, D),
                "attn.proj": (D, D),
                "mlp.fc1": (F, D),
                "mlp.fc2": (D, F),
            }.items():
                shapes[f"{block}{name}.weight"] = (rows, columns)
                shapes[f"{block}{name}.bias"] = (rows,)
            for norm in ("norm1", "norm2"):
                shapes[f"{block}{norm}.weight"] = shapes[f"{block}{norm}.bias"] = (D,)
        if self.num_outputs:
            shapes["proj.weight"] = (self.num_outputs, D)
            shapes["proj.bias"] = (self.num_outputs,)
        return shapes


def read_architecture(tensors: Mapping[str, NDArray[np.generic]], name: str) -> Architecture:
    """The architecture whose tensors these are; more tensors than it needs are ignored.

    Args:
        tensors: as `read_checkpoint` gives them.
        name: the checkpoint's path, for the error.

    Raises:
        CheckpointInvalid: a tensor is missing, or has another shape than the rest calls for, or no
            floating-point numbers; or the sizes are no network's.
    """
    tokens, scale = (tensors.get(f"{AUDIO}{part}") for part in ("extra_tokens", "alibi_scale"))
    if tokens is None or tokens.ndim != 3 or scale is None or scale.ndim != 5:
        raise invalid(name, TITLE, f"no {AUDIO}extra_tokens or alibi_scale")
    proj = tensors.get("proj.weight")
    architecture = Architecture(
        embed_dim=tokens.shape[2],
        num_heads=scale.shape[2],
        prenet_depth=count_blocks(tensors, f"{AUDIO}context_encoder.blocks.", name, TITLE),
        depth=count_blocks(tensors, "blocks.", name, TITLE),
        num_outputs=proj.shape[0] if proj is not None and proj.ndim else 0,
    )
    dim, heads = architecture.embed_dim, architecture.num_heads
    fits = 0 < dim <= MAX_EMBED_DIM and 0 < heads <= dim and not dim % heads
    if not fits or dim % POSITIONAL_GROUPS or architecture.num_outputs > MAX_LABELS:
        reason = f"{dim} dimensions, {heads} heads, {architecture.num_outputs} outputs"
        raise invalid(name, TITLE, reason)
    require_shapes(tensors, architecture.shapes(), name, TITLE)
    return architecture


def alibi_slopes(num_heads: int) -> NDArray[np.float32]:
    """ALiBi's slope for each head [H] (Press et al. 2021, arXiv 2108.12409, section 3).

    A geometric series for a power of two; else the series of the next lower power, followed by
    every other slope of the next higher one. 12 heads: 2^-1 … 2^-8, then 2^-0.5, 2^-1.5, ….
    """
    power = 1 << (num_heads.bit_length() - 1)
    slopes = [2.0 ** (-8.0 * (i + 1) / power) for i in range(power)]
    between = [2.0 ** (-4.0 * (i + 1) / power) for i in range(0, 2 * power, 2)]
    return np.array([*slopes, *between[: num_heads - power]], dtype=np.float32)
