"""One server per VOXCOR_HOME: the second says where the first is, and touches nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving import serving
from voxcor.errors import HomeInUse
from voxcor.server.home_claim import ADDRESS_FILE, claimed_home


def voxcor(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "voxcor", *arguments],
        env={**os.environ, "VOXCOR_HOME": str(home), "VOXCOR_LANGUAGE": "en"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_server_is_told_of_the_first_and_other_commands_work(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        second = voxcor(tmp_path, "serve", "--port", "0")
        assert second.returncode == 2, second.stderr
        assert first.url in second.stderr
        assert "home_in_use" in second.stderr
        assert json.loads((tmp_path / ADDRESS_FILE).read_text())["url"] == first.url
        assert voxcor(tmp_path, "models", "list").returncode == 0
        assert first.recognize().status_code == 200
    assert not (tmp_path / ADDRESS_FILE).exists()


def test_a_server_that_was_killed_keeps_nobody_out(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        first.process.kill()
        first.process.wait()
    with serving(tmp_path) as second:
        assert json.loads((tmp_path / ADDRESS_FILE).read_text())["url"] == second.url


def test_a_server_that_does_not_listen_yet_keeps_others_out_too(tmp_path: Path) -> None:
    (tmp_path / ADDRESS_FILE).write_text('{"url": "http://of.another.day"}')
    with (
        claimed_home(tmp_path),
        pytest.raises(HomeInUse, match="not told yet"),
        claimed_home(tmp_path),
    ):
        pass
