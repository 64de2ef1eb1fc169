"""`voxcor library clusters`: what sounds alike."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import BySpeakerOption, JsonOption, with_filters
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters

HELP = say(
    "Group what sounds alike, without anybody having named it.",
    "将相似的语段自动聚类。",
)


@with_filters("speaker", "emotion", "folder")
def clusters(
    *,
    filters: "Filters",
    by_speaker: BySpeakerOption = False,
    smallest: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help=say("Segments of the smallest cluster.", "最小类的语段数。"),
            show_default=False,
        ),
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.clusters import find_clusters
    from voxcor.library.store import Library

    library = Library.open()
    found = find_clusters(
        library,
        library.table(model),
        filters=filters,
        smallest=smallest,
        by_speaker=by_speaker,
    )
    if as_json:
        for cluster in found.clusters:
            print(json.dumps(cluster.to_document(), ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library.view import cluster_table

    if found.clusters:
        open_console().print(cluster_table(found.clusters))
    outside = say(
        f"{found.outside} of {found.segments} segments lie in no cluster.",
        f"{found.segments} 个语段中有 {found.outside} 个不属于任何类。",
    )
    print(outside, file=sys.stderr)
