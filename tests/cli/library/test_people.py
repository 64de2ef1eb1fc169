"""Enrolling a person and being heard beside them, as commands."""

import json
import re
from pathlib import Path

import pytest

from command import voxcor
from places import DATA, VOICE
from schema import validate
from voxcor.people.book import FOLDER
from voxcor.sources import EXAMPLE

CHAINED = DATA / "heard" / "opus-chained.opus"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("people")
    arguments = ("library", "enrol", "Anna", VOICE, EXAMPLE, CHAINED, "--model", "small")
    status, out, err = voxcor(*arguments, VOXCOR_HOME=str(home))
    assert (status, err) == (0, "")
    assert out.startswith("Anna: 7 utterances, ")
    assert " 7 new. To small their ordinary voice is " in out
    return home


def test_a_result_says_both_answers(home: Path) -> None:
    arguments = ("recognize", VOICE, "--no-save", "--relative-to", "Anna")
    _, out, _ = voxcor(*arguments, VOXCOR_HOME=str(home))
    assert out.splitlines()[1].startswith("   Relative to Anna: ")
    _, out, _ = voxcor(*arguments, "--json", VOXCOR_HOME=str(home))
    document = json.loads(out)
    validate(document)
    assert document["relative"]["to"] == "Anna"
    assert [*document["relative"]["scores"]] == [*document["scores"]]


def test_a_stream_says_both_answers(home: Path) -> None:
    arguments = ("stream", VOICE, "--fast", "--relative-to", "Anna")
    status, out, _ = voxcor(*arguments, VOXCOR_HOME=str(home), VOXCOR_LANGUAGE="zh")
    assert status == 0
    assert all("→ 相对于 Anna：" in line for line in out.splitlines() if "%" in line)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("recognize", VOICE, "--no-save", "--relative-to", "Ben"), "no_such_person"),
        (("library", "forget", "Ben"), "no_such_person"),
        (("library", "enrol", "Ben", EXAMPLE), "too_little_speech"),
        (("library", "enrol", "Ben"), "usage"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[object, ...], code: str, home: Path) -> None:
    status, out, err = voxcor(*arguments, VOXCOR_HOME=str(home))
    assert status != 0
    assert out == ""
    assert f"({code})" in err


def test_who_is_forgotten_is_gone(home: Path, tmp_path: Path) -> None:
    arguments = ("library", "enrol", "Ben", VOICE, EXAMPLE, CHAINED, "--model", "small", "--json")
    _, out, _ = voxcor(*arguments, VOXCOR_HOME=str(tmp_path))
    assert json.loads(out)["utterances"] == 7
    _, listed, _ = voxcor("library", "people", VOXCOR_HOME=str(tmp_path))
    assert re.fullmatch(r"Ben: small, 7 utterances, \d+\.\d s\n", listed)
    _, out, _ = voxcor("library", "people", "--json", VOXCOR_HOME=str(tmp_path))
    assert [one["utterances"] for one in json.loads(out)["heard_by"]] == [7]
    forgotten = voxcor("library", "forget", "Ben", VOXCOR_HOME=str(tmp_path))
    assert forgotten == (0, "Ben: forgotten\n", "")
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["people.lock"]
