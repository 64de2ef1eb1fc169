"""CONTRIBUTING.md's table of what an addition touches, held to additions that are there."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from places import ROOT

PACKAGE = ROOT / "src" / "voxcor"
CODE = {".css", ".html", ".js", ".json", ".py"}

PATH = re.compile(r"`([\w/]+(?:\.zh)?\.(?:js|md|py))`")

ENGLISH, CHINESE = (
    [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if re.match(r"\|.*`[\w/]+\.py`", line)
    ]
    for name in ("CONTRIBUTING.md", "CONTRIBUTING.zh.md")
)
ROWS = {added: (files, beside) for added, files, beside in ENGLISH}

# The rows that are about something that is there, its name, and what uses it.
THERE = {
    "audacity": (["an export format", "annotations of a tool that come back"], set()),
    "any_sound": (
        ["an option of recognition"],
        {
            "recognizer.py",
            "audio/prepare.py",
            "library/incoming.py",
            "library/listening.py",
            "server/library/routes.py",
        },
    ),
    "history": (["a panel of the page"], set()),
    "no_such_track": (["an error"], {"audio/relay.py"}),
}

# What an error is called where it is a class.
CLASSES = {"no_such_track": "NoSuchTrack"}


@pytest.mark.parametrize("name", THERE)
def test_the_files_that_name_it_are_those_of_the_table(name: str) -> None:
    rows, uses = THERE[name]
    told = {path.replace("X", name) for row in rows for path in PATH.findall(ROWS[row][0])}
    named = rf"\b({name}|{CLASSES.get(name, name)})\b"
    assert _naming(name, PACKAGE, CODE, named) == told | uses


@pytest.mark.parametrize("name", THERE)
def test_the_documents_that_name_it_are_those_of_the_table(name: str) -> None:
    beside = [path for row in THERE[name][0] for path in PATH.findall(ROWS[row][1])]
    told = {path.removeprefix("docs/") for path in beside if path.startswith("docs/")}
    # The Python reference is made of the code, and names all that it has.
    made = {"python.md", "python.zh.md"}
    assert _naming(name, ROOT / "docs", {".md"}, rf"`{name}`") - made == told


def test_the_table_counts_its_files_and_is_the_same_in_both_languages() -> None:
    assert len(ENGLISH) == len(CHINESE) == 6
    for (_, *english), (_, *chinese) in zip(ENGLISH, CHINESE, strict=True):
        assert [PATH.findall(cell) for cell in english] == [PATH.findall(cell) for cell in chinese]
        for files, _ in (english, chinese):
            assert int(files.split()[0].rstrip(":,")) == len(PATH.findall(files))


def test_what_stands_beside_is_there() -> None:
    for _, beside in ROWS.values():
        for path in PATH.findall(beside):
            assert (ROOT / path).is_file() or (PACKAGE / path).is_file(), path


def _naming(name: str, folder: Path, suffixes: Iterable[str], pattern: str) -> set[str]:
    """The files that are called so, or in which it stands."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in suffixes
        and "vendor" not in path.parts
        and (path.stem == name or re.search(pattern, path.read_text(encoding="utf-8")))
    }
