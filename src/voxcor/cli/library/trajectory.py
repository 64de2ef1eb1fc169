"""`voxcor library trajectory`: a dimension over time."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import JsonOption, with_filters
from voxcor.cli.library.pages import HtmlOption, write_file
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.library.groups import GroupComparison
    from voxcor.library.segments import LibrarySegment
    from voxcor.library.store import Library
    from voxcor.library.tables import ModelTable
    from voxcor.library.trajectory import Dimension

HELP = say(
    "Follow arousal or valence through a recording, or a speaker's recordings.",
    "查看唤醒度或效价在一段录音、或一位说话人多段录音中的变化。",
)


@with_filters("speaker", "since", "until")
def trajectory(
    recording: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help=say("A recording of the library.", "库中的一段录音。"),
            show_default=False,
        ),
    ] = None,
    *,
    filters: "Filters",
    dimension: Annotated[
        str, typer.Option(metavar="arousal|valence", help=say("Which.", "查看哪一维度。"))
    ] = "valence",
    sessions: Annotated[
        bool,
        typer.Option("--sessions", help=say("A row for each recording.", "每段录音一行。")),
    ] = False,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP",
            help=say(
                "Twice: two groups, each a speaker or dates (2026-01-01..2026-03-01, ..DATE, "
                "DATE..).",
                "使用两次：比较两组，每组为说话人或日期（2026-01-01..2026-03-01、..日期、日期..）。",
            ),
            show_default=False,
        ),
    ] = None,
    html: HtmlOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from typing import cast

    from voxcor.errors import NotInLibrary, UsageError
    from voxcor.library.store import Library
    from voxcor.library.trajectory import Dimension, follow, follow_each
    from voxcor.results import DIMENSIONS

    if dimension not in DIMENSIONS:
        raise UsageError(
            reason_en=f"--dimension is arousal or valence, not {dimension}.",
            reason_zh=f"--dimension 应为 arousal 或 valence，而不是 {dimension}。",
        )
    if compare and len(compare) != 2:
        raise UsageError(
            reason_en="--compare takes two groups: give it twice.",
            reason_zh="--compare 比较两组：请使用两次。",
        )
    which = cast(Dimension, dimension)
    library = Library.open()
    table = library.table(model)
    segments = _segments(library, table, recording, filters)
    if not segments:
        raise NotInLibrary(name=recording or filters.speaker or filters.dates or "–")
    compared = _compared(library, table, recording, filters, compare, which) if compare else None
    course = follow(segments, which)
    each = follow_each(segments, which) if sessions or html else ()
    if html is not None:
        from voxcor.library.pages.course import course_page, whose

        about = whose(course, filters, recording)
        page = course_page(course, each, about=about, model=table.model, compared=compared)
        write_file(html, page.encode())
    if as_json:
        documents = [one.to_document() for one in each] if sessions else [course.to_document()]
        for document in [compared.to_document()] if compared else documents:
            print(json.dumps(document, ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library.view import course_view, sessions_table

    console = open_console()
    if compared is not None:
        from voxcor.cli.tables import show_table
        from voxcor.library.pages.groups import group_table

        show_table(console, group_table(compared))
    elif sessions:
        console.print(sessions_table(each))
    else:
        console.print(course_view(course))


def _segments(
    library: "Library", table: "ModelTable", recording: str | None, *filters: "Filters"
) -> "Sequence[LibrarySegment]":
    from voxcor.library.filters import all_of, of_recording

    within = None if recording is None else of_recording(recording)
    return library.segments(table, all_of(*(one.where for one in filters), within))


def _compared(
    library: "Library",
    table: "ModelTable",
    recording: str | None,
    filters: "Filters",
    names: Sequence[str],
    dimension: "Dimension",
) -> "GroupComparison":
    from voxcor.library.filters import parse_group
    from voxcor.library.groups import compare_groups

    first, second = (
        (name, _segments(library, table, recording, filters, parse_group(name))) for name in names
    )
    return compare_groups(first, second, dimension)
