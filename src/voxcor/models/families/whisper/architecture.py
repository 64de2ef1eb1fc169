"""Whisper's encoder: its sizes, and the shape of every tensor it is made of.

The encoder of Radford et al. 2022 (arXiv 2212.04356), whole or its first blocks. Tensors are named
as in OpenAI's own files; the classifier and the smoothing, which those do not have, are `head` and
`smoothing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from voxcor.models.checkpoint import count_blocks, invalid, require_shapes
from voxcor.models.family import MAX_LABELS, Architecture

# The same at all sizes, from whisper's `model.py` and `audio.py`.
NORM_EPS = 1e-5
MLP_RATIO = 4
HEAD_DIM = 64
KERNEL = 3  # taps of both convolutions
MAX_WINDOW = 1500  # frames, 30 s: as many positions as there are
MEL_BANDS = (80, 128)  # 128 since large-v3

# Several times the largest that is published: beyond it a file only wants our memory.
MAX_EMBED_DIM = 8192

Tensors = Mapping[str, NDArray[np.float32]]

TITLE = "Whisper"

CONV1, CONV2 = "encoder.conv1.", "encoder.conv2."
POSITIONS = "encoder.positional_embedding"
FINAL_NORM = "encoder.ln_post."
HEAD = "head."
SMOOTHING = "smoothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperEncoder(Architecture):
    """What tells one encoder from another.

    Attributes:
        mel_bands: of the spectrogram.
        depth: how many blocks.
        window: frames after which positions and attention begin anew, so that what is heard of
            a clip does not depend on how long it is.
        final_norm: whether a layer norm follows the last block, as in the whole encoder.
        smoothing: taps of the kernel, symmetric and of sum 1, that frame embeddings are smoothed
            with last of all; odd, or 0 for none.
    """

    mel_bands: int
    depth: int
    window: int
    final_norm: bool
    smoothing: int = 0

    @property
    def num_heads(self) -> int:
        """Heads of attention."""
        return self.embed_dim // HEAD_DIM

    @property
    def blocks(self) -> tuple[str, ...]:
        """The name prefixes of the blocks, in the order they run."""
        return tuple(f"encoder.blocks.{i}." for i in range(self.depth))

    def up_to(self, depth: int) -> Self:
        """Of the first blocks alone, which no norm and no smoothing follows."""
        return replace(self, depth=depth, final_norm=False, smoothing=0, num_outputs=0)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor of inference and its shape."""
        D, F = self.embed_dim, MLP_RATIO * self.embed_dim
        shapes: dict[str, tuple[int, ...]] = {
            f"{CONV1}weight": (D, self.mel_bands, KERNEL),
            f"{CONV1}bias": (D,),
            f"{CONV2}weight": (D, D, KERNEL),
            f"{CONV2}bias": (D,),
            POSITIONS: (self.window, D),
        }
        for block in self.blocks:
            for name, (rows, columns) in {
                "attn.query": (D, D),
                "attn.key": (D, D),
                "attn.value": (D, D),
                "attn.out": (D, D),
                "mlp.0": (F, D),
                "mlp.2": (D, F),
            }.items():
                shapes[f"{block}{name}.weight"] = (rows, columns)
                shapes[f"{block}{name}.bias"] = (rows,)
            del shapes[f"{block}attn.key.bias"]  # it would change nothing
            for norm in ("attn_ln", "mlp_ln"):
                shapes[f"{block}{norm}.weight"] = shapes[f"{block}{norm}.bias"] = (D,)
        if self.final_norm:
            shapes[f"{FINAL_NORM}weight"] = shapes[f"{FINAL_NORM}bias"] = (D,)
        if self.smoothing:
            shapes[SMOOTHING] = (self.smoothing,)
        if self.num_outputs:
            shapes[f"{HEAD}weight"] = (self.num_outputs, D)
            shapes[f"{HEAD}bias"] = (self.num_outputs,)
        return shapes


def read_architecture(tensors: Mapping[str, NDArray[np.generic]], name: str) -> WhisperEncoder:
    """The encoder whose tensors these are; more tensors than it needs are ignored.

    Args:
        tensors: by OpenAI's names.
        name: the checkpoint's path, for the error.

    Raises:
        CheckpointInvalid: a tensor is missing, or has another shape than the rest calls for, or no
            floating-point numbers; or the sizes are no encoder's.
    """
    first, positions = tensors.get(f"{CONV1}weight"), tensors.get(POSITIONS)
    if first is None or first.ndim != 3 or positions is None or positions.ndim != 2:
        raise invalid(name, TITLE, f"no {CONV1}weight or {POSITIONS}")
    head, smoothing = tensors.get(f"{HEAD}weight"), tensors.get(SMOOTHING)
    architecture = WhisperEncoder(
        embed_dim=first.shape[0],
        mel_bands=first.shape[1],
        depth=count_blocks(tensors, "encoder.blocks.", name, TITLE),
        window=positions.shape[0],
        final_norm=f"{FINAL_NORM}weight" in tensors,
        smoothing=smoothing.size if smoothing is not None else 0,
        num_outputs=head.shape[0] if head is not None and head.ndim else 0,
    )
    dim = architecture.embed_dim
    fits = 0 < dim <= MAX_EMBED_DIM and not dim % HEAD_DIM
    fits = fits and architecture.mel_bands in MEL_BANDS
    fits = fits and 0 < architecture.window <= MAX_WINDOW and architecture.depth > 0
    fits = fits and (not architecture.smoothing or architecture.smoothing % 2 == 1)
    if not fits or architecture.num_outputs > MAX_LABELS:
        reason = (
            f"{dim} dimensions, {architecture.mel_bands} bands, {architecture.depth} blocks, "
            f"{architecture.window} positions, {architecture.smoothing} taps of smoothing, "
            f"{architecture.num_outputs} outputs"
        )
        raise invalid(name, TITLE, reason)
    require_shapes(tensors, architecture.shapes(), name, TITLE)
    return architecture
