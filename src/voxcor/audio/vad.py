"""Where speech is: silero-vad v6 on 32 ms windows, and the spans its probabilities make.

The weights are silero's own graph for whole sequences (MIT, licence beside it): windows of 512
samples at 16 kHz, each with the 64 samples before it, through an LSTM whose state is carried.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from voxcor.audio.decoders import FloatArray
from voxcor.frames import SAMPLE_RATE
from voxcor.inference.session import open_session
from voxcor.timeline import Span

if TYPE_CHECKING:
    import onnxruntime

WINDOW_SAMPLES = 512  # samples, 32 ms
WINDOW_S = WINDOW_SAMPLES / SAMPLE_RATE
CONTEXT_SAMPLES = 64  # samples of the window before, 4 ms

# One pass takes this many windows, so that memory does not grow with the recording: 32 s.
PASS_WINDOWS = 1000

# Silero misses speech 40 dB below full scale. So it gets the loudest quarter second at this RMS,
# unless that drives a peak beyond full scale: then there was a click, not speech.
SPEECH_RMS = 0.2
QUARTER_SECOND_WINDOWS = 8

# Speech begins at the one probability and ends below the other: the defaults of silero's own
# `get_speech_timestamps` (`threshold`, and `neg_threshold` 0.15 below it).
ONSET = 0.5
OFFSET = 0.35

# Silero drops what is shorter than 250 ms. Single words matter here ("no!"): in emospeech_in one
# clip in twenty would lose its only one. A click passes in a window or two.
SHORTEST_SPEECH = 3  # windows, 96 ms

# A shorter pause is one within a phrase; silero's 100 ms would cut at every stop consonant, and
# Models want seconds of speech, not syllables.
SHORTEST_PAUSE = 16  # windows, 512 ms

# Silero pads by 30 ms. Measured on 1,600 clips of four corpora, in 95 of 100 what is audible before
# the first window that passes begins at most three windows earlier.
PADDING = 3  # windows, 96 ms

# A longer span is cut: nobody reads one emotion for a minute of speech without a pause.
LONGEST_SPEECH = 470  # windows, 15 s

# Half the band of 16 kHz, and the taps of a filter that takes away what lies below.
_HALF_BAND = 0.5
_TAPS = 31

_MODEL = Path(__file__).parent / "silero" / "silero_vad_16k_sequence.onnx"


@dataclass(frozen=True, slots=True)
class VadState:
    """What the network remembers between two parts of one recording."""

    context: FloatArray = field(default_factory=lambda: np.zeros(CONTEXT_SAMPLES, np.float32))
    h: FloatArray = field(default_factory=lambda: np.zeros((1, 1, 128), np.float32))
    c: FloatArray = field(default_factory=lambda: np.zeros((1, 1, 128), np.float32))


@cache
def _session() -> "onnxruntime.InferenceSession":
    # One thread: a window is too little work to share.
    return open_session(_MODEL, threads=1)


def speech_probabilities(blocks: Iterable[FloatArray]) -> FloatArray:
    """The probability of speech, `[W]` with `W = ceil(N / 512)`, for samples at 16 kHz.

    They come in blocks `[n]` of whole windows; the last one is filled up with silence.
    """
    parts, state = [np.empty(0, np.float32)], VadState()
    for block in blocks:
        part, state = continue_probabilities(
            np.pad(block, (0, -len(block) % WINDOW_SAMPLES)), state
        )
        parts.append(part)
    return np.concatenate(parts)


def widened(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Speech of telephone bandwidth, `[n]` at 16 kHz, with overtones above 4 kHz for its own.

    Silero misses most of what low-rate codecs leave: of a conversation with 14.9 s of speech it
    finds 3.2 after GSM and 1.0 after ADPCM, and 15.1 and 14.3 with these. They are what a rectifier
    makes, high-passed, the oldest way to give a telephone its treble back. Tones, hum and white
    noise stay what they were; brown noise comes nearer to speech.
    """
    place = np.arange(_TAPS) - _TAPS // 2
    taps = -_HALF_BAND * np.sinc(_HALF_BAND * place) * np.hamming(_TAPS)
    taps[_TAPS // 2] += 1
    taps = taps.astype(np.float32)
    before = np.zeros(_TAPS - 1, np.float32)
    for block in blocks:
        rectified = np.concatenate([before, np.abs(block)])
        yield block + np.convolve(rectified, taps, "valid")
        before = rectified[len(rectified) - len(before) :]


def continue_probabilities(samples: FloatArray, state: VadState) -> tuple[FloatArray, VadState]:
    """The probabilities `[W]` of whole windows `[512 * W]`, and the state for what follows them.

    Cutting a recording anywhere between windows changes nothing.
    """
    samples = np.concatenate([state.context, samples])
    h, c = state.h, state.c
    parts = [np.empty(0, np.float32)]
    for start in range(0, len(samples) - CONTEXT_SAMPLES, PASS_WINDOWS * WINDOW_SAMPLES):
        chunk = samples[start : start + PASS_WINDOWS * WINDOW_SAMPLES + CONTEXT_SAMPLES]
        windows = sliding_window_view(chunk, CONTEXT_SAMPLES + WINDOW_SAMPLES)[
            ::WINDOW_SAMPLES
        ]  # [W, 576], a view
        inputs = {"input": np.ascontiguousarray(windows), "h": h, "c": c}
        probabilities, h, c = _session().run(None, inputs)
        parts.append(probabilities)
    return np.concatenate(parts), VadState(samples[-CONTEXT_SAMPLES:], h, c)


def speech_spans(probabilities: FloatArray) -> tuple[Span, ...]:
    """Spans of speech in seconds from the first window, in order, none overlapping.

    Args:
        probabilities: `[W]`, of 32 ms windows.
    """
    spans = []
    for first, last in _speech_runs(probabilities):
        if last - first >= SHORTEST_SPEECH:
            start = max(0, first - PADDING)
            end = min(len(probabilities), last + PADDING)
            spans += _cut(probabilities, start, end)
    return tuple((start * WINDOW_S, end * WINDOW_S) for start, end in spans)


def _speech_runs(probabilities: FloatArray) -> list[tuple[int, int]]:
    """Windows `[first, last)` of speech with hysteresis; pauses too short for one are bridged."""
    runs: list[tuple[int, int]] = []
    first: int | None = None
    for window, probability in enumerate([*probabilities.tolist(), 0.0]):
        if first is None and probability >= ONSET:
            first = window
        elif first is not None and probability < OFFSET:
            if runs and first - runs[-1][1] < SHORTEST_PAUSE:
                first = runs.pop()[0]
            runs.append((first, window))
            first = None
    return runs


def _cut(probabilities: FloatArray, start: int, end: int) -> list[tuple[int, int]]:
    """`[start, end)` in pieces of at most 15 s, each cut in the middle half of the 15 s that it
    begins with, where speech is least likely. A live stream, which knows no end, cuts alike.
    """
    quarter = LONGEST_SPEECH // 4
    pieces = []
    while end - start > LONGEST_SPEECH:
        middle = probabilities[start + quarter : start + LONGEST_SPEECH - quarter]
        place = start + quarter + int(middle.argmin())
        pieces.append((start, place))
        start = place
    return [*pieces, (start, end)]
