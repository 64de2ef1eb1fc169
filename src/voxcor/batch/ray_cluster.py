"""A Ray of one's own for the length of a batch: it asks nobody anything and leaves nothing.

What Ray does unless it is told otherwise: it shows itself to the network, finds its address by the
route to 8.8.8.8, asks the clouds' metadata services where it runs (usage reports or not), leaves a
token in HOME and its logs in the folder for temporary files.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory, gettempdir

from voxcor.errors import UsageError

# Of the folder for temporary files, so that Ray's sockets in ours stay within the 104 bytes that a
# path of a socket may have on macOS; Linux has 108.
_LONGEST_FOLDER = 24


@contextmanager
def local_cluster() -> Iterator[None]:
    """Ray on this machine; nothing, where the process is in a cluster already.

    Raises:
        UsageError: Ray is not installed.
    """
    quiet = {
        # As on macOS and Windows: loopback only. It is read when Ray is imported.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        # Nobody listens there; Ray's own processes speak to each other without a proxy.
        "http_proxy": "http://127.0.0.1:9",
        "no_proxy": "localhost,127.0.0.1",
    }
    place = None if len(gettempdir()) <= _LONGEST_FOLDER else "/tmp"
    with TemporaryDirectory(prefix="voxcor-", dir=place, ignore_cleanup_errors=True) as folder:
        with _environment(quiet):
            try:
                import ray
                import ray.data
            except ImportError as error:
                raise UsageError(
                    reason_en="--engine ray needs Ray, not installed here: "
                    'pip install "voxcor[ray]"',
                    reason_zh='--engine ray 需要 Ray，尚未安装：pip install "voxcor[ray]"',
                ) from error
            joined = ray.is_initialized()
            if not joined:
                ray.init(log_to_driver=False, include_dashboard=False, _temp_dir=folder)
        try:
            yield
        finally:
            if not joined:
                ray.shutdown()


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
