"""Segments of the library as a list, which `voxcor train`, `evaluate` and `library add` read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voxcor.datasets.corrected import SegmentRow
from voxcor.library.segments import LibrarySegment
from voxcor.library.sound import audible


@dataclass(frozen=True, slots=True)
class ListedSegment(SegmentRow):
    """A row; its place is as `voxcor.library.sound` has it.

    `label` is a person's word where there is one, else the model's, which is `original_label`.
    """

    speaker: str | None
    text: str | None
    recorded_at: str
    segment: str


def listed(segments: Sequence[LibrarySegment]) -> Iterator[ListedSegment]:
    """A row for each that can still be heard."""
    for segment, place in audible(segments):
        yield ListedSegment(
            path=place.path,
            start=place.start,
            end=place.end,
            channel=place.channel,
            label=segment.label or segment.emotion,
            original_label=segment.emotion,
            confidence=round(segment.confidence, 6),
            speaker=segment.speaker,
            text=segment.text,
            recorded_at=segment.recorded_at.isoformat(timespec="seconds"),
            segment=segment.id,
        )
