"""`voxcor models list|pull|add|verify|remove`."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from voxcor.language import say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxcor.models.cards import Card
    from voxcor.models.install import InstallProgress, InstallStage
    from voxcor.models.verify import NotCompared

# oruk-bench 2026 (a vendor's run): 64,384 clips, 20 languages; CREMA-D is acted English.
_WHICH_FIRST_EN = (
    "To begin with, on a CPU: voxcor models pull plus-base. It is 57 % of the size of plus-large "
    "and answers about as well (68.5 against 68.6 % of 64,384 clips in 20 languages, oruk-bench "
    "2026, a vendor's run); plus-large is ahead on some kinds of speech (CREMA-D: 73.8 against "
    "65.8 %)."
)
_WHICH_FIRST_ZH = (
    "用 CPU 时建议先安装：voxcor models pull plus-base。其大小为 plus-large 的 57%，准确率相近"
    "（oruk-bench 2026，某厂商的测试，20 种语言 64,384 条：68.5% 与 68.6%）；"
    "plus-large 在部分语音上更好（CREMA-D：73.8% 与 65.8%）。"
)

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
    from voxcor.models.listing import list_models as rows_of_models

    rows = list(rows_of_models())
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    from rich.table import Table

    from voxcor.cli.streams import open_console

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say("MODEL", "模型"), overflow="fold")
    for title in (
        say("STATE", "状态"),
        say("SIZE", "大小"),
        say("PRECISION", "精度"),
        say("LABELS", "标签"),
        say("WEIGHTS", "权重"),
    ):
        table.add_column(title, no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row), style=None if row["installed"] else "dim")
    open_console().print(table)
    for row in rows:
        if row["problem"]:
            _tell(f"voxcor: {row['problem']}")
        if row["standing"] == "unchecked" and row["caution"]:
            _tell(say(f"{row['id']}: {row['caution']}", f"{row['id']}：{row['caution']}"))
    if not any(row["installed"] for row in rows if row["download_bytes"]):
        _tell(say(_WHICH_FIRST_EN, _WHICH_FIRST_ZH))


@app.command(help=say("Download and install a model.", "下载并安装模型。"))
def pull(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="plus-large, plus-base, plus-seed, base-finetuned, base",
            show_default=False,
        ),
    ],
    hub: Annotated[
        Literal["modelscope", "huggingface"] | None,
        typer.Option(
            help=say(
                "Where to download from; default: the hub near the language you use.",
                "下载平台;默认按所用语言选择较近的平台。",
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
                "不下载,改为安装该 model.pt 文件,或该文件夹中的 model.pt。",
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
                "int8 快数倍,体积为四分之一;由 fp32 量化而成,"
                "与之比较合格后才提供,名为 MODEL-int8。",
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
                "用于 int8:校准和比较所用的录音文件夹;默认仅用模型平台的示例音频,时长很短。",
            ),
            show_default=False,
        ),
    ] = None,
) -> None:
    # ModelScope's client draws its own bar and cannot be told not to; tqdm reads this on import.
    os.environ["TQDM_DISABLE"] = "1"
    from voxcor.models import pull as pulling
    from voxcor.models.store import folder_of, name_of

    recordings = _speech(speech) if speech else []
    with _progress_bar(model) as progress:
        card = pulling.pull(
            model,
            hub=hub,
            source=source,
            precision=precision,
            speech=recordings,
            progress=progress,
        )
    folder = folder_of(name_of(model, precision))
    print(say(f"Installed {card.title}", f"已安装 {card.title}") + f": {folder}")
    for line in (*_provenance(card), *_agreement(card)):
        _tell(f"  {line}")


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
    from voxcor.models.store import folder_of, name_of

    recordings = _speech(speech) if speech else []
    with _progress_bar(name or folder.name) as progress:
        card = adding.add(
            folder,
            name,
            precision=precision,
            speech=recordings,
            overwrite=overwrite,
            progress=progress,
        )
    installed_name = name_of(card.id, card.precision)
    print(
        say(f"Installed {installed_name}", f"已安装 {installed_name}")
        + f": {folder_of(installed_name)}"
    )
    for line in (*_provenance(card), *_agreement(card)):
        _tell(f"  {line}")


@app.command(
    help=say(
        "Check an installed model: its files, that it runs, that it gives the published scores.",
        "检查已安装的模型:核对文件,试运行,并与官方公布的分数比较。",
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
                "模型平台的示例音频 example/test.wav(安装时未附带该音频的模型需要)。",
            ),
            show_default=False,
        ),
    ] = None,
) -> None:
    from voxcor.models.verify import verify as verify_model

    found = verify_model(model, clip=clip)
    name = found.model.name
    files = say(", ", "、").join(found.files)
    print(say(f"{name}: files as installed: {files}", f"{name}:文件与安装时一致:{files}"))
    print(say(f"{name}: runs, {found.frames} frames", f"{name}:可以运行,{found.frames} 帧"))
    if found.difference is not None:
        print(
            say(
                f"{name}: gives the published scores: "
                f"they differ by at most {found.difference:.1e}, allowed {found.allowed:.0e}",
                f"{name}:与官方公布的分数一致:"
                f"最大相差 {found.difference:.1e},允许 {found.allowed:.0e}",
            )
        )
    if found.not_compared is not None:
        reason = _why_not_compared(found.not_compared)
        print(say(f"{name}: scores not compared: {reason}", f"{name}:未比较分数:{reason}"))


@app.command(
    help=say("Remove a model and what was downloaded of it.", "删除模型及其已下载的内容。")
)
def remove(model: Annotated[str, typer.Argument(metavar="MODEL", show_default=False)]) -> None:
    from voxcor.models import store

    folder = store.folder_of(model)
    freed = _size(store.remove(model))
    print(
        say(f"Removed {model} ({folder}), {freed} freed", f"已删除 {model}({folder}),释放 {freed}")
    )


def _cells(row: Mapping[str, Any]) -> list[str]:
    if row["problem"]:
        state = say("damaged", "已损坏")
    else:
        state = say("installed", "已安装") if row["installed"] else "-"
    size = "-"
    if row["bytes"]:
        size = _size(row["bytes"])
    elif row["download_bytes"]:
        size = say("download ", "下载 ") + _size(row["download_bytes"])
    weights = _standing(row["standing"]) if row["standing"] else "-"
    labels = str(len(row["labels"])) if row["labels"] else say("none", "无")
    return [row["id"], state, size, row["precision"] or "-", labels, weights]


def _standing(standing: str) -> str:
    return {
        "official": say("official", "官方"),
        "unchecked": say("not checked", "未核对"),
        "unofficial": say("unofficial", "非官方"),
    }[standing]


def _provenance(card: "Card") -> tuple[str, ...]:
    from voxcor.models.cards import OFFICIAL, standing_of

    standing = standing_of(card)
    weights = _standing(standing)
    published = OFFICIAL.get(card.id)
    if standing == "unofficial":
        weights += say(", and every result will say so", "，所有结果都会注明")
    elif standing == "unchecked" and published:
        weights = say(published.caution_en, published.caution_zh) or weights
    return (
        say("weights: ", "权重：") + weights,
        say("source: ", "来源：") + (card.source.repository or card.source.file),
        say("sha256: ", "sha256：") + card.sha256,
        say("licence: ", "许可：") + card.licence,
    )


def _agreement(card: "Card") -> tuple[str, ...]:
    """What was measured of an int8 model; nothing of another."""
    from voxcor.models.agreement import ENOUGH_S

    found = {
        name.removeprefix("int8."): value
        for name, value in card.metrics.items()
        if name.startswith("int8.")
    }
    if not found:
        return ()
    speech_s, pieces = found["speech_s"], int(found["pieces"])
    lines = [
        say(
            f"int8 beside fp32, on {speech_s:.0f} s of speech (pieces: {pieces}): "
            f"embeddings differ by {found['embedding_mean']:.1%} of their length",
            f"int8 与 fp32 比较({speech_s:.0f} 秒语音,{pieces} 个片段):"
            f"特征向量相差其长度的 {found['embedding_mean']:.1%}",
        )
    ]
    if "top1" in found:
        lines.append(
            say(
                f"the same first label in {found['top1']:.1%} of the pieces, "
                f"scores differ by {found['score_mean']:.4f} on average, "
                f"{found['score_max']:.4f} at most",
                f"{found['top1']:.1%} 的片段首选标签相同,"
                f"分数平均相差 {found['score_mean']:.4f},最大 {found['score_max']:.4f}",
            )
        )
    if speech_s < ENOUGH_S:
        lines.append(
            say(
                f"that is under {ENOUGH_S:.0f} s of speech and says little; "
                "measure on recordings of your own with --speech PATH",
                f"语音不足 {ENOUGH_S:.0f} 秒,说明不了多少;请用 --speech PATH 在自己的录音上比较",
            )
        )
    return tuple(lines)


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


def _why_not_compared(code: "NotCompared") -> str:
    return {
        "no_published_scores": say(
            "nobody has published scores for this model", "该模型没有公布的分数"
        ),
        "unofficial": say("these are not the published weights", "该模型使用的不是官方发布的权重"),
        "other_labels": say(
            "its labels are not those of the published scores", "其标签与官方公布分数的标签不同"
        ),
        "no_clip": say(
            "the example clip is not here, give it with --clip PATH",
            "缺少示例音频,请用 --clip PATH 指定",
        ),
    }[code]


@contextmanager
def _progress_bar(model: str) -> Iterator["InstallProgress"]:
    """A bar for each stage of a pull, on a terminal only."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    from voxcor.cli.streams import open_console

    titles: Mapping[InstallStage, str] = {
        "download": say(f"Downloading {model}", f"正在下载 {model}"),
        "convert": say(f"Converting {model}", f"正在转换 {model}"),
        "int8": say(f"Making int8 of {model}", f"正在生成 {model} 的 int8 版本"),
    }
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=open_console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    with bar:
        tasks = {}

        def progress(stage: "InstallStage", share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(titles[stage], total=1.0)
            bar.update(tasks[stage], completed=share)

        yield progress


def _size(count: int) -> str:
    """Bytes for people, in powers of ten as the hubs count."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _tell(message: str) -> None:
    print(message, file=sys.stderr)
