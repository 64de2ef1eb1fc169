"""An older library is brought to the newest version.

It is copied beside itself, by links where the disk has them, for LanceDB never writes into a file
again. The copy is migrated and takes its place in one step: whatever ends the process before, the
old library is as it was.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from voxcor.disk.faults import storage_errors
from voxcor.disk.locks import locked
from voxcor.disk.whole import replacing, write_whole
from voxcor.errors import LibraryCorrupt, LibraryNewer

VERSION_FILE, LOCK_FILE = "library.json", "writing.lock"

# Each takes the folder of a library from one version to the next, the first from 1 to 2.
MIGRATIONS: tuple[Callable[[Path], None], ...] = ()


def newest() -> int:
    """The version that is written here."""
    return 1 + len(MIGRATIONS)


def bring_up_to_date(folder: Path) -> None:
    """Migrates the library in a folder where it is older; one without a version has no content.

    Raises:
        LibraryNewer: a newer Voxcor has written it.
        LibraryCorrupt: its version cannot be read, or a migration cannot read what is there.
        StorageError: the disk.
    """
    if _version(folder) == newest():
        return
    with locked(folder / LOCK_FILE, private=True):
        found = _version(folder)  # somebody else may have done it in the meantime
        if found == newest():
            return
        with storage_errors(folder), replacing(folder) as draft:
            shutil.copytree(folder, draft, copy_function=_linked, dirs_exist_ok=True)
            for migrate in MIGRATIONS[found - 1 :]:
                with readable(folder):
                    migrate(draft)
            write_version(draft)


def write_version(folder: Path) -> None:
    """Marks a library as one of the newest version."""
    text = json.dumps({"schema_version": newest()})
    write_whole(folder / VERSION_FILE, text, private=True)


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Says of what LanceDB cannot read which library it was.

    Raises:
        LibraryCorrupt: it cannot.
    """
    try:
        yield
    # It raises plain errors of these kinds for whatever its files are not.
    except (RuntimeError, ValueError, LookupError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise LibraryCorrupt(path=str(folder), reason=reason) from error


def _version(folder: Path) -> int:
    path = folder / VERSION_FILE
    try:
        found = json.loads(path.read_bytes())["schema_version"]
    except FileNotFoundError:
        return newest()
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise LibraryCorrupt(path=str(folder), reason=f"{VERSION_FILE}: {error}") from error
    if not isinstance(found, int) or found > newest():
        raise LibraryNewer(path=str(folder), found=found, known=newest())
    if found < 1:
        raise LibraryCorrupt(path=str(folder), reason=f"{VERSION_FILE}: {found}")
    return found


def _linked(source: str, target: str) -> None:
    """The same file under another name, or a copy. A lock is one only while it is the same file."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
