"""`voxcor batch` as a person or a program runs it: streams, exit status, Ctrl-C, one more try."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from batches import write_calls
from command import voxcor
from places import VOICE
from voxcor.audio.quality import describe_warning

ESTIMATES = (
    "Estimates of expressed emotion, not of what a person feels. Some uses are restricted by law."
)


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    write_calls(tmp_path / "calls", 3)
    return tmp_path / "calls"


def test_the_table_is_named_on_stdout_and_the_summary_goes_beside(
    calls: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    status, stdout, stderr = voxcor("batch", calls, "--out", out, "--model", "small")
    assert status == 0
    assert stdout == f"{out / 'results.jsonl'}\n"
    assert stderr.splitlines() == [  # no bar in a pipe
        "3 of 3 recognised, 0.00 h of audio.",
        f"Model: small · int8 · {ESTIMATES}",
    ]
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [row["path"] for row in rows] == [str(path) for path in sorted(calls.iterdir())]


def test_a_failure_is_counted_and_is_the_exit_status(calls: Path, tmp_path: Path) -> None:
    (calls / "notes.wav").write_bytes(b"buy milk")
    status, _, stderr = voxcor("batch", calls, "--out", tmp_path / "out", "--model", "small")
    assert status == 1
    assert stderr.splitlines()[:3] == [
        "3 of 4 recognised, 0.00 h of audio.",
        f"✗ {calls / 'notes.wav'}: is not audio in any format that can be decoded. (not_audio)",
        "1 failed: not_audio",
    ]


def test_where_nothing_better_is_installed_the_batch_says_who_answered(
    calls: Path, tmp_path: Path
) -> None:
    for language, said in (("en", "Recognised by small, "), ("zh", "本结果由内置模型 small 给出")):
        _, _, stderr = voxcor(
            *("batch", calls, "--out", tmp_path / language), VOXCOR_LANGUAGE=language
        )
        last = stderr.splitlines()[-1]
        assert said in last
        assert "voxcor models pull plus-base" in last


def test_a_folder_that_holds_a_batch_wants_a_word(calls: Path, tmp_path: Path) -> None:
    command = ("batch", calls, "--out", tmp_path / "out", "--model", "small")
    voxcor(*command)
    status, _, stderr = voxcor(*command)
    assert status == 1
    assert "--resume" in stderr
    assert "--restart" in stderr
    for word in ("--resume", "--restart"):
        assert voxcor(*command, word)[0] == 0
    status, _, stderr = voxcor(*command, "--resume", "--granularity", "segment")
    assert status == 1
    assert '"granularity": "utterance"' in stderr
    status, _, stderr = voxcor(*command, "--resume", "--restart")
    assert status == 2
    assert "Choose either" in stderr


def test_a_source_that_is_not_there_is_named_and_leaves_no_batch(
    calls: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    options = ("--out", tmp_path / "out", "--model", "small")
    for source, code in (("no.csv", "input_not_found"), ("nowhere", "input_not_found"),
                         ("empty", "no_audio_found"), ("*.mp3", "no_audio_found")):  # fmt: skip
        status, stdout, stderr = voxcor("batch", tmp_path / source, *options)
        assert (status, stdout) == (1, "")
        assert stderr.startswith(f"voxcor: {tmp_path / source}: ")
        assert stderr.endswith(f"({code})\n")
    assert voxcor("batch", calls, *options)[0] == 0


def test_it_speaks_chinese(calls: Path, tmp_path: Path) -> None:
    _, _, stderr = voxcor(
        *("batch", calls, "--out", tmp_path / "out", "--model", "small"), VOXCOR_LANGUAGE="zh"
    )
    assert stderr.splitlines()[0] == "已识别 3/3 条，音频共 0.00 小时。"
    assert stderr.splitlines()[1].startswith("模型：small · int8 · 结果是对语音所表达情感的估计")


def test_the_summary_counts_warnings_and_channels_without_a_result(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    sound = VOICE.read_bytes()
    (calls / "cut.flac").write_bytes(sound[: len(sound) // 2])
    voice, rate = soundfile.read(VOICE)
    soundfile.write(calls / "call.flac", np.column_stack([voice, 0 * voice]), rate)
    options = ("--out", tmp_path / "out", "--model", "small", "--channels", "separate")
    status, _, stderr = voxcor("batch", calls, *options)
    said = stderr.splitlines()
    assert status == 1
    assert said[0].startswith("2 of 2 recognised, ")
    assert "1 channel without a result: no_speech" in said
    assert any(line.startswith(f"✗ channel 2: {calls / 'call.flac'}: ") for line in said)
    assert f"⚠ 1 truncated: {describe_warning('truncated')}" in said


def test_ctrl_c_finishes_what_runs_and_resume_does_the_rest(tmp_path: Path) -> None:
    calls, out = tmp_path / "calls", tmp_path / "out"
    write_calls(calls, 60, seconds=4)
    command = [sys.executable, "-m", "voxcor", "batch", str(calls), "--out", str(out)]
    command += ["--model", "small", "--workers", "1", "--embedding"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(out.glob("embeddings/*/*.npy")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 1
    assert said.startswith("Stopping after what is running")
    assert "Go on with the same command and --resume." in said
    half = (out / "results.jsonl").read_text().splitlines()
    assert 0 < len(half) < 60
    done = subprocess.run([*command, "--resume"], capture_output=True, check=False)
    assert done.returncode == 0
    assert (out / "results.jsonl").read_text().splitlines()[: len(half)] == half
