"""People are enrolled: recordings of their ordinary voice are heard, or taken from the library."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from voxcor.errors import InputError, NotInLibrary
from voxcor.library.filters import Filters
from voxcor.library.listening import listen
from voxcor.library.segments import LibrarySegment, recording_id
from voxcor.library.store import Library
from voxcor.options import RecognitionOptions
from voxcor.people.baseline import Baseline, baseline_of, require_enough, require_neutral
from voxcor.people.book import People, Person, Utterance
from voxcor.recognizer import Recognizer
from voxcor.results import Failure, ModelInfo, Result
from voxcor.sources import expand


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person as they are known now, to which model, by how many utterances that are new.

    `failures` are recordings that could not be used; the others count.
    """

    baseline: Baseline
    model: ModelInfo
    new: int
    failures: tuple[Failure, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As JSON has it; `scores` are how the person usually sounds to the model."""
        known = self.baseline
        return {
            "person": known.to,
            "model": self.model.id,
            "utterances": known.utterances,
            "new": self.new,
            "seconds": round(known.seconds, 3),
            "scores": dict(known.scores),
            "offsets": dict(known.offsets),
        }


def enrol(people: People, name: str, sources: Iterable[str], recognizer: Recognizer) -> Enrolled:
    """Hears recordings of a person's ordinary voice, and keeps what comes of it.

    Nobody else may speak in them. What was heard for this person before counts as well; a
    recording counts once.

    Args:
        people: where it is kept.
        name: whose voice it is.
        sources: recordings, folders and patterns of them.
        recognizer: hears them.

    Raises:
        TooLittleSpeech: with what is there, it is not enough; nothing is kept.
        NoNeutral: the model has no label `neutral`.
        EmbeddingsOnly: the model has no labels.
        StorageError: the disk.
    """
    options = RecognitionOptions(granularity="segment")
    recognizer.require(options)
    require_neutral(recognizer.model, recognizer.labels)
    heard, failures = [], []
    for path in expand([*sources]):
        if isinstance(path, Failure):
            failures.append(path)
            continue
        try:
            result = listen(recognizer, Path(path), None, options)
        except InputError as error:
            failures.append(Failure.of(error, path))
        else:
            heard.append((result, str(Path(path).resolve())))
    return enrol_heard(people, name, recognizer.model, heard, failures)


def enrol_heard(
    people: People,
    name: str,
    model: ModelInfo,
    heard: Iterable[tuple[Result, str | None]],
    failures: Sequence[Failure] = (),
) -> Enrolled:
    """Takes a person from recordings of their ordinary voice that have been heard.

    Args:
        people: where it is kept.
        name: the person's.
        model: which has heard them.
        heard: results by segment, each with the path of its recording, None where it has none.
        failures: recordings that could not be used.

    Raises:
        TooLittleSpeech, StorageError: as `enrol`.
    """
    said: dict[str, list[Utterance]] = {}  # by recording: the same one may be there twice
    for result, place in heard:
        recording = recording_id(result.audio.sha256)
        said[recording] = [
            Utterance(recording, place, one.end - one.start, one.scores) for one in result.segments
        ]
    return _kept(people, name, model, [*chain(*said.values())], failures)


def enrol_speaker(
    people: People, name: str, library: Library, model: str | None = None
) -> Enrolled:
    """Takes a person from the library: everything that the speaker of this name says in it.

    Args:
        people: where it is kept.
        name: the person's, and the speaker's.
        library: where the speaker is.
        model: whose scores; None for the model with the most segments.

    Raises:
        NotInLibrary: the library knows no such speaker.
        LibraryEmpty, ModelNotInLibrary: see `Library.table`.
        TooLittleSpeech, NoNeutral, StorageError: as `enrol`.
    """
    table = library.table(model)
    said = library.segments(table, Filters(speaker=name).where)
    return enrol_segments(people, name, table.model, said)


def enrol_segments(
    people: People, name: str, model: ModelInfo, segments: Sequence[LibrarySegment]
) -> Enrolled:
    """Takes a person from segments of the library in which they, and nobody else, speak.

    Args:
        people: where it is kept.
        name: the person's.
        model: which has heard them.
        segments: which.

    Raises:
        NotInLibrary: there are none.
        TooLittleSpeech, NoNeutral, StorageError: as `enrol`.
    """
    if not segments:
        raise NotInLibrary(name=name)
    require_neutral(model, [*segments[0].scores])
    heard = [
        Utterance(one.recording, one.path, one.end - one.start, one.scores) for one in segments
    ]
    return _kept(people, name, model, heard, [])


def _kept(
    people: People,
    name: str,
    model: ModelInfo,
    heard: Sequence[Utterance],
    failures: Sequence[Failure],
) -> Enrolled:
    before = people.find(name) or Person(name)
    after = before.with_heard(model, heard).heard[model.sha256]
    require_enough(name, after, [failure.message for failure in failures])
    person = people.add(name, model, heard)
    known = len(before.heard.get(model.sha256, ()))
    baseline = baseline_of(person, model)
    return Enrolled(baseline, model, baseline.utterances - known, tuple(failures))
