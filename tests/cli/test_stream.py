"""`voxcor stream`: the engine behind a terminal, a pipe and a file."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from audio_files import FORMATS, speech, with_silence
from places import VOICE
from voxcor import Recognizer
from voxcor.audio import decode, open_audio
from voxcor.audio.quality import describe_warning
from voxcor.audio.resample import mix_to_mono, resample
from voxcor.cli.live import MomentView, UtteranceLines
from voxcor.errors import InvalidAudioFrame, MicrophoneFailed, NotBareSamples
from voxcor.rules.book import RuleBook, SavedRule
from voxcor.rules.grammar import parse
from voxcor.settings import Settings
from voxcor.stream.live_audio import BLOCK_SAMPLES, microphone, pipe, played, resampled
from voxcor.stream.session import Session, SessionOptions, samples_of


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    samples, _ = soundfile.read(VOICE, dtype="float32")
    return np.asarray(samples, np.float32)


def voxcor(
    *arguments: str, stdin: bytes = b"", status: int = 0
) -> "subprocess.CompletedProcess[bytes]":
    done = subprocess.run(
        [sys.executable, "-m", "voxcor", "stream", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, "VOXCOR_THREADS": "1"},
        check=False,
        timeout=120,
    )
    assert done.returncode == status, done.stderr.decode()
    return done


def test_events_of_a_file_are_those_of_the_engine(
    recognizer: Recognizer, voice: np.ndarray
) -> None:
    session = Session(recognizer)
    expected = [event.to_document() for event in session.feed(voice)]
    expected += [event.to_document() for event in session.close("end_of_audio")]
    printed = voxcor(str(VOICE), "--fast", "--json", "--model", "small").stdout.decode()
    created, *events = map(json.loads, printed.splitlines())
    assert created["type"] == "session.created"
    assert events == expected


def test_bare_samples_from_a_pipe_are_heard_the_same() -> None:
    samples, _ = soundfile.read(VOICE, dtype="int16")
    by_pipe = voxcor("-", "--json", stdin=samples.astype("<i2").tobytes()).stdout
    by_file = voxcor(str(VOICE), "--fast", "--json").stdout

    def finals(printed: bytes) -> list[str]:
        return [line for line in printed.decode().splitlines() if "speech_ended" in line]

    assert finals(by_pipe) == finals(by_file)
    assert len(finals(by_pipe)) == 2


def test_without_a_terminal_there_is_a_line_for_each_utterance() -> None:
    lines = voxcor(str(VOICE), "--fast", "--rule", "early: any of angry, disgusted for 1 s").stdout
    first, second, third = lines.decode().splitlines()
    assert " ".join(first.split()) == "0:03.2 ⚡ early any of angry, disgusted for 1 s"
    assert " ".join(second.split()).startswith("0:00.2 – 0:04.2 🤢 Disgusted (厌恶) ")
    assert " ".join(third.split()).startswith("0:04.7 – 0:08.1 😐 Neutral (中性) ")


def test_saved_rules_are_watched() -> None:
    RuleBook(Settings().home).put(SavedRule(parse("saved: any of angry, disgusted for 1 s")))
    assert "⚡ saved" in voxcor(str(VOICE), "--fast").stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "code"),
    [
        (["nowhere.wav"], b"", 1, "input_not_found"),
        (["-"], b"RIFF....WAVE", 1, "not_bare_samples"),
        (["-"], b"\0\0\0", 1, "invalid_audio_frame"),
        (["-", "--fast"], b"", 2, "usage"),
        (["--fast"], b"", 2, "usage"),
        (["x.wav", "--rule", "angry > 3"], b"", 2, "rule_invalid"),
        (["x.wav", "--rule", "x: sad", "--rule", "x: angry"], b"", 1, "config_invalid"),
        (["x.wav", "--labels", "furious"], b"", 1, "config_invalid"),
        (["x.wav", "--model", "nothing"], b"", 1, "unknown_model"),
    ],
)
def test_what_cannot_be_is_said_on_stderr(
    arguments: list[str], stdin: bytes, status: int, code: str
) -> None:
    done = voxcor(*arguments, stdin=stdin, status=status)
    assert f"({code})" in done.stderr.decode()
    assert done.stdout == b""


def test_a_file_that_is_played_warns_as_one_that_is_recognised(tmp_path: Path) -> None:
    sound = VOICE.read_bytes()
    (tmp_path / "cut.flac").write_bytes(sound[: len(sound) // 2])
    voice, rate = soundfile.read(VOICE)
    soundfile.write(tmp_path / "turned.mp3", np.column_stack([voice, -voice]), rate, format="WAV")
    for name, codes in (
        ("cut.flac", ["truncated"]),
        ("turned.mp3", ["wrong_extension", "opposite_phase"]),
    ):
        done = voxcor(str(tmp_path / name), "--fast", "--json")
        found = [line for line in done.stderr.decode().splitlines() if line.startswith("⚠")]
        with open_audio(tmp_path / name) as stream:
            sum(map(len, stream.blocks))
        details = stream.details
        assert found == [f"⚠ {describe_warning(code, details.get(code, {}))}" for code in codes]


def test_a_terminal_shows_the_moment_and_keeps_what_is_over(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", with_silence(speech(1.0), 0.3, 0.8), 16_000)
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "voxcor", "stream", str(tmp_path / "short.wav"), "--fast"],
        stdout=slave,
        stderr=slave,
        env={**os.environ, "VOXCOR_THREADS": "1", "TERM": "xterm-256color", "COLUMNS": "90"},
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 65_536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            shown += part
    os.close(master)
    text = shown.decode()
    assert process.returncode == 0
    assert "speaking" in text
    assert "dBFS" in text
    assert text.count("Happy (快乐)") > 5
    assert " – 0:01." in text


def test_the_view_shows_every_score_and_the_last_minute(
    recognizer: Recognizer, voice: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    console = Console(file=io.StringIO(), width=80, color_system=None)
    session, view = Session(recognizer, SessionOptions(labels=("angry", "sad"))), MomentView()
    view.show(session.created)
    for piece in np.split(voice, range(BLOCK_SAMPLES, 5 * 16_000, BLOCK_SAMPLES)):
        for event in session.feed(piece):
            view.show(event)
        view.show_samples(piece)
    console.print(view)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert "dBFS" in lines[0]
    assert "small" in lines[0]
    assert [line.split()[1] for line in lines[2:4]] == ["愤怒", "悲伤"]
    shares = [float(line.split()[-1].rstrip("%")) for line in lines[2:4]]
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert "😠" in lines[5] or "😢" in lines[5]
    assert lines[6].split() == ["0:00", "1:00"]
    assert all(len(line) <= 80 for line in lines)


def test_the_view_keeps_no_more_than_its_minute(recognizer: Recognizer) -> None:
    session, view = Session(recognizer), MomentView()
    for seed in range(40):
        sound = with_silence(speech(1.5, seed=seed), 0.0, 1.0)
        for event in session.feed(sound):
            view.show(event)
        view.show_samples(sound)
    assert view._time_s == 100
    assert all(end > 35 for _, end, _ in view._leaders)


@pytest.mark.parametrize("format_", ["wav-16", "mp3", "ogg-vorbis", "flac-24"])
def test_a_file_is_played_as_the_samples_that_recognition_hears(
    tmp_path: Path, format_: str
) -> None:
    made = FORMATS[format_]
    path = tmp_path / f"sound.{made.extension}"
    path.write_bytes(made.write(np.stack([speech(3.0)], axis=1), made.rate))
    recording = decode(path)
    expected = resample(mix_to_mono(recording.samples), recording.sample_rate)
    blocks = [block.samples for block in played(path, name=str(path), fast=True)]
    assert all(len(block) <= BLOCK_SAMPLES for block in blocks)
    assert np.concatenate(blocks) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampling_piece_by_piece_is_resampling_the_whole(rate: int) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * rate + 7).astype(np.float32)
    pieces = np.split(samples, range(1000, len(samples), 1000))
    found = np.concatenate([*resampled(pieces, rate)])
    assert found == pytest.approx(resample(samples, rate), abs=1e-6)


def test_a_pipe_may_break_between_the_bytes_of_a_sample() -> None:
    data = np.arange(-500, 500, dtype="<i2").tobytes()

    class Trickle(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return self.read(7)

    blocks = [block.samples for block in pipe(Trickle(data))]
    assert np.array_equal(np.concatenate(blocks), samples_of(data))
    with pytest.raises(InvalidAudioFrame):
        [*pipe(Trickle(data[:-1]))]
    with pytest.raises(NotBareSamples, match="ffmpeg"):
        [*pipe(io.BytesIO(b"OggS" + data))]


def test_without_its_library_a_microphone_names_the_command_that_gets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # as Python marks what is not there
    with pytest.raises(MicrophoneFailed, match=r'pip install "sounddevice>=[0-9.]+"$'):
        next(microphone())


def test_lines_need_no_colour(recognizer: Recognizer, voice: np.ndarray) -> None:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    lines, session = UtteranceLines(console), Session(recognizer)
    for event in session.feed(voice) + session.close("end_of_audio"):
        lines.show(event)
    assert console.file.getvalue().count("%") == 2  # type: ignore[attr-defined]
