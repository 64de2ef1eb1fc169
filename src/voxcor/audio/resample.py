"""Any rate and any number of channels to what the models hear: 16 kHz, mono."""

from collections.abc import Iterable, Iterator

import numpy as np

from voxcor.audio.decoders import FloatArray
from voxcor.frames import SAMPLE_RATE


def mix_to_mono(samples: FloatArray, channel: int | None = None) -> FloatArray:
    """The mean of all channels, or one of them: `[N, C]` to `[N]`."""
    if channel is not None:
        return samples[:, channel]
    if samples.shape[1] == 1:
        return samples[:, 0]
    mixed: FloatArray = samples.mean(axis=1, dtype=np.float32)
    return mixed


def resampled_length(num_samples: int, sample_rate: int) -> int:
    """`num_samples * 16000 / sample_rate`, rounded half up."""
    return (2 * num_samples * SAMPLE_RATE + sample_rate) // (2 * sample_rate)


def resample(samples: FloatArray, sample_rate: int) -> FloatArray:
    """`[N]` at `sample_rate` to exactly `resampled_length` samples at 16 kHz, without delay.

    Sample `n` of the result is the sound at `n / 16000` s of the input: the filter is linear in
    phase, and its delay is taken out.
    """
    return np.concatenate([*resampled([samples], sample_rate)])


def resampled(blocks: Iterable[FloatArray], sample_rate: int) -> Iterator[FloatArray]:
    """The same, block by block `[n]`; how the input is cut changes no bit of the output."""
    if sample_rate == SAMPLE_RATE:
        yield from blocks
        return
    import soxr

    # HQ is flat to 7.3 kHz and lets nothing above -130 dB pass from beyond 8 kHz, less than
    # float32 samples of speech can hold; VHQ takes longer and has the same pass band.
    stream = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, np.float32, quality="HQ")
    received = given = 0
    for block in blocks:
        part = stream.resample_chunk(np.ascontiguousarray(block))
        received, given = received + len(block), given + len(part)
        yield part
    rest = resampled_length(received, sample_rate) - given
    part = stream.resample_chunk(np.empty(0, np.float32), last=True)[:rest]
    yield np.pad(part, (0, rest - len(part)))
