"""`voxcor library add`: recordings and results go in."""

import json
import sys
from typing import Annotated

import typer

from voxcor.cli.library.options import JsonOption, recognizer_of
from voxcor.cli.options import ModelOption
from voxcor.language import say

HELP = say(
    "Take recordings or results in. What is there already is passed by.",
    "收录录音或结果；已有的内容会略过。",
)


def add(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help=say(
                "Recordings, folders or lists of them; result folders; what `voxcor batch` made.",
                "录音、录音文件夹、清单、结果文件夹，或 `voxcor batch` 的输出文件夹。",
            ),
            show_default=False,
        ),
    ],
    speaker: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=say(
                "Who speaks, where nothing says so more closely.",
                "说话人；录音自带说明时以其为准。",
            ),
            show_default=False,
        ),
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.incoming import add as add_sources
    from voxcor.library.store import Library
    from voxcor.results import Failure
    from voxcor.untrusted import printable

    library = Library.open()
    new = failed = 0
    for outcome in add_sources(library, sources, recognizer_of(model), speaker=speaker):
        if isinstance(outcome, Failure):
            failed += 1
            if as_json:
                print(json.dumps(outcome.to_document(), ensure_ascii=False))
            print(f"voxcor: {outcome.message} ({outcome.code})", file=sys.stderr)
            continue
        new += outcome.segments
        if as_json:
            document = {"name": outcome.name, "recording": outcome.recording}
            print(json.dumps({**document, "segments": outcome.segments}, ensure_ascii=False))
        else:
            state = say(f"{outcome.segments} new", f"新增 {outcome.segments} 段")
            there = say("there already", "已收录")
            print(
                f"{outcome.recording}  {printable(outcome.name)}  "
                f"{state if outcome.segments else there}"
            )
    # Also where nothing is new: a call that was killed may have been about to.
    library.compact()
    for table in library.tables():
        segments = "segment" if table.rows == 1 else "segments"
        said = say(
            f"The library has {table.rows} {segments} by {table.model.id}, {new} of them new.",
            f"库中有 {table.rows} 个由 {table.model.id} 识别的语段，本次新增 {new} 个。",
        )
        print(said, file=sys.stderr)
    if failed:
        raise typer.Exit(1)
