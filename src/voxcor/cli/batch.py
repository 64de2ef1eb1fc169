"""`voxcor batch SOURCE --out DIR`: an archive of recordings into one table."""

import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from voxcor.cli.options import ModelOption, with_recording_options
from voxcor.language import say
from voxcor.options import RecordingOptions

if TYPE_CHECKING:
    from rich.console import Console

    from voxcor.batch.items import Outcome
    from voxcor.batch.ledger import Counts
    from voxcor.batch.run import Batch
    from voxcor.results import Failure
    from voxcor.sources import PassedOver

# So many failures are named; the table has all.
_NAMED = 20

HELP = say(
    "Recognise an archive of recordings into one table; kill it, and go on with --resume.",
    "将大量录音识别为一张结果表；可随时中断，用 --resume 继续。",
)


@with_recording_options
def batch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help=say(
                "A folder, a pattern, a list (CSV, JSON, Parquet, Kaldi, paths) or a .zip.",
                "文件夹、通配模式、清单（CSV、JSON、Parquet、Kaldi、路径列表）或 .zip。",
            ),
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help=say("The folder of the batch.", "批处理的文件夹。"),
            show_default=False,
        ),
    ],
    options: RecordingOptions,
    table: Annotated[
        Literal["jsonl", "csv", "parquet"],
        typer.Option("--format", help=say("Format of the table of results.", "结果表的格式。")),
    ] = "jsonl",
    model: ModelOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help=say(
                "Recordings worked on at the same time; default: as many as there are cores.",
                "同时处理的录音数；默认与 CPU 核数相同。",
            ),
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            help=say(
                "ray spreads the work over a Ray cluster (RAY_ADDRESS).",
                "ray 将任务分布到 Ray 集群（RAY_ADDRESS）。",
            )
        ),
    ] = "local",
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help=say(
                "Go on with the batch in the folder; new recordings are added.",
                "继续文件夹中的批处理；新增的录音会加入。",
            ),
        ),
    ] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart",
            help=say(
                "Forget the batch in the folder and begin anew.",
                "清除文件夹中的批处理并重新开始。",
            ),
        ),
    ] = False,
) -> None:

    from voxcor.batch.run import run_batch
    from voxcor.cli.console import open_console
    from voxcor.errors import UsageError
    from voxcor.settings import Settings
    from voxcor.sources import PassedOver

    if resume and restart:
        raise UsageError(
            reason_en="Choose either --resume or --restart.",
            reason_zh="--resume 与 --restart 只能选其一。",
        )
    aside = open_console(stderr=True)
    stop = threading.Event()
    passed_over = PassedOver()

    def begin(counts: "Counts") -> None:
        if passed_over.count:
            aside.print(str(passed_over), style="yellow", soft_wrap=True)
        bar.begin(counts)

    with _Bar(aside) as bar, _stopping(stop, aside):
        done = run_batch(
            source,
            out,
            model=model or Settings().model,
            options=options,
            table=table,
            begin="resume" if resume else "restart" if restart else "new",
            engine=engine,
            workers=workers,
            stop=stop,
            passed_over=passed_over,
            on_begin=begin,
            on_outcome=bar.advance,
        )
    _tell(done, passed_over, bar.failures, aside)
    print(done.table)
    if done.counts.failed or done.channel_codes or done.counts.waiting:
        raise typer.Exit(1)


class _Bar:
    """A progress bar on a terminal: how many of how many, the rate, the time that remains."""

    def __init__(self, aside: "Console") -> None:
        from rich.progress import TextColumn

        from voxcor.cli.progress import recognition_bar

        self.failures: dict[int, Outcome] = {}  # by their places in the batch
        self._bar = recognition_bar(aside, TextColumn("{task.fields[rate]}"))
        self._task = self._bar.add_task("", total=None, rate="")

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def begin(self, counts: "Counts") -> None:
        self._bar.reset(
            self._task, total=counts.total, completed=counts.done + counts.failed, rate=""
        )

    def advance(self, outcome: "Outcome") -> None:
        # What failed may be tried once more.
        self.failures.pop(outcome.position, None)
        if (outcome.failure or outcome.channel_failures) and len(self.failures) < _NAMED:
            self.failures[outcome.position] = outcome
        speed = self._bar.tasks[0].speed
        rate = say(f"{speed:.1f} a second", f"每秒 {speed:.1f} 条") if speed else ""
        self._bar.update(self._task, advance=1, rate=rate)


@contextmanager
def _stopping(stop: threading.Event, aside: "Console") -> Iterator[None]:
    """Within the block the first Ctrl-C, or SIGTERM, sets `stop`; the second one kills."""

    def handle(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.set()
        aside.print(say("Stopping after what is running …", "正在完成已开始的录音后停止……"))

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(
    done: "Batch", passed_over: "PassedOver", failures: "Mapping[int, Outcome]", aside: "Console"
) -> None:
    from voxcor.audio.quality import describe_warning
    from voxcor.cli import view

    counts = done.counts
    aside.print(
        say(
            f"{counts.done} of {counts.total} recognised, {counts.audio_s / 3600:.2f} h of audio.",
            f"已识别 {counts.done}/{counts.total} 条，音频共 {counts.audio_s / 3600:.2f} 小时。",
        )
    )
    if passed_over.count:
        aside.print(
            say(
                f"{passed_over.count} passed over, see above.",
                f"略过 {passed_over.count} 个，见上。",
            )
        )
    for failure in _failures(failures):
        aside.print(view.failure_line(failure), style="red", soft_wrap=True)
    if len(failures) == _NAMED:
        aside.print(say("The table has all of them.", "全部失败见结果表。"), style="red")
    for code, count in done.codes.items():
        aside.print(say(f"{count} failed: {code}", f"{count} 条失败：{code}"), style="red")
    for code, count in done.channel_codes.items():
        said = say(
            f"{count} channel{'s' * (count != 1)} without a result: {code}",
            f"{count} 个声道无结果：{code}",
        )
        aside.print(said, style="red")
    for code, count in done.warning_codes.items():
        # With what is known of each recording it is in the document of each.
        aside.print(f"⚠ {count} {code}: {describe_warning(code)}", style="yellow", soft_wrap=True)
    if counts.waiting:
        aside.print(
            say(
                f"{counts.waiting} still to do. Go on with the same command and --resume.",
                f"尚有 {counts.waiting} 条未处理。用相同命令加 --resume 继续。",
            )
        )
    model = say(f"Model: {done.model.id}", f"模型：{done.model.id}")
    said = f"{model} · {done.model.precision} · {view.notice(done.model)}"
    aside.print(said, style="dim", soft_wrap=True)
    sys.stderr.flush()


def _failures(outcomes: "Mapping[int, Outcome]") -> "Iterator[Failure]":
    from voxcor.results import Failure

    for _, outcome in sorted(outcomes.items()):
        if outcome.failure and not outcome.channel_failures:
            yield outcome.failure
        for failed in outcome.channel_failures:
            yield Failure("", failed.code, failed.message, failed.channel)
