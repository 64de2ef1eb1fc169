"""Locks between processes and threads: held on a file, ended with the process that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import make_folder
from voxcor.errors import VoxcorError


@contextmanager
def locked(path: Path, busy: VoxcorError | None = None, *, private: bool = False) -> Iterator[None]:
    """Holds the lock on a file, which is made where it is missing, until the block ends.

    Args:
        path: of the lock; nothing is written into it.
        busy: raised at once where somebody else holds it. None waits for them.
        private: whether a folder that is made for it is its owner's only.

    Raises:
        StorageError: the file cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    with storage_errors(path.parent):
        make_folder(path.parent, private=private)
        try:
            lock.acquire(timeout=-1 if busy is None else 0)
        except Timeout:
            assert busy is not None
            raise busy from None
    try:
        yield
    finally:
        lock.release()
