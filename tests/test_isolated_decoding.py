"""Decoding in a process of its own: the same samples, and whatever it dies of stays there."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_files import FORMATS, speech
from serving import wait_until
from voxcor import isolated_decoding as decoding
from voxcor.audio import decode
from voxcor.errors import AudioTooLong, DecodingFailed, InputNotFound, NotAudio
from voxcor.isolated_decoding import Cancellation, Cancelled, Decoders
from voxcor.language import speaking
from voxcor.sources import EXAMPLE


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    running = Decoders(1, maximum_min=1)
    yield running
    running.close()


def the_process(decoders: Decoders) -> decoding._Process:
    process = decoders._free.get()
    decoders._free.put(process)
    assert process is not None
    return process


@pytest.mark.parametrize("kind", ["wav-16", "flac-24", "mp3", "m4a", "webm-opus"])
def test_the_samples_are_the_same_as_without_a_process(
    decoders: Decoders, tmp_path: Path, kind: str
) -> None:
    made = FORMATS[kind]
    stereo = np.column_stack([speech(1), speech(1, seed=1)])
    path = tmp_path / f"call.{made.extension}"
    path.write_bytes(made.write(stereo, made.rate))
    found = decoders.decode(path, "call", tmp_path, Cancellation())
    expected = decode(path, name="call")
    np.testing.assert_array_equal(found.samples, expected.samples)
    assert (found.sample_rate, found.sha256) == (expected.sample_rate, expected.sha256)
    assert (found.name, found.warnings) == (expected.name, expected.warnings)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_errors_come_over_as_they_are_in_the_language_of_who_asks(
    decoders: Decoders, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(NotAudio, match=r"a\.txt: is not audio"):
        decoders.decode(tmp_path / "a.txt", "a.txt", tmp_path, Cancellation())
    with pytest.raises(InputNotFound):
        decoders.decode(tmp_path / "none", "none", tmp_path, Cancellation())
    with speaking("zh"), pytest.raises(NotAudio, match="不是可解码的音频"):
        decoders.decode(tmp_path / "a.txt", "a.txt", tmp_path, Cancellation())


def test_more_than_is_allowed_is_not_decoded_to_its_end(decoders: Decoders, tmp_path: Path) -> None:
    path = tmp_path / "hours.flac"
    soundfile.write(path, np.zeros(61 * 8000, np.int16), 8000)
    with pytest.raises(AudioTooLong, match="1 minutes"):
        decoders.decode(path, "hours.flac", tmp_path, Cancellation())
    assert [*tmp_path.iterdir()] == [path]


def test_a_process_that_was_killed_is_replaced(decoders: Decoders, tmp_path: Path) -> None:
    decoders.decode(EXAMPLE, "a", tmp_path, Cancellation())
    first = the_process(decoders)
    os.kill(first._process.pid, signal.SIGSEGV)
    first._process.wait()
    assert decoders.decode(EXAMPLE, "a", tmp_path, Cancellation()).duration > 8
    assert the_process(decoders) is not first


def test_a_file_that_kills_the_process_is_an_error_of_that_file(
    decoders: Decoders, tmp_path: Path
) -> None:
    fifo = tmp_path / "never.wav"
    os.mkfifo(fifo)  # the process hangs in opening it, as a decoder might in a loop
    decoders.decode(EXAMPLE, "a", tmp_path, Cancellation())
    process = the_process(decoders)
    killer = threading.Timer(0.2, process.kill)
    killer.start()
    with pytest.raises(DecodingFailed, match=r"never\.wav"):
        decoders.decode(fifo, "never.wav", tmp_path, Cancellation())
    killer.join()
    assert decoders.decode(EXAMPLE, "a", tmp_path, Cancellation()).duration > 8


def test_a_file_that_takes_too_long_is_given_up(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "LONGEST_DECODING_S", 0.3)
    os.mkfifo(tmp_path / "never.wav")
    with pytest.raises(DecodingFailed):
        decoders.decode(tmp_path / "never.wav", "never.wav", tmp_path, Cancellation())


def test_who_wants_it_no_longer_does_not_wait(decoders: Decoders, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.wav")
    cancellation = Cancellation()
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            decoders.decode(tmp_path / "never.wav", "never.wav", tmp_path, cancellation)
        except Cancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: decoders._free.empty(), "the decoding")
    cancellation.set()
    thread.join()
    assert isinstance(outcome[0], Cancelled)
    with pytest.raises(Cancelled):
        decoders.decode(EXAMPLE, "a", tmp_path, cancellation)


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="this system has no /proc")
def test_the_process_has_limits_and_not_the_key(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_API_KEY", "correct horse battery staple")
    decoders.decode(EXAMPLE, "a", tmp_path, Cancellation())
    proc = Path(f"/proc/{the_process(decoders)._process.pid}")
    limits = proc.joinpath("limits").read_text()
    for name, most in (
        ("Max address space", decoding.MOST_MEMORY),
        ("Max file size", decoding.MOST_DECODED),
        ("Max core file size", 0),
    ):
        line = next(line for line in limits.splitlines() if line.startswith(name))
        assert line.removeprefix(name).split()[:2] == [str(most)] * 2
    assert b"correct horse" not in proc.joinpath("environ").read_bytes()
