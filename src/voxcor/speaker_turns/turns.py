"""Turns of speakers: those of one recording, and its speech cut where the speaker changes.

Where two people speak at once, the voice is neither's alone: such a span has no
speaker. So has speech that nobody has a turn for. A turn that is not of the recording costs itself;
how many there are is told (`FittedTurns`).
"""

import math
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath

from voxcor.errors import SpeakersInvalid
from voxcor.tables import listed_names
from voxcor.timeline import Span

# Of the borders of turns nobody knows the place better: what NIST leaves out of the count on either
# side of one (the collar of md-eval). A shorter span without speaker, or of two at once, goes to
# who speaks beside it.
COLLAR_S = 0.25

# A diariser works in frames of its own, the last of which may reach beyond the recording.
TOLERATED_S = 0.5


@dataclass(frozen=True, slots=True)
class Turn:
    """A span of the recording in seconds, and who speaks in it; `line`: where a file says so."""

    start: float
    end: float
    speaker: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class SpeakerSpan:
    """Speech in seconds, and whose it is; None where that is nobody's, or several people's."""

    start: float
    end: float
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Diarization:
    """Turns that were read and not yet fitted to a recording: `name` is where from.

    `turns` are those of each recording by its name in the file; there is one, `""`, where the
    source names none. `broken` are the lines that should be turns and are none.
    """

    name: str
    turns: Mapping[str, Sequence[Turn]]
    broken: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class FittedTurns:
    """The turns of one recording, in order. `unfit` of them were cut off, passed over or broken.

    `line` is the first place where the file has such a one, None where it is not from a file.
    """

    turns: tuple[Turn, ...]
    unfit: int = 0
    line: int | None = None


def fit_turns(diarization: Diarization, recording: str, duration: float) -> FittedTurns:
    """The turns of one recording, in order, and how many do not fit it.

    Args:
        diarization: its turns, or those of several.
        recording: the name of the recording. Of several, those count that are named as it, be it
            with folder and ending or without.
        duration: of the recording, in seconds.

    Raises:
        SpeakersInvalid: most turns lie beyond the recording, or are none; or there are turns of
            others only.
    """
    chosen = _chosen(diarization, recording)
    inside: list[Turn] = []
    cut: list[Turn] = []
    outside: list[Turn] = []
    for turn in chosen:
        if _fault(turn, duration):
            outside.append(turn)
            continue
        if turn.start < -TOLERATED_S or turn.end > duration + TOLERATED_S:
            cut.append(turn)
        inside.append(Turn(max(0.0, turn.start), min(turn.end, duration), turn.speaker, turn.line))
    if 2 * len(outside) > len(chosen):  # of another recording, or in another unit
        first = outside[0]
        en, zh = _fault(first, duration) or ("", "")
        span_en = f"the turn of {first.speaker} from {first.start:g} to {first.end:g} s"
        span_zh = f"{first.speaker} 的话轮（{first.start:g} 至 {first.end:g} 秒）"
        raise invalid(diarization.name, first.line, f"{span_en} {en}", f"{span_zh}{zh}")
    lines = [turn.line for turn in (*cut, *outside) if turn.line is not None]
    return FittedTurns(
        tuple(sorted((t for t in inside if t.start < t.end), key=lambda t: (t.start, t.end))),
        len(cut) + len(outside) + len(diarization.broken),
        min((*lines, *diarization.broken), default=None),
    )


def cut_at_turns(spans: Sequence[Span], turns: Sequence[Turn]) -> tuple[SpeakerSpan, ...]:
    """The spans of speech, cut where the speaker changes; together they cover the same time.

    Args:
        spans: in seconds, in order, none overlapping.
        turns: in order, which may overlap.
    """
    edges, speakers = _voices(turns)
    settled: list[SpeakerSpan] = []
    for start, end in spans:
        first, last = bisect_right(edges, start), bisect_left(edges, end)
        times = [start, *edges[first:last], end]
        pieces = [
            SpeakerSpan(time, times[place + 1], speakers[first + place])
            for place, time in enumerate(times[:-1])
        ]
        settled += _settled(pieces)
    return tuple(settled)


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


def _settled(pieces: Sequence[SpeakerSpan]) -> list[SpeakerSpan]:
    """Without what is shorter than `COLLAR_S` and nobody's alone."""
    pieces = _joined(pieces)
    for place, piece in enumerate(pieces):
        if piece.speaker is None and piece.end - piece.start < COLLAR_S:
            beside = pieces[place - 1] if place else pieces[min(1, len(pieces) - 1)]
            pieces[place] = SpeakerSpan(piece.start, piece.end, beside.speaker)
    return _joined(pieces)


def _joined(pieces: Sequence[SpeakerSpan]) -> list[SpeakerSpan]:
    """Neighbours of one speaker as one."""
    joined = []
    for speaker, group in groupby(pieces, key=lambda piece: piece.speaker):
        same = [*group]
        joined.append(SpeakerSpan(same[0].start, same[-1].end, speaker))
    return joined


def _chosen(diarization: Diarization, recording: str) -> Sequence[Turn]:
    known = diarization.turns
    if len(known) == 1:
        return next(iter(known.values()))
    for found in _same_names(known, recording):
        if len(found) == 1:
            return known[found[0]]
        if found:
            listed = listed_names(found)
            en, zh = (
                f"has turns of several that are called so: {listed}",
                f"有多个同名录音：{listed}",
            )
            raise invalid(diarization.name, None, en, zh)
    wanted, others = PurePath(recording).stem, listed_names([*known])
    en, zh = f"has turns of {others}, none of {wanted}", f"只有 {others} 的话轮，没有 {wanted} 的"
    raise invalid(diarization.name, None, en, zh)


def _same_names(known: Iterable[str], recording: str) -> Iterator[list[str]]:
    """Which of the names mean the recording: strictly, then less so."""
    path = PurePath(unicodedata.normalize("NFC", recording))
    pairs = [
        (name, PurePath(unicodedata.normalize("NFC", name.replace("\\", "/")))) for name in known
    ]
    yield [name for name, other in pairs if other == path]
    yield [name for name, other in pairs if other.name in (path.name, path.stem)]
    yield [name for name, other in pairs if other.stem == path.stem]
    # Tools that split lines at spaces write others in their place.
    yield [name for name, other in pairs if other.stem == path.stem.replace(" ", "_")]


def _fault(turn: Turn, duration: float) -> tuple[str, str] | None:
    """Why no part of a turn is one of the recording."""
    if not (math.isfinite(turn.start) and math.isfinite(turn.end)):
        return "has no time", "没有有效时间"
    if turn.end < turn.start:
        return "ends before it begins", "结束早于开始"
    if turn.end < 0:
        return "lies before the recording", "早于录音开头"
    if turn.start > duration + TOLERATED_S:
        return (
            f"lies beyond the recording, which is {duration:.2f} s long",
            f"超出录音（录音时长 {duration:.2f} 秒）",
        )
    return None


def invalid(name: str, line: int | None, en: str, zh: str) -> SpeakersInvalid:
    """The error of a file of turns, or of a line of it."""
    if line is not None:
        en, zh = f"line {line}: {en}", f"第 {line} 行：{zh}"
    return SpeakersInvalid(name=name, line=line, reason_en=en, reason_zh=zh)
