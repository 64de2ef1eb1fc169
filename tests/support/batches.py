"""Recordings for batches: short speech, each another, and what is none."""

from pathlib import Path

import numpy as np
import soundfile

from audio_files import speech


def write_calls(folder: Path, count: int, *, seconds: float = 1.0) -> list[Path]:
    """`call000.wav` and on, 16 kHz, each of another voice."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"call{number:03}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        soundfile.write(path, speech(seconds, seed=number), 16_000)
    return paths


def write_silence(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(16_000, np.float32), 16_000)
    return path
