"""Files that ask a checkpoint reader for what it must not give, each made by hand."""

import pickle
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

GB = 1 << 30
NAN = float("nan")


@dataclass
class Entry:
    """An entry of a zip file; what is not None is a lie about it."""

    name: bytes
    data: bytes
    size: int | None = None
    offset: int | None = None
    flags: int = 0
    method: int = 0
    extra: bytes = b""


def zip_file(
    *entries: Entry, count: int | None = None, comment: bytes = b"", end_64: bytes = b""
) -> bytes:
    body, directory = bytearray(), bytearray()
    for e in entries:
        size = len(e.data) if e.size is None else e.size
        offset = len(body) if e.offset is None else e.offset
        crc = zlib.crc32(e.data)
        local = (20, e.flags, e.method, 0, 0, crc, len(e.data), len(e.data), len(e.name), 0)
        body += struct.pack("<4s5H3I2H", b"PK\3\4", *local) + e.name + e.data
        central = (20, 20, e.flags, e.method, 0, 0, crc, size, size, len(e.name), len(e.extra))
        directory += struct.pack("<4s6H3I2H", b"PK\1\2", *central)
        directory += struct.pack("<3H2I", 0, 0, 0, 0, offset) + e.name + e.extra
    n = len(entries) if count is None else count
    end = (0, 0, n, n, len(directory), len(body), len(comment))
    return bytes(body + directory) + end_64 + struct.pack("<4s4H2IH", b"PK\5\6", *end) + comment


def value(content: Any) -> bytes:
    """Steps that put plain data on the stack."""
    return pickle.dumps(content, 2)[2:-1]


def storage(
    key: Any = "0", size: Any = 4, kind: bytes = b"FloatStorage", more: bytes = b""
) -> bytes:
    steps = value("storage") + b"ctorch\n" + kind + b"\n" + value(key) + value("cpu") + value(size)
    return b"(" + steps + more + b"tQ"


def tensor(
    shape: Any = (4,), strides: Any = (1,), offset: Any = 0, of: bytes | None = None
) -> bytes:
    view = value(offset) + value(shape) + value(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + (of or storage()) + view + b"\x89}tR"


def state(steps: bytes, name: bytes | None = None) -> bytes:
    """A pickle of {"model": {name: what the steps make}}."""
    return b"\x80\2}(" + value("model") + b"}(" + (name or value("a")) + steps + b"uu."


def checkpoint(description: bytes, data: bytes = bytes(16), **lies: Any) -> bytes:
    """A zip with this pickle and one storage."""
    return zip_file(Entry(b"m/data.pkl", description), Entry(b"m/data/0", data, **lies))


GOOD = state(tensor())


def whole_model(shapes: Mapping[str, tuple[int, ...]], claimed: int = GB) -> bytes:
    """A model of some kilobytes: all tensors lie in one storage that the file does not have."""
    steps = b""
    for name, shape in shapes.items():
        strides = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
        view = tensor(shape, strides, of=storage(size=claimed // 4))
        steps += value(name) + view
    return checkpoint(b"\x80\2}(" + value("model") + b"}(" + steps + b"uu.", size=claimed)


# torch/serialization.py: what its older container begins with.
MAGIC, SYSTEM = 0x1950A86A20F9469CFC6C, {"little_endian": True}


def stream(
    description: bytes = GOOD,
    keys: Any = ("0",),
    tail: bytes = struct.pack("<q", 4) + bytes(16),
    *,
    magic: Any = MAGIC,
    protocol: Any = 1001,
    system: Any = SYSTEM,
) -> bytes:
    head = b"".join(pickle.dumps(part, 2) for part in (magic, protocol, system))
    return head + description + pickle.dumps(list(keys) if type(keys) is tuple else keys, 2) + tail


def zips() -> Iterator[tuple[str, bytes]]:
    """Containers that lie."""
    for size in (4 * GB - 2, GB, 1 << 20, 4096):
        claim = state(tensor((size // 4,), of=storage(size=size // 4)))
        yield f"a storage of {size} bytes in a file of some hundred", checkpoint(claim, size=size)
        yield (
            f"the same of {size} bytes, and all of it shown",
            checkpoint(claim, b"", size=size),
        )
    claim = state(tensor((1 << 40,), of=storage(size=1 << 40)))
    sizes = struct.pack("<HHQQ", 1, 16, 1 << 42, 1 << 42)
    yield "a size of 64 bits", checkpoint(claim, size=0xFFFFFFFF, extra=sizes)
    yield "a size that is announced and missing", checkpoint(claim, size=0xFFFFFFFF)
    yield "an entry beyond the end", checkpoint(GOOD, offset=1 << 20)
    yield "an entry in the middle of another", checkpoint(GOOD, offset=7)
    yield "encrypted numbers", checkpoint(GOOD, flags=1)
    yield "compressed numbers", checkpoint(GOOD, method=8)
    pair = (Entry(b"m/data.pkl", GOOD), Entry(b"m/data/0", bytes(16)))
    yield "an encrypted description", zip_file(Entry(b"m/data.pkl", GOOD, flags=1), pair[1])
    yield "a compressed description", zip_file(Entry(b"m/data.pkl", GOOD, method=8), pair[1])
    yield "an unknown method", zip_file(Entry(b"m/data.pkl", GOOD, method=99), pair[1])
    yield "an entry twice", zip_file(*pair, Entry(b"m/data/0", bytes(16)))
    yield "two descriptions", zip_file(*pair, Entry(b"n/data.pkl", GOOD))
    yield "a directory that counts too far", zip_file(*pair, count=9)
    yield "a directory that counts to 65535", zip_file(*pair, count=0xFFFF)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 1 << 60, 1)
    yield "a directory of 64 bits far away", zip_file(*pair, end_64=locator)
    many = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 60, 1 << 60, 1 << 60, 0)
    start = len(zip_file(*pair)) - 22
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, start, 1)
    yield "a directory of 2^60 entries", zip_file(*pair, end_64=many + locator)
    fill = (Entry(b"m/%d" % i, b"") for i in range(60_000))
    yield "a directory of 60,000 entries", zip_file(*pair, *fill)
    both = state(tensor() + value("b") + tensor(of=storage("1")))
    overlapping = Entry(b"m/data/1", bytes(16))
    whole = zip_file(Entry(b"m/data.pkl", both), Entry(b"m/data/0", bytes(16)), overlapping)
    at = whole.index(b"PK\3\4", whole.index(b"m/data/0"))
    inside = bytes(4) + whole[at : at + 38] + bytes(16)
    yield (
        "a storage inside another",
        zip_file(
            Entry(b"m/data.pkl", both),
            Entry(b"m/data/0", inside),
            Entry(b"m/data/1", bytes(16), offset=whole.index(b"m/data/0") - 30 + 38 + 4),
        ),
    )
    yield "big-endian numbers", zip_file(*pair, Entry(b"m/byteorder", b"big"))
    yield "something after the end", checkpoint(GOOD) + b"more"


def descriptions() -> Iterator[tuple[str, bytes]]:
    """Pickles that ask for memory, time, or a hand on something live."""
    yield "an attribute of a class", b"\x80\2ccollections\nOrderedDict\n}(X\6\0\0\0updateK\1ub."
    yield "an attribute of a name", b"\x80\2cargparse\nNamespace\n}(X\1\0\0\0aK\1ub."
    yield "an attribute of a number", b"\x80\2K\1}b."
    yield "an index of 2^32", b"\x80\2}r\xfe\xff\xff\xff."
    yield "an index of 2^28", b"\x80\2}r\0\0\0\x10."
    yield "tuples of tuples as a key", state(b"K\1", b")" + 200 * b"2\x86")
    yield "a tuple of itself in a set", b"\x80\4\x8f()" + 200 * b"2\x86" + b"\x90."
    yield "lists in lists", state(100_000 * b"]" + 99_999 * b"a")
    yield "tuples in tuples", state(b")" + 150_000 * b"\x85")
    yield "dictionaries in dictionaries", state(40_000 * b"}K\1" + b"N" + 40_000 * b"s")
    yield "objects in objects", state(50_000 * b"cargparse\nNamespace\n)\x81" + 49_999 * b"b")
    yield "names without end", b"\x80\2c" + 1_000_000 * b"a"
    yield "steps without end", b"\x80\2N" + 3_900_000 * b"2"
    yield "dictionaries without end", b"\x80\2" + 3_900_000 * b"}"
    yield "marks without end", b"\x80\2" + 3_900_000 * b"("
    yield "a description of 16 MB", b"\x80\2" + (16 << 20) * b"N"
    yield "text of 2^32 bytes", b"\x80\2X\xff\xff\xff\xff."
    yield "text of 2^63 bytes", b"\x80\4\x8d" + 8 * b"\xff" + b"."
    yield "bytes of 2^63", b"\x80\4\x8e" + 8 * b"\x7f" + b"."
    yield "a frame of 2^63 bytes", b"\x80\4\x95" + 8 * b"\x7f" + b"N."
    yield "a number of 255 bytes", b"\x80\2\x8a\xff" + 255 * b"\x7f" + b"."
    yield "a number of 2^31 bytes", b"\x80\2\x8b\xff\xff\xff\x7f."
    yield "a number of 3 MB", b"\x80\2\x8b\0\0\x30\0" + 0x300000 * b"\x7f" + b"."
    yield (
        "a wide character in 3 MB of text",
        state(b"X\0\0\x30\0" + b"\xf0\x9f\x98\x80" + 0x2FFFFC * b"a"),
    )
    yield "a name that is no text", b"\x80\4K\1K\2\x93."
    yield "an extension", b"\x80\2\x82\1."
    yield "a persistent object by text", b"\x80\2Pstorage\n."
    yield "a persistent object that is a list", b"\x80\2]Q."
    yield "an instance", b"\x80\2(iargparse\nNamespace\n."
    yield "a buffer from elsewhere", b"\x80\5\x97."
    yield "more than there is", b"\x80\2tt."
    yield "a mark that never was", b"\x80\2Nt."
    yield "what was never said", b"\x80\2h\7."
    yield "protocol 0", pickle.dumps({"model": {"a": 1}}, 0)
    yield "protocol 1", pickle.dumps({"model": {"a": 1}}, 1)
    yield "protocol 9", b"\x80\x09N."
    yield "a dictionary from a number", b"\x80\2ccollections\nOrderedDict\nK\1\x85R."
    yield "a dictionary from lists of lists", b"\x80\2ccollections\nOrderedDict\n]]a\x85R."
    yield "nothing", b""


def tensors() -> Iterator[tuple[str, bytes]]:
    """Tensors that are not in their storage, or more than it."""
    yield "a number repeated 2^40 times", state(tensor((1 << 40,), (0,)))
    yield "a number repeated over two axes", state(tensor((1 << 20, 1 << 20), (0, 0)))
    yield "two numbers repeated", state(tensor((2, 1 << 30), (1, 0)))
    yield "no length that is a number", state(tensor((NAN,), (1,)))
    yield "a length and a half", state(tensor((1.5,), (1,)))
    yield "a negative length", state(tensor((-4,), (1,)))
    yield "a length that is true", state(tensor((True,), (1,)))
    yield "a length of 2^70", state(tensor((1 << 70,), (1,)))
    yield "lengths whose product is beyond 2^64", state(tensor((1 << 40, 1 << 40), (0, 0)))
    yield "an empty tensor of 2^80 rows", state(tensor((0, 1 << 40, 1 << 40), (1, 1, 1)))
    yield "a negative stride", state(tensor((4,), (-1,), 3))
    yield "a stride of 2^61", state(tensor((2,), (1 << 61,)))
    yield "a stride of 2^61 over one row", state(tensor((1, 4), (1 << 61, 1)))
    yield "an offset beyond", state(tensor((4,), (1,), 1))
    yield "a negative offset", state(tensor((1,), (1,), -1))
    yield "an offset of 2^62", state(tensor((1,), (1,), 1 << 62))
    yield "200 axes", state(tensor((1,) * 200, (1,) * 200))
    yield "fewer strides than axes", state(tensor((2, 2), (1,)))
    yield "a shape that is a list", state(tensor([4], [1]))
    yield "no storage", state(tensor(of=value("0")))
    yield "a tensor of a tensor", state(tensor(of=tensor()))
    yield "a storage in a path", state(tensor(of=storage("../0")))
    yield "a storage whose key is a number", state(tensor(of=storage(0)))
    yield "a storage of -1", state(tensor(of=storage(size=-1)))
    yield "a storage of 2^70", state(tensor(of=storage(size=1 << 70)))
    yield "a storage of no number", state(tensor(of=storage(size=NAN)))
    yield "a storage of true", state(tensor((1,), of=storage(size=True)))
    yield "a storage of an unknown kind", state(tensor(of=storage(kind=b"UntypedStorage")))
    yield "a storage of a function", state(tensor(of=storage(kind=b"Size")))
    yield "a storage longer than its entry", state(tensor((5,), of=storage(size=5)))
    yield "a storage in two sizes", state(tensor() + value("b") + tensor(of=storage(size=3)))
    yield "a view of a storage", state(tensor(of=storage(more=value(("1", 0, 4)))))
    many = b"".join(value(f"t{i}") + tensor((1 << 20,), (0,)) for i in range(64))
    yield "64 tensors of 4 MB from 16 bytes", b"\x80\2}(" + value("model") + b"}(" + many + b"uu."
    yield "a name of a megabyte", state(tensor(), value(1_000_000 * "a"))
    yield "a name with control characters", state(tensor(), value("a\x1b[2J\n"))
    yield "a name with a lone surrogate", state(tensor(), b"X\3\0\0\0\xed\xa0\x80")
    yield "two names that are one", state(tensor() + value("module.a") + tensor())


def streams() -> Iterator[tuple[str, bytes]]:
    """The older container, lying."""
    yield "another mark", stream(magic=MAGIC + 1)
    yield "another protocol", stream(protocol=1002)
    yield "a system that is a list", stream(system=[1])
    yield "a system of big-endian numbers", stream(system={"little_endian": False})
    yield "keys that are no list", stream(keys=7)
    yield "a key that nothing names", stream(keys=("1",))
    yield "a key twice", stream(keys=("0", "0"))
    yield "a key that is a number", stream(keys=(0,))
    yield "no keys", stream(keys=())
    yield "a storage of another size", stream(tail=struct.pack("<q", 5) + bytes(20))
    yield "a storage of 2^63 numbers", stream(tail=8 * b"\xff")
    yield "a storage cut off", stream(tail=struct.pack("<q", 4) + bytes(15))
    yield "nothing after the description", stream(tail=b"")
    big = state(tensor((1 << 40,), of=storage(size=1 << 40)))
    yield "a storage of 4 TB", stream(big, tail=struct.pack("<q", 1 << 40))
    yield "a tar", bytes(257) + b"ustar\0" + bytes(5000)


# One of them is read, for the name is all that is odd about it, and is mended.
HARMLESS = "a name with a lone surrogate"


def all_files() -> Iterator[tuple[str, bytes]]:
    yield from zips()
    for name, description in descriptions():
        yield name, checkpoint(description)
        yield f"{name}, in a stream", stream(description)
    for name, description in tensors():
        yield name, checkpoint(description)
        yield f"{name}, in a stream", stream(description)
    yield from streams()
