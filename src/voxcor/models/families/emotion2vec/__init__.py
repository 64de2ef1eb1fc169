"""emotion2vec (Ma et al. 2023, arXiv 2312.15185), as Alibaba's hubs have it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voxcor.models.families.emotion2vec.architecture import TITLE
from voxcor.models.families.emotion2vec.graph import write_graph
from voxcor.models.families.emotion2vec.published import (
    CHECKPOINT_FILES,
    SAMPLE,
    TOKENS_FILE,
    labels_from_tokens,
)
from voxcor.models.families.emotion2vec.weights import network_of_checkpoint, network_of_graph
from voxcor.models.family import Family, Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxcor.models.families.emotion2vec.network import Emotion2vec


def _make_network(weights: Weights, gradient_checkpointing: bool) -> "Emotion2vec":
    from voxcor.models.families.emotion2vec.network import make_network

    return make_network(weights, gradient_checkpointing)


def _tensors_of(network: Any) -> "Mapping[str, NDArray[np.float32]]":
    from voxcor.models.families.emotion2vec.network import tensors_of

    return tensors_of(network)


FAMILY = Family(
    name="emotion2vec",
    title=TITLE,
    checkpoint_files=CHECKPOINT_FILES,
    checkpoint_bytes=3 * 4,  # fairseq keeps two Adam moments beside each weight
    tokens_file=TOKENS_FILE,
    read_tokens=labels_from_tokens,
    read_checkpoint=network_of_checkpoint,
    write_graph=write_graph,
    read_graph=network_of_graph,
    head=("proj.weight", "proj.bias"),
    make_network=_make_network,
    tensors_of=_tensors_of,
    sample=SAMPLE,
)
