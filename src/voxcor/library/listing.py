"""The recordings of the library, single segments of it by their ids, stretches by their times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from voxcor.errors import NotInLibrary
from voxcor.library.filters import Filters, quoted
from voxcor.library.query import Region, parse_segment
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.results import milliseconds

_AT_A_TIME = 1_000  # recordings that one condition names

_COLUMNS = ("recording", "name", "speaker", "recorded_at", "start_ms", "end_ms")


@dataclass(frozen=True, slots=True)
class LibraryRecording:
    """A recording of the library.

    `speaker` is None where nobody is known, or several are; `segments` is how many there are,
    `duration` the seconds until the last of them ends.
    """

    recording: str
    name: str
    speaker: str | None
    recorded_at: datetime
    segments: int
    duration: float


def list_recordings(
    library: Library, table: ModelTable, filters: Filters | None = None
) -> list[LibraryRecording]:
    """The recordings with a segment that meets the filters, the latest first; of those segments
    alone.
    """
    rows = library.rows(table, (filters or Filters()).where, _COLUMNS)
    grouped = rows.group_by("recording").aggregate(
        [
            ("name", "min"),
            ("speaker", "min"),
            ("speaker", "max"),
            ("recorded_at", "min"),
            ("start_ms", "count"),
            ("end_ms", "max"),
        ]
    )
    found = [
        LibraryRecording(
            recording=row["recording"],
            name=row["name_min"],
            speaker=row["speaker_min"] if row["speaker_min"] == row["speaker_max"] else None,
            recorded_at=row["recorded_at_min"],
            segments=row["start_ms_count"],
            duration=row["end_ms_max"] / 1000,
        )
        for row in grouped.to_pylist()
    ]
    found.sort(key=lambda one: one.recording)
    return sorted(found, key=lambda one: one.recorded_at, reverse=True)


def find_segment(library: Library, segment_id: str, model: str | None = None) -> LibrarySegment:
    """A segment by its id.

    Raises:
        NotInLibrary: there is none.
        QueryInvalid: it is no id of a segment.
    """
    return find_segments(library, [segment_id], model)[0]


def find_segments(
    library: Library, ids: Sequence[str], model: str | None = None
) -> list[LibrarySegment]:
    """Segments by their ids, in that order.

    Args:
        library: where.
        ids: theirs.
        model: which has heard them; None for whichever has, the one with the most segments first.

    Raises:
        NotInLibrary: one is not there.
        QueryInvalid: one is no id of a segment.
    """
    wanted = {name: parse_segment(name) for name in dict.fromkeys(ids)}
    found: dict[tuple[str, int, int], LibrarySegment] = {}
    for table in [library.table(model)] if model is not None else library.tables():
        left = {region.recording for region in wanted.values() if _place(region) not in found}
        recordings = sorted(left)
        for first in range(0, len(recordings), _AT_A_TIME):
            names = ", ".join(map(quoted, recordings[first : first + _AT_A_TIME]))
            for segment in library.segments(table, f"recording IN ({names})"):
                place = segment.recording, milliseconds(segment.start), milliseconds(segment.end)
                found.setdefault(place, segment)
    missing = [name for name, region in wanted.items() if _place(region) not in found]
    if missing:
        raise NotInLibrary(name=missing[0])
    return [found[_place(wanted[name])] for name in ids]


def find_stretch(library: Library, stretch: str) -> LibrarySegment:
    """Any stretch of a recording, written as the id of a segment is, as far as it has segments.

    Returns:
        the first segment in it, with the times of the stretch, from the beginning of the first
        segment of the recording to the end of the last at most.

    Raises:
        NotInLibrary: there is nothing of the recording, or not then.
        QueryInvalid: it is no stretch.
    """
    region = parse_segment(stretch)
    assert region.start is not None
    assert region.end is not None
    where = f"recording = {quoted(region.recording)}"
    there = [one for table in library.tables() for one in library.segments(table, where)]
    inside = [one for one in there if one.start < region.end and one.end > region.start]
    if not inside:
        raise NotInLibrary(name=stretch)
    start = max(region.start, min(one.start for one in there))
    end = min(region.end, max(one.end for one in there))
    return replace(min(inside, key=lambda one: one.start), start=start, end=end)


def _place(region: Region) -> tuple[str, int, int]:
    assert region.start is not None
    assert region.end is not None
    return region.recording, milliseconds(region.start), milliseconds(region.end)
