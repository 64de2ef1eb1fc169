"""What recognition returns: frozen data, and its one JSON form.

Four views of one recording agree with each other: `frames`, `segments` (means over frames),
`transitions` (where neighbouring segments differ) and `summary`. In Python times are float
seconds of the original audio; on the wire they are integer milliseconds under the same name with
`_ms`. `result.schema.json` beside this file describes the wire form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal

from voxcor.errors import VoxcorError
from voxcor.language import Both

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voxcor.disk.array import DiskArray

    FloatArray = NDArray[np.float32]

Granularity = Literal["utterance", "segment", "frame"]
GRANULARITIES: tuple[Granularity, ...] = ("utterance", "segment", "frame")

DIMENSIONS = ("arousal", "valence")
DimensionsOrigin = Literal["derived from scores", "model"]
_DERIVED = ("derived from the scores", "由得分推算")

SCHEMA_VERSION = 1

_ESTIMATES = Both(
    "Estimates of expressed emotion, not of what a person feels. Some uses are restricted by law.",
    "结果是对语音所表达情感的估计，并非说话人的真实感受；某些用途受法律限制。",
)

# Fields that are seconds in Python, and milliseconds on the wire.
SECONDS = frozenset(
    (
        *("start", "end", "time", "duration", "speech", "trimmed_start", "trimmed_end"),
        *("interval", "span"),  # of live sessions
    )
)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which weights answered. `official` is false for weights no hub has published."""

    id: str
    precision: str
    revision: str
    sha256: str
    official: bool
    fallback: bool  # `auto` was asked for, and only `small` is installed


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """The recording as it came. `channel` is the one that was heard, None for the mix of all."""

    name: str
    duration: float
    sample_rate: int
    channels: int
    sha256: str
    channel: int | None


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What was done before the model heard it; trims are measured from either end."""

    trim: bool
    trimmed_start: float
    trimmed_end: float
    gain_db: float  # of processed_audio.wav over the original; scores do not depend on it


@dataclass(frozen=True, slots=True)
class Quality:
    """How usable the recording is. `warnings` are codes; `voxcor.audio.quality` words them.

    `details` holds, by code, what fills the sentence of a warning: numbers and names.
    """

    snr_db: float | None  # None where no pause is long enough to hear the background
    clipping: float  # share of samples at full scale, 0..1
    bandwidth_hz: int  # above this the recording holds next to nothing
    speech: float
    warnings: tuple[str, ...]
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dimensions:
    """How excited (`arousal`) and how pleasant (`valence`) it sounds, -1..1 each.

    `origin` says who says so: the scores, by `voxcor.timeline.dimensions_of`, or the model itself.
    """

    arousal: float
    valence: float
    origin: DimensionsOrigin

    @property
    def words(self) -> Both:
        """`arousal +0.42 · valence -0.30 · derived from the scores`, for people."""
        by_model = self.origin == "model"
        origin_en, origin_zh = ("by the model", "由模型给出") if by_model else _DERIVED
        return Both(
            f"arousal {self.arousal:+z.2f} · valence {self.valence:+z.2f} · {origin_en}",
            f"唤醒度 {self.arousal:+z.2f} · 效价 {self.valence:+z.2f} · {origin_zh}",
        )


@dataclass(frozen=True, slots=True)
class Relative:
    """What is heard beside how a person sounds when they speak as usual: `to`, by name.

    `scores` have the labels of the absolute ones; `emotion` is the highest of them. `offsets` is
    what was taken away from the logarithm of each absolute score, so that scores of any segment or
    frame become relative by `voxcor.timeline.relative_scores`.
    """

    to: str
    emotion: str
    confidence: float
    scores: Mapping[str, float]
    offsets: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of speech and its scores: the softmax of the mean of its frames' logits.

    `speaker` is whose turn it lies in; None where no turns were given, or none is there.
    `dimensions` are None where its scores say none, and in results of versions without them.
    """

    start: float
    end: float
    emotion: str
    confidence: float
    scores: Mapping[str, float]
    speaker: str | None = None
    dimensions: Dimensions | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """The emotion changes: from the segment that ends to the one that starts at `time`."""

    time: float
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SpeakerSummary:
    """What one speaker says: seconds of `speech`, and of these how much each emotion leads."""

    speech: float
    dominant: str
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """`shares`: of the speech time, how much each emotion leads; they sum to 1.

    `speakers` holds the same for each speaker by name, in the order of their first segments.
    """

    dominant: str
    shares: Mapping[str, float]
    segments: int
    transitions: int
    speakers: Mapping[str, SpeakerSummary] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FrameDimensions:
    """The dimensions of each frame, [T] each; NaN in frames whose scores say none."""

    arousal: "FloatArray"
    valence: "FloatArray"
    origin: DimensionsOrigin


@dataclass(frozen=True, slots=True)
class Frames:
    """The emotion curve. `times` [T] are frame middles in seconds, `scores` [T, L] sum to 1."""

    times: "NDArray[np.float64]"
    scores: "FloatArray"
    labels: tuple[str, ...]
    dimensions: FrameDimensions | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One recording's emotion.

    `scores` follow the model's labels and sum to 1; `emotion` is the highest of them. `blend` is
    the two labels that share the mass, where two do. Where `confidence` is less than
    `abstain_below`, the result abstains: `emotion` still says what leads, and claims nothing.
    `dimensions` are those of the whole, as segments and frames have theirs. `relative` is a second
    answer, where one was asked for.
    `frames` is there for granularity `frame`, `embedding` where it was asked for: float32 `[D]`
    for `utterance`, `[S, D]` for `segment` (one row a segment), `[T, D]` for `frame`.
    `processed` is what the model heard: 16 kHz, mono, trimmed, peak-normalised. Of long recordings
    it lies on the disk, as does a frame embedding, and is read by slices: `voxcor.disk.array`.
    """

    emotion: str
    confidence: float
    scores: Mapping[str, float]
    granularity: Granularity
    timestamp: str
    model: ModelInfo
    audio: AudioInfo
    preprocessing: Preprocessing
    quality: Quality
    segments: tuple[Segment, ...]
    transitions: tuple[Transition, ...]
    summary: Summary
    timings_ms: Mapping[str, float]
    notice: str
    blend: tuple[str, str] | None = None
    abstain_below: float | None = None
    dimensions: Dimensions | None = None
    relative: Relative | None = None
    frames: Frames | None = field(default=None, repr=False)
    embedding: "FloatArray | DiskArray | None" = field(default=None, repr=False)
    processed: "FloatArray | DiskArray | None" = field(default=None, repr=False)

    @property
    def abstained(self) -> bool:
        """Whether the confidence is too small for an answer."""
        return self.abstain_below is not None and self.confidence < self.abstain_below

    def to_document(self) -> dict[str, Any]:
        """The JSON document of `result.schema.json`: plain types, milliseconds."""
        return {
            "emotion": self.emotion,
            "confidence": self.confidence,
            "scores": dict(self.scores),
            "granularity": self.granularity,
            "timestamp": self.timestamp,
            "schema_version": SCHEMA_VERSION,
            "blend": list(self.blend) if self.blend else None,
            "abstained": self.abstained,
            "abstain_below": self.abstain_below,
            "dimensions": to_wire(self.dimensions),
            "relative": to_wire(self.relative),
            "model": to_wire(self.model),
            "audio": to_wire(self.audio),
            "preprocessing": to_wire(self.preprocessing),
            "quality": to_wire(self.quality),
            "segments": to_wire(self.segments),
            "transitions": to_wire(self.transitions),
            "summary": to_wire(self.summary),
            "timings_ms": dict(self.timings_ms),
            "notice": self.notice,
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that has no result, and why; the JSON line of a failed input.

    `channel`, from 0, where it is that one alone which has none.
    """

    path: str
    code: str
    message: str
    channel: int | None = None

    @classmethod
    def of(
        cls, error: VoxcorError, path: str | None = None, channel: int | None = None
    ) -> "Failure":
        """What an error says of its input; `path`: what the input is called here."""
        name = error.details["name"] if path is None else path
        return cls(path=name, code=error.code, message=error.message, channel=channel)

    def to_document(self) -> dict[str, Any]:
        """`{"path", "code", "message"}`, and `channel` where it is one."""
        channel = {} if self.channel is None else {"channel": self.channel}
        return {"path": self.path, **channel, "code": self.code, "message": self.message}


def channels_in_words(channels: int) -> Both:
    """`mono`, `stereo`, `6 channels`."""
    named = {1: Both("mono", "单声道"), 2: Both("stereo", "立体声")}
    return named.get(channels) or Both(f"{channels} channels", f"{channels} 声道")


def notice_of(model: ModelInfo, voxcor: str = "voxcor") -> Both:
    """What a reader must know of the numbers of this model.

    Args:
        model: which answered.
        voxcor: how a command begins where the reader is; documents travel, and keep the name.
    """
    if not model.fallback:
        return _ESTIMATES
    command = f"{voxcor} models pull plus-base"
    return Both(
        f"Recognised by {model.id}, the model inside Voxcor, because no emotion2vec+ model is "
        f"installed. For better results: {command}. {_ESTIMATES.en}",
        f"尚未安装 emotion2vec+ 模型，本结果由内置模型 {model.id} 给出。"
        f"如需更准确的结果，请运行：{command}。{_ESTIMATES.zh}",
    )


def to_wire(value: Any) -> Any:
    """A record as JSON has it: its fields in order, those of `SECONDS` as milliseconds."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (tuple, list)):
        return [*map(to_wire, value)]
    if isinstance(value, Mapping):
        return {name: to_wire(member) for name, member in value.items()}
    if not is_dataclass(value):
        return value
    document = {}
    for each in fields(value):
        member = getattr(value, each.name)
        if each.name in SECONDS:
            document[f"{each.name}_ms"] = milliseconds(member)
        else:
            document[each.name] = to_wire(member)
    return document


def milliseconds(seconds: float) -> int:
    """Seconds as the integer milliseconds of the wire."""
    return round(1000 * seconds)
