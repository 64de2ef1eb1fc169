"""Pages to hand on, written by commands of the library."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from voxcor.language import say

HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        help=say("Write a page to hand on.", "写出一份可转交的网页。"),
        show_default=False,
    ),
]


def write_file(target: Path, data: bytes) -> None:
    """Writes it whole or not at all, and says where.

    Raises:
        StorageError: the disk.
    """
    from voxcor.disk.faults import storage_errors
    from voxcor.disk.whole import write_whole

    with storage_errors(target, len(data)):
        write_whole(target, data)
    print(say(f"Written: {target}", f"已写入：{target}"), file=sys.stderr)
