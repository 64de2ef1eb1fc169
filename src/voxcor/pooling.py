"""What is kept of the frames of a recording while they pass: means, and the frames where asked for.

Ten hours are 1.8 million frames, of plus-large 7 GB of embeddings. So sums are kept of the
spans that are asked about, which are known before the pass, and single frames go to the disk
where they are many.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcor.disk.array import Rows, Spool
from voxcor.frames import frame_range
from voxcor.inference.network import FrameOutput
from voxcor.results import Granularity
from voxcor.timeline import Span, softmax

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pooled:
    """Of T frames with L logits, in S spans: the mean logits of all [L] and of each span [S, L].

    `frames` are the scores of each frame [T, L], for granularity `frame`. `embedding` is that of
    the granularity: [D], [S, D] or [T, D], float32.
    """

    mean: NDArray[np.float64]
    span_means: NDArray[np.float64]
    frames: FloatArray | None
    embedding: Rows | None


def pool(
    outputs: Iterable[FrameOutput],
    total: int,
    spans: Sequence[Span],
    *,
    granularity: Granularity,
    embedding: bool,
    columns: Sequence[int] = (),
    temperature: float = 1.0,
) -> Pooled:
    """Takes the frames of a recording as they come.

    Args:
        outputs: all of them, in order.
        total: how many there will be.
        spans: in seconds from the first sample, in order.
        granularity: whether single frames are kept, and which embedding.
        embedding: whether one is.
        columns: of the logits that are kept.
        temperature: what the logits are divided by.
    """
    everything = [(0, total)]
    ranges = [frame_range(start, end, total) for start, end in spans]
    whole, parts = _RangeSums(everything), _RangeSums(ranges)
    # float64: a mean over hours of frames keeps its digits.
    vectors = _RangeSums(everything if granularity == "utterance" else ranges)
    rows = Spool()
    frames = np.empty((total, len(columns)), np.float32) if granularity == "frame" else None
    position = 0
    for output in outputs:
        logits = output.logits[:, columns] / np.float32(temperature)
        whole.add(logits, position, np.float64)
        parts.add(logits, position, np.float64)
        if frames is not None and columns:
            frames[position : position + len(logits)] = softmax(logits)
        if embedding and granularity == "frame":
            rows.append(output.embeddings)
        elif embedding:
            vectors.add(output.embeddings, position, np.float32)
        position += len(logits)
    if not embedding:
        vector = None
    elif granularity == "frame":
        vector = rows.finish()
    else:
        means = vectors.means().astype(np.float32)
        vector = means[0] if granularity == "utterance" else means
    return Pooled(whole.means()[0], parts.means(), frames, vector)


class _RangeSums:
    """Running sums of rows over ranges of them, which are in order."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self._firsts = [first for first, _ in ranges]
        self._lasts = [last for _, last in ranges]
        self._sums: NDArray[np.float64] | None = None

    def add(self, rows: FloatArray, position: int, dtype: type[np.floating]) -> None:
        """Takes the next rows [n, D], the first of which is row `position`; sums them in `dtype`.

        Float32 is what `mean` of a span does, and exact enough within one.
        """
        if self._sums is None:
            self._sums = np.zeros((len(self._firsts), rows.shape[1]))
        begin = bisect_right(self._lasts, position)
        end = bisect_left(self._firsts, position + len(rows))
        for index in range(begin, end):
            inside = rows[max(0, self._firsts[index] - position) : self._lasts[index] - position]
            self._sums[index] += inside.sum(axis=0, dtype=dtype)

    def means(self) -> NDArray[np.float64]:
        """[R, D]; zero for a range without rows."""
        assert self._sums is not None
        counts = np.subtract(self._lasts, self._firsts)
        return self._sums / np.maximum(counts, 1)[:, None]
