"""Whisper's encoder (Radford et al. 2022, arXiv 2212.04356), whole or its first blocks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voxcor.models.families.whisper.architecture import HEAD, TITLE
from voxcor.models.families.whisper.graph import FOURIER, MEL_FILTERS, write_graph
from voxcor.models.families.whisper.weights import (
    CHECKPOINT_FILES,
    network_of_checkpoint,
    network_of_graph,
)
from voxcor.models.family import Family, Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxcor.models.families.whisper.network import WhisperNetwork


def _make_network(weights: Weights, gradient_checkpointing: bool) -> "WhisperNetwork":
    from voxcor.models.families.whisper.network import make_network

    return make_network(weights, gradient_checkpointing)


def _tensors_of(network: Any) -> "Mapping[str, NDArray[np.float32]]":
    from voxcor.models.families.whisper.network import tensors_of

    return tensors_of(network)


FAMILY = Family(
    name="whisper",
    title=TITLE,
    checkpoint_files=CHECKPOINT_FILES,
    checkpoint_bytes=4,
    read_checkpoint=network_of_checkpoint,
    write_graph=write_graph,
    read_graph=network_of_graph,
    head=(f"{HEAD}weight", f"{HEAD}bias"),
    make_network=_make_network,
    tensors_of=_tensors_of,
    float_weights=frozenset((FOURIER, MEL_FILTERS)),
)
