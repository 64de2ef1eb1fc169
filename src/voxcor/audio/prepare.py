"""From a decoded recording to what a model hears: 16 kHz, mono, trimmed, and measured."""

from dataclasses import dataclass

import numpy as np

from voxcor.audio.decode import Recording
from voxcor.audio.decoders import FloatArray
from voxcor.audio.quality import PowerArray, measure, window_power
from voxcor.audio.resample import mix_to_mono, resample
from voxcor.audio.vad import WINDOW, WINDOW_S, Span, speech_probabilities, speech_spans
from voxcor.errors import AudioTooShort, NoSpeech, UsageError
from voxcor.frames import RECEPTIVE_FIELD, SAMPLE_RATE
from voxcor.results import Quality

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

# Silero misses speech 40 dB below full scale. So it hears the loudest quarter second at this RMS,
# unless that drives a peak beyond full scale: then there was a click, not speech.
_HEARD_RMS = 0.2
_QUARTER_SECOND = 8  # windows

# Room for the peaks between samples, which players and lossy codecs restore: -1 dBTP as EBU R 128
# has it.
PEAK_DBFS = -1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a model hears, and what was learned on the way.

    `samples` are float32 `[N]` at 16 kHz, mono, at the gain of the original. `trimmed_start` and
    `trimmed_end` are seconds of the original that lie before and after them. `speech` are spans in
    seconds from the first of `samples`, at least one.
    """

    samples: FloatArray
    trimmed_start: float
    trimmed_end: float
    speech: tuple[Span, ...]
    quality: Quality


def prepare(recording: Recording, *, trim: bool = True, channel: int | None = None) -> Prepared:
    """Mix, resample, find speech, trim the silence around it, measure.

    Where it is not certain that there is speech, nothing is trimmed, all of it is one span, and
    `uncertain_speech` is among the warnings.

    Args:
        recording: what `decode` gives.
        trim: leave out silence before the first and after the last sound; pauses stay.
        channel: hear only this one, from 0; None for the mean of all.

    Raises:
        AudioTooShort: less than one frame of 25 ms.
        NoSpeech: silence or noise.
        UsageError: no such channel.
    """
    _require_channel(recording, channel)
    samples = resample(mix_to_mono(recording.samples, channel), recording.sample_rate)
    duration_ms = round(1000 * recording.duration)
    if len(samples) < RECEPTIVE_FIELD:
        minimum_ms = 1000 * RECEPTIVE_FIELD // SAMPLE_RATE
        raise AudioTooShort(name=recording.name, duration_ms=duration_ms, minimum_ms=minimum_ms)
    power = window_power(samples)
    probabilities = speech_probabilities(_levelled(samples, power))
    too_short_to_judge = recording.duration < SHORTEST_JUDGED_S and power.any()
    if probabilities.max() < NO_SPEECH and not too_short_to_judge:
        raise NoSpeech(name=recording.name, duration_ms=duration_ms)

    end_s = len(samples) / SAMPLE_RATE
    found = tuple((start, min(end, end_s)) for start, end in speech_spans(probabilities))
    spans = found or ((0.0, end_s),)
    first, last = _kept(spans, power, len(samples)) if trim and found else (0, len(samples))
    trimmed_start = first / SAMPLE_RATE
    return Prepared(
        samples=samples[first:last],
        trimmed_start=trimmed_start,
        trimmed_end=max(0.0, recording.duration - last / SAMPLE_RATE),
        speech=tuple((start - trimmed_start, end - trimmed_start) for start, end in spans),
        quality=measure(
            recording.samples if channel is None else recording.samples[:, [channel]],
            recording.sample_rate,
            samples,
            probabilities,
            speech=sum(end - start for start, end in found),
            noticed=recording.warnings,
        ),
    )


def peak_normalize(samples: FloatArray) -> tuple[FloatArray, float]:
    """Samples `[N]` with their peak at -1 dBFS, and the gain in dB; silence stays, at gain 0."""
    peak = float(np.abs(samples).max(initial=0))
    if peak == 0:
        return samples, 0.0
    gain_db = PEAK_DBFS - 20 * float(np.log10(peak))
    return _amplified(samples, 10 ** (gain_db / 20)), gain_db


def _require_channel(recording: Recording, channel: int | None) -> None:
    if channel is None or 0 <= channel < recording.channels:
        return
    last = recording.channels - 1
    raise UsageError(
        reason_en=f"{recording.name}: there is no channel {channel}; its channels are 0 to {last}.",
        reason_zh=f"{recording.name}:没有声道 {channel};可用声道为 0 到 {last}。",
    )


def _levelled(samples: FloatArray, power: PowerArray) -> FloatArray:
    """Samples `[N]` as loud as silero hears best, without offset; silence as zeros."""
    stretch = min(_QUARTER_SECOND, len(power))
    loudest = np.convolve(power, np.full(stretch, 1 / stretch), "valid").max()
    samples = samples - samples.mean(dtype=np.float64).astype(np.float32)
    peak = np.abs(samples).max()
    if loudest == 0 or peak == 0:
        return np.zeros_like(samples)
    return _amplified(samples, min(_HEARD_RMS / np.sqrt(loudest), 1 / float(peak)))


def _amplified(samples: FloatArray, gain: float) -> FloatArray:
    # float64: what brings the faintest float32 up to full scale is beyond float32.
    return (samples * np.float64(gain)).astype(np.float32)


def _kept(spans: tuple[Span, ...], power: PowerArray, count: int) -> tuple[int, int]:
    """Samples `[first, last)` from the first to the last sound, out of `count`."""
    windows = np.arange(len(power))
    is_speech = np.zeros(len(power), bool)
    for start, end in spans:
        is_speech |= (start <= windows * WINDOW_S) & (windows * WINDOW_S < end)
    background = np.percentile(power, _BACKGROUND_PERCENTILE)
    audible = max(_AUDIBLE * power[is_speech].mean(), _ABOVE_BACKGROUND * background)
    kept = np.flatnonzero(is_speech | (power > audible))
    margin = round(MARGIN_S * SAMPLE_RATE)
    first, last = int(kept[0]) * WINDOW, (int(kept[-1]) + 1) * WINDOW
    return max(0, first - margin), min(count, last + margin)
