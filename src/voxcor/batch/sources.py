"""From SOURCE to the items of a batch: folders and patterns, lists, archives.

    voxcor batch calls/          all audio below it
    voxcor batch 'calls/*.opus'
    voxcor batch calls.csv       a list, in any form of `voxcor.datasets.lists`
    voxcor batch calls.zip       all audio in it, read without unpacking it

What cannot be used becomes a `Failure` and the rest goes on.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from voxcor.audio.reader import open_regular
from voxcor.batch.archives import read_archive
from voxcor.batch.items import Item
from voxcor.datasets.lists import SUFFIXES, Flaw, ListRow, read_errors, read_list
from voxcor.errors import InputNotFound, InputUnreadable, NoAudioFound
from voxcor.result_folder import utf8
from voxcor.results import Failure, milliseconds
from voxcor.sources import PassedOver, expand, is_folder


def read_source(
    source: str, passed_over: PassedOver | None = None, *, raw: bool = False
) -> Iterator[Item | Failure]:
    """The recordings that `source` stands for, in its order; positions count from 0.

    What a folder, a pattern or an archive holds beside recordings is counted in `passed_over`;
    with `raw`, that is all but bare samples.

    Raises:
        InputNotFound, InputUnreadable: it is not there, or the list cannot be read.
        NoAudioFound: there is nothing in it.
        ManifestError: it is none, or lacks a column; an archive that is none, or a bomb.
        UsageError: a Parquet list without pyarrow.
    """
    kind = Path(source).suffix.lower()
    counted = PassedOver() if passed_over is None else passed_over
    is_one = not is_folder(source) and not _is_pattern(source)
    if is_one and kind in (".zip", *SUFFIXES):
        # A pipe or a device of such a name would be waited for, or have no end.
        open_regular(Path(source), source).close()
        with read_errors(Path(source)):
            if kind == ".zip":
                yield from _numbered(read_archive(Path(source), counted, raw=raw))
            else:
                yield from _numbered(map(_listed, read_list(Path(source))))
    elif _is_pattern(source) or _exists(source):
        yield from _numbered(_find(source, counted, raw))
    else:
        raise InputNotFound(name=source)


def _find(source: str, passed_over: PassedOver, raw: bool) -> Iterator[str | Failure]:
    for entry in expand([source], passed_over, raw=raw):
        if isinstance(entry, Failure) and entry.code == NoAudioFound.code:
            raise NoAudioFound(name=source, passed_over=str(passed_over))
        yield entry


def _numbered(entries: Iterator[str | Item | Failure]) -> Iterator[Item | Failure]:
    for position, entry in enumerate(entries):
        if isinstance(entry, str):
            yield Item(position, entry, entry)
        elif isinstance(entry, Item):
            yield replace(entry, position=position)
        else:
            yield entry


def _listed(row: ListRow | Flaw) -> Item | Failure:
    # It stands for the row in the ledger, so it is the same in every language.
    place = f"{row.source}:{row.line}"
    if isinstance(row, Flaw):
        return Failure.of(InputUnreadable(name=place, reason=row.reason))
    path, key = str(row.file), row.header.first("key", row.values)
    start, end = (None if time is None else milliseconds(time) for time in (row.start, row.end))
    return Item(
        *(0, path, path),
        key=utf8(key) or None,
        listed=place,
        start_ms=start,
        end_ms=end,
        channel=row.channel,
    )


def _is_pattern(source: str) -> bool:
    return any(mark in source for mark in "*?[") and not _exists(source)


def _exists(source: str) -> bool:
    return os.path.exists(source)  # noqa: PTH110 - `Path.exists` raises where it is too long
