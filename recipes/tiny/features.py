"""Constants of the model's ear: the transform, the mel bands, the pitch lags, the channels.

The training model and the exported graph multiply by the very same matrices, so features never
differ between the two.
"""

import numpy as np
from numpy.typing import NDArray

from voxcor.frames import HOP, RECEPTIVE_FIELD, SAMPLE_RATE

FloatArray = NDArray[np.float32]

# Features lie twice as dense as the frames of the grid: pitch and loudness move that fast.
FINE_HOP = HOP // 2  # 160 samples, 10 ms
FFT_SIZE = 512  # samples, 32 ms: two periods of a voice of 62 Hz
# Centres the transform on the grid's receptive field: 56 zeros on either side of the waveform.
PADDING = (FFT_SIZE - RECEPTIVE_FIELD) // 2

MEL_BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
LOWEST_POWER = np.exp(-11.0)  # of a mel band, 48 dB under the mean power of the utterance
PITCH_LAGS = 48
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 65.0, 520.0
PITCH_CEILING_HZ = 2000.0  # harmonics above this tell pitch no better
MIDDLE_PITCH_HZ = 181.0  # between the usual voices of women and men
PITCH_SHARPNESS = 20.0  # of the softmax over lags whose mean is the pitch
PITCH_FLOOR = 0.05  # beside the sum of magnitudes: a frame far below the utterance has no pitch

CEPSTRA = 19
WIDE_BANDS = 8
# Level, pitch and voicing first, then what `shape` reads off a spectrum.
CHANNELS = 3 + 1 + CEPSTRA + WIDE_BANDS
VOICED_CHANNELS = 4  # whose changes are also taken between voiced frames only

# What levels are counted from, in nepers of power: the mean power of the utterance, which pauses
# lower; or its loudness, the mean that power itself weighs, which they do not move.
REFERENCES = ("mean", "loudness")

# Logistic curves decide softly which frames count: by level above each reference, and by voicing,
# the height of the autocorrelation's peak.
AUDIBLE_LEVELS, AUDIBLE_SLOPE = (-4.5, -2.5), 1.5
VOICED_LEVEL, VOICED_SLOPE = 0.45, 15.0

REACH = 150  # fine frames on either side of a frame: the window is 3 s long
CHANGE_LAGS = (4, 8, 16, 32)  # fine frames: from a phone to a word
PITCH_GRID = np.linspace(-1.4, 1.4, 9, dtype=np.float32)  # octaves
LEVEL_GRID = np.linspace(-9, 2, 8, dtype=np.float32)
FEW = 5.0  # imagined frames
FARTHEST = 4.0  # spreads from the centre
LEAST = 0.01  # variance and change, lest the logarithm of a constant be minus infinity

# Widths of the parts of the terms, in the order of `Ear.forward`, and of all functionals.
TERMS = (
    *(1, CHANNELS, CHANNELS, CHANNELS) * 2,
    *(1, CHANNELS, 1, VOICED_CHANNELS, 1) * len(CHANGE_LAGS),
    *(1, len(PITCH_GRID), len(LEVEL_GRID)),
)
FUNCTIONALS = sum(TERMS) - 1 - 2 * len(CHANGE_LAGS)


def bins_hz() -> NDArray[np.float64]:
    """Centre frequencies of the bins that are kept: `[K]`, up to `HIGHEST_HZ`, without 0 Hz."""
    frequencies = np.arange(1, FFT_SIZE // 2) * SAMPLE_RATE / FFT_SIZE
    return frequencies[frequencies <= HIGHEST_HZ]


def transform() -> FloatArray:
    """The windowed Fourier transform as convolution kernels `[2K, 1, FFT_SIZE]`: cosines, sines.

    Scaled so that the powers of a waveform of unit mean square sum to 1 over the bins (Parseval).
    """
    time = np.arange(FFT_SIZE)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (time + 0.5) / FFT_SIZE)
    window *= np.sqrt(2 / (FFT_SIZE * np.sum(window**2)))
    phase = 2 * np.pi * bins_hz()[:, None] * time / SAMPLE_RATE
    kernels = np.concatenate([np.cos(phase), np.sin(phase)]) * window
    return kernels[:, None, :].astype(np.float32)


def mel_bands() -> FloatArray:
    """Triangular filters `[MEL_BANDS, K]`, evenly spaced on O'Shaughnessy's mel scale."""
    lowest, highest = _mel(np.array([LOWEST_HZ, HIGHEST_HZ]))
    edges = np.linspace(lowest, highest, MEL_BANDS + 2)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    position = _mel(bins_hz())[None, :]
    rising, falling = (position - left) / (centre - left), (right - position) / (right - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    # The lowest triangles are narrower than a bin: each takes at least the bin nearest to it.
    nearest = np.abs(position - centre).argmin(axis=1)
    triangles[np.arange(MEL_BANDS), nearest] = np.maximum(
        triangles[np.arange(MEL_BANDS), nearest], 0.5
    )
    return np.asarray(triangles, dtype=np.float32)


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2595 * np.log10(1 + hz / 700))


def pitch_lags() -> FloatArray:
    """Cosines `[PITCH_LAGS, K]` that turn the magnitudes of a spectrum into its autocorrelation.

    By the Wiener-Khinchin theorem the autocorrelation is the Fourier transform of the power
    spectrum; magnitudes in place of powers flatten the formants (Tolonen and Karjalainen, 2000).
    """
    frequencies = bins_hz()
    cosines = np.cos(2 * np.pi * frequencies[None, :] / _candidates_hz()[:, None])
    return np.asarray(cosines * pitch_total(), dtype=np.float32)


def pitch_total() -> FloatArray:
    """Weights `[1, K]` of the autocorrelation at lag 0, by which the others are divided."""
    frequencies = bins_hz()
    fade = 0.5 + 0.5 * np.cos(np.pi * np.clip(frequencies / PITCH_CEILING_HZ, 0, 1))
    return fade[None, :].astype(np.float32)


def octaves() -> FloatArray:
    """The pitch of each lag `[PITCH_LAGS, 1]` in octaves above `MIDDLE_PITCH_HZ`."""
    return np.log2(_candidates_hz() / MIDDLE_PITCH_HZ)[:, None].astype(np.float32)


def _candidates_hz() -> NDArray[np.float64]:
    return np.geomspace(HIGHEST_PITCH_HZ, LOWEST_PITCH_HZ, PITCH_LAGS)


def shape() -> FloatArray:
    """What is read off a log-mel spectrum besides its level: `[1 + CEPSTRA + WIDE_BANDS, 64]`.

    Tilt, the difference of the upper and the lower half; cepstra, liftered so that all vary about
    as much; wide bands against the mean of all.
    """
    band = np.arange(MEL_BANDS)
    tilt = np.where(band < MEL_BANDS // 2, -1, 1) / MEL_BANDS
    order = np.arange(1, CEPSTRA + 1)[:, None]
    cepstra = np.cos(np.pi * order * (band + 0.5) / MEL_BANDS) * np.sqrt(2) / MEL_BANDS
    wide = np.repeat(np.eye(WIDE_BANDS), MEL_BANDS // WIDE_BANDS, axis=1)
    wide = wide * WIDE_BANDS / MEL_BANDS - 1 / MEL_BANDS
    return np.vstack([tilt, cepstra * order**0.6, wide / 1.5]).astype(np.float32)
