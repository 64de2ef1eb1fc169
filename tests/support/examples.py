"""The code of a document, run as it stands, and what the document says that it prints."""

import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

INTERPRETERS = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-W", "error", "-c"],
    "javascript": ["node", "--input-type=module", "--eval"],
    "r": ["Rscript", "-e"],
    # Praat reads no script but from a file whose size it can tell.
    "praat": ["bash", "-ec", 'printf %s "$0" > script.praat; praat --run script.praat'],
}

# Where documents say that the server is.
ADDRESSES = ("http://127.0.0.1:7860", "http://localhost:7860")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_DECIMAL = re.compile(r"\d+\.\d+")

# Processors differ in the last bits of 8-bit products, and tables round.
_RELATIVE = 0.05


@dataclass(frozen=True, slots=True)
class Example:
    """A block of code of a document; `output` is what stands below it, None where nothing does."""

    line: int
    language: str
    program: str
    output: str | None

    @property
    def title(self) -> str:
        return f"line {self.line}: {self.program.partition(chr(10))[0][:40]}"


def examples_of(document: Path) -> list[Example]:
    """The blocks of code of a document, in order."""
    text = document.read_text(encoding="utf-8")
    blocks = [
        (1 + text.count("\n", 0, found.start()), found[1], found[2])
        for found in _FENCE.finditer(text)
    ]
    following = [*blocks[1:], (0, "", "")]
    return [
        Example(line, language, program, output if after == "output" else None)
        for (line, language, program), (_, after, output) in zip(blocks, following, strict=True)
        if language != "output"
    ]


def can_run(language: str) -> bool:
    """Whether what runs it is on this machine."""
    interpreter = "praat" if language == "praat" else INTERPRETERS[language][0]
    return shutil.which(interpreter) is not None


def run_example(
    example: Example, folder: Path, url: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Runs it in a folder, with the `voxcor` of these tests, against a server of theirs."""
    program = example.program
    for address in ADDRESSES:
        program = program.replace(address, url)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [*INTERPRETERS[example.language], program],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PATH": path,
            "no_proxy": "127.0.0.1",
            "COLUMNS": "90",
            **environment,
        },
    )


def prints_as_said(output: str, printed: str) -> bool:
    """Whether it is the same text: `…` stands for anything, decimals may be a little off."""
    pattern = r"[\s\S]*?".join(
        r"(\d+\.\d+)".join(map(re.escape, _DECIMAL.split(part)))
        for part in _without_ends(output).split("…")
    )
    found = re.fullmatch(pattern, _without_ends(printed))
    if found is None:
        return False
    pairs = zip(_DECIMAL.findall(output), found.groups(), strict=True)
    return all(_near(float(said), float(is_)) for said, is_ in pairs)


def _without_ends(text: str) -> str:
    """Without the spaces at the ends of lines, which no editor keeps."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _near(said: float, printed: float) -> bool:
    return math.isclose(said, printed, rel_tol=_RELATIVE, abs_tol=_RELATIVE)
