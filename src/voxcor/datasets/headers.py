"""The first lines of a list in columns: which is its header, and what parts its columns.

In every function `folder` is that of the list, in which paths are looked for.
"""

from collections.abc import Sequence
from pathlib import Path

from voxcor.datasets.locate import locate
from voxcor.extensions import AUDIO_EXTENSIONS
from voxcor.labels import label_named
from voxcor.sources import is_path
from voxcor.tables.columns import known_columns
from voxcor.tables.delimited import MOST_COLUMNS, read_records
from voxcor.tables.text import text_lines

# The one with which most columns of the header are known; of equals, the first.
_SEPARATORS = (",", "\t", ";", "|", "，", "；", " ")

# Before its header a list may have so many lines: a title, comments of a tool.
_MOST_BEFORE_HEADER = 20

# Of a list with one column: it stands in no path.
NO_SEPARATOR = "\x1f"


def find_header(data: bytes, encoding: str, folder: Path) -> tuple[int, str, str]:
    """How many lines go up to the header, it, and what Excel obeys as its separator, if given.

    Of the first lines it is the one in which most columns are known; where none is in any, the
    first that is no comment.
    """
    separator = ""
    first: tuple[int, str] | None = None
    best: tuple[int, int, str] | None = None
    for number, line in enumerate(text_lines(data, encoding), start=1):
        if not line.strip():
            continue
        if first is None and line[:4].lower() == "sep=" and line.strip()[4:]:
            separator = line[4]
            continue
        columns = columns_of(line, separator or separator_of(line))
        known = known_columns(columns) if len(columns) <= MOST_COLUMNS else 0
        if known and (best is None or known > best[0]):
            best = known, number, line
        if first is None and not is_comment(columns, folder):
            first = number, line
            if known > 1 or headless(line, folder) is not None:
                break
        if number >= _MOST_BEFORE_HEADER:
            break
    number, line = best[1:] if best else first or (0, "")
    return number, line, separator


def headless(line: str, folder: Path) -> tuple[str, tuple[str, ...]] | None:
    """The separator and the columns of a list that begins with a row: a path, or one and a label.

    None where the line is none; columns that it says nothing of have no name.
    """
    whole = NO_SEPARATOR, ("path",)
    if locate(line.strip(), folder):
        return whole
    for separator in _SEPARATORS:
        cells = columns_of(line, separator)
        if not 1 < len(cells) <= MOST_COLUMNS:
            continue
        paths = [place for place, cell in enumerate(cells) if locate(cell, folder)]
        labels = [place for place, cell in enumerate(cells) if label_named(cell)]
        if len(paths) == 1 and len(labels) <= 1:
            names = {paths[0]: "path", **dict.fromkeys(labels, "label")}
            return separator, tuple(names.get(place, "") for place in range(len(cells)))
    return whole if _is_recording(line, folder) else None


def says_nothing(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a row is empty, or the header again, as where lists were put one behind the other."""
    texts = [cell.strip() for cell in cells]
    return not any(texts) or texts == [*columns]


def is_comment(cells: Sequence[str], folder: Path) -> bool:
    return cells[0].lstrip().startswith("#") and locate(cells[0].strip(), folder) is None


def is_kaldi(line: str, folder: Path) -> bool:
    """Whether the first line of a list is a name and, behind it, the path of a file."""
    key, *rest = line.strip().split(None, 1)
    if label_named(key):
        return False
    return bool(rest) and not locate(line.strip(), folder) and bool(locate(rest[0], folder))


def _is_recording(line: str, folder: Path) -> bool:
    """Whether the first line of a list is a path already."""
    named = next(iter(columns_of(line, NO_SEPARATOR)), "")
    if Path(named.replace("\\", "/")).suffix.lower() in AUDIO_EXTENSIONS:
        return True
    return is_path(named) and locate(named, folder) is not None


def separator_of(header: str) -> str:
    """Of the header; where no column is known, the one that makes the most of them."""
    counts = {
        separator: (known_columns(columns), separator != " " and len(columns))
        for separator in _SEPARATORS
        if (columns := columns_of(header, separator)) and len(columns) <= MOST_COLUMNS
    }
    return max(counts, key=counts.__getitem__, default=",")


def columns_of(header: str, separator: str) -> tuple[str, ...]:
    found = read_records([header], separator, skip_spaces=True)
    cells = next(found, (0, None))[1] or []
    return tuple(cell.strip() for cell in cells)
