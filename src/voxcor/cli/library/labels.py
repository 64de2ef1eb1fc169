"""`voxcor library labels`: what people say of segments, to look at or to train on."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import JsonOption, with_filters
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters

HELP = say(
    "Show the labels that people have given, or write them as a list to train on.",
    "查看人工标签，或写成训练清单。",
)


@with_filters("speaker", "emotion", "since", "until", "folder")
def labels(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="LIST.csv",
            help=say(
                "Write a list for `voxcor train` and `voxcor evaluate` (.csv or .jsonl).",
                "写成 `voxcor train` 与 `voxcor evaluate` 可用的清单（.csv 或 .jsonl）。",
            ),
            show_default=False,
        ),
    ] = None,
    *,
    filters: "Filters",
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.labels import LabelsBySegment
    from voxcor.library.store import Library
    from voxcor.results import to_wire

    library = Library.open()
    table = library.table(model)
    if out is not None:
        from voxcor.datasets.corrected import to_csv, to_jsonl
        from voxcor.disk.faults import storage_errors
        from voxcor.disk.whole import write_whole
        from voxcor.library.correcting import labelled, labelled_rows

        rows = [*labelled_rows(library, labelled(library, table, filters))]
        text = to_jsonl(rows) if out.suffix.lower() == ".jsonl" else to_csv(rows)
        with storage_errors(out):
            write_whole(out, text)
        count = "row" if len(rows) == 1 else "rows"
        print(say(f"{out}: {len(rows)} {count}", f"{out}：{len(rows)} 行"))
        return
    said = LabelsBySegment(library.labels())
    found = [
        (segment, one)
        for segment in library.segments(table, filters.where)
        for one in said[segment]
    ]
    if as_json:
        for segment, one in found:
            document = {"id": segment.id, "emotion": segment.emotion, **to_wire(one)}
            print(json.dumps(document, ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library.label_view import labels_table

    if found:
        open_console().print(labels_table(found))
    else:
        nobody = say("Nobody has given a label yet.", "尚无人工标签。")
        open_console(stderr=True).print(nobody)
