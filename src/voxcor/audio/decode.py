"""Bytes in, samples out: every source and format that Voxcor accepts, and every way one can fail.

`open_audio` streams a recording in blocks; `decode` collects it. libsndfile is asked first, FFmpeg
next; MP3 goes to FFmpeg at once, because libsndfile's MP3 library writes to stderr.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from voxcor.audio.decoders import Details, FloatArray, to_float
from voxcor.audio.reader import open_reader
from voxcor.audio.relay import (
    HIGHEST_RATE,
    LOWEST_RATE,
    PLAINLY,
    DecodingOptions,
    Facts,
    check_sound,
    decoded_blocks,
    in_first_format,
)
from voxcor.errors import EmptyInput, UsageError

Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[NDArray[Any], int]

# An array of more columns than this is [channels, samples] by mistake.
MOST_CHANNELS = 64


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording: `samples` float32 `[N, C]` at its own rate, full scale 1.

    `sha256` is that of the file's bytes, or of the float32 samples of an array. `warnings` are
    codes of `voxcor.audio.quality`, `details` what fills their sentences.
    """

    name: str
    samples: FloatArray
    sample_rate: int
    sha256: str
    warnings: tuple[str, ...] = ()
    details: Mapping[str, Details] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    @property
    def duration(self) -> float:
        """In seconds."""
        return len(self.samples) / self.sample_rate

    def stream(self) -> "AudioStream":
        """The same as a stream of one block."""
        return AudioStream(
            self.name,
            self.sample_rate,
            self.channels,
            iter([self.samples]),
            lambda: self.sha256,
            {code: self.details.get(code, {}) for code in self.warnings},
        )


@dataclass(frozen=True, slots=True)
class AudioStream:
    """A recording that is being decoded.

    `blocks` gives float32 `[n, channels]` once, in order, and raises what `decode` raises.
    `sha256()` and `noticed` are known when they are through: warnings by their codes, and what
    fills their sentences. `expected` is how many samples per channel the header promises, None
    where it does not.
    """

    name: str
    sample_rate: int
    channels: int
    blocks: Iterator[FloatArray]
    sha256: Callable[[], str]
    noticed: dict[str, Details]
    expected: int | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self.noticed)

    @property
    def details(self) -> dict[str, Details]:
        return {code: details for code, details in self.noticed.items() if details}


def decode(
    source: Source, *, name: str | None = None, options: DecodingOptions = PLAINLY
) -> Recording:
    """The whole recording.

    Args:
        source: a path, the bytes of a file, a binary file object (also a pipe), or
            `(samples, sample_rate)` with samples `[N]` or `[N, C]`, float or 8 to 32-bit integer.
        name: what errors and results call it; by default the path, or `<bytes>` and the like.
        options: which sound track, what bytes without a header are, how much may be missing.

    Raises:
        InputNotFound, InputUnreadable: the file cannot be had.
        EmptyInput, NotAudio: there is no audio in it.
        AudioTruncated, AudioCorrupt: there is, but none that can be decoded, or it is damaged.
        InvalidSamples: NaN, infinity or absurdly large numbers among the samples.
        UsageError: none of these sources, an array that cannot be samples, a file object opened
            as text, or a track or raw format that does not exist.
    """
    with open_audio(source, name=name, options=options) as stream:
        samples = np.concatenate([*stream.blocks])
        return Recording(
            stream.name,
            samples,
            stream.sample_rate,
            stream.sha256(),
            stream.warnings,
            stream.details,
        )


@contextmanager
def open_audio(
    source: Source, *, name: str | None = None, options: DecodingOptions = PLAINLY
) -> Iterator[AudioStream]:
    """The recording as a stream of blocks, in bounded memory; arguments and errors as `decode`."""
    default_name = _name_of(source)
    name = name or default_name
    if isinstance(source, tuple):
        yield _stream_array(*source, name)
        return
    with open_reader(source, name) as reader:
        if reader.size == 0:
            raise EmptyInput(name=name)
        facts = Facts()
        blocks = decoded_blocks(reader, name, options, facts)
        try:
            rate, channels, samples = in_first_format(blocks)
            expected = round(facts.expected_s * rate) or None
            yield AudioStream(name, rate, channels, samples, reader.sha256, facts.noticed, expected)
        finally:
            blocks.close()


def _stream_array(samples: NDArray[Any], sample_rate: int, name: str) -> AudioStream:
    samples = np.asarray(samples)
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim != 2 or samples.shape[1] > MOST_CHANNELS:
        raise UsageError(
            reason_en=f"{name}: samples must be [N] or [N, channels], not {[*samples.shape]}.",
            reason_zh=f"{name}：采样数组的形状应为 [N] 或 [N，声道数]，而不是 {[*samples.shape]}。",
        )
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE or sample_rate != int(sample_rate):
        raise UsageError(
            reason_en=f"{name}: {sample_rate} is not a sample rate in Hz.",
            reason_zh=f"{name}：{sample_rate} 不是有效的采样率（Hz）。",
        )
    try:
        block = np.ascontiguousarray(to_float(samples))
    except TypeError as error:
        raise UsageError(
            reason_en=f"{name}: samples must be float or 8, 16 or 32-bit integer, not {error}.",
            reason_zh=f"{name}：采样须为浮点数或 8、16、32 位整数，而不是 {error}。",
        ) from error
    if not len(block):
        raise EmptyInput(name=name)
    check_sound(block, 0.0, sample_rate, name)
    digest = hashlib.sha256(block.astype("<f4", copy=False).data).hexdigest
    return AudioStream(name, int(sample_rate), block.shape[1], iter([block]), digest, {})


def _name_of(source: Source) -> str:
    if isinstance(source, tuple):
        return "<array>"
    if isinstance(source, bytes):
        return "<bytes>"
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, np.ndarray):
        raise UsageError(
            reason_en="An array needs its sample rate: pass (samples, sample_rate).",
            reason_zh="数组需要附带采样率：请传入（samples, sample_rate）。",
        )
    if not hasattr(source, "read"):
        kind = type(source).__name__
        raise UsageError(
            reason_en=f"A {kind} is no recording: pass a path, bytes, a binary file object, or "
            "(samples, sample_rate).",
            reason_zh=f"{kind} 不是音频来源：请传入路径、bytes、二进制文件对象或 "
            "(samples, sample_rate)。",
        )
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<file>"
