"""Likely label errors as a list: somebody puts `label` right, `voxcor library correct --from` reads
it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from voxcor.library.label_errors import LabelError, LabelledVector
from voxcor.library.listing import find_segments
from voxcor.library.sound import Place, audible
from voxcor.library.store import Library


@dataclass(frozen=True, slots=True)
class DoubtedLabel:
    """A row of the list: `label` is the one given, which is changed where it is wrong.

    `start` and `end` are seconds of the file at `path`, None for all of it; `channel` is the one of
    it that counts, from 0, or None for all. `segment` is None where it lies in no library.
    """

    path: str
    start: float | None
    end: float | None
    channel: int | None
    label: str
    likely: str
    margin: float
    speaker: str | None
    segment: str | None


def doubted_labels(
    errors: Sequence[LabelError], library: Library | None = None, model: str | None = None
) -> list[DoubtedLabel]:
    """A row for each error, in the same order; those that cannot be heard any more are left out.

    Args:
        errors: what was found.
        library: where, of segments of the library.
        model: by whose vectors, there.
    """
    if library is None:
        return [_row(one, one.segment) for one in errors]
    by_id = {one.segment.id: one for one in errors if one.segment.id is not None}
    segments = find_segments(library, [*by_id], model)
    return [_row(by_id[segment.id], place) for segment, place in audible(segments)]


def _row(error: LabelError, place: LabelledVector | Place) -> DoubtedLabel:
    return DoubtedLabel(
        path=place.path,
        start=place.start,
        end=place.end,
        channel=place.channel,
        label=error.given,
        likely=error.likely,
        margin=round(error.margin, 4),
        speaker=error.segment.speaker,
        segment=error.segment.id,
    )
