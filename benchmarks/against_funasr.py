"""Voxcor against FunASR's class on the same random weights: one process, turn by turn.

    python benchmarks/against_funasr.py --config PLUS_LARGE_CONFIG_YAML [--write docs/speed.md]

Every way that Voxcor has: fp32 in ONNX Runtime, in OpenVINO where that is installed, and int8.
Prints the median seconds of each, the median of its paired ratios to FunASR (a ratio holds where a
machine's speed drifts), how near the fp32 ones come to the fastest that any fp32 program could be
on this machine, 64 clips of 2 to 8 s one after the other against a batch of them, and the peak
memory of FunASR and fp32 alone in processes of their own.
"""

import argparse
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

import funasr_reference as funasr
from voxcor.inference.network import Network
from voxcor.inference.session import available_cores
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY
from voxcor.models.families.emotion2vec.published import labels_from_tokens
from voxcor.models.quantize import quantize

SIZES = ("base", "large")
FUNASR = "FunASR"
CLIPS = 64

# Floating-point operations of one pass over 10 s, two for each multiply-add: front end 4.9 G a
# second of audio, positional convolutions, linear layers, attention.
GIGAFLOP_10_S = {"base": 148, "large": 220}
SECONDS = (3, 10, 30)
THREADS = available_cores()


def clip(seconds: int) -> Any:
    """Noise that swells and fades at a syllable's pace; the work does not depend on content."""
    time_s = np.arange(seconds * 16_000) / 16_000
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return (noise * (0.2 + np.abs(np.sin(2 * np.pi * 2 * time_s)))).astype(np.float32)


def peak_gigaflops() -> float:
    """The best of torch's fp32 products of 2048 x 2048 matrices, in 10^9 operations a second."""
    a, b = torch.rand(2, 2048, 2048)
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        _ = a @ b
        best = min(best, time.perf_counter() - start)
    return float(2 * 2048**3 / best / 1e9)


def sides(folder: Path, config: dict[str, Any], size: str) -> dict[str, Callable[[Any], object]]:
    """All ways from samples to scores, on the weights converted into `folder`."""
    reference = funasr.build(config, size=size, seed=0)
    run: dict[str, Callable[[Any], object]] = {
        FUNASR: lambda samples: funasr.recognize(reference, samples)
    }
    for name, network in networks(folder, THREADS).items():
        run[name] = lambda samples, network=network: network.run([samples])
    return run


def networks(folder: Path, threads: int) -> dict[str, Network]:
    """The same weights in every provider and precision there is here."""
    made = {"fp32": Network(folder / "model.onnx", threads=threads)}
    if importlib.util.find_spec("openvino"):
        os.environ["VOXCOR_PROVIDER"] = "openvino"
        made["fp32, OpenVINO"] = Network(folder / "model.onnx", threads=threads)
        del os.environ["VOXCOR_PROVIDER"]
    small = folder / "int8"
    if not small.exists():
        small.mkdir()
        quantize(folder, small, [clip(3)])
    made["int8"] = Network(small / "model.onnx", threads=threads)
    return made


def convert(folder: Path, config: dict[str, Any], size: str) -> None:
    """Writes the reference's weights as a checkpoint and converts it."""
    funasr.save_official(funasr.build(config, size=size, seed=0), folder / "model.pt")
    convert_checkpoint(
        folder / "model.pt", folder, family=FAMILY, labels=labels_from_tokens(funasr.TOKENS)
    )


def measure(
    run: dict[str, Callable[[Any], object]], seconds: int, rounds: int
) -> dict[str, tuple[float, float]]:
    """Of each side its median seconds and its median ratio, after a turn that is not counted."""
    samples = clip(seconds)
    times: dict[str, list[float]] = {name: [] for name in run}
    for turn in range(rounds + 1):
        for name, recognize in run.items():
            start = time.perf_counter()
            recognize(samples)
            if turn:
                times[name].append(time.perf_counter() - start)
    return {
        name: (
            statistics.median(found),
            statistics.median(a / b for a, b in zip(times[FUNASR], found, strict=True)),
        )
        for name, found in times.items()
    }


def many(folder: Path, config: dict[str, Any], size: str) -> str:
    """A line on 64 clips of 2 to 8 s: FunASR's loop against passes of one thread side by side."""
    lengths = np.random.default_rng(0).uniform(2, 8, CLIPS)
    clips = [clip(8)[: int(length * 16_000)] for length in lengths]
    reference = funasr.build(config, size=size, seed=0)
    started = time.perf_counter()
    for samples in clips:
        funasr.recognize(reference, samples)
    loop_s = time.perf_counter() - started
    cells = []
    for name, network in networks(folder, 1).items():
        with ThreadPoolExecutor(THREADS) as threads:
            started = time.perf_counter()
            for _ in threads.map(lambda samples, network=network: network.run([samples]), clips):
                pass
            took = time.perf_counter() - started
        cells.append(f"{name} {took:.1f} s, **{loop_s / took:.2f}** times")
    return (
        f"{CLIPS} clips of 2 to 8 s through {size}, {lengths.sum():.0f} s of audio: FunASR's loop "
        f"{loop_s:.1f} s; Voxcor, {THREADS} passes of one thread side by side: {'; '.join(cells)}."
    )


def peak_megabytes(folder: Path, config_path: Path, size: str, side: str, seconds: int) -> float:
    """Peak memory of a fresh process that loads one side and recognises one clip.

    FunASR loads the checkpoint as it does for its users: whole, optimizer included.
    """
    arguments = ["--alone", side, "--size", size, "--seconds", str(seconds)]
    output = subprocess.run(
        [sys.executable, __file__, "--config", config_path, *arguments, "--folder", folder],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return float(json.loads(output)["peak_mb"])


def alone(folder: Path, config: dict[str, Any], size: str, side: str, seconds: int) -> None:
    """The child of `peak_megabytes`."""
    if side == "voxcor":
        Network(folder / "model.onnx", threads=THREADS).run([clip(seconds)])
    else:
        reference = funasr.build(config, size=size, seed=0)
        state = torch.load(folder / "model.pt", weights_only=True)["model"]
        reference.load_state_dict(
            {name.removeprefix("d2v_model."): value for name, value in state.items()}, strict=False
        )
        funasr.recognize(reference, clip(seconds))
    # Not ru_maxrss: it remembers the process that this one was forked from.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    sys.stdout.write(json.dumps({"peak_mb": int(found[1]) / 1024}))


def _cell(name: str, seconds: float, ratio: float, floor_s: float | None) -> str:
    near = f", {floor_s / seconds:.0%}" if floor_s and "int8" not in name else ""
    return f"{seconds:.2f} s{near}" if name == FUNASR else f"{seconds:.2f} s, **{ratio:.2f}**{near}"


def main() -> None:
    """Measures everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="config.yaml of plus_large")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="file whose table is replaced")
    for child_only in ("--alone", "--size", "--folder"):
        parser.add_argument(child_only, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    config = yaml.safe_load(arguments.config.read_text())
    torch.set_num_threads(THREADS)
    if arguments.alone:
        return alone(
            *(Path(arguments.folder), config, arguments.size, arguments.alone, arguments.seconds)
        )

    peak = peak_gigaflops()
    lines, memory, batches = [], [], []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder_name:
            folder = Path(folder_name)
            convert(folder, config, size)
            run = sides(folder, config, size)
            if not lines:
                lines = [f"| model | clip | {' | '.join(run)} |", "|---|---|" + "---|" * len(run)]
            for seconds in SECONDS:
                found = measure(run, seconds, arguments.rounds)
                floor_s = GIGAFLOP_10_S[size] / peak if seconds == 10 else None
                cells = [_cell(name, *figures, floor_s) for name, figures in found.items()]
                lines.append(f"| {size} | {seconds} s | {' | '.join(cells)} |")
                print(lines[-1], file=sys.stderr, flush=True)
                peaks = (
                    peak_megabytes(folder, arguments.config, size, side, seconds)
                    for side in (FUNASR, "voxcor")
                )
                memory.append(f"| {size} | {seconds} s | {' | '.join(f'{p:.0f}' for p in peaks)} |")
            del run
            batches.append(many(folder, config, size))
            print(batches[-1], file=sys.stderr, flush=True)
    lines += [
        "",
        f"This machine's fp32 matrix products reach {peak:.0f} GFLOP/s with {THREADS} threads, so "
        "no fp32 program takes less for 10 s than "
        + " or ".join(f"{work / peak:.2f} s ({size})" for size, work in GIGAFLOP_10_S.items())
        + "; percentages are of that speed.",
        "",
        *(f"- {line}" for line in batches),
        "",
        "Peak memory in MB, from start to result:",
        "",
        "| model | clip | FunASR | fp32 |",
        "|---|---|---|---|",
        *memory,
    ]
    table = "\n".join(lines) + "\n"
    print(table)
    if arguments.write:
        before, _, rest = arguments.write.read_text().partition("<!-- table -->\n")
        after = rest.partition("<!-- end -->")[2]
        arguments.write.write_text(
            f"{before}<!-- table -->\n{table}<!-- end -->{after}", encoding="utf-8"
        )
    return None


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))
    main()
