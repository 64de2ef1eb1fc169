"""Where speech is, said as it comes: `speech_spans` for a recording that has not ended.

`Endpointer` takes the probabilities of `voxcor.audio.vad` one by one and says where a span opens
and where it closes, as soon as what follows can no longer change it: a span opens with its third
window of speech, and closes when the 512 ms have passed that make a pause. `Leveller` prepares
what silero is given.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from voxcor.audio.decoders import FloatArray
from voxcor.audio.vad import (
    LONGEST_SPEECH,
    OFFSET,
    ONSET,
    PADDING,
    QUARTER_SECOND_WINDOWS,
    SHORTEST_PAUSE,
    SHORTEST_SPEECH,
    SPEECH_RMS,
)

# Long enough to bridge a pause for thought, short enough to forget a slammed door.
_HORIZON = 938  # windows, 30 s

# Silero misses speech 40 dB below full scale. More than this lifts a quiet room's noise to where
# it is taken for speech before anybody has spoken.
_MOST_GAIN = 10**1.5  # 30 dB


@dataclass(frozen=True, slots=True)
class Edge:
    """A span opens with window `window`, or closes before it."""

    kind: Literal["open", "close"]
    window: int


class Endpointer:
    """The spans of speech of one recording, edge by edge; times are counted in 32 ms windows.

    What is longer than 15 s is cut where it is least likely to be speech, in the middle half of
    its first 15 s: a cut cannot wait for an end that may not come. Both pieces are edges at once,
    in hindsight.
    """

    def __init__(self) -> None:
        self.windows = 0  # pushed so far
        self.start: int | None = None  # of the open span
        self._first: int | None = None  # of the speech that is going on, perhaps too short
        self._pause: int | None = None  # its first window below OFFSET, while that may be a pause
        self._probabilities: list[float] = []  # from `_kept` on
        self._kept = 0

    @property
    def reach(self) -> int:
        """The window up to which the open span goes at least, as far as is known."""
        return self.windows if self._pause is None else min(self.windows, self._pause + PADDING)

    @property
    def earliest(self) -> int:
        """The first window that an edge yet to come may name."""
        if self.start is not None:
            return self.start
        return max(0, (self.windows if self._first is None else self._first) - PADDING)

    def push(self, probability: float) -> list[Edge]:
        """One more window, and the edges that it settles."""
        window = self.windows
        self.windows += 1
        if self._first is None:
            if probability >= ONSET:
                self._first = self._kept = window
        elif self._pause is None:
            if probability < OFFSET:
                self._pause = window
        elif probability >= ONSET:
            self._pause = None
        if self._first is None:
            return []
        self._probabilities.append(probability)
        if self._pause is not None:
            over = self.windows - self._pause >= SHORTEST_PAUSE
            return self._close(self._pause) if over else []
        edges = []
        if self.start is None and self.windows - self._first >= SHORTEST_SPEECH:
            self.start = max(0, self._first - PADDING)
            edges.append(Edge("open", self.start))
        return edges + self._cut(self.windows)

    def finish(self) -> list[Edge]:
        """The recording ends here."""
        return self._close(self.windows if self._pause is None else self._pause)

    def _close(self, last: int) -> list[Edge]:
        """The speech ends before window `last`."""
        edges = []
        if self.start is not None:
            end = min(self.windows, last + PADDING)
            edges = [*self._cut(end), Edge("close", end)]
        self.start = self._first = self._pause = None
        self._probabilities.clear()
        return edges

    def _cut(self, end: int) -> list[Edge]:
        """Cuts the open span, which reaches `end` at least, while it is too long."""
        edges = []
        quarter = LONGEST_SPEECH // 4
        while self.start is not None and end - self.start > LONGEST_SPEECH:
            first = self.start + quarter
            last = self.start + LONGEST_SPEECH - quarter
            middle = self._probabilities[first - self._kept : last - self._kept]
            place = first + middle.index(min(middle))
            edges += [Edge("close", place), Edge("open", place)]
            del self._probabilities[: place - self._kept]
            self.start = self._kept = place
        return edges


class Leveller:
    """Makes windows as loud as silero wants them, knowing only what has come.

    `voxcor.audio.prepare` levels a recording by its loudest quarter second, and takes out its
    offset; here both come from the last 30 s. Measured on 8 dialogues of four corpora at 0, -20
    and -40 dB, 1.2 of 100 windows fall on another side of an edge than with the whole recording
    known. Without the limit it is 2.8: the first words come out of loud noise.
    """

    def __init__(self) -> None:
        self._powers: deque[float] = deque(maxlen=QUARTER_SECOND_WINDOWS)
        self._known = np.zeros((3, 0), np.float32)  # quarter-second power, peak, mean, by window

    def push(self, window: FloatArray) -> FloatArray:
        """The next 512 samples, levelled."""
        self._powers.append(float(np.square(window, dtype=np.float64).mean()))
        quarter = sum(self._powers) / len(self._powers)
        newest = np.array([[quarter], [np.abs(window).max()], [window.mean()]], np.float32)
        self._known = np.concatenate([self._known[:, 1 - _HORIZON :], newest], axis=1)
        loudest, peak, mean = self._known[0].max(), self._known[1].max(), self._known[2].mean()
        if peak == 0:
            return np.zeros_like(window)
        gain = min(SPEECH_RMS / np.sqrt(max(loudest, 1e-12)), 1 / peak, _MOST_GAIN)
        levelled: FloatArray = ((window - mean) * np.float32(max(1.0, gain))).astype(np.float32)
        return levelled
