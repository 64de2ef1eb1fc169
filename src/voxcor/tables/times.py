"""Where in a recording a row of a list lies: which of its columns say so, and in which form.

A beginning and an end, or a beginning and a duration, under the names that tools write
(`start,end`, `offset,duration`, `start_ms,end_ms`, `StartTime`, 开始时间), in seconds, milliseconds
or as on a clock (`00:00:02.5`, `1:02,5`, `0 days 00:00:02.5`, 1分2秒).
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["start", "end", "duration"]

# A time beyond a year is no time in a recording.
LONGEST_S = 366 * 86_400.0

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("start", "begin", "beg", "onset", "offset", "tmin", "xmin"), "start"),
    **dict.fromkeys(("开始", "起始", "起点", "入点"), "start"),
    **dict.fromkeys(("end", "stop", "finish", "tmax", "xmax"), "end"),
    **dict.fromkeys(("结束", "终止", "终点", "截止", "出点"), "end"),
    **dict.fromkeys(("duration", "dur", "length", "时长", "持续"), "duration"),
}

# How many of them a second has; None for what depends on the recording.
_UNITS: dict[str, float | None] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "秒"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds", "毫秒"), 1e3),
    **dict.fromkeys(("us", "usec", "microsecond", "microseconds", "微秒"), 1e6),
    **dict.fromkeys(("frame", "frames", "sample", "samples", "byte", "bytes", "帧", "采样"), None),
    **dict.fromkeys(("idx", "index", "pos", "position", "char", "line", "page"), None),
}

# Words beside it that change nothing.
_BESIDE = frozenset(
    {
        *("time", "times", "timestamp", "at", "t", "in", "point", "stamp"),
        *("seg", "segment", "utt", "utterance", "clip", "speech", "audio", "turn", "ts", "vad"),
        *("region", "chunk", "interval", "sent", "sentence", "phrase", "stretch", "window", "cut"),
        *("emotion", "emo", "label", "annotation", "event", "时间", "时刻", "片段", "语音", "情感"),
    }
)

_WORD = re.compile(
    "|".join(
        sorted(
            (word for word in (*_KINDS, *_UNITS, *_BESIDE) if not word.isascii()),
            key=len,
            reverse=True,
        )
    )
    + r"|[a-z]+|[0-9]+|\w"
)

# What tables say where nothing is known.
_NOTHING = frozenset({"", "nan", "na", "n/a", "<na>", "null", "none", "-", "nat"})

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?")
_CLOCK = re.compile(
    r"(?:(?P<days>[0-9]{1,3}) days?,?\s*)?"  # as pandas writes a Timedelta, and so audformat
    r"(?:(?:(?P<hours>[0-9]{1,3}):)?(?P<minutes>[0-9]{1,3}):(?P<rest>[0-9]{1,2}(?:\.[0-9]*)?))?"
)
# `1m2.5s`, 1分2.5秒, ISO 8601's PT1M2.5S.
_NAMED_CLOCK = re.compile(
    r"(?:pt)?(?:(?P<hours>[0-9]{1,3})(?:h|小?时))?(?:(?P<minutes>[0-9]{1,3})(?:m|min|分钟?))?"
    r"(?:(?P<rest>[0-9]{1,2}(?:\.[0-9]*)?)(?:s|秒))?"
)
_COMMA = re.compile(r"([0-9]),([0-9]+)$")
_WITH_UNIT = re.compile(r"([^a-z秒毫微]+?)\s*([a-z]+|毫?秒|微秒)")

# Longer is no time; how long a number may be is nobody's to choose.
_LONGEST_TEXT = 40


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A column that says where something lies; `per_second` is None for an unknown unit."""

    name: str
    kind: Kind
    per_second: float | None
    words: frozenset[str]  # beside its kind: what a start has in common with its end
    has_unit: bool

    @property
    def scale(self) -> float:
        """How many of what a bare number counts a second has."""
        return self.per_second or 1.0


@dataclass(frozen=True, slots=True)
class SpanColumns:
    """The two columns that say where a row begins, and where it ends or how long it is."""

    start: TimeColumn
    end: TimeColumn


class TimesUnclear(Exception):
    """Columns look like times and are not understood; `names` are theirs."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.names = names


def squeezed(name: str) -> str:
    """A name of a column in the one form in which all its spellings meet.

    `File Name`, `file-name`, `FileName`, `#file_name` are `filename`; wide letters are narrow.
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).casefold()


def span_columns(names: Sequence[str]) -> SpanColumns | None:
    """The columns that say which part of a recording a row is about; None where none does.

    A duration alone is that of the recording, and says nothing of a part.

    Raises:
        TimesUnclear: a beginning without an end, an end without a beginning, a unit that is none
            of time, or several that could be meant.
    """
    columns = [column for name in names if (column := _time_column(name))]
    if any("onset" in _words(column.name) for column in columns):
        # Then an offset is where the sound ends, and not how far into the recording it begins.
        columns = [
            replace(column, kind="end") if "offset" in _words(column.name) else column
            for column in columns
        ]
    starts, ends, durations = (
        [column for column in columns if column.kind == kind]
        for kind in ("start", "end", "duration")
    )
    if not starts and not ends:
        return None
    pairs = [(a, b) for a in starts for b in (*ends, *durations) if a.words == b.words]
    if not pairs:
        others = ends or durations
        if len(starts) != 1 or len(others) != 1:
            raise TimesUnclear(*(column.name for column in (*starts, *ends)))
        pairs = [(starts[0], others[0])]
    # Where there are several, they say the same in several units; the first will do.
    start, end = pairs[0]
    kinds = (start.kind, end.kind)
    same = [one for one in columns if one.kind in kinds and one.words == start.words]
    if len(same) > 2:
        raise TimesUnclear(*(column.name for column in same))
    unclear = [column.name for column in (start, end) if column.per_second is None]
    if unclear:
        raise TimesUnclear(*unclear)
    if start.has_unit != end.has_unit:  # start_ms and end: the one says nothing of the other
        raise TimesUnclear(start.name, end.name)
    return SpanColumns(start, end)


def seconds(text: str, per_second: float = 1.0, *, decimal_comma: bool = False) -> float | None:
    """A time in seconds; None where it is none.

    Args:
        text: `2.5`, `2500 ms`, `00:00:02.5`, `1:02,5`.
        per_second: what a bare number counts: 1 for seconds, 1000 for milliseconds.
        decimal_comma: `1,250` is one and a quarter; else it may be a thousand, and is none.
    """
    text = unicodedata.normalize("NFKC", text).strip().casefold()
    if len(text) > _LONGEST_TEXT:
        return None
    comma = _COMMA.search(text)
    if comma and (decimal_comma or ":" in text or len(comma[2]) != 3):
        text = text.replace(",", ".")
    clock = _CLOCK.fullmatch(text) or _NAMED_CLOCK.fullmatch(text)
    if text and clock:
        parts = clock.groupdict()
        days, hours, minutes = (int(parts.get(one) or 0) for one in ("days", "hours", "minutes"))
        rest = float(parts["rest"] or 0)
        if rest >= 60 or (parts["hours"] and minutes >= 60):
            return None
        return 86_400 * days + 3600 * hours + 60 * minutes + rest
    if named := _WITH_UNIT.fullmatch(text):
        text, own = named[1], _UNITS.get(named[2])
        if own is None:
            return None
        per_second = own
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text) / per_second
    return value if math.isfinite(value) else None


def is_end_of_recording(text: str) -> bool:
    """Whether a cell for an end means that of the recording: Kaldi's -1, audformat's NaT."""
    return text.strip().casefold() in ("-1", "-1.0", "nat")


def is_given(text: str) -> bool:
    """Whether a cell says anything."""
    return text.strip().casefold() not in _NOTHING


def _time_column(name: str) -> TimeColumn | None:
    words = _words(name)
    kinds = [word for word in words if word in _KINDS]
    units = [word for word in words if word in _UNITS]
    beside = frozenset(words) - {*kinds, *units}
    if len(kinds) != 1 or len(units) > 1 or beside - _BESIDE:
        return None
    per_second = _UNITS[units[0]] if units else 1.0
    return TimeColumn(name, _KINDS[kinds[0]], per_second, beside | {*units}, bool(units))


def _words(name: str) -> list[str]:
    """`StartTime (ms)` is start, time, ms; 开始时间（毫秒） likewise."""
    name = unicodedata.normalize("NFKC", name)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).casefold()
    # Written together, in lower case.
    name = re.sub(r"\b(start|begin|end|stop)(time|ms|s|sec)\b", r"\1 \2", name.replace("_", " "))
    return _WORD.findall(name)
