"""How well scores fit the truth: accuracy, calibration, and how sure one may be of either.

Conventions: `truth` int [N] indexes the labels, `scores` float [N, L] sum to 1 over them, and the
emotion recognised is the highest score. A confusion matrix [L, L] has the truth in rows. As in
EmoBox (arXiv 2406.07162), UA is the unweighted accuracy, the mean recall over the labels that
occur in the truth, and WA the weighted accuracy, the share of clips that are right.

Every figure is a function of sums over clips. So the bootstrap draws those sums anew instead of
the clips, and a thousand replicates cost one product of matrices.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Equal-width bins of confidence, as Guo et al. 2017 (arXiv 1706.04599) have them.
CALIBRATION_BINS = 15

REPLICATES = 1000
_INTERVAL = (2.5, 97.5)  # percentiles
_DRAWN_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % bootstrap interval; NaN where there is too little for it."""

    value: float
    low: float
    high: float

    def told(self, sign: str = "") -> str:
        """`0.31 [0.12, 0.50]`, or with the `sign` "+" `+0.31 [+0.12, +0.50]`; a dash for NaN."""
        numbers = (self.value, self.low, self.high)
        value, low, high = ("–" if isnan(one) else f"{one:{sign}z.2f}" for one in numbers)
        return value if low == "–" else f"{value} [{low}, {high}]"


@dataclass(frozen=True, slots=True)
class Bin:
    """The clips whose confidence fell between two neighbouring borders, 0..1."""

    low: float
    high: float
    clips: int
    confidence: float  # the mean of theirs; 0 without clips
    accuracy: float  # the share of them that is right; 0 without clips


@dataclass(frozen=True, slots=True)
class Concordance:
    """How well one dimension fits, over the clips of which truth and answer are both known."""

    clips: int
    ccc: Estimate


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on one set of clips.

    `recall` has the labels that occur in the truth. `confusion` counts clips, rows are the truth,
    both ways in the order of `labels`. `resampled` says what the intervals rest on: drawing
    `speakers`, or single `clips` where fewer than two speakers are known. `concordance` has the
    dimensions of which the truth is known, by name.
    """

    labels: tuple[str, ...]
    clips: int
    speakers: int
    resampled: str
    ua: Estimate
    wa: Estimate
    f1: Estimate
    ece: Estimate
    brier: Estimate
    confidence: Estimate
    recall: Mapping[str, Estimate]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[Bin, ...]
    concordance: Mapping[str, Concordance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What abstaining below a confidence costs and gives; `accuracy` is None without answers."""

    threshold: float
    answered: float  # share of clips
    accuracy: float | None  # share of the answers that is right


def confusion_matrix(truth: IntArray, predicted: IntArray, count: int) -> IntArray:
    """Clips by truth (rows) and prediction (columns): int [count, count]."""
    return np.bincount(truth * count + predicted, minlength=count**2).reshape(count, count)


def recalls(confusion: NDArray[np.floating] | IntArray) -> FloatArray:
    """[..., L, L] to [..., L]: the share of each label's clips that is right; 0 without clips."""
    return ratio(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-1))


def unweighted_accuracy(confusion: NDArray[np.floating] | IntArray) -> FloatArray:
    """[..., L, L] to [...]: the mean recall of the labels that occur in the truth, 0..1."""
    return _mean_over_present(recalls(confusion), confusion)


def weighted_accuracy(confusion: NDArray[np.floating] | IntArray) -> FloatArray:
    """[..., L, L] to [...]: the share of all clips that is right, 0..1."""
    return ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def macro_f1(confusion: NDArray[np.floating] | IntArray) -> FloatArray:
    """[..., L, L] to [...]: the mean F1, 2 TP / (2 TP + FP + FN), of the labels in the truth."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    f1 = ratio(2 * right, confusion.sum(axis=-1) + confusion.sum(axis=-2))
    return _mean_over_present(f1, confusion)


def calibration_bins(truth: IntArray, scores: FloatArray) -> FloatArray:
    """[bins, 3]: clips, summed confidence and right answers of each bin of confidence."""
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    bins = _bin_of(confidence)
    weights = (np.ones(len(truth)), confidence, right)
    return np.stack([np.bincount(bins, w, CALIBRATION_BINS) for w in weights], axis=1)


def expected_calibration_error(bins: FloatArray) -> FloatArray:
    """[..., bins, 3] to [...]: the mean gap between confidence and accuracy (Naeini et al. 2015).

    The sum over bins of |right - confidence| / clips, 0 (calibrated) to 1.
    """
    gaps = np.abs(bins[..., 1] - bins[..., 2]).sum(axis=-1)
    return ratio(gaps, bins[..., 0].sum(axis=-1))


def brier_scores(truth: IntArray, scores: FloatArray) -> FloatArray:
    """[N]: the squared distance of each clip's scores from the truth, 0..2 (Brier 1950)."""
    targets = np.eye(scores.shape[1])[truth]
    return np.asarray(((scores - targets) ** 2).sum(axis=1))


def moments(truth: FloatArray, found: FloatArray) -> FloatArray:
    """[N, 6]: of each clip what, summed over clips, `concordance` is a function of."""
    return np.stack([np.ones(len(truth)), truth, found, truth**2, found**2, truth * found], axis=1)


def concordance(sums: FloatArray) -> FloatArray:
    """[..., 6] sums of `moments` to [...]: the concordance correlation coefficient, -1..1.

    2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2), with moments over n as in Lin 1989, "A
    concordance correlation coefficient to evaluate reproducibility", Biometrics 45, 255-268. Unlike
    Pearson's it asks for the same numbers, not only for the same order: x and y must be on one
    scale. 0 where neither varies.
    """
    x, y, xx, yy, xy = np.moveaxis(sums[..., 1:] / sums[..., :1], -1, 0)
    spread = (xx - x**2) + (yy - y**2) + (x - y) ** 2
    return ratio(2 * (xy - x * y), spread)


def coverage(
    truth: IntArray, scores: FloatArray, thresholds: Sequence[float]
) -> tuple[Coverage, ...]:
    """For each threshold: how many clips get an answer, and how many of those a right one."""
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    rows = []
    for threshold in thresholds:
        kept = confidence >= threshold
        accuracy = float(right[kept].mean()) if kept.any() else None
        rows.append(Coverage(threshold, float(kept.mean()), accuracy))
    return tuple(rows)


def measure(
    truth: IntArray,
    scores: FloatArray,
    labels: Sequence[str],
    speakers: Sequence[Hashable | None],
    *,
    dimensions: Mapping[str, FloatArray] | None = None,
    seed: int = 0,
) -> Figures:
    """All figures of one set of clips, each with its interval.

    Clips of one speaker resemble each other, so N clips are fewer than N pieces of evidence:
    drawing clips would give intervals that the next speaker breaks. Where two or more speakers are
    known, whole speakers are drawn, with replacement, and clips of unknown speakers singly.

    Args:
        truth: [N], N at least 1.
        scores: [N, L].
        labels: L names.
        speakers: N, None where unknown.
        dimensions: by name, the truth and what was found of each clip [N, 2], NaN where unknown.
        seed: of the draws.
    """
    known = {speaker for speaker in speakers if speaker is not None}
    sums = _sums_by_owner(truth, scores, owners_of(speakers))
    whole = _from_sums(sums.sum(axis=0), len(labels))
    replicates = _from_sums(bootstrap_sums(sums, np.random.default_rng(seed)), len(labels))

    def estimate(name: str) -> Estimate:
        return estimate_of(whole[name], replicates[name])

    confusion = confusion_matrix(truth, scores.argmax(axis=1), len(labels))
    return Figures(
        labels=tuple(labels),
        clips=len(truth),
        speakers=len(known),
        resampled="speakers" if len(known) > 1 else "clips",
        ua=estimate("ua"),
        wa=estimate("wa"),
        f1=estimate("f1"),
        ece=estimate("ece"),
        brier=estimate("brier"),
        confidence=estimate("confidence"),
        recall={
            label: _recall(whole["recall"][row], replicates, row)
            for row, label in enumerate(labels)
            if confusion[row].any()
        },
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        reliability=_reliability(calibration_bins(truth, scores)),
        concordance={
            name: _concordance(pairs, speakers, seed)
            for name, pairs in (dimensions or {}).items()
            if not np.isnan(pairs).any(axis=1).all()
        },
    )


def _concordance(pairs: FloatArray, speakers: Sequence[Hashable | None], seed: int) -> Concordance:
    """Of those pairs [N, 2] of which both are known; drawn as in `measure`."""
    rows = np.flatnonzero(~np.isnan(pairs).any(axis=1)).tolist()
    place = places_of(owners_of([speakers[row] for row in rows]))
    sums = np.zeros((place.max() + 1, 6))
    np.add.at(sums, place, moments(pairs[rows, 0], pairs[rows, 1]))
    replicates = concordance(bootstrap_sums(sums, np.random.default_rng(seed)))
    return Concordance(len(rows), estimate_of(concordance(sums.sum(axis=0)), replicates))


def estimate_of(value: FloatArray | float, replicates: FloatArray) -> Estimate:
    """A figure and its 95 % interval: the percentiles of those replicates [...] that are known."""
    known = replicates[np.isfinite(replicates)]
    low, high = np.percentile(known, _INTERVAL) if len(known) else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high))


def places_of(owners: Sequence[Hashable]) -> IntArray:
    """[N]: which owner each clip has, counted in the order in which they come."""
    places = {owner: place for place, owner in enumerate(dict.fromkeys(owners))}
    return np.array([places[owner] for owner in owners])


def owners_of(speakers: Sequence[Hashable | None]) -> list[Hashable]:
    """Whose evidence each clip is: its speaker's; its own where fewer than two are known."""
    by_speaker = len(set(speakers) - {None}) > 1
    return [
        ("speaker", speaker) if by_speaker and speaker is not None else index
        for index, speaker in enumerate(speakers)
    ]


def _recall(value: float, replicates: Mapping[str, FloatArray], row: int) -> Estimate:
    # A draw of speakers may hold no clip of the label at all; it says nothing about its recall.
    drawn = replicates["recall"][replicates["present"][:, row] > 0, row]
    low, high = np.percentile(drawn, _INTERVAL) if len(drawn) else (value, value)
    return Estimate(float(value), float(low), float(high))


def _sums_by_owner(truth: IntArray, scores: FloatArray, owners: Sequence[Hashable]) -> FloatArray:
    """[owners, K]: what the figures are functions of, summed over each owner's clips."""
    count = scores.shape[1]
    confidence, predicted = scores.max(axis=1), scores.argmax(axis=1)
    row = places_of(owners)
    rows = row.max() + 1
    confusion = np.zeros((rows, count**2))
    bins = np.zeros((rows, CALIBRATION_BINS, 3))
    rest = np.zeros((rows, 2))
    np.add.at(confusion, (row, truth * count + predicted), 1)
    np.add.at(
        bins,
        (row, _bin_of(confidence)),
        np.stack([np.ones(len(truth)), confidence, predicted == truth], axis=1),
    )
    np.add.at(rest, row, np.stack([brier_scores(truth, scores), confidence], axis=1))
    return np.concatenate([confusion, bins.reshape(rows, -1), rest], axis=1)


def _from_sums(sums: FloatArray, count: int) -> dict[str, FloatArray]:
    """The figures of [..., K] sums, each [...], but `recall` and `present` [..., count]."""
    shape = sums.shape[:-1]
    end = count**2
    confusion = sums[..., :end].reshape(*shape, count, count)
    bins = sums[..., end:-2].reshape(*shape, CALIBRATION_BINS, 3)
    clips = confusion.sum(axis=(-2, -1))
    return {
        "ua": unweighted_accuracy(confusion),
        "wa": weighted_accuracy(confusion),
        "f1": macro_f1(confusion),
        "ece": expected_calibration_error(bins),
        "brier": sums[..., -2] / clips,
        "confidence": sums[..., -1] / clips,
        "recall": recalls(confusion),
        "present": confusion.sum(axis=-1),
    }


def bootstrap_sums(sums: FloatArray, rng: np.random.Generator) -> FloatArray:
    """[owners, K] to [replicates, K]: sums over as many owners, drawn with replacement."""
    owners = len(sums)
    even = np.full(owners, 1 / owners)
    parts = [
        rng.multinomial(owners, even, size=_DRAWN_AT_ONCE) @ sums
        for _ in range(REPLICATES // _DRAWN_AT_ONCE)
    ]
    return np.concatenate(parts)


def _reliability(bins: FloatArray) -> tuple[Bin, ...]:
    borders = np.linspace(0, 1, CALIBRATION_BINS + 1).tolist()
    means = ratio(bins[:, 1:], bins[:, :1])
    return tuple(
        Bin(borders[i], borders[i + 1], int(bins[i, 0]), float(means[i, 0]), float(means[i, 1]))
        for i in range(CALIBRATION_BINS)
    )


def _bin_of(confidence: FloatArray) -> IntArray:
    return np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)


def _mean_over_present(
    values: FloatArray, confusion: NDArray[np.floating] | IntArray
) -> FloatArray:
    present = confusion.sum(axis=-1) > 0
    return ratio((values * present).sum(axis=-1), present.sum(axis=-1))


def ratio(above: ArrayLike, below: ArrayLike) -> FloatArray:
    """The quotient, and 0 where nothing is divided by nothing."""
    top, bottom = np.asarray(above, np.float64), np.asarray(below, np.float64)
    quotient = np.zeros(np.broadcast(top, bottom).shape)
    return np.divide(top, bottom, out=quotient, where=bottom > 0)
