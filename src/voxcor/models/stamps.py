"""What this machine knows of a model folder, kept outside of it.

A card lies in its folder, and whoever hands the folder over wrote it. A stamp lies in
`VOXCOR_HOME/stamps` and says two things that a card cannot: that the files were read here and are
those of the card, so that 650 MB need not be read again with every start; and that `models pull`
made the folder here, from the checkpoint whose checksum the card names.

Files count as unchanged while size, inode and both times are. The time of change is the kernel's:
copying a file over another, with its dates or not, shows. Against somebody who may write to
VOXCOR_HOME nothing here helps, as nothing else on this machine would.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from voxcor.disk.whole import write_whole
from voxcor.errors import ModelCorrupt
from voxcor.models.cards import CARD_FILE, Recorded, record_of
from voxcor.settings import Settings

# Less is read again each time: it takes no longer than looking for the stamp is worth.
_WORTH_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """`converted`: by `models pull`, here. `files`: bytes, inode, modified and changed in ns."""

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid"}

    card_sha256: str
    converted: bool
    files: Mapping[str, tuple[int, int, int, int]]


def is_converted_here(folder: Path) -> bool:
    """Whether `models pull` made this folder on this machine, and its card is as it wrote it."""
    stamp = _read(folder)
    return stamp is not None and stamp.converted


def write_stamp(folder: Path, card: Recorded, *, converted: bool) -> None:
    """Records that the files of a folder are those of its card.

    Where VOXCOR_HOME cannot be written nothing is recorded, and files are read again next time.
    """
    with suppress(OSError):
        stamp = Stamp(_card_sha256(folder), converted, _states(folder, card))
        write_whole(_path(folder), json.dumps(asdict(stamp)))


def remove_stamp(folder: Path) -> None:
    """Forgets what was recorded of a folder."""
    with suppress(OSError):
        _path(folder).unlink(missing_ok=True)


def require_unchanged(folder: Path, card: Recorded, *, again: bool = False) -> tuple[str, ...]:
    """The names of a folder's files, all of which are those of its card.

    Args:
        folder: a model folder.
        card: its card.
        again: read the files though a stamp says that they are unchanged.

    Raises:
        ModelCorrupt: a file is missing, cannot be read, or is another one.
    """
    stamp = _read(folder)
    names = tuple(card.files)
    try:
        if not again and stamp is not None and stamp.files == _states(folder, card):
            return names
    except OSError:
        pass  # told below, with the file's name
    for name, record in card.files.items():
        try:
            found = record_of(folder / name).sha256
        except OSError as error:
            reason = f"{name}: {error.strerror}"
            raise ModelCorrupt(model=card.id, reason=reason) from error
        if found != record.sha256:
            reason = f"{name}: sha256 {found}, not {record.sha256}"
            raise ModelCorrupt(model=card.id, reason=reason)
    if stamp is not None or sum(record.bytes for record in card.files.values()) > _WORTH_BYTES:
        write_stamp(folder, card, converted=stamp is not None and stamp.converted)
    return names


def _read(folder: Path) -> Stamp | None:
    """What is recorded of this folder and this card; None where it is nothing."""
    from pydantic import TypeAdapter, ValidationError

    try:
        stamp = TypeAdapter(Stamp).validate_json(_path(folder).read_bytes())
        return stamp if stamp.card_sha256 == _card_sha256(folder) else None
    except (OSError, ValidationError):
        return None


def _states(folder: Path, card: Recorded) -> dict[str, tuple[int, int, int, int]]:
    found = {name: (folder / name).stat() for name in card.files}
    return {n: (s.st_size, s.st_ino, s.st_mtime_ns, s.st_ctime_ns) for n, s in found.items()}


def _card_sha256(folder: Path) -> str:
    return sha256((folder / CARD_FILE).read_bytes()).hexdigest()


def _path(folder: Path) -> Path:
    home, place = Settings().home.resolve(), folder.resolve()
    # A home that is moved keeps what is known of it.
    name = place.relative_to(home) if place.is_relative_to(home) else place
    return home / "stamps" / f"{sha256(os.fsencode(name)).hexdigest()[:32]}.json"
