"""Untrusted media are decoded in processes of their own, with limits on time, memory and disk.

A file that crashes libsndfile or FFmpeg, or makes it take gigabytes, ends such a process and not
the server. `DecoderPool` keeps a few of them. Each takes requests as lines of JSON, and writes what
a model takes, 16 kHz and a file a channel, block by block; whoever asked takes the files over. So
hours need the memory of seconds at both ends, and each bound of a decoding is one of these:

- recordings: regular files, of no more bytes than the longest can have;
- length: the longest recording, in minutes, and eight times as many for all channels together;
- disk: half of what is free where the samples go;
- memory: of the process, address space;
- time: of the processor, in proportion to the bytes and the seconds, held by the kernel; and a
  process that says nothing for minutes, because a share hangs, is ended.

This module is both ends: `python -m voxcor.audio.isolated` is the process.
"""

import contextlib
import json
import math
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np

from voxcor.audio import DecodingOptions, Mono, open_audio
from voxcor.audio.decoders import FloatArray
from voxcor.audio.mono import decode_channels
from voxcor.audio.reader import open_regular
from voxcor.audio.relay import PLAINLY
from voxcor.audio.resample import resampled_length
from voxcor.cancellation import Cancellation
from voxcor.disk.array import MEMORY_BYTES, Rows, adopted
from voxcor.disk.faults import megabytes, storage_errors
from voxcor.errors import (
    AudioTooLong,
    DecodingFailed,
    DiskFull,
    TooManyChannels,
    VoxcorError,
    error_from,
)
from voxcor.frames import SAMPLE_RATE
from voxcor.language import Language, language, speaking

# Of a process; a block of a minute comes every second or faster, unless what it waits for hangs.
LONGEST_SILENCE_S = 180.0

# Seconds of CPU: at the beginning, and for what has been read and decoded since. Everything that is
# known decodes ten times as fast, one channel or two, on a slow machine; a bomb does not.
BASE_CPU_S = 60
CPU_S_PER_AUDIO_S = 0.1
CPU_S_PER_BYTE = 1e-8

# Address space, not memory: the libraries alone map a gigabyte.
MOST_MEMORY = 4 << 30

# Taken one by one: more than any recorder on a table has; each costs a pass of the model.
MOST_CHANNELS = 32

# Full-length channels: beyond so many they may only be shorter.
MOST_LEGS = 8

# 192 kHz in stereo, or 48 kHz in eight channels, of 32 bit: recordings of more are not found.
MOST_BYTES_PER_S = 192_000 * 2 * 4


@dataclass(frozen=True, slots=True)
class _DecodeRequest:
    """What a process is asked: decode `path`, write its channels to `samples`, by number."""

    path: str
    name: str
    samples: str
    separate: bool
    options: DecodingOptions
    language: Language


class DecoderPool:
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

    def decode(
        self,
        path: Path,
        name: str,
        folder: Path,
        cancellation: Cancellation,
        *,
        separate: bool = False,
        options: DecodingOptions = PLAINLY,
    ) -> list[Mono[Rows]]:
        """A recording as a model takes it: the mean of all channels, or each of them alone.

        Args:
            path: the file.
            name: what errors and results call it.
            folder: where there is space for the samples, for one decoding at a time. What does not
                fit in memory stays there, without a name.
            cancellation: ends the work from another thread.
            separate: each channel alone.
            options: as for `voxcor.audio.decode`.

        Raises:
            InputError, UsageError: as `voxcor.audio.decode`.
            DecodingFailed: the process died, or was too slow.
            AudioTooLong: there is more of it than allowed.
            TooManyChannels: more than are taken one by one.
            StorageError: the disk.
            Cancelled: `cancellation` was set.
        """
        samples = folder / "samples.f32"
        request = _DecodeRequest(str(path), name, str(samples), separate, options, language())
        process = self._free.get()
        try:
            if process is not None and not process.alive:
                process.close()
                process = None
            process = process or _Process(self._maximum_min)
            with cancellation.stopping(process.kill):
                reply = process.ask(request)
            cancellation.check()
            if reply is None:
                raise DecodingFailed(name=name)
            if error := reply.get("error"):
                raise error_from(error) or DecodingFailed(name=name)
            return _taken(samples, name, reply)
        finally:
            self._free.put(process)
            for left in folder.glob(f"{samples.name}.*"):
                left.unlink(missing_ok=True)

    def close(self) -> None:
        """Ends the processes, when the requests they work on are done."""
        for _ in range(self._count):
            if process := self._free.get():
                process.close()


def _taken(samples: Path, name: str, reply: dict[str, Any]) -> list[Mono[Rows]]:
    chosen: list[int | None] = reply["chosen"]
    with storage_errors(samples):
        return [
            Mono(
                name=name,
                samples=adopted(_file_of(samples, channel), MEMORY_BYTES // len(chosen)),
                duration=reply["duration"],
                sample_rate=reply["sample_rate"],
                channels=reply["channels"],
                sha256=reply["sha256"],
                clipping=clipping,
                warnings=tuple(reply["warnings"]),
                details=reply["details"],
                channel=channel,
            )
            for channel, clipping in zip(chosen, reply["clipping"], strict=True)
        ]


class _Process:
    """A decoding process, for one thread at a time."""

    def __init__(self, maximum_min: int) -> None:
        secret = "VOXCOR_API_KEY"
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(maximum_min)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != secret},
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: _DecodeRequest) -> dict[str, Any] | None:
        """The reply; None where the process died of the request, hung, or was killed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
            self._process.stdin.flush()
            line = self._line()
            while line == _ALIVE:
                line = self._line()
        except BrokenPipeError:
            line = b""
        if not line:
            self.close()
            return None
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        timer = threading.Timer(LONGEST_SILENCE_S, self.kill)
        timer.start()
        try:
            return self._process.stdout.readline()
        finally:
            timer.cancel()

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()


# What a process says from block to block.
_ALIVE = b"\n"


def require_size(size: int, name: str, maximum_min: int) -> None:
    """Looks whether a recording of so many bytes can be one of so many minutes.

    Raises:
        AudioTooLong: it cannot, whatever its format.
    """
    if size > maximum_min * 60 * MOST_BYTES_PER_S:
        raise AudioTooLong(name=name, maximum_min=maximum_min)


def _file_of(samples: Path, channel: int | None) -> Path:
    return samples.with_name(f"{samples.name}.{'mix' if channel is None else channel}")


def _decode(request: _DecodeRequest, maximum_min: int, replies: BinaryIO) -> dict[str, Any]:
    samples = Path(request.samples)
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(storage_errors(samples.parent))
            file = stack.enter_context(open_regular(Path(request.path), request.name))
            size = os.fstat(file.fileno()).st_size
            require_size(size, request.name, maximum_min)
            cpu = _CpuTime(BASE_CPU_S + size * CPU_S_PER_BYTE)
            stream = stack.enter_context(
                open_audio(file, name=request.name, options=request.options)
            )
            chosen = range(stream.channels) if request.separate else [None]
            if len(chosen) > MOST_CHANNELS:
                raise TooManyChannels(
                    name=request.name, channels=len(chosen), maximum=MOST_CHANNELS
                )
            expected = stream.expected and resampled_length(stream.expected, stream.sample_rate)
            bounds = _Bounds(request, len(chosen), maximum_min)
            bounds.require(len(chosen) * (expected or 0))
            told_at = time.monotonic()

            def take(file: IO[bytes], part: FloatArray) -> None:
                nonlocal told_at
                seconds = bounds.take(part)
                file.write(np.ascontiguousarray(part, "<f4").data)
                if time.monotonic() > told_at + 1:
                    told_at = time.monotonic()
                    cpu.allow(CPU_S_PER_AUDIO_S * seconds)
                    replies.write(_ALIVE)
                    replies.flush()

            sinks = {
                channel: partial(take, stack.enter_context(_file_of(samples, channel).open("wb")))
                for channel in chosen
            }
            duration, clipping = decode_channels(stream, sinks)
            return {
                "chosen": list(chosen),
                "duration": duration,
                "channels": stream.channels,
                "sample_rate": stream.sample_rate,
                "sha256": stream.sha256(),
                "clipping": clipping,
                "warnings": stream.warnings,
                "details": stream.details,
            }
    except VoxcorError as error:
        return {"error": error.to_dict()}
    except MemoryError:
        return {"error": DecodingFailed(name=request.name).to_dict()}


class _Bounds:
    """How much of one recording may come to lie on the disk, of all channels together."""

    def __init__(self, request: _DecodeRequest, channels: int, maximum_min: int) -> None:
        self._name = request.name
        self._folder = Path(request.samples).parent
        self._channels = channels
        self._maximum_min = maximum_min * min(channels, MOST_LEGS) / channels
        self._free = shutil.disk_usage(self._folder).free // 2
        self._taken = 0  # samples

    def take(self, part: FloatArray) -> float:
        """The seconds of the recording that there are with this part of a channel."""
        self._taken += len(part)
        self.require(self._taken)
        return self._taken / self._channels / SAMPLE_RATE

    def require(self, count: int) -> None:
        """Looks whether so many samples may come."""
        if count > self._channels * self._maximum_min * 60 * SAMPLE_RATE:
            raise AudioTooLong(name=self._name, maximum_min=int(self._maximum_min))
        if 4 * count > self._free:
            raise DiskFull(path=str(self._folder), needed_mb=megabytes(2 * 4 * count))


class _CpuTime:
    """What a request may take of the processor; the kernel ends a process that takes more."""

    def __init__(self, seconds: float) -> None:
        self._allowed = time.process_time() + seconds
        self.allow(0)

    def allow(self, seconds: float) -> None:
        """So much beyond what it began with."""
        _limit("RLIMIT_CPU", math.ceil(self._allowed + seconds), hard=False)


def _limit(kind: str, most: int, *, hard: bool = True) -> None:
    if sys.platform == "win32":
        return
    import resource

    number = getattr(resource, kind)
    _, highest = resource.getrlimit(number)
    allowed = most if highest == resource.RLIM_INFINITY else min(most, highest)
    # macOS has no limit on address space to set.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(number, (allowed, allowed if hard else highest))


def _serve(maximum_min: int, requests: BinaryIO, replies: BinaryIO) -> None:
    _limit("RLIMIT_AS", MOST_MEMORY)
    _limit("RLIMIT_FSIZE", maximum_min * 60 * SAMPLE_RATE * 4)
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_NOFILE", 64)
    for line in requests:
        asked = json.loads(line)
        request = _DecodeRequest(**{**asked, "options": DecodingOptions(**asked["options"])})
        with speaking(request.language):
            reply = _decode(request, maximum_min, replies)
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
