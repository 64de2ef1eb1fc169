"""Options that several commands have: one name, one help text, everywhere."""

from typing import Annotated, Literal

import typer

from voxcor.language import say
from voxcor.results import Granularity

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

GranularityOption = Annotated[
    Granularity,
    typer.Option(
        help=say(
            "One answer for the whole, for each stretch of speech, or every 20 ms.",
            "整段一个结果、每个语段一个结果,或每 20 毫秒一个结果。",
        )
    ),
]

EmbeddingOption = Annotated[
    bool,
    typer.Option("--embedding", help=say("Save the embedding as .npy.", "将特征向量保存为 .npy。")),
]

ChannelsOption = Annotated[
    Literal["mix", "separate"],
    typer.Option(
        help=say(
            "Mix all channels, or give each its own result (the two legs of a call).",
            "混合所有声道,或每个声道单独给出结果(如通话双方)。",
        )
    ),
]

AbstainOption = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help=say(
            "Say so where the confidence is less than this, 0 to 1.",
            "置信度低于此值(0 到 1)时注明不作判断。",
        ),
        show_default=False,
    ),
]
