"""Any rate and any number of channels to what the models take: 16 kHz, mono."""

import numpy as np

from voxcor.audio.decoders import FloatArray
from voxcor.audio.mixing import Mixer
from voxcor.frames import SAMPLE_RATE


def mix_to_mono(samples: FloatArray, channel: int | None = None) -> FloatArray:
    """One channel, or all of them as `voxcor.audio.mixing` mixes them: `[N, C]` to `[N]`.

    That is their mean, unless it loses what they hold.
    """
    return Mixer().mix(samples) if channel is None else samples[:, channel]


def resampled_length(num_samples: int, sample_rate: int, to_rate: int = SAMPLE_RATE) -> int:
    """`num_samples * to_rate / sample_rate`, rounded half up."""
    return (2 * num_samples * to_rate + sample_rate) // (2 * sample_rate)


def resample(samples: FloatArray, sample_rate: int) -> FloatArray:
    """`[N]` at `sample_rate` to exactly `resampled_length` samples at 16 kHz, without delay.

    Sample `n` of the result is the sound at `n / 16000` s of the input: the filter is linear in
    phase, and its delay is taken out.
    """
    resampler = Resampler(sample_rate)
    return np.concatenate([resampler.push(samples), resampler.finish()])


class Resampler:
    """The same, block by block; how the input is cut changes no bit of the output.

    Blocks are `[n]`, of several `channels` `[n, C]`. Another rate than that of the models is
    `to_rate`.
    """

    def __init__(
        self, sample_rate: int, to_rate: int = SAMPLE_RATE, channels: int | None = None
    ) -> None:
        self._rates = sample_rate, to_rate
        self._rest = np.empty((0,) if channels is None else (0, channels), np.float32)
        self._received = self._given = 0
        self._stream = None
        if sample_rate != to_rate:
            import soxr

            # HQ is flat to 7.3 kHz and lets nothing above -130 dB pass from beyond 8 kHz, less than
            # float32 samples of speech can hold; VHQ takes longer and has the same pass band.
            self._stream = soxr.ResampleStream(
                sample_rate, to_rate, channels or 1, np.float32, quality="HQ"
            )

    def push(self, block: FloatArray) -> FloatArray:
        """What is known of the output when the next block of the input is."""
        if self._stream is None:
            return block
        part: FloatArray = self._stream.resample_chunk(np.ascontiguousarray(block))
        self._received, self._given = self._received + len(block), self._given + len(part)
        return part

    def finish(self) -> FloatArray:
        """The rest of the output."""
        if self._stream is None:
            return self._rest
        rest = resampled_length(self._received, *self._rates) - self._given
        part = self._stream.resample_chunk(self._rest, last=True)[:rest]
        return np.pad(part, [(0, rest - len(part))] + [(0, 0)] * (part.ndim - 1))
