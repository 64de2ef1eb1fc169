"""From the paths a person names to the recordings they stand for.

A file that is named is taken as it is, whatever its extension: decoding decides. What is only
found, in a folder or by a pattern, must look like audio.
"""

import os
import re
from collections.abc import Iterable, Iterator
from glob import glob
from pathlib import Path

from voxcor.errors import InputUnreadable, NoAudioFound
from voxcor.results import Failure

STDIN = "-"

# A synthetic voice, first calm, then excited (espeak-ng): something to try things on.
EXAMPLE = Path(__file__).parent / "example.flac"

# What FFmpeg and soundfile decode under the names people give it, video with sound included.
AUDIO_EXTENSIONS = frozenset(
    {
        *(".3gp", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".avi", ".caf"),
        *(".flac", ".m4a", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".oga", ".ogg", ".opus"),
        *(".snd", ".wav", ".wave", ".webm", ".wma", ".wv"),
    }
)

# What `voxcor.result_folder` writes: the processed_audio.wav in there is a result, not a recording.
_RESULT_FOLDER = re.compile(r"outputs_\d{8}_\d{6}(_\d+)?")


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is such a file; no path is too long or too strange to be asked about."""
    return os.path.isfile(path)  # noqa: PTH113 - `Path.is_file` raises where a name is too long


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether there is such a folder; as `is_file`."""
    return os.path.isdir(path)  # noqa: PTH112


def is_path(text: str) -> bool:
    """Whether a file system can be asked for it: no NUL, and nothing that has no bytes."""
    try:
        return "\0" not in text and bool(os.fsencode(text))
    except UnicodeEncodeError:
        return False


def expand(paths: Iterable[str]) -> Iterator[str | Failure]:
    """The recordings behind `paths`, in their order; within a folder or pattern, sorted.

    Files and `-` (standard input) stay what they are. Folders are searched to the bottom. A
    pattern (`*`, `?`, `[...]`, `**`) that the shell has left alone is matched here. Hidden
    entries, links to folders and Voxcor's own result folders are passed over.

    Yields:
        a path, or the failure of one that cannot be read or leads to no audio.
    """
    for path in paths:
        if is_folder(path):
            yield from _search([Path(path)], path)
        elif any(mark in path for mark in "*?[") and not os.access(path, os.F_OK):
            # Not Path.glob: it takes neither an absolute pattern nor the rule on hidden files.
            matches = map(Path, sorted(glob(path, recursive=True)))  # noqa: PTH207
            yield from _search((place for place in matches if not _is_result(place)), path)
        else:
            yield path


def _search(places: Iterable[Path], path: str) -> Iterable[str | Failure]:
    # A pattern with `**` gives a folder and then, once more, what lies in it.
    found = dict.fromkeys(entry for place in places for entry in _walk(place))
    return found or [Failure.of(NoAudioFound(name=path))]


def _walk(place: Path) -> Iterator[str | Failure]:
    if not is_folder(place):
        if place.suffix.lower() in AUDIO_EXTENSIONS:
            yield str(place)
        return
    try:
        entries = sorted(place.iterdir())
    except OSError as error:
        yield Failure.of(InputUnreadable(name=str(place), reason=error.strerror))
        return
    for entry in entries:
        if not _is_passed_over(entry):
            yield from _walk(entry)


def _is_passed_over(entry: Path) -> bool:
    is_link_to_folder = is_folder(entry) and entry.is_symlink()
    return entry.name.startswith(".") or is_link_to_folder or _is_result(Path(entry.name))


def _is_result(place: Path) -> bool:
    return any(_RESULT_FOLDER.fullmatch(part) for part in place.parts)
