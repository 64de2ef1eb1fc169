"""What `voxcor.training` asks of a family's network in PyTorch."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from voxcor.models.family import Architecture


class TrainableNetwork(nn.Module):
    """A network from padded waveforms to one row of logits for each.

    The names of its parameters say where they lie: `front_end.` turns samples into frames,
    `blocks.N.` is block N in the order they run, `head.` the classifier; all else lies below the
    blocks. B clips, N samples, T frames, D dimensions, L labels.

    Attributes:
        lora_layers: the linear layers of a block that LoRA adapts.
        undecayed: parameters of more than one axis that do not decay to zero all the same.
    """

    lora_layers: ClassVar[tuple[str, ...]]
    undecayed: ClassVar[frozenset[str]] = frozenset()

    architecture: Architecture
    blocks: nn.ModuleList
    head: nn.Linear

    gradient_checkpointing: bool

    def forward(
        self,
        waveforms: Tensor,
        lengths: Tensor,
        hidden_frames: Tensor | None = None,
        hidden_channels: Tensor | None = None,
    ) -> Tensor:
        """Logits of whole clips, [B, L]: the classifier of the mean embedding.

        Args:
            waveforms: float32 [B, N] at 16 kHz, each row filled up with zeros.
            lengths: int64 [B], samples of each row that are real.
            hidden_frames: bool [B, T], features to put to zero; see `voxcor.training.masking`.
            hidden_channels: bool [B, D], the same.
        """
        embeddings, real = self.embed(waveforms, lengths, hidden_frames, hidden_channels)
        pooled = embeddings.float().masked_fill(~real, 0).sum(dim=1) / real.sum(dim=1)
        logits: Tensor = self.head(pooled)
        return logits.float()

    @abstractmethod
    def embed(
        self,
        waveforms: Tensor,
        lengths: Tensor,
        hidden_frames: Tensor | None = None,
        hidden_channels: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Frame embeddings [B, T, D], and which of the frames are an item's own, bool [B, T, 1].

        Args as for `forward`.
        """

    def run_layer(self, layer: nn.Module, x: Tensor, *rest: Tensor) -> Tensor:
        """The layer's output; with `gradient_checkpointing` only what goes into it is kept."""
        trains = x.requires_grad or any(p.requires_grad for p in layer.parameters())
        if self.gradient_checkpointing and trains and torch.is_grad_enabled():
            out: Tensor = checkpoint(layer, x, *rest, use_reentrant=False)
        else:
            out = layer(x, *rest)
        return out
