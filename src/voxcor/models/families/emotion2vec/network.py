"""emotion2vec in PyTorch, for training: what the module beside it writes as a graph.

The network of Ma et al. 2023 (arXiv 2312.15185), a data2vec 2.0 audio encoder (Baevski et al. 2022,
arXiv 2212.07525): seven convolutions make 50 frames a second, five more tell them where they are,
post-norm transformer blocks mix them, ten learned tokens ride along. B clips, N samples, T frames,
D dimensions, H heads, L labels.

Items of unequal length give exactly what each gives alone, see the graph's module for how.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, linear, pad, scaled_dot_product_attention

from voxcor.frames import HOP, RECEPTIVE_FIELD
from voxcor.models.families.emotion2vec.architecture import (
    AUDIO,
    CONVOLUTIONS,
    MLP_RATIO,
    NORM_EPS,
    NUM_EXTRA_TOKENS,
    POSITIONAL_DEPTH,
    POSITIONAL_GROUPS,
    POSITIONAL_KERNEL,
    Architecture,
    alibi_slopes,
)
from voxcor.models.family import Weights
from voxcor.models.trainable import TrainableNetwork

# encoder_dropout, post_mlp_drop and prenet_dropout of the released config.yaml. Its dropout of
# attention weights is left out: it would forbid the kernels that never build them.
DROPOUT = 0.1


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Attention with a bias, by the fastest kernel torch has. [B, H, N, d] each; bias adds."""
    return scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))


class ConvLayer(nn.Module):
    """A convolution without padding, layer norm over channels, GELU. [B, N, C] to [B, N', C']."""

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels_in, channels, kernel, stride, bias=False)
        self.norm = nn.LayerNorm(channels, eps=NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        # As a product of matrices over windows: the norm wants the channels last, and without
        # turning them over and back the front end takes half the time on a CPU.
        windows = x.unfold(1, *self.conv.kernel_size, *self.conv.stride)  # [B, N', C, kernel]
        return gelu(self.norm(linear(windows.flatten(2), self.conv.weight.flatten(1))))


class Attention(nn.Module):
    """Multi-head self-attention with ALiBi's bias."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        B, N, D = x.shape
        qkv = self.qkv(x).view(B, N, 3, self.num_heads, D // self.num_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # [B, H, N, d] each
        mixed = attend(query, key, value, bias)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(B, N, D))
        return out


class MLP(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, MLP_RATIO * dim)
        self.fc2 = nn.Linear(MLP_RATIO * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """A post-norm transformer block. [B, 10 + T, D]."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.attn = Attention(dim, num_heads)
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = MLP(dim)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.norm1(x + self.dropout(self.attn(x, bias)))
        out: Tensor = self.norm2(x + self.dropout(self.mlp(x)))
        return out


class Emotion2vec(TrainableNetwork):
    """The whole network, from padded waveforms to one row of logits for each.

    `blocks` holds those before the main ones, too, in the order they run: they are of one kind.

    Args:
        architecture: the sizes; with a classifier.
        dropout: 0..1, while training.
        gradient_checkpointing: keep only what goes into a layer and compute the rest again on the
            way back; a third more work, a fraction of the memory.
    """

    lora_layers = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")
    undecayed = frozenset({"extra_tokens"})

    architecture: Architecture

    def __init__(
        self,
        architecture: Architecture,
        *,
        dropout: float = DROPOUT,
        gradient_checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.gradient_checkpointing = gradient_checkpointing
        D, H = architecture.embed_dim, architecture.num_heads
        channels = [1, *(channels for channels, _, _ in CONVOLUTIONS)]
        self.front_end = nn.ModuleList(
            ConvLayer(channels_in, out, kernel, stride)
            for channels_in, (out, kernel, stride) in zip(channels, CONVOLUTIONS, strict=False)
        )
        self.feature_norm = nn.LayerNorm(channels[-1], eps=NORM_EPS)
        self.feature_linear = nn.Linear(channels[-1], D)
        self.positions = nn.ModuleList(
            nn.Conv1d(
                D, D, POSITIONAL_KERNEL, padding=POSITIONAL_KERNEL // 2, groups=POSITIONAL_GROUPS
            )
            for _ in range(POSITIONAL_DEPTH)
        )
        self.extra_tokens = nn.Parameter(torch.zeros(1, NUM_EXTRA_TOKENS, D))
        # Pre-training settled it; its gradient would forbid the fast kernels of attention.
        self.alibi_scale = nn.Parameter(torch.ones(1, 1, H, 1, 1), requires_grad=False)
        self.context_norm = nn.LayerNorm(D, eps=NORM_EPS)
        self.blocks = nn.ModuleList(Block(D, H, dropout) for _ in architecture.blocks)
        self.head = nn.Linear(D, architecture.num_outputs)
        self.dropout = nn.Dropout(dropout)

    def embed(
        self,
        waveforms: Tensor,
        lengths: Tensor,
        hidden_frames: Tensor | None = None,
        hidden_channels: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        x = normalized(waveforms, lengths).unsqueeze(2)  # [B, N, 1]
        for layer in self.front_end:
            x = self.run_layer(layer, x)  # [B, T, 512] in the end
        x = self.feature_linear(self.feature_norm(x))  # [B, T, D]
        frames = (lengths - RECEPTIVE_FIELD) // HOP + 1
        real = torch.arange(x.shape[1], device=x.device) < frames[:, None]
        if hidden_frames is not None:
            x = x.masked_fill(hidden_frames[:, :, None], 0)
        if hidden_channels is not None:
            x = x.masked_fill(hidden_channels[:, None, :], 0)
        x = x + self._position(x, real[:, :, None])

        tokens = self.extra_tokens.expand(len(x), -1, -1)
        x = self.dropout(self.context_norm(torch.cat([tokens, x], dim=1)))  # [B, 10 + T, D]
        bias = attention_bias(self.alibi_scale, real)
        for block in self.blocks:
            x = self.run_layer(block, x, bias)
        return x[:, NUM_EXTRA_TOKENS:], real[:, :, None]

    def _position(self, x: Tensor, real: Tensor) -> Tensor:
        """Five grouped convolutions over time, each with layer norm without affine and GELU."""
        for conv in self.positions:
            x = conv(x.masked_fill(~real, 0).transpose(1, 2)).transpose(1, 2)
            x = gelu(layer_norm(x, x.shape[-1:], eps=NORM_EPS))
        return x


def normalized(waveforms: Tensor, lengths: Tensor) -> Tensor:
    """Layer norm of each row over its own samples, without affine; padding becomes zero. [B, N]."""
    padding = torch.arange(waveforms.shape[1], device=lengths.device) >= lengths[:, None]
    count = lengths[:, None]
    x = waveforms.masked_fill(padding, 0)
    x = (x - x.sum(dim=1, keepdim=True) / count).masked_fill(padding, 0)
    variance = x.square().sum(dim=1, keepdim=True) / count
    return x * (variance + NORM_EPS).rsqrt()


def attention_bias(alibi_scale: Tensor, real: Tensor) -> Tensor:
    """ALiBi and the padding mask in one, [B, H, 10 + T, 10 + T].

    -|i - j| * slope for frames i and j, 0 where either is one of the extra tokens, -inf where j
    is padding.
    """
    scale = alibi_scale.view(1, -1, 1, 1).clamp(min=0)
    slopes = torch.from_numpy(alibi_slopes(scale.shape[1])).to(scale.device)
    steps = torch.arange(real.shape[1], device=real.device)
    distance = (steps[:, None] - steps).abs()  # [T, T]
    alibi = -distance * (slopes.view(1, -1, 1, 1) * scale)
    before = NUM_EXTRA_TOKENS
    alibi = pad(alibi, (before, 0, before, 0))
    padding = pad(~real, (before, 0), value=False)
    return alibi.masked_fill(padding[:, None, None, :], -torch.inf)


def make_network(weights: Weights, gradient_checkpointing: bool) -> Emotion2vec:
    """A network with these weights, and no others in between."""
    assert isinstance(weights.architecture, Architecture)
    with torch.device("meta"):
        network = Emotion2vec(weights.architecture, gradient_checkpointing=gradient_checkpointing)
    load(network, weights.tensors)
    return network


def load(model: Emotion2vec, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Gives the network its weights, copied from tensors by the checkpoint's names."""
    own = model.state_dict()
    named = {
        ours: torch.from_numpy(np.array(tensors[theirs], dtype=np.float32))
        for ours, theirs in zip(own, map(_checkpoint_name(model.architecture), own), strict=True)
    }
    model.load_state_dict(named, assign=True)


def tensors_of(model: Emotion2vec) -> dict[str, NDArray[np.float32]]:
    """The network's weights by the checkpoint's names; the inverse of `load`."""
    rename = _checkpoint_name(model.architecture)
    return {rename(name): value.cpu().numpy() for name, value in model.state_dict().items()}


def _checkpoint_name(architecture: Architecture) -> Callable[[str], str]:
    """Translates names of this module's parameters: `blocks.5.mlp.fc1.bias` and the like."""
    prefixes = {
        "feature_norm.": f"{AUDIO}project_features.1.",
        "feature_linear.": f"{AUDIO}project_features.2.",
        "extra_tokens": f"{AUDIO}extra_tokens",
        "alibi_scale": f"{AUDIO}alibi_scale",
        "context_norm.": f"{AUDIO}context_encoder.norm.",
        "head.": "proj.",
        **{f"blocks.{i}.": block for i, block in enumerate(architecture.blocks)},
    }
    for i in range(len(CONVOLUTIONS)):
        layer = f"{AUDIO}local_encoder.conv_layers.{i}."
        prefixes |= {f"front_end.{i}.conv.": f"{layer}0.", f"front_end.{i}.norm.": f"{layer}2.1."}
    for i in range(POSITIONAL_DEPTH):
        prefixes[f"positions.{i}."] = f"{AUDIO}relative_positional_encoder.{i + 1}.0."

    def rename(name: str) -> str:
        prefix = next(prefix for prefix in prefixes if name.startswith(prefix))
        return prefixes[prefix] + name.removeprefix(prefix)

    return rename
