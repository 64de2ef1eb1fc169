"""Turns of speakers from a file that a diarisation wrote: RTTM or CSV.

RTTM is NIST's Rich Transcription Time Marked file ("The 2009 (RT-09) Rich Transcription Meeting
Recognition Evaluation Plan", appendix A). Of it the lines `SPEAKER file channel begin duration <NA>
<NA> name confidence` count, times in seconds; other lines are passed over. A CSV has a header with
`start`, `end` and `speaker`, in the names, units, separators and encodings of `voxcor.tables`. A
line that should be a turn and is none costs itself.
"""

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePath

from voxcor.errors import SpeakersInvalid
from voxcor.language import listed
from voxcor.speaker_turns.turns import Diarization, Turn, invalid
from voxcor.tables.columns import Header, header_of
from voxcor.tables.delimited import MOST_COLUMNS, LineTooLong, by_column, read_records
from voxcor.tables.text import text_lines
from voxcor.tables.times import seconds

# A day of turns of one second takes a tenth of this.
MOST_BYTES = 64 << 20

_SEPARATORS = ",\t;|"

# A name of more words is none.
_MOST_WORDS = 50

_NOTHING = "<NA>"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)

Speakers = str | os.PathLike[str] | Sequence[Turn] | Diarization


def parse_turns(text: str, name: str) -> Diarization:
    """The text of a CSV or of an RTTM file.

    Raises:
        SpeakersInvalid: no line of it is a turn; it names `name`.
    """
    return _read(name, lambda: iter(text.removeprefix("\ufeff").splitlines(keepends=True)))


def read_turns(speakers: Speakers) -> Diarization:
    """The path of a CSV or an RTTM file, or turns.

    Raises:
        SpeakersInvalid: there is no such file, or no line of it is a turn.
    """
    if isinstance(speakers, Diarization):
        return speakers
    if not isinstance(speakers, (str, os.PathLike)):
        return Diarization("<speakers>", {"": speakers})
    name = os.fspath(speakers)
    data = _data(name)
    return _read(name, lambda: text_lines(data))


def text_of(speakers: str | os.PathLike[str] | Sequence[Turn]) -> str:
    """What `parse_turns` reads, of a file whatever its encoding, or of turns.

    Raises:
        SpeakersInvalid: there is no such file.
    """
    if isinstance(speakers, (str, os.PathLike)):
        return "".join(text_lines(_data(os.fspath(speakers))))
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(("start", "end", "speaker"))
    rows.writerows((turn.start, turn.end, turn.speaker) for turn in speakers)
    return table.getvalue()


def _data(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: no file system has such a name
        reason = getattr(error, "strerror", None) or str(error)
        en, zh = f"cannot be read ({reason})", f"无法读取（{reason}）"
        raise invalid(name, None, en, zh) from error
    if len(data) > MOST_BYTES:
        en, zh = f"has more than {MOST_BYTES:,} bytes", f"超过 {MOST_BYTES:,} 字节"
        raise invalid(name, None, en, zh)
    return data


def _read(name: str, lines: Callable[[], Iterator[str]]) -> Diarization:
    try:
        header = next((line for line in lines() if line.strip()), "")
        separator, columns = _columns(header)
        is_table = "speaker" in columns.roles or "," in header
        if is_table or PurePath(name).suffix.lower() == ".csv":
            turns, broken = _csv_turns(name, lines(), separator, columns)
        else:
            turns, broken = _rttm_turns(name, lines())
    except LineTooLong as error:
        raise invalid(name, None, "has a line without end", "其中一行过长") from error
    if not any(turns.values()) and broken:
        raise broken[0]
    return Diarization(name, turns, [error.details["line"] for error in broken])


def _rttm_turns(
    name: str, lines: Iterable[str]
) -> tuple[dict[str, list[Turn]], list[SpeakersInvalid]]:
    turns: dict[str, list[Turn]] = {}
    broken: list[SpeakersInvalid] = []
    other: tuple[int, str] | None = None
    for number, line in enumerate(lines, 1):
        # Where tabs separate, a name may have spaces.
        fields = line.strip().split("\t") if line.count("\t") >= 7 else line.split()
        if not fields or fields[0].startswith(";"):
            continue
        if fields[0].strip().upper() != "SPEAKER":
            other = other or (number, fields[0][:40])
            continue
        try:
            recording, turn = _rttm_turn([field.strip() for field in fields], name, number)
            turns.setdefault(recording, []).append(turn)
        except SpeakersInvalid as error:
            broken.append(error)
    if not turns and not broken:
        en, zh = "no line begins with SPEAKER", "没有以 SPEAKER 开头的行"
        if other:
            en, zh = f"{other[1]} is no turn, and {en}", f"{other[1]} 不是话轮，且{zh}"
        raise invalid(name, other and other[0], en, zh)
    return turns, broken


def _rttm_turn(fields: Sequence[str], name: str, line: int) -> tuple[str, Turn]:
    """What `SPEAKER file channel begin duration <NA> <NA> name confidence <NA>` says."""
    place = _place_of_times(fields)
    if place is None:
        if not 8 <= len(fields) <= 10:
            raise invalid(
                name,
                line,
                f"SPEAKER has 9 or 10 fields, not {len(fields)}",
                f"SPEAKER 应有 9 或 10 个字段，而不是 {len(fields)} 个",
            )
        place = 3
    # An asterisk marks a time that was not observed.
    start, duration = (_time(field.rstrip("*"), name, line) for field in fields[place : place + 2])
    who = [*fields[place + 4 :]]
    for _ in range(2):  # confidence, and what nobody uses
        if len(who) > 1 and (who[-1] == _NOTHING or _NUMBER.fullmatch(who[-1])):
            who.pop()
    recording = " ".join(fields[1 : place - 1])
    return recording, _turn(start, start + duration, " ".join(who), name, line)


def _place_of_times(fields: Sequence[str]) -> int | None:
    """Where the begin is: before it, and behind `<NA> <NA>`, names may have spaces."""
    for place in range(3, min(len(fields) - 4, _MOST_WORDS)):
        times = (field.rstrip("*") for field in fields[place : place + 2])
        if all(map(_NUMBER.fullmatch, times)) and fields[place + 2 : place + 4] == [_NOTHING] * 2:
            return place
    return None


def _columns(header: str) -> tuple[str, Header]:
    headers = []
    for separator in _SEPARATORS:
        cells = next(read_records([header], separator), (0, None))[1] or []
        known = header_of(tuple(cell.strip() for cell in cells[:MOST_COLUMNS]))
        headers.append((("speaker" in known.roles) + 2 * bool(known.span), separator, known))
    _, separator, known = max(headers, key=lambda entry: entry[0])
    return separator, known


def _csv_turns(
    name: str, lines: Iterator[str], separator: str, header: Header
) -> tuple[dict[str, list[Turn]], list[SpeakersInvalid]]:
    if header.unclear:
        columns = listed(header.unclear)
        en = f"the times in {columns.en} are not understood"
        zh = f"无法理解 {columns.zh} 中的时间"
        raise invalid(name, 1, en, zh)
    missing = "start" if header.span is None else "speaker"
    if header.span is None or "speaker" not in header.roles:
        wanted = "start,end,speaker or start_ms,end_ms,speaker"
        en = f"there is no column {missing}; the header is {wanted}"
        zh = f"缺少 {missing} 列；表头应为 {wanted.replace(' or ', ' 或 ')}"
        raise invalid(name, 1, en, zh)
    turns: list[Turn] = []
    broken: list[SpeakersInvalid] = []
    records = read_records(lines, separator, skip_spaces=True)
    for number, cells in islice(records, 1, None):
        row = by_column(header.names, [cell.strip() for cell in cells or ()])
        try:
            start, end = (
                _time(row[column.name], name, number, column.scale, comma=separator != ",")
                for column in (header.span.start, header.span.end)
            )
            end += start if header.span.end.kind == "duration" else 0
            turns.append(_turn(start, end, header.first("speaker", row), name, number))
        except SpeakersInvalid as error:
            broken.append(error)
    return {"": turns}, broken


def _turn(start: float, end: float, speaker: str, name: str, line: int) -> Turn:
    if not speaker:
        raise invalid(name, line, "the speaker is missing", "缺少说话人")
    return Turn(start, end, speaker, line)


def _time(
    text: str, name: str, line: int, per_second: float = 1.0, *, comma: bool = False
) -> float:
    value = seconds(text, per_second, decimal_comma=comma)
    if value is None:
        shown = text[:40]
        en, zh = f"{shown or '(nothing)'} is no time", f"{shown or '（空）'} 不是时间"
        raise invalid(name, line, en, zh)
    return value
