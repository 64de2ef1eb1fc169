"""The frame grid of every model: which samples each 20 ms frame covers.

Everything here counts samples at 16 kHz. Frame `i` covers samples
`[HOP * i, HOP * i + RECEPTIVE_FIELD)`, and its time is the middle of those.
"""

SAMPLE_RATE = 16_000

# The grid of wav2vec 2.0's convolutions and of every model after it: 25 ms windows, 20 ms apart.
HOP = 320  # samples
RECEPTIVE_FIELD = 400
HOP_MS = 1000 * HOP // SAMPLE_RATE


def num_frames(num_samples: int) -> int:
    """Frames that `num_samples` at 16 kHz give; 0 below one receptive field."""
    if num_samples < RECEPTIVE_FIELD:
        return 0
    return (num_samples - RECEPTIVE_FIELD) // HOP + 1


def num_samples(num_frames: int) -> int:
    """The fewest samples that give `num_frames` frames."""
    return (num_frames - 1) * HOP + RECEPTIVE_FIELD


def frame_center(frame: int) -> float:
    """The time of a frame's middle in seconds: 0.0125 + 0.02 * frame."""
    return (HOP * frame + RECEPTIVE_FIELD / 2) / SAMPLE_RATE


def frame_range(start: float, end: float, total: int) -> tuple[int, int]:
    """The frames `[first, last)` whose middles lie in `[start, end)` seconds, out of `total`.

    A span too short to hold a middle gets the one frame nearest to its own middle.
    """
    origin = frame_center(0)
    hop = HOP / SAMPLE_RATE
    first = max(0, _ceil((start - origin) / hop))
    last = min(total, _ceil((end - origin) / hop))
    if first < last or total == 0:
        return min(first, total), min(last, total)
    nearest = round(((start + end) / 2 - origin) / hop)
    nearest = min(max(nearest, 0), total - 1)
    return nearest, nearest + 1


def _ceil(value: float) -> int:
    # Times arrive as float seconds; a hair above a frame's middle is that middle.
    return -int(-(value - 1e-6) // 1)
