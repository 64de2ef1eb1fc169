"""Sounds that no person made, to be called `unknown`: noise, hum, chords, tunes, clicks.

Recordings of such things are few among the corpora; that all kinds of noise are no emotion can be
learned from noise that is computed.
"""

from collections.abc import Callable

import numpy as np
from augment import FloatArray, coloured_noise

from voxcor.frames import SAMPLE_RATE


def random_sound(samples: int, rng: np.random.Generator) -> FloatArray:
    """One of them, `[samples]`, at any level."""
    kinds: tuple[Callable[[int, np.random.Generator], FloatArray], ...] = (
        noise,
        noise,
        music,
        music,
        hum,
        clicks,
    )
    sound = kinds[rng.integers(len(kinds))](samples, rng)
    sound = sound / (np.abs(sound).max() + 1e-9) + 10 ** rng.uniform(-4, -1) * noise(samples, rng)
    return np.asarray(sound * 10 ** rng.uniform(-3, 0), dtype=np.float32)


def noise(samples: int, rng: np.random.Generator) -> FloatArray:
    """Of any colour, steady or swelling, with a largest sample of 1."""
    spectrum = coloured_noise(samples, rng)
    sound = np.fft.irfft(spectrum, samples)
    if rng.random() < 0.5:
        time_s = np.arange(samples) / SAMPLE_RATE
        swell = np.sin(2 * np.pi * (rng.uniform(0.1, 4) * time_s + rng.random()))
        sound = sound * (1 + rng.uniform(0.3, 1) * swell)
    return np.asarray(sound / np.abs(sound).max(), dtype=np.float32)


def hum(samples: int, rng: np.random.Generator) -> FloatArray:
    """Of a motor or of the mains: a steady low tone and its overtones."""
    return tone(samples, rng.uniform(40, 300), rng)


def music(samples: int, rng: np.random.Generator) -> FloatArray:
    """Notes of the tempered scale, one or several at a time, plucked or blown."""
    beat = int(SAMPLE_RATE * rng.uniform(0.12, 0.7))
    fade = np.exp(-np.arange(samples) / SAMPLE_RATE * rng.uniform(0.5, 8))
    sound = np.zeros(samples, dtype=np.float32)
    for start in range(0, samples, beat):
        for _ in range(rng.integers(1, 4)):
            hertz = 440 * 2 ** (rng.integers(-24, 20) / 12)
            length = min(int(beat * rng.uniform(0.7, 3)), samples - start)
            note = tone(length, hertz, rng) * fade[:length]
            rise = min(length, 160)
            note[:rise] *= np.linspace(0, 1, rise)
            sound[start : start + length] += note
    return sound


def clicks(samples: int, rng: np.random.Generator) -> FloatArray:
    """Short knocks, regular or not."""
    sound = np.zeros(samples, dtype=np.float32)
    length = int(SAMPLE_RATE * rng.uniform(0.002, 0.05))
    gap = rng.uniform(0.05, 0.8) * SAMPLE_RATE
    at = 0.0
    while at + length < samples:
        knock = rng.standard_normal(length) * np.exp(-np.arange(length) / length * 5)
        sound[int(at) : int(at) + length] += knock.astype(np.float32)
        at += gap * (1 if rng.random() < 0.5 else rng.uniform(0.3, 1.7))
    return sound


def tone(samples: int, hertz: float, rng: np.random.Generator) -> FloatArray:
    """A tone whose overtones fall off at random."""
    time_s = np.arange(samples) / SAMPLE_RATE
    partials = np.arange(1, 1 + min(12, int(SAMPLE_RATE / 2 / hertz)))
    levels = partials ** -rng.uniform(0.6, 2.5) * rng.uniform(0.3, 1, len(partials))
    phases = rng.uniform(0, 2 * np.pi, len(partials))
    waves = np.sin(2 * np.pi * hertz * partials[:, None] * time_s + phases[:, None])
    return np.asarray(levels @ waves, dtype=np.float32)
