"""`voxcor train MANIFEST`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from voxcor.cli.console import open_console
from voxcor.cli.options import LabelMapOption, ReportJsonOption, labels_meant
from voxcor.errors import UsageError
from voxcor.language import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from rich.console import Console

    from voxcor.datasets.labelled import RowProblem

HELP = say("Teach a model your own recordings and labels.", "用自己的录音和标签训练模型。")


def train(
    manifest: Annotated[
        Path,
        typer.Argument(
            metavar="MANIFEST",
            help=say(
                "A .csv or .jsonl with path and label, an EmoBox corpus, or a folder per label.",
                "含 path 与 label 列的 .csv 或 .jsonl、EmoBox 语料库，或按标签分的文件夹。",
            ),
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help=say(
                "The folder of the new model; give it to any command as --model DIR.",
                "新模型的文件夹；其他命令可用 --model DIR 使用它。",
            ),
            show_default=False,
        ),
    ],
    method: Annotated[
        Literal["head", "full"],
        typer.Option(
            help=say(
                "head: train a new head on the model's embeddings, in seconds to minutes. "
                "full: train the whole network; needs the extra train, and hours or a GPU.",
                "head：在模型的特征向量上训练新的分类头，只需数秒至数分钟。"
                "full：训练整个网络；需要 train 附加组件，以及数小时或 GPU。",
            )
        ),
    ] = "head",
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help=say(
                "The model to build on: auto (the best one installed), an id of "
                "`voxcor models list`, or a model folder.",
                "基础模型：auto（已安装的最佳模型）、`voxcor models list` 中的名称，或模型文件夹。",
            ),
            show_default="auto",
        ),
    ] = None,
    layer: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help=say(
                "Build on the output of block N, from 1, and drop the blocks after it: a smaller, "
                "faster model.",
                "以第 N 个模块（从 1 起）的输出为基础，去掉其后的模块：模型更小、更快。",
            ),
            show_default=say("all blocks", "全部模块"),
        ),
    ] = None,
    head: Annotated[
        Literal["linear", "mlp"],
        typer.Option(
            help=say(
                "linear starts from the model's own classifier; mlp has a hidden layer and wants "
                "more clips.",
                "linear 以模型原有的分类头为起点；mlp 含一个隐藏层，需要更多语音。",
            )
        ),
    ] = "linear",
    folds: Annotated[
        Literal["loso", "fold"] | None,
        typer.Option(
            help=say(
                "Hold out each speaker in turn (loso), or each value of the column fold; "
                "default: the column split, else five folds of speakers.",
                "逐一留出每位说话人（loso）或 fold 列的每个值；"
                "默认按 split 列，否则按说话人分五折。",
            ),
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help=say(
                "An option of --method full, as in epochs=10 or lora_rank=8; "
                "docs/fine-tuning.md has them all.",
                "--method full 的选项，例如 epochs=10 或 lora_rank=8；"
                "详见 docs/fine-tuning.zh.md。",
            ),
            show_default=False,
        ),
    ] = None,
    label_map: LabelMapOption = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="a,b,c",
            help=say("Learn these labels only.", "只学习这些标签。"),
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help=say("The same seed gives the same model.", "相同的种子得到相同的模型。"),
        ),
    ] = 0,
    terms: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help=say(
                "Licence or terms of the recordings, for the model's card.",
                "录音的许可或使用条款，写入模型卡片。",
            ),
            show_default=False,
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help=say(
                "Put the new model in the place of one that an earlier training left in --out.",
                "用新模型替换 --out 中由之前训练得到的模型。",
            ),
        ),
    ] = False,
    as_json: ReportJsonOption = False,
) -> None:
    from voxcor.datasets.manifest import parse_label_map
    from voxcor.settings import Settings

    aside = open_console(stderr=True)
    remark = partial(_remark, aside)
    base = model or Settings().model
    renamed = parse_label_map(label_map or ())
    wanted = labels_meant(labels)
    if method == "full":
        from voxcor.cli.train_full import train_full
        from voxcor.training.options import parse_options

        _require(folds is None, "--folds", "head")
        kept = [] if layer is None else [f"layer={layer}"]
        options = parse_options([f"seed={seed}", *kept, *(settings or ())])
        with _bars(aside) as progress:
            train_full(
                manifest,
                out,
                model=base,
                label_map=renamed,
                labels=wanted,
                options=options,
                terms=terms,
                overwrite=replace,
                as_json=as_json,
                aside=aside,
                remark=remark,
                progress=progress,
            )
        return
    from voxcor.cli.train_view import tell_training
    from voxcor.training.head import train_head

    _require(settings is None, "--set", "full")
    with _bars(aside) as progress:
        training = train_head(
            manifest,
            out,
            model=base,
            layer=layer,
            kind=head,
            folds=folds,
            label_map=renamed,
            labels=wanted,
            seed=seed,
            terms=terms,
            overwrite=replace,
            remark=remark,
            progress=progress,
        )
    tell_training(training, out, as_json=as_json, chose_base=model is not None)


def _bars(aside: "Console") -> "AbstractContextManager[Callable[[str, float], None]]":
    from voxcor.cli.progress import stage_bars

    titles = {
        "embeddings": say("Listening", "正在提取特征"),
        "audio": say("Preparing audio", "正在准备音频"),
        "training": say("Training", "正在训练"),
        "export": say("Writing the model", "正在写入模型"),
    }
    return stage_bars(aside, titles)


def _remark(aside: "Console", problems: "Sequence[RowProblem]") -> None:
    from voxcor.evaluation.report.files import remarks

    for line in remarks(problems):
        aside.print(line, style="yellow", soft_wrap=True)


def _require(fits: bool, option: str, method: str) -> None:
    if not fits:
        raise UsageError(
            reason_en=f"{option} goes with --method {method}.",
            reason_zh=f"{option} 只能与 --method {method} 一起使用。",
        )
