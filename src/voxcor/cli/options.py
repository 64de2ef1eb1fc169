"""Options that several commands have: one name, one help text, everywhere."""

from typing import Annotated

import typer

from voxcor.language import say

ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help=say(
            "auto (the best one installed), an id of `voxcor models list`, or a model folder.",
            "auto(已安装的最佳模型)、`voxcor models list` 中的名称,或模型文件夹。",
        ),
        show_default="auto",
    ),
]

TrimOption = Annotated[
    bool,
    typer.Option(help=say("Leave out silence before and after speech.", "去除语音前后的静音。")),
]
