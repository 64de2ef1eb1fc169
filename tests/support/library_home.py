"""A home whose library is asked through a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from places import DATA, VOICE
from serving import Server, serving
from voxcor import Recognizer
from voxcor.library.incoming import add
from voxcor.library.store import Library
from voxcor.sources import EXAMPLE

VOICES = [str(path) for path in (VOICE, EXAMPLE, DATA / "heard" / "opus-chained.opus")]


@contextmanager
def without_library(home: Path, folder: Path) -> Iterator[Server]:
    """A server in whose environment the packages of the library are not found.

    Args:
        home: its VOXCOR_HOME.
        folder: an empty one, for what has Python not find them.
    """
    (folder / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *of: None if name == 'lancedb' else found(name, *of)\n"
    )
    with serving(home, ready=False, PYTHONPATH=str(folder)) as server:
        yield server


def patiently(server: Server, path: str, language: str = "en", **document: Any) -> httpx2.Response:
    """What POST answers as soon as it no longer says that it works on it."""
    while True:
        response = server.post(path, json=document, headers={"Accept-Language": language})
        if response.status_code != 202:
            return response
        assert response.json()["state"] == "working"
        assert 0 <= response.json()["progress"] <= 1


def spoken_by_anna(home: Path) -> None:
    """Makes a library of what Anna says."""
    small = Recognizer("small", threads=1)
    list(add(Library.open(home), VOICES, lambda: small, speaker="Anna"))
