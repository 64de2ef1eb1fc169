"""An older library becomes a new one, whole or not at all."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from places import VOICE
from voxcor import Recognizer
from voxcor.errors import LibraryCorrupt, LibraryNewer
from voxcor.library import migrations
from voxcor.library.incoming import add
from voxcor.library.migrations import LOCK_FILE, VERSION_FILE, newest
from voxcor.library.outgoing import remove
from voxcor.library.store import Library

lancedb = pytest.importorskip("lancedb", reason="the library extra is not installed")


def with_notes(folder: Path) -> None:
    """Gives every table a column."""
    connection = lancedb.connect(folder)
    for name in connection.list_tables().tables:
        connection.open_table(name).add_columns({"note": "cast('old' as string)"})


def without_notes(folder: Path) -> None:
    """And takes one away, on which the version before depends."""
    connection = lancedb.connect(folder)
    for name in connection.list_tables().tables:
        connection.open_table(name).drop_columns(["note"])


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the first version."""
    folder = tmp_path_factory.mktemp("old") / "library"
    list(add(Library(folder), [str(VOICE)], lambda: Recognizer("small", threads=1)))
    assert version(folder) == 1
    return folder


@pytest.fixture
def copy(old: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(old, tmp_path / "library"))


def version(folder: Path) -> int:
    found: int = json.loads((folder / VERSION_FILE).read_bytes())["schema_version"]
    return found


def columns(folder: Path) -> list[str]:
    connection = lancedb.connect(folder)
    (name,) = connection.list_tables().tables
    names: list[str] = connection.open_table(name).schema.names
    return names


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir())


def test_a_library_of_today_is_left_as_it_is(copy: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert Library(copy).table().rows == 2
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


@pytest.mark.parametrize("steps", [(with_notes,), (with_notes, without_notes)])
def test_every_step_is_taken_in_order(
    steps: tuple[object, ...], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = Library(copy).sample(Library(copy).table(), 9)
    lock = (copy / LOCK_FILE).stat().st_ino
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    library = Library(copy)
    assert version(copy) == newest() == 1 + len(steps)
    assert ("note" in columns(copy)) == (len(steps) == 1)
    np.testing.assert_array_equal(library.sample(library.table(), 9), vectors)
    assert beside(copy) == ["library"]
    # Whoever waits for the lock waits for the same one.
    assert (copy / LOCK_FILE).stat().st_ino == lock
    monkeypatch.setattr(migrations, "MIGRATIONS", ())
    with pytest.raises(LibraryNewer):
        Library(copy)


_DIES = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_migrations import with_notes
from voxcor.library import migrations
from voxcor.library.store import Library
def dies(folder):
    with_notes(folder)
    os._exit(9)
migrations.MIGRATIONS = (dies,)
Library(Path(sys.argv[1]))
"""


def test_a_death_in_between_leaves_the_old_one(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = str(Path(__file__).parent)
    path = os.pathsep.join([here, *filter(None, sys.path)])
    command = [sys.executable, "-c", _DIES, str(copy), here]
    died = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert died.returncode == 9
    assert len(beside(copy)) == 2  # what it has left
    assert (version(copy), "note" in columns(copy)) == (1, False)
    assert Library(copy).table().rows == 2
    monkeypatch.setattr(migrations, "MIGRATIONS", (with_notes,))
    assert Library(copy).table().rows == 2
    assert (version(copy), "note" in columns(copy)) == (2, True)
    assert beside(copy) == ["library"]


def test_what_a_death_has_left_goes_with_a_recording(copy: Path) -> None:
    """By links it has the same files: of a recording that is removed it would keep all."""
    draft = copy.with_name(f".{copy.name}.building-dead")
    shutil.copytree(copy, draft, copy_function=os.link)
    assert remove(Library(copy), str(VOICE)).segments == 2
    assert beside(copy) == ["library"]


def test_a_step_that_fails_leaves_the_old_one(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(folder: Path) -> None:
        with_notes(folder)
        raise RuntimeError("as LanceDB has it")

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", (fails,))
        with pytest.raises(LibraryCorrupt, match="as LanceDB has it"):
            Library(copy)
    assert beside(copy) == ["library"]
    assert Library(copy).table().rows == 2
    assert "note" not in columns(copy)
