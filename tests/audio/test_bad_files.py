"""Bad input of every kind: the error that fits, one sentence that names the input, no noise."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audio_files import FORMATS, LOSSLESS, noise
from voxcor.audio import DecodingOptions, decode, prepare
from voxcor.errors import (
    AudioCorrupt,
    AudioTooShort,
    AudioTruncated,
    EmptyInput,
    InputError,
    InputNotFound,
    InputUnreadable,
    InvalidSamples,
    NoSpeech,
    NotAudio,
    UsageError,
)

RANDOM = np.random.default_rng(7).bytes(20_000)


@pytest.fixture(autouse=True)
def silence_on_stderr(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


def file_of(name: str, seconds: float = 1.2) -> bytes:
    """A file without silence, so that every part of it matters."""
    format_ = FORMATS[name]
    return format_.write(noise(seconds, format_.rate, rms=0.1)[:, None], format_.rate)


def zip_file() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("voice.wav", file_of("wav-16"))
    return file.getvalue()


def png_file() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 72)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


NO_AUDIO = {
    "text": b"The quick brown fox jumps over the lazy dog.\n" * 50,
    "chinese text": "心声:语音情感识别。\n".encode() * 50,
    "html": b"<!doctype html><html><body>404</body></html>",
    "json": b'{"emotion": "happy"}',
    "png": png_file(),
    "zip": zip_file(),
    "pdf": b"%PDF-1.7\n" + RANDOM,
    "random bytes": RANDOM,
    "zero bytes": bytes(5_000),
    "two bytes": b"RI",
    "one byte": b"\0",
    "python": Path(__file__).read_bytes(),
}


@pytest.mark.parametrize("kind", NO_AUDIO)
def test_what_is_not_audio_is_said_to_be_none(kind: str) -> None:
    with pytest.raises(NotAudio) as caught:
        decode(NO_AUDIO[kind], name="voice.wav")
    assert caught.value.code == "not_audio"
    assert str(caught.value).startswith("voice.wav: ")


# Frame after frame and no length anywhere: a cut leaves a shorter recording.
NO_LENGTH = {"aac", "amr", "ac3"}

# An index at the end, or one that leads beyond it: nothing can be decoded without.
NO_BEGINNING = {"m4a", "m4a-16k", "m4a-alac", "mp4-video", "mov-pcm", "3gp-amr"}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_is_not_taken_for_a_short_one(name: str, share: float) -> None:
    whole = file_of(name, seconds=3.0)
    cut = whole[: int(len(whole) * share)]
    if name in NO_BEGINNING or (name.startswith("ogg-opus") and share < 0.5):  # of two pages
        with pytest.raises(AudioTruncated):
            decode(cut)
        return
    recording, duration = decode(cut), decode(whole).duration
    assert 0 < recording.duration < duration
    if name in NO_LENGTH:
        return
    assert recording.warnings == ("truncated",)
    if not name.startswith("ogg"):  # in which only the last page is known
        missing_s = recording.details["truncated"]["missing_s"]
        assert recording.duration + missing_s == pytest.approx(duration, abs=0.5)
    with pytest.raises(AudioTruncated) as caught:
        decode(cut, name="cut", options=DecodingOptions(strict=True))
    assert str(caught.value).startswith("cut: ")
    assert caught.value.details["found_s"] == pytest.approx(recording.duration)


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_header_alone_is_not_a_recording(name: str) -> None:
    with pytest.raises((AudioTruncated, AudioCorrupt)):
        decode(file_of(name)[: 24 if name == "au" else 40])


@pytest.mark.parametrize("source", [b"", io.BytesIO()])
def test_nothing_is_empty(source: bytes | io.BytesIO) -> None:
    with pytest.raises(EmptyInput) as caught:
        decode(source, name="nothing")
    assert str(caught.value).startswith("nothing: ")


@pytest.mark.parametrize("name", ["wav-16", "wav-float", "wav-rf64", "aiff", "flac"])
def test_a_file_of_no_samples_is_empty(name: str) -> None:
    with pytest.raises(EmptyInput):
        decode(FORMATS[name].write(np.zeros((0, 1), np.float32), 16_000))


def test_an_array_of_no_samples_is_empty() -> None:
    with pytest.raises(EmptyInput):
        decode((np.zeros(0, np.float32), 16_000))


def test_video_without_sound_is_empty() -> None:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            image = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            output.mux(stream.encode(image))
        output.mux(stream.encode(None))
    with pytest.raises(EmptyInput):
        decode(file.getvalue())


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    for path in (tmp_path / "missing.wav", file / "below.wav"):
        with pytest.raises(InputNotFound, match=path.name):
            decode(path)


def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    loop = tmp_path / "loop.wav"
    loop.symlink_to(loop)
    for path in (tmp_path, loop, Path("a\0b"), tmp_path / ("long" * 100)):
        with pytest.raises(InputUnreadable) as caught:
            decode(path)
        assert caught.value.details["name"] == str(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_path_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "closed.wav"
    path.write_bytes(file_of("wav-16"))
    path.chmod(0)
    with pytest.raises(InputUnreadable, match="permission denied"):
        decode(path)


def test_a_file_object_that_fails_is_unreadable() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 0:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(InputUnreadable, match="Input/output error"):
        decode(Failing(file_of("wav-16")))


def test_file_objects_that_were_opened_wrongly(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(file_of("wav-16"))
    with path.open() as text, pytest.raises(UsageError, match="binary mode"):
        decode(text)  # type: ignore[arg-type]
    with pytest.raises(InputUnreadable, match="closed"):
        decode(text)  # type: ignore[arg-type]
    with (tmp_path / "new").open("wb") as write_only, pytest.raises(InputUnreadable):
        decode(write_only)


@pytest.mark.parametrize(
    "source",
    [
        None,
        7,
        [0.1, 0.2],
        np.zeros(16_000, np.float32),
        (np.zeros((2, 16_000), np.float32), 16_000),
        (np.zeros((4, 4, 4), np.float32), 16_000),
        (np.float32(0), 16_000),
        (np.zeros(16_000, np.int64), 16_000),
        (np.zeros(16_000, bool), 16_000),
        (np.zeros(16_000, complex), 16_000),
        (np.array(["a", "b"]), 16_000),
        (np.zeros(16_000, np.float32), 0),
        (np.zeros(16_000, np.float32), -16_000),
        (np.zeros(16_000, np.float32), 16_000.5),
        (np.zeros(16_000, np.float32), float("nan")),
        (np.zeros(16_000, np.float32), 10**9),
    ],
)
def test_what_cannot_be_a_recording_is_wrong_usage(source: object) -> None:
    with pytest.raises(UsageError):
        decode(source, name="array")  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e30])
def test_samples_that_are_no_sound_are_named_with_their_time(bad: float) -> None:
    samples = noise(1.0)
    samples[8_000:8_010] = bad
    for source in ((samples, 16_000), FORMATS["wav-float"].write(samples[:, None], 16_000)):
        with pytest.raises(InvalidSamples, match=r"voice.wav.* 0\.500 s"):
            decode(source, name="voice.wav")


def test_numbers_that_float32_cannot_hold_are_no_sound() -> None:
    with pytest.raises(InvalidSamples):
        decode((np.full(16_000, 1e300), 16_000))


def patched(content: bytes, offset: int, value: bytes) -> bytes:
    return content[:offset] + value + content[offset + len(value) :]


def test_a_wav_that_promises_more_than_it_holds_is_truncated() -> None:
    whole = file_of("wav-16")
    size = whole.index(b"data") + 4
    promising = patched(whole, size, struct.pack("<I", 10**9))
    assert decode(promising).warnings == ("truncated",)
    with pytest.raises(AudioTruncated, match=r"1\.20 s"):
        decode(promising, options=DecodingOptions(strict=True))


def test_a_wav_that_promises_less_than_it_holds_gives_what_it_holds() -> None:
    whole = file_of("wav-16")
    size = whole.index(b"data") + 4
    assert decode(patched(whole, size, struct.pack("<I", 32_000))).duration == 1.2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channels", b"\xff\xff"),
        ("channels", b"\0\0"),
        ("rate", b"\xff\xff\xff\xff"),
        ("rate", b"\0\0\0\0"),
        ("rate", b"\1\0\0\0"),
        ("bits", b"\xff\xff"),
        ("bits", b"\0\0"),
    ],
)
def test_absurd_headers_are_damage(field: str, value: bytes) -> None:
    at = file_of("wav-16").index(b"fmt ") + 8
    offset = at + {"channels": 2, "rate": 4, "bits": 14}[field]
    with pytest.raises((AudioCorrupt, NotAudio)):
        decode(patched(file_of("wav-16"), offset, value))


@pytest.mark.parametrize("name", ["mp3", "m4a", "flac", "ogg-vorbis", "ogg-opus", "m4a-alac"])
def test_damage_in_the_middle_is_not_passed_over(name: str) -> None:
    whole = file_of(name, seconds=3.0)
    middle = len(whole) // 2
    damaged = patched(whole, middle, RANDOM[: len(whole) // 6])
    with pytest.raises((AudioCorrupt, AudioTruncated)) as caught:
        decode(damaged, name="damaged")
    assert str(caught.value).startswith("damaged: ")
    assert 0 < caught.value.details["found_s"] < 3.0


def with_error_or_not(content: bytes) -> str:
    """`ok`, or the code of the error. Anything else that is raised fails the test."""
    try:
        recording = decode(content, name="fuzzed")
    except InputError as error:
        return error.code
    assert np.isfinite(recording.samples).all()
    return "ok"


@pytest.mark.parametrize("name", FORMATS)
def test_cuts_and_flipped_bytes_give_a_recording_or_an_input_error(name: str) -> None:
    rng = np.random.default_rng(len(name))
    content = file_of(name, seconds=0.3)
    for _ in range(25):
        with_error_or_not(content[: rng.integers(len(content))])
        for reach in (len(content), 200):
            broken = bytearray(content)
            for at in rng.integers(min(reach, len(content)), size=3):
                broken[at] = rng.integers(256)
            with_error_or_not(bytes(broken))


def test_every_magic_number_before_random_bytes() -> None:
    for name in FORMATS:
        head = file_of(name, seconds=0.3)[:64]
        for length in (4, 8, 12, 24, 48, 64):
            with_error_or_not(head[:length] + RANDOM)


@pytest.mark.parametrize("kind", ["m3u8", "m3u", "pls", "concat", "sdp", "dash", "xspf"])
def test_lists_that_name_other_files_open_none(tmp_path: Path, kind: str) -> None:
    voice = tmp_path / "voice.wav"
    voice.write_bytes(file_of("wav-16"))
    script = {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{voice}\n#EXT-X-ENDLIST\n",
        "m3u": f"{voice}\n",
        "pls": f"[playlist]\nFile1={voice}\nNumberOfEntries=1\n",
        "concat": f"ffconcat version 1.0\nfile '{voice}'\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
        f"<AdaptationSet><BaseURL>{voice}</BaseURL></AdaptationSet></Period></MPD>",
        "xspf": f"<playlist><trackList><track><location>{voice}</location></track></trackList>"
        "</playlist>",
    }[kind]
    path = tmp_path / f"list.{kind}"
    path.write_text(script)
    with pytest.raises(NotAudio):
        decode(path)


def test_ten_milliseconds_are_too_short_and_a_frame_is_not() -> None:
    with pytest.raises(AudioTooShort) as caught:
        prepare(decode((noise(0.01), 16_000), name="blip"))
    assert caught.value.details == {"name": "blip", "duration_ms": 10, "minimum_ms": 25}
    with pytest.raises(AudioTooShort):
        prepare(decode((noise(1)[:399], 16_000)))
    assert len(prepare(decode((noise(1)[:400], 16_000))).samples) == 400


@pytest.mark.parametrize("seconds", [0.025, 0.2, 1, 40])
def test_silence_has_no_speech(seconds: float) -> None:
    silence = np.zeros((round(seconds * 16_000), 1), np.float32)
    with pytest.raises(NoSpeech) as caught:
        prepare(decode(FORMATS["flac"].write(silence, 16_000), name="silence.flac"))
    assert caught.value.details == {"name": "silence.flac", "duration_ms": round(1000 * seconds)}
    assert str(caught.value).startswith("silence.flac: ")
