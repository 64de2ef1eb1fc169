"""A hundred thousand clips through `voxcor batch`: how many a second, and memory over time.

    python benchmarks/batch_100k.py FOLDER [--clips 100000] [--plot docs/batch-memory.svg]

Writes short clips of synthetic speech below FOLDER, each another (voice, length, level and noise
differ), runs `voxcor batch` on them with `small` in a process of its own, and samples the memory of
it and its decoding processes every few seconds. Run again after a kill it goes on: clips and
ledger are kept. `memory.csv` in FOLDER has the samples of all runs.
"""

import argparse
import csv
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import psutil
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from audio_files import speech

SAMPLE_RATE = 16_000
PER_FOLDER = 1_000
VOICES = 50
EVERY_S = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    clips = asked.folder / "clips"
    write_clips(clips, asked.clips)
    samples = asked.folder / "memory.csv"
    run(clips, asked.folder / "results", samples)
    rows = read(samples)
    print(summary(rows, asked.clips))
    if asked.plot:
        draw(rows, asked.plot)


def write_clips(folder: Path, count: int) -> None:
    """Half a second to two and a half a clip, a thousand clips to a folder."""
    for number in range(count):
        path = folder / f"{number // PER_FOLDER:04}" / f"{number:06}.wav"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        soundfile.write(draft, clip(number), SAMPLE_RATE, format="WAV", subtype="PCM_16")
        draft.rename(path)


@cache
def voice(seed: int) -> np.ndarray:
    return speech(20, seed=seed, peak=0.9)


def clip(seed: int) -> np.ndarray:
    """Half a second to two and a half of a voice, at a level and with noise of its own."""
    rng = np.random.default_rng(seed)
    said = voice(seed % VOICES)
    count = int(rng.uniform(0.5, 2.5) * SAMPLE_RATE)
    start = rng.integers(len(said) - count)
    noise = rng.standard_normal(count).astype(np.float32)
    return rng.uniform(0.1, 0.9) * said[start : start + count] + 0.003 * noise


def run(clips: Path, out: Path, samples: Path) -> None:
    command = [sys.executable, "-m", "voxcor", "batch", str(clips), "--out", str(out)]
    process = psutil.Popen([*command, "--model", "small", "--format", "csv", "--resume"])
    began = time.monotonic()
    with samples.open("a", newline="") as file:
        writer = csv.writer(file)
        while process.poll() is None:
            writer.writerow([round(time.monotonic() - began, 1), done(out), *memory(process)])
            file.flush()
            time.sleep(EVERY_S)
        writer.writerow([round(time.monotonic() - began, 1), done(out), "", ""])


def done(out: Path) -> int:
    from voxcor.batch.database import LEDGER_FILE
    from voxcor.batch.ledger import Ledger

    if not (out / LEDGER_FILE).exists():
        return 0
    with Ledger(out) as ledger:
        if not ledger.begun:
            return 0
        counts = ledger.counts()
        return counts.done + counts.failed


def memory(process: psutil.Process) -> tuple[float, float]:
    """MB of the process, and of its children together."""
    try:
        own = process.memory_info().rss
        children = [child.memory_info().rss for child in process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    return own / 1e6, sum(children) / 1e6


def read(samples: Path) -> list[tuple[int, float, float]]:
    """Clips done and MB, where memory was measured, without the seconds of starting."""
    with samples.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row[2]]
    return [(int(n), float(own), float(rest)) for _, n, own, rest in rows if int(n) > 0]


def summary(rows: list[tuple[int, float, float]], count: int) -> str:
    own = np.array([row[1] for row in rows])
    tenth = max(1, len(own) // 10)
    return (
        f"{rows[-1][0]} of {count} clips sampled; memory of the process: "
        f"first tenth {own[:tenth].mean():.0f} MB, last tenth {own[-tenth:].mean():.0f} MB, "
        f"peak {own.max():.0f} MB; decoding processes {rows[-1][2]:.0f} MB"
    )


def draw(rows: list[tuple[int, float, float]], path: Path) -> None:
    """Memory over clips done, as SVG."""
    width, height, left, bottom, top = 720, 300, 56, 36, 12
    most_clips = max(row[0] for row in rows)
    most_mb = 100 * np.ceil(max(row[1] + row[2] for row in rows) * 1.1 / 100)

    def x(clips: float) -> float:
        return left + (width - left - 32) * clips / most_clips

    def y(mb: float) -> float:
        return height - bottom - (height - bottom - top) * mb / most_mb

    def line(values: list[float], colour: str) -> str:
        points = " ".join(
            f"{x(row[0]):.1f},{y(v):.1f}" for row, v in zip(rows, values, strict=True)
        )
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'

    marks = []
    for mb in np.arange(0, most_mb + 1, 100):
        marks.append(
            f'<line x1="{left}" x2="{width - 32}" y1="{y(mb):.1f}" y2="{y(mb):.1f}" '
            f'stroke="#8883"/><text x="{left - 6}" y="{y(mb) + 4:.1f}" text-anchor="end">{mb:.0f}'
            "</text>"
        )
    for clips in np.linspace(0, most_clips, 6):
        marks.append(
            f'<text x="{x(clips):.1f}" y="{height - 14}" text-anchor="middle">{clips:,.0f}</text>'
        )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11" fill="#777">'
        + "".join(marks)
        + line([row[1] for row in rows], "#2D6CDF")
        + line([row[1] + row[2] for row in rows], "#F2A900")
        + f'<text x="{left + 8}" y="{top + 12}" fill="#2D6CDF">voxcor batch, MB</text>'
        f'<text x="{left + 140}" y="{top + 12}" fill="#F2A900">+ decoding processes</text>'
        f'<text x="{width - 16}" y="{height - 2}" text-anchor="end">clips</text></svg>\n'
    )


if __name__ == "__main__":
    main()
