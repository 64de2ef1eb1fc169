"""The four views agree with each other, by hand-computed examples and by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from voxcor import timeline
from voxcor.frames import frame_center, frame_range

LABELS = ("angry", "happy", "sad")


def span_means(
    logits: NDArray[np.float32], spans: list[tuple[float, float]]
) -> NDArray[np.float64]:
    """The slow way."""
    ranges = [frame_range(start, end, len(logits)) for start, end in spans]
    return np.array([logits[first:last].astype(np.float64).mean(axis=0) for first, last in ranges])


logits_strategy = arrays(
    np.float32,
    st.tuples(st.integers(1, 40), st.just(3)),
    elements=st.floats(-20, 20, width=32),
)


def test_pooled_scores_are_the_softmax_of_the_mean() -> None:
    logits = np.array([[0, 2, 0], [0, 0, 0]], dtype=np.float32)
    scores = timeline.pooled_scores(logits, LABELS)
    e = np.e
    assert scores == pytest.approx({"angry": 1 / (2 + e), "happy": e / (2 + e), "sad": 1 / (2 + e)})
    assert timeline.top(scores)[0] == "happy"


def test_huge_logits_do_not_overflow() -> None:
    logits = np.array([[1e4, -1e4, 0]], dtype=np.float32)
    assert timeline.softmax(logits).tolist() == [[1, 0, 0]]
    assert timeline.pooled_scores(logits, LABELS)["angry"] == 1


@given(logits_strategy)
def test_every_view_sums_to_one(logits: NDArray[np.float32]) -> None:
    assert sum(timeline.pooled_scores(logits, LABELS).values()) == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(timeline.softmax(logits).sum(axis=-1), 1, atol=1e-5)


def test_frames_are_timed_in_the_original_recording() -> None:
    scores = np.full((3, 3), 1 / 3, dtype=np.float32)
    view = timeline.frame_view(scores, LABELS, offset=2.5)
    np.testing.assert_allclose(view.times, [2.5125, 2.5325, 2.5525])
    assert view.labels == LABELS


def test_segments_transitions_and_summary_follow_the_frames() -> None:
    logits = np.zeros((100, 3), dtype=np.float32)
    logits[:50, 0] = 5  # 0 to 1 s angry
    logits[50:, 2] = 5  # 1 to 2 s sad
    spans = [(0.1, 0.7), (1.1, 1.3)]
    means = span_means(logits, spans)
    segments = timeline.segment_view(means, LABELS, spans, 10, [None, None])
    assert [(s.start, s.end, s.emotion) for s in segments] == [
        (pytest.approx(10.1), pytest.approx(10.7), "angry"),
        (pytest.approx(11.1), pytest.approx(11.3), "sad"),
    ]
    transitions = timeline.transition_view(segments)
    assert [(t.time, t.before, t.after) for t in transitions] == [
        (pytest.approx(11.1), "angry", "sad")
    ]
    summary = timeline.summary_view(segments, transitions, "angry")
    assert summary.dominant == "angry"
    assert summary.shares == pytest.approx({"angry": 0.75, "sad": 0.25})
    assert (summary.segments, summary.transitions) == (2, 1)


def test_each_speaker_has_a_summary_of_their_own() -> None:
    logits = np.zeros((300, 3), dtype=np.float32)
    logits[:100, 0] = 5  # 0 to 2 s angry
    logits[100:, 1] = 5  # 2 to 6 s happy
    spans = [(0.1, 1.1), (2.1, 3.1), (3.1, 3.6), (4.1, 5.1)]
    voices = ["agent", "agent", None, "caller"]
    segments = timeline.segment_view(span_means(logits, spans), LABELS, spans, 0, voices)
    speakers = timeline.summary_view(segments, (), "angry").speakers
    assert list(speakers) == ["agent", "caller"]
    assert (speakers["agent"].speech, speakers["caller"].speech) == pytest.approx((2.0, 1.0))
    assert speakers["agent"].shares == pytest.approx({"angry": 0.5, "happy": 0.5})
    assert (speakers["caller"].dominant, speakers["caller"].shares) == ("happy", {"happy": 1.0})


def test_no_segments_leave_the_summary_to_the_utterance() -> None:
    assert timeline.summary_view((), (), "sad").shares == {"sad": 1.0}


@given(logits_strategy, st.data())
def test_a_segment_over_everything_is_the_utterance(
    logits: NDArray[np.float32], data: st.DataObject
) -> None:
    end = frame_center(len(logits))
    spans = [(0.0, end)]
    offset = data.draw(st.floats(0, 9))
    segment = timeline.segment_view(span_means(logits, spans), LABELS, spans, offset, ["A"])
    assert segment[0].speaker == "A"
    assert segment[0].scores == pytest.approx(timeline.pooled_scores(logits, LABELS))
