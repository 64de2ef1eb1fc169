"""Two models over the same recordings: where they say something else, and who is right.

What both have said already is taken from where it lies: the library, or two folders of
`voxcor batch`. Only what is left is heard. A recording of the library has no scores of its own:
those of its segments are averaged by their lengths.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from voxcor.batch.ledger import Ledger
from voxcor.datasets.lists import SUFFIXES, Flaw, read_list
from voxcor.datasets.manifest import read_manifest
from voxcor.errors import (
    InputError,
    InputUnreadable,
    ManifestError,
    NothingToCompare,
)
from voxcor.evaluation.judges import JudgesAgreement, judges_agreement
from voxcor.evaluation.metrics import Figures, measure
from voxcor.library.filters import equals
from voxcor.library.segments import LibrarySegment, recording_id
from voxcor.library.store import Library
from voxcor.library.trajectory import plain
from voxcor.recognizer import Recognizer
from voxcor.results import Failure, ModelInfo, to_wire
from voxcor.sources import expand, is_file
from voxcor.tables import csv_text
from voxcor.timeline import top
from voxcor.untrusted import cell

Scores = Mapping[str, float]

_COLUMNS = ("path", "speaker", "truth", "first", "second", "flip", "overlap")


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording and what two models say of it; `truth` is what a list says, where one does."""

    name: str
    path: str | None
    speaker: str | None
    truth: str | None
    first: Scores
    second: Scores

    @property
    def emotions(self) -> tuple[str, str]:
        return top(dict(self.first))[0], top(dict(self.second))[0]

    @property
    def is_flip(self) -> bool:
        first, second = self.emotions
        return first != second

    @property
    def overlap(self) -> float:
        """Of their scores, Bhattacharyya's coefficient, 0..1; as search has it."""
        shared = self.first.keys() & self.second.keys()
        return min(1.0, float(sum(np.sqrt(self.first[k] * self.second[k]) for k in shared)))


@dataclass(frozen=True, slots=True)
class Flip:
    """So often the first model says one label and the second another."""

    first: str
    second: str
    recordings: int


@dataclass(frozen=True, slots=True)
class TwoModels:
    """Everything there is to say of two models over the same recordings.

    `heard` begins with those on which they differ most: flips first, then by how little their
    scores overlap. `labels` are those that either has. `truths` have the figures of each model over
    the recordings of which the truth is known, None without such. `taken` had both answers
    already.
    """

    first: ModelInfo
    second: ModelInfo
    labels: tuple[str, ...]
    heard: tuple[Heard, ...]
    agreement: JudgesAgreement
    flips: tuple[Flip, ...]
    truths: tuple[Figures, Figures] | None
    taken: int
    failures: tuple[Failure, ...]

    @property
    def flipped(self) -> int:
        return sum(flip.recordings for flip in self.flips)

    def to_document(self) -> dict[str, Any]:
        """As JSON has it; None for what is not known."""
        truths = self.truths and {
            name: {figure: asdict(getattr(found, figure)) for figure in ("wa", "ua", "f1")}
            for name, found in zip(("first", "second"), self.truths, strict=True)
        }
        document: dict[str, Any] = plain(
            {
                "first": asdict(self.first),
                "second": asdict(self.second),
                "labels": list(self.labels),
                "agreement": to_wire(self.agreement),
                "flips": [asdict(flip) for flip in self.flips],
                "truth": truths,
                "taken": self.taken,
                "recordings": [_row(one) for one in self.heard],
                "failures": [failure.to_document() for failure in self.failures],
            }
        )
        return document

    def to_csv(self) -> str:
        """A row for each recording, those that differ most first; with a byte order mark."""
        sides = [f"{side}_{label}" for side in ("first", "second") for label in self.labels]
        rows: list[list[object]] = [[*_COLUMNS, *map(cell, sides)]]
        for one in self.heard:
            row = _row(one)
            row["flip"] = int(one.is_flip)
            known = ["" if row[name] is None else cell(str(row[name])) for name in _COLUMNS]
            scores = [side.get(label, 0.0) for side in _sides(one) for label in self.labels]
            rows.append([*known, *(f"{score:.6f}" for score in scores)])
        return csv_text(rows)


@dataclass(frozen=True, slots=True)
class _Recording:
    path: Path
    speaker: str | None = None
    truth: str | None = None


def compare_models(
    sources: Sequence[str],
    first: Callable[[], Recognizer],
    second: Callable[[], Recognizer],
    *,
    library: Library | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> TwoModels:
    """Two models over recordings, folders of them, or lists, whose labels are the truth.

    Args:
        sources: what somebody named.
        first: makes one model's recognizer.
        second: makes the other's.
        library: where answers of both may lie already; None asks none.
        advance: is told how many recordings are done, of how many.

    Raises:
        ManifestError: a list that is none.
        NothingToCompare: no recording has an answer by both.
    """
    one, other = first(), second()
    recordings: list[_Recording] = []
    failures: list[Failure] = []
    for entry in _recordings(sources, one.labels):
        (failures if isinstance(entry, Failure) else recordings).append(entry)  # type: ignore[arg-type]
    heard, taken = [], 0
    models = (one.model, other.model)
    for number, entry in enumerate(recordings):
        try:
            known = None if library is None else _in_library(library, entry, models)
            taken += known is not None
            heard.append(known or _listened(entry, one, other))
        except InputError as error:
            failures.append(Failure(str(entry.path), error.code, error.message))
        advance(number + 1, len(recordings))
    return _summed(*models, heard, taken, failures)


def compare_batches(first: Path, second: Path) -> TwoModels:
    """What two models said in two folders of `voxcor batch`, of the recordings that are in both.

    A recording is known by its content, a channel and a part of one as well.

    Raises:
        BatchError: a ledger cannot be read.
        NothingToCompare: the batches share no recording.
    """
    one, other = _answers(first), _answers(second)
    shared = [key for key in one if key in other]
    heard = [
        Heard(
            one[key]["path"], one[key]["file"], None, None, one[key]["scores"], other[key]["scores"]
        )
        for key in shared
    ]
    if not shared:
        raise NothingToCompare
    first_model, other_model = (
        ModelInfo(**answers[shared[0]]["model"]) for answers in (one, other)
    )
    return _summed(first_model, other_model, heard, len(heard), ())


def compare_tables(library: Library, first: str, second: str) -> TwoModels:
    """What two models said of all recordings that the library has of both.

    Args:
        library: where.
        first: a model as `Library.table` takes it.
        second: the other.

    Raises:
        LibraryEmpty, ModelNotInLibrary: nothing of one of them.
        NothingToCompare: no recording is there of both.
    """
    tables = [library.table(name) for name in (first, second)]
    one, other = (_by_recording(library.segments(table)) for table in tables)
    heard = [
        replace(_mean_of(one[name]), second=_mean_of(other[name]).first)
        for name in one
        if name in other
    ]
    return _summed(tables[0].model, tables[1].model, heard, len(heard), ())


def _recordings(sources: Iterable[str], labels: Sequence[str]) -> Iterator[_Recording | Failure]:
    for source in sources:
        path = Path(source)
        if path.suffix.lower() in SUFFIXES and is_file(source):
            yield from _listed(path, labels)
            continue
        for found in expand([source]):
            yield found if isinstance(found, Failure) else _Recording(Path(found))


def _listed(source: Path, labels: Sequence[str]) -> Iterator[_Recording | Failure]:
    """The recordings of a list, with its labels where it has some."""
    try:
        manifest = read_manifest(source, labels=labels)
    except ManifestError:
        # It has no labels, or none that this model knows: its recordings are still recordings.
        for row in read_list(source):
            if isinstance(row, Flaw):
                flaw = InputUnreadable(name=f"{row.source}:{row.line}", reason=row.reason)
                yield Failure.of(flaw)
            else:
                yield _Recording(row.file, row.header.first("speaker", row.values) or None)
        return
    for problem in manifest.problems:
        if problem.row is not None:
            yield Failure(problem.path, problem.code, problem.message)
    for utterance in manifest.utterances:
        yield _Recording(utterance.path, utterance.speaker, utterance.label)


def _in_library(
    library: Library, entry: _Recording, models: tuple[ModelInfo, ModelInfo]
) -> Heard | None:
    """What both have said of it, None where one has not."""
    try:
        with entry.path.open("rb") as file:
            name = recording_id(hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        return None  # whoever listens says what is wrong
    if not all(library.has(model, name) for model in models):
        return None
    one, other = (
        _mean_of(library.segments(library.table(model.sha256), equals("recording", name)))
        for model in models
    )
    speaker = entry.speaker or one.speaker
    return Heard(str(entry.path), str(entry.path), speaker, entry.truth, one.first, other.first)


def _by_recording(segments: Iterable[LibrarySegment]) -> dict[str, list[LibrarySegment]]:
    grouped: dict[str, list[LibrarySegment]] = {}
    for segment in segments:
        grouped.setdefault(segment.recording, []).append(segment)
    return grouped


def _mean_of(segments: Sequence[LibrarySegment]) -> Heard:
    """A recording with one model's scores: those of its segments by their lengths."""
    lengths = np.array([one.end - one.start for one in segments])
    rows = np.array([[*one.scores.values()] for one in segments])
    mean = lengths @ rows / lengths.sum()
    scores = dict(zip(segments[0].scores, mean.tolist(), strict=True))
    speakers = {one.speaker for one in segments}
    speaker = next(iter(speakers)) if len(speakers) == 1 else None
    return Heard(segments[0].name, segments[0].path, speaker, None, scores, scores)


def _listened(entry: _Recording, first: Recognizer, second: Recognizer) -> Heard:
    one, other = (recognizer.recognize(entry.path) for recognizer in (first, second))
    name = str(entry.path)
    return Heard(name, name, entry.speaker, entry.truth, one.scores, other.scores)


def _answers(folder: Path) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By content, channel and part what a batch says of each recording."""
    found = {}
    with Ledger(folder) as ledger:
        for row in ledger.rows(state="done"):
            for document in row.documents:
                audio = document["audio"]
                key = (audio["sha256"], audio.get("channel"), row.item.part)
                channel = audio.get("channel")
                name = row.item.name if channel is None else f"{row.item.name} [{channel + 1}]"
                found[key] = {
                    "path": name,
                    "file": None if row.item.member else row.item.path,
                    "scores": document["scores"],
                    "model": document["model"],
                }
    return found


def _summed(
    first: ModelInfo,
    second: ModelInfo,
    heard: Sequence[Heard],
    taken: int,
    failures: Sequence[Failure],
) -> TwoModels:
    if not heard:
        raise NothingToCompare
    labels = tuple(dict.fromkeys(label for one in heard for side in _sides(one) for label in side))
    number = cache(labels.index)
    chosen = np.array([[number(label) for label in one.emotions] for one in heard])
    speakers = [one.speaker for one in heard]
    flips = Counter(one.emotions for one in heard if one.is_flip)
    return TwoModels(
        first,
        second,
        labels,
        tuple(sorted(heard, key=lambda one: (not one.is_flip, one.overlap, one.name))),
        judges_agreement(chosen[:, 0], chosen[:, 1], len(labels), speakers),
        tuple(Flip(*pair, count) for pair, count in flips.most_common()),
        _truths(heard, labels),
        taken,
        tuple(failures),
    )


def _row(heard: Heard) -> dict[str, Any]:
    first, second = heard.emotions
    return {
        "path": heard.name,
        "speaker": heard.speaker,
        "truth": heard.truth,
        "first": first,
        "second": second,
        "flip": heard.is_flip,
        "overlap": round(heard.overlap, 4),
        "first_scores": {name: round(score, 6) for name, score in heard.first.items()},
        "second_scores": {name: round(score, 6) for name, score in heard.second.items()},
    }


def _sides(heard: Heard) -> tuple[Scores, Scores]:
    return heard.first, heard.second


def _truths(heard: Sequence[Heard], labels: tuple[str, ...]) -> tuple[Figures, Figures] | None:
    known = [one for one in heard if one.truth in labels]
    if not known:
        return None
    truth = np.array([labels.index(one.truth or "") for one in known])
    speakers = [one.speaker for one in known]
    first, second = (
        measure(
            truth,
            np.array([[_sides(one)[side].get(label, 0.0) for label in labels] for one in known]),
            labels,
            speakers,
        )
        for side in (0, 1)
    )
    return first, second
