"""A recording of any length as a model hears it, 16 kHz and mono, decoded as a stream.

One pass through the file, piece by piece: what its own channels and rate tell is measured, then
they are mixed and resampled. Up to some minutes stays in memory; more goes to the disk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from voxcor.audio.decode import AudioStream
from voxcor.audio.decoders import FloatArray
from voxcor.audio.quality import ClippingMeter
from voxcor.audio.resample import mix_to_mono, resampled, resampled_length
from voxcor.disk.array import MEMORY_BYTES, Rows, Spool
from voxcor.errors import UsageError

Samples = TypeVar("Samples", bound=Rows, covariant=True)

# Decoders give a second or less, for which numpy's and soxr's calls cost more than their work.
PIECE = 1 << 21  # samples of all channels, 8 MB


@dataclass(frozen=True, slots=True)
class Mono(Generic[Samples]):
    """A recording that was decoded: `samples` float32 `[N]` at 16 kHz, in memory or on the disk.

    The rest is of the recording as it came: `duration` in seconds, `clipping` the share of samples
    at full scale, of the channels that are heard.
    """

    name: str
    samples: Samples
    duration: float
    sample_rate: int
    channels: int
    sha256: str
    clipping: float
    warnings: tuple[str, ...]


def to_mono(
    stream: AudioStream, *, channel: int | None = None, memory_bytes: int = MEMORY_BYTES
) -> Mono[Rows]:
    """Decodes a recording to its end.

    Args:
        stream: what `open_audio` gives.
        channel: hear only this one, from 0; None for the mean of all.
        memory_bytes: what is kept in memory; more goes to a temporary file.

    Raises:
        InputError: as `decode`.
        DiskFull: there is no space for the temporary file.
        UsageError: no such channel.
    """
    _require_channel(stream, channel)
    expected = stream.expected and 4 * resampled_length(stream.expected, stream.sample_rate)
    spool = Spool(expected_bytes=expected, memory_bytes=memory_bytes)
    clipping = ClippingMeter(stream.sample_rate)
    count = 0

    def heard() -> Iterator[FloatArray]:
        nonlocal count
        for piece in _pieces(stream.blocks):
            count += len(piece)
            clipping.hear(piece if channel is None else piece[:, [channel]])
            yield mix_to_mono(piece, channel)

    for part in resampled(heard(), stream.sample_rate):
        spool.append(part)
    return Mono(
        name=stream.name,
        samples=spool.finish(),
        duration=count / stream.sample_rate,
        sample_rate=stream.sample_rate,
        channels=stream.channels,
        sha256=stream.sha256(),
        clipping=clipping.share(),
        warnings=stream.warnings,
    )


def _pieces(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """The same samples `[n, C]` in pieces of about `PIECE`, the last one of what is left."""
    waiting: list[FloatArray] = []
    size = 0
    for block in blocks:
        length = -(-PIECE // block.shape[1])
        for start in range(0, len(block), length):
            waiting.append(block[start : start + length])
            size += waiting[-1].size
            if size >= PIECE:
                yield _joined(waiting)
                waiting, size = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[FloatArray]) -> FloatArray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _require_channel(stream: AudioStream, channel: int | None) -> None:
    if channel is None or 0 <= channel < stream.channels:
        return
    last = stream.channels - 1
    raise UsageError(
        reason_en=f"{stream.name}: there is no channel {channel}; its channels are 0 to {last}.",
        reason_zh=f"{stream.name}:没有声道 {channel};可用声道为 0 到 {last}。",
    )
