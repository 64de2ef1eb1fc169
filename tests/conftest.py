"""Fixtures shared by all tests: a clean environment, a private home, the speech corpora."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

import voxcor  # noqa: F401 - before a test imports what only keeps quiet if it comes after
from places import SHARED

# A deadline would be a timed assertion.
settings.register_profile("voxcor", deadline=None)
settings.load_profile("voxcor")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the person who runs the tests reaches them; VOXCOR_HOME is empty."""
    for name in [*os.environ]:
        if name.startswith("VOXCOR_") and name != "VOXCOR_CORPORA":
            monkeypatch.delenv(name)
    monkeypatch.setenv("VOXCOR_HOME", str(tmp_path / "voxcor-home"))
    monkeypatch.setenv("VOXCOR_LANGUAGE", "en")
    # Hints begin with it, however these tests are started.
    monkeypatch.setenv("VOXCOR_COMMAND", "voxcor")


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of emotional speech corpora, one sub-folder with a manifest.csv each."""
    folder = Path(os.environ.get("VOXCOR_CORPORA", SHARED / "corpora"))
    if not folder.is_dir():
        pytest.skip("the speech corpora are not on this machine (set VOXCOR_CORPORA)")
    return folder


@pytest.fixture(scope="session")
def plus_large_files() -> Path:
    """The official small hub files of plus-large and the hub's example clip."""
    folder = SHARED / "reference" / "plus_large"
    if not folder.is_dir():
        pytest.skip("the hub's small files of plus-large are not on this machine")
    return folder
