"""What a family of models tells Voxcor, and which families there are.

A family is an architecture and everything that is its own: what its checkpoints look like, how its
graph is written, how it is trained, what was published of it. It is the module of its name in
`voxcor.models.families`, whose `FAMILY` is the `Family` below; no other module names it but the
catalogue, `OFFICIAL` in `voxcor.models.cards`, and words for people.

    family = find_family(card.family)
    weights = family.read_checkpoint(Path("model.pt"))
    with GraphBuilder(folder) as graph:
        labels = family.write_graph(graph, weights, labels)
        graph.save(labels=labels, embedding_dim=weights.architecture.embed_dim)

Every family answers on the grid of `voxcor.frames`, through the doors of `voxcor.models.graph`, and
gives each item of a padded batch exactly what it gives it alone. What a family needs beyond that,
such as windows of limited length, is inside its graph. Its module is light: onnx and torch are
imported by the functions that need them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from math import prod
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from voxcor.models import families

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxcor.models.graph import GraphBuilder
    from voxcor.models.trainable import TrainableNetwork

    Tensors = Mapping[str, NDArray[np.float32]]

# More than any model's: beyond it a file only wants our memory.
MAX_LABELS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture(ABC):
    """The sizes of a network: D of its embeddings, L of its classifier, 0 without one.

    A family adds what else tells one of its networks from another.
    """

    embed_dim: int
    num_outputs: int

    @property
    @abstractmethod
    def blocks(self) -> tuple[str, ...]:
        """The name prefixes of all transformer blocks, in the order they run."""

    @abstractmethod
    def up_to(self, depth: int) -> Self:
        """Of the first blocks alone, 1 to all of them: no norm after them, no classifier."""

    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor of inference and its shape, by the checkpoint's names."""

    @property
    def parameters(self) -> int:
        """How many numbers there are in all tensors."""
        return sum(map(prod, self.shapes().values()))


class Weights(NamedTuple):
    """A network: its sizes, and its tensors by the checkpoint's names."""

    architecture: Architecture
    tensors: "Tensors"


def first_blocks(weights: Weights, depth: int) -> Weights:
    """A network's first blocks and all below them: its embeddings are what block `depth` puts out.

    Args:
        weights: the whole network.
        depth: how many blocks, 1 to as many as it has.
    """
    architecture = weights.architecture.up_to(depth)
    return Weights(architecture, {name: weights.tensors[name] for name in architecture.shapes()})


@dataclass(frozen=True, slots=True)
class Sample:
    """The clip that comes with the models on the hubs, and what they were published to say of it.

    `file` is its name there, `scores` has those of each label by the id of a model.
    """

    file: str
    sha256: str
    scores: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family; see the module.

    Attributes:
        name: its module's, as cards have it.
        title: what people call it.
        checkpoint_files: what the hubs and people call the file of weights, the usual name first.
        checkpoint_bytes: what a checkpoint has on the disk for each parameter.
        read_checkpoint: a file's network. Raises InputNotFound, InputUnreadable, CheckpointUnsafe
            and CheckpointInvalid, and nothing else whatever the file says.
        tokens_file: lies beside a checkpoint and names the rows of its classifier; None where
            nothing does.
        read_tokens: label ids of the lines of that file, one for each row.
        write_graph: adds a network to an opened graph, up to its outputs, with a label for each
            row of its classifier, none without; gives the labels that the graph has.
        read_graph: the inverse: the network of an installed model in fp32, by its `.onnx` file.
            Raises ModelCorrupt, and CheckpointInvalid where it is none of this family.
        head: the names of the classifier's weight [L, D] and bias [L].
        make_network: a network in PyTorch with these weights, ready to be trained; with
            `gradient_checkpointing` only what goes into a layer is kept for the way back.
        tensors_of: the inverse: a trained network's weights by the checkpoint's names.
        float_weights: names of the graph's weights whose products 8 bits would spoil.
        sample: None where nothing was published.
    """

    name: str
    title: str
    checkpoint_files: tuple[str, ...]
    checkpoint_bytes: int
    read_checkpoint: Callable[[Path], Weights]
    tokens_file: str | None = None
    read_tokens: Callable[[Sequence[str]], tuple[str, ...]] = tuple
    write_graph: Callable[["GraphBuilder", Weights, Sequence[str]], tuple[str, ...]]
    read_graph: Callable[[Path], Weights]
    head: tuple[str, str]
    make_network: Callable[[Weights, bool], "TrainableNetwork"]
    tensors_of: Callable[[Any], "Tensors"]
    float_weights: frozenset[str] = field(default_factory=frozenset)
    sample: Sample | None = None


def family_names() -> tuple[str, ...]:
    """The families that this Voxcor has."""
    return tuple(sorted(module.name for module in iter_modules(families.__path__)))


def find_family(name: str) -> Family:
    """The family of this name, one of `family_names`."""
    family: Family = import_module(f"{families.__name__}.{name}").FAMILY
    return family
