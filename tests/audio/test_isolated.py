"""Decoding in a process of its own: the same samples, and whatever it dies of stays there."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from audio_files import FORMATS, speech
from places import VOICE
from serving import wait_until
from voxcor.audio import isolated as decoding
from voxcor.audio import open_audio, to_mono
from voxcor.audio.isolated import DecoderPool
from voxcor.audio.relay import PLAINLY
from voxcor.cancellation import Cancellation, Cancelled
from voxcor.disk.array import DiskArray
from voxcor.errors import (
    AudioTooLong,
    DecodingFailed,
    DiskFull,
    InputNotFound,
    InputUnreadable,
    NotAudio,
    TooManyChannels,
    VoxcorError,
)
from voxcor.language import speaking


@pytest.fixture
def decoders() -> Iterator[DecoderPool]:
    running = DecoderPool(1, maximum_min=1)
    yield running
    running.close()


def the_process(decoders: DecoderPool) -> decoding._Process:
    process = decoders._free.get()
    decoders._free.put(process)
    assert process is not None
    return process


def stopped(decoders: DecoderPool, folder: Path) -> decoding._Process:
    """The process, which answers nothing: as a decoder in a loop, or a share that hangs."""
    decoders.decode(VOICE, "a", folder, Cancellation())
    process = the_process(decoders)
    os.kill(process._process.pid, signal.SIGSTOP)
    return process


@pytest.mark.parametrize("kind", ["wav-16", "flac-24", "mp3", "m4a", "webm-opus"])
@pytest.mark.parametrize("separate", [False, True])
def test_the_samples_are_the_same_as_without_a_process(
    decoders: DecoderPool, tmp_path: Path, kind: str, separate: bool
) -> None:
    made = FORMATS[kind]
    stereo = np.column_stack([speech(1), speech(1, seed=1)])
    path = tmp_path / f"call.{made.extension}"
    path.write_bytes(made.write(stereo, made.rate))
    found = decoders.decode(path, "call", tmp_path, Cancellation(), separate=separate)
    assert [mono.channel for mono in found] == ([0, 1] if separate else [None])
    for mono in found:
        with open_audio(path, name="call") as stream:
            expected = to_mono(stream, channel=mono.channel)
        np.testing.assert_array_equal(mono.samples[:], expected.samples[:])
        assert (mono.sample_rate, mono.sha256) == (expected.sample_rate, expected.sha256)
        assert (mono.name, mono.warnings) == (expected.name, expected.warnings)
        assert (mono.duration, mono.channels) == (expected.duration, expected.channels)
        assert mono.clipping == expected.clipping
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_what_is_long_stays_on_the_disk_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "hour.flac"
    soundfile.write(path, np.zeros(20 * 60 * 8000, np.int16), 8000)
    decoders = DecoderPool(1, maximum_min=30)
    (mono,) = decoders.decode(path, "hour.flac", tmp_path, Cancellation())
    decoders.close()
    assert isinstance(mono.samples, DiskArray)
    assert len(mono.samples) == 20 * 60 * 16_000
    assert [*tmp_path.iterdir()] == [path]


def test_errors_come_over_as_they_are_in_the_language_of_who_asks(
    decoders: DecoderPool, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(NotAudio, match=r"a\.txt: is not audio"):
        decoders.decode(tmp_path / "a.txt", "a.txt", tmp_path, Cancellation())
    with pytest.raises(InputNotFound):
        decoders.decode(tmp_path / "none", "none", tmp_path, Cancellation())
    with speaking("zh"), pytest.raises(NotAudio, match="不是可解码的音频"):
        decoders.decode(tmp_path / "a.txt", "a.txt", tmp_path, Cancellation())


def test_what_is_no_file_is_not_waited_for(decoders: DecoderPool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.wav")
    (tmp_path / "link.wav").symlink_to("/dev/zero")
    for name in ("never.wav", "link.wav"):
        with pytest.raises(InputUnreadable, match="no regular file"):
            decoders.decode(tmp_path / name, name, tmp_path, Cancellation())
    with pytest.raises(InputUnreadable, match="it is a folder"):
        decoders.decode(tmp_path, "folder", tmp_path, Cancellation())


def silence_in(path: Path, codec: str, rate: int, seconds: int) -> None:
    """Of a few kilobytes an hour, without a header that says how long it is."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame(format=stream.format.name, layout="mono", samples=1152)
        frame.sample_rate = rate
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(seconds * rate // 1152):
            frame.pts = number * 1152
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("kind", ["flac", "mp3", "opus"])
def test_more_than_is_allowed_is_not_decoded_to_its_end(
    decoders: DecoderPool, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"hours.{kind}"
    if kind == "flac":
        soundfile.write(path, np.zeros(61 * 8000, np.int16), 8000)
    else:
        silence_in(path, {"mp3": "libmp3lame", "opus": "libopus"}[kind], 48_000, 70)
    with pytest.raises(AudioTooLong, match="1 minutes"):
        decoders.decode(path, path.name, tmp_path, Cancellation())
    assert [*tmp_path.iterdir()] == [path]


def test_a_flac_that_was_written_to_a_pipe_is_as_long_as_it_is(
    decoders: DecoderPool, tmp_path: Path
) -> None:
    path = tmp_path / "piped.flac"
    soundfile.write(path, speech(3), 16_000)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # STREAMINFO's 36 bits of the number of samples: not known
    content[22:26] = bytes(4)
    path.write_bytes(content)
    (mono,) = decoders.decode(path, "piped.flac", tmp_path, Cancellation())
    assert mono.duration == 3


def test_a_file_larger_than_any_recording_is_not_read(
    decoders: DecoderPool, tmp_path: Path
) -> None:
    path = tmp_path / "sparse.wav"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(AudioTooLong):
        decoders.decode(path, "sparse.wav", tmp_path, Cancellation())


def test_channels_heard_one_by_one_are_bounded_together(
    decoders: DecoderPool, tmp_path: Path
) -> None:
    path = tmp_path / "array.wav"
    soundfile.write(path, np.zeros((8000, 33), np.int16), 8000)
    with pytest.raises(TooManyChannels, match="33 channels; at most 32"):
        decoders.decode(path, "array.wav", tmp_path, Cancellation(), separate=True)
    assert len(decoders.decode(path, "array.wav", tmp_path, Cancellation())) == 1
    soundfile.write(path, np.zeros((31 * 8000, 16), np.int16), 8000)
    assert decoders.decode(path, "array.wav", tmp_path, Cancellation())[0].channels == 16
    with pytest.raises(AudioTooLong):  # half a minute for each of twice as many as eight
        decoders.decode(path, "array.wav", tmp_path, Cancellation(), separate=True)
    assert [*tmp_path.iterdir()] == [path]


def test_no_more_than_half_of_the_free_disk_is_taken(tmp_path: Path) -> None:
    samples = str(tmp_path / "s")
    request = decoding._DecodeRequest(
        "", "long.wav", samples, separate=False, options=PLAINLY, language="en"
    )
    bounds = decoding._Bounds(request, 1, 1_000_000_000)
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    bounds.require(free // 16)
    with pytest.raises(DiskFull):
        bounds.require(free)


def test_a_process_that_was_killed_is_replaced(decoders: DecoderPool, tmp_path: Path) -> None:
    decoders.decode(VOICE, "a", tmp_path, Cancellation())
    first = the_process(decoders)
    os.kill(first._process.pid, signal.SIGSEGV)
    first._process.wait()
    assert decoders.decode(VOICE, "a", tmp_path, Cancellation())[0].duration > 8
    assert the_process(decoders) is not first


def test_a_file_that_kills_the_process_is_an_error_of_that_file(
    decoders: DecoderPool, tmp_path: Path
) -> None:
    process = stopped(decoders, tmp_path)
    killer = threading.Timer(0.2, process.kill)
    killer.start()
    with pytest.raises(DecodingFailed, match=r"never\.wav"):
        decoders.decode(VOICE, "never.wav", tmp_path, Cancellation())
    killer.join()
    assert decoders.decode(VOICE, "a", tmp_path, Cancellation())[0].duration > 8


def test_a_process_that_says_nothing_for_long_is_given_up(
    decoders: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(decoders, tmp_path)
    monkeypatch.setattr(decoding, "LONGEST_SILENCE_S", 0.3)
    with pytest.raises(DecodingFailed):
        decoders.decode(VOICE, "never.wav", tmp_path, Cancellation())


_SLOW = """
import sys
from voxcor.audio import isolated as decoding
from voxcor.audio import decode

def forever(*_, **__):
    while True:
        pass

decoding.BASE_CPU_S = 1
decoding.open_audio = forever
decoding._serve(1, sys.stdin.buffer, sys.stdout.buffer)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on processor time")
def test_a_decoder_in_a_loop_is_ended_by_the_kernel(
    decoders: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = decoding.subprocess.Popen
    monkeypatch.setattr(
        decoding.subprocess,
        "Popen",
        lambda command, **options: start([command[0], "-c", _SLOW], **options),
    )
    with pytest.raises(DecodingFailed):
        decoders.decode(VOICE, "loop.wav", tmp_path, Cancellation())


def test_who_wants_it_no_longer_does_not_wait(decoders: DecoderPool, tmp_path: Path) -> None:
    stopped(decoders, tmp_path)
    cancellation = Cancellation()
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            decoders.decode(VOICE, "never.wav", tmp_path, cancellation)
        except (Cancelled, VoxcorError) as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: decoders._free.empty(), "the decoding")
    cancellation.set()
    thread.join()
    assert isinstance(outcome[0], Cancelled)
    with pytest.raises(Cancelled):
        decoders.decode(VOICE, "a", tmp_path, cancellation)


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="this system has no /proc")
def test_the_process_has_limits_and_not_the_key(
    decoders: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_API_KEY", "correct horse battery staple")
    decoders.decode(VOICE, "a", tmp_path, Cancellation())
    proc = Path(f"/proc/{the_process(decoders)._process.pid}")
    limits = proc.joinpath("limits").read_text()
    for name, most in (
        ("Max address space", decoding.MOST_MEMORY),
        ("Max file size", 60 * 16_000 * 4),
        ("Max core file size", 0),
    ):
        line = next(line for line in limits.splitlines() if line.startswith(name))
        assert line.removeprefix(name).split()[:2] == [str(most)] * 2
    assert b"correct horse" not in proc.joinpath("environ").read_bytes()
