"""A recording, or a part of one, heard by a model."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from voxcor.audio import Mono, open_audio, to_mono
from voxcor.batch.parts import cut, placed
from voxcor.datasets.channels import channel_of
from voxcor.disk.array import Rows
from voxcor.errors import InputNotFound, InputUnreadable, NoVectors
from voxcor.library.segments import FloatArray
from voxcor.options import RecognitionOptions
from voxcor.recognizer import Recognizer
from voxcor.results import Result


def listen(
    recognizer: Recognizer,
    path: Path,
    part: tuple[int, int] | None,
    options: RecognitionOptions,
    *,
    channel: int | None = None,
) -> Result:
    """The result of a recording, or of a part of it with the recording's times.

    Args:
        recognizer: hears it.
        path: of the recording.
        part: from one millisecond to another; None for all.
        options: how.
        channel: of several this one alone, from 0; None for all.

    Raises:
        InputError: it cannot be used.
    """
    if part is None and channel is None:
        return recognizer.recognize(path, options)
    mono = _whole(path, channel)
    if part is None:
        return recognizer.recognize(mono, options)
    return placed(recognizer.recognize(cut(mono, part), options), part[0] / 1000, mono.duration)


def vectors_again(recognizer: Recognizer, sound: Path | Mono[Rows], result: Result) -> Rows:
    """The frame embeddings `[T, D]` of a result that was made without.

    Args:
        recognizer: of the model that made it.
        sound: what the model heard then, without the silence around it.
        result: that.

    Raises:
        NoVectors: another model would hear it.
        InputError: the sound cannot be used.
    """
    if recognizer.model.sha256 != result.model.sha256:
        raise NoVectors(name=result.audio.name)
    options = RecognitionOptions(granularity="frame", embedding=True, trim=False, any_sound=True)
    vectors = recognizer.recognize(sound, options).embedding
    assert vectors is not None
    return vectors


def samples_of_part(path: Path, part: tuple[int, int]) -> FloatArray:
    """What there is to hear in a part of a recording, float32 `[n]` at 16 kHz.

    Raises:
        InputError: it cannot be used.
    """
    return np.asarray(cut(_whole(path), part).samples, np.float32)


def _whole(path: Path, channel: int | None = None) -> Mono[Rows]:
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError as error:
        raise InputNotFound(name=str(path)) from error
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror or str(error)) from error
    return _decoded(path, changed, channel)


def forget_decoded() -> None:
    """Lets go of the recording that was decoded last."""
    _decoded.cache_clear()


# Parts come one after the other: the recording that was decoded last, or the other leg of the call,
# is the next one, too.
@lru_cache(maxsize=2)
def _decoded(path: Path, _mtime_ns: int, channel: int | None) -> Mono[Rows]:
    with open_audio(path) as stream:
        return to_mono(stream, channel=channel_of(str(path), channel, stream.channels))
