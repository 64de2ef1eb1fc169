"""Mixing to mono: no voice is lost between channels, and an ordinary mix is the plain mean."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_files import Samples, noise, speech
from voxcor.audio import Recording, decode, prepare, to_mono
from voxcor.audio.decode import AudioStream
from voxcor.audio.mixing import PIECE_SAMPLES
from voxcor.audio.resample import mix_to_mono

VOICE = speech(4.0)


def delayed(samples: Samples, count: int) -> Samples:
    return np.concatenate([np.zeros(count, np.float32), samples[: len(samples) - count]])


def inverted_in_band(samples: Samples, low: float, high: float) -> Samples:
    """With the opposite phase from `low` to `high` Hz."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    spectrum[(hz >= low) & (hz < high)] *= -1
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def hiss(rms: float, seed: int) -> Samples:
    return noise(4.0, rms=rms, seed=seed)


OPPOSED: dict[str, Callable[[], tuple[Samples, ...]]] = {
    "opposite": lambda: (VOICE, -VOICE),
    "and quieter": lambda: (VOICE, -0.6 * VOICE),
    "and noise": lambda: (VOICE + hiss(0.02, 1), -VOICE + hiss(0.02, 2)),
    "and common noise": lambda: (VOICE + hiss(0.01, 1), -VOICE + hiss(0.01, 1)),
    "and an offset": lambda: (VOICE + np.float32(0.1), -VOICE + np.float32(0.1)),
    "and a delay": lambda: (VOICE, -delayed(VOICE, 2)),
    "below a kilohertz": lambda: (VOICE, inverted_in_band(VOICE, 0, 1000)),
    "above a kilohertz": lambda: (VOICE, inverted_in_band(VOICE, 1000, 8000)),
    "in one octave": lambda: (VOICE, inverted_in_band(VOICE, 400, 1100)),
    "of four": lambda: (VOICE, -VOICE, VOICE, -VOICE),
    "after silence": lambda: (np.pad(VOICE, (64_000, 0)), -np.pad(VOICE, (64_000, 0))),
}


@pytest.mark.parametrize("name", OPPOSED)
def test_a_voice_in_opposite_phase_is_heard(name: str) -> None:
    channels = OPPOSED[name]()
    prepared = prepare(decode((np.stack(channels, axis=1), 16_000)))
    assert "opposite_phase" in prepared.quality.warnings
    mixed = mix_to_mono(np.stack(channels, axis=1))
    for low, high in ((100, 400), (400, 1100), (1100, 3000)):
        kept = band_energy(mixed, low, high) / band_energy(channels[0], low, high)
        assert kept > 0.25, (low, high)  # -6 dB


def band_energy(samples: Samples, low: float, high: float) -> float:
    hz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    spectrum = np.abs(np.fft.rfft(samples)[(hz >= low) & (hz < high)]) ** 2
    return float(spectrum.sum())


OTHER = speech(4.0, seed=5)

ORDINARY: dict[str, Callable[[], tuple[Samples, ...]]] = {
    "alike": lambda: (VOICE, VOICE),
    "louder on one side": lambda: (VOICE, 0.3 * VOICE),
    "two people": lambda: (VOICE, OTHER),
    "one silent": lambda: (VOICE, np.zeros_like(VOICE)),
    "noise": lambda: (hiss(0.05, 1), hiss(0.05, 2)),
    "apart by 7 cm": lambda: (VOICE + hiss(0.003, 1), delayed(VOICE, 3) + hiss(0.003, 2)),
    "apart by half a metre": lambda: (VOICE, 0.7 * delayed(VOICE, 23) + 0.3 * OTHER),
    "six": lambda: (VOICE, OTHER, VOICE + OTHER, hiss(0.01, 1), hiss(0.01, 2), 0 * VOICE),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_mix_is_the_mean(name: str) -> None:
    samples = np.stack(ORDINARY[name](), axis=1)
    np.testing.assert_array_equal(mix_to_mono(samples), samples.mean(axis=1, dtype=np.float32))


def test_one_channel_is_itself() -> None:
    np.testing.assert_array_equal(mix_to_mono(VOICE[:, None]), VOICE)
    np.testing.assert_array_equal(mix_to_mono(np.stack([OTHER, VOICE], axis=1), 1), VOICE)


def test_a_recording_may_turn_midway() -> None:
    """Noise at first, then a voice in opposite phase: each piece is mixed by what is in it."""
    length = PIECE_SAMPLES // 2
    left, right = noise(length / 16_000, rms=0.01, seed=1), noise(length / 16_000, rms=0.01, seed=2)
    before = np.stack([left, right], axis=1)
    after = np.stack([VOICE, -VOICE], axis=1)
    mono = to_mono(decode((np.concatenate([before, after]), 16_000)).stream())
    assert "opposite_phase" in mono.warnings
    np.testing.assert_allclose(np.abs(mono.samples[length:]), np.abs(VOICE), atol=1e-6)


@pytest.mark.parametrize(("start", "end"), [(0.0, 2.0), (2.0, 4.0), (1.0, 2.5), (0.0, 3.0)])
def test_a_recording_may_be_turned_round_in_parts(start: float, end: float) -> None:
    other = VOICE.copy()
    other[round(16_000 * start) : round(16_000 * end)] *= -1
    recording = decode((np.stack([VOICE, other], axis=1), 16_000))
    mono = to_mono(recording.stream())
    assert "opposite_phase" in mono.warnings
    # But for blocks in which it turns: nothing is silent that was not.
    quiet = np.abs(mono.samples) < 0.5 * np.abs(VOICE)
    assert quiet[np.abs(VOICE) > 0.01].mean() < 0.25


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 70_000), min_size=1, max_size=20), st.integers(0, 2**16))
def test_how_a_stream_is_cut_changes_no_sample(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = np.stack([VOICE, -VOICE], axis=1) + rng.normal(0, 0.01, (64_000, 2)).astype("f4")
    recording = decode((samples, 22_050))
    edges = np.cumsum(lengths)
    cut = np.split(samples, edges[edges < len(samples)])
    stream = AudioStream("cut", 22_050, 2, iter(cut), lambda: "", {})
    whole, streamed = to_mono(recording.stream()), to_mono(stream)
    np.testing.assert_array_equal(streamed.samples, whole.samples)
    assert (streamed.warnings, streamed.clipping) == (whole.warnings, whole.clipping)


def test_a_recording_keeps_what_was_noticed() -> None:
    recording = Recording(
        "x", VOICE[:, None], 16_000, "", ("truncated",), {"truncated": {"missing_s": 2.0}}
    )
    quality = prepare(recording).quality
    assert quality.warnings[0] == "truncated"
    assert quality.details == {"truncated": {"missing_s": 2.0}}
