"""How much memory recognition takes as recordings grow: 60 s, 10 minutes, an hour, ten hours.

    python benchmarks/long_audio.py CLIPS [--model small] [--granularity segment] [--embedding]

CLIPS is a folder of recordings of speech, out of which the long ones are made: clips in random
order at random levels, with pauses, over noise that rises and falls, as 16 kHz FLAC. Each is then
recognised and saved as `voxcor recognize` does it, in a process of its own.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from voxcor.audio import decode
from voxcor.audio.resample import mix_to_mono, resample
from voxcor.frames import SAMPLE_RATE

LENGTHS = {"60 s": 60, "10 min": 600, "1 h": 3600, "10 h": 36_000}  # seconds
CLIPS_USED = 300
PAUSES_S = (0.2, 3.0)
LEVELS_DB = (-18.0, 0.0)
NOISE_DB = (-65.0, -35.0)  # below full scale
NOISE_PERIOD_S = 600


def write_recording(path: Path, clips: list[Path], seconds: int) -> None:
    """A recording of that length; how it begins does not depend on how long it is."""
    rng = np.random.default_rng(0)
    heard = [resample(mix_to_mono(r.samples), r.sample_rate) for r in map(decode, clips)]
    left = seconds * SAMPLE_RATE
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, format="FLAC") as file:
        while left:
            clip = heard[rng.integers(len(heard))] * 10 ** (rng.uniform(*LEVELS_DB) / 20)
            sound = np.pad(clip, (0, round(rng.uniform(*PAUSES_S) * SAMPLE_RATE)))[:left]
            swing = np.sin(2 * np.pi * left / (NOISE_PERIOD_S * SAMPLE_RATE)) / 2 + 0.5
            noise_db = NOISE_DB[0] + swing * (NOISE_DB[1] - NOISE_DB[0])
            noise = rng.standard_normal(len(sound), dtype=np.float32) * 10 ** (noise_db / 20)
            file.write(sound + noise)
            left -= len(sound)


def measure(path: Path, model: str, granularity: str, embedding: bool) -> dict[str, float]:
    """Recognises and saves in this process: its peak memory, its time, what came of it."""
    from voxcor import Recognizer
    from voxcor.result_folder import save

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        recognizer = Recognizer(model)
        result = recognizer.recognize(path, granularity=granularity, embedding=embedding)
        save(result, Path(folder))
        seconds = time.perf_counter() - started
    # Not `getrusage`, which remembers the process that this one was forked from.
    status = Path("/proc/self/status").read_text()
    peak_kb = int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    return {
        "peak_mb": peak_kb / 1024,
        "seconds": seconds,
        "segments": len(result.segments),
        **{f"{step}_s": ms / 1000 for step, ms in result.timings_ms.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("--model", default="small")
    parser.add_argument("--granularity", default="segment")
    parser.add_argument("--embedding", action="store_true")
    parser.add_argument("--lengths", nargs="+", choices=LENGTHS, default=[*LENGTHS])
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        options = (arguments.model, arguments.granularity, arguments.embedding)
        print(json.dumps(measure(arguments.one, *options)))
        return

    found = sorted(p for p in arguments.clips.rglob("*") if p.suffix in {".opus", ".wav", ".flac"})
    clips = [found[i] for i in np.linspace(0, len(found) - 1, CLIPS_USED).astype(int)]
    print(
        "| recording | peak memory, MB | times that of the first | time, s | real time | segments |"
    )
    print("|---|---|---|---|---|---|")
    first = 0.0
    for name in arguments.lengths:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "long.flac"
            write_recording(path, clips, LENGTHS[name])
            command = [sys.executable, __file__, *sys.argv[1:], "--one", str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        row = json.loads(done.stdout)
        first = first or row["peak_mb"]
        peak_mb, seconds = row["peak_mb"], row["seconds"]
        print(
            f"| {name} | {peak_mb:.0f} | {peak_mb / first:.2f} | {seconds:.1f} "
            f"| {LENGTHS[name] / seconds:.0f}x | {row['segments']:.0f} |",
            flush=True,
        )
        steps = {key: round(value, 1) for key, value in row.items() if key.endswith("_s")}
        print(name, steps, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
