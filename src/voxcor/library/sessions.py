"""What a live session has left: its events, and its sound beside them under the same name.

`voxcor stream --json` writes events as JSON Lines, the page keeps them as one JSON document. They
hold no vectors, so they say where the utterances are, and the sound is heard for the rest.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import Any

from voxcor.errors import NoSessionSound
from voxcor.extensions import AUDIO_EXTENSIONS, extension_of
from voxcor.sources import is_file

_SUFFIXES = (".json", ".jsonl")
_FIRST_EVENT = "session.created"


@dataclass(frozen=True, slots=True)
class LiveSession:
    """Its utterances, from one millisecond to another, and when it began, if that is known."""

    utterances: tuple[tuple[int, int], ...]
    started: datetime | None


def read_session(path: Path) -> LiveSession | None:
    """The session whose events are in a file; None where that holds something else."""
    if path.suffix.lower() not in _SUFFIXES or not is_file(path):
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
        kept = json.loads(text) if text.lstrip()[:1] == "{" and path.suffix != ".jsonl" else {}
        events = kept.get("events") or [json.loads(line) for line in text.splitlines() if line]
        if events[0]["type"] != _FIRST_EVENT:
            return None
        ended = [event for event in events if event["type"] == "utterance.end"]
        spans = [(int(event["start_ms"]), int(event["end_ms"])) for event in ended]
        started = kept.get("started")
        return LiveSession(tuple(spans), started and _local(started))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def sound_beside(path: Path) -> Path:
    """The recording of a session whose events are in a file.

    Raises:
        NoSessionSound: there is none under the same name.
    """
    found = (one for one in sorted(path.parent.glob(f"{escape(path.stem)}.*")) if one != path)
    for one in found:
        if extension_of(one.name) in AUDIO_EXTENSIONS:
            return one
    raise NoSessionSound(name=str(path), stem=path.stem)


def _local(moment: Any) -> datetime:
    """A moment of ISO 8601 on the clock of this place, as recordings have it."""
    return datetime.fromisoformat(moment).astimezone().replace(tzinfo=None)
