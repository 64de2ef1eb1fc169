"""One session for many threads: passes that wait at the same time go through it as one batch.

It bounds memory, one batch at a time whatever the crowd, and keeps the order fair; on two cores it
is no faster than letting the threads run (docs/deploy.md has the figures).

Nobody waits for company. The first thread to come runs its pass at once; what arrives meanwhile
queues, and whoever finds the session free next runs the oldest of it together with others of about
its length. So a lone request loses nothing, and a crowd is batched the more the larger it is. The
graph gives each item of a padded batch exactly its own answer.

A long recording comes window by window, each at the end of the queue: short ones pass in between.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcor.frames import SAMPLE_RATE
from voxcor.inference.network import FrameOutput, Network

# What a batch holds, padding included: 8 s. Measured on two cores with `small`
# (benchmarks/batching.py): short passes gain nothing beyond, and 30 s are slower than one by one,
# because activations leave the caches. Everyone in a batch waits for all of it.
MOST_PADDED = 8 * SAMPLE_RATE  # samples

# An item is padded to no more than this times its length: beyond, alone is faster.
MOST_PADDING = 1.25


@dataclass(eq=False, slots=True)
class _Pass:
    """One waveform on its way through; at the end it has an output or an error."""

    waveform: NDArray[np.float32]
    output: FrameOutput | None = None
    error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.output is not None or self.error is not None


class BatchingNetwork(Network):
    """A network whose `run` may be called by many threads at once; arguments as `Network`."""

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        super().__init__(path, threads=threads)
        self._changed = threading.Condition()
        self._queue: list[_Pass] = []
        self._busy = False

    def run(self, waveforms: Sequence[NDArray[np.float32]]) -> list[FrameOutput]:
        """As `Network.run`, together with what other threads run at the same time."""
        passes = [_Pass(waveform) for waveform in waveforms]
        with self._changed:
            self._queue += passes
        while batch := self._next_batch(passes):
            try:
                self._run_batch(batch)
            finally:
                with self._changed:
                    # Where this thread was interrupted, another runs what it leaves.
                    self._queue[:0] = [item for item in batch if not item.done]
                    self._busy = False
                    self._changed.notify_all()
        return [_output_of(item) for item in passes]

    def _next_batch(self, own: Sequence[_Pass]) -> list[_Pass]:
        """A batch for this thread to run; empty once all of its own passes are done."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy or all(item.done for item in own))
            if all(item.done for item in own):
                return []
            self._busy = True
            batch = choose([item.waveform.size for item in self._queue])
            chosen = [self._queue[index] for index in batch]
            self._queue = [item for item in self._queue if item not in chosen]
            return chosen

    def _run_batch(self, batch: Sequence[_Pass]) -> None:
        try:
            outputs = super().run([item.waveform for item in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            # What one of them cannot have must not cost the others theirs.
            for item in batch:
                self._run_batch([item])
            return
        for item, output in zip(batch, outputs, strict=True):
            item.output = output


def choose(lengths: Sequence[int]) -> list[int]:
    """Which of the waiting passes go next: the oldest, and those that fit to it.

    Args:
        lengths: samples of each, the oldest first; at least one.

    Returns:
        indices, the oldest first: lengths within `MOST_PADDING` of each other, and together, padded
        to the longest, within `MOST_PADDED`, unless one alone is longer.
    """
    chosen = [0]
    shortest = longest = lengths[0]
    for index in range(1, len(lengths)):
        low, high = min(shortest, lengths[index]), max(longest, lengths[index])
        if high <= MOST_PADDING * low and high * (len(chosen) + 1) <= MOST_PADDED:
            chosen.append(index)
            shortest, longest = low, high
    return chosen


def _output_of(item: _Pass) -> FrameOutput:
    if item.error is not None:
        raise item.error
    assert item.output is not None
    return item.output
