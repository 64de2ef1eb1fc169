"""Confidence that means what it says: a temperature fitted on clips the model was not trained on.

Logits divided by one temperature keep their order, so no recognised emotion changes; what changes
is how sure the scores are (Guo et al. 2017, arXiv 1706.04599). The temperature lies in the model's
card, and every recognition applies it.
"""

from collections.abc import Hashable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace

import numpy as np

from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import replacing_file
from voxcor.errors import UsageError
from voxcor.evaluation.metrics import (
    FloatArray,
    IntArray,
    calibration_bins,
    expected_calibration_error,
    owners_of,
)
from voxcor.models.cards import CARD_FILE, Card, read_card, write_card
from voxcor.models.store import BUILT_IN_FOLDER, ModelFolder, folder_of, locked

# Beyond these scores are all but certain or all but even, and a better fit would be an accident.
COLDEST, HOTTEST = 0.05, 20.0

_GOLDEN = (5**0.5 - 1) / 2
_STEPS = 60  # each leaves 0.618 of the interval: to 1e-12 of it
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted temperature, relative to the logits given, and what it does.

    NLL and ECE before, and after. The latter are measured in up to five folds on speakers that the
    fold's temperature was not fitted on, so they promise no more than the next speaker will get.
    """

    temperature: float
    clips: int
    nll_before: float
    nll_after: float
    ece_before: float
    ece_after: float


def negative_log_likelihood(logits: FloatArray, truth: IntArray) -> float:
    """The mean of -log p(truth), from logits [N, L] and labels [N]."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    return float((log_sums - shifted[np.arange(len(truth)), truth]).mean())


def fit_temperature(logits: FloatArray, truth: IntArray) -> float:
    """The temperature with the least negative log-likelihood.

    That is convex in 1 / temperature, so a golden-section search finds it.

    Args:
        logits: [N, L], N at least 1.
        truth: [N].

    Returns:
        a number of `COLDEST`..`HOTTEST`.
    """
    low, high = 1 / HOTTEST, 1 / COLDEST
    inner = [high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)]
    losses = [negative_log_likelihood(factor * logits, truth) for factor in inner]
    for _ in range(_STEPS):
        if losses[0] < losses[1]:
            high = inner[1]
            inner = [high - _GOLDEN * (high - low), inner[0]]
            losses = [negative_log_likelihood(inner[0] * logits, truth), losses[0]]
        else:
            low = inner[0]
            inner = [inner[1], low + _GOLDEN * (high - low)]
            losses = [losses[1], negative_log_likelihood(inner[1] * logits, truth)]
    return 2 / (low + high)


def calibrate(
    logits: FloatArray, truth: IntArray, speakers: Sequence[Hashable | None]
) -> Calibration:
    """Fits a temperature on all clips, and measures it where it was not fitted.

    Args:
        logits: [N, L], N at least 2.
        truth: [N].
        speakers: N; the clips of one stay in one fold, None stands for somebody else each time.
            Where fewer than two are known, clips take their place.

    Raises:
        UsageError: fewer than two clips.
    """
    if len(truth) < 2:
        raise UsageError(
            reason_en="A temperature needs two clips at the least; a hundred are few.",
            reason_zh="拟合温度至少需要两条语音；一百条也只是起步。",
        )
    temperature = fit_temperature(logits, truth)
    crossed = np.empty_like(logits)
    folds = _folds_of(speakers)
    for fold in np.unique(folds):
        held = folds == fold
        crossed[held] = logits[held] / fit_temperature(logits[~held], truth[~held])
    return Calibration(
        temperature=temperature,
        clips=len(truth),
        nll_before=negative_log_likelihood(logits, truth),
        nll_after=negative_log_likelihood(crossed, truth),
        ece_before=_ece(logits, truth),
        ece_after=_ece(crossed, truth),
    )


def store_temperature(folder: ModelFolder, calibration: Calibration) -> Card:
    """Makes a model answer with this calibration from now on, and writes down what it rests on.

    The card's temperature is multiplied, because the logits were divided by it already. `voxcor
    models pull` brings the published card back.

    Returns:
        the new card.

    Raises:
        UsageError: `small`, whose files belong to the package; it is calibrated by its recipe.
        PullInProgress, StorageError: the card cannot be written now, or not at all.
    """
    if folder.path == BUILT_IN_FOLDER:
        raise UsageError(
            reason_en="small is part of Voxcor and calibrated already. "
            "Calibrate an installed model, or the folder of one.",
            reason_zh="small 是 Voxcor 自带且已校准的模型。请校准已安装的模型或模型文件夹。",
        )
    is_installed = folder.path == folder_of(folder.name)
    with locked(folder.name) if is_installed else nullcontext(), storage_errors(folder.path):
        card = read_card(folder.path)
        figures = {f"calibration.{name}": value for name, value in asdict(calibration).items()}
        card = replace(
            card,
            temperature=card.temperature * calibration.temperature,
            metrics={**card.metrics, **figures},
        )
        with replacing_file(folder.path / CARD_FILE) as draft:
            write_card(card, draft.parent)
    return card


def _folds_of(speakers: Sequence[Hashable | None]) -> IntArray:
    """A fold for each clip, the same for all clips of a speaker, about equally many speakers."""
    owners = owners_of(speakers)
    distinct = list(dict.fromkeys(owners))
    order = np.random.default_rng(0).permutation(len(distinct))
    folds = dict(zip(distinct, order % min(_FOLDS, len(distinct)), strict=True))
    return np.array([folds[owner] for owner in owners])


def _ece(logits: FloatArray, truth: IntArray) -> float:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores = exponentials / exponentials.sum(axis=1, keepdims=True)
    return float(expected_calibration_error(calibration_bins(truth, scores)))
