"""`voxcor train --method head`: from a manifest to a model with labels of its own.

    training = train_head(Path("manifest.csv"), Path("my-model"), model="plus-large")
    Recognizer("my-model")

Every clip goes through the model once, its embeddings are cached; a head is trained on them,
measured on voices it was not trained on, and put into a copy of the model's graph. Nothing depends
on the clock or on what a killed run has left, so starting again gives the same model.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import LOST, Utterance, read_manifest
from voxcor.errors import InputError
from voxcor.evaluation.calibration import fit_temperature
from voxcor.evaluation.published import corpus_key
from voxcor.language import say
from voxcor.models.store import ModelFolder, find_model
from voxcor.models.trained_on import trained_on
from voxcor.training.embeddings import embed_clips, fingerprint
from voxcor.training.fit import FittedHead, fit
from voxcor.training.folds import Folds, Plan, make_plan
from voxcor.training.heads import FloatArray, HeadKind, IntArray, head_logits
from voxcor.training.material import Material, material_of
from voxcor.training.model_folder import require_place, write_model
from voxcor.training.report import FoldFigures, Training, fold_figures
from voxcor.training.start import up_to_layer

HeadStage = Literal["embeddings", "training"]
HeadProgress = Callable[[HeadStage, float], None]

# Training stops where the held-out likelihood is best, so its logits are about right as they are;
# what a few clips ask for beyond this, all of them right perhaps, is an accident.
_COLDEST, _HOTTEST = 0.5, 2.0


def train_head(
    manifest: Path,
    out: Path,
    *,
    model: str = "auto",
    layer: int | None = None,
    kind: HeadKind = "linear",
    folds: Folds | None = None,
    label_map: Mapping[str, str] | None = None,
    labels: Sequence[str] | None = None,
    seed: int = 0,
    terms: str | None = None,
    overwrite: bool = False,
    remark: Callable[[Sequence[RowProblem]], None] = lambda _problems: None,
    progress: HeadProgress = lambda _stage, _share: None,
) -> Training:
    """Trains a head on the embeddings of a model and writes the new model.

    Args:
        manifest: what to learn, see `read_manifest`.
        out: the folder of the new model; its name becomes the model's id.
        model: whose embeddings: `auto`, an id, or a model folder.
        layer: the block, from 1, whose output the head stands on; the model ends with it. None for
            the model's own embeddings.
        kind: of the head, see `voxcor.training.heads`.
        folds: whom to hold out, see `make_plan`.
        label_map: as for `read_manifest`.
        labels: learn these only; None for all that occur.
        seed: of folds, first weights and order.
        terms: licence or terms of the recordings, for the card.
        overwrite: whether the model may take the place of an earlier one in `out`.
        remark: is told what is wrong or doubtful as soon as it is known, once each; most of it
            before any work starts.
        progress: is told the stage of work and the share of it that is done, 0 to 1.

    Raises:
        ModelExists: `out` holds a model, and `overwrite` was not said.
        UsageError: `out` holds something else, `folds` asks for what the manifest lacks, or there
            is no such layer, see `up_to_layer`.
        InputNotFound, InputUnreadable, ManifestError: there is nothing to train on.
        UnknownModel, ModelNotInstalled, ModelCorrupt: see `find_model`.
        CheckpointInvalid: the model has no layers that its family knows.
        StorageError: the cache or the model cannot be written.
    """
    require_place(out, overwrite=overwrite)
    base = find_model(model)
    problems = _Problems(remark)
    found = read_manifest(manifest, label_map=label_map, labels=labels)
    problems.add(found.problems)
    clips, duplicates = fingerprint(found.utterances)
    problems.add(duplicates)

    def plan_for(utterances: Sequence[Utterance]) -> Plan:
        plan, doubts = make_plan(utterances, folds=folds, seed=seed, name=str(manifest))
        problems.add(doubts)
        return plan

    problems.add(_heard_before(base, found.utterances))
    plan_for([clip.utterance for clip in clips])
    with up_to_layer(base, layer, out) as body:
        embedded, unusable = embed_clips(
            clips, body, frames=kind == "mlp", progress=lambda share: progress("embeddings", share)
        )
        problems.add(unusable)
        plan = plan_for([item.clip.utterance for item in embedded])
        material = material_of(embedded, plan, body.card)
        examples = material.examples(kind)
        fitted = fit(
            examples,
            plan,
            kind,
            len(material.names),
            seed=seed,
            progress=lambda share: progress("training", share),
        )
        held_out = fitted.held_out
        temperature = _temperature(fitted.logits, material.truth[held_out])
        test = None
        if len(plan.test):
            logits = head_logits(fitted.head, examples, plan.test)
            test = material.measured(plan.test, logits / np.float32(temperature))
        utterances = material.utterances
        training = Training(
            name=out.resolve().name,
            manifest=manifest.name,
            manifest_sha256=_sha256_of(manifest),
            data_sha256=material.digest(),
            terms=terms,
            base=base.card,
            layer=None if body is base else layer,
            kind=kind,
            seed=seed,
            protocol=plan.protocol,
            labels=material.names,
            clips=material.counts(),
            speakers=len({utterances[i].voice for i in plan.train} - {None}),
            corpora=tuple(sorted({u.columns.get("corpus", "") for u in utterances} - {""})),
            parameters=fitted.head.parameters,
            rounds=fitted.rounds,
            curve=fitted.curve,
            temperature=temperature,
            chosen_on_held_out=len(plan.folds) == 1,
            folds=_fold_figures(material, fitted),
            held_out=material.measured(held_out, fitted.logits / np.float32(temperature)),
            before=material.measured_before(held_out),
            test=test,
            test_before=material.measured_before(plan.test),
            problems=tuple(problems.all),
        )
        write_model(
            training,
            body,
            fitted.head,
            material.share(kind),
            out,
            heard=[embedded[i].clip.sha256 for i in {*plan.train.tolist(), *held_out.tolist()}],
            overwrite=overwrite,
        )
    return training


def has_losses(problems: Sequence[RowProblem]) -> bool:
    """Whether a clip that somebody wanted learned is missing from the training."""
    lost = LOST | {error.code for error in InputError.__subclasses__()}
    return any(problem.code in lost for problem in problems)


class _Problems:
    """All that was found, each told once, however often it is met."""

    def __init__(self, remark: Callable[[Sequence[RowProblem]], None]) -> None:
        self._remark = remark
        self.all: dict[RowProblem, None] = {}

    def add(self, problems: Sequence[RowProblem]) -> None:
        new = [problem for problem in dict.fromkeys(problems) if problem not in self.all]
        self.all.update(dict.fromkeys(new))
        if new:
            self._remark(new)


def _heard_before(base: ModelFolder, utterances: Sequence[Utterance]) -> tuple[RowProblem, ...]:
    """Corpora that the base itself was trained on: its embeddings know their voices already."""
    found = {corpus_key(utterance.columns.get("corpus", "")) for utterance in utterances}
    both = ", ".join(sorted(found & trained_on(base).corpora))
    if not both:
        return ()
    name = base.card.id
    en = f"{name} was itself trained on {both}, so figures on it flatter: new voices fare worse."
    zh = f"{name} 本身曾在 {both} 上训练，因此相关数值偏乐观：对新的说话人效果会更差。"
    return (RowProblem(None, "", "base_heard_corpus", say(en, zh)),)


def _temperature(logits: FloatArray, truth: IntArray) -> float:
    found = fit_temperature(logits.astype(np.float64), truth)
    return float(np.clip(found, _COLDEST, _HOTTEST))


def _fold_figures(material: Material, fitted: FittedHead) -> tuple[FoldFigures, ...]:
    made = []
    for number, fold in enumerate(material.plan.folds):
        own = fitted.fold_of == number
        logits, truth = fitted.logits[own], material.truth[fitted.held_out[own]]
        rounds = fitted.fold_rounds[number]
        made.append(fold_figures(fold.name, truth, logits, len(material.names), rounds))
    return tuple(made)


def _sha256_of(manifest: Path) -> str | None:
    """None for a folder without a table of its own."""
    table = manifest / "manifest.csv" if manifest.is_dir() else manifest
    return hashlib.sha256(table.read_bytes()).hexdigest() if table.is_file() else None
