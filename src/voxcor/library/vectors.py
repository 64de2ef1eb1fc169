"""How near segments are to each other: one measure for search, clusters and the map.

By how much their scores overlap (Bhattacharyya's coefficient, the sum of sqrt(p q)), and a quarter
of the cosine of their vectors, less what all vectors have in common. Vectors alone find voices
rather than moods.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voxcor.library.filters import Filters
from voxcor.library.segments import FloatArray, LibrarySegment, from_arrow, matrix
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable

# What the cosine counts beside the overlap. To the built-in model, of the ten nearest by other
# speakers in ravdess, nemo and emospeech_in .46 have the same emotion by the vectors alone, .52 by
# the scores alone, .55 by both so.
VECTOR_WEIGHT = 0.25

# Principal components that distances are measured in. In more, all points are about as far apart.
COMPONENTS = 20

# A voice with fewer segments has no mean worth taking away.
_FEWEST_OF_SPEAKER = 5


@dataclass(frozen=True, slots=True)
class Points:
    """Segments, and their places `[S, C]` in the space that distances are measured in."""

    segments: tuple[LibrarySegment, ...]
    places: FloatArray


def points(
    library: Library,
    table: ModelTable,
    *,
    filters: Filters | None = None,
    most: int,
    by_speaker: bool = False,
    seed: int = 0,
) -> Points:
    """The segments that meet the filters; of more than `most`, so many drawn evenly.

    Args:
        library: where.
        table: of which model.
        filters: None for all segments.
        most: how many at the most.
        by_speaker: take the mean of each speaker's vectors away from them, so that segments lie
            together for how they are said and not for who says them. Speakers with fewer than five
            segments, and segments without a speaker, lose the mean of all.
        seed: of the draw.
    """
    rows = library.drawn(table, (filters or Filters()).where, most, seed)
    segments = from_arrow(rows, table.labels)
    if len(segments) < 2:
        return Points(tuple(segments), np.zeros((len(segments), 2), np.float32))
    roots = matrix(rows, "score_roots")
    vectors = unit(_centred(segments, matrix(rows), by_speaker))
    # The square of a distance in here is twice what the measure falls short of its most.
    return Points(
        tuple(segments), _reduced(np.hstack([unit(roots), np.sqrt(VECTOR_WEIGHT) * vectors]))
    )


def unit(rows: FloatArray) -> FloatArray:
    """Rows `[S, D]` of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: FloatArray = rows / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def _centred(
    segments: Sequence[LibrarySegment], vectors: FloatArray, by_speaker: bool
) -> FloatArray:
    centred: FloatArray = vectors - vectors.mean(axis=0)
    if not by_speaker:
        return centred
    speakers = np.array([segment.speaker or "" for segment in segments])
    for speaker in {*speakers.tolist()} - {""}:
        theirs = speakers == speaker
        if theirs.sum() >= _FEWEST_OF_SPEAKER:
            centred[theirs] -= centred[theirs].mean(axis=0)
    return centred


def _reduced(vectors: FloatArray) -> FloatArray:
    """The first principal components, as many as there can be."""
    from sklearn.decomposition import PCA

    count = min(COMPONENTS, *vectors.shape)
    # As exact as "full", which keeps several copies of all rows.
    components = PCA(count, svd_solver="covariance_eigh").fit_transform(vectors)
    reduced: FloatArray = components.astype(np.float32)
    return reduced
