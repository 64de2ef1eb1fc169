"""From an official checkpoint to a graph on disk, in little memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from voxcor.errors import CheckpointInvalid
from voxcor.models.architecture import read_architecture
from voxcor.models.checkpoint import read_checkpoint
from voxcor.models.emotion2vec import write_emotion2vec
from voxcor.models.graph import GraphBuilder


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a checkpoint turned out to hold."""

    labels: tuple[str, ...]
    embedding_dim: int
    parameters: int


def convert_checkpoint(
    checkpoint: Path,
    folder: Path,
    *,
    labels: Sequence[str],
    progress: Callable[[float], None] | None = None,
) -> Conversion:
    """Writes `model.onnx` and `model.onnx.data` into `folder`, which must exist.

    Args:
        checkpoint: `model.pt` of any emotion2vec.
        folder: where the graph goes.
        labels: one for each row of the classifier, as in `tokens.txt`; unused without classifier.
        progress: is told the share of the work done, 0 to 1.

    Raises:
        CheckpointUnsafe, CheckpointInvalid: see `read_checkpoint` and `read_architecture`; also
            where the labels are not as many as the classifier's rows.
    """
    tensors = read_checkpoint(checkpoint)
    architecture = read_architecture(tensors, str(checkpoint))
    if architecture.num_outputs and architecture.num_outputs != len(labels):
        reason = f"{architecture.num_outputs} outputs, but {len(labels)} labels"
        raise CheckpointInvalid(model=str(checkpoint), reason=reason)
    shapes = architecture.shapes()
    with GraphBuilder(folder) as graph:
        kept = write_emotion2vec(
            graph, architecture, tensors, labels if architecture.num_outputs else ()
        )
        graph.save(labels=kept, embedding_dim=architecture.embed_dim)
    if progress:
        progress(1.0)
    return Conversion(
        labels=kept,
        embedding_dim=architecture.embed_dim,
        parameters=sum(prod(shape) for shape in shapes.values()),
    )
