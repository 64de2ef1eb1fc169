"""Every example of docs/api.md, in both languages, run as it stands against the running server."""

import shutil
from pathlib import Path

import pytest

from examples import Example, can_run, examples_of, prints_as_said, run_example
from places import DOCS, VOICE
from serving import Server, server

__all__ = ["server"]

DOCUMENTS = sorted(DOCS.glob("api*.md"))


def all_examples() -> list[Example]:
    """Those of all documents; one that stands in several is there once."""
    found = [example for path in DOCUMENTS for example in examples_of(path)]
    return [*{(each.program, each.output): each for each in found}.values()]


@pytest.mark.parametrize("example", all_examples(), ids=lambda example: example.title)
def test_the_example_prints_what_it_says(server: Server, tmp_path: Path, example: Example) -> None:
    if not can_run(example.language):
        pytest.skip(f"nothing here runs {example.language}")
    shutil.copyfile(VOICE, tmp_path / "speech.flac")
    done = run_example(example, tmp_path, server.url)
    assert done.returncode == 0, done.stderr
    assert example.output is not None
    assert prints_as_said(example.output, done.stdout), done.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_there_are_examples_in_all_three_languages_and_all_have_an_output(document: Path) -> None:
    found = examples_of(document)
    assert {example.language for example in found} == {"bash", "python", "javascript"}
    assert all(example.output for example in found)
    assert len(found) >= 14
