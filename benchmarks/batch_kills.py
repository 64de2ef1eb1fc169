"""Twenty kills at random moments: the table of a resumed batch against that of an unbroken one.

    python benchmarks/batch_kills.py SOURCE [--kills 20]

Runs `voxcor batch SOURCE` with segments and embeddings once through, then again and again into
another folder, each time killed (SIGKILL, its decoding processes with it) after a random while, and
at last to the end. Prints how far each run came, and whether tables and embeddings are the same
bytes; exit status 1 where they are not.
"""

import argparse
import filecmp
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.ledger import Ledger

OPTIONS = ("--model", "small", "--granularity", "segment", "--embedding", "--resume")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--kills", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder) / "whole", Path(folder) / "broken"
        started = time.monotonic()
        start(asked.source, whole).wait()
        took = time.monotonic() - started
        chance = random.Random(0)
        kills = 0
        while kills < asked.kills:
            process = start(asked.source, broken)
            try:
                # Starting takes a second; what is left of this lets all kills fit into the batch.
                process.wait(chance.uniform(0.2, 1.5 + took / asked.kills))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
                print(f"kill {kills}: {done(broken)} done", flush=True)
            else:
                print(f"finished before kill {kills + 1}: only {kills} of {asked.kills}")
                break
        start(asked.source, broken).wait()
        same = compare(whole, broken)
    print("the same, byte for byte" if same else "DIFFERENT")
    sys.exit(0 if same else 1)


def start(source: str, out: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "voxcor", "batch", source, "--out", str(out), *OPTIONS]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def done(out: Path) -> int:
    if not (out / LEDGER_FILE).exists():
        return 0
    with Ledger(out) as ledger:
        return ledger.counts().done if ledger.begun else 0


def compare(whole: Path, broken: Path) -> bool:
    names = [path.relative_to(whole) for path in whole.rglob("*.npy")]
    others = [path.relative_to(broken) for path in broken.rglob("*.npy")]
    files = [Path("results.jsonl"), *names]
    _, wrong, missing = filecmp.cmpfiles(whole, broken, map(str, files), shallow=False)
    return sorted(names) == sorted(others) and not wrong and not missing


if __name__ == "__main__":
    main()
