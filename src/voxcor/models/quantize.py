"""From an fp32 graph to an int8 one: matrix products in 8 bits, everything else as it was.

    quantize(Path("plus-large"), Path("plus-large-int8"), speech)

Each weight column has a scale of its own, each activation one scale and zero point for good, from
the range it took on real speech: a clip's answer depends neither on the clips beside it nor on its
one loudest frame. What goes into a product is made 8-bit where it arises, so that slices, reshapes
and joins on the way move a quarter of the bytes. Norms, GELU, softmax and the products of attention
stay fp32. docs/int8.md has the measurements behind each of these choices.

Sums of 8-bit products are exact in int32, so every processor gives the same, but for an x86 without
VNNI, where onnxruntime's kernels may saturate: what that spoils is refused where it is pulled, for
the agreement is measured on the processor at hand.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from voxcor.inference.onnx_files import (
    GRAPH_FILE,
    StoredWeights,
    WeightsWriter,
    read_model,
    write_model,
)
from voxcor.inference.session import open_session, run

FloatArray = NDArray[np.float32]

# Smaller products gain nothing: the first convolution has 10 rows of taps, the classifier 9
# columns.
_LEAST_ROWS, _LEAST_COLUMNS = 64, 16

# Operators that only move numbers about: they do in 8 bits what they did in 32.
_MOVES = ("Slice", "Reshape", "Transpose", "Concat", "Split", "Pad", "Squeeze", "Unsqueeze")

_CONTRIB = "com.microsoft"  # onnxruntime's own operators, for the fused integer product


class Graph:
    """The graph in a folder, by name, to be rewritten; weights are read when they are asked for.

    `float_weights` are names of those that stay as they are.
    """

    def __init__(self, folder: Path, float_weights: Collection[str] = ()) -> None:
        self.float_weights = frozenset(float_weights)
        self.model = read_model(folder / GRAPH_FILE)
        self._stored = StoredWeights(folder / GRAPH_FILE)
        self.nodes: list[onnx.NodeProto] = list(self.model.graph.node)
        self.weights: dict[str, onnx.TensorProto] = {
            tensor.name: tensor for tensor in self.model.graph.initializer
        }
        self._count = 0

    def array(self, name: str) -> NDArray[Any]:
        """A weight's numbers."""
        return self._stored.array(self.weights[name])

    def constant(self, array: Any, dtype: Any, name: str | None = None) -> str:
        """Adds a weight."""
        name = name or self._fresh("constant")
        self.weights[name] = numpy_helper.from_array(np.asarray(array, dtype=dtype), name)
        return name

    def node(
        self, op_type: str, inputs: Sequence[str], output: str | None = None, **more: Any
    ) -> Any:
        """Makes a node, not yet among `nodes`."""
        return helper.make_node(op_type, inputs, [output or self._fresh(op_type)], **more)

    def producers(self) -> dict[str, onnx.NodeProto]:
        return {name: node for node in self.nodes for name in node.output}

    def consumers(self) -> dict[str, list[onnx.NodeProto]]:
        found: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                found.setdefault(name, []).append(node)
        return found

    def prune(self) -> None:
        """Drops nodes and weights that no output depends on."""
        wanted = {output.name for output in self.model.graph.output}
        kept = []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                kept.append(node)
        self.nodes = kept[::-1]
        self.weights = {name: t for name, t in self.weights.items() if name in wanted}

    def save(self, folder: Path) -> None:
        """Writes `model.onnx` and `model.onnx.data`, weights and all."""
        graph = self.model.graph
        del graph.node[:], graph.initializer[:]
        graph.node.extend(self.nodes)
        with WeightsWriter(folder) as stored:
            graph.initializer.extend(
                stored.add(name, self._stored.array(tensor))
                for name, tensor in self.weights.items()
            )
        write_model(self.model, folder / GRAPH_FILE)

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_int8_{self._count}"


def _is_product(graph: Graph, node: onnx.NodeProto) -> bool:
    if node.op_type != "MatMul" or node.input[1] not in graph.weights:
        return False
    return len(graph.weights[node.input[1]].dims) == 2


def _unfold_convolutions(graph: Graph) -> None:
    """Grouped convolutions over time as products: for each group its taps laid side by side.

    Of the form Transpose, Conv, Transpose on [B, T, C], stride 1, as the positional ones are.
    """
    consumers, producers = graph.consumers(), graph.producers()
    nodes = []
    for node in graph.nodes:
        nodes.append(node)
        before = producers.get(node.input[0]) if node.op_type == "Conv" else None
        after = consumers.get(node.output[0], [])
        if before is None or before.op_type != "Transpose" or len(after) != 1:
            continue
        if after[0].op_type == "Transpose" and _is_worth_unfolding(graph, node):
            nodes += _unfolded(graph, node, before.input[0], after[0].output[0])
            after[0].output[0] += ".folded"
    graph.nodes = nodes


def _is_worth_unfolding(graph: Graph, conv: onnx.NodeProto) -> bool:
    """Whether its groups make products that will be integer ones; fp32 is best left as it is."""
    weight = graph.weights.get(conv.input[1])
    if conv.input[1] in graph.float_weights or weight is None or len(weight.dims) != 3:
        return False
    attributes = {a.name: helper.get_attribute_value(a) for a in conv.attribute}
    if {*attributes.get("strides", ()), *attributes.get("dilations", ())} - {1}:
        return False
    out, channels, taps = weight.dims
    columns = out // attributes.get("group", 1)
    return bool(taps * channels >= _LEAST_ROWS and columns >= _LEAST_COLUMNS)


def _unfolded(
    graph: Graph, conv: onnx.NodeProto, source: str, target: str
) -> Iterator[onnx.NodeProto]:
    attributes = {a.name: helper.get_attribute_value(a) for a in conv.attribute}
    groups, pads = attributes["group"], attributes["pads"]
    weight = graph.array(conv.input[1])  # [out, in, taps]
    out, channels, taps = weight.shape
    weight = weight.reshape(groups, out // groups, channels, taps).transpose(0, 3, 2, 1)
    zero = graph.constant(0, np.float32)
    ends = graph.constant([0, pads[0], 0, 0, pads[1], 0], np.int64)
    padded = graph.node("Pad", [source, ends, zero])
    apart = graph.constant([0, 0, groups, 1, channels], np.int64)
    yield padded
    steps = []
    for tap in range(taps):
        last = tap - taps + 1 or np.iinfo(np.int64).max
        bounds = [graph.constant([value], np.int64) for value in (tap, last, 1)]
        rows = graph.node("Slice", [padded.output[0], *bounds])
        steps.append(graph.node("Reshape", [rows.output[0], apart]))
        yield from (rows, steps[-1])
    beside = graph.node("Concat", [step.output[0] for step in steps], axis=3)
    names = [f"{beside.output[0]}.{group}" for group in range(groups)]
    split = helper.make_node("Split", [beside.output[0]], names, axis=2, num_outputs=groups)
    flat = graph.constant([0, 0, taps * channels], np.int64)
    yield from (beside, split)
    products = []
    for group, name in enumerate(names):
        rows = graph.node("Reshape", [name, flat])
        columns = weight[group].reshape(taps * channels, out // groups)
        kernel = graph.constant(columns, np.float32, f"{conv.input[1]}.{group}")
        products.append(graph.node("MatMul", [rows.output[0], kernel]))
        yield from (rows, products[-1])
    joined = graph.node("Concat", [product.output[0] for product in products], axis=2)
    yield joined
    yield graph.node("Add", [joined.output[0], conv.input[2]], target)


@dataclass(frozen=True, slots=True)
class Range:
    """What an activation was seen to be: 256 values cover `lowest` to `highest`, zero included."""

    lowest: float
    highest: float

    @property
    def scale(self) -> float:
        """The step from one value to the next."""
        return max(self.highest - self.lowest, 1e-12) / 255

    @property
    def zero_point(self) -> int:
        """The value that stands for zero."""
        return round(-self.lowest / self.scale)


def quantize(
    source: Path,
    target: Path,
    speech: Sequence[FloatArray],
    float_weights: Collection[str] = (),
) -> None:
    """Writes the int8 form of an fp32 graph, `model.onnx` and `model.onnx.data`.

    Args:
        source: the folder of the fp32 graph, a free place to write a draft in.
        target: the folder to write, which must exist.
        speech: what the ranges are learned from, float32 [N] at 16 kHz each.
        float_weights: names of weights whose products stay fp32, see `Family`.
    """
    graph = Graph(source, float_weights)
    _unfold_convolutions(graph)
    graph.prune()
    sources = _sources(graph)
    ranges = observe(source, [*dict.fromkeys(sources.values())], speech)
    _write_integers(graph, sources, ranges)
    graph.prune()
    graph.save(target)


def observe(folder: Path, names: Sequence[str], speech: Sequence[FloatArray]) -> dict[str, Range]:
    """The ranges of some of a graph's values over recordings; arguments as for `quantize`."""
    graph = Graph(folder)
    extremes = [
        graph.node(op_type, [name], keepdims=0)
        for name in names
        for op_type in ("ReduceMin", "ReduceMax")
    ]
    del graph.model.graph.output[:]
    graph.model.graph.node.extend(extremes)
    graph.model.graph.output.extend(
        helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, [])
        for node in extremes
    )
    draft = folder / ".observed.onnx"  # beside its weights, as onnxruntime wants it
    try:
        write_model(graph.model, draft)
        session = open_session(draft)
        seen = np.array(
            [run(session, {"waveform": x[None], "lengths": np.array([len(x)])}) for x in speech]
        )
    finally:
        draft.unlink(missing_ok=True)
    lowest = np.minimum(seen[:, 0::2].min(axis=0), 0)
    highest = np.maximum(seen[:, 1::2].max(axis=0), 0)
    return {n: Range(float(a), float(b)) for n, a, b in zip(names, lowest, highest, strict=True)}


def _is_integer(graph: Graph, node: onnx.NodeProto) -> bool:
    """Whether this node is a product worth 8 bits."""
    if not _is_product(graph, node) or node.input[1] in graph.float_weights:
        return False
    rows, columns = graph.weights[node.input[1]].dims
    return bool(rows >= _LEAST_ROWS and columns >= _LEAST_COLUMNS)


def _sources(graph: Graph) -> dict[str, str]:
    """What goes into integer products, and where each of it arises: before the moves."""
    producers = graph.producers()

    def source(name: str) -> str:
        node = producers.get(name)
        if node is None or node.op_type not in _MOVES:
            return name
        moved = node.input if node.op_type == "Concat" else node.input[:1]
        found = {source(part) for part in moved}
        return found.pop() if len(found) == 1 else name

    return {
        node.input[0]: source(node.input[0]) for node in graph.nodes if _is_integer(graph, node)
    }


def _write_integers(graph: Graph, sources: Mapping[str, str], ranges: Mapping[str, Range]) -> None:
    """Puts integer products in the place of float ones; what they replace is left for `prune`."""
    consumers, producers = graph.consumers(), graph.producers()
    nodes: list[onnx.NodeProto] = []
    made: set[str] = set()

    def in_int8(name: str, source: str) -> str:
        """The 8-bit form of a value that was moved from `source`, made when first asked for."""
        if name in made:
            return f"{name}.int8"
        if name == source:
            graph.constant(ranges[source].scale, np.float32, f"{source}.scale")
            graph.constant(ranges[source].zero_point, np.uint8, f"{source}.zero")
            inputs = [source, f"{source}.scale", f"{source}.zero"]
            nodes.append(graph.node("QuantizeLinear", inputs, f"{source}.int8"))
            made.add(source)
            return f"{source}.int8"
        move = onnx.NodeProto()
        move.CopyFrom(producers[name])
        for i in range(len(move.input) if move.op_type == "Concat" else 1):
            move.input[i] = in_int8(move.input[i], source)
        if move.op_type == "Pad":
            move.input.extend([""] * (3 - len(move.input)))
            move.input[2] = f"{source}.zero"
        made.update(move.output)
        move.output[:] = [f"{output}.int8" for output in move.output]
        nodes.append(move)
        return f"{name}.int8"

    biased = set()
    for node in graph.nodes:
        if not _is_integer(graph, node):
            if node.output[0] not in biased:
                nodes.append(node)
            continue
        source, name, output = sources[node.input[0]], node.input[1], node.output[0]
        weight = graph.array(name)
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / 127
        inputs = [
            in_int8(node.input[0], source),
            graph.constant(np.round(weight / scale), np.int8, f"{name}.int8"),
            f"{source}.scale",
            graph.constant(scale, np.float32, f"{name}.scale"),
            f"{source}.zero",
            "",  # weights are symmetric
        ]
        sums = consumers[output]
        if len(sums) == 1 and sums[0].op_type == "Add" and sums[0].input[1] in graph.weights:
            inputs.append(sums[0].input[1])
            output = sums[0].output[0]
            biased.add(output)
        nodes.append(graph.node("MatMulIntegerToFloat", inputs, output, domain=_CONTRIB))
    graph.nodes = nodes
    graph.model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))
