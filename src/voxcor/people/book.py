"""The people who are enrolled: a file for each in `VOXCOR_HOME/people`, its owner's only.

Of a person is kept what a model made of each utterance of theirs: its scores, its length, and which
recording it is of. No sound, no words, and no vector: a mean of vectors would know a voice again,
and nothing here needs to. A file is named by a digest, since any text may be a person's name.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

from voxcor.disk.faults import storage_errors
from voxcor.disk.locks import locked
from voxcor.disk.unreadable import read_state, require_version
from voxcor.disk.whole import replacing_file
from voxcor.errors import NoSuchPerson, StateUnreadable, StorageError
from voxcor.results import ModelInfo

FOLDER, LOCK_FILE = "people", "people.lock"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a model made of some seconds of a person's ordinary speech.

    `recording` is the name that it has, or would have, in the library; `path` is where it lay.
    """

    recording: str
    path: str | None
    seconds: float
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Person:
    """A name, and the utterances of that person by the sha256 of the model that heard them."""

    name: str
    models: Mapping[str, str] = field(default_factory=dict)  # the ids of those, to be named
    heard: Mapping[str, tuple[Utterance, ...]] = field(default_factory=dict)

    def with_heard(self, model: ModelInfo, utterances: Sequence[Utterance]) -> "Person":
        """The person with more utterances; recordings that are there already are passed by."""
        before = self.heard.get(model.sha256, ())
        known = {one.recording for one in before}
        new = tuple(one for one in utterances if one.recording not in known)
        return Person(
            self.name,
            {**self.models, model.sha256: model.id},
            {**self.heard, model.sha256: before + new},
        )

    def without(self, names: Collection[str], path: str | None) -> "Person":
        """The person without the recordings whose names begin so, or that lay there."""
        prefixes = tuple(names)
        heard = {
            model: tuple(
                one
                for one in utterances
                if (path is None or one.path != path) and not one.recording.startswith(prefixes)
            )
            for model, utterances in self.heard.items()
        }
        kept = {model: utterances for model, utterances in heard.items() if utterances}
        return Person(self.name, {model: self.models[model] for model in kept}, kept)

    def to_document(self) -> dict[str, Any]:
        """Who it is, and how much of them each model has heard, as JSON has it."""
        heard_by = [
            {
                "model": self.models[sha],
                "sha256": sha,
                "utterances": len(utterances),
                "seconds": round(sum(one.seconds for one in utterances), 3),
            }
            for sha, utterances in self.heard.items()
        ]
        return {"person": self.name, "heard_by": heard_by}


class People:
    """The people of `VOXCOR_HOME`, or of another home; safe to share among threads and processes.

    Raises:
        StorageError: from every method, where a file cannot be read or written.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def all(self) -> list[Person]:
        """Everybody, by name."""
        read = [self._read(path) for path in self._folder.glob("*.json")]
        return sorted((one for one in read if one is not None), key=lambda person: person.name)

    def get(self, name: str) -> Person:
        """One person.

        Raises:
            NoSuchPerson: nobody of this name is enrolled.
        """
        person = self.find(name)
        if person is None:
            known = [one.name for one in self.all()]
            raise NoSuchPerson(person=name, known=known or "–")
        return person

    def find(self, name: str) -> Person | None:
        """One person, or None where nobody of this name is enrolled."""
        return self._read(self._path(name))

    def add(self, name: str, model: ModelInfo, utterances: Sequence[Utterance]) -> Person:
        """Keeps utterances of a person, who may be new; returns all that is kept of them."""
        with self._locked():
            person = self.find(name) or Person(name)
            person = person.with_heard(model, utterances)
            self._write(person)
        return person

    def forget(self, name: str) -> None:
        """Deletes all that is kept of a person.

        Raises:
            NoSuchPerson: nobody of this name is enrolled.
        """
        with self._locked(), storage_errors(self._folder):
            try:
                self._path(name).unlink()
            except FileNotFoundError:
                self.get(name)

    def forget_recording(self, names: Collection[str], path: str | None) -> list[str]:
        """Takes a recording out of every person who was enrolled by it.

        Args:
            names: of it and its channels in the library, or how they begin.
            path: where it lay; None where that does not matter.

        Returns:
            the names of those people, of whom fewer utterances are left, or nothing at all.
        """
        if not self._folder.exists():
            return []
        changed = []
        with self._locked():
            for person in self.all():
                left = person.without(names, path)
                if left == person:
                    continue
                changed.append(person.name)
                if left.heard:
                    self._write(left)
                else:
                    with storage_errors(self._folder):
                        self._path(person.name).unlink()
        return changed

    def _path(self, name: str) -> Path:
        return self._folder / f"{sha256(name.encode(errors='surrogatepass')).hexdigest()[:16]}.json"

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self._folder / LOCK_FILE, private=True)

    def _read(self, path: Path) -> Person | None:
        try:
            return read_state(path, _person_from)
        except FileNotFoundError:
            return None
        except StateUnreadable as error:
            raise StorageError(path=str(path), reason=error.details["reason"]) from error

    def _write(self, person: Person) -> None:
        path = self._path(person.name)
        with (
            storage_errors(self._folder),
            replacing_file(path, private=True) as draft,
            draft.open("w", encoding="utf-8") as file,
        ):
            document = {"schema_version": SCHEMA_VERSION, **asdict(person)}
            json.dump(document, file, allow_nan=False)


def _person_from(document: Any) -> Person:
    require_version(document, SCHEMA_VERSION)
    heard = {
        model: tuple(Utterance(**utterance) for utterance in utterances)
        for model, utterances in document["heard"].items()
    }
    numbers = [one.seconds for each in heard.values() for one in each]
    numbers += [score for each in heard.values() for one in each for score in one.scores.values()]
    if not all(map(isfinite, numbers)) or {*heard} != {*document["models"]}:
        raise ValueError("a number or a model in it is none")
    return Person(document["name"], document["models"], heard)
