"""A library that two people have labelled, one of them wrongly here and there."""

from datetime import datetime
from pathlib import Path

import numpy as np

from places import VOICE
from voxcor.labels import LABEL_IDS
from voxcor.library.labels import PersonsLabel
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.results import ModelInfo

MODEL = ModelInfo("small", "int8", "1", "ab" * 32, True, False)
NAMES = ("angry", "happy", "sad")
EVERY = 20  # a label of Ann's is wrong


def labelled(home: Path, count: int = 120) -> tuple[Library, set[str]]:
    """Three clouds of segments by ten speakers; Ann labels all of them, Ben every third.

    Returns:
        the library, and the ids of the segments whose labels are wrong.
    """
    rng = np.random.default_rng(3)
    middles = 3 * rng.normal(size=(3, 16))
    segments, vectors, said, wrong = [], [], [], set()
    for number in range(count):
        own = number % 3
        scores = dict.fromkeys(LABEL_IDS, 0.0) | {NAMES[own]: 1.0}
        segment = LibrarySegment(
            *(f"{number:016x}", f"{number}.wav", str(VOICE), None, 0.5, 2.0, NAMES[own], 1.0),
            *(scores, None, None, f"s{number // 3 % 10}", None, datetime(2026, 1, 1), "x"),
        )
        segments.append(segment)
        vectors.append(middles[own] + rng.normal(size=16))
        place = segment.recording, segment.start, segment.end
        if number % EVERY == 0:
            wrong.add(segment.id)
        label = NAMES[(own + (number % EVERY == 0)) % 3]
        said.append(PersonsLabel(*place, label, "Ann", "2026-01-01 00:00:01"))
        if number % 3 == number // 3 % 3:
            said.append(PersonsLabel(*place, NAMES[own], "Ben", "2026-01-01 00:00:00"))
    library = Library(home / "library")
    library.add(MODEL, segments, np.array(vectors, np.float32))
    library.label(said)
    return library, wrong
