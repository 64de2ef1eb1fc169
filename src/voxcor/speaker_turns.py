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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path, PurePath

from voxcor.errors import SpeakersInvalid
from voxcor.timeline import Span

# Of the borders of turns nobody knows the place better: what NIST leaves out of the count on either
# side of one (the collar of md-eval). A shorter stretch without speaker, or of two at once, goes to
# who speaks beside it.
COLLAR_S = 0.25

# A diariser works in frames of its own, the last of which may reach beyond the recording.
TOLERATED_S = 0.5

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
        others = ", ".join(known)
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
    stretches: list[Stretch] = []
    waiting = [*turns]
    for start, end in spans:
        waiting = [turn for turn in waiting if turn.end > start]
        near = [turn for turn in waiting if turn.start < end]
        stretches += _cut(start, end, near)
    return tuple(stretches)


def _cut(start: float, end: float, turns: Sequence[Turn]) -> list[Stretch]:
    edges = {start, end, *(time for turn in turns for time in (turn.start, turn.end))}
    pieces = []
    for first, last in pairwise(sorted(edge for edge in edges if start <= edge <= end)):
        voices = {turn.speaker for turn in turns if turn.start <= first and last <= turn.end}
        pieces.append(Stretch(first, last, voices.pop() if len(voices) == 1 else None))
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
        return Path(name).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        reason = error.strerror or str(error)
        en, zh = f"cannot be read ({reason})", f"无法读取({reason})"
        raise _broken(name, None, en, zh) from error
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
    table = csv.DictReader(lines, skipinitialspace=True)
    columns = [column.strip().lower() for column in table.fieldnames or []]
    table.fieldnames = columns
    in_ms = "start_ms" in columns
    needed = ("start_ms", "end_ms", "speaker") if in_ms else ("start", "end", "speaker")
    for column in needed:
        if column not in columns:
            raise _broken(
                name,
                1,
                f"there is no column {column}; the header is start,end,speaker or "
                "start_ms,end_ms,speaker",
                f"缺少 {column} 列;表头应为 start,end,speaker 或 start_ms,end_ms,speaker",
            )
    turns = []
    for row in table:
        first, last, speaker = ((row[column] or "").strip() for column in needed)
        number = table.line_num
        if not speaker:
            raise _broken(name, number, "the speaker is missing", "缺少说话人")
        scale = 1000 if in_ms else 1
        start, end = (_seconds(value, name, number) / scale for value in (first, last))
        turns.append(Turn(start, end, speaker, number))
    return turns


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
