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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

import funasr_reference as funasr
from documents import put
from voxcor.inference.network import Network
from voxcor.inference.session import available_cores
from voxcor.language import say
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


@dataclass(frozen=True, slots=True)
class Passes:
    """One clip of so many seconds through a size: each side's seconds and ratio, and its memory."""

    size: str
    seconds: int
    found: Mapping[str, tuple[float, float]]
    floor_s: float | None
    peaks_mb: Sequence[float]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many clips through a size: seconds of audio, of FunASR's loop, of each way beside it."""

    size: str
    audio_s: float
    loop_s: float
    took_s: Mapping[str, float]


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


def many(folder: Path, config: dict[str, Any], size: str) -> Crowd:
    """64 clips of 2 to 8 s: FunASR's loop against passes of one thread side by side."""
    lengths = np.random.default_rng(0).uniform(2, 8, CLIPS)
    clips = [clip(8)[: int(length * 16_000)] for length in lengths]
    reference = funasr.build(config, size=size, seed=0)
    started = time.perf_counter()
    for samples in clips:
        funasr.recognize(reference, samples)
    loop_s = time.perf_counter() - started
    took_s = {}
    for name, network in networks(folder, 1).items():
        with ThreadPoolExecutor(THREADS) as threads:
            started = time.perf_counter()
            for _ in threads.map(lambda samples, network=network: network.run([samples]), clips):
                pass
            took_s[name] = time.perf_counter() - started
    return Crowd(size, float(lengths.sum()), loop_s, took_s)


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


def in_words(peak: float, passes: Sequence[Passes], crowds: Sequence[Crowd]) -> str:
    """Everything that was measured, in Markdown.

    Args:
        peak: what fp32 products reach here, in 10^9 operations a second.
        passes: single clips.
        crowds: many clips.
    """
    comma = say(", ", "，")
    sides = [name.replace(", ", comma) for name in passes[0].found]
    head = say("| model | clip |", "| 模型 | 音频 |")
    least_s = {size: f"{work / peak:.2f}" for size, work in GIGAFLOP_10_S.items()}
    return "\n".join(
        [
            f"{head} {' | '.join(sides)} |",
            "|---|---|" + "---|" * len(sides),
            *map(_row, passes),
            "",
            say(
                f"This machine's fp32 matrix products reach {peak:.0f} GFLOP/s with {THREADS} "
                "threads, so no fp32 program takes less for 10 s than "
                + " or ".join(f"{least} s ({size})" for size, least in least_s.items())
                + "; percentages are of that speed.",
                f"本机用 {THREADS} 个线程做 fp32 矩阵乘法可达 {peak:.0f} GFLOP/s，"
                "因此任何 fp32 程序处理 10 秒音频都不会少于 "
                + "或 ".join(f"{least} 秒（{size}）" for size, least in least_s.items())
                + "；百分比相对于这一速度。",
            ),
            "",
            *map(_line, crowds),
            "",
            say("Peak memory in MB, from start to result:", "峰值内存（MB），从启动到得出结果："),
            "",
            f"{head} FunASR | fp32 |",
            "|---|---|---|---|",
            *(
                f"| {one.size} | {_length(one)} | "
                f"{' | '.join(f'{peak_mb:.0f}' for peak_mb in one.peaks_mb)} |"
                for one in passes
            ),
            "",
        ]
    )


def _length(one: Passes) -> str:
    return say(f"{one.seconds} s", f"{one.seconds} 秒")


def _row(one: Passes) -> str:
    cells = []
    for name, (seconds, ratio) in one.found.items():
        parts = [say(f"{seconds:.2f} s", f"{seconds:.2f} 秒")]
        if name != FUNASR:
            parts.append(f"**{ratio:.2f}**")
        if one.floor_s and "int8" not in name:
            parts.append(f"{one.floor_s / seconds:.0%}")
        cells.append(say(", ", "，").join(parts))
    return f"| {one.size} | {_length(one)} | {' | '.join(cells)} |"


def _line(crowd: Crowd) -> str:
    english, chinese = [], []
    for name, took_s in crowd.took_s.items():
        ratio = f"**{crowd.loop_s / took_s:.2f}**"
        english.append(f"{name} {took_s:.1f} s, {ratio} times")
        chinese.append(f"{name.replace(', ', '，')} {took_s:.1f} 秒，{ratio} 倍")
    return say(
        f"- {CLIPS} clips of 2 to 8 s through {crowd.size}, {crowd.audio_s:.0f} s of audio: "
        f"FunASR's loop {crowd.loop_s:.1f} s; Voxcor, {THREADS} passes of one thread side by side: "
        f"{'; '.join(english)}.",
        f"- {CLIPS} 条 2 至 8 秒的音频通过 {crowd.size}，共 {crowd.audio_s:.0f} 秒："
        f"FunASR 逐条循环 {crowd.loop_s:.1f} 秒；Voxcor 以 {THREADS} 个单线程推理并行："
        f"{'；'.join(chinese)}。",
    )


def main() -> None:
    """Measures everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="config.yaml of plus_large")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="the English document with the table")
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
    passes: list[Passes] = []
    crowds: list[Crowd] = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder_name:
            folder = Path(folder_name)
            convert(folder, config, size)
            run = sides(folder, config, size)
            for seconds in SECONDS:
                found = measure(run, seconds, arguments.rounds)
                floor_s = GIGAFLOP_10_S[size] / peak if seconds == 10 else None
                peaks_mb = [
                    peak_megabytes(folder, arguments.config, size, side, seconds)
                    for side in (FUNASR, "voxcor")
                ]
                passes.append(Passes(size, seconds, found, floor_s, peaks_mb))
                print(_row(passes[-1]), file=sys.stderr, flush=True)
            del run
            crowds.append(many(folder, config, size))
            print(_line(crowds[-1]), file=sys.stderr, flush=True)
    print(in_words(peak, passes, crowds))
    if arguments.write:
        put(arguments.write, "table", lambda: in_words(peak, passes, crowds))
    return None


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))
    main()
