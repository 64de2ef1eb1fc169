"""One server per VOXCOR_HOME: two would clear each other's uploads and run each other's jobs.

The kernel holds the lock, so nothing of it outlives a process that was killed. Where the server is
lies beside it, for whoever comes second.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from voxcor.disk.faults import storage_errors
from voxcor.disk.locks import locked
from voxcor.disk.whole import write_whole
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
    busy = HomeInUse(home=str(home), url=_url_in(address))

    def announce(url: str) -> None:
        text = json.dumps({"url": url, "pid": os.getpid()})
        with storage_errors(home):
            write_whole(address, text, private=True)

    with locked(home / LOCK_FILE, busy, private=True):
        with storage_errors(home):
            address.unlink(missing_ok=True)
        try:
            yield announce
        finally:
            with storage_errors(home):
                address.unlink(missing_ok=True)


def _url_in(address: Path) -> str:
    try:
        return str(json.loads(address.read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):  # it has not begun to listen
        return say("an address it has not told yet", "尚未公布的地址")
