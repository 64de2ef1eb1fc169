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
import lzma
import os
import struct
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from voxcor.audio.reader import open_regular
from voxcor.batch.items import Item
from voxcor.cancellation import checkpoint
from voxcor.disk.faults import require_space, storage_errors
from voxcor.errors import (
    InputError,
    InputNotFound,
    InputUnreadable,
    ManifestError,
    NoAudioFound,
    UsageError,
    VoxcorError,
)
from voxcor.isolated_decoding import require_size
from voxcor.language import say
from voxcor.result_folder import utf8
from voxcor.results import Failure
from voxcor.sources import AUDIO_EXTENSIONS, expand, is_folder, is_path
from voxcor.tables import lines_of, listed_names, read_csv
from voxcor.untrusted import read_json

PATH_COLUMNS = ("path", "wav", "file", "audio")
KEY_COLUMNS = ("key", "id")

# Recordings shrink by ten at most, silence alone by a thousand: an archive beyond this is a bomb.
MOST_RATIO = 200

_READERS = (".csv", ".jsonl", ".parquet", ".scp", ".zip")


def read_source(source: str) -> Iterator[Item | Failure]:
    """The recordings that `source` stands for, in its order; positions count from 0.

    Raises:
        InputNotFound, InputUnreadable: it is not there, or the list cannot be read.
        NoAudioFound: there is nothing in it.
        ManifestError: it is none, or lacks a column; an archive that is none, or a bomb.
        UsageError: a Parquet list without pyarrow.
    """
    kind = Path(source).suffix.lower()
    if kind in _READERS and not is_folder(source) and not _is_pattern(source):
        # A pipe or a device of such a name would be waited for, or have no end.
        open_regular(Path(source), source).close()
        with _read_errors(source):
            yield from _numbered(_READ[kind](Path(source)))
    elif _is_pattern(source) or _exists(source):
        yield from _numbered(_find(source))
    else:
        raise InputNotFound(name=source)


class Archive:
    """The archive whose members are heard, open from one to the next, for many threads.

    To read the list of a hundred thousand members takes forty times as long as to hear one.
    """

    def __init__(self, maximum_min: int) -> None:
        self._maximum_min = maximum_min
        # `ZipFile` counts its open members without a lock of its own.
        self._lock = threading.Lock()
        self._open: zipfile.ZipFile | None = None

    @contextmanager
    def file_of(self, item: Item, scratch: Path) -> Iterator[Path]:
        """The file of an item; a member of an archive is unpacked into `scratch` for the block.

        Raises:
            InputNotFound, InputUnreadable: it cannot be had.
            AudioTooLong: a member that no recording of so many minutes is as large as.
            StorageError: the disk of `scratch`, of which a member may take half.
        """
        if item.member is None:
            yield Path(item.path)
            return
        file = scratch / f"member{PurePosixPath(item.member).suffix.lower()}"
        try:
            with storage_errors(file, _PIECE), file.open("wb") as out:
                for piece in self._pieces(item, item.member, scratch):
                    checkpoint()
                    out.write(piece)
            yield file
        finally:
            file.unlink(missing_ok=True)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()

    def _pieces(self, item: Item, member: str, scratch: Path) -> Iterator[bytes]:
        try:
            with self._lock:
                if self._open is None or self._open.filename != item.path:
                    self.close()
                    self._open = zipfile.ZipFile(item.path)
                size = self._open.getinfo(member).file_size
                require_size(size, item.name, self._maximum_min)
                require_space(scratch, 2 * size)
                entry = self._open.open(member)
            try:
                while piece := entry.read(_PIECE):
                    yield piece
            finally:
                with self._lock:
                    entry.close()
        except FileNotFoundError as error:
            raise InputNotFound(name=item.name) from error
        except _UNPACKING_ERRORS as error:
            raise InputUnreadable(name=item.name, reason=str(error)) from error


# RuntimeError: it is encrypted. NotImplementedError, which is one: a compression or version of zip
# that Python lacks.
_UNPACKING_ERRORS = (
    *(OSError, EOFError, KeyError, RuntimeError, ValueError, OverflowError, struct.error),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)

_PIECE = 1 << 20

_UTF8_NAME = 0x800  # of a member's flags: PKWARE's APPNOTE, section 4.4.4, bit 11


def _find(source: str) -> Iterator[str | Failure]:
    for entry in expand([source]):
        if isinstance(entry, Failure) and entry.code == NoAudioFound.code:
            raise NoAudioFound(name=source)
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


def _read_zip(source: Path) -> Iterator[Item | Failure]:
    try:
        with zipfile.ZipFile(source) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except OSError:
        raise
    except _UNPACKING_ERRORS as error:
        reason = say(f"it is no zip archive ({error}).", f"不是可读取的 zip 压缩包（{error}）。")
        raise ManifestError(name=str(source), reason=reason) from error
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_RATIO * max(1, source.stat().st_size):
        reason = say(
            f"it would unpack to {unpacked:,} bytes, over {MOST_RATIO} times its size: a zip bomb.",
            f"解压后将达 {unpacked:,} 字节,超过其大小的 {MOST_RATIO} 倍,疑为压缩炸弹。",
        )
        raise ManifestError(name=str(source), reason=reason)
    # `..` in a member's name harms nothing: no member is ever written under its own name.
    counts = Counter(entry.filename for entry in entries)
    audio = [entry for entry in entries if _is_audio(entry.filename)]
    members = {entry.filename: _member_name(entry) for entry in audio}
    if not members:
        raise NoAudioFound(name=str(source))
    for member, name in sorted(members.items(), key=lambda entry: (entry[1], entry[0])):
        if counts[member] == 1:
            yield Item(0, f"{source}/{name}", str(source), member=member)
        else:  # which of them is meant, nobody knows
            reason = say("the archive has several of this name", "压缩包中有多个同名文件")
            yield _failure(InputUnreadable(name=f"{source}/{name}", reason=reason))


def _member_name(entry: zipfile.ZipInfo) -> str:
    """The name of a member as it was meant.

    An archive says whether names are UTF-8. Where it does not, the standard has IBM's code page
    437, but Windows in Chinese writes GBK, and others UTF-8. Western letters pass for GBK at times,
    but then for characters that are rare, which GB 2312 does not have.
    """
    if entry.flag_bits & _UTF8_NAME or entry.filename.isascii():
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    for encoding in ("utf-8", "gbk"):
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        foreign = [c for c in name if not c.isascii()]
        common = sum(c.encode("gb2312", "ignore") != b"" for c in foreign)
        if encoding == "utf-8" or 2 * common >= len(foreign):
            return name
    return entry.filename


_READ = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
    ".scp": _read_scp,
    ".zip": _read_zip,
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
    return _failure(InputUnreadable(name=f"{source}:{row}", reason=reason))


def _failure(error: InputError) -> Failure:
    return Failure(path=error.details["name"], code=error.code, message=error.message)


def _is_audio(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts)
    return PurePosixPath(name).suffix.lower() in AUDIO_EXTENSIONS and not hidden


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
