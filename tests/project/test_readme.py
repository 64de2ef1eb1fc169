"""Every block of code in the two READMEs runs as it stands, or there is a reason why not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from places import ROOT, VOICE
from serving import Server, server

__all__ = ["server"]

READMES = ("README.md", "README.zh.md")

# What is not run, and why.
NOT_RUN = {
    "./run.sh": "needs the network; tests/project/test_run_sh.py",
    "./test.sh": "runs this",
}
DRAWINGS = {"outputs/outputs_20260104_223000/"}  # of folders

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(name: str) -> list[tuple[str, str]]:
    """Language and content."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [(match[1], match[2]) for match in _BLOCK.finditer(text)]


def commands(content: str) -> list[str]:
    return [line for text in content.splitlines() if (line := re.sub(r"\s+# .*", "", text))]


SHELL = [content for kind, content in blocks("README.md") if kind == "bash"]
PYTHON = [content for kind, content in blocks("README.md") if kind == "python"]


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A working folder with all that the examples name."""
    voice, rate = soundfile.read(VOICE, dtype="float32")
    with av.open(str(tmp_path / "call.m4a"), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(voice[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        output.mux([*stream.encode(frame), *stream.encode(None)])
    for name in ("interviews/first.wav", "calls/first.wav", "calls/second.wav", "new.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, voice, rate)
    (tmp_path / "turns.csv").write_text("start,end,speaker\n0,2,Agent\n2,100,Customer\n")
    rows = ["path,label,speaker"]
    noise = np.random.default_rng(0)
    (tmp_path / "clips").mkdir()
    for number in range(12):
        loud = voice[: 2 * rate] + noise.normal(0, 0.02, 2 * rate).astype(np.float32)
        label, samples = ("angry", loud) if number % 2 else ("sad", voice[: 2 * rate] / 3)
        soundfile.write(tmp_path / "clips" / f"{number}.wav", samples, rate)
        rows.append(f"clips/{number}.wav,{label},speaker {number // 2}")
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    program = programs / "voxcor"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m voxcor "$@"\n')
    program.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "no_proxy": "127.0.0.1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_both_readmes_have_the_same_code() -> None:
    def code(name: str) -> list[tuple[str, list[str]]]:
        return [(kind, commands(content)) for kind, content in blocks(name) if kind]

    assert code("README.md") == code("README.zh.md")


@pytest.mark.parametrize("name", READMES)
def test_there_is_no_block_of_another_kind(name: str) -> None:
    for kind, content in blocks(name):
        assert kind in ("bash", "python") or content.splitlines()[0] in DRAWINGS


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_every_command_runs(recordings: Path) -> None:
    lines = [line for content in SHELL for line in commands(content)]
    assert {line for line in lines if not line.startswith("voxcor ")} == set(NOT_RUN)
    for line in lines:
        if line not in NOT_RUN:
            done = run(["bash", "-euo", "pipefail", "-c", line], recordings)
            assert done.returncode == 0, (line, done.stderr)
    assert (recordings / "results" / "results.parquet").exists()


def test_the_first_example_prints_what_it_names(recordings: Path) -> None:
    done = run([sys.executable, "-W", "error", "-c", PYTHON[0]], recordings)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[a-z]+ 0\.\d+ 0\.\d+ \d+\.\d+\n", done.stdout)


def test_the_client_answers_for_each_file(recordings: Path, server: Server) -> None:
    assert len(PYTHON) == 2
    program = PYTHON[1].replace("http://localhost:7860", server.url)
    done = run([sys.executable, "-W", "error", "-c", program], recordings)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
