"""Folders on the disk, each named by an id: how results and jobs are kept, listed, and go.

An id begins with the time, so that names sort by age, and ends in chance, so that nobody guesses
one. What is being made lies in a folder whose name begins with a dot. What cannot be read any more
is set aside as `ID.unreadable`; it ages, and is deleted, like the rest.
"""

import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from voxcor.disk.faults import storage_errors
from voxcor.disk.unreadable import missing, read_state, set_aside_of, set_unreadable_aside
from voxcor.disk.whole import clear_abandoned, make_private, remove, sync
from voxcor.errors import StateUnreadable, StorageError, VoxcorError
from voxcor.server.retention import DAY_S, Clock

T = TypeVar("T")

_ID = re.compile(r"[0-9a-f]{12}[0-9a-f]{20}")
_ASIDE = re.compile(_ID.pattern + r"\.unreadable.*")
_ID_LENGTH = 32

# What the file of a folder is called that is worked in still, and has been deleted.
_DELETED = ".deleted"

logger = logging.getLogger("voxcor.server")


def new_id() -> str:
    """Milliseconds since 1970 and 80 random bits, in 32 hexadecimal digits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class FolderStore:
    """The folders below `root`; one server works in it at a time.

    Attributes:
        no_such: the error for an id that is not there.

    Args:
        root: their folder, made where it is missing.
        clock: by which they age.
        days: how long they are kept.
        gigabytes: how much of them is kept.
    """

    no_such: ClassVar[type[VoxcorError]]

    def __init__(self, root: Path, clock: Clock, *, days: float, gigabytes: float) -> None:
        self._root = root
        self._clock = clock
        self._days = days
        self._bytes = int(gigabytes * 1e9)
        self._out_of_reach: set[str] = set()

    def make_draft(self, folder_id: str) -> Path:
        """A new folder that is out of sight.

        Raises:
            StorageError: the disk.
        """
        draft = self._root / f".{folder_id}"
        with storage_errors(self._root):
            make_private(self._root)
            draft.mkdir(0o700)
        return draft

    def clear_drafts(self) -> None:
        """Removes what a server that was killed has left."""
        if self._root.is_dir():
            for folder in self._root.iterdir():
                if _ID.fullmatch(folder.name[1:]) or (folder / _DELETED).exists():
                    shutil.rmtree(folder, ignore_errors=True)
            clear_abandoned(self._root)

    def folder(self, folder_id: str) -> Path:
        """The folder of this id.

        Raises:
            no_such: there is none.
        """
        folder = self._root / folder_id
        # The name first: what is none is not asked the disk for.
        if not _ID.fullmatch(folder_id) or not os.path.lexists(folder):
            raise self.no_such(id=folder_id)
        if (folder / _DELETED).exists():
            raise self.no_such(id=folder_id)
        return folder

    def read(self, folder_id: str, name: str, parse: Callable[[Any], T]) -> T:
        """What the file says that no folder can be without.

        Raises:
            no_such: there is none of this id.
            StateUnreadable: it cannot be read; where it is damaged, the folder is set aside.
        """
        folder = self.folder(folder_id)
        try:
            parsed = read_state(folder / name, parse)
        except FileNotFoundError:
            self.folder(folder_id)  # it may be deleted this moment
            error = missing(folder / name)
        except StateUnreadable as damaged:
            error = damaged
        else:
            self._out_of_reach.discard(folder_id)
            return parsed
        if set_unreadable_aside(folder, error) is None:
            self._out_of_reach.add(folder_id)
        raise error

    def ids(self) -> list[str]:
        """All ids, the newest first."""
        return sorted(self._names(_ID), reverse=True)

    def unreadable(self) -> list[str]:
        """What lies there and cannot be read: as it is called, the newest first."""
        return sorted((*self._names(_ASIDE), *self._out_of_reach), reverse=True)

    def delete(self, folder_id: str) -> None:
        """Every trace, on the disk when this returns; also of what was set aside.

        Raises:
            no_such: there is nothing of this id.
            StorageError: its files cannot be deleted.
        """
        folder = self._root / folder_id
        if not _ID.fullmatch(folder_id):
            raise self.no_such(id=folder_id)
        doomed = [path for path in (folder, *set_aside_of(folder)) if os.path.lexists(path)]
        if not doomed:
            raise self.no_such(id=folder_id)
        with storage_errors(folder):
            for path in doomed:
                remove(path)
        self._out_of_reach.discard(folder_id)
        if not self._times():
            self._clock.forget()

    def hide(self, folder_id: str, name: str) -> None:
        """What is worked in is there no longer for anybody; `clear` follows when that has ended.

        The file that no folder can be without takes another name: that needs no space, so a full
        disk is no obstacle.

        Raises:
            no_such, StorageError: it is gone; the disk.
        """
        folder = self.folder(folder_id)
        with storage_errors(folder):
            (folder / name).rename(folder / _DELETED)
            sync(folder)

    def clear(self, folder_id: str) -> None:
        """Every trace of what is hidden."""
        shutil.rmtree(self._root / folder_id, ignore_errors=True)

    def sweep(self) -> None:
        """Deletes what is older, or more in all, than is kept; see `retention`."""
        if not self._times():
            return
        seen = self._clock.look(self._times)
        total = 0
        for name, has_ended in sorted(self._counted(), reverse=True):
            total += size_on_disk(self._root / name)
            old = seen.age_s(made_at(name)) > self._days * DAY_S
            if has_ended and (old or total > self._bytes):
                try:
                    self.delete(name[:_ID_LENGTH])
                except self.no_such:  # somebody else was first
                    continue
                except StorageError as error:
                    logger.error("what is old cannot be deleted: %s", error.message)

    def _counted(self) -> Iterable[tuple[str, bool]]:
        """The names of what takes space, and whether each may be deleted."""
        return ((name, True) for name in (*self._names(_ID), *self._names(_ASIDE)))

    def _names(self, pattern: re.Pattern[str]) -> list[str]:
        try:
            with storage_errors(self._root), suppress(FileNotFoundError):
                return [e.name for e in os.scandir(self._root) if pattern.fullmatch(e.name)]
        except StorageError as error:
            logger.error("%s", error.message)
        return []

    def _times(self) -> list[float]:
        return [made_at(name) for name in self._names(_ID)]


def made_at(name: str) -> float:
    """When what has this id was made, in seconds since 1970."""
    return int(name[:12], 16) / 1000


def size_on_disk(folder: Path) -> int:
    """The bytes of everything in it."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # deleted this moment
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
    return total
