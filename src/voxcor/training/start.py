"""What a training begins with: an installed model, whole or its first blocks.

A head is trained on the embeddings of a model folder (`up_to_layer`), fine-tuning goes on from a
network's weights (`first_weights`). Layer N is the output of block N, counted from 1.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import drafting
from voxcor.errors import UsageError
from voxcor.invocation import voxcor
from voxcor.models.cards import Card, record_of
from voxcor.models.family import Weights, find_family, first_blocks
from voxcor.models.graph import GraphBuilder
from voxcor.models.stamps import require_unchanged
from voxcor.models.store import BUILT_IN, ModelFolder
from voxcor.models.trained_on import trained_on, write_trained_on

# The spread of classifier weights for labels that the model did not know, BERT's
# (Devlin et al. 2018, arXiv 1810.04805).
_NEW_ROW_SPREAD = 0.02


@dataclass(frozen=True, slots=True)
class Start:
    """Weights with a classifier for L labels, and for which of them its rows are the model's."""

    weights: Weights
    is_begun: tuple[bool, ...]


def first_weights(
    model: ModelFolder, labels: Sequence[str], seed: int, layer: int | None = None
) -> Start:
    """The weights that a training begins with.

    Args:
        model: in fp32.
        labels: L of them, two or more.
        seed: of the rows for labels that the model does not know.
        layer: the last block to keep; None for the whole network.

    Raises:
        UsageError: the model is none that can be fine-tuned, it has no such layer, or there are
            too few labels.
        CheckpointInvalid: its body is no network of its family.
        ModelCorrupt: its files cannot be read.
    """
    (architecture, tensors), _ = _network(model, layer)
    if len(labels) < 2:
        raise UsageError(
            reason_en="Training needs recordings with at least two labels.",
            reason_zh="训练至少需要两种标签的录音。",
        )
    rng = np.random.default_rng(seed)
    shape = (len(labels), architecture.embed_dim)
    weight = _NEW_ROW_SPREAD * rng.standard_normal(shape, dtype=np.float32)
    bias = np.zeros(len(labels), np.float32)
    rows = model.card.labels if architecture.num_outputs == len(model.card.labels) else ()
    weight_name, bias_name = find_family(model.card.family).head
    for row, label in enumerate(labels):
        if label in rows:
            known = rows.index(label)
            weight[row] = tensors[weight_name][known] / model.card.temperature
            bias[row] = tensors[bias_name][known] / model.card.temperature
    return Start(
        Weights(
            replace(architecture, num_outputs=len(labels)),
            {**tensors, weight_name: weight, bias_name: bias},
        ),
        is_begun=tuple(label in rows for label in labels),
    )


@contextmanager
def up_to_layer(model: ModelFolder, layer: int | None, out: Path) -> Iterator[ModelFolder]:
    """The model whose embeddings are those of a layer, for as long as the block runs.

    It has the name of `model` and no labels. Where that layer is what `model` puts out anyway, it
    is `model` itself, with its labels.

    Args:
        model: in fp32, where a layer is asked for.
        layer: the last block to keep; None for the whole network.
        out: of the training, beside which the graph lies meanwhile.

    Raises:
        UsageError, CheckpointInvalid, ModelCorrupt: see `first_weights`.
        StorageError: the graph cannot be written.
    """
    if layer is None:
        yield model
        return
    weights, is_own = _network(model, layer)
    if is_own:
        yield model
        return
    architecture, card = weights.architecture, model.card
    with ExitStack() as stack:
        with storage_errors(out, sum(tensor.nbytes for tensor in weights.tensors.values())):
            folder = stack.enter_context(drafting(out))
            with GraphBuilder(folder) as graph:
                find_family(card.family).write_graph(graph, weights, ())
                graph.save(labels=(), embedding_dim=architecture.embed_dim)
            files = {path.name: record_of(path) for path in folder.iterdir()}
            write_trained_on((), trained_on(model), folder)
        kept = replace(
            card,
            title=title_up_to(card, layer),
            labels=(),
            embedding_dim=architecture.embed_dim,
            parameters=architecture.parameters,
            # Embeddings are kept by it.
            sha256=hashlib.sha256(f"{card.sha256} up to block {layer}".encode()).hexdigest(),
            official=False,
            files=files,
            temperature=1.0,
        )
        yield ModelFolder(folder, kept)


def title_up_to(base: Card, layer: int | None) -> str:
    """What a base is called of which the blocks up to a layer are kept."""
    return base.title if layer is None else f"{base.title} up to block {layer}"


def _network(model: ModelFolder, layer: int | None) -> tuple[Weights, bool]:
    """The network up to a layer, and whether that is what the model puts out anyway.

    Then it is whole: a classifier on that very layer is of use.
    """
    _require_trainable(model)
    require_unchanged(model.path, model.card)
    weights = find_family(model.card.family).read_graph(model.graph)
    architecture = weights.architecture
    if layer is None:
        return weights, True
    depth = len(architecture.blocks)
    if not 1 <= layer <= depth:
        raise UsageError(
            reason_en=f"{model.card.id} has {depth} blocks: --layer can be 1 to {depth}, "
            f"not {layer}.",
            reason_zh=f"{model.card.id} 共有 {depth} 个模块：--layer 可取 1 至 {depth}，"
            f"不能为 {layer}。",
        )
    # A norm may follow the last block, or the hidden layer of a trained head.
    no_norm = architecture.up_to(layer) == replace(architecture, num_outputs=0)
    if no_norm and model.card.embedding_dim == architecture.embed_dim:
        return weights, True
    return first_blocks(weights, layer), False


def _require_trainable(model: ModelFolder) -> None:
    if model.card.id == BUILT_IN:
        raise UsageError(
            reason_en="small has weights in 8 bits; fine-tuning and --layer need fp32. Build on "
            f"what it was made of: {voxcor()} models pull whisper-base, then --model whisper-base "
            "--layer 3; or train a head on small: --method head",
            reason_zh="small 的权重为 8 位，微调与 --layer 需要 fp32。可改用它的来源：先运行 "
            f"{voxcor()} models pull whisper-base，再使用 --model whisper-base --layer 3；"
            "或在 small 上训练分类头：--method head",
        )
    if model.card.precision != "fp32":
        raise UsageError(
            reason_en=f"{model.path} is {model.card.precision}; fine-tuning and --layer need fp32.",
            reason_zh=f"{model.path} 的精度为 {model.card.precision}；微调与 --layer 需要 fp32。",
        )
