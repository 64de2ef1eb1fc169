"""Reading `model.pt` without torch, and without running anything that a pickle asks for.

torch saves a zip: a pickle that describes the tensors (`data.pkl`) and one uncompressed entry of
raw numbers for each storage (`data/0`, `data/1`, …). The pickle is read by an unpickler that knows
a handful of names and refuses every other one; the numbers are mapped into memory where they lie,
so the optimizer's two thirds of a fairseq checkpoint are never read from disk.

    tensors = read_checkpoint(Path("model.pt"))
    tensors["proj.weight"].shape
"""

import pickle
import struct
import zipfile
from argparse import Namespace
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import CheckpointInvalid, CheckpointUnsafe, InputNotFound

# Prefixes under which emotion2vec weights are found in the wild; emotion2vec.md, section 2.1.
_PREFIXES = ("module.d2v_model.", "d2v_model.", "module.")

# The description of 600 tensors takes 100 kB; anything near this is no description.
_LARGEST_PICKLE = 64 << 20

_DTYPES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


@dataclass(frozen=True, slots=True)
class _Storage:
    """A run of numbers in the archive, named by its entry."""

    key: str
    dtype: np.dtype[Any]
    size: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A strided view of a storage; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(data: _Tensor, *_: Any) -> _Tensor:
    return data


# Everything a fairseq checkpoint of tensors names, and the inert thing it stands for here. The
# hubs' pickle scans list OrderedDict, _rebuild_tensor_v2 and storages; fairseq adds its Namespace.
_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("argparse", "Namespace"): Namespace,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): tuple,
    **{("torch", name): dtype for name, dtype in _DTYPES.items()},
}


class _Unpickler(pickle.Unpickler):
    """Knows `_KNOWN` and nothing else."""

    def __init__(self, stream: Any, path: Path) -> None:
        super().__init__(stream)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise CheckpointUnsafe(model=str(self._path), wanted=f"{module}.{name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, size = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"unknown persistent object {kind!r}")
        return _Storage(str(key), dtype, int(size))


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """The model's tensors by name, read-only and mapped from the file.

    Names lose the prefixes `module.` and `d2v_model.`; the optimizer is left on disk.

    Raises:
        InputNotFound: there is no such file.
        CheckpointUnsafe: the pickle names anything but tensors and plain containers.
        CheckpointInvalid: not a torch zip file, damaged, cut short, or without model weights.
    """
    if not path.is_file():
        raise InputNotFound(name=str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            content = _unpickle(archive, path)
            tensors = _model_tensors(content)
            offsets = {
                tensor.storage.key: _entry_offset(archive, tensor.storage)
                for tensor in tensors.values()
            }
        file = np.memmap(path, mode="r", dtype=np.uint8)
        return {
            _without_prefix(name): _map(file, offsets[tensor.storage.key], tensor)
            for name, tensor in tensors.items()
        }
    except CheckpointUnsafe:
        raise
    # A damaged pickle can break the unpickler in any of these ways.
    except (
        *(zipfile.BadZipFile, pickle.UnpicklingError, EOFError, OSError, struct.error),
        *(KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError),
        *(UnicodeError, RecursionError, MemoryError, NotImplementedError),
    ) as error:
        raise CheckpointInvalid(model=str(path), reason=_reason(error)) from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _unpickle(archive: zipfile.ZipFile, path: Path) -> Any:
    entries = [info for info in archive.infolist() if info.filename.endswith("/data.pkl")]
    if len(entries) != 1:
        raise ValueError("it has no data.pkl, so it is not a file written by torch.save")
    if entries[0].file_size > _LARGEST_PICKLE:
        raise ValueError("its description of tensors is larger than any model's")
    root = entries[0].filename.removesuffix("data.pkl")
    if f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") != b"little":
        raise ValueError("its numbers are big-endian")
    with archive.open(entries[0]) as stream:
        return _Unpickler(stream, path).load()


def _model_tensors(content: Any) -> dict[str, _Tensor]:
    """The flat state dict: under `model` in fairseq's layout, the whole file elsewhere."""
    state = content.get("model", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping):
        raise ValueError("it holds no dictionary of weights")
    tensors = {str(name): value for name, value in state.items() if isinstance(value, _Tensor)}
    if not tensors:
        raise ValueError("it holds no tensors")
    return tensors


def _entry_offset(archive: zipfile.ZipFile, storage: _Storage) -> int:
    """Where in the file the storage's first byte lies."""
    name = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
    info = archive.getinfo(name.removesuffix("data.pkl") + f"data/{storage.key}")
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"its tensor storage {storage.key} is compressed")
    if storage.size * storage.dtype.itemsize > info.file_size:
        raise ValueError(f"its tensor storage {storage.key} is shorter than it claims")
    # The local header repeats the name and has an extra field of its own length (torch pads with
    # it); the central directory does not say where the data begins. APPNOTE.TXT 4.3.7.
    stream = archive.fp
    assert stream is not None
    stream.seek(info.header_offset)
    header = stream.read(30)
    signature, name_length, extra_length = struct.unpack("<4s22xHH", header)
    if signature != b"PK\x03\x04":
        raise ValueError(f"its tensor storage {storage.key} has no header")
    return int(info.header_offset + 30 + name_length + extra_length)


def _map(file: NDArray[np.uint8], start: int, tensor: _Tensor) -> NDArray[Any]:
    storage = tensor.storage
    last = tensor.offset + sum(
        (size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    if prod(tensor.shape) and not (0 <= tensor.offset <= last < storage.size):
        raise ValueError(f"a tensor reaches outside its storage {storage.key}")
    if min((*tensor.strides, *tensor.shape), default=0) < 0:
        raise ValueError(f"a tensor of storage {storage.key} has negative strides")
    data = file[start : start + storage.size * storage.dtype.itemsize].view(storage.dtype)
    return np.lib.stride_tricks.as_strided(
        data[tensor.offset :],
        tensor.shape,
        tuple(stride * storage.dtype.itemsize for stride in tensor.strides),
        writeable=False,
    )


def _without_prefix(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
