"""All channels to one, such that no voice is lost between them.

The mean of two channels in opposite phase is silence: a cable with two wires swapped, a microphone
with the wrong polarity, a player that makes stereo wider. What a mean takes away is compared with
what the channels hold, band by band; where it takes too much, the channels are turned the same way
round, and where that does not help in all bands, the loudest one is heard alone.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from voxcor.audio.decoders import FloatArray

# What is mixed in one way, 8 MB: of stereo at 48 kHz, 22 s.
PIECE_SAMPLES = 1 << 21  # samples of all channels

_BLOCK_SAMPLES = 1 << 14  # samples per channel, that may be turned round within a piece
_FRAME_SAMPLES = 1024  # samples
_MOST_FRAMES = 256  # of all channels, spread over a piece: enough for a mean

# Octaves, in bins of a spectrum of such frames; without what is no sound but an offset.
_BANDS = (2, 4, 8, 16, 32, 64, 128, 256, 512)

# Energy of the mix over what a mean of unrelated channels has, 1: alike it is their number, in
# opposite phase 0. Two people in two channels give 1. Of speech that reaches one microphone 0.06 to
# 2.5 ms after the other, measured, 0.9 is left, and 0.05 to 0.3 in the one octave that lies around
# half a period; what is turned round loses two octaves, or more of one.
_LOST = 0.4
_LOST_IN_BAND = 0.04
_LOST_IN_TWO = 0.2
_ALIKE = 1.5

# A band that is fainter than the loudest by more than this is no part of a voice; and a frame below
# this level no sound.
_FAINT_BAND = 10**-2.5
_FAINT = 1e-5**2
_LOUD = 0.1  # of the loudest block: no pause, in which both channels may have the same noise

_Energy = NDArray[np.float64]


class Mixer:
    """Mixes one recording, piece after piece; quiet ones as those before them."""

    def __init__(self) -> None:
        self._weights: FloatArray | None = None  # None for the mean
        self.opposed = False  # whether the mean would have lost something

    def mix(self, samples: FloatArray) -> FloatArray:
        """The next samples `[n, C]` as `[n]`."""
        if samples.shape[1] == 1:
            return samples[:, 0]
        length = piece_length(samples.shape[1])
        parts = [
            self._mixed(block)
            for start in range(0, len(samples), length)
            for block in _blocks(samples[start : start + length])
        ]
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.float32), *parts])

    def _mixed(self, samples: FloatArray) -> FloatArray:
        self._weigh(_spectra(samples))
        if self._weights is None:
            return _sum(samples.T) / np.float32(samples.shape[1])
        self.opposed = True
        return _sum(samples.T * self._weights[:, None])

    def _weigh(self, spectra: NDArray[np.complex64]) -> None:
        channels = spectra.shape[0]
        energy = _band_energy(spectra)  # [C, bands]
        if energy.sum() < _FAINT * spectra.shape[1] * _FRAME_SAMPLES:
            return
        alone = energy.sum(axis=0) / channels**2
        mean = np.full(channels, 1 / channels, np.float32)
        kept = _band_energy(_mix(spectra, mean))[0]
        if not _loses(kept, alone):
            if kept.sum() > _ALIKE * alone.sum():
                self._weights = None
            return
        loudest = int(energy.sum(axis=1).argmax())
        related = (spectra * spectra[loudest].conj()).real.sum(axis=(1, 2))
        turned = np.where(related < 0, -mean, mean).astype(np.float32)
        if _loses(_band_energy(_mix(spectra, turned))[0], alone):
            turned = np.eye(channels, dtype=np.float32)[loudest]
        if self._weights is not None and turned @ self._weights < 0:
            turned = -turned  # no step from one block to the next
        self._weights = turned


def _blocks(piece: FloatArray) -> list[FloatArray]:
    """The piece `[n, C]` in one; in blocks where the mean of only some of it is silence.

    An editor joined what was recorded with the wires one way round and the other.
    """
    blocks = [
        piece[start : start + _BLOCK_SAMPLES] for start in range(0, len(piece), _BLOCK_SAMPLES)
    ]
    alone = np.array([block.var(axis=0).sum() for block in blocks]) / piece.shape[1] ** 2
    kept = np.array([(_sum(block.T) / np.float32(piece.shape[1])).var() for block in blocks])
    is_loud = alone > max(_FAINT, _LOUD * alone.max(initial=0))
    is_lost = kept[is_loud] < _LOST_IN_BAND * alone[is_loud]
    return blocks if is_lost.any() and not is_lost.all() else [piece]


def piece_length(channels: int) -> int:
    """Samples per channel of what is mixed in one way."""
    return -(-PIECE_SAMPLES // channels)


def _loses(kept: _Energy, alone: _Energy) -> bool:
    left = np.where(alone > _FAINT_BAND * alone.max(), kept / np.maximum(alone, _FAINT), 1.0)
    lost_in_two = np.maximum(left[:-1], left[1:]).min() < _LOST_IN_TWO
    return bool(kept.sum() < _LOST * alone.sum() or left.min() < _LOST_IN_BAND or lost_in_two)


def _sum(channels: FloatArray) -> FloatArray:
    """Of `[C, n]`, one by one: numpy's own sum over two takes four times as long."""
    total: FloatArray = channels[0].copy()
    for channel in channels[1:]:
        total += channel
    return total


def _spectra(samples: FloatArray) -> NDArray[np.complex64]:
    """Of frames spread over samples `[n, C]`: `[C, frames, bins]`."""
    if len(samples) < _FRAME_SAMPLES:
        samples = np.pad(samples, ((0, _FRAME_SAMPLES - len(samples)), (0, 0)))
    most = max(8, _MOST_FRAMES // samples.shape[1])
    hop = max(_FRAME_SAMPLES, (len(samples) - _FRAME_SAMPLES) // most + 1)
    # [frames, C, 1024], a view; gathered by the product with the window.
    frames = sliding_window_view(samples, _FRAME_SAMPLES, axis=0)[::hop]
    spectra = np.fft.rfft(frames * np.hanning(_FRAME_SAMPLES).astype(np.float32))
    return spectra[:, :, _BANDS[0] : _BANDS[-1]].transpose(1, 0, 2).astype(np.complex64)


def _mix(spectra: NDArray[np.complex64], weights: FloatArray) -> NDArray[np.complex64]:
    return np.asarray((weights[:, None, None] * spectra).sum(axis=0, keepdims=True))


def _band_energy(spectra: NDArray[np.complex64]) -> _Energy:
    """Of `[C, frames, bins]`: `[C, bands]`."""
    power = (spectra.real**2 + spectra.imag**2).sum(axis=1, dtype=np.float64)
    starts = [edge - _BANDS[0] for edge in _BANDS[:-1]]
    return np.asarray(np.add.reduceat(power, starts, axis=1))
