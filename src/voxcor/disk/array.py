"""Rows that do not fit in memory: float32 `[N]` or `[N, D]` in a temporary file without a name.

A `Spool` takes them in order; what comes out is an ordinary array where there were few, and a
`DiskArray` where there were many. Both are read by slices, so who reads them need not know which it
is. The file is unlinked as soon as it is open: nothing stays behind, however the process ends.
"""

import io
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voxcor.cancellation import checkpoint
from voxcor.disk.faults import storage_errors

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FloatArray = NDArray[np.float32]

# What a spool keeps in memory: 8.7 minutes of samples at 16 kHz.
MEMORY_BYTES = 32 << 20


class DiskArray:
    """Float32 `[N]` or `[N, D]` on the disk, read by slices; safe to share among threads.

    `array[first:last]` is an array in memory, `numpy.asarray(array)` is all of it. There are reads
    and no memory map: its pages would count as this process's memory.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, file: "_File", shape: tuple[int, ...], first: int, gain: float) -> None:
        self._file = file
        self._first = first
        self._gain = gain
        self.shape = shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> FloatArray:
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise IndexError(rows)
        part = np.empty((max(0, stop - start), *self.shape[1:]), np.float32)
        row_bytes = 4 * int(np.prod(self.shape[1:], dtype=int))
        self._file.read((self._first + start) * row_bytes, part.reshape(-1).view(np.uint8).data)
        return part if self._gain == 1 else amplified(part, self._gain)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError
        return self[:].astype(dtype or self.dtype, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return np.asarray, (self[:],)  # to another process it goes whole

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    @property
    def nbytes(self) -> int:
        return 4 * self.size

    def part(self, first: int, last: int) -> "DiskArray":
        """Rows `[first, last)`, which stay on the disk."""
        shape = (last - first, *self.shape[1:])
        return DiskArray(self._file, shape, self._first + first, self._gain)

    def amplified(self, gain: float) -> "DiskArray":
        """Each value times `gain`, when it is read."""
        return DiskArray(self._file, self.shape, self._first, self._gain * gain)


Rows = FloatArray | DiskArray


class Spool:
    """Takes rows in order, in memory up to `memory_bytes` and on the disk beyond.

    Args:
        expected_bytes: how much will come, where that is known, for the error of a full disk.
        memory_bytes: how much stays in memory.
    """

    def __init__(
        self, *, expected_bytes: int | None = None, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._expected_bytes = expected_bytes or 0
        self._memory_bytes = memory_bytes
        self._parts: list[FloatArray] = []
        self._file: _File | None = None
        self._length = 0
        self._bytes = 0

    def append(self, rows: FloatArray) -> None:
        """The next rows, `[n]` or `[n, D]`.

        Raises:
            DiskFull: no space is left for them; nothing is kept.
            StorageError: the disk fails otherwise.
        """
        self._length += len(rows)
        self._bytes += rows.nbytes
        self._parts.append(rows)
        if self._file is None and self._bytes <= self._memory_bytes:
            return
        with storage_errors(_temporary(), max(self._bytes, self._expected_bytes)):
            self._file = self._file or _File()
            for part in self._parts:
                self._file.write(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
        self._parts = [rows[:0]]

    def finish(self) -> Rows:
        """All rows. There must have been some, be it none in number."""
        if self._file is None:
            return self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)
        return DiskArray(self._file, (self._length, *self._parts[0].shape[1:]), 0, 1.0)


def adopted(path: Path, memory_bytes: int = MEMORY_BYTES) -> Rows:
    """The float32 `[N]` of a file, little-endian, which loses its name: as a `Spool` gives them."""
    length = path.stat().st_size // 4
    rows = DiskArray(_File(path.open("rb", buffering=0)), (length,), 0, 1.0)
    path.unlink()
    return rows[:] if rows.nbytes <= memory_bytes else rows


def part_of(rows: Rows, first: int, last: int) -> Rows:
    """Rows `[first, last)`, without reading what lies on the disk."""
    return rows.part(first, last) if isinstance(rows, DiskArray) else rows[first:last]


def blocks_of(rows: Rows, length: int) -> Iterator[FloatArray]:
    """The rows in order, `length` at a time; the last block is what is left.

    Raises:
        Cancelled: nobody wants what is made of them any longer.
    """
    for start in range(0, len(rows), length):
        checkpoint()
        yield rows[start : start + length]


def amplified(samples: FloatArray, gain: float) -> FloatArray:
    """Each sample times `gain`."""
    # float64: what brings the faintest float32 up to full scale is beyond float32.
    return (samples * np.float64(gain)).astype(np.float32)


class _File:
    """A temporary file, gone when nobody refers to it."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        # Unbuffered: a full disk is told by the write that meets it, and not again on closing.
        self._file: IO[bytes] = file or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def write(self, data: memoryview) -> None:
        with self._lock:
            self._file.seek(0, io.SEEK_END)
            while data:
                data = data[self._file.write(data) :]

    def read(self, offset: int, into: "WriteableBuffer") -> None:
        view = memoryview(into)
        with self._lock:
            self._file.seek(offset)
            while view and (count := self._file.readinto(view)):  # type: ignore[attr-defined]
                view = view[count:]


def _temporary() -> Path:
    """Where temporary files go, or would go if anything could be written there."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return Path(os.environ.get("TMPDIR", "/tmp"))
