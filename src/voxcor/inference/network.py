"""A model at work: waveforms in, frame embeddings and frame logits out.

Up to 30 s goes through in one pass, as FunASR does it. Longer audio goes in windows that overlap;
where two overlap, one fades into the other, so that the curve has no seam.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcor.cancellation import checkpoint
from voxcor.disk.array import Rows
from voxcor.errors import AudioTooShort
from voxcor.frames import HOP, RECEPTIVE_FIELD, SAMPLE_RATE, num_frames, num_samples
from voxcor.inference.session import open_model

LONGEST_PASS = 30 * SAMPLE_RATE  # samples
WINDOW_FRAMES = num_frames(LONGEST_PASS)
OVERLAP_FRAMES = WINDOW_FRAMES // 3


@dataclass(frozen=True, slots=True)
class FrameOutput:
    """What the network says of each frame: `embeddings` [T, D] and `logits` [T, L], float32."""

    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]


class Network:
    """A graph with the doors of `voxcor.models.graph`, ready to run.

    Args:
        path: the `.onnx` file.
        threads: threads of one pass; None for all cores.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        self._session = open_model(path, threads=threads)
        self.labels = self._session.metadata.labels
        self.embedding_dim = self._session.metadata.embedding_dim

    def run(self, waveforms: Sequence[NDArray[np.float32]]) -> list[FrameOutput]:
        """One padded batch, each item exactly as if it were alone.

        Args:
            waveforms: float32 [N] at 16 kHz each, any lengths of 400 samples or more.

        Raises:
            AudioTooShort: an item is shorter than one frame.
        """
        lengths = np.array([len(waveform) for waveform in waveforms], dtype=np.int64)
        if lengths.min() < RECEPTIVE_FIELD:
            raise AudioTooShort(
                name="<samples>",
                duration_ms=1000 * int(lengths.min()) // SAMPLE_RATE,
                minimum_ms=1000 * RECEPTIVE_FIELD // SAMPLE_RATE,
            )
        batch = np.zeros((len(waveforms), lengths.max()), dtype=np.float32)
        for row, waveform in zip(batch, waveforms, strict=True):
            row[: len(waveform)] = waveform
        outputs = self._session.run({"waveform": batch, "lengths": lengths})
        embeddings = outputs[0]
        logits = outputs[1] if self.labels else np.zeros((*embeddings.shape[:2], 0), np.float32)
        return [
            FrameOutput(embeddings[i, :frames], logits[i, :frames])
            for i, frames in enumerate(num_frames(int(length)) for length in lengths)
        ]

    def run_long(self, waveform: Rows) -> FrameOutput:
        """One recording of any length, float32 [N] at 16 kHz; see the module for how.

        Raises:
            AudioTooShort: it is shorter than one frame.
        """
        parts = [*self.run_windows(waveform)]
        return parts[0] if len(parts) == 1 else _concatenated(parts)

    def run_windows(
        self,
        waveform: Rows,
        *,
        on_window: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Iterator[FrameOutput]:
        """The same in parts, in order, as they are known: two windows at a time are in memory.

        Args:
            waveform: the samples.
            on_window: where there are several windows, is told after each how many are done, and
                of how many.

        Raises:
            AudioTooShort: as `run_long`.
            Cancelled: nobody wants the rest any longer.
        """
        checkpoint()
        if len(waveform) <= LONGEST_PASS:
            yield self.run([waveform[:]])[0]
            return
        total = num_frames(len(waveform))
        starts = window_starts(total)
        before: FrameOutput | None = None  # from this window's first frame on, by the one before
        for done, (first, end) in enumerate(zip(starts, [*starts[1:], total], strict=True), 1):
            checkpoint()
            start = first * HOP
            output = self.run([waveform[start : start + num_samples(WINDOW_FRAMES)]])[0]
            if before is not None:
                _fade(before, output)
            before = _rows(output, end - first, None)
            on_window(done, len(starts))
            yield _rows(output, 0, end - first)


def window_starts(total: int) -> list[int]:
    """The first frames of the windows that cover `total` frames, each overlapping the last.

    All windows are full but where there is only one: the last one starts earlier instead of being
    short, because the network hears more in a longer window.
    """
    step = WINDOW_FRAMES - OVERLAP_FRAMES
    last = total - WINDOW_FRAMES
    return [0] if last <= 0 else [*range(0, last, step), last]


def _fade(before: FrameOutput, output: FrameOutput) -> None:
    """Lets `output` begin as `before` and become itself over the overlap, in place."""
    weights = (np.arange(OVERLAP_FRAMES, dtype=np.float32)[:, None] + 1) / (OVERLAP_FRAMES + 1)
    for old, new in ((before.embeddings, output.embeddings), (before.logits, output.logits)):
        overlap = new[:OVERLAP_FRAMES]
        overlap[:] = (1 - weights) * old[:OVERLAP_FRAMES] + weights * overlap


def _rows(output: FrameOutput, first: int, last: int | None) -> FrameOutput:
    return FrameOutput(output.embeddings[first:last], output.logits[first:last])


def _concatenated(parts: Sequence[FrameOutput]) -> FrameOutput:
    return FrameOutput(
        np.concatenate([part.embeddings for part in parts]),
        np.concatenate([part.logits for part in parts]),
    )
