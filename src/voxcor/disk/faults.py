"""What can be wrong with a disk, as our errors."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voxcor.errors import DiskFull, StorageDenied, StorageError

# numpy reports a short write without an errno.
_FULL = (None, errno.ENOSPC, errno.EDQUOT)

# Nothing can be written there: another folder is wanted.
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOENT)


@contextmanager
def storage_errors(path: Path, needed_bytes: int = 0) -> Iterator[None]:
    """Turns what the operating system says about the disk at `path` into our errors.

    Raises:
        DiskFull: no space left, or no quota; `needed_bytes` is how much the block wants to write.
        StorageDenied: writing is not allowed, or something else stands there.
        StorageError: anything else.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(path=str(path), needed_mb=megabytes(needed_bytes)) from error
        reason = error.strerror or str(error)
        if error.errno in _DENIED:
            raise StorageDenied(path=str(path), reason=reason) from error
        raise StorageError(path=str(path), reason=reason) from error


def require_space(path: Path, needed_bytes: int) -> None:
    """Looks for the space before work begins.

    Raises:
        DiskFull: there is less than that at `path`, which must exist.
    """
    if free_bytes(path) < needed_bytes:
        raise DiskFull(path=str(path), needed_mb=megabytes(needed_bytes))


def free_bytes(path: Path) -> int:
    """What can be written at `path`, or where it would be made."""
    here = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(here).free


def megabytes(count: int) -> int:
    """Bytes as whole megabytes of 10^6, rounded up."""
    return -(-count // 1_000_000)
