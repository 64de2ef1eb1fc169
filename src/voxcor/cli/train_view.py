"""What the terminal shows of a training that has ended."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from voxcor.cli.console import open_console
from voxcor.invocation import voxcor
from voxcor.language import Both, say

if TYPE_CHECKING:
    from voxcor.training.report import Training


def tell_training(training: "Training", out: Path, *, as_json: bool, chose_base: bool) -> None:
    """What came out, as a document or in tables, and what to do next."""
    from voxcor.models.store import BUILT_IN
    from voxcor.result_folder import to_json
    from voxcor.training.head import has_losses
    from voxcor.training.report import to_document, warning

    if as_json:
        print(to_json(to_document(training)))
    else:
        _show(training, out)
    invite(out, warning(training))
    if training.base.id == BUILT_IN and not chose_base:
        open_console(stderr=True).print(_about_built_in(), style="dim", soft_wrap=True)
    if has_losses(training.problems):
        raise typer.Exit(1)


def _show(training: "Training", out: Path) -> None:
    """The tables of the card, and how to use the model."""
    from rich.table import Column, Table
    from rich.text import Text

    from voxcor.training.report import tables

    console = open_console()
    for table in tables(training):
        console.print(Text(str(table.title), "bold"))
        columns = (
            Column(str(text), justify="left" if place < table.words else "right")
            for place, text in enumerate(table.columns)
        )
        grid = Table(*columns, box=None, padding=(0, 2, 0, 0), header_style="dim")
        for row in table.rows:
            grid.add_row(*map(str, row))
        console.print(grid)
        if table.note:
            console.print(Text(str(table.note), "dim"))
        console.print()
    console.print(say(f"Model: {out}/", f"模型：{out}/"), soft_wrap=True)


def invite(out: Path, bad: "Both | None") -> None:
    """The last word on a training: how to try the model, or that one should not."""
    command = f"{voxcor()} recognize --model {out} PATH"
    tried = Both(f"Try it: {command}", f"试用：{command}")
    open_console(stderr=True).print(str(bad or tried), style="red" if bad else "", soft_wrap=True)


def _about_built_in() -> str:
    command = f"{voxcor()} models pull plus-base"
    return say(
        f"Built on small, the model inside Voxcor. For better results: {command}",
        f"基于内置模型 small 训练。如需更准确的结果，请运行：{command}",
    )
