"""The recording that a list or a document of another machine names."""

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from voxcor.sources import is_file, is_path


def locate(named: str, folder: Path, *, moved: bool = False) -> Path | None:
    r"""The file that is named so, None where there is none.

    Args:
        named: a path, absolute or from `folder` on, of this system or of Windows (`calls\1.wav`),
            or a `file:` address; its Unicode may be composed or decomposed (macOS).
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
    if "\\" in named:
        yield named.replace("\\", "/")
    if named.startswith("file:"):
        path = unquote(urlsplit(named).path)
        yield path
        yield path.lstrip("/")  # file:///C:/calls/1.wav, file:///./1.wav


def _existing(path: Path) -> Path | None:
    if is_file(path):
        return path
    for form in ("NFC", "NFD"):
        other = Path(unicodedata.normalize(form, os.fspath(path)))
        if is_file(other):
            return other
    return None
