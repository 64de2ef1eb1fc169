"""What was computed of the library and takes long, a map above all: kept while its recordings are.

A file for each in the library's own folder. It names segments and speakers, so it goes as soon as a
recording does. What people say of segments moves none of them: it is told beside what is kept.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from voxcor.disk.whole import write_whole

FOLDER = "derived"

MOST_KEPT = 100  # of each kind, which is asked in so many ways: the latest


def stock_of(recordings: Iterable[str]) -> str:
    """What a table has, by the names of its recordings, which go in whole and stay as they are."""
    return _digest("\n".join(sorted(recordings)))


def key_of(kind: str, table: str, stock: str, asked: Mapping[str, Any]) -> str:
    """What it is called.

    Args:
        kind: what was computed.
        table: of which table, by its name.
        stock: of which recordings, see `stock_of`.
        asked: what else it depends on, as JSON has it.
    """
    return f"{kind}.{table}.{stock}.{_digest(json.dumps(asked, sort_keys=True))}"


def read(library: Path, key: str) -> bytes | None:
    """What is kept under this key in a library's folder; None where nothing is."""
    try:
        return _file(library, key).read_bytes()
    except FileNotFoundError:
        return None


def write(library: Path, key: str, content: bytes) -> None:
    """Keeps it; what is of another stock of its table goes, and the oldest beyond `MOST_KEPT`."""
    kind, table, stock, _ = key.split(".")
    file = _file(library, key)
    for other in file.parent.glob(f"*.{table}.*"):
        if other.name.split(".")[2] != stock:
            other.unlink(missing_ok=True)
    write_whole(file, content, private=True)
    alike = file.parent.glob(f"{kind}.*")
    latest = sorted(alike, key=lambda one: one.stat().st_mtime_ns, reverse=True)
    for old in latest[MOST_KEPT:]:
        old.unlink(missing_ok=True)


def forget(library: Path) -> None:
    """Nothing that was computed stays."""
    if (library / FOLDER).exists():
        shutil.rmtree(library / FOLDER)


def _file(library: Path, key: str) -> Path:
    return library / FOLDER / f"{key}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
