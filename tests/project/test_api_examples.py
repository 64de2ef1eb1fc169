"""Every example of docs/api.md, in both languages, run as it stands against the running server."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from places import DOCS, VOICE
from serving import Server, server

__all__ = ["server"]

DOCUMENTS = (DOCS / "api.md", DOCS / "api.zh.md")
INTERPRETERS = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-W", "error", "-c"],
    "javascript": ["node", "--input-type=module", "--eval"],
}
_EXAMPLE = re.compile(r"```(\w+)\n(.*?)```\s+```output\n(.*?)```", re.DOTALL)


def examples(document: Path) -> list[tuple[str, str, str]]:
    """Language, program and what it prints."""
    return [(m[1], m[2], m[3]) for m in _EXAMPLE.finditer(document.read_text(encoding="utf-8"))]


def all_examples() -> list[tuple[str, str, str]]:
    """Those of all documents; one that stands in several is there once."""
    return [*dict.fromkeys(example for path in DOCUMENTS for example in examples(path))]


def pattern_of(output: str) -> str:
    return r"[\s\S]*?".join(map(re.escape, output.strip().split("…")))


@pytest.mark.parametrize(("kind", "program", "output"), all_examples(), ids=lambda text: text[:24])
def test_the_example_prints_what_it_says(
    server: Server, tmp_path: Path, kind: str, program: str, output: str
) -> None:
    interpreter = INTERPRETERS[kind]
    if shutil.which(interpreter[0]) is None:
        pytest.skip(f"{interpreter[0]} is not on this machine")
    shutil.copyfile(VOICE, tmp_path / "speech.flac")
    done = subprocess.run(
        [*interpreter, program.replace("http://127.0.0.1:7860", server.url)],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "no_proxy": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(pattern_of(output), done.stdout.strip())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_there_are_examples_in_all_three_languages_and_all_have_an_output(document: Path) -> None:
    found = examples(document)
    assert {kind for kind, _, _ in found} == set(INTERPRETERS)
    fences = re.findall(r"```(bash|python|javascript)", document.read_text(encoding="utf-8"))
    assert len(fences) == len(found) >= 14
