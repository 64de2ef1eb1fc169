"""The process of the command: whatever its streams, signals and surroundings, it ends in words."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from command import voxcor
from places import VOICE

COMMANDS = (
    ("--help",),
    ("--version",),
    ("models", "list", "--json"),
    ("recognize", VOICE, "--no-save", "--json"),
    ("recognize", VOICE, "--no-save"),
    ("stream", VOICE, "--fast"),
    ("doctor",),
)

READING = (
    ("recognize", "-", "--no-save"),
    ("stream", "-"),
    ("export", "pipe.json", "--format", "csv"),
    ("evaluate", "pipe.csv"),
    ("train", "pipe.csv", "--out", "mine"),
)


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXCOR_THREADS", "1")


def shell(script: str, *arguments: object) -> tuple[int, str, str]:
    """Status, stdout and stderr of a shell script in which `"$@"` is the command."""
    command = [sys.executable, "-m", "voxcor", *map(str, arguments)]
    done = subprocess.run(
        ["bash", "-c", script, "voxcor", *command], capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def in_words(err: str) -> bool:
    return "Traceback" not in err and "Exception ignored" not in err


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_full_disk_under_stdout_is_a_sentence(command: tuple[object, ...]) -> None:
    status, _, err = shell('"$@" >/dev/full', *command)
    assert status == 1
    assert "voxcor: standard output: No space left on device (storage_error)" in err
    assert in_words(err)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_reader_who_goes_away_is_no_news(command: tuple[object, ...]) -> None:
    # `true` may be gone before the first word, or after the last.
    _, _, err = shell('"$@" | true', *command)
    assert in_words(err)
    assert "voxcor:" not in err


@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-"])
def test_where_nobody_can_be_told_the_work_goes_on(stream: str) -> None:
    status, out, _ = shell(f'"$@" {stream}', "recognize", VOICE, "gone.wav", "--json")
    assert status == 1
    assert [json.loads(line).get("code") for line in out.splitlines()] == [None, "input_not_found"]
    assert len([*Path("outputs").iterdir()]) == 1


@pytest.mark.parametrize("streams", [">&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_not_taken_for_files(streams: str, tmp_path: Path) -> None:
    """Else the first file that is opened is the next standard output."""
    status, _, err = shell(f'"$@" {streams}', "recognize", VOICE, "--out", tmp_path / "out")
    assert status == 0
    assert in_words(err)
    (folder,) = (tmp_path / "out").iterdir()
    assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["emotion"]


@pytest.mark.parametrize("command", READING, ids=str)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_without_a_word(
    command: tuple[str, ...], number: signal.Signals, tmp_path: Path
) -> None:
    if command[0] == "stream" and number == signal.SIGINT:
        pytest.skip("this is how a listener ends a live session: it closes and exits with 0")
    pipe = tmp_path / next((part for part in command if "pipe" in part), "pipe")
    os.mkfifo(pipe)
    stdin = os.open(pipe, os.O_RDWR) if "-" in command else None
    with subprocess.Popen(
        [sys.executable, "-m", "voxcor", *command],
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        writer = opened_by_a_reader(pipe, process) if stdin is None else stdin
        wait_until_it_reads(process, pipe)
        process.send_signal(number)
        _, err = process.communicate()
        os.close(writer)
    assert process.returncode == 128 + number
    assert in_words(err.decode())


def opened_by_a_reader(pipe: Path, process: "subprocess.Popen[bytes]") -> int:
    """The other end of a pipe, as soon as the command has opened its own."""
    while process.poll() is None:
        with suppress(OSError):  # ENXIO: nobody reads
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.02)
    raise AssertionError(process.communicate()[1])


def wait_until_it_reads(process: "subprocess.Popen[bytes]", pipe: Path) -> None:
    """Until it sleeps in the system call: a signal before that would not wake it from there."""
    place = Path(f"/proc/{process.pid}")
    while process.poll() is None:
        call = (place / "syscall").read_text().split()
        if call[0] == "0":  # read(…
            with suppress(OSError):
                if (place / "fd" / str(int(call[1], 16))).readlink() == pipe:
                    return
        time.sleep(0.02)
    raise AssertionError(process.communicate()[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VOXCOR_PORT", "many"),
        ("VOXCOR_THREADS", "9" * 40),
        ("VOXCOR_GPU_SHARE", "nan-"),
        ("VOXCOR_PROVIDER", "tpu"),
        ("VOXCOR_RESULTS_GB", "-1"),
        ("VOXCOR_ALLOWED_HOSTS", "example.org"),
        ("VOXCOR_ALLOWED_HOSTS", "[" * 100_000),
        ("VOXCOR_API_KEY", "sesame"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_setting_that_cannot_be_is_named_and_not_shown(
    name: str, value: str, language: str
) -> None:
    for command in (("models", "list"), ("recognize", VOICE, "--no-save"), ("serve",)):
        status, out, err = voxcor(*command, VOXCOR_LANGUAGE=language, **{name: value})
        assert (status, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert name in err
        assert value not in err


def test_who_has_no_home_is_told_so(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may become a user whom nobody knows")
    script = """
import os, sys
import voxcor.cli.commands, voxcor.settings
import voxcor.models.listing
os.setuid(54321)
sys.argv = ["voxcor", "models", "list"]
voxcor.cli.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert b"VOXCOR_HOME" in done.stderr
    assert in_words(done.stderr.decode())
    assert not [*tmp_path.glob("~*")]


@pytest.mark.parametrize(
    "command", [*COMMANDS, ("evaluate", "x.csv"), ("batch", ".", "--out", "o")]
)
def test_a_working_folder_that_is_gone_is_no_traceback(command: tuple[object, ...]) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && "$@"'
    _, _, err = shell(script, *command)
    assert in_words(err)


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "xx_YY.nothing", "LC_ALL": "xx"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0"},
        {"VOXCOR_LANGUAGE": "tlh"},
    ],
    ids=str,
)
def test_any_locale_will_do(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "录音.flac").symlink_to(VOICE)
    status, out, err = voxcor("recognize", tmp_path / "录音.flac", "--no-save", **environment)
    assert status == 0
    assert "😐" in out or "😠" in out or "%" in out
    assert in_words(err)


def test_without_a_place_for_temporary_files_a_long_recording_fails_in_words(
    tmp_path: Path,
) -> None:
    import numpy as np
    import soundfile

    rate = 16_000
    noise = np.random.default_rng(0).normal(0, 0.1, 60 * rate)
    long = tmp_path / "long.flac"
    with soundfile.SoundFile(long, "w", rate, 1) as file:
        for _ in range(12):
            file.write(noise)
    script = f"""
import tempfile
from voxcor.sources import EXAMPLE
from voxcor.cli import main
tempfile._candidate_tempdir_list = lambda: [{str(tmp_path / "gone")!r}]
import sys
sys.argv = ["voxcor", "recognize", {str(long)!r}, "--no-save", "--no-trim"]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 1
    assert in_words(done.stderr.decode())
    assert b"storage" in done.stderr or b"disk" in done.stderr


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


NASTY = "a\x1b[2J\x1b]0;owned\x07\x9b31m\u202egpj\nvoxcor: all is well[red]x[bold]\r.wav"


def test_no_name_steers_the_terminal(terminal: tuple[int, int], tmp_path: Path) -> None:
    """Seen as a terminal sees it: only rich's own sequences for colours and the cursor arrive."""
    place = tmp_path / NASTY
    place.write_bytes(VOICE.read_bytes())
    (tmp_path / f"broken{NASTY}").write_bytes(b"no audio")
    ours, theirs = terminal
    paths = [str(path) for path in tmp_path.iterdir() if path.suffix == ".wav"]
    with subprocess.Popen(
        [sys.executable, "-m", "voxcor", "recognize", *paths, "gone\x1b[31m.wav", "--no-save"],
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "200", "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        shown = bytearray()
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the last writer is gone
                break
            if not piece:
                break
            shown += piece
    assert process.returncode == 1
    text = shown.decode()
    assert "\x1b[2J" not in text
    assert "\x1b]0;" not in text
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert not any(line.startswith("voxcor: all is well") for line in text.splitlines())
    assert "[red]x[bold]" in text
    assert "a\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u202egpj\\nvoxcor" in text


def test_json_stays_json_whatever_is_in_it(tmp_path: Path) -> None:
    place = tmp_path / NASTY
    place.write_bytes(VOICE.read_bytes())
    _, out, _ = voxcor("recognize", place, tmp_path / "gone\x9b.wav", "--no-save", "--json")
    assert not {*"\x1b\x9b\u202e"} & {*out}
    first, second = map(json.loads, out.splitlines())
    assert first["audio"]["name"] == NASTY
    assert second["path"] == str(tmp_path / "gone\x9b.wav")


def test_what_rich_draws_arrives_and_what_a_name_draws_does_not(
    terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.text import Text

    from voxcor.cli.console import _Out, _Safe, open_console

    ours, theirs = terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", _Safe(_Out(theirs)))
    console = open_console()
    console.print(Text("x\x1b[5m", style="red"), ":smile:", "[bold]b[/bold]")
    print("\x1b[5mplain")
    sys.stdout.flush()
    text = ""
    while text.count("\n") < 2:  # a terminal gives what it has
        text += os.read(ours, 4096).decode()
    assert text.splitlines() == [
        "\x1b[31mx\\u001b[5m\x1b[0m :smile: [bold]b[/bold]",
        "\\u001b[5mplain",
    ]
    os.close(theirs)
