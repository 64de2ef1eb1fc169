"""Fine-tuning of a whole network, from an installed model to a model folder.

    train_full_manifest(Path("manifest.csv"), Path("mine"), model="plus-large")
    Recognizer("mine").recognize("call.wav")

The training lies in a hidden folder beside `out` while it runs; `out` appears when it is complete.
Started again with the same recordings and options, a training that was killed goes on.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Utterance, in_model_order, read_manifest, row_problem
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import replacing
from voxcor.errors import UsageError
from voxcor.evaluation.calibration import fit_temperature
from voxcor.evaluation.metrics import confusion_matrix, unweighted_accuracy, weighted_accuracy
from voxcor.extras import require_extra
from voxcor.models.cards import Card
from voxcor.models.family import Family, Weights, find_family
from voxcor.models.store import ModelFolder, find_model
from voxcor.models.trained_on import trained_on, write_trained_on
from voxcor.training.clips import Clips, prepare_clips
from voxcor.training.embeddings import fingerprint
from voxcor.training.finetuned import Finetuned, write_finetuned
from voxcor.training.folds import make_plan
from voxcor.training.model_folder import require_place
from voxcor.training.options import FullOptions
from voxcor.training.start import first_weights
from voxcor.training.state import Epoch, Position, claimed

if TYPE_CHECKING:
    from voxcor.models.trainable import TrainableNetwork


FullStage = Literal["audio", "training", "export"]
FullProgress = Callable[[FullStage, float], None]

# The epoch was chosen on the clips that the temperature is fitted on, all of them right perhaps:
# what would make the scores surer still is an accident.
_COLDEST = 0.5


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished fine-tuning: where its model lies, and how it went."""

    folder: Path
    card: Card
    epochs: tuple[Epoch, ...]
    best: Epoch
    before: Epoch | None  # the base on the same clips, as number 0; None where it has no such label
    problems: tuple[RowProblem, ...]  # what was wrong or doubtful, recordings left out among it

    @property
    def worse(self) -> bool:
        """Whether the base does better, by the mean of WA and UA, on the validation clips."""
        return _is_worse(self.before, self.best)


def train_full_manifest(
    manifest: Path,
    out: Path,
    *,
    model: str = "auto",
    label_map: Mapping[str, str] | None = None,
    labels: Sequence[str] | None = None,
    options: FullOptions | None = None,
    terms: str | None = None,
    overwrite: bool = False,
    remark: Callable[[Sequence[RowProblem]], None] = lambda _problems: None,
    on_epoch: Callable[[Epoch], None] = lambda _epoch: None,
    progress: FullProgress = lambda _stage, _share: None,
) -> Trained:
    """Fine-tunes a model on a manifest, holding out its own split or a fifth of its speakers.

    Args:
        manifest: what to learn, see `read_manifest`.
        out: as for `train_full`.
        model: what to begin with: `auto`, an id, or a model folder.
        label_map: see `read_manifest`.
        labels: see `read_manifest`.
        options: as for `train_full`, and so with what follows.
        terms: licence or terms of the recordings.
        overwrite: as for `train_full`.
        remark: is told what is wrong or doubtful as soon as it is known, once each.
        on_epoch: is told each epoch.
        progress: is told the stage and share of work.

    Raises:
        InputNotFound, InputUnreadable, ManifestError: there is nothing to train on.
        UnknownModel, ModelNotInstalled: see `find_model`.
        UsageError, CheckpointInvalid, ModelCorrupt, StorageError: see `train_full`.
    """
    options = options or FullOptions()
    require_place(out, overwrite=overwrite)
    base = find_model(model)
    found = read_manifest(manifest, label_map=label_map, labels=labels)
    remark(found.problems)
    clips, duplicates = fingerprint(found.utterances)
    remark(duplicates)
    utterances = [clip.utterance for clip in clips]
    plan, doubts = make_plan(utterances, folds=None, seed=options.seed, name=str(manifest))
    remark(doubts)
    fold = plan.folds[0]
    trained = train_full(
        [utterances[i] for i in fold.train],
        [utterances[i] for i in fold.held_out],
        model=base,
        out=out,
        options=options,
        terms=terms,
        overwrite=overwrite,
        remark=remark,
        on_epoch=on_epoch,
        progress=progress,
    )
    return replace(trained, problems=(*found.problems, *duplicates, *doubts, *trained.problems))


def train_full(
    training: Sequence[Utterance],
    validation: Sequence[Utterance],
    *,
    model: ModelFolder,
    out: Path,
    options: FullOptions | None = None,
    terms: str | None = None,
    overwrite: bool = False,
    remark: Callable[[Sequence[RowProblem]], None] = lambda _problems: None,
    on_epoch: Callable[[Epoch], None] = lambda _epoch: None,
    progress: FullProgress = lambda _stage, _share: None,
) -> Trained:
    """Fine-tunes a copy of `model` on labelled recordings.

    Args:
        training: what is learned from; its labels become the model's, those that `model` knows
            begin with its classifier's rows.
        validation: recordings of other people, on which the best epoch is chosen and the
            temperature fitted.
        model: in float32.
        out: the model folder to write.
        options: None for the defaults.
        terms: licence or terms of the recordings, for the card.
        overwrite: whether it may take the place of a model that an earlier training left there.
        remark: is told which recordings cannot be used, before the training begins.
        on_epoch: is told each epoch when it ends.
        progress: is told the stage of work and the share of it that is done, 0 to 1.

    Raises:
        ModelExists: `out` holds a model, and `overwrite` was not said.
        UsageError: torch is not installed (or peft, for LoRA); `out` holds something else, or was
            begun with other recordings or options; an option that makes no sense; fewer than two
            labels, or nothing to validate on; the training diverged.
        CheckpointInvalid: the body of `model` is no network of its family.
        ModelCorrupt, StorageError: its files cannot be read, or the new ones not written.
    """
    options = options or FullOptions()
    _require_packages(options)
    require_place(out, overwrite=overwrite)
    folder = out.with_name(f".{out.name}.training")
    labels = in_model_order(utterance.label for utterance in training)
    known = [utterance for utterance in validation if utterance.label in labels]
    start = first_weights(model, labels, options.seed, options.layer)
    options.require_sense(start.weights.architecture)
    with claimed(folder, _mark(model.card, options, training, known)):
        with storage_errors(folder):
            train_clips, held_out, unusable = _prepare(folder, training, known, labels, progress)
        problems = (*_foreign(validation, labels), *unusable)
        remark(problems)
        _require_enough(train_clips, held_out, labels)
        family, is_begun = find_family(model.card.family), start.is_begun
        network = family.make_network(start.weights, options.gradient_checkpointing)
        del start  # the file of its weights need not stay mapped
        learned = _learn(
            network,
            train_clips,
            held_out,
            options,
            family=family,
            is_begun=is_begun,
            folder=folder,
            on_epoch=on_epoch,
            progress=lambda share: progress("training", share),
        )
        progress("export", 0.0)
        finetuned = Finetuned(
            name=out.name,
            base=model.card,
            weights=learned.weights,
            labels=labels,
            options=options,
            epochs=learned.epochs,
            data_sha256=hashlib.sha256((train_clips.sha256 + held_out.sha256).encode()).hexdigest(),
            terms=terms,
            temperature=max(_COLDEST, fit_temperature(learned.logits, held_out.targets)),
            metrics=_metrics(learned, train_clips, held_out, options),
            worse=_is_worse(learned.before, learned.best),
        )
        needed = sum(tensor.nbytes for tensor in learned.weights.tensors.values())
        recordings, _ = fingerprint([*training, *known])
        with storage_errors(out, needed), replacing(out) as draft:
            require_place(out, overwrite=overwrite)
            card = write_finetuned(finetuned, draft)
            write_trained_on([clip.sha256 for clip in recordings], trained_on(model), draft)
    shutil.rmtree(folder, ignore_errors=True)
    progress("export", 1.0)
    return Trained(out, card, tuple(learned.epochs), learned.best, learned.before, problems)


@dataclass(frozen=True, slots=True)
class _Learned:
    """What the epochs came to: `logits` [N, L] are the best one's of the validation clips."""

    weights: Weights
    epochs: Sequence[Epoch]
    logits: NDArray[np.float64]
    before: Epoch | None

    @property
    def best(self) -> Epoch:
        return Position(epochs=[*self.epochs]).best


def _learn(
    network: "TrainableNetwork",
    train_clips: Clips,
    held_out: Clips,
    options: FullOptions,
    *,
    family: Family,
    is_begun: Sequence[bool],
    folder: Path,
    on_epoch: Callable[[Epoch], None],
    progress: Callable[[float], None],
) -> _Learned:
    """Measures the network as it is, then trains it; arguments as for `finetune`."""
    from voxcor.training.finetune import finetune, logits_of

    before = _before(logits_of(network, held_out, options.batch_size), held_out, is_begun)
    epochs, logits = finetune(
        network,
        train_clips,
        held_out,
        options,
        folder=folder,
        on_epoch=on_epoch,
        progress=progress,
    )
    weights = Weights(network.architecture, family.tensors_of(network))
    return _Learned(weights, epochs, logits, before)


def _metrics(
    learned: _Learned, train_clips: Clips, held_out: Clips, options: FullOptions
) -> dict[str, float]:
    best, before = learned.best, learned.before
    return {
        "validation.ua": best.ua,
        "validation.wa": best.wa,
        "validation.clips": len(held_out),
        "training.clips": len(train_clips),
        "training.epochs": best.number,
        "seed": options.seed,
        **({"before.ua": before.ua, "before.wa": before.wa} if before else {}),
    }


def _before(logits: NDArray[np.float64], held_out: Clips, is_begun: Sequence[bool]) -> Epoch | None:
    """What the base makes of the validation clips, choosing among the labels that it knows."""
    if not any(is_begun):
        return None
    chosen = np.where(is_begun, logits, -np.inf).argmax(axis=1)
    confusion = confusion_matrix(held_out.targets, chosen, len(is_begun))
    ua, wa = float(unweighted_accuracy(confusion)), float(weighted_accuracy(confusion))
    return Epoch(number=0, loss=float("nan"), ua=ua, wa=wa)


def _is_worse(before: Epoch | None, best: Epoch) -> bool:
    return before is not None and best.ua + best.wa < before.ua + before.wa


def _require_packages(options: FullOptions) -> None:
    """The work is torch's, LoRA is peft's; both come with an extra of Voxcor."""
    wanted = ("torch", "peft") if options.lora_rank else ("torch",)
    require_extra("train", wanted, "Fine-tuning", "微调")


def _mark(
    base: Card,
    options: FullOptions,
    training: Sequence[Utterance],
    validation: Sequence[Utterance],
) -> dict[str, Any]:
    """What makes a training this one and no other."""
    listed = [[[str(u.path), _size(u.path), u.label] for u in p] for p in (training, validation)]
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    return {"model": base.sha256, "options": asdict(options), "recordings": digest}


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _prepare(
    folder: Path,
    training: Sequence[Utterance],
    validation: Sequence[Utterance],
    labels: Sequence[str],
    progress: FullProgress,
) -> tuple[Clips, Clips, tuple[RowProblem, ...]]:
    share = len(training) / (len(training) + len(validation))
    train_clips, problems = prepare_clips(
        training, labels, folder / "training.f32", lambda done: progress("audio", share * done)
    )
    held_out, more = prepare_clips(
        validation,
        labels,
        folder / "validation.f32",
        lambda done: progress("audio", share + (1 - share) * done),
    )
    return train_clips, held_out, (*problems, *more)


def _require_enough(train_clips: Clips, held_out: Clips, labels: Sequence[str]) -> None:
    """Each label has a recording that can be used, and there is one to validate on."""
    missing = [
        labels[row] for row in sorted({*range(len(labels))} - {*train_clips.targets.tolist()})
    ]
    if missing:
        names = ", ".join(missing)
        raise UsageError(
            reason_en=f"No recording of {names} can be used for training.",
            reason_zh=f"标签 {names} 没有可用于训练的录音。",
        )
    if not len(held_out):
        raise UsageError(
            reason_en="No recording with a label of the training can be used for validation.",
            reason_zh="没有可用于验证的录音（标签须与训练集相同）。",
        )


def _foreign(validation: Sequence[Utterance], labels: Sequence[str]) -> tuple[RowProblem, ...]:
    """Held-out recordings whose label nothing was trained on."""
    en, zh = "its label is in no recording of the training.", "训练集中没有该标签的录音。"
    return tuple(
        row_problem(utterance, "unknown_label", en, zh)
        for utterance in validation
        if utterance.label not in labels
    )
