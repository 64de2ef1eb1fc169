"""A table of a report as a terminal and a pipe show it."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console

from voxcor.evaluation.report.tables import Table


def show_table(console: Console, table: Table) -> None:
    """The title, the rows under their heads, and the note."""
    console.print(str(table.title), style="bold")
    for number, line in enumerate(_aligned(table)):
        console.print(line, style="" if number else "dim", soft_wrap=True)
    if table.note:
        console.print(str(table.note), style="dim")


def _aligned(table: Table) -> Iterator[str]:
    """Head and rows as wide as they need: a terminal wraps a long line, a pipe should not."""
    lines = [[str(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)]
        names, figures = slice(table.words), slice(table.words, None)
        parts = [cell + gap for cell, gap in zip(line[names], gaps[names], strict=True)]
        parts += [gap + cell for cell, gap in zip(line[figures], gaps[figures], strict=True)]
        yield "  ".join(parts)
