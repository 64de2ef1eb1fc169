"""What an export is made of: a result as its folder has it, corrected where people have corrected
it, and the audio where that is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from voxcor.corrections import (
    NO_CORRECTIONS,
    CorrectedSegment,
    Corrections,
    corrected_segments,
    read_corrections,
)
from voxcor.errors import InputNotFound, InputUnreadable, NotAResult
from voxcor.result_folder import utf8
from voxcor.results import Result
from voxcor.sources import is_file, is_folder
from voxcor.stored_result import result_from
from voxcor.untrusted import one_line, read_json

RESULT_FILE = "result.json"

# From when to when in seconds, and what is said of it.
Span = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Content:
    """A result, and beside it the files of its processed_audio.wav and of its curve, frames.csv.

    They stay on the disk: hours of either are read piece by piece, by the formats that show them.
    Formats show `segments`, which are those of the result after its `corrections`.
    """

    result: Result
    audio: Path | None
    curve: Path | None = None
    corrections: Corrections = NO_CORRECTIONS

    @property
    def segments(self) -> tuple[CorrectedSegment, ...]:
        return corrected_segments(self.result, self.corrections)

    @property
    def is_corrected(self) -> bool:
        return bool(self.corrections.corrections)

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's, and behind them those that only people have used."""
        given = (segment.emotion for segment in self.segments)
        own = dict.fromkeys((*self.result.scores, *(label for label in given if label)))
        return tuple(own)

    @property
    def stem(self) -> str:
        """The recording's name without its extension."""
        channel = self.result.audio.channel
        stem = PurePath(self.result.audio.name).stem or "result"
        return stem if channel is None else f"{stem}-{channel}"


def read_content(path: Path) -> Content:
    """From a result folder, or from a result.json in it or alone.

    Raises:
        InputNotFound, InputUnreadable: there is none, or it cannot be read.
        NotAResult: it is no result document.
        StateUnreadable: the corrections beside it cannot be read. Without them the export would
            pass for what people have put right.
    """
    file = path / RESULT_FILE if is_folder(path) else path
    try:
        text = file.read_bytes()
        document = read_json(text)
        result = result_from({"id": "", "files": [], **document})
    except FileNotFoundError as error:
        raise InputNotFound(name=str(file)) from error
    except OSError as error:
        raise InputUnreadable(name=str(file), reason=error.strerror or str(error)) from error
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise NotAResult(name=str(file), reason=_reason(error)) from error
    audio, curve = file.with_name("processed_audio.wav"), file.with_name("frames.csv")
    return Content(
        _on_one_line(result),
        audio if is_file(audio) else None,
        curve if is_file(curve) else None,
        read_corrections(file.parent, result),
    )


def tiers_of(content: Content) -> Iterator[tuple[str, list[Span]]]:
    """The segments as tiers of spans, for tools that have such: a name, and what it says when.

    `emotion` and `confidence`, `speaker` where turns are known, and `model` where people have
    corrected anything: what it had said. Of an emotion that is only known to be wrong, and of
    the confidence in one that is not the model's, there is no span.
    """
    segments = content.segments
    yield "emotion", [(s.start, s.end, s.emotion) for s in segments if s.emotion is not None]
    yield (
        "confidence",
        [(s.start, s.end, f"{s.confidence:.3f}") for s in segments if s.confidence is not None],
    )
    if any(segment.speaker for segment in segments):
        yield "speaker", [(s.start, s.end, s.speaker or "") for s in segments]
    if content.is_corrected:
        yield "model", [(s.start, s.end, s.emotion) for s in content.result.segments]


def _reason(error: Exception) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{error.title}.{place}: {first['msg']}" if place else f"{error.title}: {first['msg']}"


def _on_one_line(result: Result) -> Result:
    """Without what would end a row or begin a cue elsewhere, in whatever strangers named."""
    return replace(
        result,
        timestamp=one_line(result.timestamp),
        notice=one_line(result.notice),
        audio=replace(result.audio, name=one_line(utf8(result.audio.name))),
        model=replace(result.model, id=one_line(result.model.id)),
        segments=tuple(replace(s, speaker=_plain(s.speaker)) for s in result.segments),
    )


def _plain(name: str | None) -> str | None:
    return one_line(name).replace("-->", "→") or None if name is not None else None
