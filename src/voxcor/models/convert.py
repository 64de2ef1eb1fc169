"""From an official checkpoint to a graph on disk, in little memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxcor.models.checkpoint import invalid
from voxcor.models.family import Family
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
    family: Family,
    labels: Sequence[str],
    progress: Callable[[float], None] | None = None,
) -> Conversion:
    """Writes `model.onnx` and `model.onnx.data` into `folder`, which must exist.

    Args:
        checkpoint: a file of weights.
        folder: where the graph goes.
        family: whose it is.
        labels: one for each row of the classifier; unused without classifier.
        progress: is told the share of the work done, 0 to 1.

    Raises:
        CheckpointUnsafe, CheckpointInvalid: it is no checkpoint of this family, or the labels are
            not as many as the classifier's rows.
    """
    weights = family.read_checkpoint(checkpoint)
    architecture = weights.architecture
    if architecture.num_outputs and architecture.num_outputs != len(labels):
        reason = f"{architecture.num_outputs} outputs, but {len(labels)} labels"
        raise invalid(str(checkpoint), family.title, reason)
    with GraphBuilder(folder) as graph:
        kept = family.write_graph(graph, weights, labels if architecture.num_outputs else ())
        graph.save(labels=kept, embedding_dim=architecture.embed_dim)
    if progress:
        progress(1.0)
    return Conversion(
        labels=kept,
        embedding_dim=architecture.embed_dim,
        parameters=architecture.parameters,
    )
