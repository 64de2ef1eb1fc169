"""Courses over time: figures by their formulas, changes where there are some, and seldom else."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from voxcor.evaluation.metrics import Estimate
from voxcor.library.segments import LibrarySegment
from voxcor.library.trajectory import (
    FALSE_ALARMS,
    change_points,
    follow,
    follow_each,
)

pytest.importorskip("ruptures", reason="the library extra is not installed")

BEGIN = datetime(2026, 1, 5, 9)
SEGMENT = LibrarySegment(
    *("0" * 16, "call.wav", None, None, 0.0, 1.0, "neutral", 0.9, {"neutral": 1.0}),
    *(0.0, 0.0, "ann", None, BEGIN, "test"),
)


def segments(values: list[float], recording: int = 0, day: float = 0) -> list[LibrarySegment]:
    return [
        replace(
            SEGMENT,
            recording=f"{recording:016x}",
            start=2.0 * i,
            end=2.0 * i + 1,
            valence=value,
            recorded_at=BEGIN + timedelta(days=day),
        )
        for i, value in enumerate(values)
    ]


def test_figures_are_those_of_their_formulas() -> None:
    values = [0.1, 0.4, 0.2, 0.5, 0.3]
    found = follow(segments(values))
    x = np.array(values)
    assert found.values == pytest.approx(values)
    assert found.times == pytest.approx([0.5, 2.5, 4.5, 6.5, 8.5])
    assert found.mean.value == pytest.approx(0.3)
    assert found.deviation.value == pytest.approx(np.sqrt(0.025))
    assert found.instability.value == pytest.approx(np.sqrt((0.09 + 0.04 + 0.09 + 0.04) / 4))
    centred = x - 0.3
    inertia = sum(a * b for a, b in pairwise(centred)) / sum(centred**2)
    assert found.inertia.value == pytest.approx(inertia)
    assert found.mean.low <= 0.3 <= found.mean.high


def test_the_order_of_segments_makes_no_difference() -> None:
    given = segments([0.1, 0.5, -0.2, 0.3])
    assert follow(given) == follow(given[::-1])


def test_of_several_recordings_each_is_one_value() -> None:
    first, second = segments([0.0, 0.4], 1), segments([-0.2, -0.4], 2, day=7)
    long = replace(first[0], end=first[0].start + 3)  # three times as long as the other
    found = follow([*second, long, first[1]])
    assert found.times == pytest.approx([0, 7])
    assert found.values == pytest.approx([0.1, -0.3])
    assert [one.segments for one in found.sessions] == [2, 2]


def test_a_change_is_found_where_it_is() -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(0.4, 0.1, 20), rng.normal(-0.3, 0.1, 15)])
    found = follow(segments(values.tolist()))
    assert found.changes == pytest.approx([40.5])


def test_two_changes() -> None:
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(mean, 0.1, 20) for mean in (0.4, -0.3, 0.2)])
    assert change_points(values, rng) == pytest.approx([20, 40], abs=1)


def test_false_alarms_are_as_seldom_as_is_said() -> None:
    """In 150 series without a change; four standard deviations of the binomial are allowed."""
    rng = np.random.default_rng(3)
    alarms = sum(bool(change_points(rng.normal(0, 1, 30), rng)) for _ in range(150))
    assert alarms / 150 < FALSE_ALARMS + 4 * np.sqrt(FALSE_ALARMS * (1 - FALSE_ALARMS) / 150)


@pytest.mark.parametrize("values", [[], [0.2], [0.2] * 20, [0.1, 0.9, 0.1]])
def test_what_is_too_little_or_never_moves_has_no_changes(values: list[float]) -> None:
    found = follow(segments(values))
    assert found.changes == ()
    assert len(found.values) == len(values)


def test_intervals_hold_the_truth_nineteen_times_of_twenty() -> None:
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(50):
        found = follow(segments(rng.normal(0.2, 0.3, 60).tolist()), seed=int(rng.integers(1e9)))
        held += found.mean.low <= 0.2 <= found.mean.high
    assert held > 40


def test_segments_that_say_nothing_are_left_out() -> None:
    given = [*segments([0.1, 0.2]), replace(SEGMENT, valence=None, start=9.0, end=10.0)]
    assert follow(given).values == pytest.approx([0.1, 0.2])
    assert follow(given, "arousal").values == pytest.approx([0, 0, 0])


def test_intervals_of_what_is_about_neighbours_keep_their_order() -> None:
    """Series in which half of each value goes into the next; drawn singly, none would."""
    rng = np.random.default_rng(5)
    inertia = instability = 0
    for seed in range(40):
        values = [0.0]
        for step in rng.normal(0, 0.1, 79):
            values.append(0.5 * values[-1] + step)
        found = follow(segments(values), seed=seed)
        inertia += found.inertia.low <= 0.5 <= found.inertia.high
        # The steps' variance: twice that of the values, 0.01 / (1 - 0.25), less what is kept.
        expected = np.sqrt(2 * 0.01 / 0.75 * 0.5)
        instability += found.instability.low <= expected <= found.instability.high
    assert inertia > 28
    assert instability > 28


def test_each_recording_has_a_course_of_its_own() -> None:
    first, second = segments([0.1, 0.3, 0.2], 1), segments([-0.2, -0.4], 2, day=7)
    found = follow_each([*second, *first])
    assert [one.values for one in found] == [
        pytest.approx((0.1, 0.3, 0.2)),
        pytest.approx((-0.2, -0.4)),
    ]
    assert {one.unit for one in found} == {"s"}


@pytest.mark.parametrize(
    ("interval", "sign", "said"),
    [
        (Estimate(0.311, 0.119, 0.5), "", "0.31 [0.12, 0.50]"),
        (Estimate(0.311, -0.2, 0.5), "+", "+0.31 [-0.20, +0.50]"),
        # Of what rounds to nothing no minus is left.
        (Estimate(-0.004, -0.09, 0.09), "+", "+0.00 [-0.09, +0.09]"),
        (Estimate(0.2, math.nan, math.nan), "", "0.20"),
        (Estimate(math.nan, math.nan, math.nan), "+", "–"),
    ],
)
def test_a_figure_is_told_with_its_interval(interval: Estimate, sign: str, said: str) -> None:
    assert interval.told(sign) == said
