"""`voxcor library remove`: a recording goes, for good."""

from typing import Annotated

import typer

from voxcor.language import say

HELP = say(
    "Delete a recording and everything that the library made of it, for good.",
    "彻底删除一个录音及库由它得到的一切。",
)


def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...",
            help=say(
                "Recordings, by their names in the library or their paths.",
                "录音在库中的名称，或其路径。",
            ),
            show_default=False,
        ),
    ],
) -> None:
    from voxcor.library.outgoing import remove as remove_recording
    from voxcor.library.store import Library
    from voxcor.untrusted import printable

    library = Library.open()
    try:
        for name in names:
            removed = remove_recording(library, name)
            count = removed.segments
            what = "segment" if count == 1 else "segments"
            print(say(f"{name}: {count} {what} deleted", f"{name}：已删除 {count} 个语段"))
            for person in map(printable, removed.people):
                print(
                    say(
                        f"{name}: {person} is no longer enrolled by it",
                        f"{name}：已从 {person} 的登记中删除",
                    )
                )
    finally:
        # New indexes, once for all that went.
        library.index()
