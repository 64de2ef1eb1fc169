"""The events of a live session, which are the messages of `WS /v1/stream` (`docs/streaming.md`).

In Python times are float seconds of the audio that was fed; on the wire, integer milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from voxcor.frames import SAMPLE_RATE
from voxcor.results import Dimensions, ModelInfo, Relative, milliseconds, to_wire
from voxcor.rules.watching import Firing, Rule

Trigger = Literal["interval", "speech_ended"]
Reason = Literal["client_request", "end_of_audio", "idle_timeout", "server_shutdown", "error"]


class _Message:
    """An event, of whose fields the message is made."""

    __slots__ = ()
    type: ClassVar[str]

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {"type": self.type, **to_wire(self)}


@dataclass(frozen=True, slots=True)
class SessionCreated(_Message):
    """The first event: what listens, how often, and how many seconds an interim result covers."""

    type: ClassVar = "session.created"
    session_id: str
    model: ModelInfo
    labels: tuple[str, ...]
    interval: float
    span: float

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        document = _Message.to_document(self)
        del document["model"]["sha256"]
        audio = {"encoding": "s16le", "sample_rate": SAMPLE_RATE, "channels": 1}
        return {**document, "audio": audio}


@dataclass(frozen=True, slots=True)
class SessionUpdate(_Message):
    """The options in force, after a change."""

    type: ClassVar = "session.update"
    labels: tuple[str, ...]
    interval: float
    rules: tuple[Rule, ...]
    relative_to: str | None = None

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {
            "type": self.type,
            "labels": list(self.labels),
            "interval_ms": milliseconds(self.interval),
            "rules": [str(rule) for rule in self.rules],
            "relative_to": self.relative_to,
        }


@dataclass(frozen=True, slots=True)
class UtteranceStart(_Message):
    """Somebody speaks, since `start`; `utterance` counts from 1."""

    type: ClassVar = "utterance.start"
    utterance: int
    start: float


@dataclass(frozen=True, slots=True)
class Measurement(_Message):
    """The scores of `[start, end)`: by `interval` of the last seconds, by `speech_ended` of the
    whole utterance. `relative` are those beside how a person usually sounds, where one was named.
    """

    type: ClassVar = "measurement.result"
    utterance: int
    start: float
    end: float
    trigger: Trigger
    emotion: str
    confidence: float
    scores: Mapping[str, float]
    dimensions: Dimensions | None
    relative: Relative | None = None


@dataclass(frozen=True, slots=True)
class UtteranceEnd(_Message):
    """The utterance is over; its final measurement came just before."""

    type: ClassVar = "utterance.end"
    utterance: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class RuleFired(_Message):
    """A rule has fired."""

    type: ClassVar = "rule.fired"
    utterance: int
    firing: Firing

    def to_document(self) -> dict[str, Any]:
        """The message on the wire."""
        return {"type": self.type, "utterance": self.utterance, **self.firing.to_document()}


@dataclass(frozen=True, slots=True)
class SessionClosed(_Message):
    """The last event. `skipped` interim measurements were due and not made, for want of time."""

    type: ClassVar = "session.closed"
    reason: Reason
    duration: float
    utterances: int
    measurements: int
    skipped: int


SessionEvent = (
    SessionCreated
    | SessionUpdate
    | UtteranceStart
    | Measurement
    | UtteranceEnd
    | RuleFired
    | SessionClosed
)
