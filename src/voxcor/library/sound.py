"""Where segments of the library can be heard."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from voxcor.errors import InputError, NotAResult, RecordingGone, StateUnreadable
from voxcor.exports.content import RESULT_FILE, read_content
from voxcor.library.segments import LibrarySegment
from voxcor.sources import is_file


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a file, in seconds, of one `channel`, from 0, or of all."""

    path: str
    start: float
    end: float
    channel: int | None


def sound_of(segment: LibrarySegment) -> tuple[Path, float]:
    """The file that a segment is heard in, and the seconds of the recording that come before it.

    Of what came with a result that is its processed_audio.wav, from whose beginning silence has
    been trimmed; of all else the recording itself.

    Raises:
        RecordingGone: it is not there any more.
    """
    if segment.path is not None:
        if is_file(segment.path):
            return Path(segment.path), 0.0
        raise RecordingGone(name=segment.name)
    try:
        content = read_content(Path(segment.source) / RESULT_FILE)
    except (InputError, NotAResult, StateUnreadable) as error:
        raise RecordingGone(name=segment.name) from error
    if content.audio is None:
        raise RecordingGone(name=segment.name)
    return content.audio, content.result.preprocessing.trimmed_start


def audible(segments: Iterable[LibrarySegment]) -> Iterator[tuple[LibrarySegment, Place]]:
    """Those that can still be heard, and where; the others are left out."""
    for segment in segments:
        try:
            path, offset = sound_of(segment)
        except RecordingGone:
            continue
        start, end = round(max(0.0, segment.start - offset), 3), round(segment.end - offset, 3)
        # What came with a result is the one channel already.
        channel = None if segment.path is None else segment.channel
        yield segment, Place(str(path.absolute()), start, end, channel)
