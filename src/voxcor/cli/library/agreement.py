"""`voxcor library agreement`: how well people who label agree."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import with_filters
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters

HELP = say(
    "How well raters agree: those of the library, or those of lists.",
    "标注者之间的一致程度：库中的标签，或若干清单。",
)


@with_filters("speaker", "emotion", "since", "until", "folder")
def agreement(
    lists: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[LIST...]",
            help=say(
                "A list for each rater, or lists with a column `annotator`; else the library.",
                "每位标注者一份清单，或带 annotator 列的清单；不给出则为库。",
            ),
            show_default=False,
        ),
    ] = None,
    *,
    filters: "Filters",
    model: ModelOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help=say("One JSON document.", "输出一个 JSON 文档。"))
    ] = False,
) -> None:
    from voxcor.evaluation.raters import agreement as measure
    from voxcor.evaluation.report.files import remarks
    from voxcor.library.rated import ratings_in_library, ratings_in_lists
    from voxcor.library.store import Library

    if lists:
        ratings, problems = ratings_in_lists(lists)
        for line in remarks(problems):
            print(f"voxcor: {line}", file=sys.stderr)
    else:
        library = Library.open()
        ratings = ratings_in_library(library, library.table(model), filters)
    found = measure(ratings)
    if as_json:
        print(json.dumps(found.to_document(), ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library.label_view import agreement_view

    open_console().print(agreement_view(found))
