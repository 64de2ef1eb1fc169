"""One server per VOXCOR_HOME: two would clear each other's uploads and run each other's jobs.

The kernel holds the lock, so nothing of it outlives a process that was killed. Where the server is
lies beside it, for whoever comes second.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from voxcor.batch.files import replacing
from voxcor.disk.faults import storage_errors
from voxcor.errors import HomeInUse
from voxcor.language import say

LOCK_FILE = ".server.lock"
ADDRESS_FILE = "server.json"


@contextmanager
def claimed_home(home: Path) -> Iterator[Callable[[str], None]]:
    """Keeps other servers from this home for the length of the block.

    Gives what writes down the URL of this one, once it listens.

    Raises:
        HomeInUse: another server works there.
        StorageError: the disk.
    """
    address = home / ADDRESS_FILE
    with storage_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / LOCK_FILE)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise HomeInUse(home=str(home), url=_url_in(address)) from None
        address.unlink(missing_ok=True)

    def announce(url: str) -> None:
        with replacing(address, address.with_name(f".{ADDRESS_FILE}")) as draft:
            draft.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")

    try:
        yield announce
    finally:
        with storage_errors(home):
            address.unlink(missing_ok=True)
        lock.release()


def _url_in(address: Path) -> str:
    try:
        return str(json.loads(address.read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):  # it has not begun to listen
        return say("an address it has not told yet", "尚未公布的地址")
