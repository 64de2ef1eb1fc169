"""Which segments count: conditions that every one of them meets."""

import math
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from voxcor.errors import QueryInvalid
from voxcor.library.segments import ID_DIGITS

_DATE = re.compile(
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?"
    r"(?:[T\s]\s*(?P<time>\S.*))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions; one that is None asks nothing.

    `speaker` and `not_speaker` are names, `emotion` a label (a person's word before the model's),
    `confidence` the least, 0..1; `since` and `until` bound the time of recording, `until` not
    included; `folder` holds the recording, however deep; `recording` is its name in the library,
    `not_recording` that of one that is left out.
    """

    speaker: str | None = None
    not_speaker: str | None = None
    emotion: str | None = None
    confidence: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    folder: Path | None = None
    recording: str | None = None
    not_recording: str | None = None

    @property
    def where(self) -> str | None:
        """The conditions in SQL; None for no condition.

        Raises:
            QueryInvalid: a confidence that is no number.
        """
        conditions = []
        if self.speaker is not None:
            conditions.append(equals("speaker", self.speaker))
        if self.not_speaker is not None:
            conditions.append(f"(speaker IS NULL OR NOT {equals('speaker', self.not_speaker)})")
        if self.emotion is not None:
            # Not `coalesce`: for that LanceDB looks into no index.
            said, heard = equals("label", self.emotion), equals("emotion", self.emotion)
            conditions.append(f"({said} OR (label IS NULL AND {heard}))")
        if self.confidence is not None:
            if not math.isfinite(self.confidence):
                raise QueryInvalid(
                    query=str(self.confidence),
                    reason_en="a confidence is a number from 0 to 1.",
                    reason_zh="置信度应为 0 至 1 之间的数。",
                )
            conditions.append(f"confidence >= {float(self.confidence)!r}")
        if self.since is not None:
            conditions.append(f"recorded_at >= {_moment(self.since)}")
        if self.until is not None:
            conditions.append(f"recorded_at < {_moment(self.until)}")
        if self.folder is not None:
            below = str(self.folder.resolve()).rstrip(os.sep) + os.sep
            conditions.append(f"starts_with(path, {quoted(below)})")
        if self.recording is not None:
            conditions.append(equals("recording", self.recording))
        if self.not_recording is not None:
            conditions.append(f"NOT {equals('recording', self.not_recording)}")
        return all_of(*conditions)

    @property
    def dates(self) -> str | None:
        """When it was recorded, as `parse_group` reads it; None for any time."""
        bounds = (
            "" if one is None else one.isoformat().removesuffix("T00:00:00")
            for one in (self.since, self.until)
        )
        return None if (self.since or self.until) is None else "..".join(bounds)

    def to_document(self) -> dict[str, Any]:
        """The conditions as JSON has them: dates in ISO 8601, those that ask nothing left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: value.isoformat()
            if isinstance(value, datetime)
            else str(value)
            if isinstance(value, Path)
            else value
            for name, value in values.items()
            if value is not None
        }


def parse_date(text: str) -> datetime:
    """A date, year first, with or without a time; a time zone is left out.

    Args:
        text: as ISO 8601 has it, or as people and spreadsheets write it: `2026/3/1`,
            `2026.3.1 9:30`, `2026年3月1日`.

    Raises:
        QueryInvalid: it is none.
    """
    written = unicodedata.normalize("NFKC", text).strip()
    if found := _DATE.fullmatch(written):
        year, month, day = (int(found[name]) for name in ("year", "month", "day"))
        time = found["time"]
        # What ISO 8601 has two digits for.
        hour = f"T{time.zfill(len(time) + (time[1:2] == ':'))}" if time else ""
        written = f"{year:04}-{month:02}-{day:02}{hour}"
    try:
        return datetime.fromisoformat(written).replace(tzinfo=None)
    except ValueError as error:
        raise QueryInvalid(
            query=text,
            reason_en="no date such as 2026-03-01 or 2026-03-01T14:30.",
            reason_zh="不是日期；写法如 2026-03-01 或 2026-03-01T14:30。",
        ) from error


def parse_group(text: str) -> Filters:
    """A group of recordings as people name one: a speaker, or dates.

    Args:
        text: `anna`; `2026-01-01..2026-03-01`, the second not included; `..2026-03-01`, all before;
            `2026-03-01..`, all from then on.

    Raises:
        QueryInvalid: it has dots and no dates around them.
    """
    since, dots, until = (part.strip() for part in text.partition(".."))
    if not dots or not (since or until):
        return Filters(speaker=text.strip())
    return Filters(
        since=parse_date(since) if since else None, until=parse_date(until) if until else None
    )


# The condition that people have named a label of a segment.
LABELLED = "label IS NOT NULL"


def all_of(*conditions: str | None) -> str | None:
    """The condition that all of these hold, in SQL; None, as those that are None, for any row."""
    return " AND ".join(filter(None, conditions)) or None


def equals(column: str, value: str) -> str:
    """The condition that a column has this text, in SQL."""
    return f"{column} = {quoted(value)}"


def of_recording(name: str) -> str:
    """The condition that a recording is called so, or its channels or parts are.

    Of less than a whole name it is the beginning.
    """
    if len(name) < ID_DIGITS:
        return f"starts_with(recording, {quoted(name)})"
    beginnings = (f"starts_with(recording, {quoted(name + sign)})" for sign in "-+")
    return f"({equals('recording', name)} OR {' OR '.join(beginnings)})"


def quoted(value: str) -> str:
    """A text as a constant of SQL."""
    return "'" + value.replace("'", "''") + "'"


def _moment(time: datetime) -> str:
    return f"timestamp {quoted(time.isoformat(sep=' ', timespec='milliseconds'))}"
