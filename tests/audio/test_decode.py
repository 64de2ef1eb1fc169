"""Decoding: every format, rate, channel count and source, and sound at the time it was put."""

import hashlib
import io
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from audio_files import FORMATS, LOSSLESS, LOSSY, amr_wideband, burst, burst_time, noise
from voxcor.audio import decode, open_audio
from voxcor.audio.resample import mix_to_mono, resample, resampled_length

RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000)

# The largest step of each coding, over full scale: mu-law and A-law are coarse where it is loud.
STEPS = {"wav-u8": 2**-7, "wav-alaw": 2**-5, "wav-mulaw": 2**-5}

# A WAV has no room for an MP3 encoder's delay, and ASF leaves out the frame that primes WMA.
UNALIGNED = {"wav-mp3", "wma"}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_back_every_sample(name: str) -> None:
    format_ = LOSSLESS[name]
    samples = burst(0.3, 0.7, format_.rate, channels=2) * np.float32([1, -0.5])
    recording = decode(format_.write(samples, format_.rate))
    assert recording.sample_rate == format_.rate
    assert recording.samples.dtype == np.float32
    assert recording.samples.shape == samples.shape
    assert np.abs(recording.samples - samples).max() <= STEPS.get(name, 2**-15)


@pytest.mark.parametrize("name", [name for name in LOSSY if name not in UNALIGNED])
@pytest.mark.parametrize("at", [0.05, 0.5, 1.1])
def test_lossy_formats_give_back_the_time_of_a_sound(name: str, at: float) -> None:
    format_ = LOSSY[name]
    recording = decode(format_.write(burst(at, 1.2, format_.rate), format_.rate))
    assert recording.sample_rate == format_.rate
    assert burst_time(recording.samples[:, 0], format_.rate) == pytest.approx(at, abs=0.002)
    # AAC, AMR and AC-3 without a container know no length but whole frames.
    longest_frame = 1536 / 48_000
    assert 1.2 - 1e-6 <= recording.duration < 1.2 + longest_frame


@pytest.mark.parametrize("name", sorted(UNALIGNED))
def test_formats_that_hide_their_delay_are_still_decoded(name: str) -> None:
    format_ = LOSSY[name]
    recording = decode(format_.write(burst(0.5, 1.2, format_.rate), format_.rate))
    assert burst_time(recording.samples[:, 0], format_.rate) == pytest.approx(0.5, abs=0.05)


def test_wideband_amr_is_decoded() -> None:
    recording = decode(amr_wideband(50))
    assert (recording.sample_rate, recording.channels) == (16_000, 1)
    assert recording.duration == pytest.approx(1.0, abs=0.006)


@pytest.mark.parametrize("rate", RATES)
def test_a_sound_keeps_its_time_through_any_sample_rate(rate: int) -> None:
    samples = burst(0.4321, 1.0, rate)
    recording = decode(FORMATS["wav-24"].write(samples, rate))
    heard = resample(mix_to_mono(recording.samples), recording.sample_rate)
    assert len(heard) == 16_000
    assert burst_time(heard, 16_000) == pytest.approx(0.4321, abs=0.1 / 16_000)


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate > 16_000])
def test_a_single_sample_is_found_where_it_was(rate: int) -> None:
    click = np.zeros(rate, np.float32)
    click[rate // 4] = 1
    assert np.abs(resample(click, rate)).argmax() == 4000


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        *(("mp3", rate) for rate in RATES[:6]),
        *(("m4a", rate) for rate in RATES[:7]),
        *(("aac", rate) for rate in RATES[:7]),
        *(("ogg-vorbis", rate) for rate in RATES),
        *(("flac", rate) for rate in RATES),
        *(("webm-opus", rate) for rate in (8_000, 16_000, 48_000)),
    ],
)
def test_compressed_formats_at_all_their_rates(name: str, rate: int) -> None:
    recording = decode(FORMATS[name].write(burst(0.6, 1.2, rate), rate))
    heard = resample(mix_to_mono(recording.samples), recording.sample_rate)
    assert burst_time(heard, 16_000) == pytest.approx(0.6, abs=0.002)


@pytest.mark.parametrize("channels", range(1, 9))
def test_one_to_eight_channels_stay_apart(channels: int) -> None:
    loudness = np.linspace(0.2, 1, channels, dtype=np.float32)
    samples = burst(0.3, 0.6, 16_000, channels) * loudness
    recording = decode(FORMATS["wav-16"].write(samples, 16_000))
    assert recording.channels == channels
    np.testing.assert_allclose(recording.samples, samples, atol=2**-15)


@pytest.mark.parametrize("name", ["m4a", "mkv-flac", "webm-opus", "mov-pcm"])
def test_eight_channels_pass_through_ffmpeg(name: str) -> None:
    recording = decode(FORMATS[name].write(burst(0.3, 0.6, 48_000, 8), 48_000))
    assert recording.channels == 8
    first, last = recording.samples[:, 0], recording.samples[:, 7]
    assert burst_time(first, 48_000) == pytest.approx(0.3, abs=0.002)
    assert burst_time(last, 48_000) == pytest.approx(0.3, abs=0.002)


def test_the_mix_is_the_mean_of_the_channels() -> None:
    left, right = noise(0.1, seed=1), noise(0.1, seed=2)
    both = np.stack([left, right], axis=1)
    np.testing.assert_allclose(mix_to_mono(both), (left + right) / 2, atol=1e-7)
    np.testing.assert_array_equal(mix_to_mono(both, 1), right)


def test_path_string_bytes_and_file_object_are_one_recording(tmp_path: Path) -> None:
    content = FORMATS["flac"].write(burst(0.3, 0.6, 16_000), 16_000)
    path = tmp_path / "声音 café.flac"
    path.write_bytes(content)
    with path.open("rb") as file:
        recordings = [decode(source) for source in (path, str(path), content, file)]
        assert not file.closed
    memory = decode(io.BytesIO(content))
    names = [recording.name for recording in recordings]
    assert names == [str(path), str(path), "<bytes>", str(path)]
    assert memory.name == "<file>"
    for recording in [*recordings, memory]:
        assert recording.sha256 == hashlib.sha256(content).hexdigest()
        np.testing.assert_array_equal(recording.samples, memory.samples)


@pytest.mark.parametrize("name", ["wav-16", "mp3", "m4a", "ogg-opus", "webm-opus"])
def test_a_pipe_is_as_good_as_a_file(name: str) -> None:
    format_ = FORMATS[name]
    content = format_.write(burst(0.3, 0.6, format_.rate), format_.rate)
    read_end, write_end = os.pipe()

    def feed() -> None:
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(content)

    writer = threading.Thread(target=feed)
    writer.start()
    with os.fdopen(read_end, "rb") as pipe:
        recording = decode(pipe, name="<stdin>")
    writer.join()
    assert recording.name == "<stdin>"
    assert recording.sha256 == hashlib.sha256(content).hexdigest()
    np.testing.assert_array_equal(recording.samples, decode(content).samples)


def test_a_wav_written_to_a_pipe_is_read_to_its_end() -> None:
    whole = FORMATS["wav-16"].write(burst(0.3, 0.6, 16_000), 16_000)
    at = whole.index(b"data") + 4
    for unknown in (0xFFFFFFFF, 0, 0x7FFFF000, 0x7FFFFF00):
        size = unknown.to_bytes(4, "little")
        recording = decode(whole[:at] + size + whole[at + 4 :])
        np.testing.assert_array_equal(recording.samples, decode(whole).samples)


@pytest.mark.parametrize(
    ("dtype", "full_scale"),
    [
        ("int8", 2**7),
        ("int16", 2**15),
        ("int32", 2**31),
        ("float16", 1),
        ("float32", 1),
        ("float64", 1),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_arrays_of_every_type_are_scaled_by_their_full_scale(
    dtype: DTypeLike, full_scale: int, order: str
) -> None:
    values = np.array([0, 0.5, -0.5, -1, 0.25])
    array = (values * full_scale).astype(np.dtype(dtype).newbyteorder(order))
    recording = decode((array, 8_000))
    assert (recording.name, recording.samples.shape) == ("<array>", (5, 1))
    np.testing.assert_array_equal(recording.samples[:, 0], values.astype(np.float32))


def test_unsigned_bytes_are_centred_on_their_middle() -> None:
    recording = decode((np.array([128, 0, 192], np.uint8), 8_000))
    assert recording.samples[:, 0].tolist() == [0.0, -1.0, 0.5]


def test_an_array_keeps_its_channels_and_is_not_touched() -> None:
    array = np.asfortranarray(np.stack([noise(0.1), noise(0.1, seed=1)], axis=1))
    before = array.copy()
    recording = decode((array, 16_000))
    assert recording.channels == 2
    np.testing.assert_array_equal(recording.samples, before)
    np.testing.assert_array_equal(array, before)


@given(
    st.integers(min_value=1, max_value=400_000),
    st.sampled_from([*RATES, 4_000, 7_919, 44_056, 768_000]),
)
def test_resampled_length_is_the_duration_at_sixteen_kilohertz(count: int, rate: int) -> None:
    assert abs(resampled_length(count, rate) - count * 16_000 / rate) <= 0.5


@given(
    st.integers(min_value=1, max_value=5_000),
    st.sampled_from([*RATES, 4_000, 7_919, 44_056, 768_000]),
)
def test_resampling_gives_exactly_that_length(count: int, rate: int) -> None:
    assert len(resample(np.ones(count, np.float32), rate)) == resampled_length(count, rate)


def test_resampling_lets_nothing_above_eight_kilohertz_fold_back() -> None:
    times = np.arange(48_000) / 48_000
    beyond = np.sin(2 * np.pi * 9_000 * times).astype(np.float32)
    assert np.abs(resample(beyond, 48_000)[1_000:-1_000]).max() < 1e-5


def test_a_name_that_promises_another_format_is_a_warning() -> None:
    content = FORMATS["mp3"].write(burst(0.3, 0.6, 44_100), 44_100)
    for name, warnings in {
        "voice.wav": ("wrong_extension",),
        "voice.mp3": (),
        "VOICE.MP3": (),
        "voice": (),
        "voice.mpga": (),
    }.items():
        recording = decode(content, name=name)
        assert (recording.name, recording.warnings) == (name, warnings)


@pytest.mark.parametrize("name", FORMATS)
def test_the_usual_extension_of_a_format_is_no_warning(name: str) -> None:
    format_ = FORMATS[name]
    content = format_.write(burst(0.3, 0.6, format_.rate), format_.rate)
    assert decode(content, name=f"voice.{format_.extension}").warnings == ()


def test_video_without_its_picture_is_sound() -> None:
    recording = decode(FORMATS["mp4-video"].write(burst(0.5, 2.0, 48_000), 48_000))
    assert burst_time(recording.samples[:, 0], 48_000) == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize("name", ["wav-16", "mp3", "m4a"])
def test_a_stream_takes_no_more_memory_for_a_longer_recording(tmp_path: Path, name: str) -> None:
    format_ = FORMATS[name]
    peaks = []
    for seconds in (4, 32):
        path = tmp_path / f"{seconds}"
        path.write_bytes(format_.write(noise(seconds, format_.rate)[:, None], format_.rate))
        tracemalloc.start()
        with open_audio(path) as stream:
            heard = sum(len(block) for block in stream.blocks)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert heard == seconds * format_.rate
    assert peaks[1] < 2 * peaks[0]


def test_importing_the_package_loads_no_decoder() -> None:
    program = (
        "import sys, voxcor.audio, voxcor.audio.quality;"
        "print(sorted({'av', 'soundfile', 'soxr', 'onnxruntime'} & {*sys.modules}))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert output.stdout.strip() == "[]"


def test_decoding_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    contents = [
        format_.write(burst(0.3, 0.6, format_.rate), format_.rate) for format_ in FORMATS.values()
    ]
    capfd.readouterr()
    for content in contents:
        decode(content)
    assert capfd.readouterr() == ("", "")
