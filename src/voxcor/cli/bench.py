"""`voxcor bench`: how fast this machine is, with each model that is installed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.options import ReportJsonOption
from voxcor.language import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from voxcor.evaluation.speed import Timing

HELP = say(
    "Measure the speed of models on this machine, and beside FunASR where you have it.",
    "测量各模型在本机上的速度；如已安装 FunASR，可与之对比。",
)


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help=say(
                "Models to measure; default: all that are installed.",
                "要测量的模型；默认测量所有已安装的模型。",
            ),
            show_default=False,
        ),
    ] = None,
    funasr: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help=say(
                "Measure FunASR, too, on this folder of its own (config.yaml, model.pt).",
                "同时测量 FunASR，使用此 FunASR 模型文件夹（config.yaml、model.pt）。",
            ),
            show_default=False,
        ),
    ] = None,
    rounds: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help=say("Turns of each at each length.", "每种时长下各自运行的次数。"),
        ),
    ] = 5,
    as_json: ReportJsonOption = False,
) -> None:
    from voxcor.cli.console import open_console
    from voxcor.evaluation.speed import (
        FUNASR,
        Side,
        compare,
        funasr_side,
        model_side,
        peak_gigaflops,
    )
    from voxcor.inference.session import available_cores
    from voxcor.models.store import installed
    from voxcor.settings import Settings

    settings = Settings()
    threads = settings.threads or available_cores()
    sides: dict[str, tuple[str, Side]] = {}
    if funasr is not None:
        sides[FUNASR] = funasr_side(funasr)
    for model in models or installed():
        sides[model] = model_side(model, threads)
    aside = open_console(stderr=True)
    with aside.status(say("Measuring …", "正在测量……")):
        peak = peak_gigaflops(threads)
        timings = list(compare(sides, rounds=rounds))
    if as_json:
        _print_json(timings, peak, threads, settings.provider)
        return
    console = open_console()
    console.print(_table(timings))
    console.print(
        say(
            f"{threads} threads, provider {settings.provider}; fp32 matrix products: "
            f"{peak:.0f} GFLOP/s.",
            f"{threads} 线程，运行后端 {settings.provider}；fp32 矩阵乘法：{peak:.0f} GFLOP/s。",
        )
    )


def _table(timings: "Sequence[Timing]") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(say("model", "模型"))
    table.add_column(say("precision", "精度"))
    for name in (say("clip", "音频"), say("compute", "计算"), say("x real time", "实时倍数")):
        table.add_column(name, justify="right")
    compared = any(timing.ratio is not None for timing in timings)
    if compared:
        table.add_column(say("x FunASR", "FunASR 倍数"), justify="right")
    for timing in timings:
        table.add_row(
            timing.side,
            timing.precision,
            f"{timing.seconds} s",
            f"{timing.median_s:.3f} s",
            f"{timing.times_real_time:.1f}",
            *([f"{timing.ratio:.2f}" if timing.ratio is not None else ""] if compared else []),
        )
    return table


def _print_json(timings: "Sequence[Timing]", peak: float, threads: int, provider: str) -> None:
    from dataclasses import asdict

    from voxcor.result_folder import to_json

    document = {
        "peak_gigaflops": round(peak, 1),
        "threads": threads,
        "provider": provider,
        "timings": [
            {**asdict(timing), "times_real_time": round(timing.times_real_time, 2)}
            for timing in timings
        ],
    }
    print(to_json(document))
