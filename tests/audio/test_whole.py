"""Whatever people bring is heard whole, at its own times; what is lost or guessed is said.

A new input is one line in one of the tables.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from audio_files import FORMATS, LOSSLESS, Samples, burst, burst_time, noise, sndfile, speech
from audio_flaws import MUXED, muxed, sized, tagged, without_end
from places import DATA
from voxcor.audio import DecodingOptions, Recording, decode, open_audio, prepare
from voxcor.errors import AudioTruncated, InputError, NoSuchTrack, NotAudio, UsageError

HEARD = DATA / "heard"


def sound(rate: int, seconds: float = 1.2, channels: int = 1) -> Samples:
    """A burst at 0.3 s over a faint hiss."""
    return burst(0.3, seconds, rate, channels) + noise(seconds, rate, 0.001)[:, None]


def file_of(name: str, *, rate: int | None = None, channels: int = 1) -> bytes:
    format_ = FORMATS[name]
    rate = rate or format_.rate
    return format_.write(sound(rate, channels=channels), rate)


@dataclass(frozen=True)
class Given:
    """A file of one voice, and what is to be heard: seconds of sound and of silence before it."""

    duration: float
    start: float = 0.0
    channels: int = 1
    warnings: tuple[str, ...] = ()


GIVEN = {
    "aac-rate-changes.aac": Given(5.59, 0.0),
    "book.m4b": Given(2.523),
    "call.opus": Given(18.621),
    "late-audio-only.m4a": Given(5.523, 2.936),
    "late-mp4.mp4": Given(5.522, 2.976),
    "one-leg-silent.flac": Given(2.5225, channels=2),
    "opus-chained.opus": Given(9.31, warnings=("several_parts",)),
    "opus-no-eos.opus": Given(2.53),
    "stereo-inverted.flac": Given(2.5225, channels=2, warnings=("opposite_phase",)),
    "two-tracks-first-silent.mp4": Given(2.523, warnings=("several_tracks",)),
    "wav-concatenated.wav": Given(3.0, warnings=("several_parts",)),
    "wav-id3-before.wav": Given(2.5225),
    "wav-pipe-7fff0000-gstreamer.wav": Given(2.5225),
    "wav-pipe-7fffffff.wav": Given(2.5225),
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_was_brought_is_heard(name: str) -> None:
    given, recording = GIVEN[name], decode(HEARD / name)
    assert recording.duration == pytest.approx(given.duration, abs=0.015)
    assert recording.channels == given.channels
    prepared = prepare(recording)
    assert prepared.quality.warnings == given.warnings
    # Speech may begin a moment after the sound does; nothing of it is before.
    start = prepared.trimmed_start + prepared.speech[0][0]
    assert given.start - 0.11 <= start <= given.start + 0.3


TAGS: dict[str, Callable[[bytes], bytes]] = {
    "a tag": lambda content: tagged(content, 100),
    "a picture": lambda content: tagged(content, 200_000),
    "two tags": lambda content: tagged(content, 300, 20),
    "padding": lambda content: tagged(content, 40, 40, padding=3001),
    "a footer": lambda content: tagged(content, 40, footer=True),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("tags", TAGS)
def test_tags_before_any_container_are_passed_over(name: str, tags: str) -> None:
    plain = file_of(name)
    recording = decode(TAGS[tags](plain))
    np.testing.assert_array_equal(recording.samples, decode(plain).samples)
    assert recording.warnings == ()


def ape_tag() -> bytes:
    """APEv2, with a header and a footer."""
    item = b"\3\0\0\0\0\0\0\0Title\0abc"
    size = (2000).to_bytes(4, "little") + (len(item) + 32).to_bytes(4, "little") + b"\1\0\0\0"
    ends = (b"APETAGEX" + size + bytes([0, 0, 0, flags]) + bytes(8) for flags in (0xA0, 0x80))
    return item.join(ends)


# What is no part of the sound, before and behind a container.
STRAY = {
    "zeros": bytes(512),
    "a sector of zeros": bytes(4000),
    "a line": b"\r\n",
    "a byte order mark": b"\xef\xbb\xbf",
    "HTTP": b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n",
    "APE": ape_tag(),
    "ID3v1": b"TAG" + b"a title".ljust(125, b"\0"),
    "Lyrics3": b"LYRICSBEGININD0000200000021LYRICS200TAG" + bytes(125),
    "ID3v2": tagged(b"", 100),
}

# FFmpeg finds their frames itself; what it takes for one of them depends on the bytes before.
OF_FRAMES = {"mp3", "mp3-lsf", "aac", "ac3"}


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in OF_FRAMES])
@pytest.mark.parametrize("stray", STRAY)
def test_what_lies_before_a_recording_is_passed_over(name: str, stray: str) -> None:
    plain = file_of(name)
    recording = decode(STRAY[stray] + plain)
    np.testing.assert_array_equal(recording.samples, decode(plain).samples)
    assert recording.warnings == ()


@pytest.mark.parametrize(
    "name", ["amr", "mp3", "m4a", "m4a-alac", "mp4-video", "mov-pcm", "wav-16"]
)
@pytest.mark.parametrize(
    "stray", ["zeros", "a sector of zeros", "APE", "ID3v1", "ID3v2", "Lyrics3"]
)
def test_what_lies_behind_a_recording_is_passed_over(name: str, stray: str) -> None:
    plain = file_of(name)
    recording = decode(plain + STRAY[stray], options=DecodingOptions(strict=True))
    samples = decode(plain).samples
    np.testing.assert_array_equal(recording.samples[: len(samples)], samples)
    # What fills up the last frame of MP3 is known where that is the last.
    most = 1152 if name == "mp3" else 0
    assert len(samples) <= len(recording.samples) <= len(samples) + most
    assert recording.warnings == ()


# Sizes of the samples that are too small, and whether the one of the whole file is right.
TOO_SMALL = [(2, False), (36, False), (0xFFFE, False), (2, True), (1000, True), (0xFFF0, True)]


@pytest.mark.parametrize(("size", "knows_whole"), TOO_SMALL)
@pytest.mark.parametrize("name", ["wav-16", "wav-float"])
def test_samples_behind_a_size_that_is_too_small_are_heard(
    name: str, size: int, knows_whole: bool
) -> None:
    plain = FORMATS[name].write(sound(16_000, 3.0), 16_000)
    wrong = sized(plain, size)
    if knows_whole:
        wrong = wrong[:4] + plain[4:8] + wrong[8:]
    np.testing.assert_array_equal(decode(wrong).samples, decode(plain).samples)


@pytest.mark.parametrize("behind", [b"LIST\4\0\0\0INFO", b"junk" * 100, tagged(b"", 50_000)])
def test_what_is_no_sample_behind_a_wav_is_not_heard(behind: bytes) -> None:
    plain = file_of("wav-16")
    assert len(decode(plain + behind).samples) == len(decode(plain).samples)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("length", [1, 4, 12, 26, 60])
def test_the_first_bytes_alone_are_an_error_with_a_sentence(name: str, length: int) -> None:
    with contextlib.suppress(InputError):
        assert decode(file_of(name)[:length]).duration < 0.1


PLACEHOLDERS = {
    "wav-16": (
        0,
        0x7FFFFFFF,
        0x7FFFFFBB,
        0x7FFF0000,
        0x7F000000,
        0xFFFFFFFF,
        0xFFFFFFDB,
        2 * 10**9,
    ),
    "wav-float": (0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 10**9, 4 * 10**9),
    "wav-mulaw": (0, 0x7FFFF000, 0xFFFFFFFF, 10**8),
    "wav-rf64": (0, -1, 1 << 62, (1 << 63) - 1),
    "w64": (-1, (1 << 63) - 1, 1 << 62, 0x7FFFFFFF),
    "aiff": (0, 8, 0x7F000000, 0x7FFFFFFF, 0xFFFFFFFF),
    "au": (0, 0xFFFFFFFF, 0xFFFFFFF0, 0x7FFFFFFF, 0x7FFFF000),
    "caf": (-1, (1 << 63) - 1),
}


@pytest.mark.parametrize(
    ("name", "size"), [(name, size) for name, sizes in PLACEHOLDERS.items() for size in sizes]
)
def test_a_size_that_no_file_can_have_is_none(name: str, size: int) -> None:
    plain = file_of(name)
    piped = decode(sized(plain, size), options=DecodingOptions(strict=True))
    np.testing.assert_array_equal(piped.samples, decode(plain).samples)
    assert piped.warnings == ()


@pytest.mark.parametrize("size", [200_000, 10**6 + 4, 123_456_788, 1_234_567_890])
def test_a_size_that_a_file_can_have_is_one(size: int) -> None:
    cut = sized(file_of("wav-16"), size)
    assert decode(cut).warnings == ("truncated",)
    with pytest.raises(AudioTruncated):
        decode(cut, options=DecodingOptions(strict=True))


@pytest.mark.parametrize("name", FORMATS)
def test_recordings_in_a_row_are_all_heard(name: str) -> None:
    plain = file_of(name)
    one, three = decode(plain), decode(plain * 3)
    rate = one.sample_rate
    if name in {"aac", "ac3"}:  # of frames, with nothing that tells where one file ends
        assert three.duration == pytest.approx(3 * one.duration, abs=0.1)
        return
    np.testing.assert_array_equal(three.samples, np.tile(one.samples, (3, 1)))
    assert (three.sample_rate, three.warnings) == (rate, ("several_parts",))
    assert three.details == {"several_parts": {"parts": 3}}


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"amr", "3gp-amr"}])
def test_recordings_in_a_row_take_the_form_of_the_first(name: str) -> None:
    first, second = file_of(name), file_of(name, rate=48_000, channels=2)
    recording = decode(first + second)
    one, two = decode(first), decode(second)
    assert (recording.sample_rate, recording.channels) == (one.sample_rate, one.channels)
    assert recording.duration == pytest.approx(one.duration + two.duration, abs=0.1)
    end = len(one.samples)
    heard = recording.samples[:, 0]
    assert burst_time(heard[:end], one.sample_rate) == pytest.approx(
        burst_time(one.samples[:, 0], one.sample_rate), abs=0.003
    )
    # Frames without a container: the second one's delay stays.
    delay = 0.025 if name in {"aac", "ac3"} else 0.0
    assert burst_time(heard[end:], one.sample_rate) == pytest.approx(
        burst_time(two.samples[:, 0], two.sample_rate) + delay, abs=0.003 + delay
    )


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_recordings_from_pipes_are_told_apart_by_their_first_bytes(size: int) -> None:
    plain = file_of("wav-16")
    recording = decode(sized(plain, size) * 2)
    np.testing.assert_array_equal(recording.samples, np.tile(decode(plain).samples, (2, 1)))


def test_different_containers_in_a_row_are_all_heard() -> None:
    contents = [file_of(name) for name in ("wav-16", "aiff", "au", "flac")]
    recording = decode(b"".join(contents))
    assert recording.duration == pytest.approx(4.8)
    assert recording.details["several_parts"] == {"parts": 4}


@pytest.mark.parametrize("name", ["wav-16", "flac", "mp3", "m4a", "webm-opus", "aiff", "caf"])
def test_tags_between_recordings_in_a_row_are_passed_over(name: str) -> None:
    plain = file_of(name)
    recording = decode(tagged(plain, 100) + tagged(plain, 40, padding=12))
    np.testing.assert_array_equal(recording.samples, np.tile(decode(plain).samples, (2, 1)))
    assert recording.details == {"several_parts": {"parts": 2}}


@pytest.mark.parametrize("name", MUXED)
def test_films_in_a_row_are_all_heard(name: str) -> None:
    plain = muxed(name, sound(48_000))
    one, two = decode(plain), decode(plain * 2)
    assert two.duration == pytest.approx(2 * one.duration, abs=0.1)


def test_what_cannot_be_decoded_behind_a_recording_is_said() -> None:
    plain = file_of("flac")
    recording = decode(plain + plain[:60] + bytes(500))
    np.testing.assert_array_equal(recording.samples, decode(plain).samples)
    assert "parts_unheard" in recording.warnings


@pytest.mark.parametrize("name", ["ogg-vorbis", "ogg-opus", "ogg-opus-ffmpeg"])
def test_an_ogg_without_an_end_is_whole(name: str) -> None:
    plain = decode(file_of(name))
    recording = decode(without_end(file_of(name)), options=DecodingOptions(strict=True))
    # Who knows no end cannot take off what fills the last packet up.
    assert plain.duration <= recording.duration < plain.duration + 0.061
    assert recording.warnings == ()
    np.testing.assert_allclose(recording.samples[: len(plain.samples)], plain.samples, atol=0.02)


@pytest.mark.parametrize(
    ("length", "start"), [(b"\0\0\0\0", b"\0\0\4\0"), (b"\0\0\4\0", b"\x40\0\0\0")]
)
@pytest.mark.parametrize("name", ["m4a", "mp4-video"])
def test_an_edit_list_that_leaves_nothing_is_none(name: str, length: bytes, start: bytes) -> None:
    plain = file_of(name)
    edits = plain.rindex(b"elst") + 12  # of the sound, which is the last track
    recording = decode(plain[:edits] + length + start + plain[edits + 8 :])
    assert recording.duration == pytest.approx(1.2, abs=0.13)
    heard_at = burst_time(recording.samples[:, 0], recording.sample_rate)
    assert heard_at == pytest.approx(0.3, abs=0.07)


@pytest.mark.parametrize("late", [0.0, 0.4, 2.976, 70.0])
@pytest.mark.parametrize("name", MUXED)
def test_zero_is_where_the_container_starts(name: str, late: float) -> None:
    recording = decode(muxed(name, sound(48_000), late=late))
    start = burst_time(recording.samples[:, 0], recording.sample_rate)
    # FLV and TS have no time before zero: what the encoder adds moves the picture, too.
    moved = 0.0213 if name in {"flv", "ts"} and late == 0 else 0.0
    moved = 0.01 if name == "ts-mp2" and late == 0 else moved
    assert start == pytest.approx(late + 0.3 + moved, abs=0.003)
    assert recording.duration == pytest.approx(late + 1.2, abs=0.04)


@pytest.mark.parametrize("name", [name for name in MUXED if name != "flv"])  # which has one
def test_of_several_tracks_the_one_with_speech_is_heard(name: str) -> None:
    voice = np.repeat(speech(2.5), 3)[:, None]
    hiss = noise(2.5, 48_000, 0.02)[:, None]
    content = muxed(name, np.zeros_like(hiss), hiss, voice)
    recording = decode(content)
    assert recording.details["several_tracks"] == {"track": 3, "tracks": 3}
    again = decode(content, options=DecodingOptions(track=3))
    np.testing.assert_array_equal(recording.samples, again.samples)
    assert again.warnings == ()
    assert np.abs(decode(content, options=DecodingOptions(track=1)).samples).max() < 1e-3


def test_a_track_in_opposite_phase_is_spoken_in() -> None:
    voice = np.repeat(speech(2.5), 3)[:, None]
    hiss = noise(2.5, 48_000, 0.02)[:, None]
    recording = decode(muxed("mov", np.hstack([hiss, hiss]), np.hstack([voice, -voice])))
    assert recording.details["several_tracks"]["track"] == 2


def test_the_first_track_stays_where_it_is_spoken_in() -> None:
    voices = [np.repeat(speech(2.5, seed), 3)[:, None] for seed in (1, 2)]
    recording = decode(muxed("mkv", *voices))
    assert recording.details["several_tracks"]["track"] == 1


@pytest.mark.parametrize("track", [0, -1, 2])
def test_a_track_that_is_not_there_is_said(track: int) -> None:
    for name in ("wav-16", "m4a"):
        with pytest.raises(NoSuchTrack, match="tracks are 1 to 1"):
            decode(file_of(name), options=DecodingOptions(track=track))


@pytest.mark.parametrize("name", LOSSLESS)
def test_what_is_there_of_a_cut_recording_is_heard_to_the_sample(name: str) -> None:
    whole = file_of(name)
    cut = whole[: len(whole) * 2 // 3]
    if name in {"m4a-alac", "mov-pcm"}:
        return  # the index is at the end
    recording, samples = decode(cut), decode(whole).samples
    assert recording.warnings == ("truncated",)
    np.testing.assert_array_equal(recording.samples, samples[: len(recording.samples)])
    missing_s = (len(samples) - len(recording.samples)) / recording.sample_rate
    assert recording.details["truncated"]["missing_s"] == pytest.approx(missing_s, abs=0.2)


RAW = {
    "ulaw@8000": ("ULAW", 8000),
    "alaw@8000": ("ALAW", 8000),
    "alaw@16000": ("ALAW", 16_000),
    "s16le@24000": ("PCM_16", 24_000),
    "SLN": ("PCM_16", 8000),
    "sln@16000": ("PCM_16", 16_000),
    "vox": ("VOX_ADPCM", 8000),
    "vox@6000": ("VOX_ADPCM", 6000),
}


@pytest.mark.parametrize("raw", RAW)
def test_bytes_without_a_header_are_what_one_says_they_are(raw: str, tmp_path: Path) -> None:
    import soundfile

    subtype, rate = RAW[raw]
    path = tmp_path / "voice.bin"
    soundfile.write(path, sound(rate), rate, format="RAW", subtype=subtype, endian="LITTLE")
    recording = decode(path, options=DecodingOptions(raw=raw))
    assert (recording.sample_rate, recording.channels) == (rate, 1)
    assert recording.duration == pytest.approx(1.2, abs=0.001)
    assert burst_time(recording.samples[:, 0], rate) == pytest.approx(0.3, abs=0.003)


@pytest.mark.parametrize(
    "raw", ["", "mp3@8000", "ulaw@", "ulaw@0", "ulaw@8k", "ulaw@9999999", "@8000"]
)
def test_what_is_no_raw_format_is_wrong_usage(raw: str) -> None:
    with pytest.raises(UsageError, match="ulaw@8000"):
        decode(b"abcd" * 100, options=DecodingOptions(raw=raw))


WEBM = file_of("webm-opus")

UNKNOWN = {
    "voice.amr": (b"\2#!SILK_V3" + bytes(100), "SILK"),
    "voice.slk": (b"#!SILK_V3" + bytes(100), "SILK"),
    "voice.webm": (WEBM[WEBM.index(b"\x1fC\xb6u") :], "without its beginning"),
    "voice.m4s": (
        b"\0\0\0\x10styp" + bytes(8) + b"\0\0\0\x64moof" + bytes(92),
        "without its beginning",
    ),
    "voice.ulaw": (b"\xff\x7f" * 500, "--raw ulaw@8000"),
    "voice.al": (b"\xd5\x55" * 500, "--raw alaw@8000"),
    "voice.sln": (bytes(1000), "--raw sln@8000"),
    "voice.sln16": (bytes(1000), "--raw sln@16000"),
    "voice.vox": (b"\x08\x80" * 500, "--raw vox@8000"),
    "voice.pcm": (b"\x10\0" * 500, "--raw s16le@16000"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_no_decoder_knows_is_named_with_a_way_to_convert_it(name: str) -> None:
    content, hint = UNKNOWN[name]
    with pytest.raises(NotAudio, match=hint):
        decode(content, name=name)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg to compare with")
@pytest.mark.parametrize("name", [*GIVEN, *FORMATS, *MUXED])
def test_what_ffmpeg_decodes_is_decoded(name: str, tmp_path: Path) -> None:
    if name in GIVEN:
        path = HEARD / name
    else:
        path = tmp_path / "voice"
        late = muxed(name, sound(48_000), late=1.0) if name in MUXED else file_of(name)
        path.write_bytes(late)
    recording = decode(path)
    track = recording.details.get("several_tracks", {"track": 1})["track"] - 1
    command = ["ffmpeg", "-v", "quiet", "-i", str(path), "-map", f"0:a:{track}", "-ac", "1"]
    done = subprocess.run(
        [*command, "-f", "s16le", "-ar", str(recording.sample_rate), "-"],
        capture_output=True,
        check=False,
    )
    heard_s = len(done.stdout) / 2 / recording.sample_rate
    # Delay and filling of the codec are known to one of the two only: at most two frames of AAC.
    assert recording.duration >= heard_s - 2 * 1024 / recording.sample_rate - 0.001


def blocks_of(content: bytes) -> Recording:
    with open_audio(content) as stream:
        parts = [*stream.blocks]
        return Recording(
            stream.name, np.concatenate(parts), stream.sample_rate, stream.sha256(), stream.warnings
        )


@pytest.mark.parametrize("name", ["wav-16", "flac", "ogg-opus", "mp3", "m4a"])
def test_a_stream_of_blocks_is_the_whole(name: str) -> None:
    content = tagged(file_of(name), 10) + file_of(name, rate=48_000)
    streamed, whole = blocks_of(content), decode(content)
    np.testing.assert_array_equal(streamed.samples, whole.samples)
    assert (streamed.warnings, streamed.sha256) == (whole.warnings, whole.sha256)


@pytest.fixture(scope="module")
def call() -> Samples:
    """A conversation at the telephone's rate."""
    import soxr

    recording = decode(HEARD / "call.opus")
    samples: Samples = soxr.resample(recording.samples, recording.sample_rate, 8000)
    return samples


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "GSM610", "IMA_ADPCM", "MS_ADPCM"])
def test_no_telephone_codec_takes_the_speech_away(call: Samples, subtype: str) -> None:
    clean = prepare(decode(sndfile("WAV", "PCM_16")(call, 8000))).quality
    coded = prepare(decode(sndfile("WAV", subtype)(call, 8000))).quality
    assert coded.speech == pytest.approx(clean.speech, rel=0.1)
    assert coded.warnings == clean.warnings == ("narrowband",)
