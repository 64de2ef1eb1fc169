"""`voxcor train MANIFEST --method full`: what is shown of it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from voxcor.language import say

if TYPE_CHECKING:
    from rich.console import Console

    from voxcor.datasets.labelled import RowProblem
    from voxcor.language import Both
    from voxcor.training.full import FullProgress, Trained
    from voxcor.training.options import FullOptions
    from voxcor.training.state import Epoch


def train_full(
    manifest: Path,
    out: Path,
    *,
    model: str,
    label_map: Mapping[str, str],
    labels: Sequence[str] | None,
    options: "FullOptions",
    terms: str | None,
    overwrite: bool,
    as_json: bool,
    aside: "Console",
    remark: "Callable[[Sequence[RowProblem]], None]",
    progress: "FullProgress",
) -> None:
    """Trains, tells each epoch as it ends, and shows what came out."""
    from voxcor.cli.train_view import invite
    from voxcor.training.full import train_full_manifest
    from voxcor.training.head import has_losses

    def tell(epoch: "Epoch") -> None:
        aside.print(_line(epoch), style="dim")

    trained = train_full_manifest(
        manifest,
        out,
        model=model,
        label_map=label_map,
        labels=labels,
        options=options,
        terms=terms,
        overwrite=overwrite,
        remark=remark,
        on_epoch=tell,
        progress=progress,
    )
    if as_json:
        from voxcor.training.finetuned import REPORT_FILE

        print((out / REPORT_FILE).read_text(encoding="utf-8"), end="")
    else:
        _show(trained)
    invite(trained.folder, _warning(trained))
    if has_losses(trained.problems):
        raise typer.Exit(1)


def _line(epoch: "Epoch") -> str:
    return say(
        f"Epoch {epoch.number:3}   loss {epoch.loss:.3f}   "
        f"held out: UA {100 * epoch.ua:.1f} %, WA {100 * epoch.wa:.1f} %",
        f"第 {epoch.number:3} 轮   损失 {epoch.loss:.3f}   "
        f"留出集：UA {100 * epoch.ua:.1f}%，WA {100 * epoch.wa:.1f}%",
    )


def _show(trained: "Trained") -> None:
    """The epoch that was kept, and how to use the model."""
    metrics, labels = trained.card.metrics, ", ".join(trained.card.labels)
    heard, held = metrics["training.clips"], metrics["validation.clips"]
    print(
        say(
            f"Trained on {heard} clips, held out {held}; kept:",
            f"训练语音 {heard} 条，留出 {held} 条；保留：",
        )
    )
    print(_line(trained.best))
    print(
        say(
            f"Labels: {labels}. Temperature: {trained.card.temperature:.2f}",
            f"标签：{labels}。温度：{trained.card.temperature:.2f}",
        )
    )
    print(say(f"Model: {trained.folder}/", f"模型：{trained.folder}/"))


def _warning(trained: "Trained") -> "Both | None":
    from voxcor.training.report import about_worse

    before, best = trained.before, trained.best
    if before is None or not trained.worse:
        return None
    base = (trained.card.source.repository or "").partition("@")[0]
    return about_worse(base, (before.wa, before.ua), (best.wa, best.ua))
