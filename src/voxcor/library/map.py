"""The library on a plane: what is alike lies together.

t-SNE (van der Maaten & Hinton 2008) as openTSNE does it, begun at the first two principal
components, so that the same library gives the same map. Neighbours on it are neighbours in the
vectors; distances between groups, and the axes, mean nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from voxcor.library.filters import Filters
from voxcor.library.segments import FloatArray, LibrarySegment
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.library.vectors import points

MOST = 100_000
_PERPLEXITY = 30  # neighbours that a point keeps; fewer where there are not so many

# Passes of the two stages of openTSNE, and after how many it says so.
_PASSES, _EACH = 250 + 500, 10


@dataclass(frozen=True, slots=True)
class Map:
    """Segments and where they lie, `[S, 2]`, -1..1."""

    segments: tuple[LibrarySegment, ...]
    places: FloatArray

    def to_document(self) -> dict[str, Any]:
        """As JSON has it, a list for each column so that a hundred thousand points are short.

        `emotion` are places in `labels`, a person's word before the model's; `speaker` are places
        in `speakers`, -1 for nobody known. `x` and `y` have four digits.
        """
        segments = self.segments
        emotions = [one.label or one.emotion for one in segments]
        voices = [one.speaker for one in segments]
        known = segments[0].scores if segments else {}
        labels = {name: place for place, name in enumerate(dict.fromkeys([*known, *emotions]))}
        named = sorted({voice for voice in voices if voice is not None})
        speakers = {name: place for place, name in enumerate(named)}
        x, y = np.round(self.places.astype(float), 4).T.tolist()
        return {
            "labels": [*labels],
            "x": x,
            "y": y,
            "emotion": [labels[emotion] for emotion in emotions],
            "ids": [one.id for one in segments],
            "speakers": named,
            "speaker": [-1 if voice is None else speakers[voice] for voice in voices],
        }


def make_map(
    library: Library,
    table: ModelTable,
    *,
    filters: Filters | None = None,
    by_speaker: bool = False,
    threads: int = 1,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _share: None,
) -> Map:
    """Lays segments out on a plane; of more than 100,000 so many drawn evenly.

    Args:
        library: where.
        table: of which model.
        filters: which segments; None for all.
        by_speaker: see `voxcor.library.vectors`.
        threads: of the computation.
        seed: of the draw.
        progress: is told from time to time which share of the passes is done. What it raises ends
            the work.
    """
    found = points(library, table, filters=filters, most=MOST, by_speaker=by_speaker, seed=seed)
    count = len(found.segments)
    if count < 5:
        places = found.places[:, :2]
    else:
        from openTSNE import TSNE

        passes = 0

        def passed(*_of_pass: object) -> bool:
            nonlocal passes
            passes += _EACH
            progress(passes / _PASSES)
            return False

        tsne = TSNE(
            perplexity=min(_PERPLEXITY, (count - 1) / 3),
            initialization="pca",
            n_jobs=threads,
            random_state=seed,
            callbacks=passed,
            callbacks_every_iters=_EACH,
        )
        places = np.asarray(tsne.fit(found.places), np.float32)
    reach = np.abs(places).max(initial=0)
    return Map(found.segments, places / reach if reach else places)
