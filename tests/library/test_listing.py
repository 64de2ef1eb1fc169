"""Recordings as they are listed, segments by their ids, and where these can be heard."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from library_groups import MODEL, grouped
from results_by_hand import happy_then_sad
from voxcor.errors import NotInLibrary, NoVectors, QueryInvalid, RecordingGone
from voxcor.library.export import listed
from voxcor.library.filters import Filters
from voxcor.library.listing import find_segment, find_segments, find_stretch, list_recordings
from voxcor.library.outgoing import remove
from voxcor.library.segments import LibrarySegment
from voxcor.library.sound import sound_of
from voxcor.library.store import Library
from voxcor.result_folder import save

pytest.importorskip("lancedb", reason="the library extra is not installed")


def segment(recording: str, start: float = 0.0, **known: object) -> LibrarySegment:
    scores = {"happy": 0.75, "sad": 0.25}
    made = LibrarySegment(
        *(recording, "call.wav", None, None, start, start + 1, "happy", 0.75, scores),
        *(None, None, "ann", None, datetime(2026, 3, 1), "test"),
    )
    return replace(made, **known)  # type: ignore[arg-type]


def library_of(folder: Path, *segments: LibrarySegment) -> Library:
    library = Library(folder / "library")
    library.add(MODEL, segments, np.eye(len(segments), 4, dtype=np.float32))
    return library


FIRST, SECOND = "0123456789abcdef", "fedcba9876543210"


def test_a_recording_is_summed_up(tmp_path: Path) -> None:
    library = library_of(
        tmp_path,
        segment(FIRST),
        segment(FIRST, 2.5, speaker="ben"),
        segment(SECOND, speaker=None, recorded_at=datetime(2026, 4, 1)),
    )
    later, earlier = list_recordings(library, library.table())
    assert (later.recording, later.speaker, later.segments, later.duration) == (SECOND, None, 1, 1)
    assert (earlier.speaker, earlier.segments, earlier.duration) == (None, 2, 3.5)
    (only,) = list_recordings(library, library.table(), Filters(speaker="ben"))
    assert (only.recording, only.speaker, only.segments) == (FIRST, "ben", 1)


def test_segments_are_found_by_their_ids_in_their_order(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 6})
    there = library.segments(library.table())
    ids = [one.id for one in reversed(there)]
    assert [one.id for one in find_segments(library, [*ids, ids[0]])] == [*ids, ids[0]]
    with pytest.raises(NotInLibrary):
        find_segment(library, f"{FIRST}@0-2")
    for text in ("", FIRST, "call.wav@0-2", f"{FIRST}@2", "x' OR 1=1 --@0-2"):
        with pytest.raises(QueryInvalid):
            find_segment(library, text)


def test_a_stretch_may_begin_and_end_anywhere_between_the_first_segment_and_the_last(
    tmp_path: Path,
) -> None:
    library = library_of(tmp_path, segment(FIRST, 1.0), segment(FIRST, 3.0), segment(SECOND, 9.0))
    for asked, start, end in [("1.2-3.5", 1.2, 3.5), ("0-20", 1.0, 4.0), ("3-4", 3.0, 4.0)]:
        found = find_stretch(library, f"{FIRST}@{asked}")
        assert (found.recording, found.start, found.end) == (FIRST, start, end)
    for nowhere in (f"{FIRST}@2.1-2.9", f"{FIRST}@8-10", "0123456789abcde0@1-2"):
        with pytest.raises(NotInLibrary):
            find_stretch(library, nowhere)
    with pytest.raises(QueryInvalid):
        find_stretch(library, FIRST)


def test_channels_and_parts_go_with_their_recording_and_with_no_other(tmp_path: Path) -> None:
    names = [FIRST, f"{FIRST}-1", f"{FIRST}-10", f"{FIRST}-1+0-42", f"{FIRST}+0-42", SECOND]
    names.append(f"{FIRST}+0-420")
    library = library_of(tmp_path, *map(segment, names))

    def left() -> set[str]:
        return library.recordings_of(library.table())

    assert remove(library, f"{FIRST}+0-42").segments == 1
    assert remove(library, f"{FIRST}-1", paths=False).segments == 2
    assert left() == {FIRST, f"{FIRST}-10", SECOND, f"{FIRST}+0-420"}
    assert remove(library, FIRST).segments == 3
    assert left() == {SECOND}
    for name in (SECOND[:7], "", f"{SECOND}' OR 1=1 --"):
        with pytest.raises(NotInLibrary):
            remove(library, name, paths=False)


def test_a_path_is_a_name_only_where_that_is_allowed(tmp_path: Path) -> None:
    path = str(tmp_path / "call.wav")
    library = library_of(tmp_path, segment(FIRST, path=path))
    with pytest.raises(NotInLibrary):
        remove(library, path, paths=False)
    assert remove(library, path).segments == 1


def test_results_among_some_labels_are_not_mixed_with_others(tmp_path: Path) -> None:
    library = library_of(tmp_path, segment(FIRST))
    other = segment(SECOND, scores={"happy": 1.0})
    with pytest.raises(NoVectors):
        library.add(MODEL, [other], np.ones((1, 4), np.float32))
    assert library.table().rows == 1


def test_a_segment_of_a_result_is_heard_in_its_audio(tmp_path: Path) -> None:
    result = happy_then_sad()
    folder = save(result, tmp_path / "outputs")
    one = segment(FIRST, source=str(folder))
    path, offset = sound_of(one)
    assert (path.parent, path.name) == (folder, "processed_audio.wav")
    assert offset == result.preprocessing.trimmed_start
    moved = replace(one, start=offset + 0.5, end=offset + 1.5, label="sad")
    (row,) = listed([moved])
    assert (row.path, row.start, row.end) == (str(path), 0.5, 1.5)
    assert (row.label, row.original_label) == ("sad", "happy")
    path.unlink()
    with pytest.raises(RecordingGone):
        sound_of(one)
    assert [*listed([one, segment(SECOND, path=str(tmp_path / "gone.wav"))])] == []
