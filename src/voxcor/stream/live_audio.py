"""Where live audio comes from: the microphone, a pipe, or a file played through.

Each gives blocks of 16 kHz mono with the time at which they came, for `voxcor.stream.session.Pace`.
"""

import queue
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np

from voxcor.audio import Source, open_audio
from voxcor.audio.bare import BareSamples
from voxcor.audio.decoders import Details, FloatArray
from voxcor.audio.mixing import Mixer
from voxcor.errors import InputUnreadable, MicrophoneFailed
from voxcor.extras import installing
from voxcor.frames import SAMPLE_RATE
from voxcor.stream.session import samples_of

BLOCK_SAMPLES = SAMPLE_RATE // 10  # samples

# What may wait for recognition. Interim measurements are left out long before that.
MOST_WAITING_S = 30

# A microphone sends silence too; one that sends nothing has been unplugged.
MOST_SILENT_S = 10.0


@dataclass(frozen=True, slots=True)
class LiveBlock:
    """Samples float32 `[n]` at 16 kHz; `arrived` is a `time.monotonic`, None if not live."""

    samples: FloatArray
    arrived: float | None


def microphone() -> Iterator[LiveBlock]:
    """The default microphone, without end.

    Raises:
        MicrophoneFailed: there is none, its library is missing, or recognition cannot keep up.
    """
    sounddevice = _sounddevice()
    waiting: queue.SimpleQueue[LiveBlock] = queue.SimpleQueue()

    def receive(data: Any, _frames: int, _time: Any, _status: Any) -> None:
        waiting.put(LiveBlock(samples_of(bytes(data)), time.monotonic()))

    try:
        rate = round(sounddevice.query_devices(kind="input")["default_samplerate"])
        opened = sounddevice.RawInputStream(
            samplerate=rate, blocksize=rate // 10, channels=1, dtype="int16", callback=receive
        )
        with opened:
            arrived = time.monotonic()

            def blocks() -> Iterator[FloatArray]:
                nonlocal arrived
                while waiting.qsize() <= 10 * MOST_WAITING_S:
                    block = waiting.get(timeout=MOST_SILENT_S)
                    arrived = block.arrived or arrived
                    yield block.samples
                raise MicrophoneFailed(
                    reason_en="recognition is slower than speech here; try --model small.",
                    reason_zh="本机的识别速度跟不上语音；请尝试 --model small。",
                )

            for samples in resampled(blocks(), rate):
                yield LiveBlock(samples, arrived)
    except queue.Empty as error:
        raise MicrophoneFailed(
            reason_en=f"nothing has come from it for {MOST_SILENT_S:.0f} s; is it still there?",
            reason_zh=f"已有 {MOST_SILENT_S:.0f} 秒没有收到任何数据；设备是否已断开？",
        ) from error
    except (sounddevice.PortAudioError, ValueError, OSError) as error:
        raise MicrophoneFailed(reason_en=f"{error}.", reason_zh=f"{error}。") from error


def pipe(file: BinaryIO) -> Iterator[LiveBlock]:
    """s16le 16 kHz mono from a pipe, as it comes.

    Raises:
        NotBareSamples: it carries something else.
        InvalidAudioFrame: it ends within a sample.
    """
    bare = BareSamples()
    while data := _read_some(file):
        yield LiveBlock(samples_of(bare.push(data)), time.monotonic())
    yield LiveBlock(samples_of(bare.finish()), time.monotonic())


def played(
    source: Source, *, name: str, fast: bool, noticed: dict[str, Details] | None = None
) -> Iterator[LiveBlock]:
    """A recording of any format, as fast as it was spoken, or as fast as it goes.

    At its end `noticed` gets what decoding warns of, and what fills the sentence of each.

    Raises:
        InputError: as `voxcor.audio.decode`.
    """
    with open_audio(source, name=name) as stream:
        started, position, mixer = time.monotonic(), 0, Mixer()
        for samples in resampled(map(mixer.mix, stream.blocks), stream.sample_rate):
            for start in range(0, len(samples), BLOCK_SAMPLES):
                block = samples[start : start + BLOCK_SAMPLES]
                if fast:
                    yield LiveBlock(block, None)
                    continue
                position += len(block)
                due = started + position / SAMPLE_RATE
                time.sleep(max(0.0, due - time.monotonic()))
                yield LiveBlock(block, due)
        if noticed is not None:
            noticed |= stream.noticed | ({"opposite_phase": {}} if mixer.opposed else {})


def resampled(blocks: Iterable[FloatArray], sample_rate: int) -> Iterator[FloatArray]:
    """Mono blocks at 16 kHz: together exactly what `voxcor.audio.resample` makes of the whole."""
    if sample_rate == SAMPLE_RATE:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _sounddevice() -> Any:
    try:
        return import_module("sounddevice")
    except ImportError as error:
        raise MicrophoneFailed(
            reason_en=f"install its library: {installing('mic')}",
            reason_zh=f"请安装所需的库：{installing('mic')}",
        ) from error
    except OSError as error:  # sounddevice is there, PortAudio is not
        raise MicrophoneFailed(
            reason_en="PortAudio is missing; on Debian and Ubuntu: apt install libportaudio2.",
            reason_zh="缺少 PortAudio；Debian 和 Ubuntu 上请运行：apt install libportaudio2。",
        ) from error


def _read_some(file: BinaryIO) -> bytes:
    read = getattr(file, "read1", file.read)
    try:
        data: bytes = read(2 * BLOCK_SAMPLES)
    except OSError as error:
        raise InputUnreadable(name="<stdin>", reason=error.strerror or str(error)) from error
    return data
