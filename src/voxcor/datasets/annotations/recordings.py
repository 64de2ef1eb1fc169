"""Which recording a document is about: by its own name, or by the name it gives.

Tools rewrite names. Praat has `_` for punctuation (`praat_cleanUpName`). Label Studio puts eight
hexadecimal digits and a hyphen before the name of an upload, has `_` for a space, and drops what is
neither letter, digit, `_`, `-` nor `.` (Django's `get_valid_filename`).
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

from voxcor.datasets.annotations.documents import refused
from voxcor.datasets.locate import composed, locate, recordings_by_stem
from voxcor.extensions import AUDIO_EXTENSIONS
from voxcor.language import listed
from voxcor.untrusted import file_name

_PRAAT = str.maketrans(dict.fromkeys(" ,.:;\\/()[]{}~`'<>*&^%#@!?$\"|", "_"))

_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")

# Of a path on another machine, so many folders at its end are looked for on this one.
_MOST_FOLDERS = 8


class Recordings:
    """The audio in a folder, found by names that tools have rewritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entries: dict[Path, frozenset[str]] = {}
        self._by_stem = recordings_by_stem(folder)
        self._by_likeness: dict[str, list[Path]] = defaultdict(list)
        self._by_upload: dict[str, list[Path]] = defaultdict(list)
        for path in chain.from_iterable(self._by_stem.values()):
            self._by_likeness[_likeness(path.stem)].append(path)
            self._by_upload[_upload_name(path.name)].append(path)

    def has_namesake(self, document: Path) -> bool:
        """Whether a recording is called like the document, rewritten or not."""
        return bool(self._namesakes(document))

    def namesake(self, document: Path) -> Path:
        """The recording called like the document; where there is none, what it would be called.

        Raises:
            ManifestError: two recordings are called so once the tool has rewritten their names.
        """
        found = self._namesakes(document)
        if len({path.stem for path in found}) > 1:
            names = listed(path.name for path in found[:4])
            en = f"its name fits several recordings: {names.en}. Call it like one of them."
            zh = f"其名称与多个录音相符：{names.zh}。请按其中一个命名。"
            raise refused(document, en, zh)
        return found[0] if found else document.with_suffix(".wav")

    def _namesakes(self, document: Path) -> list[Path]:
        stem = composed(document.stem)
        return (
            self._by_stem.get(stem)
            or self._by_likeness.get(_likeness(stem))
            or self._shortened(document)
        )

    def _shortened(self, document: Path) -> list[Path]:
        """Those whose long name our own exports have cut, which end in a digest of it."""
        if "~" not in document.stem:
            return []
        return [
            path
            for paths in self._by_stem.values()
            for path in paths
            if file_name(path.stem, document.suffix) == document.name
        ]

    def named(self, name: str) -> Path | None:
        """The recording that a document of another machine names, by a path or an address.

        The end of the path is looked for in the folder and, with a folder at least, in those above;
        then what may have become of it: an upload's name, another format.
        """
        for spelling in dict.fromkeys((_path_of(name), unquote(_path_of(name)))):
            parts = [part for part in re.split(r"[\\/]", spelling) if part not in ("", ".")]
            for place, folder in self._places(parts, spelling):
                found = locate(place, folder)
                if found:
                    return found
        if not name.strip():
            return None
        uploads = self._by_upload.get(_upload_name(unquote(_path_of(name))), [])
        converted = self._by_stem.get(composed(Path(last_name(name)).stem), [])
        return next((found[0] for found in (uploads, converted) if len(found) == 1), None)

    def _places(self, parts: list[str], spelling: str) -> Iterator[tuple[str, Path]]:
        if not parts:
            return
        yield spelling, self.folder
        ends = ["/".join(parts[first:]) for first in range(len(parts))]
        ends = [*ends[:1], *ends[1:][-_MOST_FOLDERS:]]
        for end in (*ends, _UPLOAD_PREFIX.sub("", parts[-1])):
            if self._may_hold(self.folder, end):
                yield end, self.folder
        for folder in self.folder.absolute().parents:
            for end in ends:
                if ("/" in end or len(parts) == 1) and self._may_hold(folder, end):
                    yield end, folder

    def _may_hold(self, folder: Path, end: str) -> bool:
        """Whether a folder has what a path begins with: a look at each folder, not one for each."""
        if folder not in self._entries:
            try:
                names = frozenset(_likeness(path.name) for path in folder.iterdir())
            except OSError:
                names = frozenset()
            self._entries[folder] = names
        first = end.partition("/")[0]
        return first == ".." or _likeness(first) in self._entries[folder]


def last_name(name: str) -> str:
    """The name of the file that a path or an address names, without its folders."""
    return re.split(r"[\\/]", unquote(_path_of(name)))[-1]


def names_audio(name: str) -> bool:
    """Whether a path or an address ends as recordings do."""
    return Path(last_name(name)).suffix.lower() in AUDIO_EXTENSIONS


def _path_of(name: str) -> str:
    """The path in an address; of Label Studio's local files it is a parameter."""
    local = re.search(r"[?&]d=([^&]*)", name)
    if local and "local-files" in name:
        return local[1]
    address = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]+)://[^/]*", name)
    if not address:
        return name
    path = name[address.end() :]
    return re.split(r"[?#]", path)[0] if address[1].lower() in ("http", "https") else path


def _likeness(stem: str) -> str:
    return composed(stem).translate(_PRAAT).casefold()


def _upload_name(name: str) -> str:
    plain = _UPLOAD_PREFIX.sub("", re.split(r"[\\/]", name)[-1])
    return re.sub(r"[^-\w.]", "", composed(plain).strip().replace(" ", "_")).casefold()
