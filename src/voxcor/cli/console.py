"""Standard input, output and error, whatever they are: a terminal, a pipe, a full disk, closed.

What a command prints is UTF-8 under any locale, and steers no terminal: escape sequences in file
names, labels or reasons of others are written out. Only rich may send its own, from `open_console`.
"""

import errno
import io
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from voxcor.errors import StorageError
from voxcor.language import say
from voxcor.untrusted import printable_lines

if TYPE_CHECKING:
    from rich.console import Console


def prepare() -> None:
    """Puts streams that hold all this into `sys`."""
    for descriptor in range(3):
        # Else the next file that is opened takes its number, and somebody's words go into it.
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = _Safe(_Out(1)), _Safe(_Aside(2))


def open_console(*, stderr: bool = False) -> "Console":
    """A rich console on stdout or stderr: text is text, no markup in it, no guesses at meaning."""
    from rich.console import Console
    from rich.segment import Segment

    class Safe(Console):
        def render(self, *args: Any, **options: Any) -> Iterable[Segment]:
            for text, style, control in super().render(*args, **options):
                yield Segment(text if control else printable_lines(text), style, control)

    stream = sys.stderr if stderr else sys.stdout
    file = stream.unfiltered if isinstance(stream, _Safe) else None
    return Safe(file=file, stderr=stderr, highlight=False, markup=False, emoji=False)


class _Out(io.FileIO):
    """A descriptor whose failure is said once; what follows goes nowhere."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._failed = False

    def write(self, data: Any) -> int:
        if not self._failed:
            try:
                return super().write(data)
            except OSError as error:
                self._failed = True
                self._tell(error)
        return memoryview(data).nbytes

    def _tell(self, error: OSError) -> None:
        if error.errno == errno.EPIPE:
            raise error
        path = say("standard output", "标准输出")
        raise StorageError(path=path, reason=error.strerror or str(error)) from error


class _Aside(_Out):
    """Where nobody can be told any more, the work goes on."""

    def _tell(self, error: OSError) -> None:
        pass


class _Safe(io.TextIOWrapper):
    def __init__(self, raw: _Out) -> None:
        buffer = io.BufferedWriter(raw)
        # Bytes of file names that are no UTF-8 as \udcXX.
        options: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace"}
        # At once into the buffer, which both share: what is printed stays in its order.
        options["write_through"] = True
        by_line = raw.isatty() or isinstance(raw, _Aside)
        super().__init__(buffer, line_buffering=by_line, **options)
        self.unfiltered: TextIO = io.TextIOWrapper(buffer, line_buffering=by_line, **options)

    def write(self, text: str) -> int:
        return super().write(printable_lines(text))
