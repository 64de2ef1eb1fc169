"""`voxcor recognize PATH...`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxcor.cli.options import ModelOption, with_recording_options
from voxcor.errors import DiskFull, InputError, NoSpeech, StorageError
from voxcor.language import say
from voxcor.options import RecordingOptions
from voxcor.results import Failure
from voxcor.sources import STDIN, PassedOver, expand

if TYPE_CHECKING:
    from voxcor.audio import DecodingOptions
    from voxcor.cli.screen import Screen
    from voxcor.recognizer import Recognizer
    from voxcor.results import Result
    from voxcor.steps import StepCallback

HELP = say("Recognise the emotion in recordings.", "识别录音中的情感。")


@with_recording_options
def recognize(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help=say(
                "Files, folders, patterns, or - for standard input.",
                "文件、文件夹、通配符，或 - 表示标准输入。",
            ),
            show_default=False,
        ),
    ],
    options: RecordingOptions,
    model: ModelOption = None,
    speakers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=say(
                "Who speaks when, an RTTM file or a CSV: segments say who felt what.",
                "说话人话轮（RTTM 或 CSV 文件）：每个语段注明说话人。",
            ),
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help=say(
                "Save a folder per result in this folder.", "每个结果在该文件夹中各存一个文件夹。"
            ),
        ),
    ] = Path("outputs"),
    save: Annotated[
        bool,
        typer.Option("--save/--no-save", help=say("Save results at all.", "是否保存结果。")),
    ] = True,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help=say("Print one JSON document per input.", "每个输入输出一行 JSON 文档。"),
        ),
    ] = False,
) -> None:
    from voxcor.cli.screen import JsonLines, Terminal
    from voxcor.recognizer import Recognizer
    from voxcor.result_folder import save as save_result
    from voxcor.settings import Settings

    settings = Settings()
    recognizer = Recognizer(model or settings.model, threads=settings.threads)
    passed_over = PassedOver()
    inputs = list(expand(paths, passed_over, raw=options.raw is not None))
    screen: Screen = (JsonLines if as_json else Terminal)(len(inputs))
    failed = False
    with screen:
        if passed_over.count:
            screen.remark(str(passed_over))
        for path in inputs:
            for outcome in _recognize(recognizer, path, options, speakers, screen.step):
                if isinstance(outcome, Failure):
                    failed = True
                    screen.show_failure(outcome)
                    continue
                saved = None
                if save:
                    try:
                        saved = save_result(outcome, out)
                    except StorageError as error:
                        failed = True
                        screen.complain(error)
                screen.show_result(outcome, str(path), saved)
            screen.advance()
    if failed:
        raise typer.Exit(1)


def _recognize(
    recognizer: "Recognizer",
    path: str | Failure,
    options: RecordingOptions,
    speakers: Path | None,
    progress: "StepCallback",
) -> Iterator["Result | Failure"]:
    """What comes of one input: one outcome, or one for each of its channels."""
    if isinstance(path, Failure):
        yield path
        return
    source, name = (sys.stdin.buffer, "<stdin>") if path == STDIN else (path, path)
    try:
        separate = options.channels == "separate"
        recordings = _channels(source, name, options.decoding) if separate else [(source, None)]
    except InputError as error:
        yield Failure.of(error, path)
        return
    for recording, channel in recordings:
        try:
            yield recognizer.recognize(
                recording,
                options,
                channel=channel,
                speakers=speakers,
                name=name,
                progress=progress,
            )
        except NoSpeech as error:
            yield Failure.of(error, path, channel)
        except (InputError, DiskFull) as error:
            # No other channel fares better.
            yield Failure.of(error, path)
            return


def _channels(source: Any, name: str, decoding: "DecodingOptions") -> list[tuple[Any, int]]:
    from voxcor.audio import decode, open_audio

    if not isinstance(source, str):  # a pipe cannot be read twice
        source = decode(source, name=name, options=decoding)
        return [(source, channel) for channel in range(source.channels)]
    with open_audio(source, name=name, options=decoding) as stream:
        return [(source, channel) for channel in range(stream.channels)]
