"""What is long, piece by piece: FLAC while it is made, and a curve no finer than is seen."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import InputUnreadable, NotAResult

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FloatArray = NDArray[np.float64]

_SAMPLES = 1 << 18
# Few enough that other threads get their turn: the reading of a table lets none in between.
_ROWS = 1 << 11


def as_flac(path: Path) -> Iterator[bytes]:
    """A 16-bit WAV as FLAC, which every browser plays, at half the size.

    The encoder writes the count of samples into the beginning when it has come to the end; here the
    WAV knows it before, and without the checksum, which is allowed to be missing, nothing is left
    to be written there.

    Raises:
        InputUnreadable: it is no such file.
    """
    import soundfile

    sink = _Growing()
    try:
        with soundfile.SoundFile(path) as source:
            target = soundfile.SoundFile(
                sink, "w", source.samplerate, source.channels, "PCM_16", format="FLAC"
            )
            with target:
                for samples in source.blocks(_SAMPLES, dtype="int16"):
                    target.write(samples)
                    yield sink.take(source.frames)
            sink.ends = True
            yield sink.take(source.frames)
    except soundfile.LibsndfileError as error:
        raise InputUnreadable(name=str(path), reason=str(error)) from error


def averaged_frames(path: Path, labels: int, most: int) -> tuple[FloatArray, FloatArray]:
    """The curve of a frames.csv as means over equal runs of frames.

    Args:
        path: rows of milliseconds and a score for each label, after a header; what comes after
            the scores is passed over.
        labels: how many there are.
        most: how many points there may be.

    Returns:
        times in seconds [M], scores [M, L].

    Raises:
        NotAResult: it is no such table.
    """
    with path.open("rb") as file:
        rows = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1
    run = max(1, -(-rows // most))
    means: list[FloatArray] = []
    try:
        with path.open(encoding="utf-8") as text:
            next(text, "")
            while lines := list(islice(text, max(1, _ROWS // run) * run)):
                table = np.loadtxt(lines, delimiter=",", ndmin=2)[:, : 1 + labels]
                edges = np.arange(0, len(table), run)
                counts = np.diff([*edges, len(table)])[:, None]
                means.append(np.add.reduceat(table, edges, axis=0) / counts)
        table = np.concatenate([np.empty((0, 1 + labels)), *means])
        if not np.isfinite(table).all():
            raise ValueError("a number in it is none")
    except ValueError as error:
        raise NotAResult(name=str(path), reason=str(error)) from error
    return table[:, 0] / 1000, table[:, 1:]


class _Growing:
    """A file for soundfile that only grows, and is emptied from time to time."""

    def __init__(self) -> None:
        self.ends = False
        self._pending = bytearray()
        self._place = 0
        self._size = 0

    def write(self, data: "ReadableBuffer") -> int:
        count = memoryview(data).nbytes
        # What is written again lies in the beginning, which has been sent, or is in `_with_count`.
        if self._place == self._size:
            self._pending += data
            self._size += count
        self._place += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place}.get(whence, self._size)
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, _: int = -1) -> bytes:
        return b""

    def take(self, samples: int) -> bytes:
        """What was written since; at first with the count of samples in its STREAMINFO."""
        taken = self._pending
        if self._size == len(taken) and taken:
            taken = _with_count(taken, samples)
        self._pending = bytearray()
        return bytes(taken)


def _with_count(head: bytearray, samples: int) -> bytearray:
    """RFC 9639, 8.2: the count is the last 36 bits of the eight bytes from the eighteenth on."""
    field = int.from_bytes(head[18:26], "big") >> 36 << 36 | samples & (1 << 36) - 1
    return head[:18] + field.to_bytes(8, "big") + head[26:]
