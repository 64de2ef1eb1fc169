"""`voxcor library enrol`: how a person usually sounds."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.library.options import JsonOption, recognizer_of
from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from voxcor.library.enrolment import Enrolled

HELP = say(
    "Keep how a person usually sounds, for --relative-to: from recordings of their ordinary voice.",
    "登记一个人平常的声音，供 --relative-to 参照：使用其平常说话的录音。",
)


def enrol(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help=say("Who it is.", "此人的名字。"), show_default=False),
    ],
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help=say(
                "Recordings in which nobody else speaks, folders or patterns of them.",
                "只有此人说话的录音、录音文件夹或通配符。",
            ),
            show_default=False,
        ),
    ] = None,
    speaker: Annotated[
        bool,
        typer.Option(
            "--speaker",
            help=say(
                "All that the speaker of this name says in the library.",
                "使用库中该名字的说话人说过的所有内容。",
            ),
        ),
    ] = False,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.errors import UsageError
    from voxcor.library.enrolment import enrol as enrol_person
    from voxcor.library.enrolment import enrol_speaker
    from voxcor.library.store import Library
    from voxcor.people.book import People
    from voxcor.settings import Settings

    if speaker == bool(sources):
        raise UsageError(
            reason_en="Give recordings of them, or --speaker to take them from the library.",
            reason_zh="请给出此人的录音，或用 --speaker 从库中取得。",
        )
    people = People(Settings().home)
    if sources:
        enrolled = enrol_person(people, name, sources, recognizer_of(model)())
    else:
        enrolled = enrol_speaker(people, name, Library.open(), model)
    _show(enrolled, as_json)
    if enrolled.failures:
        raise typer.Exit(1)


def _show(enrolled: "Enrolled", as_json: bool) -> None:
    from voxcor.labels import get_label
    from voxcor.timeline import top
    from voxcor.untrusted import printable

    for failure in enrolled.failures:
        if as_json:
            print(json.dumps(failure.to_document(), ensure_ascii=False))
        print(f"voxcor: {failure.message} ({failure.code})", file=sys.stderr)
    if as_json:
        print(json.dumps(enrolled.to_document(), ensure_ascii=False))
        return
    known, new = enrolled.baseline, enrolled.new
    emotion, share = top(dict(known.scores))
    label, name = get_label(emotion), printable(known.to)
    usual = f"{label.emoji} {label.name} {share:.0%}"
    print(
        say(
            f"{name}: {known.utterances} utterances, {known.seconds:.1f} s, {new} new. "
            f"To {enrolled.model.id} their ordinary voice is {usual}.",
            f"{name}：{known.utterances} 个语段，{known.seconds:.1f} 秒，新增 {new} 个。"
            f"{enrolled.model.id} 将其平常声音识别为 {usual}。",
        )
    )
