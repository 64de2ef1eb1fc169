"""Sound in: decode anything, then mix, resample, trim and measure it.

Importing this package loads no decoder and no network: names bring their libraries on first use.
"""

from voxcor.audio.decode import AudioStream, Recording, Source, decode, open_audio
from voxcor.audio.prepare import Prepared, peak_normalize, prepare

__all__ = [
    "AudioStream",
    "Prepared",
    "Recording",
    "Source",
    "decode",
    "open_audio",
    "peak_normalize",
    "prepare",
]
