"""The containers that `torch.save` has written: where the pickle lies, and each storage's bytes.

Since torch 1.6 a zip, whose entry `data.pkl` is the pickle and whose entries `data/0`, `data/1`, …
are the storages as they are. Before that a stream: five pickles one behind the other, of which the
fourth is what was saved and the fifth lists the storages, which follow in that order. A tar before
torch 0.2. Python's zipfile believes what a directory says of sizes and reads directories of any
length; here each offset and count is held against the file's real size before it is used.
"""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from voxcor.language import say
from voxcor.models.pickles import MAX_BYTES, load
from voxcor.models.storages import Malformed, Storage, shown


class Bytes:
    """An open file, read at offsets that are inside it."""

    def __init__(self, descriptor: int) -> None:
        self.size = os.fstat(descriptor).st_size
        self._descriptor = descriptor

    def read(self, offset: int, count: int) -> bytes:
        """Exactly these bytes.

        Raises:
            Malformed: the file does not have them.
        """
        if not 0 <= offset <= offset + count <= self.size:
            raise Malformed("it is cut off, or its parts lie outside it")
        data = os.pread(self._descriptor, count, offset)
        if len(data) != count:
            raise Malformed("it changes while it is read")
        return data


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved, and the first byte in the file of each storage that was asked for."""

    value: Any
    container: "_Zip | _Stream"

    def places(self, storages: Mapping[str, Storage]) -> dict[str, int]:
        """Where each of these storages begins; all of it is in the file, and none overlap."""
        return self.container.places(storages)


def open_container(file: Bytes) -> Saved:
    """What `torch.save` put into this file.

    Raises:
        Malformed: torch does not write such a file, or it is damaged.
        Forbidden: see `voxcor.models.pickles`.
    """
    head = file.read(0, min(file.size, 512))
    if head.startswith(b"PK\x03\x04"):
        archive = _Zip(file)
        return Saved(archive.value, archive)
    if head.startswith(b"\x80"):
        stream = _Stream(file)
        return Saved(stream.value, stream)
    if head[257:262] == b"ustar":
        raise Malformed(
            say(
                "a container of torch before 0.2; save it anew with a torch that reads it: "
                'torch.save(torch.load("old.pt"), "new.pt")',
                "torch 0.2 之前的容器格式；请用能读取它的 torch 重新保存："
                'torch.save(torch.load("old.pt"), "new.pt")',
            )
        )
    raise Malformed("not a zip file and not a pickle, so torch.save did not write it")


# APPNOTE.TXT 4.3.7, 4.3.12, 4.3.14 to 4.3.16: signatures, and the fields that are used.
_LOCAL = struct.Struct("<4s2xHH16xHH")  # flags, method; lengths of name and extra
_ENTRY = struct.Struct("<4s4xHH8xIIHHHHH4xI")
_END = struct.Struct("<4sHHHHIIH")
_LOCATOR = struct.Struct("<4sIQI")
_END_64 = struct.Struct("<4s12xIIQQQQ")
_MAX_COMMENT = 0xFFFF
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_ZIP_64 = 0x0001  # the extra field of sizes beyond 32 bits

# A model has some hundred storages, and as many again and twice in its optimizer.
_MAX_DIRECTORY_BYTES = 4 << 20
_MAX_ENTRIES = 40_000


@dataclass(frozen=True, slots=True)
class _Entry:
    flags: int
    method: int
    size: int
    stored_size: int
    header: int


class _Zip:
    """A zip file of uncompressed entries; only `data.pkl` is read."""

    def __init__(self, file: Bytes) -> None:
        self._file = file
        self._entries, self._directory = _directory(file)
        pickles = [name for name in self._entries if name.endswith(b"/data.pkl")]
        if len(pickles) != 1:
            raise Malformed("it has no data.pkl, so it is not a file written by torch.save")
        self._root = pickles[0].removesuffix(b"data.pkl")
        order = self._root + b"byteorder"
        if order in self._entries and self._content(order, 16) != b"little":
            raise Malformed("its numbers are big-endian")
        self.value = load(self._content(pickles[0], MAX_BYTES)).value

    def places(self, storages: Mapping[str, Storage]) -> dict[str, int]:
        places, spans = {}, []
        for key, storage in storages.items():
            name = self._root + b"data/" + key.encode()
            entry = self._entry(name)
            if storage.size * storage.dtype.itemsize > entry.size:
                raise Malformed(f"its tensor storage {shown(key)} is shorter than it claims")
            places[key] = self._start(name, entry)
            spans.append((places[key], places[key] + entry.size))
        if any(end > start for (_, end), (start, _) in pairwise(sorted(spans))):
            raise Malformed("its tensor storages overlap")
        return places

    def _content(self, name: bytes, most: int) -> bytes:
        entry = self._entry(name)
        if entry.size > most:
            raise Malformed(f"its {_text(name)} is larger than any model's")
        return self._file.read(self._start(name, entry), entry.size)

    def _entry(self, name: bytes) -> _Entry:
        entry = self._entries.get(name)
        if entry is None:
            raise Malformed(f"it has no {_text(name)}")
        if entry.flags & _ENCRYPTED:
            raise Malformed(f"its {_text(name)} is encrypted")
        if entry.method or entry.size != entry.stored_size:
            raise Malformed(f"its {_text(name)} is compressed")
        return entry

    def _start(self, name: bytes, entry: _Entry) -> int:
        """The first byte of an entry's data, all of which lies before the directory."""
        # The local header repeats the name and has an extra field of its own length (torch pads
        # with it); the directory does not say where the data begins.
        header = self._file.read(entry.header, _LOCAL.size)
        signature, flags, method, name_length, extra_length = _LOCAL.unpack(header)
        start: int = entry.header + _LOCAL.size + name_length + extra_length
        if (
            signature != b"PK\x03\x04"
            or flags & _ENCRYPTED
            or method
            or self._file.read(entry.header + _LOCAL.size, name_length) != name
            or start + entry.size > self._directory
        ):
            raise Malformed(f"its {_text(name)} is not where its directory says")
        return start


def _directory(file: Bytes) -> tuple[dict[bytes, _Entry], int]:
    """The entries by name, and where the directory that lists them begins."""
    tail_start = max(0, file.size - _END.size - _MAX_COMMENT)
    tail = file.read(tail_start, file.size - tail_start)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise Malformed("it is cut off: a zip file without a directory")
    end = tail_start + at
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(tail, at)
    if end + _END.size + comment != file.size:
        raise Malformed("its zip directory is followed by something else")
    last = end
    locator = end - _LOCATOR.size
    if locator >= 0 and file.read(locator, 4) == b"PK\x06\x07":
        _, _, last, _ = _LOCATOR.unpack(file.read(locator, _LOCATOR.size))
        found = _END_64.unpack(file.read(last, _END_64.size))
        if found[0] != b"PK\x06\x06":
            raise Malformed("its zip directory has no end")
        _, disk, first_disk, here, count, size, start = found
    if disk or first_disk or here != count:
        raise Malformed("it is a part of a zip file in several parts")
    if count > _MAX_ENTRIES or size > _MAX_DIRECTORY_BYTES:
        raise Malformed("its zip directory is larger than any model's")
    if start + size > last:
        raise Malformed("its zip directory lies outside it")
    data = file.read(start, size)
    entries: dict[bytes, _Entry] = {}
    at = 0
    for _ in range(count):
        name, entry, at = _read_entry(data, at)
        if name in entries:
            raise Malformed(f"its zip directory has {_text(name)} twice")
        entries[name] = entry
    return entries, start


def _read_entry(data: bytes, at: int) -> tuple[bytes, _Entry, int]:
    if at + _ENTRY.size > len(data):
        raise Malformed("its zip directory is cut off")
    signature, flags, method, stored, size, *lengths, disk, _, header = _ENTRY.unpack_from(data, at)
    name_end = at + _ENTRY.size + lengths[0]
    extra_end = name_end + lengths[1]
    end = extra_end + lengths[2]
    if signature != b"PK\x01\x02" or end > len(data):
        raise Malformed("its zip directory is damaged")
    name, extra = data[at + _ENTRY.size : name_end], data[name_end:extra_end]
    # In this order, and only those that do not fit in 32 bits.
    large = iter(_large_numbers(extra))
    try:
        size = next(large) if size == 0xFFFFFFFF else size
        stored = next(large) if stored == 0xFFFFFFFF else stored
        header = next(large) if header == 0xFFFFFFFF else header
    except StopIteration:
        raise Malformed(f"its {_text(name)} has no size") from None
    if disk:
        raise Malformed("it is a part of a zip file in several parts")
    return name, _Entry(flags, method, size, stored, header), end


def _large_numbers(extra: bytes) -> tuple[int, ...]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        at += 4
        if kind == _ZIP_64:
            data = extra[at : at + min(length, 24)]
            return struct.unpack(f"<{len(data) // 8}Q", data[: len(data) // 8 * 8])
        at += length
    return ()


def _text(name: bytes) -> str:
    return shown(name.decode("utf-8", "replace"))


# torch/serialization.py: what a stream begins with.
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


class _Stream:
    """The container of torch 0.2 to 1.5."""

    def __init__(self, file: Bytes) -> None:
        head = file.read(0, min(file.size, MAX_BYTES))
        magic = load(head)
        if magic.value != _MAGIC:
            raise Malformed("a pickle, but not one written by torch.save")
        protocol = load(head, magic.end)
        system = load(head, protocol.end)
        if protocol.value != _PROTOCOL or type(system.value) is not dict:
            raise Malformed("a container of torch in an unknown version")
        if system.value.get("little_endian") is not True:
            raise Malformed("its numbers are big-endian")
        content = load(head, system.end)
        keys = load(head, content.end)
        self.value = content.value
        self._places: dict[str, int] = {}
        at = keys.end
        for key in keys.value if type(keys.value) is list else ():
            storage = content.storages.get(key) if type(key) is str else None
            if storage is None or key in self._places:
                raise Malformed("its list of tensor storages is damaged")
            if int.from_bytes(file.read(at, 8), "little") != storage.size:
                raise Malformed(f"its tensor storage {shown(key)} has another size than it claims")
            self._places[key] = at + 8
            at += 8 + storage.size * storage.dtype.itemsize
            if at > file.size:
                raise Malformed(f"its tensor storage {shown(key)} is cut off")

    def places(self, storages: Mapping[str, Storage]) -> dict[str, int]:
        if missing := storages.keys() - self._places.keys():
            raise Malformed(f"its tensor storage {shown(min(missing))} is missing")
        return {key: self._places[key] for key in storages}
