"""From frame logits to the four views of a recording: frames, segments, transitions, summary.

Each is derived from the one before. Scores of any stretch are the softmax of the mean of its
frames' logits; because the classifier is linear, that is the classifier of the mean embedding.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from voxcor.frames import frame_center, frame_range
from voxcor.results import Frames, Segment, Summary, Transition

Span = tuple[float, float]  # seconds


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the last axis, shifted by the maximum so that it cannot overflow."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True), dtype=np.float32)


def pooled_scores(logits: NDArray[np.float32], labels: Sequence[str]) -> dict[str, float]:
    """Scores of a stretch by label, from its frame logits [T, L]; they sum to 1."""
    # float64: a mean over hours of frames keeps its digits.
    mean = logits.mean(axis=0, dtype=np.float64)
    exponentials = np.exp(mean - mean.max())
    return dict(zip(labels, (exponentials / exponentials.sum()).tolist(), strict=True))


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


def frame_view(logits: NDArray[np.float32], labels: Sequence[str], offset: float) -> Frames:
    """The emotion curve of frame logits [T, L] whose first sample lies at `offset` seconds."""
    times = offset + np.array([frame_center(i) for i in range(len(logits))])
    return Frames(times=times, scores=softmax(logits), labels=tuple(labels))


def segment_view(
    logits: NDArray[np.float32], labels: Sequence[str], spans: Sequence[Span], offset: float
) -> tuple[Segment, ...]:
    """A segment for each span.

    Args:
        logits: [T, L].
        labels: L of them.
        spans: stretches of speech in seconds from the first sample, in order.
        offset: where the first sample lies in the original recording, seconds.
    """
    segments = []
    for start, end in spans:
        first, last = frame_range(start, end, len(logits))
        scores = pooled_scores(logits[first:last], labels)
        emotion, confidence = top(scores)
        segments.append(Segment(offset + start, offset + end, emotion, confidence, scores))
    return tuple(segments)


def pooled_embeddings(
    embeddings: NDArray[np.float32], spans: Sequence[Span]
) -> NDArray[np.float32]:
    """The mean frame embedding of each span: [T, D] to [S, D], rows as in `segment_view`."""
    ranges = [frame_range(start, end, len(embeddings)) for start, end in spans]
    rows = [embeddings[first:last].mean(axis=0) for first, last in ranges]
    return np.array(rows, dtype=np.float32).reshape(-1, embeddings.shape[1])


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
    seconds: dict[str, float] = {}
    for segment in segments:
        seconds[segment.emotion] = seconds.get(segment.emotion, 0) + segment.end - segment.start
    total = sum(seconds.values())
    shares = {label: part / total for label, part in seconds.items()} or {emotion: 1.0}
    shares = dict(sorted(shares.items(), key=lambda item: -item[1]))
    return Summary(
        dominant=next(iter(shares)),
        shares=shares,
        segments=len(segments),
        transitions=len(transitions),
    )
