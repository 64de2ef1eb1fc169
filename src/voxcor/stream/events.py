"""The events of a live session, which are the messages of `WS /v1/stream` (`docs/streaming.md`).

In Python times are float seconds of the audio that was fed; on the wire, integer milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from voxcor.frames import SAMPLE_RATE
from voxcor.results import ModelInfo, milliseconds
from voxcor.rules.watching import Firing, Rule

Trigger = Literal["interval", "speech_ended"]
Reason = Literal["client_request", "end_of_audio", "idle_timeout", "server_shutdown", "error"]


@dataclass(frozen=True, slots=True)
class SessionCreated:
    """The first event: what listens, how often, and how many seconds an interim result covers."""

    type: ClassVar = "session.created"
    session_id: str
    model: ModelInfo
    labels: tuple[str, ...]
    interval: float
    span: float

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {
            "type": self.type,
            "session_id": self.session_id,
            "model": {
                "id": self.model.id,
                "precision": self.model.precision,
                "revision": self.model.revision,
                "official": self.model.official,
                "fallback": self.model.fallback,
            },
            "labels": list(self.labels),
            "interval_ms": milliseconds(self.interval),
            "span_ms": milliseconds(self.span),
            "audio": {"encoding": "s16le", "sample_rate": SAMPLE_RATE, "channels": 1},
        }


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    """The options in force, after a change."""

    type: ClassVar = "session.update"
    labels: tuple[str, ...]
    interval: float
    rules: tuple[Rule, ...]

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {
            "type": self.type,
            "labels": list(self.labels),
            "interval_ms": milliseconds(self.interval),
            "rules": [str(rule) for rule in self.rules],
        }


@dataclass(frozen=True, slots=True)
class UtteranceStart:
    """Somebody speaks, since `start`; `utterance` counts from 1."""

    type: ClassVar = "utterance.start"
    utterance: int
    start: float

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {
            "type": self.type,
            "utterance": self.utterance,
            "start_ms": milliseconds(self.start),
        }


@dataclass(frozen=True, slots=True)
class Measurement:
    """The scores of `[start, end)`: by `interval` of the last seconds, by `speech_ended` of the
    whole utterance.
    """

    type: ClassVar = "measurement.result"
    utterance: int
    start: float
    end: float
    trigger: Trigger
    emotion: str
    confidence: float
    scores: Mapping[str, float]

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {
            "type": self.type,
            "utterance": self.utterance,
            "start_ms": milliseconds(self.start),
            "end_ms": milliseconds(self.end),
            "trigger": self.trigger,
            "emotion": self.emotion,
            "confidence": self.confidence,
            "scores": dict(self.scores),
        }


@dataclass(frozen=True, slots=True)
class UtteranceEnd:
    """The utterance is over; its final measurement came just before."""

    type: ClassVar = "utterance.end"
    utterance: int
    start: float
    end: float

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {
            "type": self.type,
            "utterance": self.utterance,
            "start_ms": milliseconds(self.start),
            "end_ms": milliseconds(self.end),
        }


@dataclass(frozen=True, slots=True)
class RuleFired:
    """A rule has fired."""

    type: ClassVar = "rule.fired"
    utterance: int
    firing: Firing

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {"type": self.type, "utterance": self.utterance, **self.firing.to_document()}


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The last event. `skipped` interim measurements were due and not made, for want of time."""

    type: ClassVar = "session.closed"
    reason: Reason
    duration: float
    utterances: int
    measurements: int
    skipped: int

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {
            "type": self.type,
            "reason": self.reason,
            "duration_ms": milliseconds(self.duration),
            "utterances": self.utterances,
            "measurements": self.measurements,
            "skipped": self.skipped,
        }


SessionEvent = (
    SessionCreated
    | SessionUpdate
    | UtteranceStart
    | Measurement
    | UtteranceEnd
    | RuleFired
    | SessionClosed
)
