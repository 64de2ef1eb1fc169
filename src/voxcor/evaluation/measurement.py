"""A model against labelled recordings: how often it is right, for whom, and whether it knows.

Every recording is recognised once, with all the labels of the model; whatever the figures are
restricted to afterwards, they come from those scores. A recording that cannot be used is a
`Failure` in the report and in no figure.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from zlib import crc32

import numpy as np

from voxcor.audio import Source, decode
from voxcor.audio.augmentation import STRESSES, Change, Stress
from voxcor.audio.resample import mix_to_mono, resample
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Manifest, Utterance
from voxcor.errors import InputError, ManifestError, UsageError
from voxcor.evaluation.calibration import Calibration, calibrate
from voxcor.evaluation.dimensions import rated_dimensions, rating_of
from voxcor.evaluation.metrics import Coverage, Figures, FloatArray, IntArray, coverage, measure
from voxcor.evaluation.published import LINEAR_PROBE, PRIMARY, ZERO_SHOT, corpus_key
from voxcor.frames import SAMPLE_RATE
from voxcor.language import Both, listed, say
from voxcor.models.trained_on import TrainedOn
from voxcor.recognizer import Recognizer
from voxcor.results import DIMENSIONS, Failure, ModelInfo

# Shown without being asked for, where the manifest tells more than one of them apart.
USUAL_COLUMNS = ("language", "corpus")

_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_LEAST_SCORE = 1e-300  # has a logarithm


@dataclass(frozen=True, slots=True)
class Recognised:
    """The utterances that gave scores [N, L], with the sha256 of each, and the others' failures.

    `dimensions` [N, 2] are the arousal and valence of each, NaN where there are none.
    """

    utterances: tuple[Utterance, ...]
    scores: FloatArray
    failures: tuple[Failure, ...]
    sha256s: tuple[str, ...]
    dimensions: FloatArray


@dataclass(frozen=True, slots=True)
class StressFigures:
    """What is left under one condition. `failed` clips had no answer; None where none had one."""

    stress: Stress
    figures: Figures | None
    failed: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything there is to report.

    `labels` are those that competed, all of the model's unless `restricted`. `groups` has figures
    by column and value. `primary` has figures among the four labels of published results, for
    each corpus that has such. `calibration` says what a temperature would do, None where labels
    were restricted or too few clips tell. `trained_clips` of the recognised ones were in the
    model's training, as were others of `trained_corpora`.
    """

    source: str
    timestamp: str
    model: ModelInfo
    labels: tuple[str, ...]
    restricted: bool
    trim: bool
    problems: tuple[RowProblem, ...]
    failures: tuple[Failure, ...]
    utterances: tuple[Utterance, ...]
    scores: FloatArray
    whole: Figures
    groups: Mapping[str, Mapping[str, Figures]]
    languages: Mapping[str, Figures]
    primary: Mapping[str, Figures]
    coverage: tuple[Coverage, ...]
    calibration: Calibration | None
    stresses: tuple[StressFigures, ...]
    trained_clips: int = 0
    trained_corpora: tuple[str, ...] = ()

    @property
    def overlaps_training(self) -> bool:
        """Whether the model was trained on any of this, so that figures flatter it."""
        return bool(self.trained_clips or self.trained_corpora)


def evaluate(
    recognizer: Recognizer,
    manifest: Manifest,
    *,
    source: str,
    labels: Sequence[str] | None = None,
    by: Sequence[str] = (),
    split: str | None = None,
    trim: bool = True,
    stress: bool = False,
    trained_on: TrainedOn | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Recognises every utterance of a manifest, and measures.

    Args:
        recognizer: the model.
        manifest: what to recognise; read with `labels`, or with the labels of the model.
        source: what the report calls the manifest.
        labels: those that compete; None for all of the model's. Clips and scores are both
            restricted, as in the four-class protocol.
        by: columns to break the figures down by, also `speaker`; `USUAL_COLUMNS` come anyway.
        split: only utterances whose column `split` says this.
        trim: as for `Recognizer.recognize`.
        stress: recognise everything again under each condition of `STRESSES`.
        trained_on: what the model is known to be trained on, `trained_on` of its folder.
        advance: called after every recognition, `count_recognitions` times in all.

    Raises:
        UsageError: a column, split or label that does not exist, or an utterance whose label does
            not compete.
        ManifestError: no recording could be recognised.
    """
    chosen = _choose(manifest, split)
    competing = _competing(recognizer, labels, chosen)
    columns = _columns(chosen, by)

    clean = recognize_all(recognizer, chosen, trim=trim, advance=advance)
    if not clean.utterances:
        first = clean.failures[0].message
        reason = say(f"no recording could be recognised. {first}", f"没有可识别的录音。{first}")
        raise ManifestError(name=source, reason=reason)
    rated = rated_dimensions(manifest.utterances)
    view = _View(recognizer.labels, competing, clean, rated)
    truth, scores = view.truth, view.scores
    return Evaluation(
        source=source,
        timestamp=datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
        model=recognizer.model,
        labels=competing,
        restricted=labels is not None,
        trim=trim,
        problems=manifest.problems,
        failures=clean.failures,
        utterances=view.utterances,
        scores=scores,
        whole=view.measure(),
        groups={column: view.measure_by(column) for column in columns},
        languages=view.measure_by("language"),
        primary=_primary(recognizer.labels, clean),
        coverage=coverage(truth, scores, _THRESHOLDS),
        calibration=_calibration(view) if labels is None else None,
        stresses=tuple(
            _under(recognizer, chosen, competing, rated, condition, trim, advance)
            for condition in (STRESSES if stress else ())
        ),
        trained_clips=trained_on.count(clean.sha256s) if trained_on else 0,
        trained_corpora=_corpora(clean.utterances, trained_on.corpora) if trained_on else (),
    )


def _corpora(utterances: Sequence[Utterance], known: frozenset[str]) -> tuple[str, ...]:
    """Those of the known corpora that these are of, by their column, else by their folders."""
    named: set[str] = set()
    for utterance in utterances:
        own = value_of(utterance, "corpus")
        named.update(map(corpus_key, [own] if own else utterance.path.absolute().parts))
    return tuple(sorted(named & known))


def count_recognitions(manifest: Manifest, split: str | None, stress: bool) -> int:
    """How many recognitions `evaluate` makes."""
    return len(_choose(manifest, split)) * (1 + len(STRESSES) * stress)


def recognize_all(
    recognizer: Recognizer,
    utterances: Sequence[Utterance],
    *,
    trim: bool = True,
    change: Change | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Recognised:
    """The scores of each utterance over all labels of the model.

    Args:
        recognizer: the model.
        utterances: what to recognise.
        trim: as for `Recognizer.recognize`.
        change: what happens to the 16 kHz samples first; its generator is seeded by the file's
            name, so that no utterance's noise depends on which others there are.
        advance: called after each.
    """
    kept: list[Utterance] = []
    rows: list[list[float]] = []
    points: list[tuple[float, float]] = []
    sha256s: list[str] = []
    failures: list[Failure] = []
    for utterance in utterances:
        path = str(utterance.path)
        try:
            source = path if change is None else _changed(path, change)
            result = recognizer.recognize(source, trim=trim, name=path)
        except InputError as error:
            failures.append(Failure.of(error, path))
        else:
            kept.append(utterance)
            sha256s.append(result.audio.sha256)
            rows.append([result.scores[label] for label in recognizer.labels])
            point = result.dimensions
            points.append((point.arousal, point.valence) if point else (np.nan, np.nan))
        advance()
    scores = np.array(rows, dtype=np.float64).reshape(len(rows), len(recognizer.labels))
    dimensions = np.array(points, dtype=np.float64).reshape(len(rows), len(DIMENSIONS))
    return Recognised(tuple(kept), scores, tuple(failures), tuple(sha256s), dimensions)


def restrict(scores: FloatArray, columns: Sequence[int]) -> FloatArray:
    """[N, L] to [N, columns]: as if only these labels had competed; rows sum to 1 again."""
    kept = np.maximum(scores[:, list(columns)], _LEAST_SCORE)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


class _View:
    """Utterances and their scores among some labels, as the metrics want them.

    Of the `rated` dimensions, what people said and what was found, with all labels of the model.
    """

    def __init__(
        self,
        all_labels: Sequence[str],
        labels: Sequence[str],
        found: Recognised,
        rated: Sequence[str] = (),
    ) -> None:
        rows = [row for row, utterance in enumerate(found.utterances) if utterance.label in labels]
        self.labels = tuple(labels)
        self.utterances = tuple(found.utterances[row] for row in rows)
        self.scores = restrict(found.scores[rows], [all_labels.index(label) for label in labels])
        self.dimensions = {
            name: np.stack(
                [
                    [rating_of(utterance, name) for utterance in self.utterances],
                    found.dimensions[rows, DIMENSIONS.index(name)],
                ],
                axis=1,
            )
            for name in rated
        }
        self.truth: IntArray = np.array([labels.index(u.label) for u in self.utterances], int)
        self.speakers = [utterance.voice for utterance in self.utterances]

    def measure(self, rows: Sequence[int] | None = None) -> Figures:
        rows = range(len(self.utterances)) if rows is None else rows
        index = np.array(rows, dtype=np.int64)
        speakers = [self.speakers[row] for row in rows]
        return measure(
            self.truth[index],
            self.scores[index],
            self.labels,
            speakers,
            dimensions={name: pairs[index] for name, pairs in self.dimensions.items()},
        )

    def measure_by(self, column: str) -> dict[str, Figures]:
        values = [value_of(utterance, column) for utterance in self.utterances]
        return {
            value: self.measure([row for row, own in enumerate(values) if own == value])
            for value in sorted(set(values))
        }


def value_of(utterance: Utterance, column: str) -> str:
    """What a row says in a column, `speaker` and `label` included; empty where nothing."""
    if column == "speaker":
        return "/".join(filter(None, utterance.voice or ()))
    return utterance.label if column == "label" else utterance.columns.get(column, "")


def _choose(manifest: Manifest, split: str | None) -> tuple[Utterance, ...]:
    if split is None:
        return manifest.utterances
    chosen = tuple(u for u in manifest.utterances if u.columns.get("split") == split)
    if not chosen:
        found = sorted({u.columns["split"] for u in manifest.utterances if "split" in u.columns})
        known = listed(found) if found else Both("none", "无")
        raise UsageError(
            reason_en=f"No row has the split {split}. Splits of this manifest: {known.en}.",
            reason_zh=f"没有属于 {split} 的行。清单中的划分：{known.zh}。",
        )
    return chosen


def _competing(
    recognizer: Recognizer, labels: Sequence[str] | None, utterances: Sequence[Utterance]
) -> tuple[str, ...]:
    """The labels that may win, in the order of the model; each utterance's must be among them."""
    asked_for = recognizer.labels if labels is None else labels
    known = listed(recognizer.labels)
    for label in (*asked_for, *dict.fromkeys(u.label for u in utterances)):
        if label not in recognizer.labels or label not in asked_for:
            raise UsageError(
                reason_en=f"Label {label} is none to choose; {recognizer.model.id} has {known.en}.",
                reason_zh=f"标签 {label} 不可选：{recognizer.model.id} 的标签为 {known.zh}。",
            )
    return tuple(label for label in recognizer.labels if label in asked_for)


def _columns(utterances: Sequence[Utterance], by: Sequence[str]) -> tuple[str, ...]:
    present = dict.fromkeys(name for u in utterances for name in u.columns)
    known = (*present, "speaker", "label")
    for column in by:
        if column not in known:
            raise UsageError(
                reason_en=f"The manifest has no column {column}. Its columns: {', '.join(known)}.",
                reason_zh=f"清单中没有列 {column}。现有的列：{', '.join(known)}。",
            )
    usual = [c for c in USUAL_COLUMNS if len({value_of(u, c) for u in utterances}) > 1]
    return tuple(dict.fromkeys((*usual, *by)))


def _primary(labels: Sequence[str], clean: Recognised) -> dict[str, Figures]:
    if not set(PRIMARY) <= set(labels):
        return {}
    figures = {}
    for corpus in sorted({value_of(u, "corpus") for u in clean.utterances}):
        if corpus_key(corpus) in {*ZERO_SHOT, *LINEAR_PROBE}:
            rows = [r for r, u in enumerate(clean.utterances) if value_of(u, "corpus") == corpus]
            own = replace(
                clean,
                utterances=tuple(clean.utterances[row] for row in rows),
                scores=clean.scores[rows],
                dimensions=clean.dimensions[rows],
            )
            view = _View(labels, PRIMARY, own)
            if {u.label for u in view.utterances} == set(PRIMARY):
                figures[corpus] = view.measure()
    return figures


def _calibration(view: _View) -> Calibration | None:
    if len(view.utterances) < 2:
        return None
    return calibrate(np.log(view.scores), view.truth, view.speakers)


def _under(
    recognizer: Recognizer,
    utterances: Sequence[Utterance],
    labels: Sequence[str],
    rated: Sequence[str],
    stress: Stress,
    trim: bool,
    advance: Callable[[], None],
) -> StressFigures:
    found = recognize_all(recognizer, utterances, trim=trim, change=stress.change, advance=advance)
    view = _View(recognizer.labels, labels, found, rated)
    return StressFigures(stress, view.measure() if view.utterances else None, len(found.failures))


def _changed(path: str, change: Change) -> Source:
    recording = decode(path)
    samples = resample(mix_to_mono(recording.samples), recording.sample_rate)
    rng = np.random.default_rng(crc32(os.fsencode(PurePath(path).name)))
    return change(samples, rng), SAMPLE_RATE
