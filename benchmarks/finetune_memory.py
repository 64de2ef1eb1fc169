"""What a step of fine-tuning takes at the large size: peak memory, seconds, bytes on disk.

    python benchmarks/finetune_memory.py [--clips 8] [--seconds 10] [--folder DIR]

Random weights, real sizes, the code of `voxcor train --method full`: read from an installed graph,
one optimiser step, one saved state. Each way runs in a process of its own.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from voxcor.frames import SAMPLE_RATE
from voxcor.inference.onnx_files import GRAPH_FILE
from voxcor.labels import LABEL_IDS
from voxcor.models.families.emotion2vec import FAMILY
from voxcor.models.families.emotion2vec.architecture import Architecture
from voxcor.models.family import Weights
from voxcor.models.graph import GraphBuilder
from voxcor.training.clips import Clips
from voxcor.training.options import FullOptions
from voxcor.training.state import STATE_FILE, Position

LARGE = Architecture(embed_dim=1024, num_heads=16, prenet_depth=4, depth=8, num_outputs=9)

WAYS = {
    "full": {},
    "full, gradient checkpointing": {"gradient_checkpointing": True},
    "full, half of the blocks frozen": {"freeze_blocks": 6},
    "LoRA, rank 8": {"lora_rank": 8},
    "LoRA, rank 8, gradient checkpointing": {"lora_rank": 8, "gradient_checkpointing": True},
}


def write_model(folder: Path) -> None:
    """A graph of plus-large with random weights."""
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.standard_normal(shape, dtype=np.float32) / np.sqrt(np.prod(shape[1:]))
        for name, shape in LARGE.shapes().items()
    }
    with GraphBuilder(folder) as graph:
        FAMILY.write_graph(graph, Weights(LARGE, tensors), LABEL_IDS)
        graph.save(labels=LABEL_IDS, embedding_dim=LARGE.embed_dim)


def step(folder: Path, way: str, count: int, seconds: float) -> dict[str, Any]:
    """One step on `count` clips of noise, in this process."""
    import torch

    from voxcor.training.finetune import Finetuning

    options = replace(FullOptions(batch_size=count, accumulate=1, augment=False), **WAYS[way])
    weights = FAMILY.read_graph(folder / GRAPH_FILE)
    model = FAMILY.make_network(weights, options.gradient_checkpointing)
    del weights
    length = round(seconds * SAMPLE_RATE)
    clips = Clips(
        samples=np.random.default_rng(0).standard_normal(count * length, dtype=np.float32),
        starts=np.arange(count) * length,
        lengths=np.full(count, length),
        targets=np.arange(count) % len(LABEL_IDS),
        sha256="",
    )
    torch.manual_seed(0)
    trainer = Finetuning(model, clips, clips, options, folder, torch.device("cpu"))
    position = Position()
    start = time.perf_counter()
    trainer.step(position, trainer.steps(0)[0], 1)
    took_s = time.perf_counter() - start
    trainer.save(position)
    # Not ru_maxrss: it remembers the process that this one was forked from.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    return {
        "way": way,
        "trained": sum(p.numel() for p in trainer.trained.values()),
        "peak_mb": round(int(peak[1]) * 1024 / 1e6),
        "step_s": round(took_s, 1),
        "state_mb": round((folder / STATE_FILE).stat().st_size / 1e6),
    }


def main() -> None:
    """Measures every way and prints a line of a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, help="where 3 GB go for the time being")
    parser.add_argument("--step", nargs=2, metavar=("MODEL", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        folder, way = options.step
        print(json.dumps(step(Path(folder), way, options.clips, options.seconds)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write_model(Path(folder))
        print("| way | trained | peak memory | step | state on disk |\n|---|---|---|---|---|")
        for way in WAYS:
            command = [sys.executable, __file__, "--step", folder, way]
            command += ["--clips", str(options.clips), "--seconds", str(options.seconds)]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found = json.loads(output)
            print(
                f"| {way} | {found['trained'] / 1e6:.1f} M | {found['peak_mb'] / 1000:.1f} GB "
                f"| {found['step_s']:.0f} s | {found['state_mb'] / 1000:.2f} GB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
