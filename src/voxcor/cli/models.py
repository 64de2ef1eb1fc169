"""`voxcor models list|pull|add|verify|remove`."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from voxcor.cli.models_view import (
    agreement,
    cells,
    of_encoder,
    provenance,
    size,
    which_first,
    why_not_compared,
)
from voxcor.errors import UsageError
from voxcor.language import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from voxcor.models.cards import Card, Hub

# Columns from which the table of models fits with all it has.
_WIDE = 76

app = typer.Typer(
    name="models",
    help=say("The models on this machine.", "管理本机上的模型。"),
    no_args_is_help=True,
)


@app.command("list", help=say("List all models and what is installed.", "列出全部模型及安装情况。"))
def list_models(
    as_json: Annotated[
        bool,
        typer.Option("--json", help=say("One JSON line per model.", "每个模型输出一行 JSON。")),
    ] = False,
) -> None:
    from voxcor.models.encoders import list_encoders
    from voxcor.models.listing import list_models as rows_of_models

    rows = list(rows_of_models())
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    from rich.table import Table

    from voxcor.cli.console import open_console

    console = open_console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say("MODEL", "模型"), overflow="fold")
    titles = (
        say("STATE", "状态"),
        say("SIZE", "大小"),
        say("PRECISION", "精度"),
        say("LABELS", "标签"),
        say("WEIGHTS", "权重"),
    )
    # On a narrow terminal whether it is here, and how large it is; the rest is in --json.
    shown = len(titles) if console.width >= _WIDE else 2
    for title in titles[:shown]:
        table.add_column(title, no_wrap=True)
    for row in rows:
        table.add_row(*cells(row)[: 1 + shown], style=None if row["installed"] else "dim")
    console.print(table)
    for row in rows:
        if row["problem"]:
            _tell(f"voxcor: {row['problem']}")
        if row["standing"] == "unchecked" and row["caution"]:
            _tell(say(f"{row['id']}: {row['caution']}", f"{row['id']}：{row['caution']}"))
    if not any(row["installed"] for row in rows if row["download_bytes"]):
        _tell(which_first())
    for encoder in list_encoders():
        _tell(of_encoder(encoder))
        if encoder["problem"]:
            _tell(f"voxcor: {encoder['problem']}")


@app.command(help=say("Download and install a model.", "下载并安装模型。"))
def pull(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help=say(
                "plus-large, plus-base, plus-seed, base-finetuned, base; "
                "multilingual-minilm for words in the library",
                "plus-large、plus-base、plus-seed、base-finetuned、base；"
                "multilingual-minilm 用于声音库的文字检索",
            ),
            show_default=False,
        ),
    ],
    hub: Annotated[
        Literal["modelscope", "huggingface"] | None,
        typer.Option(
            help=say(
                "Where to download from; default: the hub near the language you use.",
                "下载平台；默认按所用语言选择较近的平台。",
            ),
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help=say(
                "Install this model.pt, or the one in this folder, instead of downloading.",
                "不下载，改为安装该 model.pt 文件，或该文件夹中的 model.pt。",
            ),
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        Literal["fp32", "int8"],
        typer.Option(
            help=say(
                "int8 is several times faster and a quarter of the size; it is made from fp32 and "
                "compared with it before it is offered, as MODEL-int8.",
                "int8 快数倍，体积为四分之一；由 fp32 量化而成，"
                "与之比较合格后才提供，名为 MODEL-int8。",
            ),
        ),
    ] = "fp32",
    speech: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help=say(
                "For int8: a folder of your recordings to calibrate on and to compare on; "
                "default: the hub's example clip, which is short.",
                "用于 int8：校准和比较所用的录音文件夹；默认仅用模型平台的示例音频，时长很短。",
            ),
            show_default=False,
        ),
    ] = None,
) -> None:
    # ModelScope's client draws its own bar and cannot be told not to; tqdm reads this on import.
    os.environ["TQDM_DISABLE"] = "1"
    from voxcor.models import pull as pulling
    from voxcor.models.encoders import ENCODERS
    from voxcor.models.store import name_of

    if model in ENCODERS:
        if precision != "fp32" or speech:
            raise UsageError(
                reason_en=f"{model} reads words: --precision and --speech are not for it.",
                reason_zh=f"{model} 不是语音模型，不能使用 --precision 和 --speech。",
            )
        _pull_encoder(model, hub, source)
        return
    recordings = _speech(speech) if speech else []
    with _bars(model) as progress:
        card = pulling.pull(
            model,
            hub=hub,
            source=source,
            precision=precision,
            speech=recordings,
            progress=progress,
        )
    _tell_installed(card, card.title, name_of(model, precision))


@app.command(
    help=say(
        "Install a model folder of your own, such as voxcor train makes, under a name.",
        "以指定名称安装自己的模型文件夹，例如 voxcor train 的输出。",
    ),
    short_help=say("Install a model folder of your own.", "安装自己的模型文件夹。"),
)
def add(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)],
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help=say("Default: the name of the folder.", "默认：文件夹的名称。"),
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        Literal["fp32", "int8"] | None,
        typer.Option(
            help=say(
                "int8 is made from the folder's fp32 and compared with it, and installed as "
                "NAME-int8; default: what the folder has.",
                "int8 由文件夹中的 fp32 量化而成，与之比较合格后安装为 NAME-int8；"
                "默认：文件夹本身的精度。",
            ),
            show_default=False,
        ),
    ] = None,
    speech: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help=say(
                "For int8: a folder of your recordings to calibrate on and to compare on.",
                "用于 int8：校准和比较所用的录音文件夹。",
            ),
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--replace",
            help=say("Take the place of a model with this name.", "替换同名的模型。"),
        ),
    ] = False,
) -> None:
    from voxcor.models import add as adding
    from voxcor.models.store import name_of

    recordings = _speech(speech) if speech else []
    with _bars(name or folder.name) as progress:
        card = adding.add(
            folder,
            name,
            precision=precision,
            speech=recordings,
            overwrite=overwrite,
            progress=progress,
        )
    name = name_of(card.id, card.precision)
    _tell_installed(card, name, name)


@app.command(
    help=say(
        "Check an installed model: its files, that it runs, that it gives the published scores.",
        "检查已安装的模型：核对文件，试运行，并与官方公布的分数比较。",
    ),
    short_help=say("Check an installed model.", "检查已安装的模型。"),
)
def verify(
    model: Annotated[str, typer.Argument(metavar="MODEL")] = "auto",
    clip: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help=say(
                "The hub's example/test.wav, for a model installed without it.",
                "模型平台的示例音频 example/test.wav（安装时未附带该音频的模型需要）。",
            ),
            show_default=False,
        ),
    ] = None,
) -> None:
    from voxcor.models.verify import verify as verify_model

    found = verify_model(model, clip=clip)
    name = found.model.name
    files = say(", ", "、").join(found.files)
    print(say(f"{name}: files as installed: {files}", f"{name}：文件与安装时一致：{files}"))
    print(say(f"{name}: runs, {found.frames} frames", f"{name}：可以运行，{found.frames} 帧"))
    if found.difference is not None:
        print(
            say(
                f"{name}: gives the published scores: "
                f"they differ by at most {found.difference:.1e}, allowed {found.allowed:.0e}",
                f"{name}：与官方公布的分数一致："
                f"最大相差 {found.difference:.1e}，允许 {found.allowed:.0e}",
            )
        )
    if found.not_compared is not None:
        reason = why_not_compared(found.not_compared)
        print(say(f"{name}: scores not compared: {reason}", f"{name}：未比较分数：{reason}"))


@app.command(
    help=say("Remove a model and what was downloaded of it.", "删除模型及其已下载的内容。")
)
def remove(model: Annotated[str, typer.Argument(metavar="MODEL", show_default=False)]) -> None:
    from voxcor.models import encoders, store

    if model in encoders.ENCODERS:
        folder = encoders.encoder_folder(model)
        freed = size(encoders.remove_encoder(model))
    else:
        folder = store.folder_of(model)
        freed = size(store.remove(model))
    print(
        say(
            f"Removed {model} ({folder}), {freed} freed",
            f"已删除 {model}（{folder}），释放 {freed}",
        )
    )


def _pull_encoder(encoder: str, hub: "Hub | None", source: Path | None) -> None:
    from voxcor.library.words.pulling import pull_encoder
    from voxcor.models.encoders import encoder_folder

    with _bars(encoder) as progress:
        card = pull_encoder(encoder, hub=hub, source=source, progress=progress)
    print(say(f"Installed {encoder}", f"已安装 {encoder}") + f": {encoder_folder(encoder)}")
    for line in (
        say("for: words in voxcor library search", "用途：voxcor library search 的文字检索"),
        say("weights: not checked", "权重：未核对"),
        say("source: ", "来源：") + (card.source.repository or card.source.file),
        say("licence: ", "许可：") + card.licence,
    ):
        _tell(f"  {line}")


def _speech(path: Path) -> "list[NDArray[np.float32]]":
    """The recordings in a folder, trimmed; what cannot be used is named and left out."""
    from voxcor.audio import decode, prepare
    from voxcor.errors import InputError
    from voxcor.results import Failure
    from voxcor.sources import PassedOver, expand

    found = []
    passed_over = PassedOver()
    for source in expand([str(path)], passed_over):
        if isinstance(source, Failure):
            _tell(f"voxcor: {source.message}")
            continue
        try:
            found.append(prepare(decode(source)).samples)
        except InputError as error:
            _tell(f"voxcor: {error}")
    if passed_over.count:
        _tell(str(passed_over))
    return found


def _bars(model: str) -> "AbstractContextManager[Callable[[str, float], None]]":
    from voxcor.cli.console import open_console
    from voxcor.cli.progress import stage_bars

    titles = {
        "download": say(f"Downloading {model}", f"正在下载 {model}"),
        "convert": say(f"Converting {model}", f"正在转换 {model}"),
        "int8": say(f"Making int8 of {model}", f"正在生成 {model} 的 int8 版本"),
        "fit": say("Reading the lexicon", "正在读取词典"),
    }
    return stage_bars(open_console(stderr=True), titles, transient=False)


def _tell_installed(card: "Card", called: str, name: str) -> None:
    """Where it lies now, and what is known of it."""
    from voxcor.models.store import folder_of

    print(say(f"Installed {called}", f"已安装 {called}") + f": {folder_of(name)}")
    for line in (*provenance(card), *agreement(card)):
        _tell(f"  {line}")


def _tell(message: str) -> None:
    print(message, file=sys.stderr)
