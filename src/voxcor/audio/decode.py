"""Bytes in, samples out: every source and format that Voxcor accepts, and every way one can fail.

`open_audio` streams a recording in blocks; `decode` collects it. libsndfile is asked first, FFmpeg
next; MP3 goes to FFmpeg at once, because libsndfile's MP3 library writes to stderr.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from voxcor.audio.decoders import (
    Decoder,
    DecoderError,
    FloatArray,
    NoAudioTrack,
    open_ffmpeg,
    open_sndfile,
    to_float,
)
from voxcor.audio.headers import Container, contradicts_extension, holds_mpeg, missing_bytes, sniff
from voxcor.audio.reader import HashedReader, open_reader, unreadable
from voxcor.errors import (
    AudioCorrupt,
    AudioTruncated,
    EmptyInput,
    InputError,
    InvalidSamples,
    NotAudio,
    UsageError,
)
from voxcor.language import say

Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[NDArray[Any], int]

# Rates of recordings lie within; a header of 1 Hz would make gigabytes of a kilobyte.
LOWEST_RATE = 4_000
HIGHEST_RATE = 768_000

# Beyond any integer format's range read as float: damage, and squares that overflow float32.
LOUDEST = 2.0**32

# An array of more columns than this is [channels, samples] by mistake.
MOST_CHANNELS = 64

# Headers count padding and themselves now and then; less than this is not worth an error.
TOLERATED_LOSS_S = 0.1


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording: `samples` float32 `[N, C]` at its own rate, full scale 1.

    `sha256` is that of the file's bytes, or of the float32 samples of an array. `warnings` are
    codes of `voxcor.audio.quality`.
    """

    name: str
    samples: FloatArray
    sample_rate: int
    sha256: str
    warnings: tuple[str, ...] = ()

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
            self.warnings,
            iter([self.samples]),
            lambda: self.sha256,
        )


@dataclass(frozen=True, slots=True)
class AudioStream:
    """A recording that is being decoded.

    `blocks` gives float32 `[n, channels]` once, in order, and raises what `decode` raises.
    `sha256()` is known when they are through. `expected` is how many samples per channel the header
    promises, None where it does not.
    """

    name: str
    sample_rate: int
    channels: int
    warnings: tuple[str, ...]
    blocks: Iterator[FloatArray]
    sha256: Callable[[], str]
    expected: int | None = None


def decode(source: Source, *, name: str | None = None) -> Recording:
    """The whole recording.

    Args:
        source: a path, the bytes of a file, a binary file object (also a pipe), or
            `(samples, sample_rate)` with samples `[N]` or `[N, C]`, float or 8 to 32-bit integer.
        name: what errors and results call it; by default the path, or `<bytes>` and the like.

    Raises:
        InputNotFound, InputUnreadable: the file cannot be had.
        EmptyInput, NotAudio: there is no audio in it.
        AudioTruncated, AudioCorrupt: there is, but not all that there should be.
        InvalidSamples: NaN, infinity or absurdly large numbers among the samples.
        UsageError: none of these sources, an array that cannot be samples, or a file object opened
            as text.
    """
    with open_audio(source, name=name) as stream:
        samples = np.concatenate([*stream.blocks])
        return Recording(stream.name, samples, stream.sample_rate, stream.sha256(), stream.warnings)


@contextmanager
def open_audio(source: Source, *, name: str | None = None) -> Iterator[AudioStream]:
    """The recording as a stream of blocks, in bounded memory; arguments and errors as `decode`."""
    default_name = _name_of(source)
    name = name or default_name
    if isinstance(source, tuple):
        yield _stream_array(*source, name)
        return
    with open_reader(source, name) as reader, ExitStack() as stack:
        if reader.size == 0:
            raise EmptyInput(name=name)
        container = sniff(reader)
        file = _File(name, reader, container, missing_bytes(reader, container))
        decoder = _open_decoder(file, stack)
        yield AudioStream(
            name,
            decoder.sample_rate,
            decoder.channels,
            ("wrong_extension",) if contradicts_extension(name, container) else (),
            _checked_blocks(file, decoder),
            reader.sha256,
            decoder.expected,
        )


@dataclass(frozen=True, slots=True)
class _File:
    """What is known of a file before it is decoded."""

    name: str
    reader: HashedReader
    container: Container | None
    missing_bytes: int

    def failure(self, found_s: float, reason: str, *, cut: bool = False) -> InputError:
        """The error that fits when decoding ends after `found_s` seconds for `reason`."""
        if self.reader.error:
            return unreadable(self.name, self.reader.error)
        if cut or self.missing_bytes:
            return AudioTruncated(name=self.name, found_s=found_s)
        if self.container is None and found_s == 0:
            return NotAudio(name=self.name)
        return AudioCorrupt(name=self.name, found_s=found_s, reason=reason)

    def emptiness(self) -> InputError:
        """The error for a file that has no samples, and no complaint either."""
        if self.missing_bytes:
            return AudioTruncated(name=self.name, found_s=0.0)
        return EmptyInput(name=self.name) if self.container else NotAudio(name=self.name)


def _open_decoder(file: _File, stack: ExitStack) -> Decoder:
    is_mpeg = holds_mpeg(file.reader, file.container)
    for opener in (open_ffmpeg,) if is_mpeg else (open_sndfile, open_ffmpeg):
        file.reader.seek(0)
        try:
            decoder = stack.enter_context(opener(file.reader))
        except NoAudioTrack as error:
            raise file.emptiness() from error
        except DecoderError as error:
            refusal = error
            continue
        if not LOWEST_RATE <= decoder.sample_rate <= HIGHEST_RATE:
            rate = decoder.sample_rate
            raise file.failure(0.0, say(f"a sample rate of {rate} Hz", f"采样率为 {rate} Hz"))
        return decoder
    raise file.failure(0.0, str(refusal)) from refusal


def _checked_blocks(file: _File, decoder: Decoder) -> Iterator[FloatArray]:
    """The decoder's blocks; at their end, an error if that is not the recording's own."""
    found = 0
    refusal: DecoderError | None = None
    try:
        for block in decoder.blocks:
            _check_sound(block, found, decoder.sample_rate, file.name)
            found += len(block)
            yield block
    except DecoderError as error:
        refusal = error

    found_s = found / decoder.sample_rate
    missing_s = (decoder.expected or found) / decoder.sample_rate - found_s
    lost_s = max(missing_s, found_s * file.missing_bytes / file.reader.size)
    # A page of Ogg may hold seconds, and is lost whole.
    half_page = file.container == "ogg" and file.missing_bytes > 0
    if refusal or file.reader.error or lost_s > TOLERATED_LOSS_S or half_page:
        # FLAC counts samples where the others count bytes.
        cut = file.container == "flac" and missing_s > 0 and file.reader.reached_end
        reason = str(refusal or say("parts of it are missing", "部分数据缺失"))
        raise file.failure(found_s, reason, cut=cut) from refusal
    if not found:
        raise file.emptiness()


def _stream_array(samples: NDArray[Any], sample_rate: int, name: str) -> AudioStream:
    samples = np.asarray(samples)
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim != 2 or samples.shape[1] > MOST_CHANNELS:
        raise UsageError(
            reason_en=f"{name}: samples must be [N] or [N, channels], not {[*samples.shape]}.",
            reason_zh=f"{name}:采样数组的形状应为 [N] 或 [N, 声道数],而不是 {[*samples.shape]}。",
        )
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE or sample_rate != int(sample_rate):
        raise UsageError(
            reason_en=f"{name}: {sample_rate} is not a sample rate in Hz.",
            reason_zh=f"{name}:{sample_rate} 不是有效的采样率(Hz)。",
        )
    try:
        block = np.ascontiguousarray(to_float(samples))
    except TypeError as error:
        raise UsageError(
            reason_en=f"{name}: samples must be float or 8, 16 or 32-bit integer, not {error}.",
            reason_zh=f"{name}:采样须为浮点数或 8、16、32 位整数,而不是 {error}。",
        ) from error
    if not len(block):
        raise EmptyInput(name=name)
    _check_sound(block, 0, sample_rate, name)
    digest = hashlib.sha256(block.astype("<f4", copy=False).data).hexdigest
    return AudioStream(name, int(sample_rate), block.shape[1], (), iter([block]), digest)


def _check_sound(block: FloatArray, position: int, sample_rate: int, name: str) -> None:
    is_sound = np.abs(block) <= LOUDEST  # NaN is not
    if not is_sound.all():
        first = position + int(is_sound.all(axis=1).argmin())
        raise InvalidSamples(name=name, at_s=first / sample_rate)


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
            reason_zh="数组需要附带采样率:请传入 (samples, sample_rate)。",
        )
    if not hasattr(source, "read"):
        kind = type(source).__name__
        raise UsageError(
            reason_en=f"A {kind} is no recording: pass a path, bytes, a binary file object, or "
            "(samples, sample_rate).",
            reason_zh=f"{kind} 不是音频来源:请传入路径、bytes、二进制文件对象或 "
            "(samples, sample_rate)。",
        )
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<file>"
