"""The recording that a list or a document of another machine names."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from voxcor.sources import is_file, is_folder, is_path
from voxcor.untrusted import trimmed


def locate(named: str, folder: Path, *, moved: bool = False) -> Path | None:
    r"""The file that is named so, None where there is none.

    Args:
        named: a path, absolute or from `folder` on, of this system or of Windows (`calls\1.wav`),
            or a `file:` address; each part of it may be composed or decomposed Unicode (macOS),
            whatever the others are.
        folder: of the list or document.
        moved: whether a file of the same name in `folder` will do, too.
    """
    for place in _spellings(named):
        found = _existing(folder / place)
        if found:
            return found
    if moved:
        names = dict.fromkeys(re.split(r"[\\/]", place)[-1] for place in _spellings(named))
        return next((found for name in names if (found := _existing(folder / name))), None)
    return None


def _spellings(named: str) -> Iterator[str]:
    if not is_path(named) or not named.strip():
        return
    yield named
    if trimmed(named) != named:
        yield from _spellings(trimmed(named))
    if "\\" in named:
        yield named.replace("\\", "/")
    with suppress(ValueError):  # an address that is none
        path = unquote(urlsplit(named).path if named.startswith("file:") else named)
        if path != named and is_path(path):
            yield path
            yield path.lstrip("/")  # file:///C:/calls/1.wav, file:///./1.wav


def _existing(path: Path) -> Path | None:
    if is_file(path):
        return path
    text = str(path)
    if text.isascii() or unicodedata.normalize("NFD", text) == unicodedata.normalize("NFC", text):
        return None
    place = Path(path.anchor)
    for part in path.relative_to(place).parts:
        forms = (part, *(unicodedata.normalize(form, part) for form in ("NFC", "NFD")))
        there = (place / form for form in forms)
        found = next((one for one in there if is_folder(one) or is_file(one)), None)
        if found is None:
            return None
        place = found
    return place if is_file(place) else None
