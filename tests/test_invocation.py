"""Hints name what works in the environment that prints them."""

import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from voxcor import extras, invocation
from voxcor.errors import ModelNotInstalled, UsageError


def test_what_started_it_says_how_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXCOR_COMMAND", "./run.sh")
    error = ModelNotInstalled(model="plus-base")
    assert str(error).endswith("Get it with: ./run.sh models pull plus-base")
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    assert str(error).endswith("安装命令：./run.sh models pull plus-base")


def test_a_command_of_another_environment_is_not_taken_for_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VOXCOR_COMMAND")
    for name in ("voxcor", "python"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert invocation.voxcor() == f"{sys.executable} -m voxcor"
    assert sys.executable in invocation.pip("install", "pyarrow")


def test_a_link_to_the_command_is_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VOXCOR_COMMAND")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    (tmp_path / "venv").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "venv" / "voxcor").write_text("#!/bin/sh\n")
    (tmp_path / "venv" / "voxcor").chmod(0o755)
    (tmp_path / "bin" / "voxcor").symlink_to(tmp_path / "venv" / "voxcor")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert invocation.voxcor() == "voxcor"


def test_an_environment_without_pip_is_uvs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocation.metadata, "distributions", lambda **_named: iter(()))
    assert invocation.pip("install", "a>=1").startswith("uv pip install --python ")


def test_what_the_command_adds_itself_is_had_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXCOR_ADDS", "library")
    monkeypatch.setenv("VOXCOR_COMMAND", "./run.sh")
    assert extras.installing("library") == "./run.sh library"
    assert "install" in extras.installing("mic")
    monkeypatch.delenv("VOXCOR_COMMAND")
    assert "install" in extras.installing("library")


def test_what_is_missing_is_named_by_packages_that_an_index_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _name: None)
    with pytest.raises(UsageError) as raised:
        extras.require_extra("ray", ("ray",), "Ray", "Ray ")
    command = str(raised.value)
    assert "voxcor[" not in command
    # Those of extras within the extra, too.
    for package in ("ray[data,serve]>=", "pyarrow>=", "fastapi>="):
        assert package in command


def test_every_extra_has_a_command_that_names_all_its_packages() -> None:
    lines = requires("voxcor") or []
    for extra in ("server", "parquet", "mic", "openvino", "train", "gpu"):
        own = [line.split(";")[0].strip() for line in lines if f"extra == '{extra}'" in line]
        assert own
        assert all(f'"{package}"' in extras.installing(extra) for package in own)
