"""What a server answers of its library, as the engine's records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxcor.stored_result import record_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voxcor.evaluation.metrics import Estimate
    from voxcor.library.query import Query
    from voxcor.library.search import Answer
    from voxcor.library.segments import LibrarySegment
    from voxcor.library.trajectory import Trajectory


@dataclass(frozen=True, slots=True, eq=False)
class LibraryMap:
    """Segments by their `ids` and where they lie, `places` `[S, 2]`, -1..1.

    Of each its emotion, a person's word before the model's, and who speaks, where that is known.
    """

    ids: tuple[str, ...]
    places: "NDArray[Any]"
    emotions: tuple[str, ...]
    speakers: tuple[str | None, ...]


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


def map_from(answer: Mapping[str, Any]) -> LibraryMap:
    """A map."""
    import numpy as np

    labels, speakers = answer["labels"], [*answer["speakers"], None]
    return LibraryMap(
        ids=tuple(answer["ids"]),
        places=np.array([answer["x"], answer["y"]], np.float32).T,
        emotions=tuple(labels[place] for place in answer["emotion"]),
        speakers=tuple(speakers[place] for place in answer["speaker"]),
    )


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


def _interval(document: Mapping[str, float | None]) -> "Estimate":
    from voxcor.evaluation.metrics import Estimate

    return Estimate(**{name: nan if value is None else value for name, value in document.items()})
