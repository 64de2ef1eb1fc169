"""The page's code is checked with what is locked, against what the server sends."""

import json
import re

import pytest

from make_types import TYPES, types
from places import ROOT
from voxcor.server.page.reading_pages import STYLES

STATIC = TYPES.parent
LOCKED = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
WANTED = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]


def test_its_types_are_those_of_the_server() -> None:
    assert types() == TYPES.read_text(encoding="utf-8"), "run docs/make_types.py"


def test_the_lock_has_hashes_and_no_address() -> None:
    assert "://" not in (ROOT / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in LOCKED.items() if name}
    assert len(packages) > len(WANTED)
    for entry in packages.values():
        assert entry["dev"]
        assert re.fullmatch(r"sha512-[\w+/]{86}==", entry["integrity"])


def test_what_is_asked_for_is_locked() -> None:
    locked = {name: LOCKED[f"node_modules/{name}"]["version"] for name in WANTED}
    assert locked == WANTED


def test_the_types_of_vendored_packages_are_of_their_versions() -> None:
    table = (STATIC / "vendor" / "THIRD_PARTY.md").read_text(encoding="utf-8")
    vendored = dict(re.findall(r"(?m)^\| `.*` \| (\S+) \| ([\d.]+) \|", table))
    assert len(vendored) == 6
    assert {name: WANTED[name] for name in vendored} == vendored


@pytest.mark.parametrize("suffix", ["css", "js"])
def test_what_the_page_begins_with_is_there(suffix: str) -> None:
    document = (STATIC / "index.html").read_text(encoding="utf-8")
    named = re.findall(rf'(?:href|src)="static/([\w./-]+\.{suffix})"', document)
    own = [name for name in named if not name.startswith("vendor/")]
    assert len({*own}) == len(own)
    if suffix == "css":
        # A rule that nobody links to would change nothing.
        elsewhere = {f"{style}.css" for style in STYLES} | {
            "library/beside.css",
            "library/library.css",
            "library/panels.css",
        }
        there = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.css")}
        assert {*named} | elsewhere == there
    assert all((STATIC / name).is_file() for name in named)
