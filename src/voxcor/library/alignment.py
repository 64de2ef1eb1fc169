"""Two courses of scores laid on each other: what one says early, the other may say late.

Dynamic time warping (Sakoe & Chiba 1978) as dtaidistance does it: of all ways through both courses
that go forward in each, the one on which they differ least. Two moments differ by how much their
scores do not overlap: 1 less Bhattacharyya's coefficient, which is the square of their Hellinger
distance. It is the measure of `voxcor.library.vectors`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Courses = NDArray[np.float64]

# How far one course may run ahead of the other beside their difference in length, as a share of the
# longer one (Sakoe & Chiba's band): far enough for a pause, too near for another sentence.
BAND = 0.2
_NARROWEST = 3  # steps


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which step of one course meets which of the other.

    `path` int [K, 2] has a row for each meeting, from the first steps to the last; `costs` float
    [K] are what does not overlap in it, 0..1.
    """

    path: NDArray[np.int64]
    costs: Courses

    @property
    def similarity(self) -> float:
        """The mean overlap along the path, 0..1: 1 for the same scores at any pace."""
        return 1 - float(self.costs.mean())


def align(first: Courses, second: Courses) -> Alignment:
    """The way through two courses on which they differ least; the same whichever comes first.

    Args:
        first: scores [N, L], each row of sum 1; N at least 1.
        second: the same [M, L].
    """
    from dtaidistance import dtw, dtw_ndim

    # A column of nothing: its C takes a single one for no vectors at all.
    one, other = (np.sqrt(np.pad(course, ((0, 0), (0, 1)))) for course in (first, second))
    # Of ways that cost the same it takes one, which depends on who comes first.
    swapped = (len(one), one.tobytes()) > (len(other), other.tobytes())
    shorter, longer = (other, one) if swapped else (one, other)
    window = max(_NARROWEST, round(BAND * len(longer)))
    # Where it was installed without its C part, the same way takes hundreds of times as long.
    compiled = dtw.dtw_cc is not None
    found = dtw_ndim.warping_path(shorter, longer, window=window, use_c=compiled)
    path = np.array(found, np.int64)
    path = path[:, ::-1] if swapped else path
    overlaps = (one[path[:, 0]] * other[path[:, 1]]).sum(axis=1)
    return Alignment(path, np.clip(1 - overlaps, 0, 1))


def maximal_runs(gains: Courses) -> list[tuple[int, int]]:
    """Where gains [K] add up to the most, from which index to which, the largest sum first.

    All maximal scoring subsequences, in one pass (Ruzzo & Tompa 1999).
    """
    runs: list[tuple[int, int, float, float]] = []  # from, to, sums before and after
    total = 0.0
    for place, gain in enumerate(gains.tolist()):
        before, total = total, total + gain
        if gain <= 0:
            continue
        run = (place, place + 1, before, total)
        while runs:
            behind = next((at for at in reversed(range(len(runs))) if runs[at][2] < run[2]), None)
            if behind is None or runs[behind][3] >= run[3]:
                break
            run = (runs[behind][0], run[1], runs[behind][2], run[3])
            del runs[behind:]
        runs.append(run)
    runs.sort(key=lambda run: (run[2] - run[3], run[0]))
    return [(start, end) for start, end, _, _ in runs]
