"""What was computed of the library is kept until its table changes; and reading while it does."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from library_groups import MODEL, grouped
from voxcor.library import derived
from voxcor.library.labels import PersonsLabel
from voxcor.library.query import Heard
from voxcor.library.search import search
from voxcor.library.store import Library
from voxcor.recognizer import Recognizer

pytest.importorskip("lancedb", reason="the library extra is not installed")


def never() -> Recognizer:
    raise AssertionError("nothing needs to be recognised")


def keep(library: Library, kind: str, version: int | None = None, speaker: str = "安娜") -> str:
    table = library.table()
    at = library.version(table) if version is None else version
    stock = derived.stock_of(library.recordings_of(table))
    key = derived.key_of(kind, table.name, stock, {"filters": {"speaker": speaker}})
    library.keep(key, table, at, b"{}")
    return key


def test_it_is_kept_for_its_recordings_and_what_was_asked(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 3})
    key = keep(library, "map")
    assert derived.read(library.folder, key) == b"{}"
    table = library.table()
    recordings = library.recordings_of(table)
    stock = derived.stock_of(recordings)
    assert stock == derived.stock_of(sorted(recordings, reverse=True))
    asked = {"filters": {"speaker": "安娜"}}
    for other in (
        derived.key_of("map", table.name, stock, {}),
        derived.key_of("clusters", table.name, stock, asked),
        derived.key_of("map", table.name, derived.stock_of([*recordings, "f"]), asked),
    ):
        assert derived.read(library.folder, other) is None
    assert (library.folder / derived.FOLDER).stat().st_mode & 0o077 == 0


def test_what_is_old_is_not_kept_beside_what_is_new(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 6})
    first = keep(library, "map")
    version = library.version(library.table())
    grouped(tmp_path, {"angry": 6, "sad": 2})
    assert library.version(library.table()) > version
    # It was computed of what there was.
    assert keep(library, "clusters", version) not in _kept(library)
    second = keep(library, "map")
    assert _kept(library) == {second}
    assert first != second


def test_a_label_leaves_what_was_computed(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 3})
    key = keep(library, "map")
    (segment, *_) = library.segments(library.table())
    said = PersonsLabel(segment.recording, segment.start, segment.end, "sad")
    assert library.label([said]) == 1
    assert keep(library, "map") == key
    assert derived.read(library.folder, key) == b"{}"


def test_of_what_is_asked_in_many_ways_the_latest_is_kept(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 3})
    other = keep(library, "clusters")
    keys = [keep(library, "map", speaker=str(number)) for number in range(derived.MOST_KEPT + 2)]
    assert _kept(library) == {other, *keys[2:]}


def test_nothing_is_kept_of_what_was_removed(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 3})
    keep(library, "map")
    assert library.remove("recording = 'nothing'") == 0
    assert _kept(library)
    assert library.remove(f"recording = '{0:016x}'") == 1
    assert not (library.folder / derived.FOLDER).exists()


def _kept(library: Library) -> set[str]:
    return {path.stem for path in (library.folder / derived.FOLDER).iterdir()}


def test_a_search_by_vectors_knows_of_what_was_added(tmp_path: Path) -> None:
    """The mean of all vectors is not that of an earlier version."""
    library = grouped(tmp_path, {"angry": 4})
    table = library.table()
    query = Heard(MODEL, library.segments(table)[0].scores, library.sample(table, 1)[0])

    def nearest() -> dict[str, float]:
        hits = search(library, query, recognizer=never, limit=4).hits
        return {hit.segment.id: hit.similarity for hit in hits}

    before = nearest()
    assert nearest() == before
    far = np.full((1, 16), 100, np.float32)
    other = library.segments(table)[0]
    library.add(MODEL, [replace(other, recording="f" * 16)], far)
    fresh = Library(library.folder)
    answer = search(fresh, query, recognizer=never, limit=4)
    assert nearest() == {hit.segment.id: hit.similarity for hit in answer.hits} != before


def test_who_reads_while_a_table_is_written_anew_reads_on(tmp_path: Path) -> None:
    library = grouped(tmp_path, {"angry": 40})
    reader, failures, ended = Library(library.folder), [], threading.Event()
    looks = 0

    def read() -> None:
        nonlocal looks
        while not ended.is_set():
            try:
                table = reader.table()
                assert len(reader.segments(table)) <= 40
                search(reader, "angry 1", recognizer=never)
            except Exception as error:
                failures.append(error)
            looks += 1

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(12):
        library.remove(f"recording = '{number:016x}'")
        library.compact()
    ended.set()
    thread.join()
    assert looks
    assert failures == []
