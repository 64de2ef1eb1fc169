"""ONNX files, read and written here and nowhere else: a graph, and its weights beside it.

model = read_model(folder / GRAPH_FILE)        # its large weights stay on the disk
weights = StoredWeights(folder / GRAPH_FILE)   # and are mapped from there
weights.array(model.graph.initializer[0])

with WeightsWriter(folder) as weights:
tensor = weights.add("proj.weight", array)  # for the graph, numbers already on the disk
write_model(model, folder / GRAPH_FILE)
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

# onnx takes a tenth of a second to import, and running a model does not need it.
if TYPE_CHECKING:
    import onnx

GRAPH_FILE = "model.onnx"
WEIGHTS_FILE = "model.onnx.data"

# Up to this a tensor lies in the graph itself: the runtime folds constants only from there.
_INLINE_BYTES = 1024

# Weights start on pages, so that the runtime can map them instead of reading them.
_ALIGNMENT = 4096


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a graph says of itself: its labels, none without classifier, and the size D."""

    labels: tuple[str, ...]
    embedding_dim: int

    @classmethod
    def of(cls, entries: "dict[str, str]") -> "Metadata":
        """From a graph's own entries.

        Raises:
            LookupError, ValueError, TypeError: it is not a graph of ours.
        """
        return cls(tuple(json.loads(entries["labels"])), int(entries["embedding_dim"]))


def read_model(path: Path) -> "onnx.ModelProto":
    """A graph; of its weights those that lie in it. Protobuf's errors share no base with others."""
    import onnx

    return onnx.load(path, load_external_data=False)


def write_model(model: "onnx.ModelProto", path: Path) -> None:
    """Writes a graph; what lies beside it is left alone."""
    path.write_bytes(model.SerializeToString(deterministic=True))


def entries_of(model: "onnx.ModelProto") -> dict[str, str]:
    """All metadata of a graph."""
    return {entry.key: entry.value for entry in model.metadata_props}


def set_metadata(
    model: "onnx.ModelProto", *, labels: Sequence[str], embedding_dim: int, **more: str
) -> None:
    """Gives a graph the entries that `Metadata` reads, and `more`; others stay."""
    from onnx import helper

    own = {"labels": json.dumps([*labels]), "embedding_dim": str(embedding_dim)}
    helper.set_model_props(model, {**entries_of(model), **own, **more})


def weights_files(model: "onnx.ModelProto") -> tuple[str, ...]:
    """The names of the files that hold a graph's weights, as the graph has them."""
    places = {
        entry.value: None
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return tuple(places)


class StoredWeights:
    """The numbers of a graph's tensors; the large ones are mapped from the file beside it.

    Args:
        graph: the `.onnx` file.
    """

    def __init__(self, graph: Path) -> None:
        path = graph.with_name(WEIGHTS_FILE)
        self._beside = np.memmap(path, mode="r", dtype=np.uint8) if path.is_file() else None

    def array(self, tensor: "onnx.TensorProto") -> NDArray[Any]:
        """A tensor's numbers, read-only where they are mapped.

        Raises:
            ValueError: they lie in another file, or beyond its end.
        """
        from onnx import helper, numpy_helper

        if not tensor.external_data:
            return np.asarray(numpy_helper.to_array(tensor))
        place = {entry.key: entry.value for entry in tensor.external_data}
        if place.get("location") != WEIGHTS_FILE:
            raise ValueError(f"{tensor.name} does not lie in {WEIGHTS_FILE}")
        start, shape = int(place.get("offset", 0)), tuple(tensor.dims)
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        end = start + dtype.itemsize * prod(shape)
        if self._beside is None or min(start, *shape, 0) < 0 or end > len(self._beside):
            raise ValueError(f"{WEIGHTS_FILE} is too short for {tensor.name}")
        return self._beside[start:end].view(dtype).reshape(shape)


def read_floats(graph: Path) -> dict[str, NDArray[np.float32]]:
    """Every float32 tensor of a graph, by name; the large ones mapped."""
    stored = StoredWeights(graph)
    arrays = ((t.name, stored.array(t)) for t in read_model(graph).graph.initializer)
    return {name: array for name, array in arrays if array.dtype == np.float32}


class WeightsWriter:
    """Writes tensors as they are added, so that a model larger than memory can be written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / WEIGHTS_FILE
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._file is not None
        self._file.close()

    def add(self, name: str, array: NDArray[Any]) -> "onnx.TensorProto":
        """A tensor for the graph; its numbers are in the file beside it unless it is small."""
        from onnx import TensorProto, helper, numpy_helper

        data = np.ascontiguousarray(array)
        if data.nbytes <= _INLINE_BYTES:
            return numpy_helper.from_array(data.reshape(np.shape(array)), name)
        assert self._file is not None, "weights are written inside `with`"
        self._file.write(b"\0" * (-self._file.tell() % _ALIGNMENT))
        kind = helper.np_dtype_to_tensor_dtype(data.dtype)
        tensor = TensorProto(name=name, data_type=kind, dims=data.shape)
        tensor.data_location = TensorProto.EXTERNAL
        place = {"location": WEIGHTS_FILE, "offset": self._file.tell(), "length": data.nbytes}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self._file.write(data.data)
        return tensor
