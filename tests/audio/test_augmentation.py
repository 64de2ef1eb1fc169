"""What recordings go through, checked on signals whose answer is known, with the real codecs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from places import VOICE
from voxcor.audio import decode
from voxcor.audio.augmentation import (
    CODECS,
    STRESSES,
    CodecName,
    Stress,
    add_noise,
    augment,
    change_gain,
    change_speed,
    change_tempo,
    clip,
    reverberate,
    shift_pitch,
    transcode,
)
from voxcor.frames import SAMPLE_RATE

FloatArray = NDArray[np.float32]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(frequency: float, seconds: float = 2.0) -> FloatArray:
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def loudest_frequency(samples: FloatArray) -> float:
    """Of the middle second, in Hz."""
    start = (len(samples) - SAMPLE_RATE) // 2
    window = samples[start : start + SAMPLE_RATE] * np.hanning(SAMPLE_RATE)
    return float(np.abs(np.fft.rfft(window)).argmax())


def power_db(samples: NDArray[np.floating]) -> float:
    return 10 * float(np.log10((samples.astype(np.float64) ** 2).mean()))


def lag(changed: FloatArray, samples: FloatArray) -> int:
    """Samples by which `changed` comes later than the original."""
    size = 1 << (len(samples) + len(changed)).bit_length()
    product = np.fft.rfft(changed, size) * np.conj(np.fft.rfft(samples, size))
    peak = int(np.fft.irfft(product).argmax())
    return peak if peak < size // 2 else peak - size


@pytest.fixture(scope="module")
def speech() -> FloatArray:
    return np.ascontiguousarray(decode(VOICE).samples[:, 0])


@pytest.mark.parametrize("snr_db", [20.0, 5.0, 0.0])
@pytest.mark.parametrize("slope_db", [0.0, -3.0, -6.0])
def test_noise_has_the_ratio_asked_for(speech: FloatArray, snr_db: float, slope_db: float) -> None:
    noisy = add_noise(speech, generator(), snr_db=snr_db, slope_db=slope_db)
    assert power_db(speech) - power_db(noisy - speech) == pytest.approx(snr_db, abs=0.05)


@pytest.mark.parametrize("slope_db", [0.0, -3.0, -6.0])
def test_noise_has_the_colour_asked_for(slope_db: float) -> None:
    noise = add_noise(np.zeros(2**19, np.float32) + 1, generator(), snr_db=0, slope_db=slope_db) - 1
    spectrum = np.abs(np.fft.rfft(noise)) ** 2
    octave = [10 * np.log10(spectrum[2**k : 2 ** (k + 1)].mean()) for k in (12, 13, 14, 15, 16)]
    assert np.diff(octave).mean() == pytest.approx(slope_db, abs=0.3)


@settings(deadline=None)
@given(st.floats(min_value=-40, max_value=40))
def test_gain_is_in_decibels_and_can_be_undone(gain_db: float) -> None:
    samples = tone(440, 0.1)
    louder = change_gain(samples, gain_db=gain_db)
    assert power_db(louder) - power_db(samples) == pytest.approx(gain_db, abs=1e-3)
    np.testing.assert_allclose(change_gain(louder, gain_db=-gain_db), samples, rtol=1e-5)


def test_overdriving_cuts_the_peaks_at_full_scale(speech: FloatArray) -> None:
    clipped = clip(speech, drive_db=12)
    assert np.abs(clipped).max() == 1
    assert (np.abs(clipped) == 1).mean() > 0.001
    loud = np.abs(speech) > np.abs(speech).max() * 10 ** (-12 / 20)
    np.testing.assert_array_equal(np.abs(clipped) == 1, loud)


@pytest.mark.parametrize("factor", [0.9, 1.1, 1.5])
def test_speed_shortens_and_raises_the_pitch(factor: float) -> None:
    faster = change_speed(tone(440), factor=factor)
    assert len(faster) == pytest.approx(2 * SAMPLE_RATE / factor, abs=2)
    assert loudest_frequency(faster) == pytest.approx(440 * factor, abs=2)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_tempo_shortens_and_keeps_the_pitch(factor: float) -> None:
    faster = change_tempo(tone(440), factor=factor)
    assert len(faster) == round(2 * SAMPLE_RATE / factor)
    assert loudest_frequency(faster) == pytest.approx(440, abs=3)
    assert power_db(faster[-800:]) == pytest.approx(power_db(tone(440)), abs=1)


@pytest.mark.parametrize("semitones", [-3.0, 1.0, 12.0])
def test_pitch_rises_and_the_length_stays(semitones: float) -> None:
    higher = shift_pitch(tone(300), semitones=semitones)
    assert len(higher) == 2 * SAMPLE_RATE
    assert loudest_frequency(higher) == pytest.approx(300 * 2 ** (semitones / 12), abs=4)


@pytest.mark.parametrize("codec", [*CODECS])
def test_a_codec_keeps_time_length_and_most_of_the_sound(
    speech: FloatArray, codec: CodecName
) -> None:
    decoded = transcode(speech, codec)
    assert len(decoded) == len(speech)
    assert not np.array_equal(decoded, speech)
    assert abs(lag(decoded, speech)) <= 16  # 1 ms
    assert power_db(decoded) == pytest.approx(power_db(speech), abs=3)


@pytest.mark.parametrize("codec", ["g711", "amr"])
def test_a_telephone_has_nothing_above_four_kilohertz(speech: FloatArray, codec: CodecName) -> None:
    noisy = add_noise(speech, generator(), snr_db=10, slope_db=0)
    above = slice(int(len(speech) / SAMPLE_RATE * 4300), None)
    before, after = (np.abs(np.fft.rfft(x))[above] for x in (noisy, transcode(noisy, codec)))
    assert power_db(after) < power_db(before) - 30


def test_a_room_rings_for_as_long_as_it_is_said_to() -> None:
    click = np.zeros(2 * SAMPLE_RATE, np.float32)
    click[0] = 1
    rung = reverberate(click, generator(), rt60_s=0.5)
    early, late = rung[1600:1920], rung[1600 + 4000 : 1920 + 4000]  # a quarter second apart
    assert power_db(early) - power_db(late) == pytest.approx(30, abs=2)
    assert np.abs(rung[int(0.5 * SAMPLE_RATE) :]).max() < 1e-9


def test_the_farther_the_microphone_the_less_is_direct() -> None:
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[0] = 1
    shares = [
        float(heard[0] ** 2 / (heard**2).sum())
        for heard in (reverberate(click, generator(), distance_m=m) for m in (0.3, 1, 3))
    ]
    assert shares == sorted(shares, reverse=True)
    # At the critical distance, 0.74 m here, direct and reverberant sound are equally strong.
    at_critical = reverberate(click, generator(), distance_m=0.057 * (100 / 0.6) ** 0.5)
    assert at_critical[0] ** 2 / (at_critical**2).sum() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("stress", STRESSES, ids=lambda stress: stress.id)
def test_a_condition_is_the_same_for_the_same_seed(speech: FloatArray, stress: Stress) -> None:
    first, second = (stress.change(speech, generator(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float32
    assert first.shape == speech.shape
    assert not np.array_equal(first, speech)


@pytest.mark.parametrize("stress", STRESSES, ids=lambda stress: stress.id)
def test_silence_stays_finite_under_every_condition(stress: Stress) -> None:
    assert np.isfinite(stress.change(np.zeros(SAMPLE_RATE, np.float32), generator())).all()


@pytest.mark.parametrize("length", [400, 701, 3200])
def test_the_shortest_clips_come_back_too(length: int) -> None:
    samples = tone(440, 1)[:length]
    for codec in CODECS:
        assert len(transcode(samples, codec)) == length
    for stress in STRESSES:
        assert len(stress.change(samples, generator())) == length
    assert power_db(shift_pitch(samples, semitones=1)) == pytest.approx(power_db(samples), abs=3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(min_value=0, max_value=10_000))
def test_augmented_speech_is_finite_reproducible_and_about_as_long(
    speech: FloatArray, seed: int
) -> None:
    once, again = augment(speech, generator(seed)), augment(speech, generator(seed))
    np.testing.assert_array_equal(once, again)
    assert once.dtype == np.float32
    assert np.isfinite(once).all()
    assert 0.85 * len(speech) < len(once) < 1.15 * len(speech)


def test_the_original_is_never_written_to(speech: FloatArray) -> None:
    before = speech.copy()
    for stress in STRESSES:
        stress.change(speech, generator())
    for seed in range(10):
        augment(speech, generator(seed))
    np.testing.assert_array_equal(speech, before)
