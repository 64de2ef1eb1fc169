"""The corpora as the recipe sees them: clips, speaker-disjoint parts, samples, batches.

A corpus is a folder with a `manifest.csv` (path, label9, speaker, corpus, ...). Samples are
decoded once and kept as one int16 array in the run folder; everything later maps it into memory.
"""

import csv
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from voxcor.frames import SAMPLE_RATE
from voxcor.labels import LABEL_IDS

FloatArray = NDArray[np.float32]

LEAST_SAMPLES = 1600  # 100 ms
BATCH_SAMPLES = 160 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Corpus:
    """What must be known of a corpus before it may be trained on.

    `free` says whether weights trained on it may be used for anything, notices kept. `validation`
    names the speakers who are never heard in training; a number n stands for every n-th of the
    sorted speakers, from the n-th on.
    """

    language: dict[str, str]  # what is spoken, by language of the reader
    terms: str  # SPDX expression
    free: bool
    validation: frozenset[str] | int


CORPORA = {
    "emodb": Corpus(
        {"en": "German", "zh": "德语"}, "CC0-1.0", free=True, validation=frozenset(("08", "10"))
    ),
    "cremad": Corpus({"en": "English", "zh": "英语"}, "ODbL-1.0", free=True, validation=8),
    "emogator": Corpus(
        {"en": "wordless bursts", "zh": "无词语的情感发声"},
        "Apache-2.0",
        free=True,
        validation=8,
    ),
    "esc10": Corpus(
        {"en": "no speech", "zh": "非语音"}, "CC-BY-3.0", free=True, validation=frozenset("5")
    ),
    "ravdess": Corpus({"en": "English", "zh": "英语"}, "CC-BY-NC-SA-4.0", free=False, validation=4),
    "nemo": Corpus({"en": "Polish", "zh": "波兰语"}, "CC-BY-NC-SA-4.0", free=False, validation=4),
    "emospeech_in": Corpus(
        {"en": "Indian English", "zh": "印度英语"}, "CC-BY-NC-SA-4.0", free=False, validation=5
    ),
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

    def num_samples(self, index: int) -> int:
        """The length of one clip."""
        return int(self.offsets[index + 1] - self.offsets[index])

    def digest(self, index: int) -> bytes:
        """Equal for clips with equal samples."""
        start, end = self.offsets[index], self.offsets[index + 1]
        return hashlib.sha256(self.samples[start:end].tobytes()).digest()


def find_corpora(folders: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The corpora to train on and those never heard, which test; in the order of `CORPORA`.

    A corpus that `folders` names is trained on; of those directly below such a folder the free
    ones are, and the others test.

    Raises:
        SystemExit: a folder is missing or has no corpus, a corpus is not in `CORPORA`, or there is
            none to train on.
    """
    heard, unheard = {}, {}
    for folder in folders:
        below = sorted(path.parent for path in folder.glob("*/manifest.csv"))
        named = [folder.resolve()] if (folder / "manifest.csv").is_file() else []
        if not named and not below:
            raise SystemExit(f"{folder}: no corpus, a folder with a manifest.csv, is there")
        for path in (path.resolve() for path in (*named, *below)):
            name = path.name
            if name not in CORPORA:
                raise SystemExit(f"{path}: of corpora are known {', '.join(CORPORA)}")
            (heard if path in named or CORPORA[name].free else unheard)[name] = path
    if not heard:
        raise SystemExit("no corpus to train on")
    return (
        [heard[name] for name in CORPORA if name in heard],
        [unheard[name] for name in CORPORA if name in unheard and name not in heard],
    )


def read_manifests(corpora: Sequence[Path], limit: int | None = None) -> tuple[Clip, ...]:
    """All clips of the corpus folders; with `limit` that many of each, evenly spread over it."""
    clips: list[Clip] = []
    for folder in corpora:
        with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
            # EmoGator's list has clips of 21 more categories under a name of their own: some are
            # no emotions, and all of them as one label would teach what is in no other corpus.
            rows = [row for row in csv.DictReader(file) if row["corpus"] == folder.name]
        if limit is not None and limit < len(rows):
            rows = [rows[i * len(rows) // limit] for i in range(limit)]
        clips += [
            Clip(folder / row["path"], LABEL_IDS.index(row["label9"]), speaker(row), row["corpus"])
            for row in rows
        ]
    return tuple(clips)


def speaker(row: Mapping[str, str]) -> str:
    """Who is heard. ESC-10, where nobody is, counts by its folds: takes of one source share one."""
    if row["corpus"] == "esc10":
        return row["path"].split("_")[1].split("-")[0]
    return row["speaker"]


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


def split(speech: Speech, heard: Collection[str]) -> tuple[list[int], list[int]]:
    """Indices of the training and the validation clips of the corpora `heard`.

    No speaker and no recording is in both. Clips of unknown speakers train: they can be no proof of
    anything. One of them that holds the very samples of a validation clip is left out.
    """
    held_out: set[tuple[str, str]] = set()
    for corpus in heard:
        chosen = CORPORA[corpus].validation
        if isinstance(chosen, int):
            speakers = sorted({c.speaker for c in speech.clips if c.corpus == corpus and c.speaker})
            chosen = frozenset(speakers[chosen - 1 :: chosen])
        held_out |= {(corpus, speaker) for speaker in chosen}

    validation = [i for i, c in enumerate(speech.clips) if (c.corpus, c.speaker) in held_out]
    aside = set(validation)
    recordings = {speech.digest(i) for i in validation}
    training = [
        i
        for i, clip in enumerate(speech.clips)
        if clip.corpus in heard and i not in aside and speech.digest(i) not in recordings
    ]
    return training, validation


def collate(waveforms: Sequence[FloatArray]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Zero-padded waveforms `[B, N]` and their lengths `[B]`."""
    lengths = np.array([len(waveform) for waveform in waveforms], dtype=np.int64)
    batch = np.zeros((len(waveforms), lengths.max()), dtype=np.float32)
    for row, waveform in zip(batch, waveforms, strict=True):
        row[: len(waveform)] = waveform
    return batch, lengths


def batches_by_length(speech: Speech, indices: Sequence[int]) -> Iterator[list[int]]:
    """The indices, those of clips of similar lengths together."""
    remaining = sorted(indices, key=speech.num_samples)
    while remaining:
        size = max(1, min(32, BATCH_SAMPLES // max(1, speech.num_samples(remaining[0]))))
        yield remaining[:size]
        remaining = remaining[size:]


def lengthened(waveform: FloatArray) -> FloatArray:
    """A clip of less than `LEAST_SAMPLES` filled up with silence."""
    return np.pad(waveform, (0, max(0, LEAST_SAMPLES - len(waveform))))
