"""The result folder: `outputs_YYYYMMDD_HHMMSS/` with the audio heard, the document, the arrays."""

import csv
import json
import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voxcor.disk.array import DiskArray, blocks_of
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import drafting, publish
from voxcor.frames import HOP_MS, SAMPLE_RATE
from voxcor.results import DIMENSIONS, Frames, Result
from voxcor.untrusted import cell

if TYPE_CHECKING:
    from voxcor.results import FloatArray

# All that `save` may write.
RESULT_FILES = (
    "processed_audio.wav",
    "result.json",
    "embedding.npy",
    "embedding.json",
    "frames.csv",
)

_BLOCK = 1 << 16  # rows that are written at a time


def save(result: Result, out_dir: Path) -> Path:
    """Writes one result into a folder of its own below `out_dir`, which is made where missing.

    - `processed_audio.wav`: what the model heard, 16 kHz mono, 16 bit.
    - `result.json`: the document that `result.schema.json` describes.
    - `embedding.npy`, float32, and `embedding.json`, which says what the vectors are.
    - `frames.csv`: `time_ms`, one column per label, `arousal` and `valence`, for granularity
      `frame`.

    The folder is named after the second of `result.timestamp`, with `_2`, `_3`, … where that is
    taken. It appears under its name only when it is complete, and on the disk.

    Returns:
        the folder.

    Raises:
        DiskFull: no space is left; nothing is kept.
        StorageDenied: `out_dir` cannot be made or written.
    """
    name = "outputs_" + result.timestamp.translate({ord("-"): None, ord(":"): None, ord(" "): "_"})
    with storage_errors(out_dir, size_of(result)), drafting(out_dir / name) as draft:
        write_result(result, draft)
        return publish(draft, out_dir / name, numbered=True)


def to_json(document: dict[str, Any] | list[Any], *, indent: int | None = None) -> str:
    """The one JSON form of a document: readable Chinese, no NaN."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent)


def utf8(text: str) -> str:
    """The text as UTF-8 can have it: a byte of a file name that was none becomes an escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def write_result(result: Result, folder: Path) -> None:
    """Writes the files of a result into a folder that is there."""
    if result.processed is not None:
        write_wav(folder / "processed_audio.wav", result.processed)
    if result.embedding is not None:
        write_array(folder / "embedding.npy", result.embedding)
        _write_text(folder / "embedding.json", to_json(_sidecar(result), indent=2) + "\n")
    if result.frames is not None:
        write_frames(folder / "frames.csv", result.frames)
    _write_text(folder / "result.json", to_json(result.to_document(), indent=2) + "\n")


def _write_text(path: Path, text: str) -> None:
    # A file name may hold bytes that are no UTF-8; JSON takes them as \udcXX.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_wav(path: Path, samples: "FloatArray | DiskArray") -> None:
    """Samples `[N]` at 16 kHz as a WAV file of 16 bit."""
    # The standard library's writer: when the disk fills up it says so with an errno.
    with wave.open(os.fspath(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, len(samples), "NONE", "not compressed"))
        for block in blocks_of(samples, _BLOCK):
            file.writeframesraw(np.rint(np.clip(block, -1, 1) * 32767).astype("<i2").tobytes())


def write_array(path: Path, array: "FloatArray | DiskArray") -> None:
    """An array as `.npy`, which may lie on the disk."""
    if isinstance(array, DiskArray):
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": array.shape}
            np.lib.format.write_array_header_1_0(file, header)
            for block in blocks_of(array, _BLOCK // 64):
                file.write(block.astype("<f4", copy=False).data)
    else:
        with path.open("wb") as file:  # a path without the extension would be given one
            np.save(file, array)


def write_frames(path: Path, frames: Frames) -> None:
    """The curve as CSV: `time_ms`, a column for each label, then `arousal` and `valence`.

    Where a frame has no dimensions they are `nan`; where no frame can have any, there are no such
    columns.
    Programs read it, and some take a byte order mark for a part of `time_ms`. So it has one only
    where a model's own labels need it to be read in a spreadsheet; the nine do not.
    """
    encoding = "utf-8" if "".join(frames.labels).isascii() else "utf-8-sig"
    dimensions = frames.dimensions
    columns = [frames.scores]
    names = ["time_ms", *map(cell, frames.labels)]
    if dimensions is not None:
        columns += [dimensions.arousal, dimensions.valence]
        names += DIMENSIONS
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(names)
        for start in range(0, len(frames.times), _BLOCK):
            rows = slice(start, start + _BLOCK)
            # Frame middles end in half a millisecond: without the inner rounding the last bit would
            # decide which way, and the steps would be 19, 20 or 21.
            times_ms = np.rint(np.round(1000 * frames.times[rows], 6))
            np.savetxt(
                file,
                np.column_stack([times_ms, *(column[rows] for column in columns)]),
                fmt=["%d"] + ["%.6f"] * (len(names) - 1),
                delimiter=",",
            )


def _sidecar(result: Result) -> dict[str, Any]:
    assert result.embedding is not None
    document = result.to_document()
    return {
        "model": {key: document["model"][key] for key in ("id", "precision", "revision", "sha256")},
        "granularity": result.granularity,
        "hop_ms": HOP_MS if result.granularity == "frame" else None,
        "shape": list(result.embedding.shape),
        "dtype": str(result.embedding.dtype),
        "audio": {key: document["audio"][key] for key in ("name", "sha256", "channel")},
    }


def size_of(result: Result) -> int:
    """About how many bytes its folder takes."""
    total = 100_000
    if result.processed is not None:
        total += 2 * result.processed.size
    if result.embedding is not None:
        total += result.embedding.nbytes
    if result.frames is not None:
        total += 10 * result.frames.scores.size
    return total
