"""The corpora as the recipe sees them: clips, speaker-disjoint parts, samples, batches.

A corpus is a folder with a `manifest.csv` (path, label9, speaker, corpus, ...). Samples are
decoded once and kept as one int16 array in the run folder; everything later maps it into memory.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from voxcor.frames import SAMPLE_RATE
from voxcor.labels import LABEL_IDS

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Corpus:
    """What must be known of a corpus before it may be trained on.

    `validation` names the speakers who are never heard in training; a number n stands for every
    n-th of the sorted speakers, from the n-th on.
    """

    language: dict[str, str]  # what is spoken, by language of the reader
    terms: str  # SPDX identifier
    validation: frozenset[str] | int


CORPORA = {
    "emodb": Corpus({"en": "German", "zh": "德语"}, "CC0-1.0", frozenset(("08", "10", "15"))),
    "ravdess": Corpus(
        {"en": "English", "zh": "英语"},
        "CC-BY-NC-SA-4.0",
        frozenset(("03", "04", "11", "12", "19", "20")),
    ),
    "nemo": Corpus({"en": "Polish", "zh": "波兰语"}, "CC-BY-NC-SA-4.0", 4),
    "emospeech_in": Corpus({"en": "Indian English", "zh": "印度英语"}, "CC-BY-NC-SA-4.0", 5),
}


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of a corpus. `label` indexes `LABEL_IDS`; `speaker` is empty if unknown."""

    path: Path
    label: int
    speaker: str
    corpus: str


@dataclass(frozen=True, slots=True)
class Speech:
    """Clips and their samples: clip `i` is `samples[offsets[i]:offsets[i + 1]]`, int16, 16 kHz.

    `folder` is where these lie and what is computed from them may lie.
    """

    folder: Path
    clips: tuple[Clip, ...]
    samples: NDArray[np.int16]
    offsets: NDArray[np.int64]

    def waveform(self, index: int) -> FloatArray:
        """Samples `[N]` of one clip, in -1..1."""
        start, end = self.offsets[index], self.offsets[index + 1]
        return np.divide(self.samples[start:end], 2**15, dtype=np.float32)

    def digest(self, index: int) -> bytes:
        """Equal for clips with equal samples."""
        start, end = self.offsets[index], self.offsets[index + 1]
        return hashlib.sha256(self.samples[start:end].tobytes()).digest()


def find_corpora(folders: Sequence[Path]) -> list[Path]:
    """The corpus folders among `folders` and directly below them, in the order of `CORPORA`."""
    found = {path.parent.name: path.parent for f in folders for path in f.glob("manifest.csv")}
    found |= {path.parent.name: path.parent for f in folders for path in f.glob("*/manifest.csv")}
    if not found or found.keys() - CORPORA.keys():
        raise SystemExit(f"found corpora {sorted(found)}, known are {sorted(CORPORA)}")
    return [found[name] for name in CORPORA if name in found]


def read_manifests(corpora: Sequence[Path], limit: int | None = None) -> tuple[Clip, ...]:
    """All clips of the corpus folders; with `limit` that many of each, evenly spread over it."""
    clips: list[Clip] = []
    for folder in corpora:
        with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if limit is not None and limit < len(rows):
            rows = [rows[i * len(rows) // limit] for i in range(limit)]
        clips += [
            Clip(folder / row["path"], LABEL_IDS.index(row["label9"]), row["speaker"], folder.name)
            for row in rows
        ]
    return tuple(clips)


def load_speech(clips: tuple[Clip, ...], cache: Path) -> Speech:
    """The samples of `clips`, from `cache` if the same clips were decoded into it before."""
    names = "\n".join(f"{clip.corpus}/{clip.path.name}" for clip in clips)
    folder = cache / hashlib.sha256(names.encode()).hexdigest()[:12]
    if not (folder / "offsets.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        decoded = [_decode(clip.path) for clip in clips]
        np.save(folder / "samples.npy", np.concatenate(decoded))
        # Written last: its presence says that the samples are complete.
        np.save(folder / "offsets.npy", np.cumsum([0, *(len(part) for part in decoded)]))
    return Speech(
        folder,
        clips,
        np.load(folder / "samples.npy", mmap_mode="r"),
        np.load(folder / "offsets.npy"),
    )


def _decode(path: Path) -> NDArray[np.int16]:
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    if rate != SAMPLE_RATE:
        raise ValueError(f"{path}: {rate} Hz; the corpora are expected at {SAMPLE_RATE} Hz")
    return np.asarray(samples[:, 0])


def split(speech: Speech) -> tuple[list[int], list[int]]:
    """Indices of the training and the validation clips: no speaker and no recording in both.

    Clips of unknown speakers train: they can be no proof of anything. One of them that holds the
    very samples of a validation clip is left out.
    """
    held_out: set[tuple[str, str]] = set()
    for corpus in {clip.corpus for clip in speech.clips}:
        chosen = CORPORA[corpus].validation
        if isinstance(chosen, int):
            speakers = sorted({c.speaker for c in speech.clips if c.corpus == corpus and c.speaker})
            chosen = frozenset(speakers[chosen - 1 :: chosen])
        held_out |= {(corpus, speaker) for speaker in chosen}

    validation = [i for i, c in enumerate(speech.clips) if (c.corpus, c.speaker) in held_out]
    heard = {speech.digest(i) for i in validation}
    aside = set(validation)
    training = [
        i for i in range(len(speech.clips)) if i not in aside and speech.digest(i) not in heard
    ]
    return training, validation


def collate(waveforms: Sequence[FloatArray]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Zero-padded waveforms `[B, N]` and their lengths `[B]`."""
    lengths = np.array([len(waveform) for waveform in waveforms], dtype=np.int64)
    batch = np.zeros((len(waveforms), lengths.max()), dtype=np.float32)
    for row, waveform in zip(batch, waveforms, strict=True):
        row[: len(waveform)] = waveform
    return batch, lengths


def evaluation_batches(
    speech: Speech, indices: Sequence[int], batch_size: int
) -> Iterator[tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]]:
    """The clips whole and untouched, similar lengths together."""
    by_length = sorted(indices, key=lambda i: int(speech.offsets[i + 1] - speech.offsets[i]))
    for start in range(0, len(by_length), batch_size):
        chosen = by_length[start : start + batch_size]
        waveforms, lengths = collate([speech.waveform(i) for i in chosen])
        yield waveforms, lengths, np.asarray(chosen)
