"""The recording that a list or a document of another machine names, with or without its ending."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from voxcor.extensions import AUDIO_EXTENSIONS
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


class FolderListings:
    """The recordings of folders by their names without ending, each folder listed once."""

    def __init__(self) -> None:
        self._stems: dict[Path, Mapping[str, Sequence[Path]]] = {}

    def locate(self, named: str, folder: Path) -> Path | None:
        """The only recording that is called so but for its ending, which corpora leave out."""
        if Path(named.replace("\\", "/")).suffix.lower() in AUDIO_EXTENSIONS:
            return None
        places = [folder / place for place in _spellings(named)]
        found = {
            path
            for place in places
            for path in self._stems_in(place.parent).get(composed(place.name), ())
            if is_file(path)
        }
        return found.pop() if len(found) == 1 else None

    def _stems_in(self, folder: Path) -> Mapping[str, Sequence[Path]]:
        if folder not in self._stems:
            there = _existing(folder, is_folder)
            try:
                self._stems[folder] = recordings_by_stem(there) if there else {}
            except OSError:
                self._stems[folder] = {}
        return self._stems[folder]


def recordings_by_stem(folder: Path) -> dict[str, list[Path]]:
    """What has the name of a recording in a folder, sorted, by its name without ending, composed.

    Raises:
        OSError: the folder cannot be listed.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in AUDIO_EXTENSIONS:
            found.setdefault(composed(path.stem), []).append(path)
    return found


def composed(name: str) -> str:
    """In composed Unicode, as most systems have it, and macOS has not."""
    return unicodedata.normalize("NFC", name)


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


def _existing(path: Path, is_there: Callable[[Path], bool] = is_file) -> Path | None:
    if is_there(path):
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
    return place if is_there(place) else None
