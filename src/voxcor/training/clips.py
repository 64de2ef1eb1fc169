"""What a network in training is given: prepared once, then cropped and batched anew in each epoch.

Recordings go through the same decoding and trimming as for recognition, once, into one file of
samples that is mapped: a corpus larger than memory trains, and no epoch decodes anything.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.audio import decode, prepare
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Utterance, row_problem
from voxcor.disk.faults import storage_errors
from voxcor.disk.unreadable import read_state, set_unreadable_aside
from voxcor.disk.whole import sync, write_whole
from voxcor.errors import InputError, StateUnreadable

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

# Batches are cut from so many at a time, sorted by length: little padding, and still other
# neighbours in each epoch.
_BATCHES_SORTED_TOGETHER = 20


@dataclass(frozen=True, slots=True)
class Clips:
    """Recordings ready for a network, and their labels.

    `samples` holds all of them end to end, float32 at 16 kHz; clip `i` begins at `starts[i]` and
    is `lengths[i]` long. `targets` index the model's labels. `sha256` stands for the bytes of all
    recordings and for their targets.
    """

    samples: FloatArray
    starts: IntArray
    lengths: IntArray
    targets: IntArray
    sha256: str

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> FloatArray:
        start = self.starts[index]
        return self.samples[start : start + self.lengths[index]]


def prepare_clips(
    utterances: Sequence[Utterance],
    labels: Sequence[str],
    file: Path,
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[Clips, tuple[RowProblem, ...]]:
    """Decodes and trims recordings into `file`; what cannot be used is named and left out.

    Where `file` is complete already, from a run before this one, it is taken as it is.

    Args:
        utterances: labelled recordings, each with one of `labels`.
        labels: of the model.
        file: where the samples go; their lengths go beside it, as `.json`.
        progress: is told the share of recordings that is done.
    """
    index = file.with_suffix(".json")
    written = _index(index, file, len(utterances))
    if written is None:
        with storage_errors(file):
            written = _write_samples(utterances, file, progress)
            write_whole(index, json.dumps(written))
    lengths = np.array(written["lengths"], dtype=np.int64)
    targets = np.array([labels.index(u.label) for u in utterances], dtype=np.int64)
    usable = lengths > 0
    total = int(lengths.sum())
    content = json.dumps([written["sha256"], targets.tolist()])
    clips = Clips(
        samples=np.memmap(file, np.float32, "r", shape=(total,)) if total else np.zeros(0, "<f4"),
        starts=(lengths.cumsum() - lengths)[usable],
        lengths=lengths[usable],
        targets=targets[usable],
        sha256=hashlib.sha256(content.encode()).hexdigest(),
    )
    return clips, tuple(RowProblem(**problem) for problem in written["problems"])


def _index(index: Path, file: Path, clips: int) -> dict[str, list[Any]] | None:
    """What `_write_samples` gave; None where there is none, or it does not fit its samples."""

    def checked(document: Any) -> dict[str, list[Any]]:
        lengths = document["lengths"]
        if len(lengths) != clips or len(document["sha256"]) != clips:
            raise ValueError(f"it is of {len(lengths)} clips, not {clips}")
        if 4 * sum(lengths) != file.stat().st_size:
            raise ValueError(f"{file.name} has another size")
        [RowProblem(**problem) for problem in document["problems"]]
        return dict(document)

    try:
        return read_state(index, checked)
    except FileNotFoundError:
        return None
    except StateUnreadable as error:
        if set_unreadable_aside(index, error) is None:
            raise
        return None


def _write_samples(
    utterances: Sequence[Utterance], file: Path, progress: Callable[[float], None]
) -> dict[str, list[Any]]:
    """Of each recording its length in samples, 0 where it cannot be used, and its sha256."""
    lengths, digests, problems = [], [], []
    with file.open("wb") as stream:
        for done, utterance in enumerate(utterances, start=1):
            samples, digest = np.zeros(0, np.float32), ""
            try:
                recording = decode(utterance.path)
                samples, digest = prepare(recording).samples, recording.sha256
            except InputError as error:
                # The error names the path already, as a problem of a row does.
                said = error.message.removeprefix(str(utterance.path)).lstrip(": ")
                problems.append(asdict(row_problem(utterance, error.code, said, said)))
            stream.write(np.ascontiguousarray(samples, np.float32).data)
            lengths.append(len(samples))
            digests.append(digest)
            progress(done / len(utterances))
    sync(file)
    return {"lengths": lengths, "sha256": digests, "problems": problems}


def epoch_batches(
    lengths: IntArray, *, batch_size: int, rng: np.random.Generator
) -> list[IntArray]:
    """Indices of clips in batches, each clip once, in random order, like lengths together.

    Args:
        lengths: of each clip as it will be cropped.
        batch_size: clips in each but the last batch.
        rng: decides the order.
    """
    order = rng.permutation(len(lengths))
    pool = batch_size * _BATCHES_SORTED_TOGETHER
    batches = []
    for first in range(0, len(order), pool):
        together = order[first : first + pool]
        together = together[np.argsort(lengths[together], kind="stable")]
        batches += [together[i : i + batch_size] for i in range(0, len(together), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def crop(samples: FloatArray, longest: int, rng: np.random.Generator) -> FloatArray:
    """A random crop of `longest` samples; all of them where there are not more."""
    spare = len(samples) - longest
    if spare <= 0:
        return samples
    start = int(rng.integers(spare + 1))
    return samples[start : start + longest]


def padded(waveforms: Sequence[FloatArray]) -> tuple[FloatArray, IntArray]:
    """One batch of them, float32 [B, N] with zeros at the ends, and their lengths [B]."""
    lengths = np.array([len(waveform) for waveform in waveforms], dtype=np.int64)
    batch = np.zeros((len(waveforms), lengths.max()), dtype=np.float32)
    for row, waveform in zip(batch, waveforms, strict=True):
        row[: len(waveform)] = waveform
    return batch, lengths
