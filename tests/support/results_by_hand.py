"""Results built without a model, for tests of what is done with results."""

from dataclasses import replace
from typing import Any

import numpy as np

from voxcor.labels import LABEL_IDS
from voxcor.results import (
    AudioInfo,
    ModelInfo,
    Preprocessing,
    Quality,
    Result,
    Segment,
    Summary,
    Transition,
)
from voxcor.timeline import dimensions_of, frame_view

HAPPY = (0.012, 0.008, 0.015, 0.853, 0.045, 0.023, 0.018, 0.021, 0.005)
SAD = (0.03, 0.02, 0.08, 0.05, 0.12, 0.05, 0.6, 0.03, 0.02)


def scores_of(values: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(LABEL_IDS, values, strict=True))


def segment(start: float, end: float, values: tuple[float, ...]) -> Segment:
    scores = scores_of(values)
    emotion = max(scores, key=scores.__getitem__)
    dimensions = dimensions_of(scores)
    return Segment(start, end, emotion, scores[emotion], scores, dimensions=dimensions)


def happy_then_sad(**changes: Any) -> Result:
    """3 s of speech: happy until 1.5 s, a pause, sad from 1.9 s; the whole is happy."""
    result = Result(
        emotion="happy",
        confidence=0.853,
        scores=scores_of(HAPPY),
        granularity="utterance",
        timestamp="2024-01-04 22:30:00",
        model=ModelInfo("plus-large", "fp32", "v2.0.5", "a" * 64, official=True, fallback=False),
        audio=AudioInfo("call.m4a", 3.2, 44_100, 2, "b" * 64, channel=None),
        preprocessing=Preprocessing(True, 0.1, 0.1, gain_db=3.5),
        quality=Quality(24.3, 0.0, 8000, 2.6, ()),
        segments=(segment(0.1, 1.5, HAPPY), segment(1.9, 3.1, SAD)),
        transitions=(Transition(1.9, "happy", "sad"),),
        summary=Summary("happy", {"happy": 0.538, "sad": 0.462}, 2, 1),
        timings_ms={"decode": 3.2, "preprocess": 4.0, "inference": 80.5},
        notice="An estimate.",
        dimensions=dimensions_of(scores_of(HAPPY)),
        processed=np.sin(np.arange(48_000) / 20).astype(np.float32),
    )
    return replace(result, **changes)


def with_frames(**changes: Any) -> Result:
    """The same recording at 20 ms: 149 frames between 0.1 s and 3.1 s."""
    times = 0.1 + 0.0125 + 0.02 * np.arange(149)
    scores = np.where((times < 1.7)[:, None], HAPPY, SAD).astype(np.float32)
    return happy_then_sad(granularity="frame", frames=frame_view(scores, LABEL_IDS, 0.1), **changes)
