"""A graph with another head: the body stays as it is, weights and all.

Whatever built the body, its value `embeddings` is what the new head stands on; see
`voxcor.models.graph` for the doors. An mlp's hidden layer becomes the new `embeddings`, frame by
frame, so that logits stay linear in them.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from voxcor.errors import ModelCorrupt
from voxcor.inference.onnx_files import (
    GRAPH_FILE,
    read_model,
    set_metadata,
    weights_files,
    write_model,
)
from voxcor.models.store import ModelFolder
from voxcor.training.heads import FloatArray, Head


def write_graph(
    base: ModelFolder,
    head: Head,
    labels: Sequence[str],
    folder: Path,
    *,
    share: FloatArray,
    origin: Mapping[str, str],
) -> tuple[str, ...]:
    """Writes the base's graph with this head, and copies the weights that lie beside it.

    Copies, not links: onnx refuses weights with a second hard link, those of the base as well.

    Args:
        base: the model whose embeddings the head was trained on.
        head: over those embeddings.
        labels: L names.
        folder: where the graph goes.
        share: [L_base, L], what of the base's logits is added to the head's.
        origin: goes into the graph's metadata, so that its checksum stands for the body too.

    Returns:
        the names of the files written, the graph first.

    Raises:
        ModelCorrupt: the base's graph is not one of ours.
    """
    try:
        model = read_model(base.graph)
    except Exception as error:  # protobuf's errors have no base of their own
        raise ModelCorrupt(model=base.card.id, reason=str(error)) from error
    weights = weights_files(model)
    for name in weights:
        if Path(name).name != name:
            raise ModelCorrupt(model=base.card.id, reason=f"its weights lie elsewhere: {name}")
    graph = model.graph
    prefix = _unused_prefix(graph)
    dim = base.card.embedding_dim
    embeddings = "embeddings"
    if head.hidden is not None:
        embeddings = _rename(graph, "embeddings", prefix + "body")
        embeddings = _linear(graph, prefix + "hidden", embeddings, *head.hidden)
        graph.node.append(helper.make_node("Relu", [embeddings], ["embeddings"]))
        embeddings, dim = "embeddings", head.weight.shape[0]
    before = _rename(graph, "logits", prefix + "base")
    logits = _linear(graph, prefix + "head", embeddings, head.weight, head.bias)
    if share.any():
        shared = _product(graph, prefix + "share", before, share)
        graph.node.append(helper.make_node("Add", [shared, logits], ["logits"]))
    else:
        graph.node.append(helper.make_node("Identity", [logits], ["logits"]))
    _drop_unused(graph)
    del graph.output[:]
    for name, size in (("embeddings", dim), ("logits", len(labels))):
        shape: list[str | int | None] = ["batch", "frames", size]
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    set_metadata(model, labels=labels, embedding_dim=dim, **origin)
    for name in weights:
        shutil.copyfile(base.path / name, folder / name)
    write_model(model, folder / GRAPH_FILE)
    return (GRAPH_FILE, *weights)


def _unused_prefix(graph: Any) -> str:
    """`head1.`, or a higher number where the base itself was trained from another model."""
    names = [name for node in graph.node for name in node.output]
    names += [tensor.name for tensor in graph.initializer]
    number = 1
    while any(name.startswith(f"head{number}.") for name in names):
        number += 1
    return f"head{number}."


def _rename(graph: Any, old: str, new: str) -> str:
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new
    return new


def _linear(graph: Any, name: str, x: str, weight: FloatArray, bias: FloatArray) -> str:
    """[..., K] @ [K, L] + [L]; the name of what comes out."""
    product = _product(graph, f"{name}.weight", x, weight)
    graph.initializer.append(numpy_helper.from_array(_float32(bias), f"{name}.bias"))
    graph.node.append(helper.make_node("Add", [product, f"{name}.bias"], [f"{name}.sum"]))
    return f"{name}.sum"


def _product(graph: Any, name: str, x: str, weight: FloatArray) -> str:
    graph.initializer.append(numpy_helper.from_array(_float32(weight), name))
    graph.node.append(helper.make_node("MatMul", [x, name], [f"{name}.product"]))
    return f"{name}.product"


def _float32(array: NDArray[Any]) -> FloatArray:
    return np.ascontiguousarray(array, dtype=np.float32)


def _drop_unused(graph: Any) -> None:
    """Takes out the nodes and weights that neither output needs, such as the old head's."""
    needed = {"embeddings", "logits"}
    kept = []
    for node in reversed(graph.node):
        if needed & {*node.output}:
            needed |= {*node.input}
            kept.append(node)
    initializers = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(initializers)
