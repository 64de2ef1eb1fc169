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

LabelsOption = Annotated[
    str | None,
    typer.Option(
        metavar="a,b,c",
        help=say("Choose among these emotions only.", "只在这些情感中选择。"),
        show_default=False,
    ),
]

LabelMapOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=LABEL",
        help=say(
            "Read a label of the manifest as another, as in calm=neutral.",
            "将清单中的标签视为另一标签,例如 calm=neutral。",
        ),
        show_default=False,
    ),
]

ReportJsonOption = Annotated[
    bool,
    typer.Option("--json", help=say("Print the report as JSON.", "以 JSON 输出报告。")),
]
