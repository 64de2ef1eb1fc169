"""`docs/architecture.md`, in both languages, and its picture say what the house is like today."""

import re
from itertools import chain
from pathlib import Path

import pytest

from make_architecture import PACKAGE, PICTURE, ROOT, imports, layers, picture

PAGES = {
    heading: (ROOT / "docs" / name).read_text(encoding="utf-8")
    for heading, name in (("Layers", "architecture.md"), ("分层", "architecture.zh.md"))
}


def test_the_picture_is_that_of_the_imports() -> None:
    assert picture() == PICTURE.read_text(encoding="utf-8"), "run docs/make_architecture.py"


def test_the_contract_has_every_room_once() -> None:
    there = {path.stem for path in PACKAGE.glob("*.py")}
    there |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    rooms = list(chain(*layers()))
    assert sorted(rooms) == sorted(there - {"__init__", "__main__"})


def test_what_is_drawn_points_downwards() -> None:
    rooms = list(chain(*layers()))
    drawn = imports(rooms)
    assert ("recognizer", "audio") in drawn
    assert [pair for pair in drawn if rooms.index(pair[0]) > rooms.index(pair[1])] == []


@pytest.mark.parametrize("heading", PAGES)
def test_the_page_has_the_layers_of_the_contract(heading: str) -> None:
    block = PAGES[heading].partition(f"## {heading}\n")[2].split("```")[1]
    assert [line.split() for line in block.strip().splitlines()] == layers()


@pytest.mark.parametrize("page", PAGES.values(), ids=["en", "zh"])
def test_every_path_on_the_page_is_there(page: str) -> None:
    named = list(_paths(page))
    assert len(named) > 100
    assert [
        path for path, bases in named if not any((base / path).exists() for base in bases)
    ] == []


def _paths(page: str) -> list[tuple[str, list[Path]]]:
    """Each path, and where it may be: at a root, or in a folder that its line names."""
    found = []
    for line in page.splitlines():
        paths = re.findall(r"`([\w./-]+(?:\.(?:js|py|schema\.json|sh|svg)|/))`", line)
        folders = [PACKAGE / path for path in paths if path.endswith("/")]
        bases = [ROOT, PACKAGE, PACKAGE / "server", *folders]
        found += [(path, bases) for path in paths]
    return found
