"""What torch keeps of tensors in a pickle: storages, and strided views of them.

Each is a number or a name that a stranger wrote; what is made here is within its bounds.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

_MAX_RANK = 16
_MAX_BITS = 48  # of a size, an offset, a stride

# Its numbers are the upper halves of float32, for which numpy has no type.
BFLOAT16 = np.dtype([("bfloat16", "<u2")])

STORAGES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": BFLOAT16,
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


class Malformed(ValueError):
    """Bytes that torch does not write; the message says what is wrong with them."""


class Forbidden(Exception):
    """A pickle names what tensors do not need; the message is that name."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of `size` numbers outside the pickle, found by `key`."""

    key: str
    dtype: np.dtype[Any]
    size: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A strided view of a storage; offset and strides count elements.

    It lies inside its storage: every index of it is at least 0 and below `storage.size`.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def make_storage(key: str, dtype: np.dtype[Any], size: Any) -> Storage:
    """A storage of `size` numbers.

    Raises:
        Malformed: it has no size that a storage has.
    """
    if not _is_size(size):
        raise Malformed("its description has a storage of no size")
    return Storage(key, dtype, size)


def make_tensor(storage: Storage, offset: Any, shape: Any, strides: Any) -> Tensor:
    """A view of a storage.

    Raises:
        Malformed: these are no numbers of a view, or it reaches outside.
    """
    if type(shape) is not tuple or type(strides) is not tuple or len(shape) != len(strides):
        raise Malformed("its description has a tensor without a shape")
    if len(shape) > _MAX_RANK:
        raise Malformed(f"its description has a tensor of {len(shape)} axes")
    for number in (offset, *shape, *strides):
        if not _is_size(number):
            raise Malformed("its description has a tensor of no size")
    if 0 in shape:
        if not _is_size(prod(size for size in shape if size)):
            raise Malformed("its description has an empty tensor of absurd shape")
        return Tensor(storage, 0, shape, (0,) * len(shape))  # nothing is ever read
    strides = tuple(0 if size == 1 else step for size, step in zip(shape, strides, strict=True))
    last = offset + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    if last >= storage.size:
        raise Malformed(f"a tensor reaches outside its storage {shown(storage.key)}")
    return Tensor(storage, offset, shape, strides)


def _is_size(number: Any) -> bool:
    return type(number) is int and 0 <= number < 1 << _MAX_BITS


def shown(text: str) -> str:
    """Text from a file as a message may show it: short, on one line, without control characters."""
    short = text if len(text) <= 100 else text[:100] + "…"
    return short if short.isprintable() else ascii(short)
