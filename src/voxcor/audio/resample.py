"""Any rate and any number of channels to what the models hear: 16 kHz, mono."""

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
    resampler = Resampler(sample_rate)
    return np.concatenate([resampler.push(samples), resampler.finish()])


class Resampler:
    """The same, block by block; how the input is cut changes no bit of the output."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._received = self._given = 0
        self._stream = None
        if sample_rate != SAMPLE_RATE:
            import soxr

            # HQ is flat to 7.3 kHz and lets nothing above -130 dB pass from beyond 8 kHz, less than
            # float32 samples of speech can hold; VHQ takes longer and has the same pass band.
            self._stream = soxr.ResampleStream(
                sample_rate, SAMPLE_RATE, 1, np.float32, quality="HQ"
            )

    def push(self, block: FloatArray) -> FloatArray:
        """What is known of the output when the next `[n]` of the input are."""
        if self._stream is None:
            return block
        part: FloatArray = self._stream.resample_chunk(np.ascontiguousarray(block))
        self._received, self._given = self._received + len(block), self._given + len(part)
        return part

    def finish(self) -> FloatArray:
        """The rest of the output."""
        if self._stream is None:
            return np.empty(0, np.float32)
        rest = resampled_length(self._received, self._sample_rate) - self._given
        part = self._stream.resample_chunk(np.empty(0, np.float32), last=True)[:rest]
        return np.pad(part, (0, rest - len(part)))
