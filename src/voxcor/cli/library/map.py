"""`voxcor library map`: the library on a plane, as numbers or a picture."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import BySpeakerOption, JsonOption, with_filters
from voxcor.cli.library.pages import write_file
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.library.map import Map

HELP = say(
    "Lay the library out on a plane: what lies together sounds alike.",
    "将库铺在平面上：位置相近即听感相近。",
)


@with_filters("speaker", "emotion", "folder")
def draw(
    png: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=say("Draw it.", "画成图片。"), show_default=False),
    ] = None,
    *,
    filters: "Filters",
    by_speaker: BySpeakerOption = False,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.map import make_map
    from voxcor.library.store import Library
    from voxcor.settings import Settings

    library = Library.open()
    table = library.table(model)
    found = make_map(
        library,
        table,
        filters=filters,
        by_speaker=by_speaker,
        threads=Settings().threads or 1,
    )
    if png is not None:
        from voxcor.library.picture import to_png

        write_file(png, to_png(found, table.model.id))
    if as_json:
        for segment, (x, y) in zip(found.segments, found.places.tolist(), strict=True):
            place = {"x": round(x, 4), "y": round(y, 4)}
            print(json.dumps({**place, **segment.to_document()}, ensure_ascii=False))
    elif png is None:
        _show(found)


def _show(found: "Map") -> None:
    """Where each emotion lies, on average, and how far around."""
    import numpy as np
    from rich.table import Table

    from voxcor.cli.console import open_console
    from voxcor.labels import get_label

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say("EMOTION", "情感"), no_wrap=True)
    for name in (say("SEGMENTS", "语段"), "X", "Y", say("SPREAD", "离散")):
        table.add_column(name, justify="right", no_wrap=True)
    emotions = np.array([one.label or one.emotion for one in found.segments])
    for emotion in dict.fromkeys(sorted(emotions.tolist(), key=lambda e: -(emotions == e).sum())):
        places = found.places[emotions == emotion]
        x, y = places.mean(axis=0)
        spread = np.sqrt(((places - (x, y)) ** 2).sum(axis=1).mean())
        label = get_label(emotion)
        counted = (str(len(places)), f"{x:+z.2f}", f"{y:+z.2f}", f"{spread:.2f}")
        table.add_row(f"{label.emoji} {label.name}", *counted)
    open_console().print(table)
