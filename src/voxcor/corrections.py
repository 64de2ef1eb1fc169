"""Corrections: what people who listen say of a result's segments, beside what the model says.

They lie in the result's folder, in `corrections.json`, and go with it; the result itself stays as
the model gave it. A correction says of one segment from when to when it goes and which emotion it
has, or that it has not the model's: the verdict follows from that. Segments without a correction
are as the model has them.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from voxcor.disk.faults import storage_errors
from voxcor.disk.locks import locked
from voxcor.disk.unreadable import read_state, require_version, set_unreadable_aside
from voxcor.disk.whole import sync, write_whole
from voxcor.errors import CorrectionsChanged, CorrectionsInvalid, StateUnreadable
from voxcor.labels import label_meant, own_label
from voxcor.result_folder import to_json
from voxcor.results import Dimensions, Result, Segment, milliseconds, to_wire
from voxcor.stored_result import record_from
from voxcor.untrusted import trimmed

CORRECTIONS_FILE = "corrections.json"

# Beside the folders of results, not in one: what deletes a folder waits for nobody.
LOCK_FILE = ".corrections.lock"

SCHEMA_VERSION = 1

# Characters of a label or a name; more is a sentence.
LONGEST_LABEL = 64
LONGEST_ANNOTATOR = 100

Verdict = Literal["right", "wrong", "relabelled"]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says of one segment.

    `segment` is its place among those of the result, from 0; `start` and `end` are in seconds of
    the original audio. `label` None: it has not the emotion that the model says, and none is named
    instead. `timestamp` is when it was said, in local time as that of a result.
    """

    segment: int
    start: float
    end: float
    label: str | None
    annotator: str | None = None
    timestamp: str = ""


@dataclass(frozen=True, slots=True)
class Corrections:
    """All corrections of one result, by segment; at most one for each."""

    corrections: tuple[Correction, ...] = ()

    @property
    def revision(self) -> str:
        """Changes with whatever they say; empty where there are none."""
        if not self.corrections:
            return ""
        return hashlib.sha256(to_json(to_wire(self.corrections)).encode()).hexdigest()[:16]

    def to_document(self) -> dict[str, Any]:
        """The JSON document of the file: plain types, milliseconds."""
        return {"schema_version": SCHEMA_VERSION, "corrections": to_wire(self.corrections)}


NO_CORRECTIONS = Corrections()


@dataclass(frozen=True, slots=True)
class CorrectedSegment:
    """A segment as people have put it right, with what the model says of it in `model`.

    `emotion` is None where the model's is wrong and none was named instead; `confidence` is the
    model's in `emotion`, and None where that is not the model's. `verdict` is None where nobody
    has said anything.
    """

    start: float
    end: float
    emotion: str | None
    confidence: float | None
    model: Segment
    verdict: Verdict | None = None
    annotator: str | None = None

    @property
    def scores(self) -> Mapping[str, float]:
        return self.model.scores

    @property
    def speaker(self) -> str | None:
        return self.model.speaker

    @property
    def dimensions(self) -> Dimensions | None:
        return self.model.dimensions


def corrected_segments(result: Result, corrections: Corrections) -> tuple[CorrectedSegment, ...]:
    """The segments of a result, in their order, as they are after its corrections."""
    by_segment = {correction.segment: correction for correction in corrections.corrections}
    return tuple(
        _corrected(segment, by_segment.get(place)) for place, segment in enumerate(result.segments)
    )


def _corrected(segment: Segment, correction: Correction | None) -> CorrectedSegment:
    if correction is None:
        confidence = segment.confidence
        return CorrectedSegment(segment.start, segment.end, segment.emotion, confidence, segment)
    verdict = verdict_of(segment, correction.label)
    return CorrectedSegment(
        correction.start,
        correction.end,
        correction.label,
        segment.confidence if verdict == "right" else None,
        segment,
        verdict,
        correction.annotator,
    )


def verdict_of(segment: Segment, label: str | None) -> Verdict:
    """What a label, or None, says of the model's."""
    if label is None:
        return "wrong"
    return "right" if label == segment.emotion else "relabelled"


def read_corrections(folder: Path, result: Result) -> Corrections:
    """Those of a result folder; none where it has no such file.

    Raises:
        StateUnreadable: they cannot be read, are of a newer Voxcor, or of another result. They
            stay where they are: people have worked on them.
    """

    def parse(document: Any) -> Corrections:
        require_version(document, SCHEMA_VERSION)
        read = tuple(record_from(Correction, each) for each in document["corrections"])
        return checked(read, result)

    try:
        return read_state(folder / CORRECTIONS_FILE, parse)
    except FileNotFoundError:
        return NO_CORRECTIONS


def write_corrections(
    folder: Path, result: Result, wanted: Sequence[Correction], based_on: str
) -> Corrections:
    """Puts corrections in the place of those that are there; none takes the file away.

    Where nothing would change nothing is written, whatever they are based on: to say the same
    twice is to say it once. One process at a time writes.

    Args:
        folder: of the result.
        result: what the corrections are of.
        wanted: all of them; one without a timestamp keeps that of the same correction there, or
            gets the time of now.
        based_on: the revision that `wanted` was made from.

    Returns:
        what is there now.

    Raises:
        CorrectionsInvalid: they do not fit the result; nothing is written.
        CorrectionsChanged: somebody else has changed them since.
        StateUnreadable: those that are there cannot be read: `withdraw_corrections` comes first.
        StorageError: the disk; what was there is there.
    """
    with _writing(folder):
        before = read_corrections(folder, result)
        after = _dated(checked(wanted, result), before)
        if after == before:
            return before
        if based_on != before.revision:
            raise CorrectionsChanged(revision=before.revision)
        path = folder / CORRECTIONS_FILE
        if not after.corrections:
            _take_away(path)
            return after
        is_private = not folder.stat().st_mode & 0o077
        with storage_errors(path):
            write_whole(path, to_json(after.to_document(), indent=2) + "\n", private=is_private)
        return after


def withdraw_corrections(folder: Path, result: Result) -> None:
    """Takes all of them back. What cannot be read is set aside, not thrown away.

    Raises:
        StorageError: the disk.
    """
    path = folder / CORRECTIONS_FILE
    with _writing(folder):
        try:
            read_corrections(folder, result)
        except StateUnreadable as error:
            if set_unreadable_aside(path, error) is None:
                raise
            return
        _take_away(path)


def _writing(folder: Path) -> AbstractContextManager[None]:
    return locked(folder.parent / LOCK_FILE)


def _take_away(path: Path) -> None:
    with storage_errors(path):
        path.unlink(missing_ok=True)
        sync(path.parent)


def checked(corrections: Sequence[Correction], result: Result) -> Corrections:
    """The corrections by segment, labels and names as they are meant.

    A label is the model's where it names one of those, in any case and in either language; any
    other is taken as it is. Borders lie within the recording, and cross no other segment that the
    model has not crossed already.

    Raises:
        CorrectionsInvalid: they do not fit the result; it says which and why.
    """
    segments = result.segments
    labels = tuple(result.scores)
    seen: set[int] = set()
    kept = []
    for correction in sorted(corrections, key=lambda each: each.segment):
        place = correction.segment
        if not 0 <= place < len(segments):
            raise _invalid(
                correction,
                f"the result has {len(segments)} segments, counted from 0.",
                f"该结果共有 {len(segments)} 个语段，从 0 计数。",
            )
        if place in seen:
            raise _invalid(correction, "it is there twice.", "重复出现。")
        seen.add(place)
        _require_span(correction, result.audio.duration)
        label = _label(correction, labels)
        annotator = _short(correction, correction.annotator or "", LONGEST_ANNOTATOR) or None
        _short(correction, correction.timestamp, LONGEST_ANNOTATOR)
        kept.append(replace(correction, label=label, annotator=annotator))
    found = Corrections(tuple(kept))
    _require_apart(corrected_segments(result, found))
    return found


def _require_span(correction: Correction, duration: float) -> None:
    start, end = correction.start, correction.end
    # On the wire a recording that ends in the middle of a millisecond may end after it.
    if not 0 <= start < end <= max(duration, milliseconds(duration) / 1000):
        raise _invalid(
            correction,
            f"{start:g} to {end:g} s is no stretch of a recording of {duration:.3f} s.",
            f"{start:g} 至 {end:g} 秒不是有效区间，录音长 {duration:.3f} 秒。",
        )


def _require_apart(segments: Sequence[CorrectedSegment]) -> None:
    """No two cross but those that cross in the model's answer, where two may speak at once."""
    for place, (one, other) in enumerate(pairwise(segments), start=1):
        if one.verdict is None and other.verdict is None:
            continue
        is_crossing = one.end > other.start or one.start > other.start
        if is_crossing and one.model.end <= other.model.start:
            raise CorrectionsInvalid(
                segment=place,
                reason_en=f"it begins at {other.start:g} s, and the one before ends at "
                f"{one.end:g} s: segments may not overlap.",
                reason_zh=f"它从 {other.start:g} 秒开始，而前一语段到 {one.end:g} 秒才结束："
                "语段不得重叠。",
            )


def _label(correction: Correction, labels: Sequence[str]) -> str | None:
    if correction.label is None:
        return None
    label = _short(correction, correction.label, LONGEST_LABEL)
    if not label:
        raise _invalid(
            correction,
            "a label is not empty; null says that the model's is wrong.",
            "标签不能为空；null 表示模型的标签有误。",
        )
    return own_label(label, labels) or label_meant(label)


def _short(correction: Correction, text: str, most: int) -> str:
    text = trimmed(text)
    if len(text) > most or not text.isprintable():
        raise _invalid(
            correction,
            f"a label or a name is one line of up to {most} characters.",
            f"标签与姓名须为单行，最多 {most} 个字符。",
        )
    return text


def _invalid(correction: Correction, en: str, zh: str) -> CorrectionsInvalid:
    return CorrectionsInvalid(segment=correction.segment, reason_en=en, reason_zh=zh)


def _dated(wanted: Corrections, before: Corrections) -> Corrections:
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    then = {replace(each, timestamp=""): each.timestamp for each in before.corrections}
    return Corrections(
        tuple(
            each if each.timestamp else replace(each, timestamp=then.get(each, now))
            for each in wanted.corrections
        )
    )
