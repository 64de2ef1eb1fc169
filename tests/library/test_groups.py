"""Two groups in a dimension: by their formulas, seldom wrong, and honest where they are small."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations

import numpy as np
import pytest

from voxcor.errors import QueryInvalid
from voxcor.library.filters import Filters, parse_group
from voxcor.library.groups import LEVEL, GroupComparison, cliffs_delta, compare_groups
from voxcor.library.segments import LibrarySegment

pytest.importorskip("scipy", reason="the library extra is not installed")

BEGIN = datetime(2026, 1, 5, 9)
SEGMENT = LibrarySegment(
    *("0" * 16, "call.wav", None, None, 0.0, 1.0, "neutral", 0.9, {"neutral": 1.0}),
    *(0.0, 0.0, "ann", None, BEGIN, "test"),
)


def group(name: str, values: list[float]) -> tuple[str, list[LibrarySegment]]:
    """A recording of one segment for each value."""
    return name, [
        replace(
            SEGMENT,
            recording=f"{name}-{at}",
            valence=value,
            recorded_at=BEGIN + timedelta(days=at),
        )
        for at, value in enumerate(values)
    ]


def compared(first: list[float], second: list[float]) -> GroupComparison:
    return compare_groups(group("ann", first), group("ben", second))


def test_figures_are_those_of_their_formulas() -> None:
    first, second = [0.1, 0.5, 0.4, 0.2], [0.0, 0.3, -0.2]
    found = compared(first, second)
    assert found.first.mean.value == pytest.approx(0.3)
    assert found.difference.value == pytest.approx(0.3 - 0.1 / 3)
    above = sum(x > y for x in first for y in second)
    below = sum(x < y for x in first for y in second)
    assert found.delta.value == pytest.approx((above - below) / 12)
    assert found.difference.low < found.difference.value < found.difference.high


def test_p_counts_all_ways_to_deal_the_recordings() -> None:
    first, second = [0.1, 0.5, 0.45, 0.2], [0.0, 0.3, -0.2, 0.15, -0.3]
    values = np.array(first + second)
    at_hand = np.mean(first) - np.mean(second)
    differences = np.array(
        [
            values[list(chosen)].mean() - np.delete(values, chosen).mean()
            for chosen in combinations(range(9), 4)
        ]
    )
    above = np.mean(differences >= at_hand - 1e-12)
    below = np.mean(differences <= at_hand + 1e-12)
    found = compared(first, second)
    assert found.p == pytest.approx(2 * min(above, below))
    assert found.smallest_p == pytest.approx(2 / len(differences))


def test_false_alarms_are_as_seldom_as_is_said() -> None:
    """In 200 pairs of groups that do not differ; four standard deviations are allowed."""
    rng = np.random.default_rng(1)
    alarms = sum(
        compared(rng.normal(0, 0.2, 6).tolist(), rng.normal(0, 0.2, 5).tolist()).is_told
        for _ in range(200)
    )
    assert alarms / 200 < LEVEL + 4 * np.sqrt(LEVEL * (1 - LEVEL) / 200)


def test_a_large_difference_is_told() -> None:
    rng = np.random.default_rng(2)
    found = compared(rng.normal(0.3, 0.1, 12).tolist(), rng.normal(-0.1, 0.1, 10).tolist())
    assert found.is_told
    assert found.delta.value > 0.9
    assert found.difference.low > 0


def test_segments_of_one_recording_are_one_value() -> None:
    """A thousand segments of two recordings are no more than two recordings."""
    name, few = group("ann", [0.5, 0.6])
    many = [replace(one, start=float(at), end=at + 1.0) for one in few for at in range(500)]
    found = compare_groups((name, many), group("ben", [-0.5, -0.6]))
    assert len(found.first.sessions) == 2
    assert found.is_too_little
    assert not found.is_told


@pytest.mark.parametrize(
    ("first", "second", "too_few"),
    [(3, 3, True), (4, 3, True), (4, 4, False), (1, 9, True), (0, 5, True), (0, 0, True)],
)
def test_too_few_recordings_are_said(first: int, second: int, too_few: bool) -> None:
    values = np.linspace(0.5, 0.6, 9).tolist()
    found = compared(values[:first], [-value for value in values[:second]])
    assert found.is_too_little is too_few
    assert found.is_told is not too_few
    assert found.to_document()["too_few"] is too_few


def test_deltas_are_those_of_their_ends() -> None:
    assert cliffs_delta(np.array([2.0, 3]), np.array([0.0, 1])) == 1
    assert cliffs_delta(np.array([0.0, 1]), np.array([2.0, 3])) == -1
    assert cliffs_delta(np.array([1.0]), np.array([1.0])) == 0


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("ann", Filters(speaker="ann")),
        ("..2026-03-01", Filters(until=datetime(2026, 3, 1))),
        ("2026-03-01..", Filters(since=datetime(2026, 3, 1))),
        ("2026-01-01..2026-02-01", Filters(since=datetime(2026, 1, 1), until=datetime(2026, 2, 1))),
    ],
)
def test_groups_are_named_as_people_name_them(text: str, filters: Filters) -> None:
    assert parse_group(text) == filters


def test_dots_without_dates_are_no_group() -> None:
    with pytest.raises(QueryInvalid):
        parse_group("spring..autumn")
