"""Every example of docs/api.md, run as it stands against the running server."""

import shutil
from pathlib import Path

import pytest

from examples import Example, can_run, examples_of, prints_as_said, run_example
from places import DOCS, VOICE
from serving import Server, server

__all__ = ["server"]

DOCUMENT = DOCS / "api.md"


@pytest.mark.parametrize("example", examples_of(DOCUMENT), ids=lambda example: example.title)
def test_the_example_prints_what_it_says(server: Server, tmp_path: Path, example: Example) -> None:
    if not can_run(example.language):
        pytest.skip(f"nothing here runs {example.language}")
    shutil.copyfile(VOICE, tmp_path / "speech.flac")
    done = run_example(example, tmp_path, server.url)
    assert done.returncode == 0, done.stderr
    assert example.output is not None
    assert prints_as_said(example.output, done.stdout), done.stdout


def test_there_are_examples_in_all_three_languages_and_all_have_an_output() -> None:
    found = examples_of(DOCUMENT)
    assert {example.language for example in found} == {"bash", "python", "javascript"}
    assert all(example.output for example in found)
    assert len(found) >= 14
