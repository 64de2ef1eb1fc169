"""Quality, measured on sounds whose quality is known."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_files import FORMATS, noise, speech, tone, with_silence
from voxcor.audio import decode, prepare
from voxcor.audio.quality import (
    ClippingMeter,
    bandwidth_hz,
    describe_warning,
    signal_to_noise_db,
    window_power,
)
from voxcor.errors import NoSpeech
from voxcor.results import Quality

CODES = (
    "clipped",
    "music",
    "narrowband",
    "no_speech",
    "noisy",
    "opposite_phase",
    "parts_unheard",
    "quiet",
    "several_parts",
    "several_tracks",
    "too_short",
    "truncated",
    "turns_unfit",
    "uncertain_speech",
    "wrong_extension",
)
SPEECH = speech(3.0, seed=1)


def quality_of(samples: np.ndarray, rate: int = 16_000) -> Quality:
    return prepare(decode((samples.astype(np.float32), rate))).quality


def clipped_share(samples: np.ndarray, rate: int) -> float:
    meter = ClippingMeter(rate)
    meter.push(samples)
    return meter.share()


def speech_in_noise(snr_db: float, seed: int = 0) -> np.ndarray:
    power = float((SPEECH.astype(np.float64) ** 2).mean())
    rms = (power / 10 ** (snr_db / 10)) ** 0.5
    return with_silence(SPEECH, before=2.0, after=1.0) + noise(6.0, rms=rms, seed=seed)


@given(
    st.floats(min_value=-5, max_value=60),
    st.integers(min_value=10, max_value=200),
    st.integers(min_value=10, max_value=200),
)
def test_signal_to_noise_of_two_powers_is_their_ratio(snr_db: float, loud: int, quiet: int) -> None:
    noise_power = 1e-6
    signal = noise_power * 10 ** (snr_db / 10)
    power = np.concatenate([np.full(loud, signal + noise_power), np.full(quiet, noise_power)])
    probabilities = np.repeat(np.float32([1, 0]), [loud, quiet])
    assert signal_to_noise_db(power, probabilities) == pytest.approx(snr_db, abs=0.06)


@pytest.mark.parametrize("snr_db", [0, 5, 10, 20, 30, 40])
def test_signal_to_noise_of_a_recording_is_found(snr_db: float) -> None:
    measured = quality_of(speech_in_noise(snr_db)).snr_db
    assert measured == pytest.approx(snr_db, abs=2.0)


def test_an_offset_is_no_noise() -> None:
    clean = speech_in_noise(30)
    assert quality_of(clean + 0.2).snr_db == pytest.approx(quality_of(clean).snr_db, abs=0.5)


def test_a_door_in_the_pause_is_not_the_background() -> None:
    sound = speech_in_noise(30)
    sound[8_000:11_000] += noise(0.1875, rms=0.3)
    assert quality_of(sound).snr_db == pytest.approx(30, abs=2)


def test_without_a_pause_there_is_no_ratio() -> None:
    assert quality_of(SPEECH).snr_db is None


def test_digital_silence_gives_a_number_that_json_has() -> None:
    snr_db = quality_of(with_silence(SPEECH, before=1.0, after=1.0)).snr_db
    assert snr_db == 96.0
    assert json.loads(json.dumps(snr_db, allow_nan=False)) == 96.0


def test_window_power_is_the_variance_of_every_window_begun() -> None:
    samples = noise(1.0)[: 512 * 3 + 100] + np.float32(0.5)
    expected = [np.var(samples[start : start + 512].astype(np.float64)) for start in (0, 512, 1024)]
    expected.append(np.var(samples[1536:].astype(np.float64)))
    np.testing.assert_allclose(window_power(samples), expected, rtol=1e-6)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 192_000])
@pytest.mark.parametrize("gain", [1.5, 2.0, 4.0])
def test_a_clipped_sine_has_the_share_that_geometry_gives(rate: int, gain: float) -> None:
    clipped = np.clip(tone(100, 2.0, rate, amplitude=gain), -1, 1)[:, None]
    expected = 1 - 2 / np.pi * np.arcsin(1 / gain)
    assert clipped_share(clipped, rate) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("hz", [50, 100, 440, 3_000])
@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
@pytest.mark.parametrize("name", ["wav-16", "wav-24"])
def test_a_full_scale_tone_is_not_clipped(name: str, rate: int, hz: int) -> None:
    # Off the rate's divisors, so that crests fall between samples as they do in speech.
    samples = tone(hz * 1.0137, 1.0, rate, amplitude=0.999)[:, None]
    recording = decode(FORMATS[name].write(samples, rate))
    assert clipped_share(recording.samples, rate) < 1e-3


@pytest.mark.parametrize("name", ["wav-u8", "wav-16", "wav-alaw", "wav-mulaw", "mp3-lsf"])
def test_speech_that_just_reaches_full_scale_is_not_clipped(name: str) -> None:
    recording = decode(FORMATS[name].write(speech(3.0, seed=2, peak=1.0)[:, None], 16_000))
    assert clipped_share(recording.samples, 16_000) < 1e-3


@pytest.mark.parametrize("name", ["wav-u8", "wav-16", "wav-float", "wav-alaw", "flac"])
def test_clipping_is_seen_in_every_coding(name: str) -> None:
    clipped = np.clip(4 * SPEECH, -1, 1)
    recording = decode(FORMATS[name].write(clipped[:, None], 16_000))
    truth = float((np.abs(clipped) == 1).mean())
    assert truth > 0.01
    assert clipped_share(recording.samples, 16_000) == pytest.approx(truth, rel=0.3)


def test_quiet_recordings_and_silence_are_not_clipped() -> None:
    assert clipped_share(np.round(noise(1.0, rms=1))[:, None] / 32_768, 16_000) == 0
    assert clipped_share(np.zeros((16_000, 2), np.float32), 16_000) == 0


@pytest.mark.parametrize("length", [1, 2, 5, 1_000, 7_919])
def test_clipping_does_not_depend_on_how_the_recording_is_cut(length: int) -> None:
    sound = np.stack([4 * SPEECH[:24_000], SPEECH[24_000:]], axis=1).clip(-1, 0.97)
    meter = ClippingMeter(16_000)
    for start in range(0, len(sound), length):
        meter.push(sound[start : start + length])
    assert meter.share() == clipped_share(sound, 16_000)
    assert meter.share() > 0.01


def test_clipping_in_one_channel_survives_the_mix() -> None:
    clipped = np.clip(6 * SPEECH, -1, 1)
    both = np.stack([clipped, np.zeros_like(clipped)], axis=1)
    assert "clipped" in quality_of(both).warnings


@pytest.mark.parametrize("edge", [1_000, 3_400, 4_000, 5_512, 7_000])
def test_bandwidth_is_where_the_spectrum_ends(edge: int) -> None:
    spectrum = np.fft.rfft(noise(4.0))
    spectrum[np.fft.rfftfreq(64_000, 1 / 16_000) > edge] = 0
    assert bandwidth_hz(np.fft.irfft(spectrum).astype(np.float32)) == pytest.approx(edge, abs=100)


def test_bandwidth_of_full_band_noise_is_all_there_is() -> None:
    assert bandwidth_hz(noise(2.0)) == 8_000


@pytest.mark.parametrize("name", ["wav-16", "wav-mulaw"])
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_an_upsampled_telephone_recording_is_unmasked(name: str, rate: int) -> None:
    import soxr

    hissing = speech_in_noise(40)
    telephone = decode(FORMATS[name].write(soxr.resample(hissing, 16_000, 8_000)[:, None], 8_000))
    upsampled = soxr.resample(telephone.samples, 8_000, rate)
    for recording in (telephone, decode(FORMATS["wav-16"].write(upsampled, rate))):
        quality = prepare(recording).quality
        assert quality.bandwidth_hz == pytest.approx(3_900, abs=100)
        assert "narrowband" in quality.warnings
    assert "narrowband" not in quality_of(hissing).warnings


def test_real_wideband_speech_is_not_called_a_telephone_call(corpora: Path) -> None:
    for corpus in ("emodb", "ravdess", "nemo"):
        for clip in sorted((corpora / corpus).glob("*.opus"))[::200]:
            assert prepare(decode(clip)).quality.bandwidth_hz > 6_000


def test_a_good_recording_has_no_warning() -> None:
    quality = quality_of(speech_in_noise(30))
    assert quality.warnings == ()
    assert quality.clipping == 0
    assert quality.speech == pytest.approx(3.0, abs=0.6)


@pytest.mark.parametrize(
    ("code", "samples"),
    [
        ("noisy", speech_in_noise(3)),
        ("clipped", np.clip(6 * SPEECH, -1, 1)),
        ("quiet", speech_in_noise(30) * 0.01),
        ("too_short", with_silence(speech(0.5, seed=1), 0.5, 0.5)),
        ("uncertain_speech", noise(0.1)),
    ],
)
def test_each_flaw_is_named(code: str, samples: np.ndarray) -> None:
    assert code in quality_of(samples).warnings


def test_what_decoding_noticed_comes_first() -> None:
    content = FORMATS["flac"].write(0.01 * speech_in_noise(30)[:, None].astype(np.float32), 16_000)
    assert prepare(decode(content, name="voice.mp3")).quality.warnings == (
        "wrong_extension",
        "quiet",
    )


def test_every_warning_has_a_sentence_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {}
    for language in ("en", "zh"):
        monkeypatch.setenv("VOXCOR_LANGUAGE", language)
        for code in CODES:
            assert re.fullmatch(r"[a-z0-9_]+", code)
            said[language, code] = describe_warning(code)
    assert len({*said.values()}) == 2 * len(CODES)
    assert all(sentence.endswith((".", "。")) for sentence in said.values())


def test_a_sentence_says_what_is_known_of_the_flaw(monkeypatch: pytest.MonkeyPatch) -> None:
    for language in ("en", "zh"):
        monkeypatch.setenv("VOXCOR_LANGUAGE", language)
        assert "3.5" in describe_warning("truncated", {"missing_s": 3.46})
        assert "{" not in describe_warning("truncated", {"missing_s": "?"})
        tracks = describe_warning("several_tracks", {"track": 2, "tracks": 7})
        assert "2" in tracks
        assert "7" in tracks
        assert describe_warning("noisy", {"other": 1}) == describe_warning("noisy")


def test_any_sound_is_measured_where_one_asks_for_it() -> None:
    for samples in (np.zeros(32_000), noise(2.0, rms=0.01)):
        recording = decode((samples.astype(np.float32), 16_000))
        with pytest.raises(NoSpeech):
            prepare(recording)
        prepared = prepare(recording, any_sound=True)
        assert "no_speech" in prepared.quality.warnings
        assert "uncertain_speech" not in prepared.quality.warnings
        assert prepared.speech == ((0.0, 2.0),)
        assert len(prepared.samples) == 32_000
    assert "no_speech" not in prepare(decode((SPEECH, 16_000)), any_sound=True).quality.warnings


def test_an_unknown_code_is_not_made_up() -> None:
    assert describe_warning("splendid") == "splendid"
