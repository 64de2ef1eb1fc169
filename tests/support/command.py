"""The command, run as a person or a program runs it."""

import os
import subprocess
import sys


def voxcor(*arguments: object, stdin: bytes = b"", **environment: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one run."""
    done = subprocess.run(
        [sys.executable, "-m", "voxcor", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "90", **environment},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()
