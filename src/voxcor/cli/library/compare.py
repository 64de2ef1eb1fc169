"""`voxcor library compare`: a take against its reference, or one model against another."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import recognizer_of
from voxcor.cli.library.pages import HtmlOption, write_file
from voxcor.cli.options import ModelOption, ReportJsonOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.two_models import TwoModels

HELP = say(
    "Lay two recordings on each other; or, with --with, two models.",
    "对齐比较两段录音；加 --with 则比较两个模型。",
)


def compare(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH...",
            help=say(
                "Two recordings: files, parts (call.wav@12-15), result folders, names in the "
                "library. Two folders of `voxcor batch`. With --with: recordings, folders or "
                "lists; none for all of the library.",
                "两段录音：文件、其中一段（call.wav@12-15）、结果文件夹或库中的名称；"
                "或 `voxcor batch` 的两个输出文件夹。加 --with 时为录音、文件夹或清单，"
                "省略则为整个库。",
            ),
            show_default=False,
        ),
    ] = None,
    model: ModelOption = None,
    other: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="MODEL",
            help=say("The model to compare --model with.", "与 --model 比较的模型。"),
            show_default=False,
        ),
    ] = None,
    html: HtmlOption = None,
    audio: Annotated[
        bool,
        typer.Option(
            "--audio",
            help=say(
                "Put both recordings into the page, to be heard.", "将两段录音放入网页，可播放。"
            ),
        ),
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=say("Two models: a row for each recording.", "两个模型：每段录音一行的表格。"),
            show_default=False,
        ),
    ] = None,
    as_json: ReportJsonOption = False,
) -> None:
    from voxcor.batch.database import LEDGER_FILE
    from voxcor.errors import UsageError
    from voxcor.library.two_models import compare_batches
    from voxcor.sources import is_file

    if audio and html is None:
        raise UsageError(
            reason_en="--audio puts the recordings into a page: give --html as well.",
            reason_zh="--audio 将录音放入网页：请同时给出 --html。",
        )
    named = paths or []
    if other is not None:
        _show_models(_two_models(named, model, other), html, csv, as_json)
        return
    if len(named) != 2:
        raise UsageError(
            reason_en="compare takes two recordings or two folders of a batch; for two models, "
            "--model and --with.",
            reason_zh="compare 需要两段录音或两个批量结果文件夹；"
            "比较两个模型请用 --model 与 --with。",
        )
    if all(is_file(Path(path) / LEDGER_FILE) for path in named):
        _show_models(compare_batches(*map(Path, named)), html, csv, as_json)
        return
    if csv is not None:
        raise UsageError(
            reason_en="--csv is for two models; --json has the path of two recordings.",
            reason_zh="--csv 用于比较两个模型；两段录音的路径见 --json。",
        )
    _show_takes(named, model, html, audio, as_json)


def _show_takes(
    paths: list[str], model: str | None, html: Path | None, audio: bool, as_json: bool
) -> None:
    from functools import cache

    from voxcor.library.pages.takes import figures, stretches_table, takes_page
    from voxcor.library.store import Library
    from voxcor.library.takes import compare_takes, take_of

    listening = cache(recognizer_of(model))
    first, second = (
        take_of(path, library=Library.open, recognizer=listening, model=model) for path in paths
    )
    found = compare_takes(first, second)
    if html is not None:
        write_file(html, takes_page(found, audio=audio).encode())
    if as_json:
        print(json.dumps(found.to_document(), ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.tables import show_table

    console = open_console()
    for value, name in figures(found):
        console.print(f"{value:>6}  {name}", soft_wrap=True)
    console.print()
    show_table(console, stretches_table(found))


def _two_models(paths: list[str], model: str | None, other: str) -> "TwoModels":
    from voxcor.cli.console import open_console
    from voxcor.cli.progress import recognition_bar
    from voxcor.errors import UsageError
    from voxcor.library.store import Library
    from voxcor.library.two_models import compare_models, compare_tables

    library = Library.open()
    if not paths:
        if model is None:
            raise UsageError(
                reason_en="Which two models of the library? Give --model as well.",
                reason_zh="比较库中的哪两个模型？请同时给出 --model。",
            )
        return compare_tables(library, model, other)
    with recognition_bar(open_console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        return compare_models(
            paths,
            recognizer_of(model),
            recognizer_of(other),
            library=library,
            advance=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _show_models(found: "TwoModels", html: Path | None, csv: Path | None, as_json: bool) -> None:
    import sys

    from voxcor.library.pages.models import headline, models_page, tables

    if html is not None:
        write_file(html, models_page(found).encode())
    if csv is not None:
        write_file(csv, found.to_csv().encode())
    if as_json:
        print(json.dumps(found.to_document(), ensure_ascii=False))
    else:
        from voxcor.cli.console import open_console
        from voxcor.cli.tables import show_table

        console = open_console()
        console.print(str(headline(found)), style="bold", soft_wrap=True)
        for table in tables(found):
            console.print()
            show_table(console, table)
    for failure in found.failures:
        print(f"voxcor: {failure.message} ({failure.code})", file=sys.stderr)
    if found.failures:
        raise typer.Exit(1)
