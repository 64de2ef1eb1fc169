"""Parts of longer recordings as clips of their own, cut once.

They lie in VOXCOR_HOME/stretches, and may be deleted at any time: they are made again. They are
parts of recordings: delete them with those.
"""

import hashlib
import io
import os
from functools import lru_cache
from pathlib import Path

from voxcor.audio import Recording, decode
from voxcor.datasets.channels import channel_of
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import replacing_file
from voxcor.errors import AudioTooShort, InputNotFound, InputUnreadable
from voxcor.settings import Settings
from voxcor.untrusted import file_name

# Less than a frame cannot be recognised.
SHORTEST_MS = 25


def clip_of(recording: Path, start: float, end: float, channel: int | None = None) -> Path:
    """A WAV file of `recording` from `start` to `end` seconds, at its own rate.

    Args:
        recording: its file.
        start: in seconds.
        end: in seconds.
        channel: of this channel alone, from 0; None for all that there are.

    Raises:
        InputError: the recording cannot be used, or has nothing there.
        StorageError: the disk.
    """
    try:
        stat = recording.stat()
    except FileNotFoundError as error:
        raise InputNotFound(name=str(recording)) from error
    except OSError as error:
        raise InputUnreadable(name=str(recording), reason=error.strerror) from error
    key = f"{recording.resolve()}\n{stat.st_size}\n{stat.st_mtime_ns}"
    folder = Settings().home / "stretches" / hashlib.sha256(os.fsencode(key)).hexdigest()[:16]
    of_channel = "" if channel is None else f"-{channel}"
    part = f"_{round(1000 * start):08}-{round(1000 * end):08}{of_channel}.wav"
    clip = folder / file_name(recording.stem, part)
    if not clip.is_file():
        _cut(_decoded(recording, stat.st_mtime_ns), start, end, channel, clip)
    return clip


def _cut(recording: Recording, start: float, end: float, channel: int | None, clip: Path) -> None:
    import soundfile

    rate = recording.sample_rate
    samples = recording.samples[max(0, round(start * rate)) : round(end * rate)]
    if (one := channel_of(recording.name, channel, recording.channels)) is not None:
        samples = samples[:, one]
    if 1000 * len(samples) < SHORTEST_MS * rate:
        raise AudioTooShort(
            name=f"{recording.name} {start:.3f}-{end:.3f} s",
            duration_ms=1000 * len(samples) // rate,
            minimum_ms=SHORTEST_MS,
        )
    with (
        storage_errors(clip.parent, samples.nbytes),
        replacing_file(clip, private=True) as draft,
        draft.open("wb") as file,
    ):
        # By way of memory: libsndfile does not say why a disk takes no more.
        clip_bytes = io.BytesIO()
        soundfile.write(clip_bytes, samples, rate, format="WAV", subtype="FLOAT")
        file.write(clip_bytes.getbuffer())


# Parts come one after the other: the recording that was decoded last is the next one, too.
@lru_cache(maxsize=1)
def _decoded(recording: Path, _mtime_ns: int) -> Recording:
    return decode(recording)
