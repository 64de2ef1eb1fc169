"""`voxcor library errors`: labels that are likely wrong."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import JsonOption, with_filters
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.library.label_errors import LabelErrors

HELP = say(
    "Find labels that are likely wrong, in the library or in a list.",
    "在库或清单中查找可能有误的标签。",
)


@with_filters("speaker", "emotion", "since", "until", "folder")
def errors(
    listed: Annotated[
        Path | None,
        typer.Argument(
            metavar="[LIST]",
            help=say(
                "A list of labelled recordings, as `voxcor train` takes it; else the library.",
                "带标签的清单，与 `voxcor train` 所用相同；不给出则为库。",
            ),
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help=say("At the most so many.", "最多显示条数。"))
    ] = 20,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help=say(
                "Write all of them as a list to put right; `library correct --from` reads it.",
                "将全部结果写成清单，更正后由 `library correct --from` 读回。",
            ),
            show_default=False,
        ),
    ] = None,
    *,
    filters: "Filters",
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.cli.console import open_console
    from voxcor.cli.library.label_view import errors_table
    from voxcor.datasets.corrected import to_csv
    from voxcor.disk.faults import storage_errors
    from voxcor.disk.whole import write_whole
    from voxcor.library.label_errors import errors_in_library
    from voxcor.library.relabelling import DoubtedLabel, doubted_labels
    from voxcor.library.store import Library

    library: Library | None = None
    if listed is not None:
        found = _in_list(listed, model)
    else:
        library = Library.open()
        table = library.table(model)
        model = table.model.sha256
        found = errors_in_library(library, table, filters)
    if csv is not None:
        rows = doubted_labels(found.errors, library, model)
        with storage_errors(csv):
            write_whole(csv, to_csv(rows, DoubtedLabel))
        if left_out := len(found.errors) - len(rows):
            gone = say(
                f"{left_out} cannot be heard any more and are not in {csv}.",
                f"{left_out} 个语段已无法播放，未写入 {csv}。",
            )
            print(f"voxcor: {gone}", file=sys.stderr)
    shown = found.errors[:limit]
    if as_json:
        for error in shown:
            print(json.dumps(error.to_document(), ensure_ascii=False))
    elif shown:
        open_console().print(errors_table(shown))
    print(_summary(found), file=sys.stderr)


def _in_list(listed: Path, model: str | None) -> "LabelErrors":
    from voxcor.cli.console import open_console
    from voxcor.cli.progress import stage_bars
    from voxcor.evaluation.report.files import remarks
    from voxcor.library.label_errors import errors_in_list
    from voxcor.settings import Settings

    aside = open_console(stderr=True)
    titles = {"listening": say("Listening", "正在提取特征")}
    with stage_bars(aside, titles) as show:
        found = errors_in_list(
            listed,
            model=model or Settings().model,
            progress=lambda share: show("listening", share),
        )
    for line in remarks(found.problems):
        print(f"voxcor: {line}", file=sys.stderr)
    return found


def _summary(found: "LabelErrors") -> str:
    count = len(found.errors)
    by = {"speaker": ("speakers", "说话人"), "recording": ("recordings", "录音")}[found.apart]
    said = say(
        f"{count} of {found.judged} labels {'is' if count == 1 else 'are'} likely wrong. Heads "
        f"that learned from other {by[0]} give {found.right:.0%} of the labels as they are.",
        f"{found.judged} 个标签中有 {count} 个可能有误。仅从其他{by[1]}学习的分类头与 "
        f"{found.right:.0%} 的标签一致。",
    )
    for label, left in found.left_out.items():
        said += say(
            f" Too few are {label} to judge them: {left}.", f"{label} 太少，未作判断：{left} 个。"
        )
    return said
