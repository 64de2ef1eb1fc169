"""Audio in, result out: the one engine behind every door.

    recognizer = Recognizer("auto")
    result = recognizer.recognize("call.m4a", granularity="segment", embedding=True)
    result.emotion, result.confidence, result.segments[0].start, result.embedding.shape

The command, the server and training all come through here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePath
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from voxcor.audio import (
    Mono,
    Prepared,
    Recording,
    Source,
    open_audio,
    peak_normalize,
    prepare_mono,
    to_mono,
)
from voxcor.disk.array import Rows
from voxcor.errors import EmbeddingsOnly, InputError, UsageError
from voxcor.frames import num_frames
from voxcor.inference.batching import BatchingNetwork
from voxcor.inference.network import Network
from voxcor.labels import objection, own_labels
from voxcor.models.store import find_model, open_network
from voxcor.options import Choices, RecognitionOptions, require_sensible, with_choices
from voxcor.people.baseline import Baseline, baseline_of, relative_to
from voxcor.people.book import People
from voxcor.pooling import Pooled, pool
from voxcor.results import (
    AudioInfo,
    Failure,
    Granularity,
    ModelInfo,
    Preprocessing,
    Quality,
    Result,
    milliseconds,
    notice_of,
)
from voxcor.settings import Settings
from voxcor.speaker_turns import (
    FittedTurns,
    Speakers,
    SpeakerSpan,
    Turn,
    cut_at_turns,
    fit_turns,
    read_turns,
)
from voxcor.steps import StepCallback, Timings
from voxcor.timeline import (
    Span,
    blend_of,
    dimensions_of,
    frame_view,
    pooled_scores,
    scores_of,
    segment_view,
    summary_view,
    top,
    transition_view,
)

FloatArray = NDArray[np.float32]

# A recording as it comes, or at any stage of its decoding.
AudioInput = Source | Recording | Mono[Rows]


class Recognizer:
    """A loaded model and everything around it; safe to share among threads.

    Args:
        model: `auto`, an id of `voxcor models list`, or the path of a model folder.
        threads: threads of one pass through the model; None for all cores.
        batching: gather the passes of threads that recognise at the same time, see
            `voxcor.inference.batching`; results are the same.

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
        self.name = str(folder.path.resolve()) if Path(model).is_dir() else folder.name
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
        source: AudioInput,
        options: RecognitionOptions | None = None,
        *,
        channel: int | None = None,
        speakers: Speakers | None = None,
        name: str | None = None,
        progress: StepCallback = lambda _step: None,
        **choices: Unpack[Choices],
    ) -> Result:
        """The emotion of one recording, of any length: hours of it go through the disk.

        Args:
            source: a path, the bytes of a file, a binary file object, `(samples, sample_rate)`
                with samples `[N]` or `[N, channels]`, or what `voxcor.audio.decode` or
                `voxcor.audio.to_mono` made of one, of the channel that is to be recognised.
            options: how; None for the defaults.
            channel: take only this one, from 0; None for the mean of all.
            speakers: who speaks when: the path of an RTTM file or a CSV, or turns, see
                `voxcor.speaker_turns`. Segments are cut where the speaker changes.
            name: what results and errors call the source; by default its path.
            progress: is told of each step when it has ended. What it raises ends the work.
            **choices: single fields of `voxcor.options.RecognitionOptions`, such as
                `granularity="segment"`.

        Raises:
            InputError: the recording cannot be used; its subclasses say why.
            DiskFull: there is no space for what does not fit in memory.
            EmbeddingsOnly: the model has no labels.
            UsageError: a granularity, label, track, raw format or channel that does not exist, or
                a confidence beyond 0..1.
            NoSuchPerson, NotEnrolled, NoNeutral: `relative_to` names nobody, or nobody whom this
                model knows.
        """
        asked = with_choices(options, choices)
        kept, baseline = self._checked(asked)
        diarization = None if speakers is None else read_turns(speakers)
        started, timings = datetime.now(), Timings(progress)
        mono, prepared = self._prepare(source, asked, timings, name, channel)
        offset = prepared.trimmed_start
        fit = fit_turns(diarization, mono.name, mono.duration) if diarization else FittedTurns(())
        spoken = _speaker_spans(prepared, fit.turns)
        spans = [(part.start, part.end) for part in spoken]
        with timings.of("inference") as facts:
            facts["frames"] = num_frames(len(prepared.samples))
            pooled = self._pool(
                prepared,
                spans,
                asked.granularity,
                asked.embedding,
                kept,
                on_window=timings.window,
            )
        with timings.of("postprocess") as facts:
            names = tuple(self.labels[row] for row in kept)
            scores = scores_of(pooled.mean, names)
            emotion, confidence = top(scores)
            voices = [part.speaker for part in spoken]
            segments = segment_view(pooled.span_means, names, spans, offset, voices)
            transitions = transition_view(segments)
            processed, gain_db = peak_normalize(prepared.samples, prepared.peak)
            facts |= {"emotion": emotion, "confidence": confidence, "segments": len(segments)}
        return Result(
            emotion=emotion,
            confidence=confidence,
            scores=scores,
            granularity=asked.granularity,
            timestamp=started.strftime("%Y-%m-%d %H:%M:%S"),
            model=self.model,
            audio=AudioInfo(
                name=PurePath(mono.name).name,
                duration=mono.duration,
                sample_rate=mono.sample_rate,
                channels=mono.channels,
                sha256=mono.sha256,
                channel=mono.channel,
            ),
            preprocessing=Preprocessing(
                trim=asked.trim,
                trimmed_start=prepared.trimmed_start,
                trimmed_end=prepared.trimmed_end,
                gain_db=gain_db,
            ),
            quality=_with_unfit(prepared.quality, fit),
            segments=segments,
            transitions=transitions,
            summary=summary_view(segments, transitions, emotion),
            timings_ms=timings.rounded(),
            notice=str(notice_of(self.model)),
            blend=blend_of(scores),
            abstain_below=asked.abstain_below,
            dimensions=dimensions_of(scores),
            relative=None if baseline is None else relative_to(baseline, scores),
            frames=None if pooled.frames is None else frame_view(pooled.frames, names, offset),
            embedding=pooled.embedding,
            processed=processed,
        )

    def recognize_many(
        self,
        sources: Iterable[AudioInput],
        options: RecognitionOptions | None = None,
        *,
        channel: int | None = None,
        speakers: Speakers | None = None,
        progress: StepCallback = lambda _step: None,
        **choices: Unpack[Choices],
    ) -> Iterator[Result | Failure]:
        """One result for each recording, in order; arguments as for `recognize`.

        A recording that cannot be used gives a `Failure` in its place and costs no other its
        result.
        """
        turns = None if speakers is None else read_turns(speakers)
        for source in sources:
            try:
                yield self.recognize(
                    source, options, channel=channel, speakers=turns, progress=progress, **choices
                )
            except InputError as error:
                yield Failure.of(error)

    def require(self, options: RecognitionOptions) -> list[int]:
        """Looks whether `recognize` would take these options, before there is a recording.

        Returns:
            the columns of the logits that may win.

        Raises:
            EmbeddingsOnly, UsageError, NoSuchPerson, NotEnrolled, NoNeutral: as `recognize`.
        """
        return self._checked(options)[0]

    def baseline(self, name: str) -> Baseline:
        """How a person who is enrolled usually sounds to this model.

        Raises:
            NoSuchPerson, NotEnrolled, NoNeutral: nobody of this name, not with this model, or the
                model knows no neutral speech.
            StorageError: what is kept of them cannot be read.
        """
        return baseline_of(People(Settings().home).get(name), self.model)

    def embed(
        self,
        source: AudioInput,
        *,
        granularity: Granularity = "utterance",
        trim: bool = True,
        channel: int | None = None,
        name: str | None = None,
    ) -> Rows:
        """Only the embedding, from any model, those without labels too.

        Returns:
            float32 `[D]` for `utterance`, `[S, D]` for `segment`, `[T, D]` for `frame`; frames that
            are too many for the memory lie on the disk, see `voxcor.disk.array`.

        Raises:
            InputError, UsageError: as `recognize`.
        """
        asked = RecognitionOptions(granularity=granularity, trim=trim)
        require_sensible(asked)
        _, prepared = self._prepare(source, asked, Timings(), name, channel)
        pooled = self._pool(prepared, prepared.speech, granularity, embedding=True)
        assert pooled.embedding is not None
        return pooled.embedding

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

    def logits(self, source: AudioInput, *, name: str | None = None) -> FloatArray:
        """What the model says of the whole, float32 `[L]`, whose softmax are the scores.

        Raises:
            InputError, EmbeddingsOnly, UsageError: as `recognize`.
        """
        kept = self._rows_of(None)
        _, prepared = self._prepare(source, RecognitionOptions(), Timings(), name)
        pooled = self._pool(prepared, (), "utterance", embedding=False, kept=kept)
        return pooled.mean.astype(np.float32)

    def _pool(
        self,
        prepared: Prepared[Rows],
        spans: Sequence[Span],
        granularity: Granularity,
        embedding: bool,
        kept: Sequence[int] = (),
        on_window: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Pooled:
        return pool(
            self._network.run_windows(prepared.samples, on_window=on_window),
            num_frames(len(prepared.samples)),
            spans,
            granularity=granularity,
            embedding=embedding,
            columns=kept,
            temperature=self._temperature,
        )

    def _prepare(
        self,
        source: AudioInput,
        options: RecognitionOptions,
        timings: Timings,
        name: str | None = None,
        channel: int | None = None,
    ) -> tuple[Mono[Rows], Prepared[Rows]]:
        with timings.of("decode") as facts:
            if isinstance(source, Mono):
                mono = source
            elif isinstance(source, Recording):
                mono = to_mono(source.stream(), channel=channel)
            else:
                with open_audio(source, name=name, options=options.decoding) as stream:
                    mono = to_mono(stream, channel=channel)
            facts |= {
                "duration_ms": milliseconds(mono.duration),
                "sample_rate": mono.sample_rate,
                "channels": mono.channels,
            }
        with timings.of("preprocess") as facts:
            prepared = prepare_mono(mono, trim=options.trim, any_sound=options.any_sound)
            facts |= {
                "trimmed_start_ms": milliseconds(prepared.trimmed_start),
                "trimmed_end_ms": milliseconds(prepared.trimmed_end),
                "speech_ms": milliseconds(prepared.quality.speech),
                "warnings": list(prepared.quality.warnings),
                "details": dict(prepared.quality.details),
            }
        return mono, prepared

    def _checked(self, options: RecognitionOptions) -> tuple[list[int], Baseline | None]:
        """The columns of the logits that may win, and whom the result is to be relative to."""
        rows = self._rows_of(options.labels)
        require_sensible(options)
        name = options.relative_to
        return rows, None if name is None else self.baseline(name)

    def _rows_of(self, labels: Sequence[str] | None) -> list[int]:
        """The columns of the logits that may win."""
        if not self.labels:
            raise EmbeddingsOnly(model=self.model.id)
        if labels is None:
            return list(range(len(self.labels)))
        if (wrong := objection(labels, self.labels)) is not None:
            en, zh = wrong
            raise UsageError(reason_en=f"{self.model.id} {en}", reason_zh=f"{self.model.id} {zh}")
        chosen, _ = own_labels(labels, self.labels)
        return [row for row, label in enumerate(self.labels) if label in chosen]


def _speaker_spans(prepared: Prepared[Rows], turns: Sequence[Turn]) -> tuple[SpeakerSpan, ...]:
    """The speech, cut at the turns, in seconds from the first of the samples that are kept."""
    offset = prepared.trimmed_start
    moved = [Turn(turn.start - offset, turn.end - offset, turn.speaker) for turn in turns]
    return cut_at_turns(prepared.speech, moved)


def _with_unfit(quality: Quality, fit: FittedTurns) -> Quality:
    """With a warning where some turns are not of the recording."""
    if not fit.unfit:
        return quality
    facts = {"turns": fit.unfit, **({} if fit.line is None else {"line": fit.line})}
    return replace(
        quality,
        warnings=(*quality.warnings, "turns_unfit"),
        details={**quality.details, "turns_unfit": facts},
    )
