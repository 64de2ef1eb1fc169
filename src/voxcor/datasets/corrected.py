"""Corrections of many results as one list, which `voxcor train` and `voxcor evaluate` read.

A row is a segment of which a person has said what it is: that the model is right, or what it should
have said. What is only known to be wrong has no label, and no row. `path` is what the model heard,
`processed_audio.wav`, so `start` and `end` are seconds of that file, not of the recording as it
came; what lies outside of it was trimmed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from voxcor.corrections import Corrections, corrected_segments
from voxcor.result_folder import to_json
from voxcor.results import Result
from voxcor.tables import csv_text
from voxcor.untrusted import cell

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """What every list of segments says of one.

    `start` and `end` are seconds of the file at `path`, `channel` is the one of it that counts,
    from 0, or None for all. `confidence` is the model's in `original_label`.
    """

    path: str
    start: float
    end: float
    channel: int | None
    label: str
    original_label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class LabelledSegment(SegmentRow):
    """A row of the list."""

    verdict: str
    speaker: str | None
    annotator: str | None
    result: str


COLUMNS = tuple(field.name for field in fields(LabelledSegment))


def labelled_segments(
    folder: Path, result: Result, corrections: Corrections
) -> Iterator[LabelledSegment]:
    """The rows of one result, which lies in `folder` under its id."""
    offset = result.preprocessing.trimmed_start
    heard = result.audio.duration - offset - result.preprocessing.trimmed_end
    for segment in corrected_segments(result, corrections):
        start, end = max(0.0, segment.start - offset), min(heard, segment.end - offset)
        if segment.verdict is None or segment.emotion is None or end <= start:
            continue
        yield LabelledSegment(
            path=str((folder / "processed_audio.wav").absolute()),
            start=round(start, 3),
            end=round(end, 3),
            channel=None,
            label=segment.emotion,
            original_label=segment.model.emotion,
            confidence=round(segment.model.confidence, 6),
            verdict=segment.verdict,
            speaker=segment.speaker,
            annotator=segment.annotator,
            result=folder.name,
        )


def to_csv(
    rows: Iterable["DataclassInstance"], kind: type["DataclassInstance"] = LabelledSegment
) -> str:
    """A table with a header, for spreadsheets as well: `rows` are records of this `kind`."""
    return csv_of([field.name for field in fields(kind)], map(asdict, rows))


def csv_of(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A table of these columns; what is not known is empty."""
    table: list[Sequence[object]] = [columns]
    for row in rows:
        values = (row[name] for name in columns)
        table.append([cell(v) if isinstance(v, str) else "" if v is None else v for v in values])
    return csv_text(table)


def to_jsonl(rows: Iterable["DataclassInstance"]) -> str:
    """A record a line, as an object; what is not known is null."""
    return "".join(to_json(asdict(row)) + "\n" for row in rows)
