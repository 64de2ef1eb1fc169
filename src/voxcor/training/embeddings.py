"""What a model makes of each clip, computed once: a second training costs seconds.

The cache lies in `VOXCOR_HOME/embeddings`, by model and by the sha256 of the audio, and may be
deleted at any time. Every file appears whole, so a run that was killed goes on where it stopped.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcor.audio import decode, prepare
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Utterance, row_problem
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import replacing_file
from voxcor.errors import InputError, InputUnreadable
from voxcor.inference.network import FrameOutput, Network
from voxcor.models.store import ModelFolder, open_network
from voxcor.settings import Settings
from voxcor.version import __version__

FloatArray = NDArray[np.float32]

# Of a longer clip so many frames are kept, evenly spread: neighbours 20 ms apart say nearly the
# same, and an hour of speech should weigh no more on disk and memory than ten seconds.
MOST_FRAMES = 500


@dataclass(frozen=True, slots=True)
class Clip:
    """A row of a manifest whose file is there, and the sha256 of its bytes."""

    utterance: Utterance
    sha256: str


@dataclass(frozen=True, slots=True)
class EmbeddedClip:
    """What a model makes of a clip, whole and trimmed as `Recognizer` does it.

    `embedding` [D] and `logits` [L] are means over its frames, L is 0 for a model without labels.
    `frames` is a file with at most `MOST_FRAMES` of the frame embeddings [T, D], float16.
    """

    clip: Clip
    embedding: FloatArray
    logits: FloatArray
    frames: Path | None


def fingerprint(
    utterances: Sequence[Utterance],
) -> tuple[tuple[Clip, ...], tuple[RowProblem, ...]]:
    """The clips by their audio, and the rows that add none.

    A file that cannot be read is left out, and so is the very audio of an earlier row of the same
    split: it would weigh double, or be held out from itself.
    """
    clips: list[Clip] = []
    problems: list[RowProblem] = []
    first: dict[tuple[str, str], Utterance] = {}
    for utterance in utterances:
        try:
            with utterance.path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            unreadable = InputUnreadable(name=str(utterance.path), reason=error.strerror)
            problems.append(_unusable(utterance, unreadable))
            continue
        earlier = first.setdefault((utterance.columns.get("split", ""), sha256), utterance)
        if earlier is utterance:
            clips.append(Clip(utterance, sha256))
        else:
            problems.append(_same_audio(utterance, earlier))
    return tuple(clips), tuple(problems)


def embed_clips(
    clips: Sequence[Clip],
    model: ModelFolder,
    *,
    frames: bool,
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[tuple[EmbeddedClip, ...], tuple[RowProblem, ...]]:
    """All clips through the model, but those whose embeddings are in the cache.

    Args:
        clips: as `fingerprint` gives them.
        model: as `find_model` gives it.
        frames: whether frame embeddings are wanted too.
        progress: is told the share of the work done, 0 to 1.

    Returns:
        the clips that can be used, and the rows of those that cannot.

    Raises:
        ModelCorrupt: the graph cannot be loaded.
        StorageError: the cache cannot be written.
    """
    cache = _Cache(model)
    embedded: list[EmbeddedClip] = []
    problems: list[RowProblem] = []
    for count, clip in enumerate(clips, start=1):
        try:
            embedded.append(cache.embed(clip, frames))
        except InputError as error:
            problems.append(_unusable(clip.utterance, error))
        progress(count / len(clips))
    return tuple(embedded), tuple(problems)


class _Cache:
    """The folder of one model's embeddings; the model is loaded when the first is missing."""

    def __init__(self, model: ModelFolder) -> None:
        self._model = model
        card = model.card
        # Another version of Voxcor may decode, trim or compute differently.
        key = "\n".join((card.sha256, card.precision, __version__))
        self._folder = (
            Settings().home / "embeddings" / hashlib.sha256(key.encode()).hexdigest()[:16]
        )
        self._sizes = (card.embedding_dim, len(card.labels))

    @cached_property
    def _network(self) -> Network:
        return open_network(self._model, threads=Settings().threads)

    def embed(self, clip: Clip, frames: bool) -> EmbeddedClip:
        sha256 = clip.sha256
        folder = self._folder / sha256[:2]
        means = folder / f"{sha256}.npy"
        curve = folder / f"{sha256}.frames.npy" if frames else None
        dim, labels = self._sizes
        vector = _read(means)
        if vector is None or vector.shape != (dim + labels,) or (curve and _read(curve) is None):
            samples = prepare(decode(clip.utterance.path)).samples
            output = self._network.run_long(samples)
            vector = np.concatenate([output.embeddings.mean(axis=0), output.logits.mean(axis=0)])
            with storage_errors(self._folder, vector.nbytes):
                if curve is not None:
                    _write(curve, _thinned(output).astype(np.float16))
                _write(means, vector)
        return EmbeddedClip(clip, np.array(vector[:dim]), np.array(vector[dim:]), curve)


def _thinned(output: FrameOutput) -> FloatArray:
    total = len(output.embeddings)
    kept = np.linspace(0, total - 1, min(total, MOST_FRAMES)).round().astype(np.int64)
    return output.embeddings[kept]


def _read(path: Path) -> FloatArray | None:
    """The array in a file; None where there is none, or one cut short when the power failed."""
    try:
        array: FloatArray = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return array


def _write(path: Path, array: NDArray[np.generic]) -> None:
    with replacing_file(path, private=True) as draft:
        np.save(draft, array)


def _same_audio(utterance: Utterance, earlier: Utterance) -> RowProblem:
    en = f"the same audio as row {earlier.row} ({earlier.path.name})"
    zh = f"与第 {earlier.row} 行（{earlier.path.name}）的音频完全相同"
    if earlier.label != utterance.label:
        en += f", which is {earlier.label}, not {utterance.label}"
        zh += f"，但标签不同（{earlier.label} 与 {utterance.label}）"
    return row_problem(utterance, "same_audio_twice", f"{en}.", f"{zh}。")


def _unusable(utterance: Utterance, error: InputError) -> RowProblem:
    # The error names the path already, as a problem of a row does.
    path = str(utterance.path)
    said = error.message.removeprefix(f"{path}: ").removeprefix(f"{path}:")
    return row_problem(utterance, error.code, said, said)
