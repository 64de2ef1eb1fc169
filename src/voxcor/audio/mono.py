"""A recording of any length as models take it, 16 kHz and mono, decoded as a stream.

One pass through the file, piece by piece: what its own channels and rate tell is measured, then
they are mixed, or taken one by one, and resampled. Up to some minutes stays in memory; more goes to
the disk.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from voxcor.audio.decode import AudioStream
from voxcor.audio.decoders import Details, FloatArray
from voxcor.audio.mixing import Mixer, piece_length
from voxcor.audio.quality import ClippingMeter
from voxcor.audio.resample import Resampler, resampled_length
from voxcor.cancellation import checkpoint
from voxcor.disk.array import MEMORY_BYTES, Rows, Spool
from voxcor.errors import UsageError

Samples = TypeVar("Samples", bound=Rows, covariant=True)


@dataclass(frozen=True, slots=True)
class Mono(Generic[Samples]):
    """A recording that was decoded: `samples` float32 `[N]` at 16 kHz, in memory or on the disk.

    The rest is of the recording as it came: `duration` in seconds, `clipping` the share of samples
    at full scale, of the channels taken. `channel` is the one that was taken, from 0, None for the
    mean of all. `details` has what fills the sentences of `warnings`.
    """

    name: str
    samples: Samples
    duration: float
    sample_rate: int
    channels: int
    sha256: str
    clipping: float
    warnings: tuple[str, ...]
    channel: int | None = None
    details: Mapping[str, Details] = field(default_factory=dict)


def to_mono(
    stream: AudioStream, *, channel: int | None = None, memory_bytes: int = MEMORY_BYTES
) -> Mono[Rows]:
    """Decodes a recording to its end.

    Args:
        stream: what `open_audio` gives.
        channel: take only this one, from 0; None for the mean of all.
        memory_bytes: what is kept in memory; more goes to a temporary file.

    Raises:
        InputError: as `decode`.
        DiskFull: there is no space for the temporary file.
        UsageError: no such channel.
    """
    _require_channel(stream, channel)
    expected = stream.expected and 4 * resampled_length(stream.expected, stream.sample_rate)
    spool = Spool(expected_bytes=expected, memory_bytes=memory_bytes)
    duration, (clipping,) = decode_channels(stream, {channel: spool.append})
    return Mono(
        name=stream.name,
        samples=spool.finish(),
        duration=duration,
        sample_rate=stream.sample_rate,
        channels=stream.channels,
        sha256=stream.sha256(),
        clipping=clipping,
        warnings=stream.warnings,
        channel=channel,
        details=stream.details,
    )


def decode_channels(
    stream: AudioStream, sinks: Mapping[int | None, Callable[[FloatArray], None]]
) -> tuple[float, list[float]]:
    """Decodes a recording to its end, all the channels that are asked for in one pass.

    Args:
        stream: what `open_audio` gives.
        sinks: by channel, None for the mean of all: takes its samples at 16 kHz, part by part.

    Returns:
        the seconds of the recording as it came, and the clipping of each channel asked for.

    Raises:
        InputError: as `decode`; and what a sink raises.
    """
    resamplers = {channel: Resampler(stream.sample_rate) for channel in sinks}
    clipping = {channel: ClippingMeter(stream.sample_rate) for channel in sinks}
    mixer = Mixer()
    count = 0
    for piece in _pieces(stream.blocks, piece_length(stream.channels)):
        checkpoint()
        count += len(piece)
        for channel, sink in sinks.items():
            clipping[channel].push(piece if channel is None else piece[:, [channel]])
            mono = mixer.mix(piece) if channel is None else piece[:, channel]
            sink(resamplers[channel].push(mono))
    for channel, sink in sinks.items():
        sink(resamplers[channel].finish())
    if mixer.opposed:
        stream.noticed["opposite_phase"] = {}
    return count / stream.sample_rate, [clipping[channel].share() for channel in sinks]


def _pieces(blocks: Iterable[FloatArray], length: int) -> Iterator[FloatArray]:
    """The same samples `[n, C]` in pieces of `length`, the last one of what is left.

    Decoders give a second or less, for which numpy's and soxr's calls cost more than their work.
    """
    waiting: list[FloatArray] = []
    missing = length
    for block in blocks:
        while len(block) >= missing:
            yield _joined([*waiting, block[:missing]])
            block = block[missing:]
            waiting, missing = [], length
        if len(block):
            waiting.append(block)
            missing -= len(block)
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
        reason_zh=f"{stream.name}：没有声道 {channel}；可用声道为 0 到 {last}。",
    )
