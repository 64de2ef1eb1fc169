"""Whether gathering the passes of several threads into batches pays on this machine.

    python benchmarks/batching.py [--model small]

Eight threads send clips of 2 to 8 s through one network, turn by turn without and with batching;
prints clips per second of either and the median of the paired ratios.
"""

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from voxcor.inference.batching import BatchingNetwork
from voxcor.inference.network import Network
from voxcor.models.store import find_model, open_network

THREADS = 8


def clips_per_s(network: Network, clips: list[np.ndarray]) -> float:
    """With all threads at work."""
    with ThreadPoolExecutor(THREADS) as threads:
        started = time.perf_counter()
        for _ in threads.map(network.run_long, clips):
            pass
        return len(clips) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="small")
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    lengths = rng.integers(2 * 16_000, 8 * 16_000, arguments.clips)
    clips = [(0.1 * rng.standard_normal(length)).astype(np.float32) for length in lengths]
    folder = find_model(arguments.model)
    plain, batching = (open_network(folder, network=kind) for kind in (Network, BatchingNetwork))
    for network in (plain, batching):
        network.run_long(clips[0])
    rounds = [
        (clips_per_s(plain, clips), clips_per_s(batching, clips)) for _ in range(arguments.rounds)
    ]
    alone, together = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(after / before for before, after in rounds)
    print(f"| {arguments.model} | {alone:.1f} | {together:.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
