"""From frame logits to the four views of a recording: frames, segments, transitions, summary.

Each is derived from the one before. Scores of any span are the softmax of the mean of its
frames' logits; because the classifier is linear, that is the classifier of the mean embedding.
Arousal and valence of any span, or frame, are derived from its scores.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray

from voxcor.frames import HOP, RECEPTIVE_FIELD, SAMPLE_RATE
from voxcor.results import (
    Dimensions,
    FrameDimensions,
    Frames,
    Segment,
    SpeakerSummary,
    Summary,
    Transition,
)

Span = tuple[float, float]  # seconds

# Arousal and valence (there: pleasure) of the words, -1..1: what people said of them in Russell &
# Mehrabian 1977, "Evidence for a three-factor theory of emotions", Journal of Research in
# Personality 11, 273-294. Neutral is not among their words; it is the origin by what it means.
# `other` and `unknown` name no emotion and stand nowhere.
COORDINATES = {
    "angry": (0.59, -0.51),
    "disgusted": (0.35, -0.60),
    "fearful": (0.60, -0.64),
    "happy": (0.51, 0.81),
    "neutral": (0.0, 0.0),
    "sad": (-0.27, -0.63),
    "surprised": (0.67, 0.40),
}

# Two words lie on a line, on which arousal and valence would say the same.
_FEWEST_WORDS = 3

# Of the scores. Where less lies on words that stand somewhere, most of what was heard does not.
_LEAST_SHARE = 0.5


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the last axis, shifted by the maximum so that it cannot overflow."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True), dtype=np.float32)


def pooled_scores(logits: NDArray[np.float32], labels: Sequence[str]) -> dict[str, float]:
    """Scores of a span by label, from its frame logits [T, L]; they sum to 1."""
    # float64: a mean over hours of frames keeps its digits.
    return scores_of(logits.mean(axis=0, dtype=np.float64), labels)


def scores_of(mean: NDArray[np.float64], labels: Sequence[str]) -> dict[str, float]:
    """Scores by label, from the mean of frame logits [L]; they sum to 1."""
    exponentials = np.exp(mean - mean.max())
    return dict(zip(labels, (exponentials / exponentials.sum()).tolist(), strict=True))


def relative_scores(scores: Mapping[str, float], offsets: Mapping[str, float]) -> dict[str, float]:
    """The softmax of the logarithms of scores, less an offset for each label."""
    weights = {label: score * exp(-offsets[label]) for label, score in scores.items()}
    total = sum(weights.values())
    return {label: weight / total for label, weight in weights.items()}


def top(scores: dict[str, float]) -> tuple[str, float]:
    """The label with the highest score, and that score; the first of equals."""
    label = max(scores, key=scores.__getitem__)
    return label, scores[label]


def blend_of(scores: Mapping[str, float]) -> tuple[str, str] | None:
    """The two labels that share the mass, the stronger first, or None where one leads or many do.

    Two make a blend where the second scores at least half of the first and more than all the
    others together: to leave it out would lose more than to leave out all the rest. Together they
    then hold over two thirds. `other` and `unknown` name no emotion and blend with none.
    """
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    if len(ranked) < 2 or {"other", "unknown"} & {*ranked[:2]}:
        return None
    first, second = scores[ranked[0]], scores[ranked[1]]
    rest = sum(scores[label] for label in ranked[2:])
    return (ranked[0], ranked[1]) if second >= first / 2 and second > rest else None


def dimensions_of(scores: Mapping[str, float]) -> Dimensions | None:
    """Arousal and valence, derived from scores: see `_points`; None where they say none."""
    points = _points(np.array([*scores.values()]), [*scores])
    if points is None or np.isnan(points).any():
        return None
    arousal, valence = points.tolist()
    return Dimensions(arousal, valence, "derived from scores")


def _points(scores: NDArray[np.floating], labels: Sequence[str]) -> NDArray[np.floating] | None:
    """Arousal and valence [..., 2] of scores [..., L]: where the words stand, on average.

    sum(score * coordinate) / sum(score) over the labels that have coordinates, so what lies on
    `other`, `unknown` and a model's own labels is left out. NaN where that is more than half; None
    where fewer than three labels have coordinates.
    """
    known = [label in COORDINATES for label in labels]
    if sum(known) < _FEWEST_WORDS:
        return None
    weights = [(*COORDINATES.get(label, (0.0, 0.0)), label in COORDINATES) for label in labels]
    sums = scores @ np.array(weights, scores.dtype)
    totals, share = sums[..., :2], sums[..., 2:]
    points: NDArray[np.floating] = np.full_like(totals, np.nan)
    np.divide(totals, share, out=points, where=share >= _LEAST_SHARE)
    return points


def frame_view(scores: NDArray[np.float32], labels: Sequence[str], offset: float) -> Frames:
    """The emotion curve of frame scores [T, L] whose first sample lies at `offset` seconds."""
    times = offset + (HOP * np.arange(len(scores)) + RECEPTIVE_FIELD / 2) / SAMPLE_RATE
    points, dimensions = _points(scores, labels), None
    if points is not None:
        dimensions = FrameDimensions(points[:, 0], points[:, 1], "derived from scores")
    return Frames(times=times, scores=scores, labels=tuple(labels), dimensions=dimensions)


def segment_view(
    means: NDArray[np.float64],
    labels: Sequence[str],
    spans: Sequence[Span],
    offset: float,
    speakers: Sequence[str | None],
) -> tuple[Segment, ...]:
    """A segment for each of S spans.

    Args:
        means: of the logits of the frames in each span, [S, L].
        labels: L of them.
        spans: of speech in seconds from the first sample, in order.
        offset: where the first sample lies in the original recording, seconds.
        speakers: who speaks in each span.
    """
    segments = []
    for (start, end), mean, speaker in zip(spans, means, speakers, strict=True):
        scores = scores_of(mean, labels)
        emotion, confidence = top(scores)
        times, dimensions = (offset + start, offset + end), dimensions_of(scores)
        segments.append(Segment(*times, emotion, confidence, scores, speaker, dimensions))
    return tuple(segments)


def transition_view(segments: Sequence[Segment]) -> tuple[Transition, ...]:
    """Where a segment's emotion differs from that of the one before it."""
    return tuple(
        Transition(after.start, before.emotion, after.emotion)
        for before, after in pairwise(segments)
        if before.emotion != after.emotion
    )


def summary_view(
    segments: Sequence[Segment], transitions: Sequence[Transition], emotion: str
) -> Summary:
    """How the speech time divides among emotions; without segments all of it is `emotion`'s."""
    shares = _shares(segments) or {emotion: 1.0}
    speakers = {}
    for name in dict.fromkeys(segment.speaker for segment in segments):
        if name is not None:
            own = [segment for segment in segments if segment.speaker == name]
            divided = _shares(own)
            speech = sum(segment.end - segment.start for segment in own)
            speakers[name] = SpeakerSummary(speech, next(iter(divided)), divided)
    return Summary(
        dominant=next(iter(shares)),
        shares=shares,
        segments=len(segments),
        transitions=len(transitions),
        speakers=speakers,
    )


def _shares(segments: Sequence[Segment]) -> dict[str, float]:
    """Of the time of the segments, how much each emotion leads, the most first."""
    seconds: dict[str, float] = {}
    for segment in segments:
        seconds[segment.emotion] = seconds.get(segment.emotion, 0) + segment.end - segment.start
    total = sum(seconds.values())
    shares = {label: part / total for label, part in seconds.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
