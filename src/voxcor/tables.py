"""CSV that other people wrote, row by row, in time and memory that go with its size."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TextIO

from voxcor.untrusted import from_cell

# Short rows are filled up to the head: with a head of a million columns and as many empty rows a
# small file would take days.
MOST_COLUMNS = 1000

# Of a line, in characters: a path has up to 4,096 bytes.
MOST_LINE = 1 << 20

# Of names in a sentence, so many are listed.
_LISTED = 12


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
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=skip_spaces)
    columns = tuple(from_cell(name).strip() for name in next(reader, ()))
    if len(columns) > MOST_COLUMNS:
        raise csv.Error(f"{len(columns)} columns, more than {MOST_COLUMNS}")

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        for cells in reader:
            if cells:
                values = map(from_cell, cells[: len(columns)])
                yield reader.line_num, dict(zip_longest(columns, values, fillvalue=""))

    return columns, rows()


def lines_of(file: TextIO) -> Iterator[str]:
    """The lines of a file that somebody else wrote.

    Raises:
        csv.Error: one of them has more than `MOST_LINE` characters.
    """
    while line := file.readline(MOST_LINE + 1):
        if len(line) > MOST_LINE:
            raise csv.Error(f"a line of more than {MOST_LINE} characters")
        yield line


def listed_names(names: Sequence[str]) -> str:
    """The first of some names, for a sentence."""
    more = ", …" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
