"""Many clients at once: what a server on this machine bears.

    python benchmarks/load.py --clients 50 --seconds 60

Starts `voxcor serve` with a home of its own and lets every client send one recording after the
other, each of 2 to 8 s, cut from the example inside the package. A client that is told to come
back later (429) does. Prints a row of the table in docs/deploy.md: answers, refusals, errors,
median and 95th percentile of the time to an answer, audio per second, and the server's memory
after a tenth of the time and at its end.
"""

import argparse
import asyncio
import io
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx2
import numpy as np
import soundfile

from voxcor.sources import EXAMPLE


@dataclass
class Tally:
    """What came back, and how long answers took in seconds."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    audio_s: float = 0.0


def recordings(count: int = 16) -> list[tuple[float, bytes]]:
    """Seconds and WAV bytes."""
    samples, rate = soundfile.read(EXAMPLE, dtype="float32")
    made = []
    for seconds in np.linspace(2, 8, count):
        file = io.BytesIO()
        soundfile.write(file, samples[: int(seconds * rate)], rate, format="WAV")
        made.append((float(seconds), file.getvalue()))
    return made


async def client(number: int, url: str, until: float, tally: Tally) -> None:
    """Sends recordings one after the other until the time is up."""
    clips = recordings()
    async with httpx2.AsyncClient(timeout=120, trust_env=False) as http:
        turn = number
        while time.monotonic() < until:
            seconds, content = clips[turn % len(clips)]
            turn += 1
            started = time.monotonic()
            try:
                response = await http.post(f"{url}/v1/recognize", files={"file": content})
            except httpx2.HTTPError as error:
                tally.statuses[type(error).__name__] += 1
                continue
            tally.statuses[str(response.status_code)] += 1
            if response.status_code == 200:
                tally.seconds.append(time.monotonic() - started)
                tally.audio_s += seconds
            elif response.status_code == 429:
                await asyncio.sleep(float(response.headers["retry-after"]))


async def load(url: str, clients: int, seconds: float) -> tuple[Tally, list[float]]:
    """The tally, and the server's resident memory in MB, measured twenty times."""
    tally = Tally()
    until = time.monotonic() + seconds
    working = [asyncio.create_task(client(n, url, until, tally)) for n in range(clients)]
    memory = []
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as http:
        while time.monotonic() < until:
            await asyncio.sleep(seconds / 20)
            text = (await http.get(f"{url}/metrics")).text
            found = re.search(r"^process_resident_memory_bytes (\S+)", text, re.MULTILINE)
            if found:
                memory.append(float(found[1]) / 1e6)
    await asyncio.gather(*working)
    return tally, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--queue", type=int, default=64, help="VOXCOR_QUEUE_SIZE of the server")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        variables = {"VOXCOR_HOME": home, "VOXCOR_QUEUE_SIZE": str(arguments.queue)}
        server = subprocess.Popen(
            [sys.executable, "-m", "voxcor", "serve", "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "VOXCOR_LANGUAGE": "en", **variables},
        )
        try:
            assert server.stderr is not None
            url = re.findall(r"http://\S+", server.stderr.readline())[0]
            # What it logs from now on would fill the pipe and stop it.
            drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
            while httpx2.get(f"{url}/readyz", trust_env=False).status_code != 200:
                time.sleep(0.1)
            tally, memory = asyncio.run(load(url, arguments.clients, arguments.seconds))
        finally:
            server.terminate()
            server.wait()
            drain.wait()
    refused = tally.statuses.pop("429", 0)
    answered = tally.statuses.pop("200", 0)
    p50, p95 = (1000 * statistics.quantiles(tally.seconds, n=100)[i] for i in (49, 94))
    print(
        f"| {arguments.clients} | {arguments.queue} | {answered} | {refused} | "
        f"{sum(tally.statuses.values())} | {p50:.0f} | {p95:.0f} | "
        f"{tally.audio_s / arguments.seconds:.0f} | {memory[2]:.0f} -> {memory[-1]:.0f} |"
    )
    print("memory in MB:", *map(round, memory), file=sys.stderr)
    if tally.statuses:
        print("errors:", dict(tally.statuses), file=sys.stderr)


if __name__ == "__main__":
    main()
