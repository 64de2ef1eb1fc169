"""emotion2vec (Ma et al. 2023, arXiv 2312.15185), as Alibaba's hubs have it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxcor.models.families.emotion2vec.published import (
    CHECKPOINT_FILES,
    SAMPLE,
    TOKENS_FILE,
    labels_from_tokens,
)
from voxcor.models.family import Family, Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxcor.models.families.emotion2vec.network import Emotion2vec
    from voxcor.models.graph import GraphBuilder


def _read_checkpoint(path: Path) -> Weights:
    from voxcor.models.families.emotion2vec.architecture import read_architecture
    from voxcor.models.families.emotion2vec.weights import read_checkpoint

    tensors = read_checkpoint(path)
    return Weights(read_architecture(tensors, str(path)), tensors)


def _write_graph(graph: "GraphBuilder", weights: Weights, labels: Sequence[str]) -> tuple[str, ...]:
    from voxcor.models.families.emotion2vec.architecture import Architecture
    from voxcor.models.families.emotion2vec.graph import write_emotion2vec

    assert isinstance(weights.architecture, Architecture)
    return write_emotion2vec(graph, weights.architecture, weights.tensors, labels)


def _read_graph(path: Path) -> Weights:
    from voxcor.models.families.emotion2vec.architecture import read_architecture
    from voxcor.models.families.emotion2vec.weights import read_weights

    tensors = read_weights(path)
    return Weights(read_architecture(tensors, str(path.parent)), tensors)


def _make_network(weights: Weights, gradient_checkpointing: bool) -> "Emotion2vec":
    from voxcor.models.families.emotion2vec.network import make_network

    return make_network(weights, gradient_checkpointing)


def _tensors_of(network: Any) -> "Mapping[str, NDArray[np.float32]]":
    from voxcor.models.families.emotion2vec.network import tensors_of

    return tensors_of(network)


FAMILY = Family(
    name="emotion2vec",
    title="emotion2vec",
    checkpoint_files=CHECKPOINT_FILES,
    checkpoint_bytes=3 * 4,  # fairseq keeps two Adam moments beside each weight
    tokens_file=TOKENS_FILE,
    read_tokens=labels_from_tokens,
    read_checkpoint=_read_checkpoint,
    write_graph=_write_graph,
    read_graph=_read_graph,
    head=("proj.weight", "proj.bias"),
    make_network=_make_network,
    tensors_of=_tensors_of,
    sample=SAMPLE,
)
