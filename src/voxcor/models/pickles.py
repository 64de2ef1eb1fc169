"""The pickles that torch writes, read by a machine that can make plain data and nothing else.

A pickle is a program, and Python's own machine for it calls what the program names. This one has
nothing to call: the few names that tensors need stand for one of the values below, every other
name is refused, and attributes that a pickle sets are dropped. Bytes, steps, indices, numbers and
names are bounded, so that whatever a file says costs a fixed amount of memory and time.

    document = load(data)
    document.value["model"]["proj.weight"].shape

What comes out is made of `dict` (whose keys are text; other entries are dropped), `list`, `tuple`,
`str`, `int`, `bool`, `Storage` and `Tensor`. Everything else that a description may hold, such as a
float, bytes or a set, is None: nobody asks for it.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from voxcor.models.storages import (
    STORAGES,
    Forbidden,
    Malformed,
    Storage,
    Tensor,
    make_storage,
    make_tensor,
    shown,
)

# The description of 600 tensors takes 100 kB and 20,000 steps. A step makes at most some 130 bytes,
# a byte of text at most four.
MAX_BYTES = 4 << 20
MAX_STEPS = 200_000
_MAX_NAME_BYTES = 256
_MAX_INT_BYTES = 16  # the mark at the head of a legacy file has 10


@dataclass(frozen=True, slots=True)
class Document:
    """A pickle that was read: its value, the storages it names, and where it ended."""

    value: Any
    storages: dict[str, Storage]
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class _StorageType:
    """What the name of a storage's class stands for."""

    dtype: np.dtype[Any]


class _Name(Enum):
    """What the other names stand for."""

    MAPPING = "a class whose instances are dictionaries, or nothing, here"
    TENSOR = "(storage, offset, shape, strides, …)"
    PARAMETER = "(tensor, …)"
    SIZE = "(tuple,)"


# Everything that a fairseq checkpoint of tensors names. The hubs' pickle scans list OrderedDict,
# _rebuild_tensor_v2 and storages; fairseq adds its Namespace.
_NAMES: dict[tuple[str, str], _Name | _StorageType] = {
    ("collections", "OrderedDict"): _Name.MAPPING,
    ("argparse", "Namespace"): _Name.MAPPING,
    ("torch._utils", "_rebuild_tensor"): _Name.TENSOR,
    ("torch._utils", "_rebuild_tensor_v2"): _Name.TENSOR,
    ("torch._utils", "_rebuild_parameter"): _Name.PARAMETER,
    ("torch", "Size"): _Name.SIZE,
    **{("torch", name): _StorageType(dtype) for name, dtype in STORAGES.items()},
}


def load(data: bytes, start: int = 0) -> Document:
    """Reads the pickle that begins at `start`; what follows its end is left alone.

    Raises:
        Malformed: cut off, damaged, of a protocol before 2, or beyond a bound.
        Forbidden: it names something else than tensors and plain containers.
    """
    machine = _Machine(data, start)
    return Document(machine.run(), machine.storages, machine.at)


class _Machine:
    """A pickle's stack machine; pickletools.py of Python's library describes each step."""

    def __init__(self, data: bytes, start: int) -> None:
        self.at = start
        self.storages: dict[str, Storage] = {}
        self._data = data
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        if self._take(1) != pickle.PROTO or not 2 <= self._number(1) <= 5:
            raise Malformed("its description is not a pickle of protocol 2 to 5")
        for _ in range(MAX_STEPS):
            code = self._take(1)
            if code == pickle.STOP:
                return self._pop()
            step = _STEPS.get(code)
            if step is None:
                raise Malformed(f"its description has a step {code!r} that tensors do not need")
            step(self)
        raise Malformed("its description has more steps than any model's")

    # What is written in the pickle.

    def _take(self, count: int) -> bytes:
        data = self._data[self.at : self.at + count]
        if len(data) < count:
            raise Malformed("its description is cut off")
        self.at += count
        return data

    def _number(self, count: int) -> int:
        return int.from_bytes(self._take(count), "little")

    def _line(self) -> str:
        end = self._data.find(b"\n", self.at, self.at + _MAX_NAME_BYTES + 1)
        if end < 0:
            raise Malformed("its description has a name without an end")
        line = self._take(end + 1 - self.at)[:-1]
        return line.decode("utf-8", "replace")

    def integer(self, count: int, *, signed: bool = False) -> None:
        self._push(int.from_bytes(self._take(count), "little", signed=signed))

    def long_integer(self, width: int) -> None:
        count = self._number(width)
        if count > _MAX_INT_BYTES:
            raise Malformed("its description has a number of absurd size")
        self.integer(count, signed=True)

    def text(self, width: int) -> None:
        self._push(self._take(self._number(width)).decode("utf-8", "replace"))

    def opaque(self, width: int) -> None:
        self._take(self._number(width))
        self._push(None)

    def number_with_fraction(self) -> None:
        self._take(8)
        self._push(None)

    def skip(self, count: int) -> None:
        self._take(count)

    # The stack and the memo.

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise Malformed("its description takes more than it has")
        return self._stack.pop()

    def _top(self, kind: type) -> Any:
        """The value on top, which stays there and must be of this kind."""
        value = self._pop()
        if type(value) is not kind:
            raise Malformed(f"its description fills {type(value).__name__} as a {kind.__name__}")
        self._push(value)
        return value

    def _since_mark(self) -> list[Any]:
        if not self._marks:
            raise Malformed("its description takes more than it has")
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def constant(self, value: Any) -> None:
        self._push(value)

    def mark(self) -> None:
        self._marks.append(len(self._stack))

    def drop(self) -> None:
        # A mark on top is dropped in its place, as pickle does.
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._pop()

    def drop_to_mark(self) -> None:
        self._since_mark()

    def duplicate(self) -> None:
        value = self._pop()
        self._stack += (value, value)

    def _remember(self, index: int) -> None:
        if index > MAX_STEPS:
            raise Malformed("its description counts further than any model's")
        value = self._pop()
        self._push(value)
        self._memo[index] = value

    def put(self, width: int) -> None:
        self._remember(self._number(width))

    def memoize(self) -> None:
        self._remember(len(self._memo))

    def get(self, width: int) -> None:
        index = self._number(width)
        if index not in self._memo:
            raise Malformed("its description refers to what it has not said")
        self._push(self._memo[index])

    # Containers.

    def tuple_of(self, count: int) -> None:
        self._push(tuple(reversed([self._pop() for _ in range(count)])))

    def tuple_since_mark(self) -> None:
        self._push(tuple(self._since_mark()))

    def empty_list(self) -> None:
        self._push([])

    def append(self) -> None:
        value = self._pop()
        self._top(list).append(value)

    def appends(self) -> None:
        values = self._since_mark()
        self._top(list).extend(values)

    def empty_dict(self) -> None:
        self._push({})

    def _store(self, values: list[Any]) -> None:
        if len(values) % 2:
            raise Malformed("its description has a key without a value")
        entries = self._top(dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            # Only text: the hash of a tuple of tuples may take for ever.
            if type(key) is str:
                entries[key] = value

    def set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._store([key, value])

    def set_items(self) -> None:
        self._store(self._since_mark())

    def add_items(self) -> None:
        self._since_mark()
        self._top(type(None))

    def frozen_set(self) -> None:
        self._since_mark()
        self._push(None)

    # Names, and what is made of them.

    def _name(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise Malformed("its description has a name that is no text")
        found = _NAMES.get((module, name))
        if found is None:
            raise Forbidden(shown(f"{module}.{name}"))
        self._push(found)

    def name(self) -> None:
        module = self._line()
        self._name(module, self._line())

    def name_from_stack(self) -> None:
        name, module = self._pop(), self._pop()
        self._name(module, name)

    def reduce(self) -> None:
        arguments, name = self._pop(), self._pop()
        if type(arguments) is not tuple:
            raise Malformed("its description applies a name to no arguments")
        match name, arguments:
            case _Name.MAPPING, ():
                self._push({})
            case _Name.MAPPING, (list() as pairs,):  # as Python 2 wrote it
                if not all(type(p) in (list, tuple) and len(p) == 2 for p in pairs):
                    raise Malformed("its description has a key without a value")
                self._push({})
                self._store([part for pair in pairs for part in pair])
            case _Name.TENSOR, (Storage() as storage, offset, shape, strides, *_):
                self._push(make_tensor(storage, offset, shape, strides))
            case _Name.PARAMETER, (Tensor() as tensor, *_):
                self._push(tensor)
            case _Name.SIZE, (tuple() as size,):
                self._push(size)
            case _:
                raise Malformed("its description applies a name to the wrong arguments")

    def new_object(self) -> None:
        arguments, name = self._pop(), self._pop()
        if name is not _Name.MAPPING or type(arguments) is not tuple or arguments:
            raise Malformed("its description makes an object of no class")
        self._push({})

    def build(self) -> None:
        """The attributes of an object: OrderedDict's `_metadata`, Namespace's all; dropped."""
        self._pop()
        self._top(dict)

    def persistent(self) -> None:
        match self._pop():
            case ("storage", _StorageType(dtype=dtype), str(key), _, int(size), *rest):
                pass
            case _:
                raise Malformed("its description has an unknown kind of object outside")
        if rest not in ([], [None]):
            raise Malformed("its description has a view of a storage, as torch before 0.4 wrote")
        storage = make_storage(key, dtype, size)
        if self.storages.setdefault(key, storage) != storage:
            raise Malformed(f"its description has two storages {shown(key)}")
        self._push(storage)


_Step = Callable[[_Machine], None]


def _with(method: Callable[..., None], *arguments: Any, **more: Any) -> _Step:
    return lambda machine: method(machine, *arguments, **more)


_STEPS: dict[bytes, _Step] = {
    pickle.FRAME: _with(_Machine.skip, 8),
    pickle.NONE: _with(_Machine.constant, None),
    pickle.NEWTRUE: _with(_Machine.constant, True),
    pickle.NEWFALSE: _with(_Machine.constant, False),
    pickle.BININT: _with(_Machine.integer, 4, signed=True),
    pickle.BININT1: _with(_Machine.integer, 1),
    pickle.BININT2: _with(_Machine.integer, 2),
    pickle.LONG1: _with(_Machine.long_integer, 1),
    pickle.LONG4: _with(_Machine.long_integer, 4),
    pickle.BINUNICODE: _with(_Machine.text, 4),
    pickle.SHORT_BINUNICODE: _with(_Machine.text, 1),
    pickle.BINUNICODE8: _with(_Machine.text, 8),
    pickle.BINSTRING: _with(_Machine.text, 4),
    pickle.SHORT_BINSTRING: _with(_Machine.text, 1),
    pickle.BINFLOAT: _Machine.number_with_fraction,
    pickle.BINBYTES: _with(_Machine.opaque, 4),
    pickle.SHORT_BINBYTES: _with(_Machine.opaque, 1),
    pickle.BINBYTES8: _with(_Machine.opaque, 8),
    pickle.BYTEARRAY8: _with(_Machine.opaque, 8),
    pickle.MARK: _Machine.mark,
    pickle.POP: _Machine.drop,
    pickle.POP_MARK: _Machine.drop_to_mark,
    pickle.DUP: _Machine.duplicate,
    pickle.BINPUT: _with(_Machine.put, 1),
    pickle.LONG_BINPUT: _with(_Machine.put, 4),
    pickle.MEMOIZE: _Machine.memoize,
    pickle.BINGET: _with(_Machine.get, 1),
    pickle.LONG_BINGET: _with(_Machine.get, 4),
    pickle.EMPTY_TUPLE: _with(_Machine.constant, ()),
    pickle.TUPLE1: _with(_Machine.tuple_of, 1),
    pickle.TUPLE2: _with(_Machine.tuple_of, 2),
    pickle.TUPLE3: _with(_Machine.tuple_of, 3),
    pickle.TUPLE: _Machine.tuple_since_mark,
    pickle.EMPTY_LIST: _Machine.empty_list,
    pickle.APPEND: _Machine.append,
    pickle.APPENDS: _Machine.appends,
    pickle.EMPTY_DICT: _Machine.empty_dict,
    pickle.SETITEM: _Machine.set_item,
    pickle.SETITEMS: _Machine.set_items,
    pickle.EMPTY_SET: _with(_Machine.constant, None),
    pickle.ADDITEMS: _Machine.add_items,
    pickle.FROZENSET: _Machine.frozen_set,
    pickle.GLOBAL: _Machine.name,
    pickle.STACK_GLOBAL: _Machine.name_from_stack,
    pickle.REDUCE: _Machine.reduce,
    pickle.NEWOBJ: _Machine.new_object,
    pickle.BUILD: _Machine.build,
    pickle.BINPERSID: _Machine.persistent,
}
