"""Speech found while it is heard, against the spans that are found when all of it is known."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_files import Probabilities, noise, speech, with_silence
from voxcor.audio.endpoint import Edge, Endpointer, Leveller
from voxcor.audio.vad import (
    LONGEST_SPEECH,
    PADDING,
    SHORTEST_PAUSE,
    SHORTEST_SPEECH,
    WINDOW_S,
    WINDOW_SAMPLES,
    Span,
    speech_probabilities,
    speech_spans,
)

MIDDLE = LONGEST_SPEECH // 4


def edges_of(probabilities: np.ndarray) -> list[Edge]:
    endpointer = Endpointer()
    edges = [edge for value in probabilities.tolist() for edge in endpointer.push(value)]
    return edges + endpointer.finish()


def spans_of(edges: Iterable[Edge]) -> list[tuple[int, int]]:
    edges = [*edges]
    assert [edge.kind for edge in edges] == ["open", "close"] * (len(edges) // 2)
    return [
        (opens.window, closes.window) for opens, closes in zip(edges[::2], edges[1::2], strict=True)
    ]


def in_windows(spans: Iterable[Span]) -> list[tuple[int, int]]:
    return [(round(start / WINDOW_S), round(end / WINDOW_S)) for start, end in spans]


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans with their cuts undone: where one ends with the window that the next begins with."""
    whole: list[tuple[int, int]] = []
    for start, end in spans:
        if whole and whole[-1][1] == start:
            start, _ = whole.pop()
        whole.append((start, end))
    return whole


def cut(probabilities: np.ndarray, start: int, end: int) -> list[tuple[int, int]]:
    """The rule of cuts said once more, of a whole span."""
    if end - start <= LONGEST_SPEECH:
        return [(start, end)]
    first, last = start + MIDDLE, start + LONGEST_SPEECH - MIDDLE
    place = min(range(first, last), key=lambda window: (probabilities[window], window))
    return [(start, place), *cut(probabilities, place, end)]


@given(Probabilities)
def test_spans_are_the_offline_ones_but_for_where_long_ones_are_cut(
    probabilities: np.ndarray,
) -> None:
    online = spans_of(edges_of(probabilities))
    offline = in_windows(speech_spans(probabilities))
    assert joined(online) == joined(offline)
    assert online == [piece for span in joined(offline) for piece in cut(probabilities, *span)]


@given(Probabilities)
def test_an_edge_is_known_when_nothing_can_change_it(probabilities: np.ndarray) -> None:
    """At once, but for the windows that make speech speech and a pause a pause."""
    endpointer = Endpointer()
    for value in probabilities.tolist():
        earliest = endpointer.earliest
        for edge in endpointer.push(value):
            assert earliest <= edge.window <= endpointer.windows
            if edge.kind == "close" and endpointer.start is None:
                assert endpointer.windows - edge.window == SHORTEST_PAUSE - PADDING
        if endpointer.start is not None:
            assert endpointer.windows - endpointer.start <= LONGEST_SPEECH + SHORTEST_PAUSE
            assert endpointer.start <= endpointer.reach <= endpointer.windows


def test_a_span_opens_with_its_third_window_of_speech() -> None:
    endpointer = Endpointer()
    values = [0.0] * 10 + [1.0] * SHORTEST_SPEECH
    edges = [endpointer.push(value) for value in values]
    assert edges[-1] == [Edge("open", 10 - PADDING)]
    assert not any(edges[:-1])


@given(Probabilities, st.integers(0, 1500))
def test_a_span_that_is_open_reaches_as_far_as_was_promised(
    probabilities: np.ndarray, count: int
) -> None:
    endpointer = Endpointer()
    for value in probabilities[:count].tolist():
        endpointer.push(value)
    start, reach = endpointer.start, endpointer.reach
    if start is None:
        return
    rest = probabilities[count:].tolist()
    later = [edge for value in rest for edge in endpointer.push(value)] + endpointer.finish()
    spans = spans_of([Edge("open", start), *later])
    assert joined(spans)[0][1] >= reach


@pytest.mark.parametrize("gain_db", [0, -20, -40])
def test_speech_of_any_loudness_is_found(gain_db: int) -> None:
    sound = with_silence(speech(3.0, peak=0.9), 1.0, 1.0) + noise(5.0, rms=1e-4)
    levelled = leveller_over(sound * np.float32(10 ** (gain_db / 20)))
    probabilities = speech_probabilities([levelled])
    (start, end), *more = in_windows(speech_spans(probabilities))
    assert not more
    assert start * WINDOW_S == pytest.approx(1.0, abs=0.2)
    assert end * WINDOW_S == pytest.approx(4.0, abs=0.2)


def test_a_room_without_anybody_is_silent_however_long() -> None:
    probabilities = speech_probabilities([leveller_over(noise(20.0, rms=3e-4))])
    assert edges_of(probabilities) == []


def test_levelling_makes_faint_sound_louder_and_takes_its_offset_out() -> None:
    faint = leveller_over(noise(3.0, rms=1e-3) + np.float32(0.25))[2 * 16_000 :]
    assert abs(faint.mean()) < 1e-3
    faint = leveller_over(noise(3.0, rms=1e-3))[2 * 16_000 :]
    assert faint.std() == pytest.approx(1e-3 * 10**1.5, rel=0.05)  # 30 dB are the most
    loud = leveller_over(noise(3.0, rms=0.15))[2 * 16_000 :]
    assert np.abs(loud).max() <= 1.01
    assert not leveller_over(np.zeros(16_384, np.float32)).any()


def leveller_over(samples: np.ndarray) -> np.ndarray:
    leveller = Leveller()
    whole = len(samples) // WINDOW_SAMPLES * WINDOW_SAMPLES
    windows = samples[:whole].astype(np.float32).reshape(-1, WINDOW_SAMPLES)
    return np.concatenate([leveller.push(window) for window in windows])
