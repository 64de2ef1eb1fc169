"""What was computed of the library and takes long, a map above all: kept until its table changes.

A file for each in the library's own folder. It names segments and speakers, so it goes as soon as a
recording does.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voxcor.disk.whole import write_whole

FOLDER = "derived"


def key_of(kind: str, table: str, version: int, asked: Mapping[str, Any]) -> str:
    """What it is called.

    Args:
        kind: what was computed.
        table: of which table, by its name.
        version: which the table has.
        asked: what else it depends on, as JSON has it.
    """
    text = json.dumps(asked, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{kind}.{table}.{version}.{digest}"


def read(library: Path, key: str) -> bytes | None:
    """What is kept under this key in a library's folder; None where nothing is."""
    try:
        return _file(library, key).read_bytes()
    except FileNotFoundError:
        return None


def write(library: Path, key: str, content: bytes) -> None:
    """Keeps it; what is of another version of its table goes."""
    _, table, version, _ = key.split(".")
    file = _file(library, key)
    for other in file.parent.glob(f"*.{table}.*"):
        if other.name.split(".")[2] != version:
            other.unlink(missing_ok=True)
    write_whole(file, content, private=True)


def forget(library: Path) -> None:
    """Nothing that was computed stays."""
    if (library / FOLDER).exists():
        shutil.rmtree(library / FOLDER)


def _file(library: Path, key: str) -> Path:
    return library / FOLDER / f"{key}.json"
