"""Labels put right in the library, and what is made of them, as a person and a program do it."""

import csv
import json
from pathlib import Path

import pytest

from command import voxcor
from places import VOICE
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("library")
    added = voxcor(*("library", "add", VOICE, EXAMPLE, "--model", "small"), VOXCOR_HOME=str(home))
    assert added[0] == 0, added
    return home


def run(home: Path, *arguments: object, typed: str = "") -> tuple[int, str, str]:
    return voxcor("library", *arguments, stdin=typed.encode(), VOXCOR_HOME=str(home))


def test_from_a_label_to_a_list(home: Path, tmp_path: Path) -> None:
    status, out, err = run(home, "correct", EXAMPLE, "悲伤", "--annotator", "Ann")
    assert (status, out.endswith("@0-2.522  😠 Angry → 😢 Sad\n")) == (0, True), err
    # Skipped, no label here, one that is none of the nine, taken back, right, and enough.
    typed = "\nfoo\n+ironic\nu\ny\nq\n"
    status, out, err = run(home, "correct", "--annotator", "Ben", typed=typed)
    assert (status, out) == (0, "")
    assert "+foo" in err
    assert "→ 🔖 Ironic" in err
    assert err.endswith("1 label kept.\n")

    status, out, err = run(home, "labels", "--json")
    labels = [json.loads(line) for line in out.splitlines()]
    first, second = labels
    assert (first["label"], first["annotator"]) == ("sad", "Ann")
    assert (second["label"], second["annotator"]) == (second["emotion"], "Ben")

    status, out, err = run(home, "labels", "--out", tmp_path / "list.csv")
    assert (status, out) == (0, f"{tmp_path / 'list.csv'}: 2 rows\n"), err
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["verdict"] for row in csv.DictReader(file)] == ["relabelled", "right"]

    status, out, err = run(home, "correct", "--from", tmp_path / "list.csv", "--annotator", "Cat")
    assert (status, err) == (0, "")
    assert out == "2 labels read, of 2 segments of the library; 0 new or changed\n"

    other = tmp_path / "ben.csv"
    other.write_text(f"path,label,annotator\n{EXAMPLE},angry,Ben\n")
    assert run(home, "correct", "--from", other)[::2] == (0, "")
    slip = tmp_path / "dan.csv"
    slip.write_text(f"path,label,annotator\n{EXAMPLE},angyr,Dan\n")
    status, out, err = run(home, "correct", "--from", slip)
    assert (status, "angyr 1" in err) == (0, True)
    assert run(home, "correct", EXAMPLE, "--undo", "--annotator", "Dan")[0] == 0
    status, out, err = run(home, "agreement", "--json")
    found = json.loads(out)
    assert (found["raters"], found["units"], found["observed"]["value"]) == (["Ann", "Ben"], 1, 0)
    assert run(home, "correct", EXAMPLE, "--undo", "--annotator", "Ann")[1].endswith("taken back\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("correct", EXAMPLE), "usage"),
        (("correct", EXAMPLE, "sad", "--wrong"), "usage"),
        (("correct", "0000000000000000@1-2", "sad"), "not_in_library"),
        (("correct", "--from", "nope.csv"), "input_not_found"),
        (("errors",), "labels_too_few"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[object, ...], code: str, home: Path) -> None:
    status, out, err = run(home, *arguments)
    assert status != 0
    assert out == ""
    assert f"({code})" in err
