"""Files and folders that are there whole or not at all, and who may read them."""

import contextlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from voxcor.disk.whole import (
    clear_abandoned,
    drafting,
    make_folder,
    make_private,
    publish,
    remove,
    replacing,
    replacing_file,
    unfinished,
    write_whole,
)

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links are of POSIX")

# Begins to build, says so, and is then killed.
_KILLED = """
import os, signal, sys
from pathlib import Path
from voxcor.disk.whole import drafting, replacing_file
place = Path(sys.argv[1])
with drafting(place / "folder") as draft, replacing_file(place / "file") as file:
    (draft / "half").write_text("half")
    file.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_takes_its_place_with_the_folders_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.txt"
    write_whole(path, "one")
    write_whole(path, "two \udcff")
    assert path.read_bytes() == b"two \\udcff"
    assert names(path.parent) == {"file.txt"}


def test_what_was_there_stays_where_writing_fails(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "old")
    for place in (replacing_file(tmp_path / "file"), replacing(tmp_path / "folder")):
        with contextlib.suppress(KeyboardInterrupt), place as draft:
            (draft / "half" if draft.is_dir() else draft).write_text("half")
            raise KeyboardInterrupt
    assert (tmp_path / "file").read_text() == "old"
    assert names(tmp_path) == {"file"}


@posix
def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    for name in ("x" * 251 + ".txt", "情" * 83 + ".txt"):
        write_whole(tmp_path / name, "x")
        with replacing(tmp_path / ("f" + name[1:])) as folder:
            (folder / "a").write_text("a")
        assert (tmp_path / name).read_text() == "x"


@posix
def test_modes_are_those_of_the_umask_or_private_or_kept(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "usual" / "file", "x")
        write_whole(tmp_path / "secret" / "file", "x", private=True)
        with drafting(tmp_path / "usual" / "folder") as draft:
            (draft / "file").write_text("x")
            publish(draft, tmp_path / "usual" / "folder")
        with drafting(tmp_path / "secret" / "folder", private=True) as draft:
            (draft / "inside").mkdir()
            (draft / "inside" / "file").write_text("x")
            publish(draft, tmp_path / "secret" / "folder", private=True)
        os.umask(0o022)
        (tmp_path / "usual" / "file").chmod(0o604)
        write_whole(tmp_path / "usual" / "file", "y", private=True)
        (tmp_path / "usual" / "folder").chmod(0o701)
        with replacing(tmp_path / "usual" / "folder") as draft:
            (draft / "file").write_text("y")
    finally:
        os.umask(before)
    assert mode(tmp_path / "usual") == 0o750
    assert mode(tmp_path / "usual" / "file") == 0o604
    assert mode(tmp_path / "usual" / "folder") == 0o701
    for path in (tmp_path / "secret", *(tmp_path / "secret").rglob("*")):
        assert mode(path) == (0o700 if path.is_dir() else 0o600)


@posix
def test_a_folder_that_others_may_enter_is_closed(tmp_path: Path) -> None:
    make_folder(tmp_path / "open")
    (tmp_path / "open").chmod(0o755)
    make_folder(tmp_path / "open", private=True)
    assert mode(tmp_path / "open") == 0o755
    make_private(tmp_path / "open")
    assert mode(tmp_path / "open") == 0o700


@posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere" / "real")
    write_whole(tmp_path / "file", "x")
    assert (tmp_path / "file").is_symlink()
    assert (tmp_path / "elsewhere" / "real").read_text() == "x"


def test_a_folder_replaces_another_and_never_something_else(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with replacing(tmp_path / "folder") as draft:
            (draft / text).write_text(text)
    assert names(tmp_path / "folder") == {"two"}
    with drafting(tmp_path / "folder") as draft:
        (draft / "three").write_text("three")
        assert publish(draft, tmp_path / "folder", numbered=True).name == "folder_2"
    with pytest.raises(OSError, match="folder"), drafting(tmp_path / "folder") as draft:
        publish(draft, tmp_path / "folder")
    assert names(tmp_path) == {"folder", "folder_2"}


def test_a_folder_is_removed_and_so_is_what_stands_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    for name in ("folder", "file"):
        remove(tmp_path / name)
    assert names(tmp_path) == set()


@pytest.mark.skipif(sys.platform == "win32", reason="drafts are held by flock")
def test_what_a_killed_process_has_left_is_cleared_and_what_is_written_is_not(
    tmp_path: Path,
) -> None:
    subprocess.run([sys.executable, "-c", _KILLED, tmp_path])
    left = names(tmp_path)
    assert len(left) == 2
    assert {path.name for path in unfinished(tmp_path / "folder")} < left
    with drafting(tmp_path / "folder") as draft:  # clears, as the first to write there
        assert names(tmp_path) == {draft.name}
        clear_abandoned(tmp_path)
        assert unfinished(tmp_path / "folder") == []
        (draft / "file").write_text("x")
        publish(draft, tmp_path / "folder")
    assert names(tmp_path) == {"folder"}
