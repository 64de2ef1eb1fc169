"""Likely label errors: those made on purpose come first, and little is said of little."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from voxcor.errors import LabelsTooFew
from voxcor.library.label_errors import (
    LabelError,
    LabelledVector,
    errors_in_library,
    find_errors,
)
from voxcor.library.labels import PersonsLabel
from voxcor.library.relabelling import doubted_labels
from voxcor.library.segments import FloatArray, LibrarySegment
from voxcor.library.store import Library
from voxcor.results import ModelInfo

pytest.importorskip("cleanlab", reason="the library extra is not installed")

NAMES = ("angry", "happy", "sad")
SPEAKERS = 10


def made(count: int = 300, *, speakers: int = SPEAKERS) -> tuple[list[LabelledVector], FloatArray]:
    """Three clouds that overlap a little, each speaker's moved by their voice."""
    rng = np.random.default_rng(3)
    truth = np.arange(count) % len(NAMES)
    voices = np.arange(count) // len(NAMES) % speakers
    middles, moved = rng.normal(size=(3, 16)), rng.normal(size=(speakers, 16)) / 2
    vectors = 2 * middles[truth] + moved[voices] + rng.normal(size=(count, 16))
    segments = [
        LabelledVector(f"/x/{i}.wav", 0.0, 1.0, NAMES[truth[i]], f"s{voices[i]}", f"r{i}")
        for i in range(count)
    ]
    return segments, vectors.astype(np.float32)


def flipped(segments: list[LabelledVector], every: int) -> tuple[list[LabelledVector], set[str]]:
    wrong = segments[::every]
    others = {name: NAMES[(i + 1) % len(NAMES)] for i, name in enumerate(NAMES)}
    changed = {one.path: replace(one, label=others[one.label]) for one in wrong}
    return [changed.get(one.path, one) for one in segments], {*changed}


def test_what_was_made_wrong_comes_first() -> None:
    segments, vectors = made()
    labelled, wrong = flipped(segments, 20)
    found = find_errors(labelled, vectors)
    first = [error.segment.path for error in found.errors[: len(wrong)]]
    assert len({*first} & wrong) >= 0.8 * len(wrong)
    truth = {one.path: one.label for one in segments}
    hits = [error for error in found.errors if error.segment.path in wrong]
    assert all(error.likely == truth[error.segment.path] for error in hits)
    assert [error.margin for error in found.errors] == sorted(e.margin for e in found.errors)
    assert (found.judged, found.apart) == (300, "speaker")
    assert find_errors(labelled, vectors) == found


def test_whoever_is_judged_has_not_been_learned_from() -> None:
    """A voice that has one label would give it away: its own vectors must not be learned from."""
    segments, vectors = made()
    # A mark of its own on the vector of each speaker, by which alone they could be told.
    marks = 50 * np.eye(SPEAKERS, dtype=np.float32)[[int((s.speaker or "")[1:]) for s in segments]]
    wrong = {one.path for one in segments if one.speaker == "s0"}
    labelled = [replace(one, label="sad") if one.path in wrong else one for one in segments]
    found = find_errors(labelled, np.hstack([vectors, marks]).astype(np.float32))
    truly = {one.path for one in segments if one.path in wrong and one.label != "sad"}
    assert len({error.segment.path for error in found.errors} & truly) > 0.5 * len(truly)


def test_a_label_that_one_speaker_alone_has_is_left_out_and_counted() -> None:
    segments, vectors = made()
    labelled = [
        replace(one, label="ironic") if one.speaker == "s1" and one.label == "sad" else one
        for one in segments
    ]
    found = find_errors(labelled, vectors)
    assert found.left_out == {"ironic": 10}
    assert "ironic" not in {error.given for error in found.errors}
    assert found.judged == 290


def test_without_speakers_recordings_are_apart() -> None:
    segments, vectors = made()
    assert find_errors([replace(s, speaker=None) for s in segments], vectors).apart == "recording"


@pytest.mark.parametrize("count", [0, 1, 27, 48])
def test_too_few_are_refused(count: int) -> None:
    segments, vectors = made()
    with pytest.raises(LabelsTooFew, match="At least 50"):
        find_errors(segments[:count], vectors[:count])


def test_one_label_is_refused() -> None:
    segments, vectors = made()
    with pytest.raises(LabelsTooFew, match="sad 300"):
        find_errors([replace(one, label="sad") for one in segments], vectors)


def test_the_library_is_judged_by_what_people_say(tmp_path: Path) -> None:
    pytest.importorskip("lancedb", reason="the library extra is not installed")
    made_segments, vectors = made()
    labelled, wrong = flipped(made_segments, 20)
    scores = dict.fromkeys(NAMES, 1 / 3)
    segments = [
        LibrarySegment(
            *(f"{i:016x}", f"{i}.wav", one.path, None, 0.0, 1.0, "sad", 0.5, scores, None, None),
            *(one.speaker, None, datetime(2026, 1, 1), "x"),
        )
        for i, one in enumerate(labelled)
    ]
    library = Library(tmp_path / "library")
    model = ModelInfo("small", "int8", "1", "ab" * 32, False, False)
    library.add(model, segments, vectors)
    with pytest.raises(LabelsTooFew):
        errors_in_library(library, library.table())
    library.label(
        PersonsLabel(segment.recording, 0.0, 1.0, one.label)
        for segment, one in zip(segments, labelled, strict=True)
    )
    found = errors_in_library(library, library.table())
    assert len({e.segment.path for e in found.errors[: len(wrong)]} & wrong) >= 0.8 * len(wrong)
    document = found.errors[0].to_document()
    assert document["id"].endswith("@0-1")
    assert found.errors[0].listen.endswith(".wav@0.000-1.000")
    assert LabelError.from_document(document).to_document() == document
    assert not doubted_labels(found.errors, library)  # their recordings are nowhere
