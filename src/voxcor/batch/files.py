"""Files of a batch appear under their names whole, and are on the disk when the ledger says so."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voxcor.disk.faults import storage_errors

# What a write needs at the least, for the sentence about a full disk.
_SOME_BYTES = 1_000_000


@contextmanager
def replacing(path: Path, draft: Path) -> Iterator[Path]:
    """Gives `draft` to be written, which takes the place of `path` where the block ends well.

    Args:
        path: the file; its folder is made where it is missing.
        draft: on the same disk. What a killed process has left of it is overwritten.

    Raises:
        StorageError: the disk; what was at `path` is there still.
    """
    with storage_errors(path, _SOME_BYTES):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield draft
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
