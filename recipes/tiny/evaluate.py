"""What the model is worth: recall, accuracy and calibration, corpus by corpus.

Conventions: a prediction is the highest score among the labels that are compared, so that a corpus
is not charged for labels it does not have. UAR is the unweighted average of the recalls (chance:
one over the number of labels), WA the share of clips that are right. Speakers differ and are few;
these figures say how the model does on such speakers, not on any.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dataset
import numpy as np
import torch
from model import UNTRAINED, Tiny
from numpy.typing import NDArray

from voxcor.frames import num_frames
from voxcor.labels import LABEL_IDS

SHARED_LABELS = ("angry", "happy", "neutral", "sad")  # those that nearly every corpus has
CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model said about some clips: utterance logits `[len(clips), L]`, in their order.

    `unknown`, which is never trained, has lost already.
    """

    clips: tuple[dataset.Clip, ...]
    logits: NDArray[np.float64]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The truth, `[len(clips)]`."""
        return np.array([clip.label for clip in self.clips])


@torch.inference_mode()
def scores(model: Tiny, speech: dataset.Speech, indices: Sequence[int]) -> Scores:
    """The mean of the frame logits of each clip, heard whole."""
    rows: dict[int, NDArray[np.float64]] = {}
    for waveforms, lengths, chosen in dataset.evaluation_batches(speech, indices, 16):
        _, logits = model(torch.from_numpy(waveforms), torch.from_numpy(lengths))
        for index, length, frames in zip(chosen, lengths, logits.double(), strict=True):
            rows[int(index)] = frames.numpy().sum(axis=0) / num_frames(int(length))
    logits = np.stack([rows[index] for index in indices])
    logits[:, UNTRAINED] = -np.inf
    return Scores(tuple(speech.clips[i] for i in indices), logits)


def fit_temperature(groups: Iterable[Scores]) -> float:
    """The divisor of the logits with the least negative log-likelihood (Guo et al. 2017).

    Every group counts the same.
    """
    candidates = np.geomspace(0.2, 5, 321)
    losses = [
        [
            np.mean(
                -np.log(likelihood(group.logits / t)[np.arange(len(group.clips)), group.labels])
            )
            for t in candidates
        ]
        for group in groups
    ]
    return float(candidates[np.argmin(np.mean(losses, axis=0))])


def likelihood(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def recognition(
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    among: Sequence[int],
    rivals: Sequence[int] | None = None,
) -> dict[str, Any]:
    """UAR, WA and the recall of each label, over the clips with a label of `among`.

    Only labels of `rivals` (default: the same) compete.
    """
    columns = np.asarray(among if rivals is None else rivals)
    counted = np.isin(labels, among)
    truth, scores = labels[counted], logits[counted][:, columns]
    right = columns[scores.argmax(axis=1)] == truth
    recall = {LABEL_IDS[label]: float(np.mean(right[truth == label])) for label in among}
    return {"uar": float(np.mean([*recall.values()])), "wa": float(right.mean()), "recall": recall}


def arousal_uar(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """UAR of high (angry, happy) against low (neutral, sad) arousal, over clips of these four."""
    high = [LABEL_IDS.index(label) for label in ("angry", "happy")]
    low = [LABEL_IDS.index(label) for label in ("neutral", "sad")]
    counted = np.isin(labels, high + low)
    scores, truth = likelihood(logits[counted]), np.isin(labels[counted], high)
    right = (scores[:, high].sum(axis=1) > scores[:, low].sum(axis=1)) == truth
    sides = [side.mean() for side in (right[truth], right[~truth]) if side.size]
    return float(np.mean(sides))


def calibration_error(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """ECE over equal-width bins of confidence, all nine labels competing (Naeini et al. 2015)."""
    scores = likelihood(logits)
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [
        abs(np.sum(confidence[bins == b]) - np.sum(right[bins == b]))
        for b in range(CALIBRATION_BINS)
    ]
    return float(sum(gaps) / len(labels))


def evaluate(found: Scores, temperature: float) -> dict[str, Any]:
    """For each corpus: how many clips and known speakers, how well they are recognised.

    `shared` compares the labels of `SHARED_LABELS` that the corpus has, `own` all it has, `open`
    lets those compete too that it does not have. The logits are divided by `temperature`;
    `ece_raw` is the calibration error without.
    """
    corpora = np.array([clip.corpus for clip in found.clips])
    report: dict[str, Any] = {}
    for corpus in dict.fromkeys(corpora.tolist()):
        rows = corpora == corpus
        raw, labels = found.logits[rows], found.labels[rows]
        logits = raw / temperature
        own = np.unique(labels).tolist()
        shared = [label for label in own if LABEL_IDS[label] in SHARED_LABELS]
        report[corpus] = {
            "clips": int(rows.sum()),
            "speakers": len({c.speaker for c in found.clips if c.corpus == corpus and c.speaker}),
            "shared": recognition(logits, labels, shared),
            "own": recognition(logits, labels, own),
            "open": recognition(logits, labels, own, range(len(LABEL_IDS))),
            "arousal_uar": arousal_uar(logits, labels),
            "ece": calibration_error(logits, labels),
            "ece_raw": calibration_error(raw, labels),
        }
    return report


def with_mean(report: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The report and, as `mean`, its means, every corpus counting the same."""
    parts = report.values()
    mean = {
        **{
            among: {name: float(np.mean([p[among][name] for p in parts])) for name in ("uar", "wa")}
            for among in ("shared", "own", "open")
        },
        **{
            name: float(np.mean([p[name] for p in parts]))
            for name in ("arousal_uar", "ece", "ece_raw")
        },
    }
    return {**report, "mean": mean}
