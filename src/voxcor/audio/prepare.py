"""From a decoded recording to what a model takes: 16 kHz, mono, trimmed, and measured."""

import sys
from dataclasses import dataclass
from typing import Generic, cast

import numpy as np

from voxcor.audio.decode import Recording
from voxcor.audio.decoders import FloatArray
from voxcor.audio.mono import Mono, Samples, to_mono
from voxcor.audio.quality import WIDE_HZ, PowerArray, bandwidth_hz, measure, window_power
from voxcor.audio.vad import (
    PASS_WINDOWS,
    QUARTER_SECOND_WINDOWS,
    SPEECH_RMS,
    WINDOW_S,
    WINDOW_SAMPLES,
    speech_probabilities,
    speech_spans,
    widened,
)
from voxcor.disk.array import DiskArray, Rows, amplified, blocks_of, part_of
from voxcor.errors import AudioTooShort, NoSpeech
from voxcor.frames import RECEPTIVE_FIELD, SAMPLE_RATE
from voxcor.results import Quality
from voxcor.timeline import Span

# What silero gives at most, measured: below this lie 6 of 1,700 clips of four corpora, mostly words
# screamed into a phone, and all of white, pink and brown noise, hum, dialling and ringing tones,
# which reach 0.14. Clicks and fans sometimes go beyond, melodies often.
NO_SPEECH = 0.2

# Less than this silero cannot judge, its LSTM has not settled: only silence is refused.
SHORTEST_JUDGED_S = 0.5

# Silence that stays on either side of what is kept.
MARGIN_S = 0.1

# A sob or the scream that a word begins with is no speech to silero, and no silence either. What
# is within 20 dB of the speech and 10 dB above the background is not trimmed.
_AUDIBLE = 10**-2.0
_ABOVE_BACKGROUND = 10**1.0
_BACKGROUND_PERCENTILE = 10

# Room for the peaks between samples, which players and lossy codecs restore: -1 dBTP as EBU R 128
# has it.
PEAK_DBFS = -1.0

# What is listened to at a time, 32 s; in memory it changes nothing.
_BLOCK_SAMPLES = PASS_WINDOWS * WINDOW_SAMPLES  # samples


@dataclass(frozen=True, slots=True)
class Prepared(Generic[Samples]):
    """What a model takes, and what was learned on the way.

    `samples` are float32 `[N]` at 16 kHz, mono, at the gain of the original; `peak` is the highest
    of their absolute values. `trimmed_start` and `trimmed_end` are seconds of the original that lie
    before and after them. `speech` are spans in seconds from the first of `samples`, at least one.
    """

    samples: Samples
    peak: float
    trimmed_start: float
    trimmed_end: float
    speech: tuple[Span, ...]
    quality: Quality


def prepare(
    recording: Recording,
    *,
    trim: bool = True,
    channel: int | None = None,
    any_sound: bool = False,
) -> Prepared[FloatArray]:
    """Mix, resample, find speech, trim the silence around it, measure.

    Where it is not certain that there is speech, nothing is trimmed, all of it is one span, and
    `uncertain_speech` is among the warnings.

    Args:
        recording: what `decode` gives.
        trim: leave out silence before the first and after the last sound; pauses stay.
        channel: take only this one, from 0; None for the mean of all.
        any_sound: take it where there is no speech, too; `no_speech` is among the warnings then.

    Raises:
        AudioTooShort: less than one frame of 25 ms.
        NoSpeech: silence or noise.
        UsageError: no such channel.
    """
    mono = to_mono(recording.stream(), channel=channel, memory_bytes=sys.maxsize)
    return cast(Prepared[FloatArray], prepare_mono(mono, trim=trim, any_sound=any_sound))


def prepare_mono(mono: Mono[Rows], *, trim: bool = True, any_sound: bool = False) -> Prepared[Rows]:
    """The same for a recording of any length, of which 32 s at a time are in memory."""
    samples = mono.samples
    duration_ms = round(1000 * mono.duration)
    if len(samples) < RECEPTIVE_FIELD:
        minimum_ms = 1000 * RECEPTIVE_FIELD // SAMPLE_RATE
        raise AudioTooShort(name=mono.name, duration_ms=duration_ms, minimum_ms=minimum_ms)
    levels = _measure_levels(samples)
    probabilities = _speech_probabilities(samples, levels)
    bandwidth = bandwidth_hz(samples)
    if bandwidth < WIDE_HZ and probabilities.max() >= NO_SPEECH:
        # Speech there is: all of it is found with overtones, which noise might not need.
        more = _speech_probabilities(samples, levels, widen=True)
        probabilities = np.maximum(probabilities, more)
    too_short_to_judge = mono.duration < SHORTEST_JUDGED_S and levels.power.any()
    has_speech = probabilities.max() >= NO_SPEECH or too_short_to_judge
    if not has_speech and not any_sound:
        raise NoSpeech(name=mono.name, duration_ms=duration_ms)

    noticed = mono.warnings if has_speech else (*mono.warnings, "no_speech")
    end_s = len(samples) / SAMPLE_RATE
    found = tuple((start, min(end, end_s)) for start, end in speech_spans(probabilities))
    spans = found or ((0.0, end_s),)
    first, last = _kept(spans, levels.power, len(samples)) if trim and found else (0, len(samples))
    trimmed_start = first / SAMPLE_RATE
    kept = part_of(samples, first, last)
    return Prepared(
        samples=kept,
        peak=_peak(kept),
        trimmed_start=trimmed_start,
        trimmed_end=max(0.0, mono.duration - last / SAMPLE_RATE),
        speech=tuple((start - trimmed_start, end - trimmed_start) for start, end in spans),
        quality=measure(
            samples,
            levels.power,
            probabilities,
            bandwidth=bandwidth,
            peak=max(levels.highest, -levels.lowest),
            clipping=mono.clipping,
            speech=sum(end - start for start, end in found),
            noticed={code: mono.details.get(code, {}) for code in noticed},
        ),
    )


def peak_normalize(samples: Rows, peak: float) -> tuple[Rows, float]:
    """Samples `[N]` with their `peak` at -1 dBFS, and the gain in dB; silence stays, at gain 0."""
    if not peak:
        return samples, 0.0
    gain_db = PEAK_DBFS - 20 * float(np.log10(peak))
    gain = 10 ** (gain_db / 20)
    if isinstance(samples, DiskArray):
        return samples.amplified(gain), gain_db
    return amplified(samples, gain), gain_db


@dataclass(frozen=True, slots=True)
class _Levels:
    """Of all samples: the power `[W]` of their windows, the mean, the extremes."""

    power: PowerArray
    mean: float
    lowest: float
    highest: float


def _measure_levels(samples: Rows) -> _Levels:
    power, total = [], 0.0
    lowest, highest = np.inf, -np.inf
    for block in blocks_of(samples, _BLOCK_SAMPLES):
        power.append(window_power(block))
        total += float(block.sum(dtype=np.float64))
        lowest, highest = min(lowest, float(block.min())), max(highest, float(block.max()))
    return _Levels(np.concatenate(power), total / len(samples), lowest, highest)


def _speech_probabilities(samples: Rows, levels: _Levels, *, widen: bool = False) -> FloatArray:
    """Of the windows `[W]`, at the level and without the offset that silero wants."""
    count = min(QUARTER_SECOND_WINDOWS, len(levels.power))
    loudest = np.convolve(levels.power, np.full(count, 1 / count), "valid").max()
    offset = np.float32(levels.mean)
    peak = float(max(np.float32(levels.highest) - offset, offset - np.float32(levels.lowest)))
    gain = min(SPEECH_RMS / np.sqrt(loudest), 1 / peak) if loudest and peak else 0.0
    blocks = (amplified(block - offset, gain) for block in blocks_of(samples, _BLOCK_SAMPLES))
    return speech_probabilities(widened(blocks) if widen else blocks)


def _peak(samples: Rows) -> float:
    return max(
        (float(np.abs(block).max()) for block in blocks_of(samples, _BLOCK_SAMPLES)), default=0.0
    )


def _kept(spans: tuple[Span, ...], power: PowerArray, count: int) -> tuple[int, int]:
    """Samples `[first, last)` from the first to the last sound, out of `count`."""
    is_speech = np.zeros(len(power), bool)
    for first, last in np.searchsorted(np.arange(len(power)) * WINDOW_S, spans):
        is_speech[first:last] = True
    background = np.percentile(power, _BACKGROUND_PERCENTILE)
    audible = max(_AUDIBLE * power[is_speech].mean(), _ABOVE_BACKGROUND * background)
    kept = np.flatnonzero(is_speech | (power > audible))
    margin = round(MARGIN_S * SAMPLE_RATE)
    first, last = int(kept[0]) * WINDOW_SAMPLES, (int(kept[-1]) + 1) * WINDOW_SAMPLES
    return max(0, first - margin), min(count, last + margin)
