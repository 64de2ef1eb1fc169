"""Who speaks when, from a diarisation: RTTM or CSV in, stretches of speech of one speaker each out.

RTTM is NIST's Rich Transcription Time Marked file ("The 2009 (RT-09) Rich Transcription Meeting
Recognition Evaluation Plan", appendix A). Of it the lines `SPEAKER file channel begin duration <NA>
<NA> name confidence` count, times in seconds. A CSV has a header with `start`, `end` and `speaker`,
times in seconds, or in milliseconds as `start_ms` and `end_ms`.

Where two people speak at once, the voice that is heard is neither's alone: such a stretch has no
speaker. So has speech that nobody has a turn for.
"""

import csv
import math
import os
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePath

from voxcor.errors import SpeakersInvalid
from voxcor.tables import listed_names, read_csv
from voxcor.timeline import Span

# Of the borders of turns nobody knows the place better: what NIST leaves out of the count on either
# side of one (the collar of md-eval). A shorter stretch without speaker, or of two at once, goes to
# who speaks beside it.
COLLAR_S = 0.25

# A diariser works in frames of its own, the last of which may reach beyond the recording.
TOLERATED_S = 0.5

# A day of turns of one second takes a tenth of this.
MOST_BYTES = 64 << 20

_RTTM_TYPES = {
    "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT",
    "IP", "SU", "CB", "A/P", "SPEAKER", "SPKR-INFO",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of the recording in seconds, and who speaks in it; `line`: where a file says so."""

    start: float
    end: float
    speaker: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech in seconds, and whose it is; None where that is nobody's, or several people's."""

    start: float
    end: float
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Diarization:
    """Turns that were read and not yet fitted to a recording: `name` is where from.

    `turns` are those of each recording by its name in the file; there is one, `""`, where the
    source names none.
    """

    name: str
    turns: Mapping[str, Sequence[Turn]]


Speakers = str | os.PathLike[str] | Sequence[Turn] | Diarization


def parse_turns(text: str, name: str) -> Diarization:
    """The text of a CSV, which has a comma in its first line, or of an RTTM file.

    Raises:
        SpeakersInvalid: a line of it is broken; it names `name`.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if lines and "," in lines[0]:
        return Diarization(name, {"": _csv_turns(name, lines)})
    return Diarization(name, _rttm_turns(name, lines))


def read_turns(speakers: Speakers) -> Diarization:
    """The path of a `.csv`, or of an RTTM file with any other ending, or turns.

    Raises:
        SpeakersInvalid: there is no such file, or a line of it is broken.
    """
    if isinstance(speakers, Diarization):
        return speakers
    if not isinstance(speakers, (str, os.PathLike)):
        return Diarization("<speakers>", {"": speakers})
    name = os.fspath(speakers)
    lines = _lines(name)
    if PurePath(name).suffix.lower() == ".csv":
        return Diarization(name, {"": _csv_turns(name, lines)})
    return Diarization(name, _rttm_turns(name, lines))


def turns_of(diarization: Diarization, recording: str, duration: float) -> tuple[Turn, ...]:
    """The turns of one recording, in order.

    Args:
        diarization: its turns, or those of several.
        recording: the name of the recording. Of several, those count that are named as it, without
            folder and ending.
        duration: of the recording, in seconds.

    Raises:
        SpeakersInvalid: a turn ends before it begins, or lies beyond the recording; or there are
            turns of others only.
    """
    name, wanted = diarization.name, PurePath(recording).stem
    known = diarization.turns
    if len(known) > 1 and wanted not in known:
        others = listed_names([*known])
        en, zh = (
            f"has turns of {others}, none of {wanted}",
            f"只有 {others} 的话轮,没有 {wanted} 的",
        )
        raise _broken(name, None, en, zh)
    chosen = known[wanted] if len(known) > 1 else [turn for one in known.values() for turn in one]
    for turn in chosen:
        _check(turn, name, duration)
    inside = [Turn(t.start, min(t.end, duration), t.speaker, t.line) for t in chosen]
    return tuple(sorted((t for t in inside if t.start < t.end), key=lambda t: (t.start, t.end)))


def cut_at_turns(spans: Sequence[Span], turns: Sequence[Turn]) -> tuple[Stretch, ...]:
    """The spans of speech, cut where the speaker changes; together they cover the same time.

    Args:
        spans: in seconds, in order, none overlapping.
        turns: in order, which may overlap.
    """
    edges, speakers = _voices(turns)
    stretches: list[Stretch] = []
    for start, end in spans:
        first, last = bisect_right(edges, start), bisect_left(edges, end)
        times = [start, *edges[first:last], end]
        pieces = [
            Stretch(time, times[place + 1], speakers[first + place])
            for place, time in enumerate(times[:-1])
        ]
        stretches += _settled(pieces)
    return tuple(stretches)


def _voices(turns: Sequence[Turn]) -> tuple[list[float], list[str | None]]:
    """The times at which turns begin or end, and who alone speaks before each and after the last.

    One sweep over them: turns come by the ten thousand, and from strangers.
    """
    changes = [(turn.start, 1, turn.speaker) for turn in turns]
    changes += [(turn.end, -1, turn.speaker) for turn in turns]
    edges: list[float] = []
    speakers: list[str | None] = [None]
    running: Counter[str] = Counter()
    for time, together in groupby(sorted(changes), key=lambda change: change[0]):
        for _, step, speaker in together:
            running[speaker] += step
            if not running[speaker]:
                del running[speaker]
        edges.append(time)
        speakers.append(next(iter(running)) if len(running) == 1 else None)
    return edges, speakers


def _settled(pieces: Sequence[Stretch]) -> list[Stretch]:
    """Without what is shorter than `COLLAR_S` and nobody's alone."""
    pieces = _joined(pieces)
    for place, piece in enumerate(pieces):
        if piece.speaker is None and piece.end - piece.start < COLLAR_S:
            beside = pieces[place - 1] if place else pieces[min(1, len(pieces) - 1)]
            pieces[place] = Stretch(piece.start, piece.end, beside.speaker)
    return _joined(pieces)


def _joined(pieces: Sequence[Stretch]) -> list[Stretch]:
    """Neighbours of one speaker as one."""
    joined = []
    for speaker, group in groupby(pieces, key=lambda piece: piece.speaker):
        same = [*group]
        joined.append(Stretch(same[0].start, same[-1].end, speaker))
    return joined


def _lines(name: str) -> list[str]:
    try:
        with Path(name).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: no file system has such a name
        reason = getattr(error, "strerror", None) or str(error)
        en, zh = f"cannot be read ({reason})", f"无法读取({reason})"
        raise _broken(name, None, en, zh) from error
    if len(data) > MOST_BYTES:
        en, zh = f"has more than {MOST_BYTES:,} bytes", f"超过 {MOST_BYTES:,} 字节"
        raise _broken(name, None, en, zh)
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _broken(name, None, "is not text in UTF-8", "不是 UTF-8 文本") from error


def _rttm_turns(name: str, lines: Sequence[str]) -> dict[str, list[Turn]]:
    turns: dict[str, list[Turn]] = {}
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or fields[0].startswith(";;"):
            continue
        kind = fields[0]
        if kind not in _RTTM_TYPES:
            raise _broken(name, number, f"{kind} is no type of RTTM", f"{kind} 不是 RTTM 类型")
        if kind != "SPEAKER":
            continue
        if not 8 <= len(fields) <= 10:
            raise _broken(
                name,
                number,
                f"SPEAKER has 9 or 10 fields, not {len(fields)}",
                f"SPEAKER 应有 9 或 10 个字段,而不是 {len(fields)} 个",
            )
        # An asterisk marks a time that was not observed.
        start = _seconds(fields[3].rstrip("*"), name, number)
        duration = _seconds(fields[4].rstrip("*"), name, number)
        turns.setdefault(fields[1], []).append(Turn(start, start + duration, fields[7], number))
    return turns


def _csv_turns(name: str, lines: Sequence[str]) -> list[Turn]:
    turns: list[Turn] = []
    number = 0
    try:
        head, rows = read_csv(lines, skip_spaces=True)
        columns = [column.lower() for column in head]
        in_ms = "start_ms" in columns
        needed = ("start_ms", "end_ms", "speaker") if in_ms else ("start", "end", "speaker")
        _require_columns(name, columns, needed)
        scale = 1000 if in_ms else 1
        for number, row in rows:
            cells = {column.lower(): cell for column, cell in row.items()}
            first, last, speaker = (cells[column].strip() for column in needed)
            if not speaker:
                raise _broken(name, number, "the speaker is missing", "缺少说话人")
            start, end = (_seconds(value, name, number) / scale for value in (first, last))
            turns.append(Turn(start, end, speaker, number))
    except csv.Error as error:
        raise _broken(name, number + 1, f"{error}", f"{error}") from error
    return turns


def _require_columns(name: str, columns: Sequence[str], needed: Sequence[str]) -> None:
    for column in needed:
        if column not in columns:
            raise _broken(
                name,
                1,
                f"there is no column {column}; the header is start,end,speaker or "
                "start_ms,end_ms,speaker",
                f"缺少 {column} 列;表头应为 start,end,speaker 或 start_ms,end_ms,speaker",
            )


def _seconds(value: str, name: str, line: int) -> float:
    try:
        return float(value)
    except ValueError as error:
        en, zh = f"{value or '(nothing)'} is no time", f"{value or '(空)'} 不是时间"
        raise _broken(name, line, en, zh) from error


def _check(turn: Turn, name: str, duration: float) -> None:
    span_en = f"the turn of {turn.speaker} from {turn.start:g} to {turn.end:g} s"
    span_zh = f"{turn.speaker} 的话轮({turn.start:g} 至 {turn.end:g} 秒)"
    for broken, en, zh in _faults(turn, duration):
        if broken:
            raise _broken(name, turn.line, f"{span_en} {en}", f"{span_zh}{zh}")


def _faults(turn: Turn, duration: float) -> Iterator[tuple[bool, str, str]]:
    finite = math.isfinite(turn.start) and math.isfinite(turn.end)
    yield not finite, "has no time", "没有有效时间"
    yield turn.start < 0, "begins before the recording", "早于录音开头"
    yield turn.end < turn.start, "ends before it begins", "结束早于开始"
    beyond = turn.end > duration + TOLERATED_S
    yield (
        beyond,
        f"lies beyond the recording, which is {duration:.2f} s long",
        f"超出录音(录音时长 {duration:.2f} 秒)",
    )


def _broken(name: str, line: int | None, en: str, zh: str) -> SpeakersInvalid:
    if line is not None:
        en, zh = f"line {line}: {en}", f"第 {line} 行:{zh}"
    return SpeakersInvalid(name=name, line=line, reason_en=en, reason_zh=zh)
