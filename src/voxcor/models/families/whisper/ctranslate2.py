"""CTranslate2's `model.bin`: a list of named arrays.

Little-endian: u32 version of the format, name of the specification, u32 its revision, u32 count,
and for each array its name, u8 rank, u32 for each dimension, u8 type, u32 bytes, the numbers; then
aliases of names. A name is u16 bytes, the last of which is a zero.
"""

import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import InputNotFound, InputUnreadable
from voxcor.models.checkpoint import invalid
from voxcor.models.families.whisper.architecture import TITLE

FILE = "model.bin"
_VERSION = 6
_SPECIFICATION = "WhisperSpec"
_DTYPES = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}

# Beyond these a file only wants our time.
_MAX_ARRAYS, _MAX_RANK = 10_000, 8

_LINEARS = {
    "self_attention/linear_1": "attn.out",
    "ffn/linear_0": "mlp.0",
    "ffn/linear_1": "mlp.2",
}
_NORMS = {"self_attention/layer_norm": "attn_ln", "ffn/layer_norm": "mlp_ln"}


def is_model_bin(head: bytes) -> bool:
    """Whether a file that begins so is one."""
    name = _SPECIFICATION.encode() + b"\0"
    return head[4:].startswith(struct.pack("<H", len(name)) + name)


def read_model_bin(path: Path) -> dict[str, NDArray[Any]]:
    """The encoder's tensors by OpenAI's names, mapped from the file.

    Raises:
        InputNotFound, InputUnreadable: there is no such file, or it cannot be read.
        CheckpointInvalid: it is another format or version, damaged or cut short, or its weights
            are in 8 bits.
    """
    if not path.is_file():
        raise InputNotFound(name=str(path))
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        arrays = _Reader(data.data).arrays()
    except (struct.error, ValueError, UnicodeDecodeError) as error:
        raise invalid(str(path), TITLE, str(error)) from error
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror or str(error)) from error
    return _named_as_openai(arrays, str(path))


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by their names.

        Raises:
            ValueError, struct.error: it is no such file.
        """
        version, specification = self._number("I"), self._name()
        if (version, specification) != (_VERSION, _SPECIFICATION):
            raise ValueError(f"format {version} of {specification[:40]!a}, read is {_VERSION}")
        self._number("I")
        count = self._number("I")
        if count > _MAX_ARRAYS:
            raise ValueError(f"it claims {count} arrays")
        return dict(self._array() for _ in range(count))

    def _array(self) -> tuple[str, NDArray[Any]]:
        name = self._name()
        rank = self._number("B")
        if rank > _MAX_RANK:
            raise ValueError(f"{name[:40]!a} claims {rank} dimensions")
        shape = tuple(self._number("I") for _ in range(rank))
        kind, size = self._number("B"), self._number("I")
        if kind not in _DTYPES:
            raise ValueError(f"{name[:40]!a} is of type {kind}")
        dtype = np.dtype(_DTYPES[kind])
        if prod(shape) * dtype.itemsize != size:
            raise ValueError(f"{name[:40]!a} has {size} bytes for {list(shape)}")
        content = self._take(size)
        return name, np.frombuffer(content, dtype).reshape(shape)

    def _name(self) -> str:
        return bytes(self._take(self._number("H"))).rstrip(b"\0").decode()

    def _number(self, kind: str) -> int:
        (value,) = struct.unpack(f"<{kind}", self._take(struct.calcsize(f"<{kind}")))
        return int(value)

    def _take(self, size: int) -> memoryview:
        if size > len(self._data) - self._at:
            raise ValueError("it is cut short")
        self._at += size
        return self._data[self._at - size : self._at]


def _named_as_openai(arrays: Mapping[str, NDArray[Any]], path: str) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        layer, _, rest = name.removeprefix("encoder/layer_").partition("/")
        if name.startswith("encoder/layer_") and layer.isdecimal():
            tensors |= _of_block(f"encoder.blocks.{layer}.", rest, array)
        elif name.startswith("encoder/conv"):
            tensors[name.replace("/", ".")] = array
        elif name.startswith("encoder/layer_norm/"):
            tensors[f"encoder.ln_post.{_NORM_PARTS.get(name.rpartition('/')[2], '')}"] = array
        elif name == "encoder/position_encodings/encodings":
            tensors["encoder.positional_embedding"] = array
    if any(array.dtype.kind == "i" and array.ndim > 1 for array in tensors.values()):
        raise invalid(path, TITLE, "its weights are in 8 or 16 bits of integers")
    return tensors


_NORM_PARTS = {"gamma": "weight", "beta": "bias"}


def _of_block(block: str, rest: str, array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    module, _, part = rest.rpartition("/")
    if module in _NORMS and part in _NORM_PARTS:
        return {f"{block}{_NORMS[module]}.{_NORM_PARTS[part]}": array}
    if module in _LINEARS and part in ("weight", "bias"):
        return {f"{block}{_LINEARS[module]}.{part}": array}
    if module == "self_attention/linear_0" and part in ("weight", "bias") and not len(array) % 3:
        query, key, value = np.split(array, 3)
        named = {"query": query, "key": key, "value": value}
        if part == "bias":
            del named["key"]  # Whisper has none: it is filled up with zeros
        return {f"{block}attn.{name}.{part}": value for name, value in named.items()}
    return {}
