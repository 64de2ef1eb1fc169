"""Files and folders that are there whole or not at all.

What is written is written beside its place, as a draft on the same disk. When it is complete it is
forced to the disk, takes its name in one step, and the folder that holds the name is forced as
well: after a kill or a power cut there is what was, or what was to be.

A draft is locked while somebody writes it, and the lock ends with its process. What a process that
died has left is a draft that nobody holds, and is cleared away by the next who writes there.
"""

import ctypes
import errno
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path

_DRAFT = re.compile(r"\..+\.building-[0-9a-z_]+", re.DOTALL)

# Of the name that a draft is for, so that the longest name has a draft as well.
_NAME_CHARACTERS = 48

_PRIVATE = 0o700

# Of Linux: a file system that cannot do it says so.
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@contextmanager
def replacing_file(
    path: Path, *, private: bool = False, drafts: Path | None = None
) -> Iterator[Path]:
    """The path of a draft to be written, which takes the place of `path` where the block ends well.

    Who may read a file that is replaced may read the new one.

    Args:
        path: the file; its folder is made where it is missing.
        private: whether a new file is its owner's only, and so a folder that is made for it.
        drafts: a folder on the same disk that is emptied by its owner, for those who write many
            files: they force the names to the disk together at the end, see `sync_names`.
    """
    path = Path(os.path.realpath(path))  # a link stays one
    make_folder(path.parent, private=private)
    if drafts is None:
        with drafting(path, private=True) as folder:
            yield from _replacing(path, folder / path.name, private)
            sync(path.parent)
    else:
        yield from _replacing(path, drafts / f"{secrets.token_hex(8)}{path.suffix}", private)


def _replacing(path: Path, draft: Path, private: bool) -> Iterator[Path]:
    try:
        yield draft
        if path.is_file():
            old = path.stat()
            draft.chmod(old.st_mode & 0o7777)
            if sys.platform != "win32":
                with suppress(PermissionError):  # only root gives files away
                    os.chown(draft, old.st_uid, old.st_gid)
        elif private:
            draft.chmod(draft.stat().st_mode & _PRIVATE)
        sync(draft)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Writes a file as `replacing_file` does; of text, a byte that is no UTF-8 is escaped."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with replacing_file(path, private=private) as draft:
        draft.write_bytes(data)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder to build in; whoever builds holds a lock on the place.

    Where the block ends well, it is on the disk to the last byte and then takes the place of
    `folder`; where it raises, or dies, what was there is as it was.
    """
    for stale in unfinished(folder):
        shutil.rmtree(stale)
    with drafting(folder) as draft:
        yield draft
        if not folder.is_dir():
            publish(draft, folder)
            return
        draft.chmod(folder.stat().st_mode & 0o7777)
        _sync_all(draft)
        _exchange(draft, folder)
        sync(folder.parent)
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def drafting(folder: Path, *, private: bool = False) -> Iterator[Path]:
    """An empty folder beside `folder`, on the same disk; it ends with the block, if not moved.

    Args:
        folder: what it may become, by `publish`.
        private: whether it is its owner's only.
    """
    make_folder(folder.parent)
    _clear_once(folder.parent)
    while True:
        draft = _hidden(folder)
        descriptor = _held(draft)
        if descriptor is not None:
            break
    try:
        if not private:
            draft.chmod(_usual_mode(draft))
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.close(descriptor)


def publish(draft: Path, folder: Path, *, private: bool = False, numbered: bool = False) -> Path:
    """Gives a complete draft its name, on the disk to the last byte; never over something else.

    Args:
        draft: beside `folder`.
        folder: its name.
        private: whether everything in it is its owner's only.
        numbered: take `_2`, `_3`, … where the name is taken.

    Returns:
        the folder.
    """
    if private:
        for path in (draft, *draft.rglob("*")):
            path.chmod(path.stat().st_mode & _PRIVATE)
    _sync_all(draft)
    wanted, number = folder, 1
    while True:
        try:
            # Renaming onto a folder that holds something fails, whichever process was first.
            draft.rename(folder)
            break
        except OSError:
            if not numbered or not folder.exists():
                raise
        number += 1
        folder = wanted.with_name(f"{wanted.name}_{number}")
    sync(folder.parent)
    return folder


def remove(folder: Path) -> None:
    """Takes a folder, or what stands there, out of sight at once, whole; it is gone from the disk
    when this returns. It takes no space: a full disk is no obstacle.
    """
    hidden = set_aside(folder)
    if hidden.is_dir() and not hidden.is_symlink():
        shutil.rmtree(hidden)
    else:
        hidden.unlink()
    sync(folder.parent)


def set_aside(folder: Path) -> Path:
    """Moves a folder out of sight, whole; where it lies now, on the disk, so that no half of it
    comes back.
    """
    hidden = folder.with_name(_prefix(folder.name) + secrets.token_hex(4))
    folder.rename(hidden)
    sync(folder.parent)
    return hidden


def unfinished(folder: Path) -> list[Path]:
    """What processes that died have left beside `folder` of what should have become it."""
    prefix = _prefix(folder.name)
    return [path for path in _abandoned(folder.parent) if path.name.startswith(prefix)]


def clear_abandoned(folder: Path) -> None:
    """Removes the drafts in a folder that nobody writes any more."""
    for draft in _abandoned(folder):
        if draft.is_dir() and not draft.is_symlink():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            with suppress(OSError):
                draft.unlink()


def make_folder(folder: Path, *, private: bool = False) -> None:
    """Makes a folder, and those above it that are missing, on the disk when this returns.

    Args:
        folder: may be there already.
        private: makes them their owner's only; what is there stays as it is.
    """
    missing = []
    for place in (folder, *folder.parents):
        if place.exists():
            break
        missing.append(place)
    for place in reversed(missing):
        with suppress(FileExistsError):
            place.mkdir(_PRIVATE if private else 0o777)
        sync(place.parent)
    if not folder.is_dir():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))


def make_private(folder: Path) -> None:
    """Makes a folder that is its owner's only; one that others may enter is closed to them."""
    make_folder(folder, private=True)
    mode = folder.stat().st_mode & 0o777
    if mode & ~_PRIVATE:
        with suppress(PermissionError):  # somebody else's
            folder.chmod(mode & _PRIVATE)


def sync(path: Path) -> None:
    """Forces a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network disks cannot force a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def sync_names(folder: Path) -> None:
    """Forces the names of everything in a folder to the disk; the content was when written."""
    for place, _, _ in os.walk(folder):
        sync(Path(place))


def _sync_all(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        sync(path)


def _exchange(one: Path, other: Path) -> None:
    """Each takes the other's name: in one step on Linux; elsewhere in three, between which a kill
    leaves `other` beside its place.
    """
    rename = getattr(_libc(), "renameat2", None)
    if rename is not None:
        names = (os.fsencode(one), os.fsencode(other))
        if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(code, os.strerror(code), str(other))
    beside = one.with_name(f"{one.name}_old")
    other.rename(beside)
    one.rename(other)
    beside.rename(one)


@cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _held(draft: Path) -> int | None:
    """The descriptor that locks a draft; None where somebody took it for abandoned just before."""
    with suppress(FileNotFoundError):
        descriptor = os.open(draft, os.O_RDONLY)
        try:
            if _lock(descriptor) and os.path.samestat(os.fstat(descriptor), draft.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)
    return None


def _lock(descriptor: int) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Some network disks have no locks: whoever writes there clears nothing, see `_abandoned`.
        return error.errno in (errno.EINVAL, errno.ENOTSUP, errno.ENOLCK)
    return True


def _abandoned(folder: Path) -> Iterator[Path]:
    """Drafts that nobody writes; each is locked until the next is asked for, so that whoever has
    just made one and is about to lock it makes another.
    """
    if sys.platform == "win32":
        return
    import fcntl

    # Not by glob: the name may hold brackets.
    for path in [*folder.iterdir()] if folder.is_dir() else ():
        if not _DRAFT.fullmatch(path.name):
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield path
        except OSError:
            continue
        finally:
            os.close(descriptor)


@lru_cache(maxsize=1024)
def _clear_once(folder: Path) -> None:
    """Once a process is enough: what it leaves itself, it clears itself."""
    clear_abandoned(folder)


def _hidden(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=_prefix(folder.name), dir=folder.parent))


def _usual_mode(empty: Path) -> int:
    """What a folder may be read by that is made as always: asked of one that is, for a moment."""
    probe = empty / "probe"
    probe.mkdir()
    mode = probe.stat().st_mode & 0o777
    probe.rmdir()
    return mode


def _prefix(name: str) -> str:
    return f".{name[:_NAME_CHARACTERS]}.building-"
