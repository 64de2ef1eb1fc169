"""`voxcor stream [FILE|-]`."""

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.options import LabelsOption, ModelOption, RelativeToOption, labels_meant
from voxcor.errors import UsageError
from voxcor.language import say
from voxcor.sources import STDIN

if TYPE_CHECKING:
    from voxcor.audio.decoders import Details
    from voxcor.cli.live import LiveScreen
    from voxcor.stream.events import Reason
    from voxcor.stream.live_audio import LiveBlock
    from voxcor.stream.session import Session

HELP = say(
    "Recognise emotion live, from the microphone, a pipe or a file.",
    "实时识别情感：麦克风、管道或文件。",
)


def stream(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|-]",
            help=say(
                "A recording to play through, or - for s16le 16 kHz mono on standard input; "
                "the microphone where neither is given.",
                "要播放的录音文件，或 - 表示标准输入（s16le、16 kHz、单声道）；"
                "都不给出则使用麦克风。",
            ),
            show_default=False,
        ),
    ] = None,
    model: ModelOption = None,
    labels: LabelsOption = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="RULE",
            help=say(
                'Watch a rule, such as "angry > 0.6 for 3 s"; may be repeated. '
                "The saved rules are watched as well.",
                '监测一条规则，如 "angry > 0.6 for 3 s"；可重复使用。已保存的规则同样会被监测。',
            ),
            show_default=False,
        ),
    ] = None,
    relative_to: RelativeToOption = None,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast",
            help=say("Do not wait for a file to be spoken.", "处理文件时不按实际播放速度等待。"),
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help=say("Print events as JSON Lines.", "以 JSON Lines 输出事件。"),
        ),
    ] = False,
) -> None:
    from voxcor.audio.quality import describe_warning
    from voxcor.cli.console import open_console
    from voxcor.cli.live import JsonEvents, LiveTerminal, UtteranceLines, is_terminal
    from voxcor.cli.view import notice
    from voxcor.recognizer import Recognizer
    from voxcor.rules.book import RuleBook
    from voxcor.rules.grammar import parse
    from voxcor.settings import Settings
    from voxcor.stream.session import Session, SessionOptions

    settings = Settings()
    recognizer = Recognizer(model or settings.model, threads=settings.threads)
    chosen = labels_meant(labels, recognizer.labels)
    known = recognizer.labels if chosen is None else chosen
    own = [parse(text, known) for text in rules or ()]
    saved = [entry.rule for entry in RuleBook(settings.home).all()]
    watched = [rule for rule in saved if {*rule.labels} <= {*known}]
    options = SessionOptions(labels=chosen, rules=(*watched, *own), relative_to=relative_to)
    session = Session(recognizer, options)
    screen: LiveScreen = (
        JsonEvents() if as_json else LiveTerminal() if is_terminal() else UtteranceLines()
    )
    noticed: dict[str, Details] = {}
    with screen:
        screen.show(session.created)
        _listen(session, _blocks(source, fast, noticed), screen)
    aside = open_console(stderr=True)
    aside.print(notice(recognizer.model), style="dim", soft_wrap=True)
    for code, details in noticed.items():
        aside.print(f"⚠ {describe_warning(code, details)}", style="yellow", soft_wrap=True)


def _listen(session: "Session", blocks: "Iterator[LiveBlock]", screen: "LiveScreen") -> None:
    """Feeds the session until the audio ends or the listener has had enough."""
    from voxcor.frames import SAMPLE_RATE
    from voxcor.stream.session import Pace

    pace = Pace()
    reason: Reason = "end_of_audio"
    try:
        for block in blocks:
            late_s = 0.0
            if block.arrived is not None:
                duration = len(block.samples) / SAMPLE_RATE
                late_s = time.monotonic() - pace.due(duration, block.arrived)
            for event in session.feed(block.samples, interims=late_s <= session.interval):
                screen.show(event)
            screen.show_samples(block.samples)
    except KeyboardInterrupt:
        reason = "client_request"
    except BaseException:
        with suppress(Exception):
            for event in session.close("error"):
                screen.show(event)
        raise
    for event in session.close(reason):
        screen.show(event)


def _blocks(source: str | None, fast: bool, noticed: "dict[str, Details]") -> "Iterator[LiveBlock]":
    from voxcor.stream.live_audio import microphone, pipe, played

    if source not in (None, STDIN):
        return played(source, name=source, fast=fast, noticed=noticed)
    if fast:
        raise UsageError(
            reason_en="--fast is for files; what is live comes when it comes.",
            reason_zh="--fast 仅用于文件；实时音频无法加速。",
        )
    return microphone() if source is None else pipe(sys.stdin.buffer)
