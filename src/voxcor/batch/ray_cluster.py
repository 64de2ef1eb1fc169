"""The Ray of a batch: the one that is there, else one of its own that asks nobody anything.

What Ray does unless it is told otherwise: it shows itself to the network, finds its address by the
route to 8.8.8.8, asks the clouds' metadata services where it runs (usage reports or not), leaves a
token in HOME and its logs in the folder for temporary files.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from voxcor.extras import require_extra

# Of the folder for temporary files, so that Ray's sockets in ours stay within the 104 bytes that a
# path of a socket may have on macOS; Linux has 108.
_LONGEST_FOLDER = 24


@contextmanager
def cluster() -> Iterator[None]:
    """The Ray that this process is in, the one that RAY_ADDRESS names, else one of its own.

    Raises:
        UsageError: Ray is not installed.
    """
    with ExitStack() as stack:
        quiet: dict[str, str] = {}
        options: dict[str, Any] = {}
        if not os.environ.get("RAY_ADDRESS"):
            place = None if len(gettempdir()) <= _LONGEST_FOLDER else "/tmp"
            folder = TemporaryDirectory(prefix="voxcor-", dir=place, ignore_cleanup_errors=True)
            quiet = {
                # As on macOS and Windows: loopback only. It is read when Ray is imported.
                "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
                "RAY_AUTH_TOKEN": secrets.token_hex(32),
                # Nobody listens there; Ray's own processes speak to each other without a proxy.
                "http_proxy": "http://127.0.0.1:9",
                "no_proxy": "localhost,127.0.0.1",
            }
            options = {"include_dashboard": False, "_temp_dir": stack.enter_context(folder)}
        with _environment(quiet):
            require_extra("ray", ("ray",), "--engine ray", "--engine ray ")
            import ray
            import ray.data

            if not ray.is_initialized():
                ray.init(log_to_driver=False, **options)
                stack.callback(ray.shutdown)
        yield


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The variables, for what starts inside the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
