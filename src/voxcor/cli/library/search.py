"""`voxcor library search`: what sounds like a clip, a mixture, or as words say."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import (
    EmotionOption,
    FolderOption,
    JsonOption,
    SinceOption,
    SpeakerOption,
    UntilOption,
    read_filters,
    recognizer_of,
)
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.search import Answer

HELP = say(
    "Find what sounds like a clip, a mixture of emotions, or as words say.",
    "按片段、情感比例或文字描述检索。",
)


def search(
    query: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY",
            help=say(
                "A recording, ID@START-END, a mixture (angry 0.6 sad 0.4), or words "
                "(furious but controlled).",
                "录音、ID@起点-终点、情感比例（愤怒 0.6 悲伤 0.4），或文字（强颜欢笑）。",
            ),
            show_default=False,
        ),
    ],
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help=say("At the most so many.", "最多返回条数。"))
    ] = 10,
    speaker: SpeakerOption = None,
    not_speaker: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=say("Not of this speaker.", "排除该说话人。"), show_default=False
        ),
    ] = None,
    emotion: EmotionOption = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="0..1",
            help=say("With this confidence at the least.", "置信度下限。"),
            show_default=False,
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    folder: FolderOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.search import search as find
    from voxcor.library.store import Library

    filters = read_filters(
        speaker=speaker,
        not_speaker=not_speaker,
        emotion=emotion,
        confidence=confidence,
        since=since,
        until=until,
        folder=folder,
    )
    answer = find(
        Library.open(),
        " ".join(query),
        recognizer=recognizer_of(model),
        model=model,
        filters=filters,
        limit=limit,
    )
    _show(answer, as_json)


def _show(answer: "Answer", as_json: bool) -> None:
    if as_json:
        for hit in answer.hits:
            document = {"similarity": hit.similarity, **hit.segment.to_document()}
            print(json.dumps(document, ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library.view import hits, meaning

    aside = open_console(stderr=True)
    aside.print(meaning(answer.meaning), soft_wrap=True)
    if answer.hits:
        open_console().print(hits(answer.hits))
    else:
        aside.print(say("Nothing is like it.", "没有相近的内容。"))
