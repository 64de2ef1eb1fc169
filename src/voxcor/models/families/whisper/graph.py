"""Whisper's encoder as a graph, from a waveform to frame embeddings and frame logits.

The network of Radford et al. 2022 (arXiv 2212.04356) with three differences, all so that a frame's
answer is that of its sound and of nothing else:

- The spectrogram is not centred: its frame i covers samples [160 i, 160 i + 400), so that after the
  second convolution, which halves the rate, frames lie on the grid of `voxcor.frames`.
- A clip's loudest point lies at `LEVEL`, however loud the recording is.
- Positions and attention begin anew every `window` frames; Whisper fills 30 s with silence instead.

Items of unequal length give exactly what each gives alone: what lies past an item's own end counts
for no maximum, is zero before each convolution, as beyond the end of a single clip, and no query
attends to it.

A network may smooth its frames last of all; the mean over an item stays what it was.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from voxcor.models.families.whisper.architecture import (
    CONV1,
    CONV2,
    FINAL_NORM,
    HEAD,
    KERNEL,
    NORM_EPS,
    POSITIONS,
    SMOOTHING,
    Tensors,
    WhisperEncoder,
)
from voxcor.models.families.whisper.spectrogram import (
    FFT_SIZE,
    FLOOR,
    LEAST_POWER,
    LEVEL,
    MEL_HOP,
    fourier_basis,
    mel_filters,
)
from voxcor.models.family import Weights

if TYPE_CHECKING:
    from voxcor.models.graph import GraphBuilder

# Added to the attention logits of padding: exp() of it is exactly zero.
_MASKED = -1e9

FOURIER, MEL_FILTERS = "spectrogram.fourier", "spectrogram.mel"


def write_graph(graph: "GraphBuilder", weights: Weights, labels: Sequence[str]) -> tuple[str, ...]:
    """Adds the whole network to `graph`, up to its outputs.

    Args:
        graph: an opened builder.
        weights: the network.
        labels: one for each classifier row; empty for a network without classifier.

    Returns:
        The labels.
    """
    architecture, tensors = weights
    assert isinstance(architecture, WhisperEncoder)
    x, real = _spectrogram(graph, architecture.mel_bands)  # [B, F, M], 100 a second
    x = graph.op("Gelu", _convolution(graph, x, tensors, CONV1, stride=1))
    x = graph.op("Where", real, x, graph.floats(0))
    x = graph.op("Gelu", _convolution(graph, x, tensors, CONV2, stride=2))  # [B, T, D]

    frames = graph.axis_length(x, 1)
    real = graph.up_to(graph.frame_counts(), frames)
    window = graph.op("Min", frames, graph.constant([architecture.window]))
    x, inside = _in_windows(graph, x, real, frames, window)
    positions = graph.weight(POSITIONS, tensors[POSITIONS])
    x = graph.op("Add", x, graph.slice(positions, 0, window, axis=0))
    hidden = graph.op("Where", inside, graph.floats(0), graph.floats(_MASKED))
    bias = graph.op("Unsqueeze", hidden, graph.constant([1, 2]))
    one = graph.constant([1])
    # The operator wants a row for each query, though all are alike: [B * windows, 1, W, W].
    bias = graph.op("Expand", bias, graph.op("Concat", one, one, window, one, axis=0))
    for block in architecture.blocks:
        x = _block(graph, x, bias, tensors, block, architecture.num_heads)
    if architecture.final_norm:
        x = graph.layer_norm(x, tensors, FINAL_NORM, NORM_EPS)
    batch = graph.op("Shape", "lengths")
    shape = graph.op("Concat", batch, graph.constant([-1, architecture.embed_dim]), axis=0)
    x = graph.op("Reshape", x, shape)
    embeddings = graph.slice(x, 0, frames, axis=1)
    if architecture.smoothing:
        embeddings = _smoothed(graph, embeddings, real, tensors)
    graph.rename(embeddings, "embeddings")
    if labels:
        graph.rename(graph.linear(embeddings, tensors, HEAD), "logits")
    return tuple(labels)


def _spectrogram(graph: "GraphBuilder", bands: int) -> tuple[str, str]:
    """The log-mel spectrogram [B, F, M], zero beyond an item's end; and what is not, [B, F, 1]."""
    x = graph.op("Unsqueeze", "waveform", graph.constant([1]))  # [B, 1, N]
    basis = graph.weight(FOURIER, fourier_basis()[:, None, :])
    x = graph.op("Conv", x, basis, strides=[MEL_HOP])  # [B, 2 * 201, F]
    x = graph.op("Mul", x, x)
    real_part, imaginary_part = graph.op("Split", x, axis=1, num_outputs=2, outputs=2)
    power = graph.op("Add", real_part, imaginary_part)
    # As a convolution of one tap it is nowhere taken for a product that 8 bits could hold.
    filters = graph.weight(MEL_FILTERS, mel_filters(bands)[:, :, None])
    x = graph.op("Max", graph.op("Conv", power, filters), graph.floats(LEAST_POWER))
    x = graph.op("Mul", graph.op("Log", x), graph.floats(1 / np.log(10)))
    x = graph.op("Transpose", x, perm=[0, 2, 1])  # [B, F, M]
    beyond_first = graph.op("Sub", "lengths", graph.constant(FFT_SIZE))
    hops = graph.op("Div", beyond_first, graph.constant(MEL_HOP))
    counts = graph.op("Add", hops, graph.constant(1))
    real = graph.up_to(counts, graph.axis_length(x, 1))
    real = graph.op("Unsqueeze", real, graph.constant([2]))
    top = graph.op("Where", real, x, graph.floats(np.log10(LEAST_POWER)))
    top = graph.op("ReduceMax", top, graph.constant([1, 2]), keepdims=1)
    x = graph.op("Max", graph.op("Sub", x, top), graph.floats(FLOOR))
    x = graph.op("Mul", graph.op("Add", x, graph.floats(LEVEL + 4)), graph.floats(1 / 4))
    return str(graph.op("Where", real, x, graph.floats(0))), str(real)


def _convolution(graph: "GraphBuilder", x: str, tensors: Tensors, name: str, *, stride: int) -> str:
    """Three taps and a zero at both ends, as a product over rows side by side. [B, F', D]."""
    weight = np.transpose(tensors[f"{name}weight"], (2, 1, 0))  # [taps, in, out]
    padded = graph.op("Pad", x, graph.constant([0, 1, 0, 0, 1, 0]))
    length = graph.axis_length(x, 1)
    rows = []
    for tap in range(KERNEL):
        end = graph.op("Add", length, graph.constant([tap]))
        rows.append(graph.slice(padded, tap, end, axis=1, step=stride))
    joined = graph.op("Concat", *rows, axis=2)
    taps = graph.weight(f"{name}rows", weight.reshape(-1, weight.shape[2]))
    bias = graph.weight(f"{name}bias", tensors[f"{name}bias"])
    return str(graph.op("Add", graph.op("MatMul", joined, taps), bias))


def _in_windows(
    graph: "GraphBuilder", x: str, real: str, frames: str, window: str
) -> tuple[str, str]:
    """Frames [B, T, D] as [B * windows, window, D], filled up at their end; `real` likewise."""
    missing = graph.op("Mod", graph.op("Neg", frames), window)
    dim = graph.axis_length(x, 2)
    zero, minus = graph.constant([0]), graph.constant([-1])
    pads = graph.op("Concat", graph.constant([0, 0, 0, 0]), missing, zero, axis=0)
    x = graph.op("Pad", x, pads)
    x = graph.op("Reshape", x, graph.op("Concat", minus, window, dim, axis=0))
    pads = graph.op("Concat", graph.constant([0, 0, 0]), missing, axis=0)
    numbers = graph.op("Pad", graph.op("Cast", real, to=1), pads)
    real = graph.op("Cast", numbers, to=9)
    return str(x), str(graph.op("Reshape", real, graph.op("Concat", minus, window, axis=0)))


def _block(
    graph: "GraphBuilder", x: str, bias: str, tensors: Tensors, name: str, num_heads: int
) -> str:
    """A pre-norm transformer block: norm, attention, norm, GELU network. [B, T, D]."""
    normal = graph.layer_norm(x, tensors, f"{name}attn_ln.", NORM_EPS)
    projected = [
        graph.linear(normal, tensors, f"{name}attn.{part}.") for part in ("query", "key", "value")
    ]
    mixed = graph.op("Attention", *projected, bias, q_num_heads=num_heads, kv_num_heads=num_heads)
    x = graph.op("Add", x, graph.linear(mixed, tensors, f"{name}attn.out."))
    normal = graph.layer_norm(x, tensors, f"{name}mlp_ln.", NORM_EPS)
    hidden = graph.op("Gelu", graph.linear(normal, tensors, f"{name}mlp.0."))
    return str(graph.op("Add", x, graph.linear(hidden, tensors, f"{name}mlp.2.")))


def _smoothed(graph: "GraphBuilder", x: str, real: str, tensors: Tensors) -> str:
    """Each frame as the weighted mean of those around it, [B, T, D].

    The weight of a neighbour that an item does not have stays with the frame itself. The kernel is
    symmetric, so frames give each other as much as they take, and an item's mean stays.
    """
    taps = tensors[SMOOTHING]
    pads = [len(taps) // 2] * 2
    dim = len(tensors[f"{CONV2}bias"])
    kernel = graph.op("Unsqueeze", graph.weight(SMOOTHING, taps), graph.constant([0, 1]))
    presence = graph.op("Cast", graph.op("Unsqueeze", real, graph.constant([1])), to=1)
    x = graph.op("Mul", graph.op("Transpose", x, perm=[0, 2, 1]), presence)  # [B, D, T]
    present = graph.op("Conv", presence, kernel, pads=pads)
    missing = graph.op("Sub", graph.floats(1), present)
    kernels = graph.op("Expand", kernel, graph.constant([dim, 1, 1]))
    around = graph.op("Conv", x, kernels, group=dim, pads=pads)
    x = graph.op("Add", around, graph.op("Mul", x, missing))
    return str(graph.op("Transpose", x, perm=[0, 2, 1]))
