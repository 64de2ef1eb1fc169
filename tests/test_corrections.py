"""Corrections: what fits a result and what does not, the file, two who write."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from results_by_hand import happy_then_sad
from voxcor.corrections import (
    CORRECTIONS_FILE,
    LOCK_FILE,
    NO_CORRECTIONS,
    Correction,
    Corrections,
    checked,
    corrected_segments,
    read_corrections,
    withdraw_corrections,
    write_corrections,
)
from voxcor.disk.locks import locked
from voxcor.errors import CorrectionsChanged, CorrectionsInvalid, StateUnreadable
from voxcor.language import speaking
from voxcor.result_folder import save

RESULT = happy_then_sad()
ANGRY = Correction(0, 0.2, 1.6, "angry", "Ann", "2026-01-05 10:15:00")
SAD = Correction(1, 1.9, 3.1, "sad", timestamp="2026-01-05 10:16:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save(RESULT, tmp_path)


def test_the_verdict_follows_from_the_label() -> None:
    first, second = corrected_segments(RESULT, Corrections((ANGRY, SAD)))
    assert (first.start, first.end, first.emotion) == (0.2, 1.6, "angry")
    assert (first.verdict, first.confidence, first.annotator) == ("relabelled", None, "Ann")
    assert first.model == RESULT.segments[0]
    assert (second.emotion, second.verdict, second.confidence) == ("sad", "right", 0.6)
    (wrong, untouched) = corrected_segments(RESULT, Corrections((replace(ANGRY, label=None),)))
    assert (wrong.emotion, wrong.verdict, wrong.confidence) == (None, "wrong", None)
    assert (untouched.emotion, untouched.verdict, untouched.confidence) == ("sad", None, 0.6)


def test_what_is_written_is_read(folder: Path) -> None:
    assert read_corrections(folder, RESULT) == NO_CORRECTIONS
    before = (folder / "result.json").read_bytes()
    written = write_corrections(folder, RESULT, [SAD, ANGRY], "")
    assert written.corrections == (ANGRY, SAD)
    assert read_corrections(folder, RESULT) == written
    assert (folder / "result.json").read_bytes() == before
    document = json.loads((folder / CORRECTIONS_FILE).read_text(encoding="utf-8"))
    assert document["schema_version"] == 1
    assert document["corrections"][0] == {
        "segment": 0,
        "start_ms": 200,
        "end_ms": 1600,
        "label": "angry",
        "annotator": "Ann",
        "timestamp": "2026-01-05 10:15:00",
    }


def test_when_it_was_said_stays_while_it_says_the_same(folder: Path) -> None:
    before = write_corrections(folder, RESULT, [ANGRY], "")
    undated = replace(ANGRY, timestamp="")
    after = write_corrections(
        folder, RESULT, [undated, replace(SAD, timestamp="")], before.revision
    )
    assert after.corrections[0] == ANGRY
    assert after.corrections[1].timestamp
    assert after.revision != before.revision


def test_of_two_who_write_the_second_is_told(folder: Path) -> None:
    write_corrections(folder, RESULT, [ANGRY], "")
    with pytest.raises(CorrectionsChanged) as caught:
        write_corrections(folder, RESULT, [SAD], "")
    now = read_corrections(folder, RESULT)
    assert now.corrections == (ANGRY,)
    assert caught.value.details["revision"] == now.revision
    assert write_corrections(folder, RESULT, [ANGRY], "long gone") == now
    assert write_corrections(folder, RESULT, [SAD], now.revision).corrections == (SAD,)


_WRITE = """
import sys
from pathlib import Path
from results_by_hand import happy_then_sad
from voxcor.corrections import Correction, write_corrections
print("ready", flush=True)
write_corrections(Path(sys.argv[1]), happy_then_sad(), [Correction(1, 1.9, 3.1, "sad")], "")
"""


def test_of_two_processes_the_second_is_told(folder: Path, tmp_path: Path) -> None:
    other = save(RESULT, tmp_path / "other")
    write_corrections(other, RESULT, [ANGRY], "")
    command = [sys.executable, "-c", _WRITE, str(folder)]
    path = {"PYTHONPATH": str(Path(__file__).parent / "support")}
    with locked(folder.parent / LOCK_FILE):
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=path
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        (folder / CORRECTIONS_FILE).write_bytes((other / CORRECTIONS_FILE).read_bytes())
    _, told = process.communicate()
    assert "CorrectionsChanged" in told
    assert read_corrections(folder, RESULT).corrections == (ANGRY,)


def test_none_at_all_leaves_no_file(folder: Path) -> None:
    written = write_corrections(folder, RESULT, [ANGRY], "")
    assert write_corrections(folder, RESULT, [], written.revision) == NO_CORRECTIONS
    assert not (folder / CORRECTIONS_FILE).exists()
    write_corrections(folder, RESULT, [ANGRY], "")
    withdraw_corrections(folder, RESULT)
    withdraw_corrections(folder, RESULT)
    assert not (folder / CORRECTIONS_FILE).exists()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("angry", "angry"),
        (" Angry ", "angry"),
        ("愤怒", "angry"),
        ("生气", "angry"),
        ("ironic", "ironic"),
        ("讽刺", "讽刺"),
    ],
)
def test_a_label_is_what_is_meant_by_it(given: str, meant: str) -> None:
    (found,) = checked([replace(ANGRY, label=given)], RESULT).corrections
    assert found.label == meant


def shifted(**changes: object) -> Callable[[], list[Correction]]:
    return lambda: [replace(ANGRY, **changes)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (shifted(segment=2), "2 segments"),
        (shifted(segment=-1), "2 segments"),
        (lambda: [ANGRY, ANGRY], "twice"),
        (shifted(start=1.6), "no stretch"),
        (shifted(start=-0.1), "no stretch"),
        (shifted(end=3.3), "no stretch"),
        (shifted(start=math.nan), "no stretch"),
        (shifted(end=math.nan), "no stretch"),
        (shifted(end=math.inf), "no stretch"),
        (shifted(end=2.0), "overlap"),
        (lambda: [replace(ANGRY, end=1.9), replace(SAD, start=1.8)], "overlap"),
        (shifted(start=3.11, end=3.2), "overlap"),
        (shifted(label=""), "not empty"),
        (shifted(label="  "), "not empty"),
        (shifted(label="a\nb"), "one line"),
        (shifted(label="x" * 65), "64 characters"),
        (shifted(annotator="\x1b[2J"), "one line"),
        (shifted(timestamp="a\nb"), "one line"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    wanted: Callable[[], list[Correction]], said: str, folder: Path
) -> None:
    with pytest.raises(CorrectionsInvalid, match=said) as caught:
        write_corrections(folder, RESULT, wanted(), "")
    assert caught.value.code == "corrections_invalid"
    with speaking("zh"):
        assert "更正" in caught.value.message
    assert not (folder / CORRECTIONS_FILE).exists()


def test_segments_that_the_model_has_crossed_may_be_judged() -> None:
    first, second = RESULT.segments
    both_speak = replace(RESULT, segments=(replace(first, end=2.5), second))
    (found,) = checked([Correction(0, 0.1, 2.5, "happy")], both_speak).corrections
    assert found.label == "happy"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nothing is in it"),
        (b'{"schema_version": 1, "corr', "cannot be read"),
        (b"[]", "cannot be read"),
        (b'{"schema_version": 1}', "cannot be read"),
        (b'{"schema_version": 2, "corrections": []}', "schema_version 2"),
        (b'{"schema_version": 1, "corrections": [{"segment": NaN}]}', "NaN"),
    ],
)
def test_a_damaged_file_is_told_and_stays_until_it_is_withdrawn(
    content: bytes, said: str, folder: Path
) -> None:
    path = folder / CORRECTIONS_FILE
    path.write_bytes(content)
    for ask in (
        lambda: read_corrections(folder, RESULT),
        lambda: write_corrections(folder, RESULT, [ANGRY], ""),
    ):
        with pytest.raises(StateUnreadable, match=said):
            ask()
        assert path.read_bytes() == content
    withdraw_corrections(folder, RESULT)
    assert not path.exists()
    assert (folder / f"{CORRECTIONS_FILE}.unreadable").read_bytes() == content
    assert write_corrections(folder, RESULT, [ANGRY], "").corrections == (ANGRY,)


def test_corrections_of_another_result_are_none(folder: Path) -> None:
    write_corrections(folder, RESULT, [SAD], "")
    shorter = replace(RESULT, segments=RESULT.segments[:1])
    with pytest.raises(StateUnreadable, match="1 segment"):
        read_corrections(folder, shorter)
