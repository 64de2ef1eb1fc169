"""Whisper's log-mel spectrogram: the numbers that it is made of.

From `whisper/audio.py`: 25 ms of Hann window every 10 ms, mel bands on Slaney's scale with unit
area, log10 of the power, cut off 8 below the clip's maximum, and moved to about -1..1.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from voxcor.frames import SAMPLE_RATE

FFT_SIZE = 400  # samples, 25 ms
MEL_HOP = 160  # samples, 10 ms
LEAST_POWER = 1e-10
FLOOR = -8.0  # below the clip's maximum, in log10 of power

# log10 of the power at a clip's loudest point: that of ordinary speech at full scale, so of much
# that Whisper learned from. Whisper takes the clip's own.
LEVEL = 1.5


@cache
def fourier_basis() -> NDArray[np.float32]:
    """Windowed cosines, then sines, of 0 Hz to 8 kHz. [2 * 201, 400]."""
    samples = np.arange(FFT_SIZE)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * samples / FFT_SIZE)
    angles = 2 * np.pi * np.outer(np.arange(FFT_SIZE // 2 + 1), samples) / FFT_SIZE
    return np.concatenate([np.cos(angles) * window, np.sin(angles) * window]).astype(np.float32)


@cache
def mel_filters(bands: int) -> NDArray[np.float32]:
    """Triangles over the bins of the spectrum, [bands, 201] (Slaney's Auditory Toolbox 1998).

    Linear to 1 kHz, 15 mel there, then 27 mel for a factor of 6.4; each has an area of one over Hz.
    """
    bins_hz = np.linspace(0, SAMPLE_RATE / 2, FFT_SIZE // 2 + 1)
    edges_hz = _hertz(np.linspace(0, _mel(SAMPLE_RATE / 2), bands + 2))
    slopes = edges_hz[:, None] - bins_hz
    widths = np.diff(edges_hz)[:, None]
    rising, falling = -slopes[:-2] / widths[:-1], slopes[2:] / widths[1:]
    area = 2 / (edges_hz[2:] - edges_hz[:-2])
    triangles = np.maximum(0, np.minimum(rising, falling)) * area[:, None]
    return triangles.astype(np.float32)


def _mel(hertz: float) -> float:
    return 15 + 27 * np.log(hertz / 1000) / np.log(6.4) if hertz >= 1000 else 3 * hertz / 200


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel >= 15, 1000 * 6.4 ** ((mel - 15) / 27), 200 * mel / 3)
