"""Options that commands of the library share, and what is made of them."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxcor.cli.options import with_options
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.recognizer import Recognizer

JsonOption = Annotated[
    bool, typer.Option("--json", help=say("One JSON line for each.", "每项输出一行 JSON。"))
]

BySpeakerOption = Annotated[
    bool,
    typer.Option(
        "--by-speaker",
        help=say(
            "Take away what each speaker's segments have in common.",
            "去除每位说话人自身的共同成分。",
        ),
    ),
]

# By the names of the fields of `Filters`.
_FILTERS: dict[str, Any] = {
    "speaker": Annotated[
        str | None,
        typer.Option(metavar="NAME", help=say("Of this speaker alone.", "只看该说话人。")),
    ],
    "not_speaker": Annotated[
        str | None, typer.Option(metavar="NAME", help=say("Not of this speaker.", "排除该说话人。"))
    ],
    "emotion": Annotated[
        str | None,
        typer.Option(metavar="LABEL", help=say("Of this emotion alone.", "只看该情感。")),
    ],
    "confidence": Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="0..1",
            help=say("With this confidence at the least.", "置信度下限。"),
        ),
    ],
    "since": Annotated[
        str | None,
        typer.Option(metavar="DATE", help=say("Recorded then or later.", "录制于该日期或之后。")),
    ],
    "until": Annotated[
        str | None, typer.Option(metavar="DATE", help=say("Recorded before.", "录制早于该日期。"))
    ],
    "folder": Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=say("In this folder alone.", "只看该文件夹。")),
    ],
}


def with_filters(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command with the options that say which segments count.

    They stand where its own parameter `filters` does, which is given the `Filters` that they are.

    Args:
        names: of fields of `Filters`, in the order in which help has them.
    """
    shown = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_FILTERS[name]
        )
        for name in names
    ]
    return lambda command: with_options(command, "filters", shown, _filters)


def _filters(given: dict[str, Any]) -> "Filters":
    """Labels are meant in any of their names, dates are text."""
    from voxcor.labels import label_meant
    from voxcor.library.filters import Filters, parse_date

    meant = {"emotion": label_meant, "since": parse_date, "until": parse_date}
    texts = {name: meant[name](given[name]) for name in meant if given.get(name) is not None}
    return Filters(**{**given, **texts})


def recognizer_of(model: str | None) -> "Callable[[], Recognizer]":
    def load() -> "Recognizer":
        from voxcor.recognizer import Recognizer
        from voxcor.settings import Settings

        return Recognizer(model or Settings().model)

    return load
