"""The library on a plane: what is alike lies together.

t-SNE (van der Maaten & Hinton 2008) as openTSNE does it, begun at the first two principal
components, so that the same library gives the same map. Neighbours on it are neighbours in the
vectors; distances between groups, and the axes, mean nothing.
"""

from dataclasses import dataclass

import numpy as np

from voxcor.library.filters import Filters
from voxcor.library.segments import FloatArray, LibrarySegment
from voxcor.library.store import Library, ModelTable
from voxcor.library.vectors import points

MOST = 100_000
_PERPLEXITY = 30  # neighbours that a point keeps; fewer where there are not so many


@dataclass(frozen=True, slots=True)
class Map:
    """Segments and where they lie, `[S, 2]`, -1..1."""

    segments: tuple[LibrarySegment, ...]
    places: FloatArray


def make_map(
    library: Library,
    table: ModelTable,
    *,
    filters: Filters | None = None,
    by_speaker: bool = False,
    threads: int = 1,
    seed: int = 0,
) -> Map:
    """Lays segments out on a plane; of more than 100,000 so many drawn evenly.

    Args:
        library: where.
        table: of which model.
        filters: which segments; None for all.
        by_speaker: see `voxcor.library.vectors`.
        threads: of the computation.
        seed: of the draw.
    """
    found = points(library, table, filters=filters, most=MOST, by_speaker=by_speaker, seed=seed)
    count = len(found.segments)
    if count < 5:
        places = found.places[:, :2]
    else:
        from openTSNE import TSNE

        tsne = TSNE(
            perplexity=min(_PERPLEXITY, (count - 1) / 3),
            initialization="pca",
            n_jobs=threads,
            random_state=seed,
        )
        places = np.asarray(tsne.fit(found.places), np.float32)
    reach = np.abs(places).max(initial=0)
    return Map(found.segments, places / reach if reach else places)
