"""`voxcor library correct`: labels put right, one by one while listening, or gathered."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import JsonOption, with_filters
from voxcor.cli.options import ModelOption
from voxcor.errors import UsageError
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.library.segments import LibrarySegment
    from voxcor.library.store import Library
    from voxcor.library.tables import ModelTable

HELP = say(
    "Put labels right: of one segment, of one after the other while listening, or as they were put "
    "right elsewhere.",
    "更正标签：单个语段、边听边逐段更正，或导入在别处所做的更正。",
)


@with_filters("speaker", "emotion", "since", "until", "folder")
def correct(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID@START-END [LABEL]]",
            help=say(
                "A segment, and what it is; without any, one segment after the other.",
                "语段及其标签；都不给出则逐段进行。",
            ),
            show_default=False,
        ),
    ] = None,
    wrong: Annotated[
        bool,
        typer.Option(
            "--wrong",
            help=say("It has not the model's emotion.", "模型的判断有误，但不给出标签。"),
        ),
    ] = False,
    undo: Annotated[
        bool,
        typer.Option("--undo", help=say("Take back what was said of it.", "撤回对该语段的更正。")),
    ] = False,
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="PATH...",
            help=say(
                "Take over corrections of results, lists with labels, TextGrids, ELAN documents, "
                "exports of Label Studio.",
                "导入结果中的更正、带标签的清单、TextGrid、ELAN 文件或 Label Studio 导出。",
            ),
            show_default=False,
        ),
    ] = None,
    annotator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=say("Who says so; each has a label of their own.", "标注者；每人的标签分别保存。"),
            show_default=False,
        ),
    ] = None,
    errors: Annotated[
        bool,
        typer.Option(
            "--errors",
            help=say("Only labels that are likely wrong, those first.", "只看可能有误的标签。"),
        ),
    ] = False,
    *,
    filters: "Filters",
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.store import Library

    library = Library.open()
    who = _name_of(annotator)
    words = words or []
    if sources:
        if wrong or undo or errors:
            raise _not_together("--from", "--wrong, --undo, --errors")
        _gather(library, [*sources, *words], model, who, as_json)
    elif words:
        label = words[1] if len(words) == 2 else None
        if len(words) > 2 or errors or [label is not None, wrong, undo].count(True) != 1:
            raise UsageError(
                reason_en="Of a segment either a LABEL is said, or --wrong, or --undo.",
                reason_zh="对一个语段，请给出标签、--wrong 或 --undo 三者之一。",
            )
        _one(library, library.table(model), words[0], label, who, undo=undo, as_json=as_json)
    else:
        if wrong or undo or as_json:
            raise _not_together("ID@START-END", "--wrong, --undo, --json", needed=True)
        table = library.table(model)
        _ask(library, table, _to_ask(library, table, filters, who, errors=errors), who)


def _one(
    library: "Library",
    table: "ModelTable",
    segment_id: str,
    label: str | None,
    annotator: str | None,
    *,
    undo: bool,
    as_json: bool,
) -> None:
    from voxcor.cli.library.label_view import said_line
    from voxcor.library.correcting import meant_label, put_right, segment_named, take_back

    segment = segment_named(library, table, segment_id)
    if undo:
        count = take_back(library, [segment], annotator)
        if as_json:
            print(json.dumps({"id": segment.id, "withdrawn": count}))
        else:
            en = "taken back" if count else "nothing was said of it"
            print(f"{segment.id}  {say(en, '已撤回' if count else '没有可撤回的更正')}")
        return
    meant = None if label is None else meant_label(label, table.labels)
    put_right(library, [segment], meant, annotator)
    if as_json:
        document = {"id": segment.id, "label": meant, "annotator": annotator}
        print(json.dumps({**document, "emotion": segment.emotion}, ensure_ascii=False))
    else:
        print(f"{segment.id}  {said_line(segment, meant)}")


def _gather(
    library: "Library", sources: list[str], model: str | None, who: str | None, as_json: bool
) -> None:
    from voxcor.evaluation.report.files import remarks
    from voxcor.library.correcting import gather
    from voxcor.tables import listed_names

    found = gather(library, sources, model=model, annotator=who)
    if found.changed:
        library.compact()
    for line in remarks(found.problems):
        print(f"voxcor: {line}", file=sys.stderr)
    if found.foreign:
        listed = listed_names([f"{label} {count}" for label, count in found.foreign.items()])
        en = f"None of the model's labels, and kept as they are: {listed}"
        print(f"voxcor: {say(en, f'不是该模型的标签，已原样保存：{listed}')}", file=sys.stderr)
    counts = {name: getattr(found, name) for name in ("labels", "segments", "changed")}
    if as_json:
        print(json.dumps(counts))
    else:
        labels = "label" if found.labels == 1 else "labels"
        segments = "segment" if found.segments == 1 else "segments"
        print(
            say(
                f"{found.labels} {labels} read, of {found.segments} {segments} of the library; "
                f"{found.changed} new or changed",
                f"读取 {found.labels} 个标签，涉及库中 {found.segments} 个语段；"
                f"新增或更改 {found.changed} 个",
            )
        )
    if found.labels and not found.segments:
        raise typer.Exit(1)


def _to_ask(
    library: "Library",
    table: "ModelTable",
    filters: "Filters",
    annotator: str | None,
    *,
    errors: bool,
) -> "list[LibrarySegment]":
    """Of likely errors all, the surest first; else what this annotator has said nothing of."""
    from voxcor.library.label_errors import errors_in_library
    from voxcor.library.labels import LabelsBySegment

    segments = library.segments(table, filters.where)
    if errors:
        by_id = {segment.id: segment for segment in segments}
        found = errors_in_library(library, table, filters).errors
        return [by_id[error.segment.id] for error in found if error.segment.id in by_id]
    labels = LabelsBySegment(library.labels())
    return [
        segment
        for segment in segments
        if annotator not in {one.annotator for one in labels[segment]}
    ]


def _ask(
    library: "Library",
    table: "ModelTable",
    segments: "list[LibrarySegment]",
    annotator: str | None,
) -> None:
    from voxcor.cli.library.asking import Asking

    asking = Asking(library, table, segments, annotator)
    try:
        asking.run()
    finally:
        if asking.kept:
            library.compact()
        labels = "label" if asking.kept == 1 else "labels"
        kept = say(f"{asking.kept} {labels} kept.", f"已保存 {asking.kept} 个标签。")
        print(kept, file=sys.stderr)


def _name_of(annotator: str | None) -> str | None:
    from voxcor.corrections import LONGEST_ANNOTATOR
    from voxcor.untrusted import trimmed

    name = trimmed(annotator or "")
    if len(name) > LONGEST_ANNOTATOR or not name.isprintable():
        raise UsageError(
            reason_en=f"--annotator is a name on one line, up to {LONGEST_ANNOTATOR} characters.",
            reason_zh=f"--annotator 应为单行姓名，最多 {LONGEST_ANNOTATOR} 个字符。",
        )
    return name or None


def _not_together(one: str, others: str, *, needed: bool = False) -> UsageError:
    if needed:
        return UsageError(
            reason_en=f"{others} need {one}.", reason_zh=f"{others} 需要与 {one} 一起使用。"
        )
    return UsageError(
        reason_en=f"{one} goes without {others}.", reason_zh=f"{one} 不能与 {others} 同时使用。"
    )
