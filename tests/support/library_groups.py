"""Libraries whose segments are known to lie in groups, to go up and down, or to differ."""

from datetime import datetime
from pathlib import Path

import numpy as np

from voxcor.labels import LABEL_IDS
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.results import ModelInfo

MODEL = ModelInfo("small", "int8", "1", "cd" * 32, True, False)


def grouped(
    folder: Path, sizes: dict[str, int], *, noise: int = 0, seed: int = 0, path: str | None = None
) -> Library:
    """For each label so many segments with scores and vectors near each other, and some anywhere.

    They take turns to be spoken by ann and ben, whose vectors lie far apart. All of them are heard
    in the beginning of one file.
    """
    rng = np.random.default_rng(seed)
    labels = [label for label, size in sizes.items() for _ in range(size)] + [""] * noise
    segments, vectors = [], []
    for number, label in enumerate(labels):
        weights = rng.uniform(0, 1, len(LABEL_IDS)) * (0.1 if label else 1)
        if label:
            weights[LABEL_IDS.index(label)] += 3
        scores = dict(zip(LABEL_IDS, (weights / weights.sum()).tolist(), strict=True))
        speaker = ("ann", "ben")[number % 2]
        vector = rng.normal(0, 0.2 if label else 2, 16)
        vector[number % 2] += 10
        if label:
            vector[2 + LABEL_IDS.index(label)] += 3
        emotion = max(scores, key=lambda name: scores[name])
        name = f"{number:016x}"
        segments.append(
            LibrarySegment(
                *(name, f"{label or 'noise'}-{number}.wav", path, None, 0.0, 2.0),
                *(emotion, scores[emotion], scores, None, None, speaker, None),
                *(datetime(2026, 1, 1 + number % 28), "test"),
            )
        )
        vectors.append(vector)
    library = Library(folder / "library")
    library.add(MODEL, segments, np.array(vectors, np.float32))
    return library


def spoken(folder: Path, *, path: str | None = None) -> Library:
    """Twelve recordings of ann and ben in turns on as many days, in which nine utterances go up.

    From the seventh day on they sound more pleasant. All of them are heard in one file.
    """
    scores = dict.fromkeys(LABEL_IDS, 1 / len(LABEL_IDS))
    library = Library(folder / "library")
    for day in range(12):
        speaker = ("ann", "ben")[day % 2]
        segments = [
            LibrarySegment(
                *(f"{day:016x}", f"{speaker}-{day}.wav", path, None, 0.3 * at, 0.3 * at + 0.2),
                *("neutral", scores["neutral"], scores, None),
                *(-0.6 + 0.05 * at + 0.4 * (day > 5), speaker, None),
                *(datetime(2026, 1, 1 + day), "test"),
            )
            for at in range(9)
        ]
        library.add(MODEL, segments, np.ones((len(segments), 16), np.float32))
    return library


def taken(folder: Path, *, path: str | None = None) -> tuple[str, str, str]:
    """Three takes of six utterances: the second differs in the last two, the third nowhere.

    Returns:
        their names in the library.
    """
    library = Library(folder / "library")
    names = ("a" * 16, "b" * 16, "c" * 16)
    for take, recording in enumerate(names):
        segments = []
        for at in range(6):
            emotion = "sad" if take == 1 and at > 3 else "happy"
            scores = {label: 0.8 if label == emotion else 0.025 for label in LABEL_IDS}
            segments.append(
                LibrarySegment(
                    *(recording, f"take-{take + 1}.wav", path, None, 0.5 * at, 0.5 * at + 0.5),
                    *(emotion, 0.8, scores, None, None, "ann", None),
                    *(datetime(2026, 1, 3 - take), "test"),
                )
            )
        library.add(MODEL, segments, np.ones((len(segments), 16), np.float32))
    return names
