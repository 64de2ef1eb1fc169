"""Folders that are there whole or not at all: built beside their place, then moved into it.

Whoever builds holds a lock on the place; what a process that died has left is cleared by the next.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder to build in.

    Where the block ends well, it is on the disk to the last byte and then takes the place of
    `folder`; where it raises, or dies, what was there is as it was.
    """
    with drafting(folder) as draft:
        yield draft
        draft.chmod(0o755)
        for path in (*draft.rglob("*"), draft):
            _sync(path)
        replaced = set_aside(folder) if folder.is_dir() else None
        draft.rename(folder)
        _sync(folder.parent)
        if replaced:
            shutil.rmtree(replaced)


@contextmanager
def drafting(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, on the same disk; it ends with the block."""
    for stale in unfinished(folder):
        shutil.rmtree(stale)
    draft = _hidden(folder)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def unfinished(folder: Path) -> list[Path]:
    """What processes that died have left beside `folder`."""
    # Not by glob: the name may hold brackets.
    beside = folder.parent.iterdir() if folder.parent.is_dir() else ()
    return [path for path in beside if path.name.startswith(_prefix(folder))]


def set_aside(folder: Path) -> Path:
    """Moves a folder out of sight, whole, into the hidden one that is returned."""
    hidden = _hidden(folder)
    folder.rename(hidden / folder.name)
    return hidden


def _hidden(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=folder.parent))


def _prefix(folder: Path) -> str:
    return f".{folder.name}.building-"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
