"""A result as a server keeps it, read back from the files that `voxcor.result_folder` writes."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from voxcor.results import (
    DIMENSIONS,
    SECONDS,
    AudioInfo,
    Dimensions,
    FrameDimensions,
    Frames,
    Granularity,
    ModelInfo,
    Preprocessing,
    Quality,
    Relative,
    Result,
    Segment,
    SpeakerSummary,
    Summary,
    Transition,
)
from voxcor.tables import BYTE_ORDER_MARK, read_csv

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from voxcor.results import FloatArray


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredResult(Result):
    """A result the server keeps until it is deleted: its `id`, and the names of its `files`.

    Times are rounded to milliseconds, as they are on the wire. `processed` is None: it is the file
    processed_audio.wav.
    """

    id: str = ""
    files: tuple[str, ...] = ()


def frames_from(text: str, document: Mapping[str, Any]) -> Frames:
    """The curve in the text of the frames.csv beside a document; see `write_frames`.

    Raises:
        KeyError, TypeError, ValueError: it is none, or the document is none.
    """
    import numpy as np

    header, _, rows = text.removeprefix(BYTE_ORDER_MARK).partition("\n")
    try:
        (_, *names), _ = read_csv([header])
    except csv.Error as error:
        raise ValueError(str(error)) from error
    # By their number: a model may have a label that is called arousal.
    end = len(document["scores"])
    labels, rest = tuple(names[:end]), tuple(names[end:])
    if rest not in ((), DIMENSIONS):
        raise ValueError("frames.csv has other columns than its labels")
    table = np.loadtxt(io.StringIO(rows), delimiter=",", ndmin=2) if rows.strip() else np.empty(0)
    table = table.reshape(-1, 1 + len(names))
    _, scores, points = np.split(table.astype(np.float32), [1, 1 + end], axis=1)
    if not np.isfinite(table[:, : 1 + end]).all():
        raise ValueError("frames.csv has numbers that are none")
    dimensions = None
    if rest:
        # Only what is derived may be missing from the whole and be there in a frame.
        of_whole = document.get("dimensions") or {"origin": "derived from scores"}
        dimensions = FrameDimensions(points[:, 0], points[:, 1], of_whole["origin"])
    return Frames(table[:, 0] / 1000, scores, labels, dimensions)


def frame_rows(path: Path, labels: int) -> Iterator[tuple[float, list[float]]]:
    """The curve of a frames.csv, however long it is: of each frame its middle, in float seconds,
    and the scores of so many labels.

    Raises:
        OSError, ValueError: it cannot be read, or is none.
    """
    with path.open(encoding="utf-8-sig") as file:
        next(file, None)
        for line in file:
            time_ms, *scores = line.split(",")[: 1 + labels]
            yield float(time_ms) / 1000, [float(score) for score in scores]


def result_from(
    document: Mapping[str, Any],
    frames: Frames | None = None,
    embedding: "FloatArray | None" = None,
) -> StoredResult:
    """The document of `result.schema.json`, with `id` and `files`, as what it was made of.

    Raises:
        KeyError, TypeError, ValueError: it is no such document: something is missing, of another
            type, or does not fit the rest.
    """
    summary = document["summary"]
    speakers = _as(dict[str, dict[str, Any]], summary["speakers"])
    voices = {name: record_from(SpeakerSummary, speaker) for name, speaker in speakers.items()}
    result = StoredResult(
        emotion=_as(str, document["emotion"]),
        confidence=_as(float, document["confidence"]),
        scores=_as(dict[str, float], document["scores"]),
        granularity=_as(Granularity, document["granularity"]),
        timestamp=_as(str, document["timestamp"]),
        model=record_from(ModelInfo, document["model"]),
        audio=record_from(AudioInfo, document["audio"]),
        preprocessing=record_from(Preprocessing, document["preprocessing"]),
        quality=record_from(Quality, document["quality"]),
        segments=_read_all(Segment, document["segments"]),
        transitions=_read_all(Transition, document["transitions"]),
        summary=record_from(Summary, {**summary, "speakers": voices}),
        timings_ms=_as(dict[str, float], document["timings_ms"]),
        notice=_as(str, document["notice"]),
        blend=_as(tuple[str, str], document["blend"]) if document["blend"] else None,
        abstain_below=_as(float | None, document["abstain_below"]),
        dimensions=_as(Dimensions | None, document.get("dimensions")),
        relative=_as(Relative | None, document.get("relative")),
        frames=frames,
        embedding=embedding,
        id=_as(str, document["id"]),
        files=_as(tuple[str, ...], document["files"]),
    )
    _require_one_story(result)
    return result


def record_from(record: type[T], document: Mapping[str, Any]) -> T:
    """A record, as `voxcor.results.to_wire` has written it.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    names = SECONDS.intersection(each.name for each in fields(cast(Any, record)))
    times = {name: _as(float, document[f"{name}_ms"]) / 1000 for name in names}
    read: T = _as(record, {**document, **times})
    return read


def _read_all(record: type[T], documents: Any) -> tuple[T, ...]:
    return tuple(record_from(record, each) for each in _as(list[dict[str, Any]], documents))


def _as(kind: Any, value: Any) -> Any:
    """The value as this type, which it must be or stand for."""
    return _adapter(kind).validate_python(value)


@lru_cache(maxsize=32)
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _require_one_story(result: Result) -> None:
    """All views have the same labels, and every number is one."""
    labels = {*result.scores}
    if result.emotion not in labels or not all(map(str.isprintable, labels)):
        raise ValueError(f"emotion {result.emotion} is none of its scores"[:200])
    if result.frames is not None and (
        {*result.frames.labels} != labels or not len(result.frames.times)
    ):
        raise ValueError("frames.csv has other labels than the whole, or no frames")
    numbers = [result.audio.duration, result.confidence, *result.scores.values()]
    for segment in result.segments:
        if {*segment.scores} != labels or segment.emotion not in labels:
            raise ValueError(f"the segment at {segment.start:g} s has other labels than the whole")
        numbers += [segment.start, segment.end, segment.confidence, *segment.scores.values()]
    if (beside := result.relative) is not None:
        if not {*beside.scores} == {*beside.offsets} == labels or beside.emotion not in labels:
            raise ValueError("the relative scores have other labels than the whole")
        numbers += [beside.confidence, *beside.scores.values(), *beside.offsets.values()]
    for point in (result.dimensions, *(segment.dimensions for segment in result.segments)):
        numbers += [point.arousal, point.valence] if point is not None else ()
    if not all(map(isfinite, numbers)) or result.audio.duration <= 0:
        raise ValueError("a number in it is none")
