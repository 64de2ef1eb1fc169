"""`voxcor library forget`: a person who was enrolled is no more."""

from typing import Annotated

import typer

from voxcor.language import say

HELP = say(
    "Delete how a person usually sounds; recordings stay.",
    "删除一个人的登记；录音不受影响。",
)


def forget(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help=say("People who are enrolled.", "已登记的人。"),
            show_default=False,
        ),
    ],
) -> None:
    from voxcor.people.book import People
    from voxcor.settings import Settings
    from voxcor.untrusted import printable

    people = People(Settings().home)
    for name in names:
        people.forget(name)
        print(say(f"{printable(name)}: forgotten", f"{printable(name)}：已删除"))
