"""Labels that are likely wrong: confident learning (Northcutt, Jiang & Chuang 2021).

Curtis G. Northcutt, Lu Jiang and Isaac L. Chuang, "Confident Learning: Estimating Uncertainty in
Dataset Labels", Journal of Artificial Intelligence Research 70, 1373-1411; computed by its authors'
library, cleanlab. What it needs are probabilities of each label by somebody who has not seen it. So
a logistic regression on the vectors says what a segment is after it has learned from other speakers
only, or from other recordings where too few speakers are known.

A label is likely wrong where the joint distribution of given and true labels, estimated from those
probabilities, says that so many of this kind are; which ones, the margin says: the probability of
the given label less that of the likeliest other one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from voxcor.datasets.channels import channel_in
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import in_model_order, read_manifest
from voxcor.errors import LabelsTooFew
from voxcor.extras import require_extra
from voxcor.language import listed
from voxcor.library.filters import LABELLED, Filters, all_of
from voxcor.library.segments import ID_DIGITS, FloatArray, from_arrow, matrix
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.models.store import find_model
from voxcor.training.embeddings import embed_clips, fingerprint

FOLDS = 5
FEWEST_OF_LABEL = 10  # segments, and of two speakers or recordings: else a label cannot be judged
FEWEST = 50  # segments in all

# Of logistic regression: the inverse of how strongly weights are held back, after scaling. On
# ravdess 0.0003 finds as many errors, 0.01 fewer, and slower.
STRENGTH = 0.001
_MOST_STEPS = 1000


@dataclass(frozen=True, slots=True)
class LabelledVector:
    """A segment with its label, before it is judged.

    `path`, `start`, `end` and `channel` say where to hear it; `speaker` and `recording` who and
    what must not be in two folds. `id` is that of a segment of the library, None where it lies in
    none.
    """

    path: str
    start: float | None
    end: float | None
    label: str
    speaker: str | None
    recording: str
    id: str | None = None
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class LabelError:
    """A label that is likely wrong.

    `given` is the label, `likely` the likeliest other one. `given_score` and `likely_score` are
    their probabilities, 0..1; `margin` is the first less the second, -1..1: the lower, the surer.
    """

    segment: LabelledVector
    given: str
    likely: str
    given_score: float
    likely_score: float
    margin: float

    @property
    def listen(self) -> str:
        """Where to hear it, as a query takes it: `PATH@START-END`, or the path of all of it."""
        where = self.segment
        if where.start is None or where.end is None:
            return where.path
        return f"{where.path}@{where.start:.3f}-{where.end:.3f}"

    def to_document(self) -> dict[str, Any]:
        """As JSON has it: times in milliseconds."""
        where = self.segment
        times = {"start_ms": where.start, "end_ms": where.end}
        return {
            "id": where.id,
            "path": where.path,
            **{name: None if at is None else round(1000 * at) for name, at in times.items()},
            "channel": where.channel,
            "speaker": where.speaker,
            **{name: getattr(self, name) for name in ("given", "likely")},
            **{
                name: round(getattr(self, name), 4)
                for name in ("given_score", "likely_score", "margin")
            },
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """What `to_document` wrote of a segment of the library."""
        segment = LabelledVector(
            path=document["path"],
            start=document["start_ms"] / 1000,
            end=document["end_ms"] / 1000,
            label=document["given"],
            speaker=document["speaker"],
            recording=document["id"][:ID_DIGITS],
            id=document["id"],
            channel=document["channel"],
        )
        names = ("given", "likely", "given_score", "likely_score", "margin")
        return cls(segment, **{name: document[name] for name in names})


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """What was found among labels, the surest first.

    `judged` is how many labels were, `right` the share of them that the held-out heads give, as
    they are. `apart` says what no two folds share: `speaker` or `recording`. `left_out` counts
    segments by labels that too few have, or that one alone has. `problems` are of a list.
    """

    errors: tuple[LabelError, ...]
    judged: int
    right: float
    apart: str
    left_out: dict[str, int]
    problems: tuple[RowProblem, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As JSON has it, without what is wrong with a list."""
        return {
            "errors": [error.to_document() for error in self.errors],
            **{name: getattr(self, name) for name in ("judged", "right", "apart", "left_out")},
        }


def errors_in_library(
    library: Library, table: ModelTable, filters: Filters | None = None, *, seed: int = 0
) -> LabelErrors:
    """The labels that people have given segments of the library, and which are likely wrong.

    Args:
        library: where.
        table: whose vectors are used.
        filters: which segments; None for all that have a label.
        seed: of the folds.

    Raises:
        LabelsTooFew: too little is labelled.
    """
    rows = library.rows(table, all_of(LABELLED, (filters or Filters()).where))
    found = [
        LabelledVector(
            path=one.path or one.name,
            start=one.start,
            end=one.end,
            label=one.label or "",
            speaker=one.speaker,
            recording=one.recording.partition("+")[0].partition("-")[0],
            id=one.id,
            channel=one.channel,
        )
        for one in from_arrow(rows, table.labels)
    ]
    return find_errors(found, matrix(rows) if found else np.zeros((0, 1), np.float32), seed=seed)


def errors_in_list(
    source: Path,
    *,
    model: str = "auto",
    seed: int = 0,
    progress: Callable[[float], None] = lambda _share: None,
) -> LabelErrors:
    """The labels of a list, as `voxcor train` reads it, and which are likely wrong.

    Args:
        source: a list, or what else `voxcor.datasets.manifest.read_manifest` reads.
        model: whose vectors are used; they are kept for the next time.
        seed: of the folds.
        progress: is told the share of the list that has been heard, 0 to 1.

    Raises:
        UsageError: the `library` extra is not installed.
        InputNotFound, InputUnreadable, ManifestError: the list cannot be used.
        LabelsTooFew: too little is labelled.
        ModelNotInstalled, ModelCorrupt, StorageError: of the model and of its vectors.
    """
    require_extra("library", ("cleanlab", "sklearn"), "Finding label errors", "查找标注错误")
    manifest = read_manifest(source)
    clips, same = fingerprint(manifest.utterances)
    embedded, unusable = embed_clips(clips, find_model(model), frames=False, progress=progress)
    found = []
    for one in embedded:
        utterance = one.clip.utterance
        columns = utterance.columns
        start, end = (
            float(columns[name]) if name in columns else None for name in ("start_time", "end_time")
        )
        path = str(utterance.cut_from or utterance.path)
        voice = "/".join(utterance.voice) if utterance.voice else None
        channel = channel_in(columns)
        found.append(
            LabelledVector(path, start, end, utterance.label, voice, path, channel=channel)
        )
    vectors = np.array([one.embedding for one in embedded], np.float32)
    judged = find_errors(found, vectors, seed=seed)
    return LabelErrors(
        judged.errors,
        judged.judged,
        judged.right,
        judged.apart,
        judged.left_out,
        (*manifest.problems, *same, *unusable),
    )


def find_errors(
    segments: Sequence[LabelledVector], vectors: FloatArray, *, seed: int = 0
) -> LabelErrors:
    """Which of the labels are likely wrong; see the module.

    Args:
        segments: with their labels.
        vectors: theirs, `[S, D]`.
        seed: of the folds; the same gives the same errors.

    Raises:
        LabelsTooFew: fewer than two labels of ten segments each, by two speakers or in two
            recordings, or fewer than 50 segments in all.
    """
    require_extra("library", ("cleanlab", "sklearn"), "Finding label errors", "查找标注错误")
    apart, groups = _groups(segments)
    kept, folds = _usable([one.label for one in segments], groups, seed)
    names = in_model_order(segments[i].label for i in kept)
    if len(kept) < FEWEST or len(names) < 2:
        raise _too_few(segments, names)
    given = np.array([names.index(segments[i].label) for i in kept])
    scores = _held_out_scores(vectors[kept], given, folds)
    judged = [
        _error(segments[kept[i]], names, int(given[i]), scores[i]) for i in _issues(given, scores)
    ]
    counts = Counter(one.label for one in segments)
    used = Counter(segments[i].label for i in kept)
    return LabelErrors(
        errors=tuple(sorted(judged, key=lambda error: error.margin)),
        judged=len(kept),
        right=float((scores.argmax(axis=1) == given).mean()),
        apart=apart,
        left_out={label: n for label, n in counts.items() if label not in used},
    )


def _groups(segments: Sequence[LabelledVector]) -> tuple[str, list[str]]:
    """What must not be in two folds; unknown speakers are apart by their recordings."""
    voices = {one.speaker for one in segments if one.speaker}
    if len(voices) >= FOLDS:
        return "speaker", [one.speaker or f"\0{one.recording}" for one in segments]
    return "recording", [one.recording for one in segments]


def _usable(
    labels: Sequence[str], groups: Sequence[str], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The indices [n] of what can be judged, and the fold [n] of each.

    A label that some fold does not learn would be wrong everywhere in it: it is left out.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    dropped: set[str] = set()
    while True:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for label, group in zip(labels, groups, strict=True):
            counts[label][group] += 1
        dropped |= {
            label for label, of in counts.items() if of.total() < FEWEST_OF_LABEL or len(of) < 2
        }
        kept = np.array([i for i, label in enumerate(labels) if label not in dropped], np.int64)
        own = np.array([labels[i] for i in kept])
        parts = np.unique([groups[i] for i in kept], return_inverse=True)[1] if len(kept) else kept
        folds = np.zeros(len(kept), np.int64)
        count = min(FOLDS, len(np.unique(parts)))
        if len(np.unique(own)) < 2 or count < 2:
            return kept[:0], folds[:0]
        cutter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
        for number, (_, held_out) in enumerate(cutter.split(own, own, parts)):
            folds[held_out] = number
        lost = {
            label
            for number in range(count)
            for label in {*own.tolist()} - {*own[folds != number].tolist()}
        }
        if not lost:
            return kept, folds
        dropped |= lost


def _held_out_scores(
    vectors: FloatArray, given: NDArray[np.int64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """[n, L]: what a head says of each segment that has learned from the other folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scores = np.zeros((len(given), given.max() + 1))
    for number in np.unique(folds):
        held_out = folds == number
        # Rare labels count as much as frequent ones: to be rare is no sign of being wrong.
        head = make_pipeline(
            StandardScaler(),
            LogisticRegression(C=STRENGTH, max_iter=_MOST_STEPS, class_weight="balanced"),
        )
        head.fit(vectors[~held_out], given[~held_out])
        scores[held_out] = head.predict_proba(vectors[held_out])
    return scores


def _issues(given: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """The indices of labels that are likely wrong, the lowest margin first."""
    from cleanlab.filter import find_label_issues

    found: NDArray[np.int64] = find_label_issues(
        given, scores, return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    return found


def _error(
    segment: LabelledVector, names: Sequence[str], given: int, scores: NDArray[np.float64]
) -> LabelError:
    others = scores.copy()
    others[given] = -1
    likely = int(others.argmax())
    return LabelError(
        segment,
        names[given],
        names[likely],
        float(scores[given]),
        float(scores[likely]),
        float(scores[given] - scores[likely]),
    )


def _too_few(segments: Sequence[LabelledVector], usable: Sequence[str]) -> LabelsTooFew:
    counts = Counter(one.label for one in segments)
    known = listed([f"{label} {n}" for label, n in counts.most_common()] or ["-"])
    return LabelsTooFew(
        reason_en=(
            f"too little is labelled to find errors in it: {known.en}. At least {FEWEST} segments "
            f"with two labels are needed, and of each label {FEWEST_OF_LABEL} by two speakers or "
            f"in two recordings."
        ),
        reason_zh=(
            f"已标注的语段太少，无法查找错误：{known.zh}。至少需要 {FEWEST} 个语段、两种标签，"
            f"每种标签至少 {FEWEST_OF_LABEL} 个，且来自两位说话人或两段录音。"
        ),
    )
