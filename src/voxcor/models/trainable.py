"""What `voxcor.training` asks of a family's network in PyTorch."""

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor, nn

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

    @abstractmethod
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
