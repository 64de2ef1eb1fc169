"""Whisper's encoder in PyTorch, for training: what `write_graph` writes as a graph.

The graph's module says how it differs from Radford et al. 2022. B clips, N samples, F frames of the
spectrogram, T frames, D dimensions, L labels.
"""

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv1d, gelu, pad, scaled_dot_product_attention

from voxcor.models.families.whisper.architecture import (
    CONV1,
    CONV2,
    FINAL_NORM,
    KERNEL,
    MLP_RATIO,
    NORM_EPS,
    POSITIONS,
    WhisperEncoder,
)
from voxcor.models.families.whisper.spectrogram import (
    FFT_SIZE,
    FLOOR,
    LEAST_POWER,
    LEVEL,
    MEL_HOP,
    mel_filters,
)
from voxcor.models.family import Weights
from voxcor.models.trainable import TrainableNetwork

DROPOUT = 0.1


class Spectrogram(nn.Module):
    """The log-mel spectrogram, without weights that could be trained."""

    window: Tensor
    filters: Tensor

    def __init__(self, mel_bands: int) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(FFT_SIZE), persistent=False)
        filters = torch.from_numpy(mel_filters(mel_bands))
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """[B, M, F], padding zero, and which of the frames are an item's own, bool [B, 1, F]."""
        counts = torch.div(lengths - FFT_SIZE, MEL_HOP, rounding_mode="floor") + 1
        with torch.autocast(waveforms.device.type, enabled=False):
            spectrum = torch.stft(
                waveforms.float(),
                FFT_SIZE,
                MEL_HOP,
                window=self.window,
                center=False,
                return_complex=True,
            )
            power = spectrum.real.square() + spectrum.imag.square()
            x = (self.filters @ power).clamp(min=LEAST_POWER).log10()
        real = (torch.arange(x.shape[2], device=x.device) < counts[:, None])[:, None]
        top = x.masked_fill(~real, float(np.log10(LEAST_POWER))).amax(dim=(1, 2), keepdim=True)
        x = ((x - top).clamp(min=FLOOR) + (LEVEL + 4)) / 4
        return x.masked_fill(~real, 0), real


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim, bias=False)
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        B, T, D = x.shape
        query, key, value = (
            linear(x).view(B, T, self.num_heads, -1).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        )
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=real)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(B, T, D))
        return out


class Block(nn.Module):
    """A pre-norm transformer block. [B, T, D]; `real` is bool [B, 1, 1, T]."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.attn_ln = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = Attention(dim, num_heads)
        self.mlp_ln = nn.LayerNorm(dim, eps=NORM_EPS)
        self.fc1 = nn.Linear(dim, MLP_RATIO * dim)
        self.fc2 = nn.Linear(MLP_RATIO * dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        x = x + self.dropout(self.attn(self.attn_ln(x), real))
        out: Tensor = x + self.dropout(self.fc2(gelu(self.fc1(self.mlp_ln(x)))))
        return out


class WhisperNetwork(TrainableNetwork):
    """The encoder with a classifier, from padded waveforms to one row of logits for each.

    Args:
        architecture: the sizes; with a classifier.
        dropout: 0..1, while training.
        gradient_checkpointing: keep only what goes into a block and compute the rest again on the
            way back.
    """

    lora_layers: ClassVar[tuple[str, ...]] = (
        "attn.query",
        "attn.key",
        "attn.value",
        "attn.out",
        "fc1",
        "fc2",
    )
    smoothing: Tensor | None

    def __init__(
        self,
        architecture: WhisperEncoder,
        *,
        dropout: float = DROPOUT,
        gradient_checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.gradient_checkpointing = gradient_checkpointing
        D = architecture.embed_dim
        self.spectrogram = Spectrogram(architecture.mel_bands)
        self.front_end = nn.ModuleList(
            (
                nn.Conv1d(architecture.mel_bands, D, KERNEL, padding=1),
                nn.Conv1d(D, D, KERNEL, stride=2, padding=1),
            )
        )
        # Sines that Whisper never trained, either.
        positions = torch.zeros(architecture.window, D)
        self.positions = nn.Parameter(positions, requires_grad=False)
        self.blocks = nn.ModuleList(
            Block(D, architecture.num_heads, dropout) for _ in architecture.blocks
        )
        self.final_norm = nn.LayerNorm(D, eps=NORM_EPS) if architecture.final_norm else None
        taps = torch.zeros(architecture.smoothing) if architecture.smoothing else None
        self.register_buffer("smoothing", taps)
        self.head = nn.Linear(D, architecture.num_outputs)

    def embed(
        self,
        waveforms: Tensor,
        lengths: Tensor,
        hidden_frames: Tensor | None = None,
        hidden_channels: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        x, real = self.spectrogram(waveforms, lengths)
        first, second = self.front_end
        x = gelu(first(x)).masked_fill(~real, 0)
        x = gelu(second(x)).transpose(1, 2)  # [B, T, D]
        real = real[:, 0, ::2]
        if hidden_frames is not None:
            x = x.masked_fill(hidden_frames[:, :, None], 0)
        if hidden_channels is not None:
            x = x.masked_fill(hidden_channels[:, None, :], 0)

        B, T, D = x.shape
        window = min(T, len(self.positions))
        missing = -T % window
        x = pad(x, (0, 0, 0, missing)).reshape(-1, window, D) + self.positions[:window]
        inside = pad(real, (0, missing)).reshape(-1, 1, 1, window)
        # A window with nothing of its item in it is thrown away below, but must not divide by zero.
        inside = inside | ~inside.any(dim=3, keepdim=True)
        for block in self.blocks:
            x = self.run_layer(block, x, inside)
        if self.final_norm is not None:
            x = self.final_norm(x)
        x, real = x.reshape(B, -1, D)[:, :T], real[:, :, None]
        if self.smoothing is not None:
            x = _smoothed(x, real, self.smoothing)
        return x, real


def _smoothed(x: Tensor, real: Tensor, taps: Tensor) -> Tensor:
    """[B, T, D] by a kernel [K]; what a frame's neighbours lack stays with it. See `graph`."""
    presence = real.transpose(1, 2).to(x.dtype)
    x = x.transpose(1, 2) * presence
    kernel = taps.to(x.dtype).expand(x.shape[1], 1, -1)
    around = conv1d(x, kernel, padding=len(taps) // 2, groups=x.shape[1])
    present = conv1d(presence, kernel[:1], padding=len(taps) // 2)
    return (around + x * (1 - present)).transpose(1, 2)


def make_network(weights: Weights, gradient_checkpointing: bool) -> WhisperNetwork:
    """The network with these weights, ready to be trained."""
    architecture, tensors = weights
    assert isinstance(architecture, WhisperEncoder)
    network = WhisperNetwork(architecture, gradient_checkpointing=gradient_checkpointing)
    named = {
        name: torch.from_numpy(np.array(tensors[checkpoint_name(name)], dtype=np.float32))
        for name in network.state_dict()
    }
    network.load_state_dict(named, assign=True)
    network.positions.requires_grad = False
    return network


def tensors_of(network: WhisperNetwork) -> dict[str, NDArray[Any]]:
    """The network's weights by the checkpoint's names; the inverse of `make_network`."""
    return {
        checkpoint_name(name): value.detach().cpu().numpy()
        for name, value in network.state_dict().items()
    }


def checkpoint_name(name: str) -> str:
    """OpenAI's name of one of this module's parameters."""
    if name == "positions":
        return POSITIONS
    for ours, theirs in (
        ("front_end.0.", CONV1),
        ("front_end.1.", CONV2),
        ("final_norm.", FINAL_NORM),
        ("blocks.", "encoder.blocks."),
    ):
        if name.startswith(ours):
            name = theirs + name.removeprefix(ours)
            break
    return name.replace(".fc1.", ".mlp.0.").replace(".fc2.", ".mlp.2.")
