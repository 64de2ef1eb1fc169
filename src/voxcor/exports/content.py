"""What an export is made of: a result as its folder has it, and the audio where that is there."""

from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from voxcor.errors import InputNotFound, InputUnreadable, NotAResult
from voxcor.result_folder import utf8
from voxcor.results import Result
from voxcor.sources import is_file, is_folder
from voxcor.stored_result import result_from
from voxcor.untrusted import one_line, read_json

RESULT_FILE = "result.json"


@dataclass(frozen=True, slots=True)
class Content:
    """A result, and beside it the files of its processed_audio.wav and of its curve, frames.csv.

    They stay on the disk: hours of either are read piece by piece, by the formats that show them.
    """

    result: Result
    audio: Path | None
    curve: Path | None = None

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
    )


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
