"""The guides, run as they stand from top to bottom, in both languages."""

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

import voxcor
from examples import INTERPRETERS, Example, can_run, examples_of, prints_as_said, run_example
from make_reference import DOCUMENTS, reference
from places import DATA, DOCS, VOICE
from serving import Server, server
from voxcor.audio import decode
from voxcor.language import Language
from voxcor.sources import EXAMPLE

__all__ = ["server"]

# By what is in them, the blocks that are not run here, and why.
NOT_RUN = {
    "models pull": "needs the network",
    "./run.sh": "sets up an environment from the network",
    "selenium": "drives the page that Voxcor replaces",
}

_GUIDE = re.compile(r"guide-|faq|figures|library")
GUIDES = sorted(path for path in DOCS.glob("*.md") if _GUIDE.match(path.name))
LABELLED = {"guide-machine-learning.md", "guide-machine-learning.zh.md"}

CUSTOMER = DATA / "heard" / "call.opus"
ONE_LEG = DATA / "heard" / "one-leg-silent.flac"
RATE = 16_000


def put_recordings(folder: Path) -> None:
    """What the guides speak of: a clip, an interview, a few calls of two legs."""
    shutil.copyfile(EXAMPLE, folder / "speech.flac")
    soundfile.write(folder / "interview.wav", decode(CUSTOMER).samples, RATE)
    calls = folder / "calls"
    calls.mkdir()
    agent, customer = decode(VOICE).samples[:, 0], decode(CUSTOMER).samples[:, 0]
    write_call(calls / "anna-0001.flac", agent, customer)
    write_call(calls / "ben-0002.flac", agent, customer[int(2.6 * RATE) : int(9.3 * RATE)])
    shutil.copyfile(ONE_LEG, calls / "ben-0003.flac")


def write_call(path: Path, agent: np.ndarray, customer: np.ndarray) -> None:
    legs = np.zeros((max(len(agent), len(customer)), 2), np.float32)
    legs[: len(agent), 0], legs[: len(customer), 1] = agent, customer
    soundfile.write(path, legs, RATE)


def put_labelled(folder: Path, corpora: Path) -> None:
    """A list of clips that no model here has heard: five of each label of each of nine people."""
    with (corpora / "nemo" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    taken: dict[tuple[str, str], int] = {}
    with (folder / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "speaker"])
        for row in rows:
            kind = (row["speaker"], row["label9"])
            taken[kind] = taken.get(kind, 0) + 1
            if taken[kind] <= 5:
                path = corpora / "nemo" / row["path"]
                writer.writerow([path, row["label9"], row["speaker"]])


def reason_not_to_run(example: Example) -> str | None:
    return next((why for part, why in NOT_RUN.items() if part in example.program), None)


@pytest.mark.parametrize("language", DOCUMENTS)
def test_the_python_reference_is_that_of_the_code(language: Language) -> None:
    written = DOCUMENTS[language].read_text(encoding="utf-8")
    assert reference(language) == written, "run docs/make_reference.py"


def test_every_name_of_the_package_is_in_the_python_reference() -> None:
    written = DOCUMENTS["en"].read_text(encoding="utf-8")
    assert [name for name in voxcor.__all__ if name.strip("_") not in written] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_a_guide_does_what_it_says(
    server: Server, tmp_path: Path, request: pytest.FixtureRequest, guide: Path
) -> None:
    put_recordings(tmp_path)
    if guide.name in LABELLED:
        put_labelled(tmp_path, request.getfixturevalue("corpora"))
    language = "zh" if guide.name.endswith(".zh.md") else "en"
    examples = examples_of(guide)
    if shutil.which("jq") is None and any("jq " in example.program for example in examples):
        pytest.skip("jq is not installed")
    if guide.name.startswith("library"):
        pytest.importorskip("lancedb", reason="the library extra is not installed")
    for example in examples:
        if reason_not_to_run(example) or not can_run(example.language):
            continue
        done = run_example(example, tmp_path, server.url, VOXCOR_LANGUAGE=language)
        assert done.returncode == 0, f"{example.title}\n{done.stdout}\n{done.stderr}"
        if example.output is not None:
            assert prints_as_said(example.output, done.stdout), f"{example.title}\n{done.stdout}"


def test_what_is_not_run_is_there_and_has_its_reason() -> None:
    found = [example for guide in GUIDES for example in examples_of(guide)]
    assert {example.language for example in found} <= {*INTERPRETERS}
    unused = [part for part in NOT_RUN if not any(part in each.program for each in found)]
    assert unused == []
