"""Zip archives of recordings: what is in one, and each of its members as a file.

Members are read one at a time, without unpacking the archive.
"""

import lzma
import struct
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

from voxcor.audio.isolated import require_size
from voxcor.audio.signatures import HEAD_BYTES
from voxcor.batch.items import Item
from voxcor.cancellation import checkpoint
from voxcor.disk.faults import require_space, storage_errors
from voxcor.errors import InputNotFound, InputUnreadable, ManifestError, NoAudioFound
from voxcor.language import say
from voxcor.results import Failure
from voxcor.sources import PassedOver, looks_like_audio
from voxcor.tables.text import legacy_name

# Recordings shrink by ten at most, silence alone by a thousand: an archive beyond this is a bomb.
MOST_RATIO = 200

# RuntimeError: it is encrypted. NotImplementedError, which is one: a compression or version of zip
# that Python lacks.
_UNPACKING_ERRORS = (
    *(OSError, EOFError, KeyError, RuntimeError, ValueError, OverflowError, struct.error),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)

_CHUNK_BYTES = 1 << 20

_UTF8_NAME = 0x800  # of a member's flags: PKWARE's APPNOTE, section 4.4.4, bit 11


class Archive:
    """The archive whose members are recognised, open from one to the next, for many threads.

    To read the list of a hundred thousand members takes forty times as long as to recognise one.
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
            with storage_errors(file, _CHUNK_BYTES), file.open("wb") as out:
                for chunk in self._chunks(item, item.member, scratch):
                    checkpoint()
                    out.write(chunk)
            yield file
        finally:
            file.unlink(missing_ok=True)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()

    def _chunks(self, item: Item, member: str, scratch: Path) -> Iterator[bytes]:
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
                while chunk := entry.read(_CHUNK_BYTES):
                    yield chunk
            finally:
                with self._lock:
                    entry.close()
        except FileNotFoundError as error:
            raise InputNotFound(name=item.name) from error
        except _UNPACKING_ERRORS as error:
            raise InputUnreadable(name=item.name, reason=str(error)) from error


def read_archive(
    source: Path, passed_over: PassedOver, *, raw: bool = False
) -> Iterator[Item | Failure]:
    try:
        archive = zipfile.ZipFile(source)
    except OSError:
        raise
    except _UNPACKING_ERRORS as error:
        reason = say(f"it is no zip archive ({error}).", f"不是可读取的 zip 压缩包（{error}）。")
        raise ManifestError(name=str(source), reason=reason) from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > MOST_RATIO * max(1, source.stat().st_size):
            reason = say(
                f"it would unpack to {unpacked:,} bytes, over {MOST_RATIO} times its size: "
                "a zip bomb.",
                f"解压后将达 {unpacked:,} 字节，超过其大小的 {MOST_RATIO} 倍，疑为压缩炸弹。",
            )
            raise ManifestError(name=str(source), reason=reason)
        # `..` in a member's name harms nothing: no member is ever written under its own name.
        counts = Counter(entry.filename for entry in entries)
        members = {
            entry.filename: name
            for entry in entries
            if not _is_hidden(name := _member_name(entry))
            and looks_like_audio(name, partial(_head, archive, entry), passed_over, raw=raw)
        }
    if not members:
        raise NoAudioFound(name=str(source), passed_over=str(passed_over))
    for member, name in sorted(members.items(), key=lambda entry: (entry[1], entry[0])):
        if counts[member] == 1:
            yield Item(0, f"{source}/{name}", str(source), member=member)
        else:  # which of them is meant, nobody knows
            reason = say("the archive has several of this name", "压缩包中有多个同名文件")
            yield Failure.of(InputUnreadable(name=f"{source}/{name}", reason=reason))


def _head(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(entry) as file:
            return file.read(HEAD_BYTES)
    except _UNPACKING_ERRORS:
        return b""


def _member_name(entry: zipfile.ZipInfo) -> str:
    """The name of a member as it was meant.

    An archive says whether names are UTF-8. Where it does not, the standard has IBM's code page
    437, and others write what they have.
    """
    if entry.flag_bits & _UTF8_NAME or entry.filename.isascii():
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    return legacy_name(raw) or entry.filename


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts)
