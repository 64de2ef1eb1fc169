"""Nothing leaves this machine and nothing is left on it: watched call by call, by the kernel."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serving import serving
from voxcor.sources import EXAMPLE
from watching import empty_home, read, require_strace, watched

# What onnxruntime 1.32 did, it did 9, 14 and 23 s after its start.
LONG_ENOUGH_S = 30


@pytest.fixture(autouse=True)
def strace() -> None:
    require_strace()


def test_a_server_asks_nobody_anything(tmp_path: Path) -> None:
    log, home = tmp_path / "calls", tmp_path / "voxcor"
    with serving(home, under=lambda command: watched(log, command), **empty_home(tmp_path)) as run:
        assert run.recognize(granularity="segment").status_code == 200
        time.sleep(LONG_ENOUGH_S)
        assert run.recognize().status_code == 200
    seen = read(log, Path.cwd())
    assert seen.network == ()
    assert seen.written_outside(home, tmp_path / "temporary") == set()
    assert [*(tmp_path / "home").rglob("*")] == []
    assert [*(tmp_path / "temporary").rglob("*")] == []


def test_recognising_an_hour_asks_nobody_anything(tmp_path: Path) -> None:
    log, recording = tmp_path / "calls", tmp_path / "hour.flac"
    samples, rate = soundfile.read(EXAMPLE)
    soundfile.write(recording, np.tile(samples, int(3600 * rate / len(samples)) + 1), rate)
    command = [sys.executable, "-m", "voxcor", "recognize", str(recording), "--granularity"]
    subprocess.run(
        watched(log, [*command, "segment", "--out", str(tmp_path / "out"), "--json"]),
        check=True,
        capture_output=True,
        env=empty_home(tmp_path),
    )
    seen = read(log, Path.cwd())
    assert seen.network == ()
    allowed = [tmp_path / name for name in ("voxcor", "out", "temporary")]
    assert seen.written_outside(*allowed) == set()
    assert [*(tmp_path / "home").rglob("*")] == []


def test_an_attempt_is_seen(tmp_path: Path) -> None:
    """What these tests rest on: a look-up that fails and a file in HOME do not escape them."""
    log, home = tmp_path / "calls", tmp_path / "home"
    program = """
import contextlib, pathlib, socket
with contextlib.suppress(OSError):
    socket.getaddrinfo("voxcor.invalid", 443)
pathlib.Path.home().joinpath("left").touch()
"""
    subprocess.run(
        watched(log, [sys.executable, "-c", program]), check=True, env=empty_home(tmp_path)
    )
    seen = read(log, Path.cwd())
    assert seen.network
    assert home / "left" in seen.written_outside()
