"""Audio in, result out: the one engine behind every door.

    recognizer = Recognizer("auto")
    result = recognizer.recognize("call.m4a", granularity="segment", embedding=True)
    result.emotion, result.confidence, result.segments[0].start, result.embedding.shape

The command, the server and training all come through here.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.audio import Prepared, Recording, Source, decode, peak_normalize, prepare
from voxcor.batching import BatchingNetwork
from voxcor.errors import EmbeddingsOnly, InputError, UsageError
from voxcor.language import say
from voxcor.models.store import find_model, open_network
from voxcor.network import FrameOutput, Network
from voxcor.results import (
    GRANULARITIES,
    AudioInfo,
    Failure,
    Granularity,
    ModelInfo,
    Preprocessing,
    Result,
    milliseconds,
)
from voxcor.timeline import (
    blend_of,
    frame_view,
    pooled_embeddings,
    pooled_scores,
    segment_view,
    summary_view,
    top,
    transition_view,
)

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of recognition that has ended: its name, how long it took, what came of it.

    `decode`, `preprocess`, `inference` and `postprocess`, in this order; before `inference` ends,
    each `window` of a recording of several. `facts` are plain numbers and codes.
    """

    name: str
    ms: float
    facts: Mapping[str, Any]


Progress = Callable[[Step], None]


class Recognizer:
    """A loaded model and everything around it; safe to share among threads.

    Args:
        model: `auto`, an id of `voxcor models list`, or the path of a model folder.
        threads: threads of one pass through the model; None for all cores.
        batching: gather the passes of threads that recognise at the same time, see
            `voxcor.batching`; results are the same.

    Raises:
        UnknownModel, ModelNotInstalled, ModelCorrupt: see `voxcor.models.store`.
    """

    def __init__(
        self, model: str = "auto", *, threads: int | None = None, batching: bool = False
    ) -> None:
        folder = find_model(model)
        card = folder.card
        network = BatchingNetwork if batching else Network
        self._network = open_network(folder, threads=threads, network=network)
        self._temperature = card.temperature
        # What finds it on another machine.
        self.name = str(folder.path.resolve()) if Path(model).is_dir() else card.id
        self.labels: tuple[str, ...] = card.labels
        self.embedding_dim: int = card.embedding_dim
        self.model = ModelInfo(
            id=card.id,
            precision=card.precision,
            revision=card.revision,
            sha256=card.sha256,
            official=card.official,
            fallback=folder.fallback,
        )

    def recognize(
        self,
        source: Source | Recording,
        *,
        granularity: Granularity = "utterance",
        embedding: bool = False,
        labels: Sequence[str] | None = None,
        trim: bool = True,
        channel: int | None = None,
        abstain_below: float | None = None,
        name: str | None = None,
        progress: Progress = lambda _step: None,
    ) -> Result:
        """The emotion of one recording.

        Args:
            source: a path, the bytes of a file, a binary file object, `(samples, sample_rate)`
                with samples `[N]` or `[N, channels]`, or what `voxcor.audio.decode` made of one.
            granularity: which curve and which embedding the result carries, see `Result`.
            embedding: whether it carries the embedding.
            labels: choose among these of the model's labels only; None for all.
            trim: leave out silence before and after speech.
            channel: hear only this one, from 0; None for the mean of all.
            abstain_below: the confidence, 0..1, below which the result abstains; None never does.
            name: what results and errors call the source; by default its path.
            progress: is told of each step when it has ended. What it raises ends the work.

        Raises:
            InputError: the recording cannot be used; its subclasses say why.
            EmbeddingsOnly: the model has no labels.
            UsageError: a granularity, label or channel that does not exist, or a confidence
                beyond 0..1.
        """
        self.require(granularity, labels, abstain_below)
        kept = self._rows_of(labels)
        started, timings = datetime.now(), _Timings(progress)
        recording, prepared = self._hear(source, name, trim, channel, timings)
        with timings.of("inference") as facts:
            output = self._network.run_long(prepared.samples, on_window=timings.window)
            facts["frames"] = len(output.logits)
        with timings.of("postprocess") as facts:
            names = tuple(self.labels[row] for row in kept)
            logits = output.logits[:, kept] / np.float32(self._temperature)
            scores = pooled_scores(logits, names)
            emotion, confidence = top(scores)
            offset = prepared.trimmed_start
            segments = segment_view(logits, names, prepared.speech, offset)
            transitions = transition_view(segments)
            processed, gain_db = peak_normalize(prepared.samples)
            facts |= {"emotion": emotion, "confidence": confidence, "segments": len(segments)}
        return Result(
            emotion=emotion,
            confidence=confidence,
            scores=scores,
            granularity=granularity,
            timestamp=started.strftime("%Y-%m-%d %H:%M:%S"),
            model=self.model,
            audio=AudioInfo(
                name=PurePath(recording.name).name,
                duration=recording.duration,
                sample_rate=recording.sample_rate,
                channels=recording.channels,
                sha256=recording.sha256,
                channel=channel,
            ),
            preprocessing=Preprocessing(
                trim=trim,
                trimmed_start=prepared.trimmed_start,
                trimmed_end=prepared.trimmed_end,
                gain_db=gain_db,
            ),
            quality=prepared.quality,
            segments=segments,
            transitions=transitions,
            summary=summary_view(segments, transitions, emotion),
            timings_ms=timings.rounded(),
            notice=_notice(self.model),
            blend=blend_of(scores),
            abstain_below=abstain_below,
            frames=frame_view(logits, names, offset) if granularity == "frame" else None,
            embedding=_pooled(output, prepared, granularity) if embedding else None,
            processed=processed,
        )

    def recognize_many(
        self,
        sources: Iterable[Source | Recording],
        *,
        granularity: Granularity = "utterance",
        embedding: bool = False,
        labels: Sequence[str] | None = None,
        trim: bool = True,
        channel: int | None = None,
        abstain_below: float | None = None,
    ) -> Iterator[Result | Failure]:
        """One result for each recording, in order; options as for `recognize`.

        A recording that cannot be used gives a `Failure` in its place and costs no other its
        result.
        """
        for source in sources:
            try:
                yield self.recognize(
                    source,
                    granularity=granularity,
                    embedding=embedding,
                    labels=labels,
                    trim=trim,
                    channel=channel,
                    abstain_below=abstain_below,
                )
            except InputError as error:
                yield Failure(path=error.details["name"], code=error.code, message=error.message)

    def require(
        self, granularity: Granularity, labels: Sequence[str] | None, abstain_below: float | None
    ) -> None:
        """Looks whether `recognize` would take these options, before there is a recording.

        Raises:
            EmbeddingsOnly, UsageError: as `recognize`.
        """
        self._rows_of(labels)
        _require_granularity(granularity)
        _require_share(abstain_below)

    def embed(
        self,
        source: Source | Recording,
        *,
        granularity: Granularity = "utterance",
        trim: bool = True,
        channel: int | None = None,
        name: str | None = None,
    ) -> FloatArray:
        """Only the embedding, from any model, those without labels too.

        Returns:
            float32 `[D]` for `utterance`, `[S, D]` for `segment`, `[T, D]` for `frame`.

        Raises:
            InputError, UsageError: as `recognize`.
        """
        _require_granularity(granularity)
        _, prepared = self._hear(source, name, trim, channel, _Timings())
        return _pooled(self._network.run_long(prepared.samples), prepared, granularity)

    def scores(
        self, samples: FloatArray, *, labels: Sequence[str] | None = None
    ) -> dict[str, float]:
        """The scores of float32 `[N]` at 16 kHz as they are, be there speech or not.

        They equal those of `recognize((samples, 16_000), trim=False)`.

        Raises:
            AudioTooShort: less than one frame of 25 ms.
            EmbeddingsOnly, UsageError: as `recognize`.
        """
        kept = self._rows_of(labels)
        logits = self._network.run_long(samples).logits[:, kept] / np.float32(self._temperature)
        return pooled_scores(logits, [self.labels[row] for row in kept])

    def logits(self, source: Source | Recording, *, name: str | None = None) -> FloatArray:
        """What the model says of the whole, float32 `[L]`, whose softmax are the scores.

        Raises:
            InputError, EmbeddingsOnly, UsageError: as `recognize`.
        """
        self._rows_of(None)
        _, prepared = self._hear(source, name, True, None, _Timings())
        logits = self._network.run_long(prepared.samples).logits
        return np.asarray(logits.mean(axis=0, dtype=np.float64) / self._temperature, np.float32)

    def _hear(
        self,
        source: Source | Recording,
        name: str | None,
        trim: bool,
        channel: int | None,
        timings: "_Timings",
    ) -> tuple[Recording, Prepared]:
        with timings.of("decode") as facts:
            recording = source if isinstance(source, Recording) else decode(source, name=name)
            facts |= {
                "duration_ms": milliseconds(recording.duration),
                "sample_rate": recording.sample_rate,
                "channels": recording.channels,
            }
        with timings.of("preprocess") as facts:
            prepared = prepare(recording, trim=trim, channel=channel)
            facts |= {
                "trimmed_start_ms": milliseconds(prepared.trimmed_start),
                "trimmed_end_ms": milliseconds(prepared.trimmed_end),
                "speech_ms": milliseconds(prepared.quality.speech),
                "warnings": list(prepared.quality.warnings),
            }
        return recording, prepared

    def _rows_of(self, labels: Sequence[str] | None) -> list[int]:
        """The columns of the logits that may win."""
        if not self.labels:
            raise EmbeddingsOnly(model=self.model.id)
        if labels is None:
            return list(range(len(self.labels)))
        foreign = [label for label in labels if label not in self.labels]
        if foreign or not labels:
            known = ", ".join(self.labels)
            raise UsageError(
                reason_en=f"{self.model.id} has no label {', '.join(foreign) or '(none given)'}. "
                f"Its labels: {known}.",
                reason_zh=f"{self.model.id} 没有标签 {', '.join(foreign) or '(未给出)'}。"
                f"可用标签:{known}。",
            )
        return [row for row, label in enumerate(self.labels) if label in labels]


class _Timings:
    """Milliseconds of each step, by its name; `progress` is told of each."""

    def __init__(self, progress: Progress = lambda _step: None) -> None:
        self._progress = progress
        self._started = self._window_started = time.perf_counter()
        self._steps: dict[str, float] = {}

    @contextmanager
    def of(self, step: str) -> Iterator[dict[str, Any]]:
        """Times the block, which fills in what came of the step."""
        started = self._window_started = time.perf_counter()
        facts: dict[str, Any] = {}
        yield facts
        self._steps[step] = 1000 * (time.perf_counter() - started)
        self._progress(Step(step, round(self._steps[step], 1), facts))

    def window(self, done: int, total: int) -> None:
        """A window has gone through the network; see `Network.run_long`."""
        started, self._window_started = self._window_started, time.perf_counter()
        ms = round(1000 * (self._window_started - started), 1)
        self._progress(Step("window", ms, {"done": done, "total": total}))

    def rounded(self) -> Mapping[str, float]:
        total = 1000 * (time.perf_counter() - self._started)
        return {step: round(ms, 1) for step, ms in {**self._steps, "total": total}.items()}


def _pooled(output: FrameOutput, prepared: Prepared, granularity: Granularity) -> FloatArray:
    if granularity == "frame":
        return output.embeddings
    if granularity == "segment":
        return pooled_embeddings(output.embeddings, prepared.speech)
    return np.asarray(output.embeddings.mean(axis=0))


def _require_granularity(granularity: str) -> None:
    if granularity not in GRANULARITIES:
        known = ", ".join(GRANULARITIES)
        raise UsageError(
            reason_en=f"There is no granularity {granularity}; choose one of {known}.",
            reason_zh=f"没有粒度 {granularity};可选:{known}。",
        )


def _require_share(abstain_below: float | None) -> None:
    if abstain_below is not None and not 0 <= abstain_below <= 1:
        raise UsageError(
            reason_en=f"A confidence lies between 0 and 1; {abstain_below:g} does not.",
            reason_zh=f"置信度应在 0 和 1 之间,{abstain_below:g} 超出范围。",
        )


def _notice(model: ModelInfo) -> str:
    """What a reader must know of these numbers, in the language of the process."""
    estimate = say(
        "Estimates of expressed emotion, not of what a person feels. "
        "Some uses are restricted by law.",
        "结果是对语音所表达情感的估计,并非说话人的真实感受;某些用途受法律限制。",
    )
    if not model.fallback:
        return estimate
    return say(
        "Recognised by tiny, the small model inside Voxcor, because no emotion2vec+ model is "
        f"installed. For far better results: voxcor models pull plus-large. {estimate}",
        "尚未安装 emotion2vec+ 模型,本结果由内置小模型 tiny 给出。"
        f"如需更准确的结果,请运行:voxcor models pull plus-large。{estimate}",
    )
