"""Lists in JSON: an object a line (NeMo, EmoBox), an array of objects, or objects by their keys."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from voxcor.tables import MOST_COLUMNS
from voxcor.tables.text import text_lines, whole_text
from voxcor.untrusted import read_json

# A line of the file from 1, and the object there; None where there is none.
JsonRow = tuple[int, dict[str, Any] | None]

_SPACE = " \t\r\n"

_PIECE = 1 << 20


def read_json_rows(data: bytes, encoding: str) -> Iterator[JsonRow]:
    """The objects of a file, in order; nothing where there is none.

    Raises:
        LineTooLong: of a file of lines.
    """
    start = data[:_PIECE].decode(encoding, "ignore").lstrip()
    first = start.splitlines()[0] if start else ""
    if start[:1] == "[" or (start[:1] == "{" and not _is_object(first)):
        rows = [*islice(_read_document(whole_text(data, encoding)), 1)]
        # Lines of objects of which the first is broken are no document.
        if start[:1] == "[" or (rows and rows[0][1] is not None):
            return _read_document(whole_text(data, encoding))
    return _read_lines(text_lines(data, encoding))


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
    while True:
        position = _skip(text, position + 1)  # past [ { or ,
        line += text.count("\n", counted, position) or text.count("\r", counted, position)
        counted = position
        if text[position : position + 1] in ("]", "}"):
            return
        try:
            key, position = (None, position) if is_array else _name(text, position)
            value, position = _decoded(text, position)
        except ValueError:
            yield line, None
            return
        row = _row(value)
        yield line, row if row is None or key is None else {"key": key, **row}
        position = _skip(text, position)
        if text[position : position + 1] != ",":
            if text[position : position + 1] not in ("]", "}"):
                yield line + text.count("\n", counted, position), None
            return


def _is_object(text: str) -> bool:
    return _object(text) is not None


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
