"""Options that several commands have: one name, one help text, everywhere."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, Any

import typer

from voxcor.errors import UsageError
from voxcor.labels import label_meant, own_label
from voxcor.language import say
from voxcor.options import Option, RecordingOptions, options_of, split_labels

ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help=say(
            "auto (the best one installed), an id of `voxcor models list`, or a model folder.",
            "auto（已安装的最佳模型）、`voxcor models list` 中的名称，或模型文件夹。",
        ),
        show_default="auto",
    ),
]

_WORDS = {name: option.words for name, option in options_of(RecordingOptions).items()}

TrimOption = Annotated[bool, typer.Option(help=say(_WORDS["trim"].en, _WORDS["trim"].zh))]

LabelsOption = Annotated[
    str | None,
    typer.Option(
        metavar="a,b,c",
        help=say(_WORDS["labels"].en, _WORDS["labels"].zh),
        show_default=False,
    ),
]

RelativeToOption = Annotated[
    str | None,
    typer.Option(
        metavar=_WORDS["relative_to"].values,
        help=say(_WORDS["relative_to"].en, _WORDS["relative_to"].zh),
        show_default=False,
    ),
]

LabelMapOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=LABEL",
        help=say(
            "Read a label of the manifest as another, as in calm=neutral.",
            "将清单中的标签视为另一标签，例如 calm=neutral。",
        ),
        show_default=False,
    ),
]

ReportJsonOption = Annotated[
    bool,
    typer.Option("--json", help=say("Print the report as JSON.", "以 JSON 输出报告。")),
]


def labels_meant(text: str | None, own: Sequence[str] = ()) -> tuple[str, ...] | None:
    """The labels that `a,b,c` names, a model's own where it is known; None for all.

    Raises:
        UsageError: it names none.
    """
    named = _named_labels(text)
    return named and tuple(own_label(label, own) or label_meant(label) for label in named)


def _named_labels(text: str | None) -> tuple[str, ...] | None:
    named = None if text is None else split_labels(text)
    if named == ():
        raise UsageError(
            reason_en="--labels names no label; leave it out for all of them.",
            reason_zh="--labels 没有给出任何标签；若要全部标签，请不要使用该选项。",
        )
    return named


def with_recording_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of `RecordingOptions`.

    They stand where its own parameter `options` does, which is given the whole of them.
    """

    def made(chosen: dict[str, Any]) -> RecordingOptions:
        return RecordingOptions(**{**chosen, "labels": _named_labels(chosen["labels"])})

    shown = [_parameter(option) for option in options_of(RecordingOptions).values()]
    return with_options(command, "options", shown, made)


def with_options(
    command: Callable[..., None],
    name: str,
    shown: Sequence[inspect.Parameter],
    made: Callable[[dict[str, Any]], Any],
) -> Callable[..., None]:
    """The command with several options in the place of one of its parameters.

    Args:
        command: which.
        name: of its parameter.
        shown: the options.
        made: what the parameter is given, of the values of the options by their names.
    """

    @wraps(command)
    def with_them(**given: Any) -> None:
        chosen = {option.name: given.pop(option.name) for option in shown}
        command(**given, **{name: made(chosen)})

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        parameters += shown if parameter.name == name else [parameter]
    in_order = [parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in parameters]
    with_them.__signature__ = inspect.Signature(in_order)  # type: ignore[attr-defined]
    with_them.__annotations__ = {entry.name: entry.annotation for entry in in_order}
    return with_them


def _parameter(option: Option) -> inspect.Parameter:
    # An option that is off is turned on by its name; one that is on has an opposite.
    names = [f"--{option.name.replace('_', '-')}"] if option.default is False else []
    told = typer.Option(
        *names,
        help=say(option.words.en, option.words.zh),
        metavar=option.words.values or None,
        show_default=option.default is not None,
    )
    kind = str | None if option.name == "labels" else option.type
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=option.default,
        annotation=Annotated[kind, told],
    )
