"""Reading what torch saved without torch, and without trusting anything that it says.

What torch saves is a pickle that describes the tensors, and their numbers beside it
(`voxcor.models.containers`). The pickle is read by a machine that can only make plain data
(`voxcor.models.pickles`); the numbers are mapped into memory where they lie, so the optimizer's two
thirds of a fairseq checkpoint are never read from disk.

    tensors = read_tensors(Path("model.pt"), family=TITLE, under="model")
    tensors["proj.weight"].shape

A file may say anything: the reader gives tensors or one of its errors, in bounded time, and in
bounded memory beside the tensors. `fuzz/checkpoint.py` holds it to that.
"""

import mmap
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import CheckpointInvalid, CheckpointUnsafe, InputNotFound, InputUnreadable
from voxcor.models.containers import Bytes, open_container
from voxcor.models.storages import BFLOAT16, Forbidden, Malformed, Tensor, shown

_MAX_NAME = 256  # characters

# Tensors may share a storage, or repeat a part of it (strides of 0), so together they may have more
# bytes than the file: twice as many, and this much in a small file.
_SMALL_BYTES = 16 << 20


def read_tensors(
    path: Path, *, family: str, under: str, prefixes: Sequence[str] = ()
) -> dict[str, NDArray[Any]]:
    """A model's tensors by name, read-only and mapped from the file; bfloat16 as float32.

    Args:
        path: what torch.save wrote.
        family: the title of what it should be, for the error.
        under: the key that has the state dict; without it the whole file is one.
        prefixes: the first of these that a name begins with is taken from it.

    Raises:
        InputNotFound, InputUnreadable: there is no such file, or it cannot be read.
        CheckpointUnsafe: the pickle names anything but tensors and plain containers.
        CheckpointInvalid: not written by torch.save, damaged, cut short, or without model weights.
    """
    if not path.is_file():
        raise InputNotFound(name=str(path))
    try:
        with path.open("rb") as stream:
            file = Bytes(stream.fileno())
            if not file.size:
                raise Malformed("it is empty")
            saved = open_container(file)
            tensors = _model_tensors(saved.value, under, prefixes)
            _require_proportion(tensors, file.size)
            storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
            places = saved.places(storages)
            mapped = _map(stream.fileno(), file.size)
    except Forbidden as error:
        raise CheckpointUnsafe(model=str(path), wanted=str(error)) from error
    except Malformed as error:
        raise invalid(str(path), family, str(error)) from error
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror or str(error)) from error
    return {
        name: _array(mapped, places[tensor.storage.key], tensor) for name, tensor in tensors.items()
    }


def invalid(model: str, family: str, reason: str) -> CheckpointInvalid:
    """The error for what is no checkpoint of the family with this title."""
    article = "an" if family[:1].lower() in "aeiou" else "a"
    return CheckpointInvalid(
        model=model, family_en=f"{article} {family}", family_zh=family, reason=reason
    )


def require_shapes(
    tensors: Mapping[str, NDArray[np.generic]],
    shapes: Mapping[str, tuple[int, ...]],
    model: str,
    family: str,
) -> None:
    """Whether all tensors of an architecture are there; more of them do not matter.

    Raises:
        CheckpointInvalid: one is missing, has another shape, or no floating-point numbers.
    """
    for name, shape in shapes.items():
        if name not in tensors:
            raise invalid(model, family, f"{name} is missing")
        if tensors[name].shape != shape:
            reason = f"{name} has shape {list(tensors[name].shape)}, expected {list(shape)}"
            raise invalid(model, family, reason)
        if tensors[name].dtype.kind != "f":
            reason = f"{name} is of {tensors[name].dtype}, no floating-point numbers"
            raise invalid(model, family, reason)


def count_blocks(tensors: Mapping[str, object], prefix: str, model: str, family: str) -> int:
    """How many blocks there are: as many as their names count up to, never a number in a name.

    Raises:
        CheckpointInvalid: one of them is missing.
    """
    found = {n.removeprefix(prefix).partition(".")[0] for n in tensors if n.startswith(prefix)}
    missing = {str(index) for index in range(len(found))} - found
    if missing:
        reason = f"{prefix}{min(missing)} is missing, but there are {len(found)} blocks"
        raise invalid(model, family, reason)
    return len(found)


def _map(descriptor: int, size: int) -> mmap.mmap:
    try:
        return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
    except ValueError:  # it is shorter by now
        raise Malformed("it changes while it is read") from None


def _model_tensors(content: Any, under: str, prefixes: Sequence[str]) -> dict[str, Tensor]:
    state = content.get(under, content) if type(content) is dict else None
    if type(state) is not dict:
        raise Malformed("it holds no dictionary of weights")
    tensors: dict[str, Tensor] = {}
    for full_name, value in state.items():
        if type(value) is not Tensor:
            continue
        prefix = next((p for p in prefixes if full_name.startswith(p)), "")
        name = full_name.removeprefix(prefix)
        if len(name) > _MAX_NAME or not name.isprintable():
            raise Malformed(f"it has a tensor of the name {shown(name)}")
        if name in tensors:
            raise Malformed(f"it has two tensors {name}")
        tensors[name] = value
    if not tensors:
        raise Malformed("it holds no tensors")
    return tensors


def _require_proportion(tensors: Mapping[str, Tensor], file_bytes: int) -> None:
    total = sum(prod(t.shape) * t.storage.dtype.itemsize for t in tensors.values())
    if total > 2 * file_bytes + _SMALL_BYTES:
        raise Malformed("its tensors claim more numbers than it has")


def _array(mapped: mmap.mmap, start: int, tensor: Tensor) -> NDArray[Any]:
    dtype = tensor.storage.dtype
    if not prod(tensor.shape):
        # numpy wants a buffer to begin inside the file, which an empty storage at its end does not.
        array: NDArray[Any] = np.zeros(tensor.shape, dtype)
    else:
        array = np.ndarray(
            tensor.shape,
            dtype,
            buffer=mapped,
            offset=start + tensor.offset * dtype.itemsize,
            strides=tuple(stride * dtype.itemsize for stride in tensor.strides),
        )
    if dtype == BFLOAT16:
        wide = array["bfloat16"].astype(np.uint32)
        wide <<= 16
        array = wide.view(np.float32)
    array.flags.writeable = False
    return array
