"""Options that commands of the library share, and what is made of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxcor.language import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from voxcor.library.filters import Filters
    from voxcor.recognizer import Recognizer

SpeakerOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help=say("Of this speaker alone.", "只看该说话人。"), show_default=False
    ),
]

EmotionOption = Annotated[
    str | None,
    typer.Option(
        metavar="LABEL", help=say("Of this emotion alone.", "只看该情感。"), show_default=False
    ),
]

SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help=say("Recorded then or later.", "录制于该日期或之后。"),
        show_default=False,
    ),
]

UntilOption = Annotated[
    str | None,
    typer.Option(
        metavar="DATE", help=say("Recorded before.", "录制早于该日期。"), show_default=False
    ),
]

FolderOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help=say("In this folder alone.", "只看该文件夹。"), show_default=False
    ),
]

JsonOption = Annotated[
    bool, typer.Option("--json", help=say("One JSON line for each.", "每项输出一行 JSON。"))
]


def read_filters(
    *, emotion: str | None = None, since: str | None = None, until: str | None = None, **others: Any
) -> "Filters":
    """The conditions as a command line has them: labels in any of their names, dates as text."""
    from voxcor.labels import label_meant
    from voxcor.library.filters import Filters, parse_date

    return Filters(
        emotion=None if emotion is None else label_meant(emotion),
        since=None if since is None else parse_date(since),
        until=None if until is None else parse_date(until),
        **others,
    )


def recognizer_of(model: str | None) -> "Callable[[], Recognizer]":
    def load() -> "Recognizer":
        from voxcor.recognizer import Recognizer
        from voxcor.settings import Settings

        return Recognizer(model or Settings().model)

    return load
