"""Writing ONNX graphs: named operators over numpy weights, weights in a file beside the graph.

Every Voxcor model is a graph with the same doors, so that one runtime serves them all:

    waveform    float32 [B, N]     16 kHz, each row filled up with zeros at its end
    lengths     int64   [B]        samples of each row that are real
    embeddings  float32 [B, T, D]  one a frame, T = frames of N samples
    logits      float32 [B, T, L]  one a frame and label; absent in a model without labels

Rows past an item's own frames mean nothing. Metadata: `labels` (a JSON list) and `embedding_dim`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from voxcor.frames import HOP, RECEPTIVE_FIELD
from voxcor.inference.onnx_files import GRAPH_FILE, WeightsWriter, set_metadata, write_model

OPSET = 23  # the first with Attention
IR_VERSION = 11  # what goes with it


class GraphBuilder:
    """Collects nodes and weights; `save` writes the model. Names of values are plain strings.

    Weights go to disk as they are added, so a model larger than memory can be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._constants: dict[tuple[str, bytes, tuple[int, ...]], str] = {}
        self._weights = WeightsWriter(folder)
        self._count = 0

    def __enter__(self) -> Self:
        self._weights.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._weights.__exit__(kind, error, trace)

    def op(self, op_type: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Adds a node; its output's name, or a tuple of names where it has several."""
        self._count += 1
        names = [f"{op_type}_{self._count}"]
        if outputs > 1:
            names = [f"{op_type}_{self._count}_{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(op_type, inputs, names, **attributes))
        return tuple(names) if outputs > 1 else names[0]

    def rename(self, value: str, name: str) -> None:
        """Gives a value the name of a graph output."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))

    def constant(self, value: Any, dtype: type[np.generic] = np.int64) -> str:
        """A small constant; equal ones are one."""
        array = np.asarray(value, dtype=dtype)
        key = (array.dtype.str, array.tobytes(), array.shape)
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._initializers.append(onnx.numpy_helper.from_array(array, name))
            self._constants[key] = name
        return self._constants[key]

    def floats(self, value: Any) -> str:
        """A small float32 constant."""
        return self.constant(value, np.float32)

    def weight(self, name: str, array: NDArray[Any]) -> str:
        """A weight as float32, in the file beside the graph unless it is small."""
        self._initializers.append(self._weights.add(name, np.asarray(array, dtype=np.float32)))
        return name

    def linear(self, x: str, tensors: Mapping[str, NDArray[np.float32]], name: str) -> str:
        """X @ W.T + b, or without b; as torch has them: `<name>weight` [out, in], `<name>bias`."""
        weight = self.weight(f"{name}weight", tensors[f"{name}weight"].T)
        product = self.op("MatMul", x, weight)
        if f"{name}bias" not in tensors:
            return str(product)
        return str(self.op("Add", product, self.weight(f"{name}bias", tensors[f"{name}bias"])))

    def layer_norm(
        self, x: str, tensors: Mapping[str, NDArray[np.float32]], name: str, epsilon: float
    ) -> str:
        """Over the last axis, with `<name>weight` and `<name>bias`."""
        weight = self.weight(f"{name}weight", tensors[f"{name}weight"])
        bias = self.weight(f"{name}bias", tensors[f"{name}bias"])
        return str(self.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon))

    def axis_length(self, x: str, axis: int) -> str:
        """The length of one axis, [1]."""
        return str(self.op("Shape", x, start=axis, end=axis + 1))

    def scalar(self, x: str) -> str:
        """A value [1] without its axis."""
        return str(self.op("Squeeze", x))

    def frame_counts(self) -> str:
        """The frames of each item, [B]."""
        beyond_first = self.op("Sub", "lengths", self.constant(RECEPTIVE_FIELD))
        hops = self.op("Div", beyond_first, self.constant(HOP))
        return str(self.op("Add", hops, self.constant(1)))

    def up_to(self, counts: str, total: str) -> str:
        """True for the first `counts[b]` of `total` [1] positions. [B, total]."""
        steps = self.op("Range", self.constant(0), self.scalar(total), self.constant(1))
        return str(self.op("Less", steps, self.op("Unsqueeze", counts, self.constant([1]))))

    def slice(self, x: str, start: int, end: str | None, *, axis: int, step: int = 1) -> str:
        """Part of one axis; `end` is a value [1], None for all the rest."""
        end = end or self.constant([np.iinfo(np.int64).max])
        bounds = (self.constant([value]) for value in (axis, step))
        return str(self.op("Slice", x, self.constant([start]), end, *bounds))

    def save(self, *, labels: Sequence[str], embedding_dim: int) -> None:
        """Writes `model.onnx`. The values `embeddings` and, with labels, `logits` must exist."""
        floats, integers = TensorProto.FLOAT, TensorProto.INT64
        inputs = [
            helper.make_tensor_value_info("waveform", floats, ["batch", "samples"]),
            helper.make_tensor_value_info("lengths", integers, ["batch"]),
        ]
        outputs = [
            helper.make_tensor_value_info("embeddings", floats, ["batch", "frames", embedding_dim])
        ]
        if labels:
            outputs.append(
                helper.make_tensor_value_info("logits", floats, ["batch", "frames", len(labels)])
            )
        graph = helper.make_graph(self._nodes, "voxcor", inputs, outputs, self._initializers)
        model = helper.make_model(
            graph,
            producer_name="voxcor",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        set_metadata(model, labels=labels, embedding_dim=embedding_dim)
        write_model(model, self._folder / GRAPH_FILE)
