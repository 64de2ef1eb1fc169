"""Where a recording's bytes come from, and the hash that names them.

Decoders jump about in a file; `HashedReader` hashes each byte the first time the reading reaches
it, so that a recording is read from the disk once.
"""

import hashlib
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
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


class HashedReader(io.RawIOBase):
    """A seekable binary file under a decoder, with the sha256 of its content.

    Decoders call it from C, where an exception would only be printed. So it never raises: an
    `OSError` ends the data and stays in `error`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._hashed = 0
        self._position = 0
        self.error: OSError | None = None
        self.size = file.seek(0, io.SEEK_END)
        self.reached_end = False

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
        try:
            self._file.seek(self._position)
            # What is written while it is read comes too late.
            data = self._file.read(min(len(view), max(0, self.size - self._position)))
        except OSError as error:
            self.error = error
            return 0
        end = self._position + len(data)
        if self._position <= self._hashed < end:
            self._sha256.update(memoryview(data)[self._hashed - self._position :])
            self._hashed = end
        view[: len(data)] = data
        self._position = end
        self.reached_end |= end >= self.size
        return len(data)

    def peek(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes at `offset`; the position is undefined afterwards."""
        self.seek(max(0, offset))
        return self.read(count) or b""

    def sha256(self) -> str:
        """The hash of the whole content; what no decoder asked for is read now."""
        self.seek(self._hashed)
        while self.read(COPY_BYTES):
            pass
        return self._sha256.hexdigest()


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
            reason_zh=f"{name}:该文件对象返回文本,请以二进制模式('rb')打开。",
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
