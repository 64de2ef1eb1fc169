"""Labels of people in the library: kept, gathered from elsewhere, out as a list, and gone."""

import csv
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from annotated import Eaf, task, textgrid
from results_by_hand import happy_then_sad
from voxcor.corrections import Correction, read_corrections, write_corrections
from voxcor.datasets.corrected import labelled_segments, to_csv
from voxcor.errors import LabelInvalid, NotInLibrary, StateUnreadable
from voxcor.library.correcting import (
    gather,
    labelled,
    labelled_rows,
    meant_label,
    put_right,
    segment_named,
    take_back,
)
from voxcor.library.filters import Filters
from voxcor.library.labels import LABELS_FILE, PersonsLabel, together
from voxcor.library.outgoing import remove
from voxcor.library.rated import ratings_in_lists
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.result_folder import save
from voxcor.results import ModelInfo

pytest.importorskip("lancedb", reason="the library extra is not installed")

MODEL = ModelInfo("small", "int8", "1", "ab" * 32, False, False)
OTHER = replace(MODEL, id="mine", sha256="cd" * 32)
CALL, TALK, RESULT = "a" * 16, "c" * 16, "b" * 16
SCORES = {"happy": 0.6, "sad": 0.4}


def segment(recording: str, start: float, end: float, path: Path | None) -> LibrarySegment:
    return LibrarySegment(
        recording=recording,
        name=path.name if path else "call.m4a",
        path=str(path) if path else None,
        channel=None,
        start=start,
        end=end,
        emotion="happy",
        confidence=0.6,
        scores=SCORES,
        arousal=0.1,
        valence=0.2,
        speaker="anna",
        text=None,
        recorded_at=datetime(2026, 1, 1),
        source="calls",
    )


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Two segments of a call and one of a talk, and those of a result without a path."""
    for name in ("call.wav", "talk.wav"):
        (tmp_path / name).write_bytes(name.encode())
    segments = [
        segment(CALL, 0.0, 2.0, tmp_path / "call.wav"),
        segment(CALL, 3.0, 5.0, tmp_path / "call.wav"),
        segment(TALK, 0.0, 4.0, tmp_path / "talk.wav"),
        segment(RESULT, 0.1, 1.5, None),
        segment(RESULT, 1.9, 3.1, None),
    ]
    library = Library(tmp_path / "library")
    library.add(MODEL, segments, np.eye(5, 8, dtype=np.float32))
    return library


def labels_of(library: Library) -> list[str | None]:
    return [one.label for one in library.segments(library.table())]


def said(library: Library) -> list[tuple[str, int, str | None, str | None]]:
    labels = library.labels()
    return [(one.recording[0], round(one.start), one.label, one.annotator) for one in labels]


def test_what_a_person_says_wins_over_the_model(library: Library) -> None:
    table = library.table()
    one = segment_named(library, table, f"{CALL}@0-2")
    assert put_right(library, [one], "悲伤", "Ann") == 1
    assert labels_of(library) == ["sad", None, None, None, None]
    assert [s.id for s in library.segments(table, Filters(emotion="sad").where)] == [one.id]
    (kept,) = library.labels()
    assert (kept.label, kept.annotator, bool(kept.timestamp)) == ("sad", "Ann", True)
    assert take_back(library, [one], "Ann") == 1
    assert take_back(library, [one], "Ann") == 0
    assert labels_of(library) == [None] * 5
    assert not (library.folder / LABELS_FILE).exists()


def test_a_segment_is_named_as_in_a_query(library: Library, tmp_path: Path) -> None:
    table = library.table()
    talk, call = tmp_path / "talk.wav", tmp_path / "call.wav"
    assert segment_named(library, table, str(talk)).recording == TALK
    assert segment_named(library, table, f"{call}@3.0-5.0").start == 3
    assert segment_named(library, table, f"{CALL[:10]}@0-2").start == 0
    for nothing in (f"{CALL}@2-3", f"{CALL}@0-5", str(call), "f" * 16, "sad"):
        with pytest.raises(NotInLibrary):
            segment_named(library, table, nothing)


def test_those_who_disagree_are_all_kept(library: Library) -> None:
    table = library.table()
    one = segment_named(library, table, f"{TALK}@0-4")
    for who, label in (("Ann", "sad"), ("Ben", "angry"), ("Cat", "sad"), ("Dan", None)):
        put_right(library, [one], label, who)
    assert said(library) == [
        ("c", 0, "sad", "Ann"),
        ("c", 0, "angry", "Ben"),
        ("c", 0, "sad", "Cat"),
        ("c", 0, None, "Dan"),
    ]
    assert library.segments(table, f"recording = '{TALK}'")[0].label == "sad"
    put_right(library, [one], "angry", "Ann")
    assert library.segments(table, f"recording = '{TALK}'")[0].label == "angry"
    assert len(library.labels()) == 4


def test_of_equally_many_the_last_word_counts() -> None:
    labels = [
        PersonsLabel("a", 0, 1, "sad", "Ann", "2026-01-02 00:00:00"),
        PersonsLabel("a", 0, 1, "angry", "Ben", "2026-01-01 00:00:00"),
    ]
    assert together(labels) == "sad"
    assert together([replace(one, label=None) for one in labels]) is None


def test_a_model_that_comes_later_has_them_too(library: Library) -> None:
    library.label([PersonsLabel(TALK, 0, 4, "sad")])
    cut = [segment(TALK, 0.2, 1.9, None), segment(TALK, 3.5, 6.0, None)]
    library.add(OTHER, cut, np.ones((2, 4), np.float32))
    # Of the second the label covers less than half.
    assert [one.label for one in library.segments(library.table("mine"))] == ["sad", None]


def test_what_a_kill_left_undone_is_made_up_for(library: Library) -> None:
    label = PersonsLabel(TALK, 0, 4, "sad", "Ann", "2026-01-02 00:00:00")
    library.label([label])
    kept = (library.folder / LABELS_FILE).read_bytes()
    library.label([], [label.key])
    (library.folder / LABELS_FILE).write_bytes(kept)  # as if it had died before the table
    assert "sad" not in labels_of(library)
    assert library.label([label]) == 0
    assert "sad" in labels_of(library)


def test_nothing_is_left_of_what_was_removed(library: Library, tmp_path: Path) -> None:
    marks = [PersonsLabel(CALL, 0, 2, "sad", "Annemarie"), PersonsLabel(RESULT, 0.1, 1.5, "sad")]
    library.label([*marks, PersonsLabel(TALK, 0, 4, "sad", "Ben")])
    library.add(OTHER, [segment(TALK, 0, 4, None)], np.ones((1, 4), np.float32))
    remove(library, str(tmp_path / "call.wav"))
    everything = b"".join(p.read_bytes() for p in library.folder.rglob("*") if p.is_file())
    assert b"Annemarie" not in everything
    assert CALL.encode() not in everything
    # What another model has heard is there still, and what lies at no path is, too.
    remove(library, str(tmp_path / "talk.wav"))
    assert said(library) == [("b", 0, "sad", None), ("c", 0, "sad", "Ben")]
    remove(library, TALK)
    remove(library, RESULT)
    assert not (library.folder / LABELS_FILE).exists()


def test_labels_that_cannot_be_read_stay(library: Library) -> None:
    path = library.folder / LABELS_FILE
    for content in ("{", '{"schema_version": 9, "labels": []}', '{"schema_version": 1}'):
        path.write_text(content)
        with pytest.raises(StateUnreadable):
            library.label([PersonsLabel(TALK, 0, 4, "sad")])
        assert path.read_text() == content


_LABEL = """
import sys
from pathlib import Path
from voxcor.library.labels import PersonsLabel
from voxcor.library.store import Library
library = Library(Path(sys.argv[1]))
for number in range(5):
    library.label([PersonsLabel("c" * 16, 0, 4, "sad", sys.argv[2] + str(number))])
"""


def test_two_who_label_at_once_lose_nothing(library: Library) -> None:
    command = [sys.executable, "-c", _LABEL, str(library.folder)]
    both = [subprocess.Popen([*command, name]) for name in ("Ann", "Ben")]
    assert [process.wait() for process in both] == [0, 0]
    assert len(library.labels()) == 10


@pytest.mark.parametrize("text", ["", "  ", "x" * 65, "a\nb", "3", "angry;sad"])
def test_what_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(LabelInvalid):
        meant_label(text, ["happy", "sad"])


def gathered(library: Library, *sources: Path, **options: str) -> tuple[int, int, int, list[str]]:
    found = gather(library, map(str, sources), **options)
    return found.labels, found.segments, found.changed, [one.code for one in found.problems]


def write_list(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join((header, *rows, "")), encoding="utf-8")
    return path


def test_corrections_of_the_page_come_in(library: Library, tmp_path: Path) -> None:
    result = happy_then_sad()
    folder = save(result, tmp_path / "outputs")
    corrections = [Correction(0, 0.2, 1.4, "angry", "Ann"), Correction(1, 1.9, 3.1, None, "Ann")]
    write_corrections(folder, result, corrections, "")
    assert gathered(library, tmp_path / "outputs") == (2, 2, 2, [])
    assert said(library) == [("b", 0, "angry", "Ann"), ("b", 2, None, "Ann")]
    assert gathered(library, folder, annotator="Ben") == (2, 2, 0, [])


def test_the_list_of_all_corrections_comes_in(library: Library, tmp_path: Path) -> None:
    result = happy_then_sad()
    folder = save(result, tmp_path / "outputs")
    write_corrections(folder, result, [Correction(1, 1.9, 3.1, "angry", "Ann")], "")
    rows = labelled_segments(folder, result, read_corrections(folder, result))
    (tmp_path / "corrections.csv").write_text(to_csv(rows))
    assert gathered(library, tmp_path / "corrections.csv") == (1, 1, 1, [])
    assert said(library) == [("b", 2, "angry", "Ann")]


def test_a_list_labels_what_it_covers(library: Library, tmp_path: Path) -> None:
    rows = ("call.wav,0,2.1,sad,Ann", "call.wav,3.9,4.1,sad,Ann", "talk.wav,,,开心,")
    listed = write_list(tmp_path / "list.csv", "path,start,end,label,annotator", *rows)
    assert gathered(library, listed, annotator="Ben") == (3, 2, 2, ["not_in_library"])
    assert said(library) == [("a", 0, "sad", "Ann"), ("c", 0, "happy", "Ben")]


def test_what_other_tools_say_comes_in(library: Library, tmp_path: Path) -> None:
    grid = textgrid([("emotion", [(0.0, 2.0, "sad"), (3.0, 5.0, "angry")])])
    (tmp_path / "call.TextGrid").write_text(grid)
    assert gathered(library, tmp_path / "call.TextGrid", annotator="Ann")[:3] == (2, 2, 2)
    eaf = Eaf(media={"MEDIA_URL": "file:///x/talk.wav", "RELATIVE_MEDIA_URL": "./talk.wav"})
    eaf.tier("emotion", [(0.0, 4.0, "sad")])
    (tmp_path / "talk.eaf").write_text(eaf.text())
    assert gathered(library, tmp_path / "talk.eaf", annotator="Ann")[:3] == (1, 1, 1)
    value = {"start": 0, "end": 4, "labels": ["surprised"]}
    about = {"from_name": "emotion", "to_name": "audio", "type": "labels", "id": "1"}
    done = task([{**about, "value": value}], audio="talk.wav")
    (tmp_path / "export.json").write_text(json.dumps([done]))
    assert gathered(library, tmp_path / "export.json", annotator="Ben")[:3] == (1, 1, 1)
    assert said(library) == [
        ("a", 0, "sad", "Ann"),
        ("a", 3, "angry", "Ann"),
        ("c", 0, "sad", "Ann"),
        ("c", 0, "surprised", "Ben"),
    ]


def test_each_annotator_of_a_task_is_a_rater(library: Library, tmp_path: Path) -> None:
    def chosen(label: str) -> list[dict[str, object]]:
        about = {"from_name": "emotion", "to_name": "audio", "type": "choices", "id": label}
        return [{**about, "value": {"choices": [label]}}]

    tasks = []
    for name, labels in (("talk.wav", ("sad", "angry")), ("call.wav", ("sad", "sad"))):
        done = task(*map(chosen, labels), audio=name)
        for annotation, who in zip(done["annotations"], ("ann@lab.cn", "ben@lab.cn"), strict=True):
            annotation["completed_by"] = {"email": who}
        tasks.append(done)
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    ratings, problems = ratings_in_lists([path])
    assert (ratings.raters, problems) == (("ann@lab.cn", "ben@lab.cn"), [])
    assert [[ratings.names[label] for label in row] for row in ratings.labels] == [
        ["sad", "angry"],
        ["sad", "sad"],
    ]
    gathered(library, path, annotator="Cai")
    assert {(label, who) for name, _, label, who in said(library) if name == "c"} == {
        ("sad", "ann@lab.cn"),
        ("angry", "ben@lab.cn"),
    }


def test_a_recording_is_known_by_its_content(library: Library, tmp_path: Path) -> None:
    name = hashlib.sha256(b"moved").hexdigest()[:16]
    library.add(MODEL, [segment(name, 0, 1, tmp_path / "gone.wav")], np.ones((1, 8), np.float32))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "other.wav").write_bytes(b"moved")
    listed = write_list(tmp_path / "elsewhere" / "list.csv", "path,label", "other.wav,sad")
    assert gathered(library, listed) == (1, 1, 1, [])


def test_out_as_a_list_that_training_reads(library: Library, tmp_path: Path) -> None:
    library.label(
        [
            PersonsLabel(CALL, 0, 2, "sad", "Ann"),
            PersonsLabel(CALL, 0, 2, "sad", "Ben"),
            PersonsLabel(CALL, 3, 5, None, "Ann"),
            PersonsLabel(TALK, 0, 4, "happy", "Ann"),
            PersonsLabel(RESULT, 0.1, 1.5, "sad", "Ann"),
        ]
    )
    rows = [*labelled_rows(library, labelled(library, library.table()))]
    assert [(Path(r.path).name, r.start, r.end, r.label, r.verdict, r.annotator) for r in rows] == [
        ("call.wav", 0, 2, "sad", "relabelled", "Ann, Ben"),
        ("talk.wav", 0, 4, "happy", "right", "Ann"),
    ]
    (tmp_path / "out.csv").write_text(to_csv(rows))
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["speaker"] for row in csv.DictReader(file)] == ["anna", "anna"]
    assert gathered(library, tmp_path / "out.csv", annotator="Cat")[1] == 2
