"""`voxcor library search`: what sounds like a clip, a mixture, or as words say."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import JsonOption, recognizer_of, with_filters
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.library.search import Answer

HELP = say(
    "Find what sounds like a clip, a mixture of emotions, or as words say.",
    "按片段、情感比例或文字描述检索。",
)


@with_filters("speaker", "not_speaker", "emotion", "confidence", "since", "until", "folder")
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
    *,
    filters: "Filters",
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.search import search as find
    from voxcor.library.store import Library

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
