"""Live audio that is bare samples, and everything else that is sent in its place."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_files import FORMATS, Samples, noise, speech, tone
from voxcor.audio.bare import BareSamples
from voxcor.errors import InvalidAudioFrame, NotBareSamples

VOICE = speech(3.0)


def s16le(samples: Samples) -> bytes:
    return np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes()


def wav(samples: Samples, rate: int = 16_000, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, 2, rate, 0, "NONE", ""))
        writer.writeframes(s16le(samples))
    return file.getvalue()


def heard(data: bytes, size: int = 3200) -> bytes:
    """What is heard of data that come in pieces of `size` bytes."""
    bare = BareSamples()
    pieces = [bare.push(data[start : start + size]) for start in range(0, len(data), size)]
    return b"".join([*pieces, bare.finish()])


def found(data: bytes, size: int = 3200) -> str:
    """What data are called that are refused."""
    with pytest.raises(NotBareSamples) as caught:
        heard(data, size)
    return str(caught.value.details["found"])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 44, 3200, 1 << 20])
def test_bytes_in_any_pieces_are_the_same_samples(size: int) -> None:
    data = bytes(5_000) + s16le(VOICE)
    assert heard(data, size) == data


def test_what_is_sure_is_not_held_back() -> None:
    data = s16le(VOICE)
    bare = BareSamples()
    assert bare.push(data[:101]) == data[:100]
    assert bare.push(data[101:200]) == data[100:200]


def test_half_a_sample_at_the_end_is_said() -> None:
    with pytest.raises(InvalidAudioFrame, match="2001 bytes"):
        heard(s16le(VOICE)[:2001])


@pytest.mark.parametrize("size", [1, 20, 3200])
@pytest.mark.parametrize(
    ("format_", "name"),
    [
        ("webm-opus", "audio/webm"),
        ("mkv-flac", "audio/webm"),
        ("ogg-opus", "audio/ogg"),
        ("ogg-vorbis", "audio/ogg"),
        ("mp3", "audio/mpeg"),
        ("mp3-lsf", "audio/mpeg"),
        ("flac", "audio/flac"),
        ("m4a", "audio/mp4"),
        ("aac", "audio/aac"),
        ("amr", "audio/amr"),
        ("aiff", "audio/aiff"),
        ("caf", "audio/x-caf"),
        ("au", "audio/basic"),
        ("w64", "audio/x-w64"),
        ("wma", "audio/x-ms-wma"),
        ("ac3", ""),
        ("wav-u8", "audio/wav (8 bit PCM, 16000 Hz, channels: 1)"),
        ("wav-float", "audio/wav (32 bit float, 16000 Hz, channels: 1)"),
        ("wav-extensible", "audio/wav (24 bit PCM, 16000 Hz, channels: 1)"),
        ("wav-mulaw", "audio/wav (8 bit mu-law, 16000 Hz, channels: 1)"),
    ],
)
def test_containers_and_their_codecs_are_named(format_: str, name: str, size: int) -> None:
    form = FORMATS[format_]
    samples = VOICE if form.rate == 16_000 else speech(3.0).repeat(-(-form.rate // 16_000))
    assert found(form.write(samples[:, None], form.rate), size) == name


@pytest.mark.parametrize("size", [1, 20, 3200])
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (48_000, 1), (16_000, 2)])
def test_a_wav_of_other_samples_is_refused(rate: int, channels: int, size: int) -> None:
    said = found(wav(VOICE, rate, channels), size)
    assert said == f"audio/wav (16 bit PCM, {rate} Hz, channels: {channels})"


def test_a_mark_behind_tags_or_without_its_beginning_is_a_mark() -> None:
    mp3 = FORMATS["mp3"].write(VOICE[:, None], 44_100)
    assert found(b"ID3\x04\0\0\0\0\x01\0" + bytes(128) + mp3) == "audio/mpeg"
    webm = FORMATS["webm-opus"].write(VOICE[:, None], 48_000)
    assert found(webm[webm.index(b"\x1fC\xb6u") :]) == "audio/webm"
    assert found(b"\0\0\0\x18styp" + bytes(100)) == "audio/mp4"
    assert found(b"\x02#!SILK_V3" + bytes(100)) == "SILK"


@pytest.mark.parametrize("size", [1, 5, 43, 44, 45, 3200, 1 << 20])
def test_the_header_of_a_wav_of_bare_samples_is_passed_over(size: int) -> None:
    file = wav(VOICE)
    assert heard(file, size) == s16le(VOICE)
    with_chunks = file[:12] + b"LIST\x1a\0\0\0" + bytes(26) + file[12:] + b"LIST\x04\0\0\0abcd"
    riff = (len(with_chunks) - 8).to_bytes(4, "little")
    assert heard(with_chunks[:4] + riff + with_chunks[8:], size) == s16le(VOICE)


@pytest.mark.parametrize("placeholder", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFF0000, 2_000_000_000])
def test_a_wav_written_to_a_pipe_has_no_end(placeholder: int) -> None:
    file = bytearray(wav(VOICE))
    file[40:44] = placeholder.to_bytes(4, "little")
    assert heard(bytes(file)) == s16le(VOICE)


def test_pieces_may_be_a_wav_each_or_only_the_first_of_them() -> None:
    pieces = [VOICE[start : start + 4000] for start in range(0, len(VOICE), 4000)]
    assert heard(b"".join(map(wav, pieces)), 1000) == s16le(VOICE)
    assert heard(wav(pieces[0]) + s16le(VOICE[4000:]), 1000) == s16le(VOICE)


def test_a_header_without_end_is_refused() -> None:
    chunk = b"JUNK\x10\0\0\0" + bytes(16)
    assert found(b"RIFF\0\0\0\0WAVE" + chunk * 10_000, 100_000) == "audio/wav"
    assert found(b"RIFF\0\0\0\0WAVE") == "audio/wav"


def test_samples_of_other_kinds_are_told_after_silence_too() -> None:
    for samples in (VOICE, 1e-3 * VOICE, 32767 * VOICE, VOICE.round(3)):
        assert found(bytes(40_000) + samples.astype("<f4").tobytes()) == "float"
    assert found(VOICE.astype("<f8").tobytes()) == "float"


@pytest.mark.parametrize(
    "sound",
    [
        tone(100, 2.0, 16_000, 1.0),
        tone(7_900, 2.0, 16_000, 0.5),
        np.sign(tone(400, 2.0, 16_000, 1.0)) * 0.5,
        np.full(32_000, 0.45),
        noise(2.0, rms=0.3),
        noise(2.0, rms=3.0),
        noise(2.0, rms=1e-4),
        noise(2.0, rms=3e-5),
    ],
    ids=["tone", "high", "square", "offset", "loud", "clipped", "quiet", "rounding"],
)
def test_sounds_that_are_no_speech_are_samples_all_the_same(sound: Samples) -> None:
    data = s16le(sound)
    assert heard(data) == data


def test_no_real_speech_is_taken_for_something_else(corpora: Path) -> None:
    clips = sorted(corpora.rglob("*.opus"))[::4]
    assert len(clips) > 2000
    for clip in clips:
        samples, _ = soundfile.read(clip, dtype="int16")
        data = samples.astype("<i2").tobytes()
        assert heard(data) == data, clip


def test_all_real_speech_as_float32_is_told(corpora: Path) -> None:
    for clip in sorted(corpora.rglob("*.opus"))[::20]:
        samples, _ = soundfile.read(clip, dtype="float32")
        assert found(samples.astype("<f4").tobytes()) == "float", clip
