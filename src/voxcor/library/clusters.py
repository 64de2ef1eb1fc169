"""What lies together in the library, without anybody having named it.

HDBSCAN (Campello, Moulavi & Sander 2013) in the space of `voxcor.library.vectors`, and of its tree
the leaves: clusters higher up are nearly all there is. Its stability is how well a cluster is found
again when four fifths of the segments are drawn: the mean, over draws, of the largest Jaccard index
with a cluster of the draw (Hennig 2007); below 0.6 it is no pattern, from 0.75 on it is one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.library.filters import Filters
from voxcor.library.segments import FloatArray, LibrarySegment
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.library.vectors import points

MOST = 20_000  # segments that are grouped; more would take hours
DRAWS, DRAWN = 10, 0.8
EXEMPLARS = 3
OUTLIERS = 10

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Segments that lie together.

    `size` is how many, `stability` 0..1 as in the module. `emotions` and `speakers` are shares of
    the segments, the largest first, speakers as far as they are known: a cluster of one speaker is
    a voice and no mood. `exemplars` are those nearest to its middle.
    """

    size: int
    stability: float
    emotions: dict[str, float]
    speakers: dict[str, float]
    exemplars: tuple[LibrarySegment, ...]
    members: tuple[LibrarySegment, ...]

    def to_document(self) -> dict[str, Any]:
        """As JSON has it: exemplars and members by their ids."""
        document = {name: getattr(self, name) for name in ("size", "stability")}
        document |= {"emotions": self.emotions, "speakers": self.speakers}
        for name in ("exemplars", "members"):
            document[name] = [segment.id for segment in getattr(self, name)]
        return document


@dataclass(frozen=True, slots=True)
class Clusters:
    """All clusters, the largest first; how many segments are in none, and the farthest of those."""

    clusters: tuple[Cluster, ...]
    segments: int
    outside: int
    outliers: tuple[LibrarySegment, ...]


def find_clusters(
    library: Library,
    table: ModelTable,
    *,
    filters: Filters | None = None,
    smallest: int | None = None,
    by_speaker: bool = False,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _share: None,
) -> Clusters:
    """Groups segments by their vectors; the same library gives the same clusters.

    Args:
        library: where.
        table: of which model.
        filters: which segments; None for all.
        smallest: segments of the smallest cluster; None for a fiftieth, five at the least.
        by_speaker: take away what the segments of a speaker have in common, see
            `voxcor.library.vectors`.
        seed: of the draws.
        progress: is told from time to time which share of the work is done. What it raises ends it.
    """
    found = points(library, table, filters=filters, most=MOST, by_speaker=by_speaker, seed=seed)
    count = len(found.segments)
    least = smallest or max(5, count // 50)
    if count < 2 * least:
        return Clusters((), count, count, ())
    grouped = _group(found.places, least)
    stability = _stability(found.places, grouped, least, seed, progress)
    clusters = [
        _described(found.segments, found.places, np.flatnonzero(grouped == number), stable)
        for number, stable in enumerate(stability)
    ]
    outside = np.flatnonzero(grouped < 0)
    return Clusters(
        tuple(sorted(clusters, key=lambda cluster: -cluster.size)),
        count,
        len(outside),
        _farthest(found.segments, found.places, outside),
    )


def _group(places: FloatArray, least: int) -> IntArray:
    """The number of each segment's cluster, -1 for none."""
    from sklearn.cluster import HDBSCAN

    grouped: IntArray = HDBSCAN(
        min_cluster_size=least,
        min_samples=min(5, least),
        cluster_selection_method="leaf",
        copy=True,
    ).fit_predict(places)
    return grouped


def _stability(
    places: FloatArray,
    grouped: IntArray,
    least: int,
    seed: int,
    progress: Callable[[float], None],
) -> list[float]:
    rng = np.random.default_rng(seed)
    numbers = range(grouped.max() + 1)
    found = np.zeros((DRAWS, len(numbers)))
    for draw in range(DRAWS):
        progress((1 + draw) / (1 + DRAWS))
        kept = np.sort(rng.choice(len(places), round(DRAWN * len(places)), replace=False))
        again = _group(places[kept], max(2, round(DRAWN * least)))
        for number in numbers:
            members = grouped[kept] == number
            found[draw, number] = max(
                (_jaccard(members, again == other) for other in range(again.max() + 1)),
                default=0.0,
            )
    return [float(value) for value in found.mean(axis=0)]


def _jaccard(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def _described(
    segments: Sequence[LibrarySegment], places: FloatArray, members: IntArray, stability: float
) -> Cluster:
    inside = [segments[i] for i in members]
    distances = np.linalg.norm(places[members] - places[members].mean(axis=0), axis=1)
    nearest = members[np.argsort(distances, kind="stable")[:EXEMPLARS]]
    return Cluster(
        size=len(inside),
        stability=round(stability, 3),
        emotions=shares([one.label or one.emotion for one in inside]),
        speakers=shares([one.speaker for one in inside]),
        exemplars=tuple(segments[i] for i in nearest),
        members=tuple(inside),
    )


def shares(names: Sequence[str | None]) -> dict[str, float]:
    """Which share of them each is, the largest first; None, where nobody is known, is not named."""
    counts = Counter(names).most_common()
    return {name: round(n / len(names), 4) for name, n in counts if name is not None}


def _farthest(
    segments: Sequence[LibrarySegment], places: FloatArray, outside: IntArray
) -> tuple[LibrarySegment, ...]:
    distances = np.linalg.norm(places[outside] - places.mean(axis=0), axis=1)
    order = outside[np.argsort(-distances, kind="stable")[:OUTLIERS]]
    return tuple(segments[i] for i in order)
