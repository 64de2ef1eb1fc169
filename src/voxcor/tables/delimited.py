"""CSV that other people wrote, row by row, in time and memory that go with its size; and ours."""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TextIO

from voxcor.untrusted import from_cell

# Short rows are filled up to the header: with one of a million columns and as many empty rows a
# small file would take days.
MOST_COLUMNS = 1000

# Of a line, in characters: a path has up to 4,096 bytes.
MOST_LINE = 1 << 20

# Without it Excel takes a CSV for the code page of the country. It goes before whatever people open
# in a spreadsheet, and before no JSON, which may not have one (RFC 8259, section 8.1).
BYTE_ORDER_MARK = "\ufeff"

# Of names in a sentence, so many are listed.
_LISTED = 12


class LineTooLong(ValueError):
    """Nobody's list has such lines."""


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, which spreadsheets open as well: it begins with a byte order mark."""
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def read_csv(
    lines: Iterable[str], *, separator: str = ",", skip_spaces: bool = False
) -> tuple[tuple[str, ...], Iterator[tuple[int, dict[str, str]]]]:
    """The columns of a CSV, and its rows: the line each ends in, and its cells by column.

    Spaces around names of columns do not count. A cell that a row lacks is empty; cells beyond the
    last column are passed over, and so are rows without any. What `untrusted.cell` had to do to a
    cell is undone.

    Raises:
        csv.Error: now, or from the rows: it is no CSV, or has too many columns.
    """
    found = read_records(lines, separator, skip_spaces=skip_spaces)
    columns = tuple(name.strip() for name in next(found, (0, ()))[1] or ())
    if len(columns) > MOST_COLUMNS:
        raise csv.Error(f"{len(columns)} columns, more than {MOST_COLUMNS}")

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        for line, cells in found:
            if cells is None:
                raise csv.Error(f"row {line}: a field larger than {csv.field_size_limit():,}")
            yield line, by_column(columns, cells)

    return columns, rows()


def read_records(
    lines: Iterable[str], separator: str, *, skip_spaces: bool = False
) -> Iterator[tuple[int, list[str] | None]]:
    """The line in which each row ends, from 1, and its cells; rows without any are passed over.

    A quotation mark that is never closed, or in the middle of a cell, would take the rows that
    follow into its cell: then it is a character as any other. None in the place of cells: one of
    them is larger than the module csv takes. What `untrusted.cell` had to do is undone.
    """
    given, waiting, taken = iter(lines), deque[str](), list[str]()

    def feed() -> Iterator[str]:
        while (line := waiting.popleft() if waiting else next(given, None)) is not None:
            taken.append(line)
            yield line

    def reader() -> Iterator[list[str]]:
        return csv.reader(feed(), delimiter=separator, skipinitialspace=skip_spaces)

    number, rows = 0, reader()
    while True:
        taken.clear()
        try:
            cells: list[str] | None = next(rows, None)
        except csv.Error:
            cells = None
        if not taken:
            return
        if cells is None or (len(taken) > 1 and not _is_well_quoted(taken, separator)):
            first, *rest = taken
            waiting.extendleft(reversed(rest))
            taken[:] = [first]
            cells, rows = _unquoted(first, separator), reader()
        number += len(taken)
        if cells != []:
            yield number, cells and [from_cell(cell) for cell in cells]


def by_column(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells of a row by column; those that it lacks are empty, those beyond left out."""
    return dict(zip_longest(columns, cells[: len(columns)], fillvalue=""))


def lines_of(file: TextIO) -> Iterator[str]:
    """The lines of a file that somebody else wrote.

    Raises:
        LineTooLong: one of them has more than `MOST_LINE` characters.
    """
    while line := file.readline(MOST_LINE + 1):
        if len(line) > MOST_LINE:
            raise LineTooLong(MOST_LINE)
        yield line


def listed_names(names: Sequence[str]) -> str:
    """The first of some names, for a sentence."""
    more = ", …" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _is_well_quoted(lines: Sequence[str], separator: str) -> bool:
    try:
        return len([*csv.reader(lines, delimiter=separator, strict=True)]) == 1
    except csv.Error:
        return False


def _unquoted(line: str, separator: str) -> list[str] | None:
    try:
        return next(csv.reader([line], delimiter=separator, quoting=csv.QUOTE_NONE), [])
    except csv.Error:
        return None
