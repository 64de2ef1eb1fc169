"""The emotion2vec graph, from a waveform to frame embeddings and frame logits.

The network of emotion2vec (Ma et al. 2023, arXiv 2312.15185; a data2vec 2.0 audio encoder) in the
form that runs fastest on a CPU: the convolutional front end channel-last, as reshapes and matrix
products; the ALiBi bias made once from the length of the input and shared by all blocks.

Items of unequal length give exactly what each gives alone, because nothing past an item's own end
reaches it: the waveform is normalised over its own samples; the front end has no padding; its
padded frames are zero before each positional convolution, as beyond the end of a single clip; and
no query attends to them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voxcor.models.families.emotion2vec.architecture import (
    AUDIO,
    CONVOLUTIONS,
    NORM_EPS,
    NUM_EXTRA_TOKENS,
    POSITIONAL_DEPTH,
    POSITIONAL_GROUPS,
    POSITIONAL_KERNEL,
    Architecture,
    alibi_slopes,
)
from voxcor.models.family import Weights

if TYPE_CHECKING:
    from voxcor.models.graph import GraphBuilder

Tensors = Mapping[str, NDArray[np.float32]]

# Added to the attention logits of padding: exp() of it is exactly zero.
_MASKED = -1e9


def write_graph(graph: "GraphBuilder", weights: Weights, labels: Sequence[str]) -> tuple[str, ...]:
    """Adds the whole network to `graph`, up to its outputs.

    Args:
        graph: an opened builder.
        weights: of an emotion2vec.
        labels: one for each classifier row; empty for a network without classifier.

    Returns:
        The labels of the graph. Rows whose label begins with `unuse` are left out, which is what
        FunASR's -inf before the softmax amounts to.
    """
    architecture, tensors = weights
    assert isinstance(architecture, Architecture)
    x = _front_end(graph, _normalized_waveform(graph), tensors)  # [B, T, 512]
    # [B, T], true for an item's own frames.
    real = graph.up_to(graph.frame_counts(), graph.axis_length(x, 1))
    x = graph.layer_norm(x, tensors, f"{AUDIO}project_features.1.", NORM_EPS)
    x = graph.linear(x, tensors, f"{AUDIO}project_features.2.")
    x = graph.op("Add", x, _positions(graph, x, real, tensors))

    batch = graph.op("Shape", "lengths")
    tokens = graph.weight(f"{AUDIO}extra_tokens", tensors[f"{AUDIO}extra_tokens"])
    ones = graph.constant([1, 1])
    tokens = graph.op("Expand", tokens, graph.op("Concat", batch, ones, axis=0))
    x = graph.op("Concat", tokens, x, axis=1)
    x = graph.layer_norm(x, tensors, f"{AUDIO}context_encoder.norm.", NORM_EPS)
    bias = _attention_bias(graph, real, architecture, tensors)
    for block in architecture.blocks:
        x = _block(graph, x, bias, tensors, block, architecture)

    embeddings = graph.slice(x, NUM_EXTRA_TOKENS, None, axis=1)
    graph.rename(embeddings, "embeddings")
    kept = [row for row, label in enumerate(labels) if not label.startswith("unuse")]
    if kept:
        head = {name: tensors[name][kept] for name in ("proj.weight", "proj.bias")}
        graph.rename(graph.linear(embeddings, head, "proj."), "logits")
    return tuple(labels[row] for row in kept)


def _normalized_waveform(graph: "GraphBuilder") -> str:
    """Layer norm of each row over its own samples, without affine; padding becomes zero. [B, N]."""
    real = graph.up_to("lengths", graph.axis_length("waveform", 1))
    mask = graph.op("Cast", real, to=1)
    count = graph.op("Unsqueeze", graph.op("Cast", "lengths", to=1), graph.constant([1]))
    axis = graph.constant([1])

    def mean(value: str) -> str:
        return str(graph.op("Div", graph.op("ReduceSum", value, axis, keepdims=1), count))

    x = graph.op("Mul", "waveform", mask)
    x = graph.op("Mul", graph.op("Sub", x, mean(x)), mask)
    variance = mean(graph.op("Mul", x, x))
    scale = graph.op("Sqrt", graph.op("Add", variance, graph.floats(NORM_EPS)))
    return str(graph.op("Div", x, scale))


def _front_end(graph: "GraphBuilder", x: str, tensors: Tensors) -> str:
    """Seven valid convolutions, each with layer norm over channels and GELU; [B, N] to [B, T, 512].

    Channel-last a convolution whose kernel is a multiple of its stride, or one more than it, is a
    matrix product over rows that a reshape lays side by side; the one more is a product of its own.
    """
    x = graph.op("Unsqueeze", x, graph.constant([2]))  # [B, N, 1]
    channels_in = 1
    for layer, (channels, kernel, stride) in enumerate(CONVOLUTIONS):
        name = f"{AUDIO}local_encoder.conv_layers.{layer}."
        weight = np.transpose(tensors[f"{name}0.weight"], (2, 1, 0))  # [kernel, in, out]
        beyond_first = graph.op("Sub", graph.axis_length(x, 1), graph.constant(kernel))
        strides = graph.op("Div", beyond_first, graph.constant([stride]))
        steps = graph.op("Add", strides, graph.constant([1]))
        whole, rest = divmod(kernel, stride)
        parts = [
            _stepped_rows(graph, x, steps, part * stride, stride, channels_in)
            for part in range(whole)
        ]
        rows = graph.op("Concat", *parts, axis=2) if whole > 1 else parts[0]
        taps = weight[: whole * stride].reshape(-1, channels)
        out = graph.op("MatMul", rows, graph.weight(f"{name}0.rows", taps))
        if rest:
            rows = graph.slice(x, kernel - 1, None, axis=1, step=stride)
            tap = graph.op("MatMul", rows, graph.weight(f"{name}0.tap", weight[-1]))
            out = graph.op("Add", out, tap)
        x = graph.op("Gelu", graph.layer_norm(out, tensors, f"{name}2.1.", NORM_EPS))
        channels_in = channels
    return str(x)


def _stepped_rows(
    graph: "GraphBuilder", x: str, steps: str, start: int, stride: int, channels: int
) -> str:
    """The `stride` rows from `start` on for each step, side by side: [B, steps, stride * C]."""
    span = graph.op("Mul", steps, graph.constant([stride]))
    rows = graph.slice(x, start, graph.op("Add", span, graph.constant([start])), axis=1)
    shape = graph.op(
        "Concat", graph.constant([0]), steps, graph.constant([stride * channels]), axis=0
    )
    return str(graph.op("Reshape", rows, shape))


def _positions(graph: "GraphBuilder", x: str, real: str, tensors: Tensors) -> str:
    """Five grouped convolutions over time, each with layer norm without affine and GELU. [B, T, D].

    Frames of padding are zeroed before each, as the zero padding beyond a single clip's end.
    """
    mask = graph.op("Unsqueeze", graph.op("Cast", real, to=1), graph.constant([2]))
    dim = tensors[f"{AUDIO}project_features.2.bias"].shape[0]
    plain = graph.weight("positional_norm.weight", np.ones(dim, dtype=np.float32))
    pad = POSITIONAL_KERNEL // 2
    for layer in range(1, POSITIONAL_DEPTH + 1):
        name = f"{AUDIO}relative_positional_encoder.{layer}.0."
        x = graph.op("Transpose", graph.op("Mul", x, mask), perm=[0, 2, 1])
        x = graph.op(
            "Conv",
            x,
            graph.weight(f"{name}weight", tensors[f"{name}weight"]),
            graph.weight(f"{name}bias", tensors[f"{name}bias"]),
            group=POSITIONAL_GROUPS,
            pads=[pad, pad],
        )
        x = graph.op("Transpose", x, perm=[0, 2, 1])
        x = graph.op("LayerNormalization", x, plain, axis=-1, epsilon=NORM_EPS)
        x = graph.op("Gelu", x)
    return str(x)


def _attention_bias(
    graph: "GraphBuilder", real: str, architecture: Architecture, tensors: Tensors
) -> str:
    """ALiBi and the padding mask in one tensor, [B, H, 10 + T, 10 + T], shared by all blocks.

    -|i - j| * slope for frames i and j, 0 where either is one of the extra tokens.
    """
    scale = tensors[f"{AUDIO}alibi_scale"].reshape(-1)
    slopes = -alibi_slopes(architecture.num_heads) * np.maximum(scale, 0)
    frames = graph.axis_length(real, 1)
    first, step = graph.floats(0), graph.floats(1)
    steps = graph.op("Range", first, graph.scalar(graph.op("Cast", frames, to=1)), step)
    column = graph.op("Unsqueeze", steps, graph.constant([1]))
    distance = graph.op("Abs", graph.op("Sub", steps, column))  # [T, T]
    alibi = graph.op("Mul", distance, graph.weight("alibi_slopes", slopes.reshape(1, -1, 1, 1)))
    before = [0, 0, NUM_EXTRA_TOKENS, NUM_EXTRA_TOKENS, 0, 0, 0, 0]
    alibi = graph.op("Pad", alibi, graph.constant(before))
    hidden = graph.op("Where", real, graph.floats(0), graph.floats(_MASKED))
    hidden = graph.op("Pad", hidden, graph.constant([0, NUM_EXTRA_TOKENS, 0, 0]))
    return str(graph.op("Add", alibi, graph.op("Unsqueeze", hidden, graph.constant([1, 2]))))


def _block(
    graph: "GraphBuilder",
    x: str,
    bias: str,
    tensors: Tensors,
    name: str,
    architecture: Architecture,
) -> str:
    """A post-norm transformer block: attention, norm, GELU network, norm. [B, 10 + T, D]."""
    attended = _attention(graph, x, bias, tensors, f"{name}attn.", architecture)
    x = graph.layer_norm(graph.op("Add", x, attended), tensors, f"{name}norm1.", NORM_EPS)
    hidden = graph.op("Gelu", graph.linear(x, tensors, f"{name}mlp.fc1."))
    out = graph.linear(hidden, tensors, f"{name}mlp.fc2.")
    return graph.layer_norm(graph.op("Add", x, out), tensors, f"{name}norm2.", NORM_EPS)


def _attention(
    graph: "GraphBuilder",
    x: str,
    bias: str,
    tensors: Tensors,
    name: str,
    architecture: Architecture,
) -> str:
    D, H = architecture.embed_dim, architecture.num_heads
    projected = []
    for place, part in enumerate(("q", "k", "v")):
        rows = slice(place * D, (place + 1) * D)
        linear = {
            f"{name}{part}.{kind}": tensors[f"{name}qkv.{kind}"][rows]
            for kind in ("weight", "bias")
        }
        projected.append(graph.linear(x, linear, f"{name}{part}."))
    mixed = graph.op("Attention", *projected, bias, q_num_heads=H, kv_num_heads=H)
    return graph.linear(mixed, tensors, f"{name}proj.")
