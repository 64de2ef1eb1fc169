"""Random changes that leave the emotion as it is: another speaker's size, room, microphone, line.

Recordings differ between corpora in these more than in emotions; without this the network learns
the corpora.
"""

import numpy as np
from numpy.typing import NDArray

from voxcor.frames import RECEPTIVE_FIELD, SAMPLE_RATE

FloatArray = NDArray[np.float32]

LONGEST_ECHO = 0.5  # seconds


def disturb(waveform: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The waveform `[N]` at 16 kHz as it could also have been recorded.

    Gain needs no augmentation: the model divides by the root mean square.
    """
    x = change_speed(waveform, np.exp(rng.uniform(-0.175, 0.175)))
    size = 1 << (len(x) + int(LONGEST_ECHO * SAMPLE_RATE)).bit_length()
    frequencies = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)

    spectrum = np.fft.rfft(x, size)
    if rng.random() < 0.4:
        spectrum *= np.fft.rfft(room(rng), size)
    if rng.random() < 0.6:
        noise = coloured_noise(size, rng)
        level = np.sqrt(energy(spectrum) / energy(noise) * size / len(x))
        spectrum += level * 10 ** (-rng.uniform(3, 35) / 20) * noise
    spectrum *= channel(frequencies, rng)
    x = np.fft.irfft(spectrum, size)[: len(x)]

    if rng.random() < 0.15:
        x = np.tanh(rng.uniform(1, 4) * x / (np.abs(x).max() + 1e-9))
    return x.astype(np.float32)


def with_background(
    waveform: FloatArray, sound: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """The waveform `[N]` and, 0 to 25 dB below it, a sound of any length that goes round."""
    sound = np.resize(np.roll(sound, rng.integers(len(sound))), len(waveform))
    level = np.sqrt(np.mean(waveform**2) / (np.mean(sound**2) + 1e-12))
    return np.asarray(waveform + level * 10 ** (-rng.uniform(0, 25) / 20) * sound, np.float32)


def change_speed(waveform: FloatArray, speed: float) -> FloatArray:
    """Played faster, so also higher. Linear interpolation dulls it a little, as cheap codecs do."""
    speed = min(speed, len(waveform) / (RECEPTIVE_FIELD + 2))
    times = np.arange(0, len(waveform) - 1, speed, dtype=np.float32)
    return np.interp(times, np.arange(len(waveform)), waveform).astype(np.float32)


def room(rng: np.random.Generator) -> FloatArray:
    """An impulse response: the sound, then exponentially fading noise."""
    reverberation_s = rng.uniform(0.1, 0.7)  # until 60 dB down
    time = np.arange(int(min(LONGEST_ECHO, reverberation_s) * SAMPLE_RATE)) / SAMPLE_RATE
    echo = rng.standard_normal(len(time)) * np.exp(-6.9 * time / reverberation_s)
    echo *= 10 ** (-rng.uniform(-3, 12) / 20) / np.linalg.norm(echo)
    echo[:32] = 0  # walls are further away than this
    echo[0] = 1
    return echo.astype(np.float32)


def coloured_noise(size: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """The spectrum of noise that falls by 0 (white) to 6 dB an octave."""
    white = np.fft.rfft(rng.standard_normal(size, dtype=np.float32))
    colour = (np.arange(len(white)) + 20.0) ** -rng.uniform(0, 1)
    return np.asarray(white * colour, dtype=np.complex64)


def channel(frequencies: NDArray[np.float64], rng: np.random.Generator) -> FloatArray:
    """Gains: a smooth random equaliser, and for some a telephone's band."""
    grid_hz = np.linspace(0, SAMPLE_RATE / 2, 129)
    position = np.log1p(grid_hz / 700) / np.log1p(grid_hz[-1] / 700)  # on the mel scale
    waves = np.arange(1, 6)
    gains_db = rng.normal(0, 4, 5) / waves**0.5 @ np.cos(np.pi * waves[:, None] * position)
    gains = np.interp(frequencies, grid_hz, 10 ** (gains_db / 20))
    lowest = rng.uniform(80, 320) if rng.random() < 0.3 else 0
    highest = rng.uniform(3000, 7000) if rng.random() < 0.35 else SAMPLE_RATE
    inside = (frequencies >= lowest) & (frequencies <= highest)
    return np.asarray(gains * inside, dtype=np.float32)


def energy(spectrum: NDArray[np.complexfloating]) -> float:
    """Up to a factor that is the same for all spectra of one size."""
    return float(np.sum(np.abs(spectrum) ** 2))
