"""What an export is made of: a result as its folder has it, and the audio where that is there."""

import json
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from voxcor.errors import InputNotFound, InputUnreadable, NotAResult
from voxcor.results import Result
from voxcor.stored_result import frames_from, result_from

RESULT_FILE = "result.json"


@dataclass(frozen=True, slots=True)
class Content:
    """A result, its curve among it where the folder has one, and its processed_audio.wav."""

    result: Result
    audio: Path | None

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
    file = path / RESULT_FILE if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
        curve = file.with_name("frames.csv")
        frames = frames_from(curve.read_text(encoding="utf-8")) if curve.is_file() else None
    except FileNotFoundError as error:
        raise InputNotFound(name=str(file)) from error
    except OSError as error:
        raise InputUnreadable(name=str(file), reason=error.strerror or str(error)) from error
    except ValueError as error:
        raise NotAResult(name=str(path), reason=str(error)) from error
    try:
        document = {"id": "", "files": [], **json.loads(text)}
        result = result_from(document, frames)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise NotAResult(name=str(file), reason=reason) from error
    segments = tuple(replace(s, speaker=_plain(s.speaker)) for s in result.segments)
    result = replace(result, segments=segments)
    audio = file.with_name("processed_audio.wav")
    return Content(result, audio if audio.is_file() else None)


def _plain(name: str | None) -> str | None:
    """A speaker's name on one line, without what would end a row or begin a cue elsewhere."""
    if name is None:
        return None
    shown = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(shown.replace("-->", "→").split()) or None
