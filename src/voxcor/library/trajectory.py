"""How a dimension goes over time: in a recording, in a person over months.

Of a series of values x_1 … x_n in the order of their times:

- mean and standard deviation;
- inertia, how far a state carries into the next: the correlation of x_t with x_{t+1} (Kuppens,
  Allen & Sheeber 2010);
- instability: the root of the mean of (x_{t+1} - x_t)^2 (von Neumann et al. 1941; Jahng, Wood &
  Trull 2008);
- change points: where the mean changes, by PELT (Killick, Fearnhead & Eckley 2012). A change must
  explain more than the best one does in 19 of 20 shuffles of the series: where nothing changes, one
  series in twenty has one all the same.

Intervals are the 2.5th and 97.5th percentiles of a bootstrap: of blocks of neighbours, whose length
is the cube root of n (Künsch 1989; Hall, Horowitz & Jing 1995), within one recording; of whole
recordings among several. For inertia and instability, which are about neighbours, what is drawn are
pairs of neighbours: values drawn one by one would have lost their order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from voxcor.evaluation.metrics import Estimate
from voxcor.library.segments import LibrarySegment
from voxcor.results import to_wire

Dimension = Literal["arousal", "valence"]

DRAWS = 1_000
SHUFFLES = 199
FALSE_ALARMS = 0.05
_FEWEST = 8  # values in which a change can be told from chance

# Values that are drawn at a time.
_TOGETHER = 1_000_000

Series = NDArray[np.float64]

# A figure of each series `[…, n]`, or of each of weighted values or pairs `[…, n, 2]`.
Statistic = Callable[[Series], Series]


@dataclass(frozen=True, slots=True)
class Session:
    """One recording of a course: when, how many segments, and their mean."""

    recording: str
    name: str
    recorded_at: datetime
    segments: int
    mean: Estimate


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The course of one dimension.

    `times` are in `unit`: seconds within one recording, or days since the first of several.
    `values` are the segments' or the sessions'. `changes` are the times from which on the mean is
    another.
    """

    dimension: Dimension
    unit: Literal["s", "days"]
    times: tuple[float, ...]
    values: tuple[float, ...]
    mean: Estimate
    deviation: Estimate
    inertia: Estimate
    instability: Estimate
    changes: tuple[float, ...]
    sessions: tuple[Session, ...]

    def to_document(self) -> dict[str, Any]:
        """As JSON has it: dates in ISO 8601, None for what is not known."""
        document: dict[str, Any] = plain(to_wire(self))
        return document


def follow(
    segments: Sequence[LibrarySegment], dimension: Dimension = "valence", *, seed: int = 0
) -> Trajectory:
    """The course of a dimension through segments of one recording or of several.

    Segments that say nothing of it are left out. Of several recordings each is one value, the mean
    of its segments by their lengths.

    Args:
        segments: in any order.
        dimension: which.
        seed: of the draws; the same gives the same intervals.
    """
    rng = np.random.default_rng(seed)
    grouped = _by_recording(segments, dimension)
    sessions = tuple(_session(group, dimension, rng) for group in grouped)
    if len(sessions) > 1:
        first = sessions[0].recorded_at
        times = [(one.recorded_at - first).total_seconds() / 86_400 for one in sessions]
        values, block = np.array([one.mean.value for one in sessions]), 1
    else:
        (known,) = grouped or [[]]
        times = [(one.start + one.end) / 2 for one in known]
        values = np.array([getattr(one, dimension) for one in known], float)
        block = max(1, round(len(values) ** (1 / 3)))

    steps = np.stack([values[:-1], values[1:]], axis=1)

    def interval(of: Statistic) -> Estimate:
        return _interval(values, of, block, rng)

    return Trajectory(
        dimension=dimension,
        unit="days" if len(sessions) > 1 else "s",
        times=tuple(times),
        values=tuple(values.tolist()),
        mean=interval(_mean),
        deviation=interval(_deviation),
        inertia=_interval(steps, _drawn_inertia, block, rng, _inertia(values)),
        instability=_interval(steps, _drawn_instability, block, rng, _instability(values)),
        changes=tuple(times[at] for at in change_points(values, rng)),
        sessions=sessions,
    )


def follow_each(
    segments: Sequence[LibrarySegment],
    dimension: Dimension = "valence",
    *,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[Trajectory, ...]:
    """The course within each recording, in the order of their times; see `follow`.

    Args:
        segments: in any order.
        dimension: which.
        seed: of the draws.
        progress: is told after each recording which share of them is done. What it raises ends the
            work.
    """
    grouped = _by_recording(segments, dimension)
    courses = []
    for group in grouped:
        courses.append(follow(group, dimension, seed=seed))
        progress(len(courses) / len(grouped))
    return tuple(courses)


def known_of(segments: Sequence[LibrarySegment], dimension: Dimension) -> list[LibrarySegment]:
    """The segments that say something of a dimension, as a course has them: one after the other."""
    return [one for group in _by_recording(segments, dimension) for one in group]


def _by_recording(
    segments: Sequence[LibrarySegment], dimension: Dimension
) -> list[list[LibrarySegment]]:
    """Those that say something of a dimension, by recording, both in the order of their times."""
    known = [one for one in segments if getattr(one, dimension) is not None]
    known.sort(key=lambda one: (one.recorded_at, one.recording, one.start))
    grouped: dict[str, list[LibrarySegment]] = {}
    for one in known:
        grouped.setdefault(one.recording, []).append(one)
    return [*grouped.values()]


def plain(value: Any) -> Any:
    """A document as JSON takes it: dates in ISO 8601, None for a number that is none."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [*map(plain, value)]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return None if isinstance(value, float) and not np.isfinite(value) else value


def change_points(values: Series, rng: np.random.Generator) -> list[int]:
    """The indices of the values from which on the mean is another; see the module."""
    if len(values) < _FEWEST or np.ptp(values) == 0:
        return []
    from ruptures import Pelt

    gains = np.sort([_gain(rng.permutation(values)) for _ in range(SHUFFLES)])
    penalty = float(gains[round((1 - FALSE_ALARMS) * (SHUFFLES + 1)) - 1])
    if _gain(values) <= penalty:
        return []
    ends: list[int] = Pelt(model="l2", min_size=2, jump=1).fit_predict(values, pen=penalty)
    return ends[:-1]


def _gain(values: Series) -> float:
    """How much of the squared deviations the best single change of the mean explains."""
    count = len(values)
    sums = np.cumsum(values)
    before = np.arange(2, count - 1)
    means = sums[before - 1] / before - (sums[-1] - sums[before - 1]) / (count - before)
    return float(np.max(before * (count - before) / count * means**2))


def _session(
    segments: Sequence[LibrarySegment], dimension: Dimension, rng: np.random.Generator
) -> Session:
    values = np.array([getattr(one, dimension) for one in segments], float)
    lengths = np.array([one.end - one.start for one in segments])
    paired = np.stack([values, lengths], axis=1)
    block = max(1, round(len(values) ** (1 / 3)))
    first = segments[0]
    mean = _interval(paired, _weighted_mean, block, rng)
    return Session(first.recording, first.name, first.recorded_at, len(values), mean)


def _interval(
    values: Series,
    of: Statistic,
    block: int,
    rng: np.random.Generator,
    value: float | None = None,
) -> Estimate:
    """A figure of `[n]` or `[n, 2]`, bootstrapped by blocks of neighbours that wrap around; `value`
    is the figure itself, where that is not `of` the values.
    """
    count = len(values)
    if value is None:
        value = float(of(values)) if count else np.nan
    if count < 2:
        return Estimate(value, np.nan, np.nan)
    blocks = -(-count // block)
    starts = rng.integers(0, count, (DRAWS, blocks))
    together = max(1, _TOGETHER // count)
    drawn = np.empty(DRAWS)
    for first in range(0, DRAWS, together):
        some = starts[first : first + together, :, None] + np.arange(block)
        picks = some.reshape(len(some), -1)[:, :count] % count
        drawn[first : first + together] = of(values[picks])
    low, high = np.nanpercentile(drawn, (2.5, 97.5)) if np.isfinite(drawn).any() else (np.nan,) * 2
    return Estimate(value, float(low), float(high))


def _mean(values: Series) -> Series:
    means: Series = values.mean(axis=-1)
    return means


def _weighted_mean(paired: Series) -> Series:
    values, weights = paired[..., 0], paired[..., 1]
    means: Series = (values * weights).sum(axis=-1) / weights.sum(axis=-1)
    return means


def _deviation(values: Series) -> Series:
    if values.shape[-1] < 2:
        return np.full(values.shape[:-1], np.nan)
    deviations: Series = values.std(axis=-1, ddof=1)
    return deviations


def _inertia(values: Series) -> float:
    if len(values) < 3:
        return np.nan
    apart = values - values.mean()
    spread = float((apart**2).sum())
    return float(apart[:-1] @ apart[1:] / spread) if spread else np.nan


def _drawn_inertia(steps: Series) -> Series:
    """The same from pairs of neighbours `[…, n - 1, 2]`."""
    apart = steps - steps.mean(axis=(-2, -1), keepdims=True)
    spread = (apart**2).sum(axis=(-2, -1)) / 2
    count = steps.shape[-2]
    share = count / (count + 1)  # the formula has one product less than squares
    products = (apart[..., 0] * apart[..., 1]).sum(axis=-1)
    inertias: Series = share * products / np.where(spread == 0, np.nan, spread)
    return inertias


def _drawn_instability(steps: Series) -> Series:
    squares = ((steps[..., 1] - steps[..., 0]) ** 2).mean(axis=-1)
    instabilities: Series = np.sqrt(squares)
    return instabilities


def _instability(values: Series) -> float:
    return float(np.sqrt((np.diff(values) ** 2).mean())) if len(values) > 1 else np.nan
