"""Untrusted media are decoded in processes of their own, with limits on time, memory and disk.

A file that crashes libsndfile or FFmpeg, or makes it take gigabytes, ends such a process and not
the server. `Decoders` keeps a few of them; each takes orders as lines of JSON, and writes samples
to a file that the server maps and unlinks.

This module is both ends: `python -m voxcor.isolated_decoding` is the process.
"""

import contextlib
import json
import mmap
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from voxcor.audio import Recording, open_audio
from voxcor.disk.faults import storage_errors
from voxcor.errors import AudioTooLong, DecodingFailed, VoxcorError, error_from
from voxcor.language import Language, language, speaking

# The longest recording allowed decodes at fifty times real time or faster; a bomb does not.
LONGEST_DECODING_S = 180.0

# Address space, not memory: the libraries alone map a gigabyte.
MOST_MEMORY = 4 << 30

# Of decoded float32 samples on the disk: two hours of 48 kHz stereo are 2.8 GB.
MOST_DECODED = 4 << 30


class Cancelled(Exception):
    """Whoever asked for the work wants it no longer."""


class Cancellation:
    """Tells work in other threads to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._stop: Callable[[], None] = lambda: None

    def set(self) -> None:
        with self._lock:
            self._is_set = True
            self._stop()

    def check(self) -> None:
        """Raises `Cancelled` where it is set."""
        if self._is_set:
            raise Cancelled

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Within the block, `set` calls `stop` as well."""
        with self._lock:
            self.check()
            self._stop = stop
        try:
            yield
        finally:
            with self._lock:
                self._stop = lambda: None


class Decoders:
    """Decoding processes, started when they are first needed; threads wait for a free one.

    Args:
        count: how many decode at the same time.
        maximum_min: recordings may be so long, in minutes.
    """

    def __init__(self, count: int, maximum_min: int) -> None:
        self._maximum_min = maximum_min
        self._free: queue.LifoQueue[_Process | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)
        self._count = count

    def decode(self, path: Path, name: str, folder: Path, cancellation: Cancellation) -> Recording:
        """A recording, decoded; its samples cannot be written to.

        Args:
            path: the file.
            name: what errors and results call it.
            folder: where there is space for the samples, for one decoding at a time.
            cancellation: ends the work from another thread.

        Raises:
            InputError: as `voxcor.audio.decode`.
            DecodingFailed: the process died, or was too slow.
            AudioTooLong: there is more of it than allowed.
            StorageError: the disk.
            Cancelled: `cancellation` was set.
        """
        samples = folder / "samples.f32"
        order = {
            "path": str(path),
            "name": name,
            "samples": str(samples),
            "maximum_min": self._maximum_min,
            "language": language(),
        }
        process = self._free.get()
        try:
            if process is not None and not process.alive:
                process.close()
                process = None
            process = process or _Process()
            with cancellation.stopping(process.kill):
                reply = process.ask(order)
            cancellation.check()
            if reply is None:
                raise DecodingFailed(name=name)
            if error := reply.get("error"):
                raise error_from(error) or DecodingFailed(name=name)
            shape = (reply["length"], reply["channels"])
            return Recording(
                name=name,
                samples=_mapped(samples).reshape(shape),
                sample_rate=reply["sample_rate"],
                sha256=reply["sha256"],
                warnings=tuple(reply["warnings"]),
            )
        finally:
            self._free.put(process)
            samples.unlink(missing_ok=True)

    def close(self) -> None:
        """Ends the processes, when the orders they work on are done."""
        for _ in range(self._count):
            if process := self._free.get():
                process.close()


class _Process:
    """A decoding process, for one thread at a time."""

    def __init__(self) -> None:
        secret = "VOXCOR_API_KEY"
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != secret},
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, order: dict[str, Any]) -> dict[str, Any] | None:
        """The reply; None where the process died of the order, or was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(LONGEST_DECODING_S, self.kill)
        timer.start()
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        if not line:
            self.close()
            return None
        reply: dict[str, Any] = json.loads(line)
        return reply

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _mapped(path: Path) -> "np.ndarray[Any, np.dtype[np.float32]]":
    with path.open("rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), "<f4")


def _limit() -> None:
    if sys.platform != "win32":
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, MOST_MEMORY),
            (resource.RLIMIT_FSIZE, MOST_DECODED),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, 64),
        ):
            _, hard = resource.getrlimit(kind)
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            # macOS has no limit on address space to set.
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (allowed, allowed))


def _decode(order: dict[str, Any]) -> dict[str, Any]:
    samples = Path(order["samples"])
    try:
        with (
            storage_errors(samples.parent, MOST_DECODED),
            open_audio(order["path"], name=order["name"]) as stream,
            samples.open("wb") as file,
        ):
            maximum = order["maximum_min"] * 60 * stream.sample_rate
            length = 0
            for block in stream.blocks:
                length += len(block)
                if length > maximum or file.tell() + block.nbytes > MOST_DECODED:
                    raise AudioTooLong(name=order["name"], maximum_min=order["maximum_min"])
                file.write(np.ascontiguousarray(block, "<f4").data)
            return {
                "length": length,
                "channels": stream.channels,
                "sample_rate": stream.sample_rate,
                "sha256": stream.sha256(),
                "warnings": stream.warnings,
            }
    except VoxcorError as error:
        return {"error": error.to_dict()}
    except MemoryError:
        return {"error": DecodingFailed(name=order["name"]).to_dict()}


def _serve(orders: BinaryIO, replies: BinaryIO) -> None:
    _limit()
    for line in orders:
        order = json.loads(line)
        spoken: Language = order["language"]
        with speaking(spoken):
            reply = _decode(order)
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
