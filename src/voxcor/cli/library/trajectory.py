"""`voxcor library trajectory`: a dimension over time."""

import json
from typing import Annotated

import typer

from voxcor.cli.library.options import (
    JsonOption,
    SinceOption,
    SpeakerOption,
    UntilOption,
    read_filters,
)
from voxcor.cli.options import ModelOption
from voxcor.language import say

HELP = say(
    "Follow arousal or valence through a recording, or a speaker's recordings.",
    "查看唤醒度或效价在一段录音、或一位说话人多段录音中的变化。",
)


def trajectory(
    recording: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help=say("A recording of the library.", "库中的一段录音。"),
            show_default=False,
        ),
    ] = None,
    speaker: SpeakerOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    dimension: Annotated[
        str, typer.Option(metavar="arousal|valence", help=say("Which.", "查看哪一维度。"))
    ] = "valence",
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from typing import cast

    from voxcor.errors import NotInLibrary, UsageError
    from voxcor.library.filters import quoted
    from voxcor.library.store import Library
    from voxcor.library.trajectory import Dimension, follow
    from voxcor.results import DIMENSIONS

    if dimension not in DIMENSIONS:
        raise UsageError(
            reason_en=f"--dimension is arousal or valence, not {dimension}.",
            reason_zh=f"--dimension 应为 arousal 或 valence，而不是 {dimension}。",
        )
    filters = read_filters(speaker=speaker, since=since, until=until)
    conditions = [filters.where]
    if recording is not None:
        conditions.append(f"starts_with(recording, {quoted(recording)})")
    library = Library.open()
    where = " AND ".join(filter(None, conditions)) or None
    segments = library.segments(library.table(model), where)
    if not segments:
        raise NotInLibrary(name=recording or speaker or f"{since}–{until}")
    course = follow(segments, cast(Dimension, dimension))
    if as_json:
        print(json.dumps(course.to_document(), ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library.view import course_view

    open_console().print(course_view(course))
