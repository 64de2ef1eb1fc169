"""What a decoder is, and libsndfile as one: blocks of float32 samples.

Decoders work block by block in bounded memory, print nothing, and open nothing but the file they
are given. What they cannot do they say with `DecoderError`; `decode.py` makes the person's error of
it. FFmpeg, the other one, is in `ffmpeg.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.audio.reader import Part
from voxcor.language import say

FloatArray = NDArray[np.float32]

BLOCK_SAMPLES = 1 << 14  # samples per channel

# A millennium at 48 kHz: no header means more.
_MOST_FRAMES = 1 << 50

# Sample rate in Hz, and samples `[n, channels]`. Either may change from one to the next.
Block = tuple[int, FloatArray]

# What fills the sentence of a warning.
Details = Mapping[str, Any]


class DecoderError(Exception):
    """This decoder cannot go on; the text says why, in the language of the process."""


class NoAudioTrack(DecoderError):
    """A container of video or text only."""


class TrackMissing(DecoderError):
    """A sound track was asked for by a number beyond `tracks`."""

    def __init__(self, tracks: int) -> None:
        super().__init__(tracks)
        self.tracks = tracks


@dataclass(frozen=True, slots=True)
class Decoder:
    """An open recording.

    `expected` is the number of samples per channel that the header promises, at `sample_rate`; None
    where it does not or is not to be trusted. `tracks` is how many sound tracks there are, of which
    `track` is decoded, from 1.
    """

    sample_rate: int
    blocks: Iterator[Block]
    expected: int | None = None
    tracks: int = 1
    track: int = 1

    @property
    def expected_s(self) -> float:
        return (self.expected or 0) / self.sample_rate


Opener = Callable[[Part], AbstractContextManager[Decoder]]


def to_float(samples: NDArray[Any]) -> FloatArray:
    """Float samples as they are, integers by their full scale, unsigned ones around their middle.

    Raises:
        TypeError: not a type of samples (bool, complex, 64-bit integers, objects).
    """
    if samples.dtype.kind == "f":
        # What float32 cannot hold becomes infinity, which is refused later with its time.
        with np.errstate(over="ignore"):
            return samples.astype(np.float32, copy=False)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - np.float32(128)) / np.float32(128)
    if samples.dtype.kind == "i" and samples.dtype.itemsize <= 4:
        return samples.astype(np.float32) / np.float32(-int(np.iinfo(samples.dtype).min))
    raise TypeError(samples.dtype)


@contextmanager
def open_sndfile(file: Part) -> Iterator[Decoder]:
    """WAV, FLAC, Ogg Vorbis and Opus, AIFF, AU, CAF and a dozen more, through libsndfile."""
    with _opened(file) as sound:
        # So says the header of a WAV that was written to a pipe; FFmpeg reads on.
        if sound.frames == 0:
            raise DecoderError(invalid_data())
        # The largest number there is stands for a FLAC that was written to a pipe.
        expected = sound.frames if sound.frames < _MOST_FRAMES else None
        yield Decoder(sound.samplerate, _blocks(sound), expected)


@contextmanager
def open_headerless(file: Part, subtype: str, sample_rate: int) -> Iterator[Decoder]:
    """Samples without a header, mono, little-endian, of one of libsndfile's subtypes."""
    with _opened(
        file,
        samplerate=sample_rate,
        channels=1,
        format="RAW",
        subtype=subtype,
        endian="LITTLE",
    ) as sound:
        yield Decoder(sample_rate, _blocks(sound))


@contextmanager
def _opened(file: Part, **form: Any) -> Iterator[Any]:
    import soundfile

    file.seek(0)
    try:
        sound = soundfile.SoundFile(file, **form)
    except soundfile.LibsndfileError as error:
        raise DecoderError(invalid_data()) from error
    with sound:
        yield sound


def _blocks(sound: Any) -> Iterator[Block]:
    import soundfile

    try:
        while len(block := sound.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)):
            yield sound.samplerate, block
    except soundfile.LibsndfileError as error:
        raise DecoderError(invalid_data()) from error


def invalid_data() -> str:
    return say("the decoder meets invalid data", "解码器遇到无效数据")
