"""Lists in JSON: an object a line (NeMo, EmoBox), an array of objects, or objects by their keys.

Also an array within an object (`{"data": [...]}`), labels by paths (`{"a.wav": "sad"}`), and cuts
of lhotse, whose supervisions become a row each.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from voxcor.extensions import AUDIO_EXTENSIONS
from voxcor.tables import MOST_COLUMNS
from voxcor.tables.columns import header_of
from voxcor.tables.text import text_lines, whole_text
from voxcor.untrusted import read_json

# A line of the file from 1, and the object there; None where there is none.
JsonRow = tuple[int, dict[str, Any] | None]

_SPACE = " \t\r\n"

_CHUNK_BYTES = 1 << 20

# A member of a document that has the rows.
_WITHIN = re.compile(r"\[\s*\{")


def read_json_rows(data: bytes, encoding: str) -> Iterator[JsonRow]:
    """The objects of a file, in order; nothing where there is none.

    Raises:
        LineTooLong: of a file of lines.
    """
    start = data[:_CHUNK_BYTES].decode(encoding, "ignore").lstrip()
    line, *others = start.splitlines() or [""]
    first = _object(line)
    are_lines = _is_row(first) or (first is not None and any(map(str.strip, others)))
    if start[:1] == "[" or (start[:1] == "{" and not are_lines):
        text = whole_text(data, encoding)
        # Lines of objects of which the first is broken are no document.
        if start[:1] == "[" or _is_row(next((row for _, row in _read_document(text)), None)):
            return _cuts(_read_document(text))
    return _cuts(_read_lines(text_lines(data, encoding)))


def _is_row(value: dict[str, Any] | None) -> bool:
    return value is not None and (
        _recording_of(value) is not None or "path" in header_of(tuple(value)).roles
    )


def _read_lines(lines: Iterable[str]) -> Iterator[JsonRow]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, _object(line)


def _read_document(text: str) -> Iterator[JsonRow]:
    """The objects of one array, or of one object (SpeechBrain's), whose names become their `key`.

    What is no JSON ends it: nobody knows where the next row begins.
    """
    position, line = _skip(text, 0), 1
    is_array = text[position : position + 1] == "["
    counted = 0
    has_rows = is_about = False
    while True:
        position = _skip(text, position + 1)  # past [ { or ,
        line += text.count("\n", counted, position) or text.count("\r", counted, position)
        counted = position
        if text[position : position + 1] in ("]", "}"):
            return
        try:
            key, position = (None, position) if is_array else _name(text, position)
            if key is not None and _WITHIN.match(text, position):
                line += text.count("\n", counted, position)
                for number, row in _read_document(text[position:]):
                    yield line + number - 1, row
                return
            value, position = _decoded(text, position)
        except ValueError:
            yield line, None
            return
        row = _keyed(key, value)
        # A version, a name: what comes first and is no row is about an array that follows.
        is_about = is_about or (row is None and not is_array and not has_rows)
        if not is_about:
            has_rows = True
            yield line, row
        position = _skip(text, position)
        if text[position : position + 1] != ",":
            if text[position : position + 1] not in ("]", "}"):
                yield line + text.count("\n", counted, position), None
            return


def _keyed(key: str | None, value: Any) -> dict[str, Any] | None:
    """A row with its name; a name that ends as recordings do is the path."""
    is_path = key is not None and PurePath(key).suffix.lower() in AUDIO_EXTENSIONS
    if is_path and isinstance(value, str):
        return {"path": key, "label": value}
    row = _row(value)
    if row is None or key is None:
        return row
    named = {"path": key} if is_path and not _is_row(row) else {"key": key}
    return {**named, **row}


def _cuts(rows: Iterable[JsonRow]) -> Iterator[JsonRow]:
    """Cuts of lhotse as rows of their supervisions, recordings as rows, all others as they are."""
    for line, row in rows:
        path = None if row is None else _recording_of(row)
        if row is None or path is None:
            yield line, row
            continue
        supervisions = row.get("supervisions")
        if not isinstance(supervisions, list) or "start" not in row:
            yield line, {"key": row.get("id"), "path": path}
            continue
        for one in supervisions[:MOST_COLUMNS]:
            yield line, _supervised(row, path, one) if isinstance(one, dict) else None


def _supervised(cut: dict[str, Any], path: str, one: dict[str, Any]) -> dict[str, Any]:
    own = one.get("custom")
    times = [cut.get("start"), one.get("start")]
    # The supervision's start counts from that of the cut.
    numbers = [time for time in times if isinstance(time, int | float)]
    start = sum(numbers) if len(numbers) == len(times) else "?"
    return {
        **(own if isinstance(own, dict) else {}),
        **{name: one.get(name) for name in ("speaker", "language", "text")},
        "key": one.get("id"),
        "path": path,
        "start": start,
        "duration": one.get("duration"),
    }


def _recording_of(row: dict[str, Any]) -> str | None:
    """The file of a cut or a recording of lhotse."""
    recording = row.get("recording", row)
    sources = recording.get("sources") if isinstance(recording, dict) else None
    first = sources[0] if isinstance(sources, list) and len(sources) == 1 else None
    path = first.get("source") if isinstance(first, dict) else None
    return path if isinstance(path, str) else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        return _row(read_json(text))
    except ValueError:
        return None


def _row(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) and len(value) <= MOST_COLUMNS else None


def _name(text: str, position: int) -> tuple[str, int]:
    """The name of a member of an object, and where its value begins."""
    name, position = _decoded(text, position)
    position = _skip(text, position)
    if not isinstance(name, str) or text[position : position + 1] != ":":
        raise ValueError(position)
    return name, _skip(text, position + 1)


def _decoded(text: str, position: int) -> tuple[Any, int]:
    try:
        return json.JSONDecoder().raw_decode(text, position)
    except RecursionError as error:
        raise ValueError(position) from error


def _skip(text: str, position: int) -> int:
    while text[position : position + 1] in _SPACE and position < len(text):
        position += 1
    return position
