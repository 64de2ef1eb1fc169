"""`voxcor evaluate MANIFEST`."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxcor.cli.options import (
    LabelMapOption,
    ModelOption,
    ReportJsonOption,
    TrimOption,
    labels_meant,
)
from voxcor.language import say

if TYPE_CHECKING:
    from rich.console import Console

    from voxcor.datasets.labelled import RowProblem
    from voxcor.evaluation.measurement import Evaluation
    from voxcor.models.store import ModelFolder
    from voxcor.results import Failure

HELP = say("Measure a model on labelled recordings.", "在带标签的录音上评测模型。")


def evaluate(
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
    model: ModelOption = None,
    label_map: LabelMapOption = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="a,b,c",
            help=say(
                "Only clips of these labels, and choose among them only.",
                "仅评测这些标签的语音，且只在其中选择。",
            ),
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help=say(
                "Break down by this column too, or by speaker.",
                "另按此列（或按 speaker）分组统计。",
            ),
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=say("Only rows whose column split says this.", "仅评测 split 列为此值的行。"),
            show_default=False,
        ),
    ] = None,
    stress: Annotated[
        bool,
        typer.Option(
            "--stress",
            help=say(
                "Measure again under noise, codecs, a room, clipping and low volume.",
                "在噪声、编解码、远场、削波与低音量条件下重新评测。",
            ),
        ),
    ] = False,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help=say(
                "Store the temperature that fits these clips in the model; "
                "take clips it was not trained on.",
                "将适合这些语音的温度写入模型；应使用未参与训练的语音。",
            ),
        ),
    ] = False,
    trim: TrimOption = True,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help=say("Save a folder with the report in this folder.", "报告文件夹的保存位置。"),
        ),
    ] = Path("outputs"),
    save: Annotated[
        bool,
        typer.Option("--save/--no-save", help=say("Save a report at all.", "是否保存报告。")),
    ] = True,
    as_json: ReportJsonOption = False,
) -> None:
    from voxcor.cli.console import open_console
    from voxcor.cli.progress import recognition_bar
    from voxcor.cli.view import notice
    from voxcor.datasets.manifest import parse_label_map, read_manifest
    from voxcor.datasets.splits import check_split_column
    from voxcor.errors import EmbeddingsOnly, UsageError
    from voxcor.evaluation.dimensions import check_ratings
    from voxcor.evaluation.measurement import count_recognitions
    from voxcor.evaluation.measurement import evaluate as measure
    from voxcor.evaluation.report.files import has_losses, to_document
    from voxcor.evaluation.report.files import save as save_report
    from voxcor.models.store import find_model
    from voxcor.models.trained_on import trained_on
    from voxcor.recognizer import Recognizer
    from voxcor.result_folder import to_json
    from voxcor.settings import Settings

    settings = Settings()
    folder = find_model(model or settings.model)
    if not folder.card.labels:
        raise EmbeddingsOnly(model=folder.card.id)
    chosen = labels_meant(labels, folder.card.labels)
    if calibrate and chosen is not None:
        raise UsageError(
            reason_en="--calibrate is for all labels of the model; leave --labels out.",
            reason_zh="--calibrate 针对模型的全部标签，请不要同时使用 --labels。",
        )
    competing = chosen or folder.card.labels
    found = read_manifest(manifest, label_map=parse_label_map(label_map or ()), labels=competing)
    found = check_ratings(check_split_column(found))
    aside = open_console(stderr=True)
    _remark(found.problems, aside)

    recognizer = Recognizer(model or settings.model, threads=settings.threads)
    with recognition_bar(aside) as bar:
        task = bar.add_task("", total=count_recognitions(found, split, stress))
        evaluation = measure(
            recognizer,
            found,
            source=str(manifest),
            labels=chosen,
            by=by or (),
            split=split,
            trim=trim,
            stress=stress,
            trained_on=trained_on(folder),
            advance=lambda: bar.advance(task),
        )
    saved = save_report(evaluation, out) if save else None
    if as_json:
        print(to_json(to_document(evaluation)))
    else:
        _show(evaluation, saved)
    _remark(evaluation.failures, aside)
    if recognizer.model.fallback:
        aside.print(notice(recognizer.model), style="dim", soft_wrap=True)
    if calibrate:
        _calibrate(evaluation, folder, aside)
    if has_losses(evaluation):
        raise typer.Exit(1)


def _calibrate(evaluation: "Evaluation", folder: "ModelFolder", aside: "Console") -> None:
    """Stores the temperature that fits what was measured."""
    from voxcor.errors import UsageError
    from voxcor.evaluation.calibration import store_temperature

    if evaluation.trained_clips:
        raise UsageError(
            reason_en="--calibrate needs clips that the model was not trained on. "
            "Nothing was stored.",
            reason_zh="--calibrate 需要模型未曾训练过的语音。未写入任何内容。",
        )
    if evaluation.calibration is None:
        raise UsageError(
            reason_en="Too few clips to fit a temperature.", reason_zh="语音过少，无法拟合温度。"
        )
    card = store_temperature(folder, evaluation.calibration)
    aside.print(
        say(
            f"{card.id} answers with temperature {card.temperature:.3f} from now on.",
            f"{card.id} 今后将使用温度 {card.temperature:.3f}。",
        )
    )


def _show(evaluation: "Evaluation", saved: Path | None) -> None:
    """The tables of the report, and where the whole of it lies."""
    from voxcor.cli.console import open_console
    from voxcor.cli.tables import show_table
    from voxcor.evaluation.report.tables import about_training, headline, preprocessing, tables

    console = open_console()
    console.print(str(headline(evaluation)), style="bold", soft_wrap=True)
    console.print(str(preprocessing(evaluation)), style="dim")
    if flatters := about_training(evaluation):
        console.print(str(flatters), style="yellow", soft_wrap=True)
    for table in tables(evaluation):
        console.print()
        show_table(console, table)
    if saved is not None:
        console.print(say(f"\nReport: {saved}/", f"\n报告：{saved}/"), soft_wrap=True)


def _remark(found: "Iterable[RowProblem | Failure]", aside: "Console") -> None:
    from voxcor.evaluation.report.files import remarks

    for line in remarks(found):
        aside.print(line, style="yellow", soft_wrap=True)
