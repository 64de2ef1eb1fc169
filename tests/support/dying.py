"""A process that dies of what it works on, as one that runs out of memory does: without a word."""

import os
from pathlib import Path

import pytest

# Python runs this at its start, in the server or batch, before any of its modules.
_SITECUSTOMIZE = """
import os, signal, sys
if "{command}" in sys.orig_argv:
    from voxcor.batch import local, sources

    def deadly(place, call):
        def wrapped(*arguments):
            if any("killer" in str(argument) for argument in arguments):
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments)
        return wrapped

    local._sha256_of = deadly("item", local._sha256_of)
    sources._find = deadly("source", sources._find)
"""


def killers_kill(folder: Path, command: str) -> dict[str, str]:
    """The environment in which an item or a source with `killer` in its name ends the process."""
    (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE.replace("{command}", command))
    path = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([path] if path else [])])}


needs_dev_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no /dev/full"
)
