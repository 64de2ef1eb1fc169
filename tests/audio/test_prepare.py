"""Preparation: what is trimmed and what never is, and that every time is one of the original."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from audio_files import FORMATS, LOSSY, burst, burst_time, noise, speech, tone, with_silence
from voxcor.audio import Recording, decode, peak_normalize, prepare
from voxcor.errors import InputError, NoSpeech, UsageError
from voxcor.frames import HOP, RECEPTIVE_FIELD, SAMPLE_RATE, frame_center

SPEECH = speech(2.0, seed=1)


def recording_of(samples: np.ndarray, rate: int = SAMPLE_RATE) -> Recording:
    return decode((samples.astype(np.float32), rate), name="voice")


def at_rate(samples: np.ndarray, rate: int) -> np.ndarray:
    import soxr

    return soxr.resample(samples, SAMPLE_RATE, rate, quality="VHQ")


def test_silence_around_speech_is_trimmed_and_remembered() -> None:
    recording = recording_of(with_silence(SPEECH, before=1.5, after=1.0))
    prepared = prepare(recording)
    assert 1.0 < prepared.trimmed_start <= 1.5
    assert 0.5 < prepared.trimmed_end <= 1.0
    kept = prepared.trimmed_start + len(prepared.samples) / SAMPLE_RATE + prepared.trimmed_end
    assert kept == pytest.approx(recording.duration, abs=1 / SAMPLE_RATE)


@pytest.mark.parametrize("seed", range(6))
def test_no_sample_of_speech_is_ever_trimmed(seed: int) -> None:
    """Real silence around it: whatever is not zero must still be there."""
    sound = with_silence(speech(1.5, seed), before=0.7, after=0.9)
    prepared = prepare(recording_of(sound))
    assert np.count_nonzero(prepared.samples) == np.count_nonzero(sound)


def test_a_pause_stays() -> None:
    before = with_silence(SPEECH, before=0.5, after=2.0)
    sound = np.concatenate([before, with_silence(SPEECH, before=0.0, after=0.5)])
    prepared = prepare(recording_of(sound))
    assert len(prepared.speech) == 2
    assert len(prepared.samples) / SAMPLE_RATE == pytest.approx(6.0, abs=0.5)
    (_, first_end), (second_start, _) = prepared.speech
    assert second_start - first_end == pytest.approx(2.0, abs=0.5)


def test_without_trim_everything_stays_at_its_place() -> None:
    sound = with_silence(SPEECH, before=1.5, after=1.0)
    trimmed, whole = prepare(recording_of(sound)), prepare(recording_of(sound), trim=False)
    assert (whole.trimmed_start, whole.trimmed_end) == (0.0, 0.0)
    np.testing.assert_array_equal(whole.samples, sound)
    shifted = np.array(trimmed.speech) + trimmed.trimmed_start
    np.testing.assert_allclose(shifted, whole.speech)


def test_the_gain_stays_that_of_the_original() -> None:
    sound = with_silence(SPEECH, before=1.0, after=0.0) * np.float32(0.03)
    prepared = prepare(recording_of(sound))
    first = round(prepared.trimmed_start * SAMPLE_RATE)
    np.testing.assert_array_equal(prepared.samples, sound[first : first + len(prepared.samples)])


def test_a_sob_before_the_words_is_no_silence() -> None:
    """Loud, and no speech to silero: what emotion sounds like between words."""
    sob = noise(0.4, rms=0.1) * np.hanning(6_400).astype(np.float32)
    sound = np.concatenate([np.zeros(16_000, np.float32), sob, with_silence(SPEECH, 1.0, 1.0)])
    prepared = prepare(recording_of(sound + noise(5.4, rms=1e-4)[: len(sound)]))
    assert prepared.trimmed_start < 1.1
    assert prepared.speech[0][0] + prepared.trimmed_start > 2.0


def test_steady_background_noise_is_trimmed_like_silence() -> None:
    sound = with_silence(SPEECH, before=2.0, after=2.0)
    prepared = prepare(recording_of(sound + noise(6.0, rms=0.02)))
    assert prepared.trimmed_start > 1.5
    assert prepared.trimmed_end > 1.5


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_times_are_those_of_the_original_at_any_rate(rate: int) -> None:
    """A burst rides on the speech: trim and resample, and it is where it was put."""
    at = 2.345
    sound = at_rate(with_silence(SPEECH, before=1.5, after=1.0), rate) * 0.1
    sound += burst(at, len(sound) / rate, rate)[: len(sound), 0]
    prepared = prepare(recording_of(sound, rate))
    assert prepared.trimmed_start > 1.0
    found = prepared.trimmed_start + burst_time(prepared.samples, SAMPLE_RATE)
    assert found == pytest.approx(at, abs=0.0005)  # the speech under it pulls a little


@pytest.mark.parametrize("name", [name for name in LOSSY if name not in {"wav-mp3", "wma"}])
def test_a_sound_falls_into_its_frame_from_any_format(name: str) -> None:
    """A burst is put on the middle of frame 105; frames of trimmed samples start elsewhere."""
    format_ = FORMATS[name]
    at = frame_center(105)
    sound = at_rate(with_silence(SPEECH, before=1.0, after=1.0), format_.rate) * 0.1
    sound += burst(at, len(sound) / format_.rate, format_.rate)[: len(sound), 0]
    recording = decode(format_.write(sound[:, None].astype(np.float32), format_.rate))
    assert loudest_frame(prepare(recording, trim=False).samples) == 105
    trimmed = prepare(recording)
    assert trimmed.trimmed_start > 0
    time = trimmed.trimmed_start + frame_center(loudest_frame(trimmed.samples))
    assert time == pytest.approx(at, abs=HOP / SAMPLE_RATE / 2 + 0.002)


def loudest_frame(samples: np.ndarray) -> int:
    frames = np.lib.stride_tricks.sliding_window_view(samples, RECEPTIVE_FIELD)[::HOP]
    return int((frames**2).sum(axis=1).argmax())


def test_spans_lie_within_the_samples() -> None:
    for seed in range(4):
        prepared = prepare(recording_of(with_silence(speech(1.0, seed), 0.05, 0.01)))
        end = len(prepared.samples) / SAMPLE_RATE
        assert all(0 <= start < stop <= end for start, stop in prepared.speech)


def test_one_channel_is_heard_alone() -> None:
    caller, agent = with_silence(SPEECH, 1.0, 2.0), with_silence(speech(1.0, seed=3), 3.0, 1.0)
    recording = recording_of(np.stack([caller, agent], axis=1))
    first, second = (prepare(recording, channel=channel) for channel in (0, 1))
    assert first.trimmed_start + first.speech[0][0] == pytest.approx(1.0, abs=0.3)
    assert second.trimmed_start + second.speech[0][0] == pytest.approx(3.0, abs=0.3)
    assert len(prepare(recording).samples) > len(first.samples)


@pytest.mark.parametrize("channel", [2, -1])
def test_a_channel_that_does_not_exist_is_wrong_usage(channel: int) -> None:
    recording = recording_of(np.stack([SPEECH, SPEECH], axis=1))
    with pytest.raises(UsageError, match=f"voice: there is no channel {channel}; .* 0 to 1"):
        prepare(recording, channel=channel)


def test_a_silent_channel_has_no_speech_though_the_other_has() -> None:
    recording = recording_of(np.stack([SPEECH, np.zeros_like(SPEECH)], axis=1))
    with pytest.raises(NoSpeech):
        prepare(recording, channel=1)


def test_what_may_be_speech_is_kept_whole_and_said_to_be_uncertain() -> None:
    """Too short for silero to judge: a result with a warning, from all of it."""
    samples = tone(300, 0.3, SAMPLE_RATE)
    prepared = prepare(recording_of(samples))
    assert "uncertain_speech" in prepared.quality.warnings
    assert prepared.quality.speech == 0
    np.testing.assert_array_equal(prepared.samples, samples)
    assert prepared.speech == ((0.0, 0.3),)


@given(st.integers(min_value=400, max_value=24_000), st.integers(min_value=0, max_value=3))
@settings(deadline=None, max_examples=40)
def test_whatever_is_kept_adds_up_to_the_recording(count: int, seed: int) -> None:
    recording = recording_of(speech(2.0, seed)[:count])
    try:
        prepared = prepare(recording)
    except NoSpeech:
        assert count >= SAMPLE_RATE / 2
        return
    total = prepared.trimmed_start + len(prepared.samples) / SAMPLE_RATE + prepared.trimmed_end
    assert total == pytest.approx(count / SAMPLE_RATE)
    assert prepared.speech
    assert len(prepared.samples) >= 400


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 20_000), st.integers(1, 3)),
        elements=st.floats(width=32),
        fill=st.floats(width=32),
    ),
    st.sampled_from([8_000, 16_000, 44_100]),
)
@settings(deadline=None, max_examples=60)
def test_any_numbers_give_a_recording_to_hear_or_an_input_error(
    samples: np.ndarray, rate: int
) -> None:
    try:
        prepared = prepare(decode((samples, rate)))
    except InputError:
        return
    assert np.isfinite(prepared.samples).all()
    assert np.isfinite(peak_normalize(prepared.samples, prepared.peak)[0]).all()
    json.dumps(dataclasses.asdict(prepared.quality), allow_nan=False)


def test_nothing_that_prepare_is_given_is_changed() -> None:
    recording = recording_of(with_silence(SPEECH, 1.0, 1.0))
    before = recording.samples.copy()
    prepared = prepare(recording)
    peak_normalize(prepared.samples, prepared.peak)
    np.testing.assert_array_equal(recording.samples, before)


@given(st.floats(min_value=-300, max_value=80))
def test_the_normalised_peak_is_one_decibel_below_full_scale(level_db: float) -> None:
    samples = noise(0.1) * np.float32(10 ** (level_db / 20))
    normalized, gain_db = peak_normalize(samples, float(np.abs(samples).max(initial=0)))
    assert normalized.dtype == np.float32
    assert 20 * np.log10(np.abs(normalized).max()) == pytest.approx(-1.0, abs=1e-3)
    expected = samples.astype(np.float64) * 10 ** (gain_db / 20)
    np.testing.assert_allclose(normalized, expected, atol=1e-6)


@pytest.mark.parametrize("samples", [np.zeros(400, np.float32), np.zeros(0, np.float32)])
def test_silence_stays_silence(samples: np.ndarray) -> None:
    normalized, gain_db = peak_normalize(samples, float(np.abs(samples).max(initial=0)))
    np.testing.assert_array_equal(normalized, samples)
    assert gain_db == 0
