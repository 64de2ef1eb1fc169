"""From SOURCE to the items of a batch: folders and patterns, manifests, Kaldi lists, archives.

    voxcor batch calls/          all audio below it
    voxcor batch 'calls/*.opus'
    voxcor batch calls.csv       a column path (or wav, file, audio), perhaps a column key (or id)
    voxcor batch calls.jsonl     the same, an object a line
    voxcor batch calls.parquet   the same; needs pyarrow
    voxcor batch wav.scp         `key path` a line (Kaldi)
    voxcor batch calls.zip       all audio in it, read without unpacking it

Paths in a list are relative to it. What cannot be used becomes a `Failure` and the rest goes on.
"""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from voxcor.audio.reader import open_regular
from voxcor.batch.archives import read_archive
from voxcor.batch.items import Item
from voxcor.errors import (
    InputNotFound,
    InputUnreadable,
    ManifestError,
    NoAudioFound,
    UsageError,
    VoxcorError,
)
from voxcor.language import say
from voxcor.result_folder import utf8
from voxcor.results import Failure
from voxcor.sources import PassedOver, expand, is_folder, is_path
from voxcor.tables import lines_of, listed_names, read_csv
from voxcor.untrusted import read_json

PATH_COLUMNS = ("path", "wav", "file", "audio")
KEY_COLUMNS = ("key", "id")

_READERS = (".csv", ".jsonl", ".parquet", ".scp", ".zip")


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
    if kind in _READERS and not is_folder(source) and not _is_pattern(source):
        # A pipe or a device of such a name would be waited for, or have no end.
        open_regular(Path(source), source).close()
        with _read_errors(source):
            path = Path(source)
            is_archive = kind == ".zip"
            yield from _numbered(
                read_archive(path, counted, raw=raw) if is_archive else _READ[kind](path)
            )
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
            yield Item(position, entry.name, entry.path, entry.member, entry.key)
        else:
            yield entry


def _read_csv(source: Path) -> Iterator[Item | Failure]:
    with source.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        columns, rows = read_csv(lines_of(file))
        _require_path_column(source, columns)
        for number, values in rows:
            yield _listed(source, values, number)


def _read_jsonl(source: Path) -> Iterator[Item | Failure]:
    with source.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(lines_of(file), start=1):
            if not line.strip():
                continue
            try:
                values = read_json(line)
            except ValueError:
                values = None
            if not isinstance(values, dict):
                reason = say(f"row {number} is no JSON object.", f"第 {number} 行不是 JSON 对象。")
                raise ManifestError(name=str(source), reason=reason)
            if number == 1:
                _require_path_column(source, tuple(values))
            yield _listed(source, values, number)


def _read_parquet(source: Path) -> Iterator[Item | Failure]:
    pa = require_pyarrow()
    parquet = pa.parquet
    with source.open("rb") as file, _parquet_errors(source, pa):
        table = parquet.ParquetFile(file)
        names = table.schema_arrow.names
        _require_path_column(source, names)
        wanted = [name for name in names if name in (*PATH_COLUMNS, *KEY_COLUMNS)]
        number = 0
        for page in table.iter_batches(columns=wanted):
            for values in page.to_pylist():
                number += 1
                yield _listed(source, values, number)


def _read_scp(source: Path) -> Iterator[Item | Failure]:
    with source.open(encoding="utf-8", errors="surrogateescape") as file:
        for number, line in enumerate(lines_of(file), start=1):
            if not line.strip():
                continue
            key, _, path = line.strip().partition(" ")
            if path.strip().endswith("|"):
                en = "is a command, and commands in a list are not run; give the file it makes"
                zh = "是一条命令;清单中的命令不会被执行,请给出其生成的文件"
                yield _failed(source, number, say(en, zh))
            else:
                yield _listed(source, {"key": key, "path": path.strip()}, number)


_READ = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
    ".scp": _read_scp,
}


def require_pyarrow() -> Any:
    """The module pyarrow, its Parquet part loaded.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            reason_en='Parquet needs pyarrow, not installed here: pip install "voxcor[parquet]"',
            reason_zh='Parquet 需要 pyarrow,尚未安装:pip install "voxcor[parquet]"',
        ) from error
    return pa


@contextmanager
def _parquet_errors(source: Path, pa: Any) -> Iterator[None]:
    """What pyarrow says of a damaged file, and what Python says of the values in it."""
    try:
        yield
    except (VoxcorError, OSError):
        raise
    except (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ManifestError(name=str(source), reason=f"{reason}.") from error


def _require_path_column(source: Path, columns: Sequence[str]) -> None:
    if not {*PATH_COLUMNS} & {*columns}:
        listed, wanted = listed_names(columns), ", ".join(PATH_COLUMNS)
        reason = say(
            f"it needs one of the columns {wanted}; its columns are: {listed}.",
            f"需要以下列之一:{wanted};现有的列:{listed}。",
        )
        raise ManifestError(name=str(source), reason=reason)


def _listed(source: Path, values: Mapping[str, Any], row: int) -> Item | Failure:
    path = next((values[name] for name in PATH_COLUMNS if values.get(name)), None)
    if not isinstance(path, str):
        return _failed(source, row, say("names no file", "没有给出文件"))
    if not is_path(path):
        return _failed(source, row, say("names no file", "没有给出文件"))
    keys = (values.get(name) for name in KEY_COLUMNS)
    key = next((key for key in keys if isinstance(key, str | int | float)), None)
    place = str(source.parent / path)
    return Item(0, place, place, key=None if key is None else utf8(str(key)))


def _failed(source: Path, row: int, reason: str) -> Failure:
    # It stands for the row in the ledger, so it is the same in every language.
    return Failure.of(InputUnreadable(name=f"{source}:{row}", reason=reason))


def _is_pattern(source: str) -> bool:
    return any(mark in source for mark in "*?[") and not _exists(source)


def _exists(source: str) -> bool:
    return os.path.exists(source)  # noqa: PTH110 - `Path.exists` raises where it is too long


@contextmanager
def _read_errors(source: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise InputNotFound(name=source) from error
    except csv.Error as error:
        raise ManifestError(name=source, reason=f"{error}.") from error
    except OSError as error:
        raise InputUnreadable(name=source, reason=error.strerror or str(error)) from error
    except ValueError as error:
        # What pyarrow raises of a file that is no Parquet is a ValueError, and so is bad Unicode.
        raise ManifestError(name=source, reason=f"{error}.") from error
