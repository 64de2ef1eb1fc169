"""A part of a recording, heard while its label is asked for: where anything here can play it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

# Players that find a part of a file themselves; nothing has to be cut out for them.
_PLAYERS = {
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "quiet", "-ss", "{start}", "-t", "{length}"),
    "mpv": ("--no-video", "--really-quiet", "--start={start}", "--length={length}"),
}


@contextmanager
def playing(path: Path, start: float, end: float) -> Iterator[bool]:
    """Plays a part while the block runs, in seconds; whether it can be heard.

    sounddevice plays it where it is installed (extra `mic`), else ffplay or mpv.
    """
    if not path.is_file():
        yield False
    elif (sounddevice := _started(path, start, end)) is not None:
        try:
            yield True
        finally:
            sounddevice.stop()
    elif (command := _command(path, start, end)) is not None:
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as process:
            try:
                yield True
            finally:
                process.terminate()
    else:
        yield False


def _started(path: Path, start: float, end: float) -> Any | None:
    """sounddevice, which plays it; None where it is not there or finds nothing to play on."""
    try:
        sounddevice = import_module("sounddevice")
    except (ImportError, OSError):  # OSError: PortAudio, which it needs, is missing
        return None
    from voxcor.errors import InputError
    from voxcor.frames import SAMPLE_RATE
    from voxcor.library.listening import samples_of_part
    from voxcor.results import milliseconds

    try:
        samples = samples_of_part(path, (milliseconds(start), milliseconds(end)))
        sounddevice.play(samples, SAMPLE_RATE)
    except (InputError, sounddevice.PortAudioError, ValueError, OSError):
        return None
    return sounddevice


def _command(path: Path, start: float, end: float) -> list[str] | None:
    player = next((name for name in _PLAYERS if shutil.which(name)), None)
    if player is None:
        return None
    times = {"start": f"{start:.3f}", "length": f"{end - start:.3f}"}
    return [player, *(part.format(**times) for part in _PLAYERS[player]), str(path.absolute())]
