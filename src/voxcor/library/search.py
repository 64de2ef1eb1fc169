"""Segments of the library that sound like a clip, like a mixture of emotions, or as words say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from voxcor.errors import ModelNotInLibrary, NotInLibrary
from voxcor.library.filters import Filters, of_recording
from voxcor.library.indexes import Question
from voxcor.library.listening import listen
from voxcor.library.query import Clip, Heard, Mixture, Query, Region, Words, parse_query
from voxcor.library.segments import FloatArray, LibrarySegment, from_arrow, matrix
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.library.vectors import VECTOR_WEIGHT, unit
from voxcor.options import RecognitionOptions
from voxcor.recognizer import Recognizer
from voxcor.results import DIMENSIONS, ModelInfo, Result, milliseconds
from voxcor.timeline import dimensions_of

if TYPE_CHECKING:
    import pyarrow as pa

# What a distance of the whole length of a dimension, 2, costs beside the overlap of the scores.
DIMENSION_WEIGHT = 0.5

# So many candidates are looked at for each hit, at the least so many.
_CANDIDATES, _FEWEST_CANDIDATES = 20, 200

SAMPLE = 10_000  # rows of which the mean vector is taken

# Vectors are near by their angle around the mean, but an index tells by that around the origin,
# from where all of them lie in one direction. So it is asked for what is nearest to a point in the
# direction of the question, so many times as far from the mean as is usual. Of the true ten, 200
# candidates have .995 among 120,000 segments and .998 among a million; with the vector itself .962
# and .993.
_REACH = 1.25


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that was found, and how near it is: 1 for the same, 0 for nothing in common."""

    segment: LibrarySegment
    similarity: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, the nearest first; and what the question was taken to mean."""

    query: Query
    meaning: Mixture
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class _Point:
    """What is searched for; `vector` [D] where it has been heard."""

    meaning: Mixture
    vector: FloatArray | None = None
    but: str | None = None  # a condition of rows that are the question itself


def search(
    library: Library,
    query: Query | str,
    *,
    recognizer: Callable[[], Recognizer],
    model: str | None = None,
    filters: Filters | None = None,
    limit: int = 10,
) -> Answer:
    """The segments nearest to what is asked for.

    A clip or a region is near by the overlap of the scores and, a little, by the cosine of the
    vectors; a mixture by the overlap of the scores; words by that and by arousal and valence.
    Overlap is Bhattacharyya's coefficient, the sum of sqrt(p q).

    Args:
        library: where.
        query: see `voxcor.library.query`.
        recognizer: makes what listens to a clip that is asked with.
        model: whose segments; None for the model that heard the most.
        filters: what every hit must meet.
        limit: how many at the most.

    Raises:
        LibraryEmpty, ModelNotInLibrary, NotInLibrary: there is no such thing.
        QueryInvalid: nothing can be asked so.
        InputError: the clip cannot be used.
    """
    table = library.table(model)
    asked = parse_query(query, table.labels) if isinstance(query, str) else query
    point = _point(library, table, asked, recognizer)
    where = (filters or Filters()).where
    return Answer(asked, point.meaning, tuple(_ranked(library, table, point, where, limit)))


def _point(
    library: Library, table: ModelTable, query: Query, recognizer: Callable[[], Recognizer]
) -> _Point:
    if isinstance(query, Mixture):
        return _Point(query)
    if isinstance(query, Words):
        from voxcor.library.words.meaning import meaning_of

        meant = meaning_of(query.text)
        return _Point(Mixture(meant.mixture, meant.arousal, meant.valence))
    if isinstance(query, Region):
        return _of_region(library, table, query)
    if isinstance(query, Clip):
        return _of_heard(table, _hear(table, query, recognizer()))
    return _of_heard(table, query)


def _hear(table: ModelTable, clip: Clip, recognizer: Recognizer) -> Heard:
    _require_model(table, recognizer.model)
    part = None
    if clip.start is not None and clip.end is not None:
        part = milliseconds(clip.start), milliseconds(clip.end)
    result = listen(recognizer, clip.path, part, RecognitionOptions(embedding=True))
    return heard(result)


def heard(result: Result, itself: Region | None = None) -> Heard:
    """A result with an utterance embedding, as what is searched by."""
    assert result.embedding is not None
    return Heard(result.model, result.scores, np.asarray(result.embedding, np.float32), itself)


def _require_model(table: ModelTable, model: ModelInfo) -> None:
    """Looks whether vectors of this model can be compared with those of a table."""
    if model.sha256 != table.model.sha256:
        raise ModelNotInLibrary(model=model.id, known=table.model.id)


def _of_heard(table: ModelTable, query: Heard) -> _Point:
    _require_model(table, query.model)
    but = None if query.itself is None else _within(query.itself)
    return _Point(Mixture(query.scores), query.vector, but)


def _within(region: Region) -> str:
    """The condition that a segment overlaps with a region."""
    within = of_recording(region.recording)
    if region.start is not None and region.end is not None:
        first, last = milliseconds(region.start), milliseconds(region.end)
        within += f" AND start_ms < {last} AND end_ms > {first}"
    return within


def _of_region(library: Library, table: ModelTable, region: Region) -> _Point:
    but = _within(region)
    rows = library.rows(table, but)
    if not len(rows):
        raise NotInLibrary(name=str(region))
    segments = from_arrow(rows, table.labels)
    lengths = np.array([segment.end - segment.start for segment in segments])
    weights = (lengths / lengths.sum()).astype(np.float32)
    scores = weights @ np.array([[*segment.scores.values()] for segment in segments], np.float32)
    shares = dict(zip(table.labels, scores.tolist(), strict=True))
    return _Point(Mixture(shares), weights @ matrix(rows), but)


def _ranked(
    library: Library, table: ModelTable, point: _Point, where: str | None, limit: int
) -> list[Hit]:
    roots = np.sqrt([point.meaning.shares.get(label, 0) for label in table.labels]).astype("f")
    near, mean = {"score_roots": roots}, None
    if point.vector is not None:
        mean, length = _mean_and_length(library, table, library.version(table))
        near["vector"] = mean + _REACH * length * unit(point.vector - mean)

    def rate(rows: "pa.Table") -> FloatArray:
        nearness = (unit(matrix(rows, "score_roots")) @ unit(roots)).astype(float)
        if point.vector is not None and mean is not None:
            cosines = unit(matrix(rows) - mean) @ unit(point.vector - mean)
            nearness = (nearness + VECTOR_WEIGHT * cosines) / (1 + VECTOR_WEIGHT)
        distances = _distances(rows, table.labels, point.meaning)
        ratings: FloatArray = (nearness - DIMENSION_WEIGHT / 2 * distances).astype(np.float32)
        return ratings

    question = Question(
        near,
        rate,
        rated=[*near, *DIMENSIONS],
        candidates=max(_FEWEST_CANDIDATES, _CANDIDATES * limit),
        limit=limit,
        where=where,
        but=point.but,
    )
    hits = [
        Hit(segment, round(float(np.clip(rating, 0, 1)), 4))
        for segment, rating in zip(*library.nearest(table, question), strict=True)
    ]
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.segment.id))


def _distances(rows: "pa.Table", labels: Sequence[str], meaning: Mixture) -> FloatArray:
    """How far rows [S] are in those dimensions that are asked for, the mean over them."""
    asked = {name: getattr(meaning, name) for name in DIMENSIONS}
    asked = {name: at for name, at in asked.items() if at is not None}
    distances = np.zeros(len(rows), np.float32)
    if not asked:
        return distances
    scores = np.square(unit(matrix(rows, "score_roots")))
    for place, stored in enumerate(rows.select([*DIMENSIONS]).to_pylist()):
        known = stored
        if stored["arousal"] is None:
            derived = dimensions_of(dict(zip(labels, scores[place].tolist(), strict=True)))
            if derived is None:
                continue
            known = {name: getattr(derived, name) for name in DIMENSIONS}
        distances[place] = np.mean([abs(known[name] - at) for name, at in asked.items()])
    return distances


# Who searches goes on searching: of a table that has not changed it is the same.
@lru_cache(maxsize=4)
def _mean_and_length(
    library: Library, table: ModelTable, _version: int
) -> tuple[FloatArray, float]:
    """What all vectors have in common, of a model that gives similar ones to all speech; and how
    far one lies from it, on average.
    """
    vectors = library.sample(table, SAMPLE)
    mean: FloatArray = vectors.mean(axis=0)
    return mean, float(np.linalg.norm(vectors - mean, axis=1).mean())
