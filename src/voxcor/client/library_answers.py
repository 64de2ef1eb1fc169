"""What a server answers of its library, as the engine's records."""

from collections.abc import Mapping
from datetime import datetime
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxcor.stored_result import record_from

if TYPE_CHECKING:
    from voxcor.library.query import Query
    from voxcor.library.search import Answer
    from voxcor.library.segments import LibrarySegment
    from voxcor.library.trajectory import Interval, Trajectory


def segment_from(document: Mapping[str, Any]) -> "LibrarySegment":
    """A segment."""
    from voxcor.library.segments import LibrarySegment

    return record_from(LibrarySegment, document)


def answer_from(document: Mapping[str, Any]) -> "Answer":
    """The answer to a search."""
    from voxcor.library.query import Clip, Mixture, Region, Words
    from voxcor.library.search import Answer, Hit

    meaning = Mixture(**document["meaning"])
    asked = document["query"]
    times = (None if ms is None else ms / 1000 for ms in (asked["start_ms"], asked["end_ms"]))
    kinds: Mapping[str, Query] = {
        "words": Words(asked["text"]),
        "region": Region(asked["recording"], *times),
        "mixture": meaning,
        "clip": Clip(Path(asked["name"] or "")),
    }
    hits = tuple(Hit(segment_from(one), one["similarity"]) for one in document["hits"])
    return Answer(kinds[asked["kind"]], meaning, hits)


def trajectory_from(found: Mapping[str, Any]) -> "Trajectory":
    """The course of a dimension."""
    from voxcor.library.trajectory import Session, Trajectory

    intervals = {
        name: _interval(found[name]) for name in ("mean", "deviation", "inertia", "instability")
    }
    sessions = tuple(
        Session(
            recording=one["recording"],
            name=one["name"],
            recorded_at=datetime.fromisoformat(one["recorded_at"]),
            segments=one["segments"],
            mean=_interval(one["mean"]),
        )
        for one in found["sessions"]
    )
    return Trajectory(
        dimension=found["dimension"],
        unit=found["unit"],
        times=tuple(found["times"]),
        values=tuple(found["values"]),
        changes=tuple(found["changes"]),
        sessions=sessions,
        **intervals,
    )


def _interval(document: Mapping[str, float | None]) -> "Interval":
    from voxcor.library.trajectory import Interval

    return Interval(**{name: nan if value is None else value for name, value in document.items()})
