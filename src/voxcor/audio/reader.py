"""Where a recording's bytes come from, and the hash that names them.

Decoders jump about in a file; `HashedReader` hashes each byte the first time the reading reaches
it, so that a recording is read from the disk once. What they are given is a `Part` of it.
"""

import hashlib
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from voxcor.errors import InputNotFound, InputUnreadable, UsageError
from voxcor.language import say

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A pipe is kept in memory up to here and on the disk beyond.
SPOOL_BYTES = 32 << 20

COPY_BYTES = 1 << 20


class HashedReader:
    """A seekable binary file under decoders, with the sha256 of its content.

    Decoders call it from C, where an exception would only be printed. So it never raises: an
    `OSError` ends the data and stays in `error`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._hashed = 0
        self.error: OSError | None = None
        self.size = file.seek(0, io.SEEK_END)

    def read_at(self, position: int, count: int) -> bytes:
        """Up to `count` bytes from `position`; none at the end."""
        try:
            self._file.seek(position)
            # What is written while it is read comes too late.
            data = self._file.read(max(0, min(count, self.size - position)))
        except OSError as error:
            self.error = error
            return b""
        end = position + len(data)
        if position <= self._hashed < end:
            self._sha256.update(memoryview(data)[self._hashed - position :])
            self._hashed = end
        return data

    def sha256(self) -> str:
        """The hash of the whole content; what no decoder asked for is read now."""
        while self.read_at(self._hashed, COPY_BYTES):
            pass
        return self._sha256.hexdigest()


class Part(io.RawIOBase):
    """The bytes `[start, end)` of a file as a file of its own, which a decoder may jump about in.

    `reached_end` tells whether anybody has read as far as its end. `corrections` are bytes that
    are read in place of the file's own, by their position.
    """

    def __init__(self, file: HashedReader, start: int = 0, end: int | None = None) -> None:
        self.file = file
        self.start = start
        self.end = file.size if end is None else end
        self.size = self.end - start
        self.reached_end = False
        self.corrections: Mapping[int, bytes] = {}
        self._position = 0

    @property
    def error(self) -> OSError | None:
        """What ended the reading, where that was not the end."""
        return self.file.error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self.peek(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        self.reached_end |= self._position >= self.size
        return len(data)

    def peek(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`; the position stays."""
        offset = max(0, offset)
        count = min(count, self.size - offset)
        data = self.file.read_at(self.start + offset, count) if count > 0 else b""
        for position, correct in self.corrections.items():
            first, last = position - offset, position - offset + len(correct)
            if first < len(data) and last > 0:
                taken = correct[max(0, -first) : len(correct) - max(0, last - len(data))]
                data = data[: max(0, first)] + taken + data[last:]
        return data


@contextmanager
def open_reader(
    source: str | os.PathLike[str] | bytes | BinaryIO, name: str
) -> Iterator[HashedReader]:
    """A reader over a path, bytes or a binary file object; the caller's file object stays open.

    A seekable file object is read from its first byte, a pipe from where it stands.

    Raises:
        InputNotFound: no file at the path.
        InputUnreadable: a folder, or the system refuses.
        UsageError: a file object that was opened as text.
    """
    with ExitStack() as stack:
        if isinstance(source, bytes):
            source = io.BytesIO(source)
        elif isinstance(source, (str, os.PathLike)):
            source = stack.enter_context(_open_path(Path(source), name))
        try:
            reader = HashedReader(stack.enter_context(_seekable(source, name)))
        except (OSError, ValueError) as error:  # ValueError: a file object that was closed
            raise unreadable(name, error) from error
        yield reader


def open_regular(path: Path, name: str) -> BinaryIO:
    """A file that has its bytes, opened without waiting for anybody.

    Who opens a pipe waits for its writer, and a device may give bytes without end.

    Raises:
        InputNotFound, InputUnreadable: as `open_reader`; or it is a pipe, a socket or a device.
    """
    # Looked at before it is opened, because that alone does something to some devices; and opened
    # so that it does not wait where it has become another meanwhile.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with _path_errors(name):
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return os.fdopen(os.open(path, flags), "rb")
        if stat.S_ISDIR(mode):
            raise IsADirectoryError
    reason = say("it is no regular file", "不是普通文件")
    raise InputUnreadable(name=name, reason=reason)


def _open_path(path: Path, name: str) -> BinaryIO:
    with _path_errors(name):
        return path.open("rb")


@contextmanager
def _path_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputNotFound(name=name) from error
    except IsADirectoryError as error:
        raise InputUnreadable(name=name, reason=say("it is a folder", "这是一个文件夹")) from error
    except PermissionError as error:
        raise InputUnreadable(name=name, reason=say("permission denied", "没有权限")) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise unreadable(name, error) from error


@contextmanager
def _seekable(file: BinaryIO, name: str) -> Iterator[BinaryIO]:
    if not isinstance(file.read(0), bytes):
        raise UsageError(
            reason_en=f"{name}: the file object gives text; open it in binary mode ('rb').",
            reason_zh=f"{name}：该文件对象返回文本，请以二进制模式（'rb'）打开。",
        )
    if file.seekable():
        yield file
        return
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        shutil.copyfileobj(file, spool, COPY_BYTES)
        yield cast(BinaryIO, spool)


def unreadable(name: str, error: Exception) -> InputUnreadable:
    """The error for an input whose reading failed with `error`."""
    reason = getattr(error, "strerror", None) or str(error)
    return InputUnreadable(name=name, reason=reason)
