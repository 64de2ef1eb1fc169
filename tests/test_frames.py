"""The frame grid against the convolutions it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxcor import frames
from voxcor.models.families.emotion2vec.architecture import CONVOLUTIONS


def frames_layer_by_layer(samples: int) -> int:
    """The slow way: every valid convolution in turn."""
    for _, kernel, stride in CONVOLUTIONS:
        if samples < kernel:
            return 0
        samples = (samples - kernel) // stride + 1
    return samples


def test_constants_are_twenty_and_twenty_five_milliseconds() -> None:
    assert frames.HOP == 320
    assert frames.RECEPTIVE_FIELD == 400
    assert frames.HOP_MS == 20


@pytest.mark.parametrize(("seconds", "expected"), [(1, 49), (2, 99), (10, 499), (30, 1499)])
def test_known_frame_counts(seconds: int, expected: int) -> None:
    assert frames.num_frames(seconds * frames.SAMPLE_RATE) == expected


@given(st.integers(min_value=0, max_value=2_000_000))
def test_closed_form_equals_the_convolutions(samples: int) -> None:
    assert frames.num_frames(samples) == frames_layer_by_layer(samples)


@given(st.integers(min_value=1, max_value=100_000))
def test_num_samples_is_the_smallest_that_gives_so_many_frames(count: int) -> None:
    samples = frames.num_samples(count)
    assert frames.num_frames(samples) == count
    assert frames.num_frames(samples - 1) == count - 1


def test_first_frame_is_centred_in_its_receptive_field() -> None:
    assert frames.frame_center(0) == 0.0125
    assert frames.frame_center(50) == pytest.approx(1.0125)


@given(
    st.floats(min_value=0, max_value=60),
    st.floats(min_value=0, max_value=60),
    st.integers(min_value=1, max_value=3000),
)
def test_a_span_is_the_frames_whose_middles_it_holds(a: float, b: float, total: int) -> None:
    start, end = sorted((a, b))
    first, last = frames.frame_range(start, end, total)
    assert 0 <= first < last <= total
    inside = [
        frame for frame in range(total) if start + 1e-6 < frames.frame_center(frame) < end - 1e-6
    ]
    if inside:
        assert first <= inside[0]
        assert last >= inside[-1] + 1
        assert last - first <= len(inside) + 2


def test_neighbouring_spans_share_no_frame() -> None:
    assert frames.frame_range(0.0, 0.5, 100)[1] == frames.frame_range(0.5, 1.0, 100)[0]
