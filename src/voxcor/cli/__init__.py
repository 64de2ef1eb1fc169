"""The `voxcor` command: its process, from the first import to the exit status.

Thin: `voxcor.cli.commands` has the commands. Whatever ends one, a full disk under stdout or a
signal, ends in a sentence and a status here. Nothing is imported before `main` is ready for that:
Ctrl+C during an import would be a traceback.
"""

import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from voxcor.errors import VoxcorError


def main() -> None:
    """Runs the command, and exits.

    The status is 0 where all went well, 1 where something failed or nobody reads on, 2 for wrong
    usage, and as a shell has it for signals: 130 for Ctrl+C, 143 for SIGTERM.
    """
    try:
        signal.signal(signal.SIGTERM, _end)
        from voxcor.cli import console

        console.prepare()
        status = _ending(_run)
        # What comes now would find a process that has said its last word.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        flushed = _ending(sys.stdout.flush)
        status = status or flushed
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    sys.exit(status)


def _run() -> None:
    from voxcor.cli.commands import app
    from voxcor.cli.usage import run

    run(app)


def _ending(work: "Callable[[], None]") -> int:
    """The status that something ends with."""
    from voxcor.errors import StorageError, VoxcorError

    try:
        work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return 1
    except VoxcorError as error:
        return _fail(error)
    except OSError as error:
        # Of a place that nobody reckoned with: the working folder is gone, a home is not readable.
        place = str(error.filename or ".")
        return _fail(StorageError(path=place, reason=error.strerror or str(error)))
    return 0


def _fail(error: "VoxcorError") -> int:
    from voxcor.errors import UsageError

    print(f"voxcor: {error.message} ({error.code})", file=sys.stderr)
    return 2 if isinstance(error, UsageError) else 1


def _end(number: int, _frame: "FrameType | None") -> None:
    """As an exception, so that what is half written is taken away."""
    sys.exit(128 + number)


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from voxcor.cli.commands import app

    return app
