"""How long after the end of speech the final result is there, over WS /v1/stream, in real time.

    voxcor serve &
    python benchmarks/stream_latency.py --sessions 8 --minutes 1

Each session plays the example over and over in frames of 20 ms. The end of speech is the last 32 ms
window in which silero hears any; the 512 ms that make a pause are part of what is measured. Beside
it stand the interim results: how long after the audio they are about, and how many were left out.
"""

import argparse
import asyncio
import json
import statistics

import soundfile
from websockets.asyncio.client import connect

from voxcor.audio.vad import PADDING, SHORTEST_PAUSE, WINDOW_S
from voxcor.sources import EXAMPLE

FRAME_MS = 20
FRAME_BYTES = 32 * FRAME_MS


async def listen(url: str, seconds: float, offset_s: float) -> tuple[list[float], list[float], int]:
    """Milliseconds of delay of final and of interim results, and interims left out."""
    samples, _ = soundfile.read(EXAMPLE, dtype="int16")
    audio = samples.astype("<i2").tobytes() + bytes(32 * 1000)
    await asyncio.sleep(offset_s)
    finals, interims = [], []
    clock = asyncio.get_running_loop().time
    async with connect(url, proxy=None) as socket:
        started = clock()

        async def play() -> None:
            for frame in range(int(1000 * seconds / FRAME_MS)):
                start = frame * FRAME_BYTES % len(audio)
                # A frame can be sent when its last sample has been spoken.
                await asyncio.sleep(started + (frame + 1) * FRAME_MS / 1000 - clock())
                await socket.send((audio + audio)[start : start + FRAME_BYTES])
            await socket.send('{"type": "session.close"}')

        playing = asyncio.create_task(play())
        async for text in socket:
            now_ms = 1000 * (clock() - started)
            message = json.loads(text)
            if message["type"] == "session.closed":
                skipped: int = message["skipped"]
                break
            if message["type"] == "measurement.result":
                if message["trigger"] == "interval":
                    interims.append(now_ms - message["end_ms"])
                elif not playing.done():
                    finals.append(now_ms - message["end_ms"] + 1000 * PADDING * WINDOW_S)
        await playing
    return finals, interims, skipped


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="ws://127.0.0.1:7860/v1/stream")
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1.0)
    options = parser.parse_args()
    outcomes = await asyncio.gather(
        *(
            listen(options.url, 60 * options.minutes, 0.37 * number)
            for number in range(options.sessions)
        )
    )
    print(
        f"sessions {options.sessions}, {options.minutes:g} min each, pause "
        f"{1000 * SHORTEST_PAUSE * WINDOW_S:.0f} ms included in final results"
    )
    for name, column in (("final", 0), ("interim", 1)):
        delays = sorted(delay for outcome in outcomes for delay in outcome[column])
        cuts = statistics.quantiles(delays, n=20)
        print(
            f"{name:8} n {len(delays):4}  p50 {cuts[9]:5.0f} ms  p95 {cuts[18]:5.0f} ms  "
            f"max {delays[-1]:5.0f} ms"
        )
    print(f"interim results left out: {sum(outcome[2] for outcome in outcomes)}")


if __name__ == "__main__":
    asyncio.run(main())
