"""Rules: when an emotion shall do something, in a line that a person can write.

    escalation: angry > 0.6 for 3 s
    neutral falls below 0.2
    relative angry > 0.5 for 3 s
    any of sad, fearful for 30 % of the last minute

`voxcor.rules.grammar` reads them. Here they are watched over `Reading`s: the measurements of a live
session, or the frames or segments of a result.
"""

import operator
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from voxcor.frames import HOP, SAMPLE_RATE
from voxcor.results import Result, milliseconds
from voxcor.timeline import relative_scores

Relation = Literal["leads", ">", ">=", "<", "<=", "rises above", "falls below"]

# After a rule has fired, its situation is over when for so long nothing has come near it.
COOL_DOWN_S = 10.0

# Near is a score that much on the other side of the limit, or half of what lies beyond it.
NEAR = 0.1

# Times are float seconds, sums of 20 ms steps among them.
_EPSILON_S = 1e-6

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "rises above": operator.gt,
    "falls below": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold, of which labels, for how long.

    `threshold` is a score 0..1, unused by `leads`. With `share` the condition must hold for that
    part, 0..1, of the last `duration_s` seconds; without, in all the speech of `duration_s`, which
    is 0 where once is enough. With `relative` scores are those beside how a person usually sounds;
    where nobody was named, the rule rests. `str` gives the rule as it is written.
    """

    name: str
    labels: tuple[str, ...]
    relation: Relation
    threshold: float = 0.0
    duration_s: float = 0.0
    share: float | None = None
    relative: bool = False

    @property
    def condition(self) -> str:
        """The rule without its name."""
        labels = ", ".join(_written(label) for label in self.labels)
        text = labels if len(self.labels) == 1 else f"any of {labels}"
        if self.relative:
            text = f"relative {text}"
        if self.relation != "leads":
            text += f" {self.relation} {self.threshold:.10g}"
        if self.share is not None:
            text += f" for {100 * self.share:.10g} % of the last {_duration(self.duration_s)}"
        elif self.duration_s:
            text += f" for {_duration(self.duration_s)}"
        return text

    def __str__(self) -> str:
        return self.condition if self.name == self.condition else f"{self.name}: {self.condition}"

    @property
    def is_crossing(self) -> bool:
        """Whether the rule is about the moment in which a score passes its limit."""
        return self.relation in ("rises above", "falls below")

    def holds(self, scores: Mapping[str, float], *, nearly: bool = False) -> bool:
        """Whether the test holds of these scores, or nearly so; a label they lack passes none."""
        return any(self._passes(label, scores, nearly) for label in self.labels if label in scores)

    def _passes(self, label: str, scores: Mapping[str, float], nearly: bool) -> bool:
        score = scores[label]
        if self.relation == "leads":
            best = max(scores, key=scores.__getitem__)
            return score + NEAR > scores[best] if nearly else label == best
        limit = self.threshold
        if nearly and self.relation in (">", ">=", "rises above"):
            limit -= min(NEAR, limit / 2)
        elif nearly:
            limit += min(NEAR, (1 - limit) / 2)
        return COMPARISONS[self.relation](score, limit)


@dataclass(frozen=True, slots=True)
class Reading:
    """Scores that hold from `start` to `end`, float seconds; what lies between readings is no
    speech. `relative` are those beside how a person usually sounds, None where nobody was named.
    """

    start: float
    end: float
    scores: Mapping[str, float]
    relative: Mapping[str, float] | None = None

    def scores_for(self, rule: Rule) -> Mapping[str, float]:
        """Those that a rule asks for; empty where there are none."""
        return (self.relative or {}) if rule.relative else self.scores


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule has fired at `time`, the end of the reading that made it true."""

    rule: Rule
    time: float
    scores: Mapping[str, float]
    relative: Mapping[str, float] | None = None

    def to_document(self) -> dict[str, Any]:
        """`{"rule", "condition", "labels", "time_ms", "scores"}`; `relative`, if the rule is."""
        relative = {"relative": dict(self.relative or {})} if self.rule.relative else {}
        return {
            "rule": self.rule.name,
            "condition": self.rule.condition,
            "labels": [*self.rule.labels],
            "time_ms": milliseconds(self.time),
            "scores": dict(self.scores),
            **relative,
        }


class Watch:
    """Rules over one recording or stream; memory is bounded by their durations."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._watched = [_Watched(rule) for rule in rules]

    def push(self, reading: Reading) -> list[Firing]:
        """The firings of the next reading; readings come in order and do not overlap."""
        return [
            Firing(watched.rule, reading.end, reading.scores, reading.relative)
            for watched in self._watched
            if watched.fires(reading)
        ]


def evaluate(rules: Iterable[Rule], readings: Iterable[Reading]) -> list[Firing]:
    """All firings over the readings of one recording, in order."""
    watch = Watch(rules)
    return [firing for reading in readings for firing in watch.push(reading)]


def readings_of(
    result: Result, rows: Iterable[tuple[float, Sequence[float]]] | None = None
) -> Iterator[Reading]:
    """The frames of a result, 20 ms each, that lie in its segments; the segments where it has no
    frames.

    Args:
        result: what was recognised.
        rows: its frames where they are not in memory: the middle of each in seconds, and its
            scores in the order of the result's.
    """
    if rows is None and result.frames is not None:
        scores_of_each = (row.tolist() for row in result.frames.scores)
        rows = zip(result.frames.times.tolist(), scores_of_each, strict=True)
    if rows is None:
        for segment in result.segments:
            yield _reading(result, segment.start, segment.end, segment.scores)
        return
    half = HOP / SAMPLE_RATE / 2
    segments, current = result.segments, 0
    for time, row in rows:
        while current < len(segments) and time >= segments[current].end:
            current += 1
        if current < len(segments) and time >= segments[current].start:
            scores = dict(zip(result.scores, row, strict=True))
            yield _reading(result, time - half, time + half, scores)


def _reading(result: Result, start: float, end: float, scores: Mapping[str, float]) -> Reading:
    beside = result.relative
    relative = None if beside is None else relative_scores(scores, beside.offsets)
    return Reading(start, end, scores, relative)


class _Watched:
    """One rule and what it has to remember."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._end = 0.0  # of the last reading
        self._held: bool | None = None  # whether the test held in it
        self._run_s = 0.0  # speech without interruption in which it held
        self._spans: deque[tuple[float, float]] = deque()  # of the last `duration_s`
        self._spans_s = 0.0  # their sum
        self._near_until: float | None = None  # in the situation that has fired

    def fires(self, reading: Reading) -> bool:
        scores = reading.scores_for(self.rule)
        holds = self.rule.holds(scores)
        met = self._is_met(reading, holds)
        self._end, self._held = reading.end, holds
        over = self._near_until is None or reading.start - self._near_until >= COOL_DOWN_S
        # The share of a minute says by itself when it is over; one sad word keeps nothing alive.
        stays = self.rule.share is None and self.rule.holds(scores, nearly=True)
        if met or (stays and not over):
            self._near_until = reading.end
        elif over:
            self._near_until = None
        return met and over

    def _is_met(self, reading: Reading, holds: bool) -> bool:
        if self.rule.is_crossing:
            return holds and self._held is False
        if self.rule.share is not None:
            wanted_s = self.rule.share * self.rule.duration_s
            return self._held_lately(reading, holds) >= wanted_s - _EPSILON_S
        if not holds or reading.start - self._end > self.rule.duration_s:
            self._run_s = 0.0
        if holds:
            self._run_s += reading.end - reading.start
        return holds and self._run_s >= self.rule.duration_s - _EPSILON_S

    def _held_lately(self, reading: Reading, holds: bool) -> float:
        """For how many of the last `duration_s` seconds the test held."""
        spans = self._spans
        if holds:
            joined = bool(spans) and reading.start - spans[-1][1] < _EPSILON_S
            start = spans.pop()[0] if joined else reading.start
            spans.append((start, reading.end))
            self._spans_s += reading.end - reading.start
        horizon = reading.end - self.rule.duration_s
        while spans and spans[0][0] < horizon:
            start, end = spans.popleft()
            self._spans_s -= min(end, horizon) - start
            if end > horizon:
                spans.appendleft((horizon, end))
        return self._spans_s


# Any other label is quoted: it would be read as a number, a mark or a word of the grammar.
_PLAIN = re.compile(r"(?!(?:any|of|for|rises|falls|relative|相对)$)[^\W\d][\w-]*")


def _written(label: str) -> str:
    return label if _PLAIN.fullmatch(label) else f'"{label}"'


def _duration(seconds: float) -> str:
    for unit, length_s in (("h", 3600), ("min", 60)):
        if seconds % length_s == 0:
            return f"{seconds / length_s:g} {unit}"
    return f"{seconds:.10g} s" if seconds >= 1 else f"{1000 * seconds:.10g} ms"
