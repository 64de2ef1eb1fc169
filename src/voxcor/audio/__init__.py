"""Sound in: decode anything, then mix, resample, trim and measure it.

Importing this package loads no decoder and no network: names bring their libraries on first use.
"""

from voxcor.audio.decode import AudioStream, Recording, Source, decode, open_audio
from voxcor.audio.mono import Mono, to_mono
from voxcor.audio.prepare import (
    Prepared,
    peak_normalize,
    prepare,
    prepare_mono,
)
from voxcor.audio.relay import DecodingOptions

__all__ = [
    "AudioStream",
    "DecodingOptions",
    "Mono",
    "Prepared",
    "Recording",
    "Source",
    "decode",
    "open_audio",
    "peak_normalize",
    "prepare",
    "prepare_mono",
    "to_mono",
]
