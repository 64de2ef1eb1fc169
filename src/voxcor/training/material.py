"""What a head learns from, and what it is measured on: clips, their embeddings and labels."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voxcor.datasets.manifest import Utterance, in_model_order
from voxcor.evaluation.metrics import Figures, measure
from voxcor.models.cards import Card
from voxcor.timeline import softmax
from voxcor.training.embeddings import EmbeddedClip
from voxcor.training.folds import Plan
from voxcor.training.heads import Examples, FloatArray, HeadKind, IntArray, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Clips [N] that a model has heard, and how they are used.

    `names` [L] are the labels to learn; `truth` [N] are indices into them, -1 for a label that is
    only tested. `base` [N, L_base] are the logits of the model as it was, which `shared`
    [L_base, L] takes, calibrated, to the labels that both have.
    """

    embedded: Sequence[EmbeddedClip]
    plan: Plan
    names: tuple[str, ...]
    truth: IntArray
    base: FloatArray
    shared: FloatArray

    @property
    def utterances(self) -> list[Utterance]:
        return [item.clip.utterance for item in self.embedded]

    def share(self, kind: HeadKind) -> FloatArray:
        """[L_base, L]: what a head of this kind adds to, of what the model said before."""
        return self.shared if kind == "linear" else np.zeros_like(self.shared)

    def examples(self, kind: HeadKind) -> Examples:
        """The clips as a head of this kind is given them."""
        pooled = np.stack([item.embedding for item in self.embedded])
        rows = _frames_of(self.embedded) if kind == "mlp" else _means_of(pooled)
        return Examples(rows, pooled, self.base @ self.share(kind), self.truth)

    def measured(self, clips: IntArray, logits: FloatArray) -> Figures:
        """What logits [n, L] of some clips [n] are worth."""
        voices = [self.embedded[i].clip.utterance.voice for i in clips]
        return measure(self.truth[clips], softmax(logits).astype(np.float64), self.names, voices)

    def measured_before(self, clips: IntArray) -> Figures | None:
        """What the model as it was is worth on them; None where it has none of the labels."""
        known = self.shared.any(axis=0)
        if not known.any() or not len(clips):
            return None
        logits = np.where(known, self.base[clips] @ self.shared, -np.inf).astype(np.float32)
        return self.measured(clips, logits)

    def counts(self) -> dict[str, int]:
        """How many clips of each label there are to train on."""
        found = Counter(self.embedded[i].clip.utterance.label for i in self.plan.train)
        return {name: found[name] for name in self.names}

    def digest(self) -> str:
        """Of what was trained on: audio, labels and speakers, in any order and wherever it lay."""
        lines = []
        for i in self.plan.train:
            clip = self.embedded[i].clip
            parts = clip.sha256, clip.utterance.label, clip.utterance.speaker or ""
            lines.append("\t".join(parts))
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def material_of(embedded: Sequence[EmbeddedClip], plan: Plan, base: Card) -> Material:
    """The clips with the labels that occur in what there is to train on.

    Args:
        embedded: what the model makes of the clips.
        plan: over the same clips.
        base: of the model.
    """
    labels = [item.clip.utterance.label for item in embedded]
    names = in_model_order(labels[i] for i in plan.train)
    truth = np.array([names.index(label) if label in names else -1 for label in labels])
    logits = np.stack([item.logits for item in embedded])
    return Material(embedded, plan, names, truth, logits, _shared(base, names))


def _shared(base: Card, names: Sequence[str]) -> FloatArray:
    matrix = np.array([[own == name for name in names] for own in base.labels], np.float32)
    return matrix.reshape(len(base.labels), len(names)) / np.float32(base.temperature)


def _means_of(pooled: FloatArray) -> Rows:
    return lambda clips: (pooled[clips], np.ones(len(clips), np.int64))


def _frames_of(embedded: Sequence[EmbeddedClip]) -> Rows:
    """Read from disk batch by batch: all frames of a corpus may not fit into memory."""

    def rows(clips: IntArray) -> tuple[FloatArray, IntArray]:
        frames = [np.load(path) for i in clips if (path := embedded[i].frames)]
        lengths = np.array([len(part) for part in frames], np.int64)
        return np.concatenate(frames).astype(np.float32), lengths

    return rows
