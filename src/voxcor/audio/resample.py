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
    if sample_rate == SAMPLE_RATE:
        return samples
    import soxr

    # HQ is flat to 7.3 kHz and lets nothing above -130 dB pass from beyond 8 kHz, less than
    # float32 samples of speech can hold; VHQ takes longer and has the same pass band.
    resampled = soxr.resample(samples, sample_rate, SAMPLE_RATE, quality="HQ")
    length = resampled_length(len(samples), sample_rate)
    return np.pad(resampled[:length], (0, max(0, length - len(resampled))))
