"""A result as the library has it: its segments, each with its vector."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from voxcor.disk.array import Rows
from voxcor.errors import InputError, NoSessionSound, NoVectors, SoundGone
from voxcor.frames import frame_range
from voxcor.library.segments import FloatArray, LibrarySegment, recording_id
from voxcor.library.store import Library
from voxcor.results import Failure, Result


@dataclass(frozen=True, slots=True)
class Added:
    """A recording that is in the library now: its name there, and how many segments are new."""

    name: str
    recording: str
    segments: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a result's audio comes from, as far as that is known."""

    source: str
    path: Path | None = None
    speaker: str | None = None
    text: str | None = None
    part: tuple[int, int] | None = None
    channel: int | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Vectored:
    """Segments, and their vectors `[S, D]`."""

    segments: list[LibrarySegment]
    vectors: FloatArray


def rows_of(result: Result, vectors: Rows | None, origin: Origin) -> Vectored:
    """The segments of a result with the mean of the frame embeddings of each.

    An utterance embedding gives one segment, from where the audio begins that the model heard to
    where it ends.

    Raises:
        NoVectors: the embedding is not there, or of other segments.
    """
    audio, heard = result.audio, result.preprocessing
    if vectors is None or not result.scores:
        raise NoVectors(name=audio.name)
    spans = [(one.start, one.end) for one in result.segments]
    if result.granularity == "frame" and len(vectors.shape) == 2:
        offset, total = heard.trimmed_start, len(vectors)
        ranges = [frame_range(start - offset, end - offset, total) for start, end in spans]
        vectors = np.array([vectors[first:last].mean(axis=0) for first, last in ranges])
    embedding = np.asarray(vectors, np.float32)
    if result.granularity == "utterance" and embedding.ndim == 1:
        whole = _segment(result, origin, heard.trimmed_start, audio.duration - heard.trimmed_end)
        return Vectored([whole], embedding[None])
    if len(embedding) != len(spans) or embedding.ndim != 2:
        raise NoVectors(name=audio.name)
    segments = [
        replace(
            _segment(result, origin, one.start, one.end),
            emotion=one.emotion,
            confidence=one.confidence,
            scores=one.scores,
            arousal=one.dimensions.arousal if one.dimensions else None,
            valence=one.dimensions.valence if one.dimensions else None,
            speaker=one.speaker or origin.speaker,
        )
        for one in result.segments
    ]
    return Vectored(segments, embedding)


def keep(library: Library, result: Result, rows: Vectored) -> Added:
    """Puts a result's segments into the library, unless its recording is there."""
    if not rows.segments:
        return Added(result.audio.name, recording_id(result.audio.sha256), 0)
    count = library.add(result.model, rows.segments, rows.vectors)
    return Added(result.audio.name, rows.segments[0].recording, count)


def guarded(name: object, work: Callable[[], Added]) -> Iterator[Added | Failure]:
    """What `work` gives; a recording that cannot be used becomes a failure."""
    try:
        yield work()
    except (InputError, NoSessionSound, NoVectors, SoundGone) as error:
        yield Failure(str(name), error.code, error.message)


def read_vectors(path: Path) -> FloatArray:
    """The embedding that a file holds, of whatever shape.

    Raises:
        NoVectors: it holds none.
    """
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise NoVectors(name=str(path)) from error
    if vectors.dtype.kind != "f" or not np.isfinite(vectors).all():
        raise NoVectors(name=str(path))
    read: FloatArray = vectors.astype(np.float32)
    return read


def _segment(result: Result, origin: Origin, start: float, end: float) -> LibrarySegment:
    """The whole as a segment from `start` to `end`."""
    point = result.dimensions
    path = origin.path
    recorded_at = origin.recorded_at or _modified_at(path)
    return LibrarySegment(
        recording=recording_id(result.audio.sha256, result.audio.channel, origin.part),
        name=result.audio.name,
        path=str(path.resolve()) if path else None,
        channel=result.audio.channel,
        start=start,
        end=end,
        emotion=result.emotion,
        confidence=result.confidence,
        scores=result.scores,
        arousal=point.arousal if point else None,
        valence=point.valence if point else None,
        speaker=origin.speaker,
        text=origin.text,
        recorded_at=recorded_at or datetime.strptime(result.timestamp, "%Y-%m-%d %H:%M:%S"),
        source=origin.source,
    )


def _modified_at(path: Path | None) -> datetime | None:
    try:
        return None if path is None else datetime.fromtimestamp(path.stat().st_mtime)
    except OSError:
        return None
