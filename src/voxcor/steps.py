"""The steps of a recognition as they end, and how long each took."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """A step of recognition that has ended: its name, how long it took, what came of it.

    `decode`, `preprocess`, `inference` and `postprocess`, in this order; before `inference` ends,
    each `window` of a recording of several. `facts` are plain numbers and codes.
    """

    name: str
    ms: float
    facts: Mapping[str, Any]


StepCallback = Callable[[Step], None]


class Timings:
    """Milliseconds of each step, by its name; `progress` is told of each."""

    def __init__(self, progress: StepCallback = lambda _step: None) -> None:
        self._progress = progress
        self._started = self._window_started = time.perf_counter()
        self._steps: dict[str, float] = {}

    @contextmanager
    def of(self, step: str) -> Iterator[dict[str, Any]]:
        """Times the block, which fills in what came of the step."""
        started = self._window_started = time.perf_counter()
        facts: dict[str, Any] = {}
        yield facts
        self._steps[step] = 1000 * (time.perf_counter() - started)
        self._progress(Step(step, round(self._steps[step], 1), facts))

    def window(self, done: int, total: int) -> None:
        """A window has gone through the network; see `Network.run_windows`."""
        started, self._window_started = self._window_started, time.perf_counter()
        ms = round(1000 * (self._window_started - started), 1)
        self._progress(Step("window", ms, {"done": done, "total": total}))

    def rounded(self) -> Mapping[str, float]:
        total = 1000 * (time.perf_counter() - self._started)
        return {step: round(ms, 1) for step, ms in {**self._steps, "total": total}.items()}
