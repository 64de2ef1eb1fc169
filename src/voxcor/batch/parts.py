"""A part of a recording, as a list asks for it: cut out, recognised, and put back in its place."""

from dataclasses import replace

from voxcor.audio import Mono
from voxcor.disk.array import Rows, part_of
from voxcor.errors import AudioTooShort
from voxcor.frames import RECEPTIVE_FIELD, SAMPLE_RATE
from voxcor.results import Result


def cut(mono: Mono[Rows], part: tuple[int, int]) -> Mono[Rows]:
    """A recording from one millisecond to another, or to its end if that comes first.

    Raises:
        AudioTooShort: it has less than a frame there.
    """
    first, last = (round(ms * SAMPLE_RATE / 1000) for ms in part)
    samples = part_of(mono.samples, min(first, len(mono.samples)), min(last, len(mono.samples)))
    if len(samples) < RECEPTIVE_FIELD:
        raise AudioTooShort(
            name=f"{mono.name} {part[0] / 1000:.3f}-{part[1] / 1000:.3f} s",
            duration_ms=1000 * len(samples) // SAMPLE_RATE,
            minimum_ms=1000 * RECEPTIVE_FIELD // SAMPLE_RATE,
        )
    return replace(mono, samples=samples, duration=len(samples) / SAMPLE_RATE)


def placed(result: Result, start: float, duration: float) -> Result:
    """The result of a part, its times those of the recording, as if all else were trimmed away.

    Args:
        result: of what was cut out.
        start: where that begins, in seconds.
        duration: of the recording, in seconds.
    """
    end = start + result.audio.duration
    trimmed = result.preprocessing
    frames = result.frames
    return replace(
        result,
        audio=replace(result.audio, duration=duration),
        preprocessing=replace(
            trimmed,
            trimmed_start=start + trimmed.trimmed_start,
            trimmed_end=max(0.0, duration - end) + trimmed.trimmed_end,
        ),
        segments=tuple(
            replace(one, start=start + one.start, end=start + one.end) for one in result.segments
        ),
        transitions=tuple(replace(one, time=start + one.time) for one in result.transitions),
        frames=None if frames is None else replace(frames, times=start + frames.times),
    )
