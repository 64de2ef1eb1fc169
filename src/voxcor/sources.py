"""From the paths a person names to the recordings they stand for.

A file that is named is taken as it is, whatever its extension: decoding decides. What is only
found, in a folder, by a pattern or in an archive, must look like a recording, by its extension or
by its first bytes; what does not is counted, to be said.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from glob import glob
from pathlib import Path
from typing import Any

from voxcor.errors import InputError, InputUnreadable, NoAudioFound
from voxcor.extensions import (
    ARCHIVE_EXTENSIONS,
    AUDIO_EXTENSIONS,
    bare_format,
    extension_of,
    is_document,
)
from voxcor.language import say
from voxcor.results import Failure

STDIN = "-"

# A sentence that an actress speaks angrily, as listeners heard it too: the Berlin Database of
# Emotional Speech, speaker 16 (Burkhardt et al. 2005; CC0).
EXAMPLE = Path(__file__).parent / "example.flac"

# Of extensions that were passed over so many are named.
_LISTED = 5

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


@dataclass(slots=True)
class PassedOver:
    """What lay among recordings and was left out: files by extension, "" for those that have none;
    links to folders; pipes and devices.

    Hidden files and Voxcor's own results are not counted: nobody takes them for recordings.
    """

    extensions: Counter[str] = field(default_factory=Counter)
    links: int = 0
    endless: int = 0

    @property
    def count(self) -> int:
        return self.extensions.total() + self.links + self.endless

    def __str__(self) -> str:
        """For people, with what can be done about it; nothing where nothing was left out."""
        if not self.count:
            return ""
        files = self.extensions
        archives = _those(files, ARCHIVE_EXTENSIONS.__contains__)
        headed = _those(files, AUDIO_EXTENSIONS.__contains__)
        bare = _those(files, lambda extension: bool(bare_format(f"x{extension}")))
        other = files - archives - headed - bare
        raw_hint = (
            ", for which recognize and batch have --raw FORMAT@RATE, as in ulaw@8000",
            "，recognize 与 batch 可加 --raw 格式@采样率 识别，如 ulaw@8000",
        )
        headed_hint = ", so leave --raw out for them", "，识别它们时请去掉 --raw"
        archive_hint = ": unpack it, or give a .zip to voxcor batch", "，请解压或交给 voxcor batch"
        clauses = (
            _clause(other, "file is|files are", "no audio", "个文件不是音频"),
            _clause(bare, "file is|files are", "bare samples", "个文件是裸采样", raw_hint),
            _clause(headed, "file has|files have", "a header", "个文件带有文件头", headed_hint),
            _clause(archives, "archive is|archives are", "closed", "个压缩包未打开", archive_hint),
            _clause(self.links, "link leads|links lead", "to a folder", "个链接指向文件夹"),
            _clause(self.endless, "is|are", "no file but a pipe or device", "个是管道或设备"),
        )
        listed = say("; ", "；").join(filter(None, clauses))
        return say(f"Passed over: {listed}.", f"已略过：{listed}。")

    def to_document(self) -> dict[str, Any]:
        """As JSON has it: how many in all, and of files the most frequent extensions."""
        return {"count": self.count, "extensions": dict(self.extensions.most_common(_LISTED))}


def expand(
    paths: Iterable[str], passed_over: PassedOver | None = None, *, raw: bool = False
) -> Iterator[str | Failure]:
    """The recordings behind `paths`, in their order; within a folder or pattern, sorted.

    Files and `-` (standard input) stay what they are. Folders are searched to the bottom. A
    pattern (`*`, `?`, `[...]`, `**`) that the shell has left alone is matched here. Hidden
    entries, links to folders and Voxcor's own result folders are passed over.

    Args:
        paths: what a person named.
        passed_over: counts what is left out of folders and patterns.
        raw: what is found is to be read as bare samples, and only what is named so is taken.

    Yields:
        a path, or the failure of one that cannot be read or leads to no audio.
    """
    counted = PassedOver() if passed_over is None else passed_over
    for path in paths:
        if is_folder(path):
            yield from _search([Path(path)], path, counted, raw)
        elif any(mark in path for mark in "*?[") and not os.access(path, os.F_OK):
            # Not Path.glob: it takes neither an absolute pattern nor the rule on hidden files.
            matches = map(Path, sorted(glob(path, recursive=True)))  # noqa: PTH207
            shown = (place for place in matches if not _is_result(place))
            yield from _search(shown, path, counted, raw)
        else:
            yield path


def looks_like_audio(
    name: str, head: Callable[[], bytes], passed_over: PassedOver, *, raw: bool = False
) -> bool:
    """Whether what was found under this name is taken; what is not is counted.

    By its extension, which costs nothing; only where that says nothing are the first bytes asked
    for, by `head`, which gives none where they cannot be had.
    """
    if raw and bare_format(name):
        return True
    extension = extension_of(name)
    if extension in AUDIO_EXTENSIONS:
        taken = not raw
    elif raw or is_document(extension) or bare_format(name):
        taken = False
    else:
        from voxcor.audio.signatures import has_media_signature  # and numpy, which takes its time

        taken = has_media_signature(head())
    if not taken:
        passed_over.extensions[extension] += 1
    return taken


def _search(
    places: Iterable[Path], named: str, passed_over: PassedOver, raw: bool
) -> Iterator[str | Failure]:
    # A pattern with `**` gives a folder and then, once more, what lies in it.
    met: set[str] = set()
    has_any = False
    for place in places:
        for entry in _files(str(place), met, passed_over):
            if isinstance(entry, Failure) or looks_like_audio(
                entry, partial(_head, entry), passed_over, raw=raw
            ):
                has_any = True
                yield entry
    if not has_any:
        yield Failure.of(NoAudioFound(name=named))


def _files(place: str, met: set[str], passed_over: PassedOver) -> Iterator[str | Failure]:
    """A file, or all below a folder in order of their names, that were not met before."""
    # Not by recursion: a path may lead through two thousand folders.
    waiting = [(place, is_folder(place))]
    while waiting:
        path, is_place = waiting.pop()
        if path in met:
            continue
        met.add(path)
        if is_place:
            try:
                waiting += reversed(_entries(path, passed_over))
            except OSError as error:
                yield Failure.of(InputUnreadable(name=path, reason=error.strerror))
        elif os.path.exists(path) and not is_file(path):  # noqa: PTH110 - see `is_file`
            passed_over.endless += 1
        else:
            yield path


def _entries(folder: str, passed_over: PassedOver) -> list[tuple[str, bool]]:
    """What lies in a folder and is looked at, in order, and whether it is a folder itself."""
    entries = []
    with os.scandir(folder) as found:
        for entry in sorted(found, key=lambda entry: entry.name):
            if entry.name.startswith(".") or _RESULT_FOLDER.fullmatch(entry.name):
                continue
            if entry.is_symlink() and is_folder(entry.path):
                passed_over.links += 1
                continue
            path = entry.name if folder == "." else entry.path
            entries.append((path, entry.is_dir(follow_symlinks=False)))
    return entries


def _head(path: str) -> bytes:
    from voxcor.audio.reader import open_regular
    from voxcor.audio.signatures import HEAD_BYTES

    try:
        with open_regular(Path(path), path) as file:
            return file.read(HEAD_BYTES)
    except (InputError, OSError):
        return b""


def _is_result(place: Path) -> bool:
    return any(_RESULT_FOLDER.fullmatch(part) for part in place.parts)


def _those(files: Counter[str], are_meant: Callable[[str], bool]) -> Counter[str]:
    return Counter({extension: n for extension, n in files.items() if are_meant(extension)})


def _clause(
    found: Counter[str] | int, subject: str, rest: str, zh: str, hint: tuple[str, str] = ("", "")
) -> str:
    """`2 files are no audio (1 .txt, 1 .pdf)`; the subject's forms are those of one and of many."""
    extensions = Counter() if isinstance(found, int) else found
    count = found if isinstance(found, int) else found.total()
    if not count:
        return ""
    named = extensions.most_common(_LISTED)
    nameless = say("without extension", "个无扩展名")
    listed = [f"{n} {name or nameless}" for name, n in named]
    if more := extensions.total() - sum(n for _, n in named):
        listed.append(say(f"{more} others", f"其他 {more} 个"))
    one, many = subject.split("|")
    said = say(f"{count} {one if count == 1 else many} {rest}", f"{count} {zh}")
    if listed:
        said += say(f" ({', '.join(listed)})", f"（{'、'.join(listed)}）")
    return said + say(*hint)
