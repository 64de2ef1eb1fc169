"""What strangers tried on a server, and what it cost: one row each.

    python benchmarks/hostile.py [NAME ...]

Every row has a server of its own. While the stranger is at work, `/healthz` is asked ten times a
second and the memory of the server and its children is read; afterwards an honest recording must
still get its answer. A row is bad where `/healthz` took more than a second, the memory grew by more
than 500 MB, the log or the disk filled up, that answer did not come, or what came of it is itself
not as it should be; any bad row makes the exit status 1. All of it happens on loopback, and ends by
itself.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import soundfile

from voxcor.sources import EXAMPLE
from watched_server import HEALTHY_S, KEY, Server, disk_mb, serving, wait_for

MOST_GROWTH_MB = 500
MOST_LOG_MB = 1
# The uploads of a row, and what is decoded of them.
MOST_DISK_MB = 2000


def silence(hours: float, rate: int = 8000, channels: int = 1, kind: str = "FLAC") -> bytes:
    """A recording of nothing, which packs very small."""
    file = io.BytesIO()
    block = np.zeros((rate * 60, channels), np.int16)
    with soundfile.SoundFile(file, "w", rate, channels, "PCM_16", format=kind) as sound:
        for _ in range(int(hours * 60)):
            sound.write(block)
    return file.getvalue()


def speech(minutes: float) -> bytes:
    samples, rate = soundfile.read(EXAMPLE, dtype="int16")
    file = io.BytesIO()
    soundfile.write(
        file, np.tile(samples, int(minutes * 60 * rate / len(samples)) + 1), rate, format="FLAC"
    )
    return file.getvalue()


def raw(server: Server, content: bytes, patience_s: float = 20) -> bytes:
    """Sends bytes as they are; what comes back until it is closed or the patience ends."""
    got = b""
    with contextlib.suppress(OSError), socket.create_connection(server.address, 10) as connection:
        connection.settimeout(patience_s)
        connection.sendall(content)
        while chunk := connection.recv(65536):
            got += chunk
    return got


def head(method: str, path: str, *lines: str, key: bool = True) -> bytes:
    fixed = ["Host: 127.0.0.1"] + ([f"Authorization: Bearer {KEY}"] if key else [])
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fixed, *lines, "", ""]).encode()


def status_of(answer: bytes) -> str:
    return answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/") else "closed"


def job_of(server: Server, files: list[bytes]) -> str:
    with server.client() as http:
        named = [("file", (f"{n}.flac", content)) for n, content in enumerate(files)]
        answer = http.post("/v1/jobs", files=named)
        return str(answer.json().get("id", answer.status_code))


def state_of(server: Server, job: str) -> dict[str, Any]:
    with server.client() as http:
        return dict(http.get(f"/v1/jobs/{job}").json())


def ended(server: Server, job: str, seconds: float = 120) -> str:
    wait_for(lambda: state_of(server, job).get("state") in ("done", "failed", "cancelled"), seconds)
    found = state_of(server, job)
    return f"{found.get('state')}, {found.get('failures')}"


# What came of it, in a few words, and whether that is as it should be.
Outcome = tuple[str, bool]

Attack = Callable[[Server], Outcome]


def long_recording_in_a_job(server: Server) -> Outcome:
    outcome = ended(server, job_of(server, [silence(60)]), 40)
    return outcome, "running" not in outcome


def large_body_without_a_key(server: Server) -> Outcome:
    length = 300_000_000
    block = b'{"api_key": "' + b"x" * 1_000_000
    sent = 0
    request = head("POST", "/v1/session", "Content-Type: application/json", key=False)
    request = request.replace(b"\r\n\r\n", f"\r\nContent-Length: {length}\r\n\r\n".encode())
    answer = b""
    with socket.create_connection(server.address, 10) as connection:
        connection.settimeout(20)
        with contextlib.suppress(OSError):
            connection.sendall(request)
            while sent < length - len(block):
                connection.sendall(block)
                sent += len(block)
        with contextlib.suppress(OSError):
            answer = connection.recv(65536)
    return f"{status_of(answer)} after {sent / 1e6:.0f} MB", status_of(answer) == "413"


def bodies_that_never_come(server: Server) -> Outcome:
    lines = ("Content-Type: application/json", "Content-Length: 100")
    request = head("POST", "/v1/session", *lines, key=False)

    def send(_: int) -> float:
        started = time.monotonic()
        raw(server, request, 60)
        return time.monotonic() - started

    with ThreadPoolExecutor(50) as pool:
        longest = max(pool.map(send, range(50)))
    return f"closed after {longest:.0f} s at the latest", longest < 45


def more_connections_than_descriptors(server: Server) -> Outcome:
    connections = []
    for _ in range(300):
        with contextlib.suppress(OSError):
            connections.append(socket.create_connection(server.address, 2))
    time.sleep(15)
    for connection in connections:
        connection.close()
    return f"{len(connections)} connections", True


def long_rule(server: Server) -> Outcome:
    tried = ("a" * 14_000, "angry" + " " * 14_000, " " * 14_000, '"' * 14_001, "9" * 14_000)
    with server.client() as http:
        codes = [http.post("/v1/rules/check", json={"rule": text}).status_code for text in tried]
    return " ".join(map(str, codes)), {*codes} == {422}


def rules_without_end(server: Server) -> Outcome:
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    found = []
    headers = {"Authorization": f"Bearer {KEY}"}
    rules = [f"angry > 0.{n:05}" for n in range(15_000)]
    texts = (
        json.dumps({"type": "session.update", "rules": rules}),
        json.dumps({"type": "session.update", "rules": ["x" * 900_000]}),
        '{"type": "session.update", "rules": ' + "[" * 400_000 + "]" * 400_000 + "}",
    )
    for text in texts:
        with (
            contextlib.suppress(WebSocketException, OSError),
            connect(
                f"ws{server.url.removeprefix('http')}/v1/stream",
                additional_headers=headers,
                proxy=None,
            ) as stream,
        ):
            stream.recv(20)
            stream.send(text)
            found.append(str(json.loads(stream.recv(60)).get("code")))
    return " ".join(found), len(found) == len(texts) and "None" not in found


def cancels(server: Server) -> Outcome:
    jobs = [job_of(server, [speech(100)]) for _ in range(7)]
    wait_for(lambda: state_of(server, jobs[0]).get("state") == "running")
    time.sleep(2)
    started = time.monotonic()

    def cancel(job: str) -> int:
        with server.client() as http:
            return http.post(f"/v1/jobs/{job}/cancel").status_code

    with ThreadPoolExecutor(7) as pool:
        codes = {*pool.map(cancel, jobs)}
    answered = time.monotonic() - started
    wait_for(lambda: all(state_of(server, job)["state"] == "cancelled" for job in jobs), 120)
    over = time.monotonic() - started
    return f"{codes}, answered in {answered:.1f} s, over in {over:.1f} s", answered < 5


def slow_uploads(server: Server) -> Outcome:
    boundary = "Content-Type: multipart/form-data; boundary=b"
    begin = head("POST", "/v1/recognize", boundary, "Content-Length: 100000000")
    begin += b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    over = threading.Event()

    def trickle(_: int) -> None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(server.address, 10) as connection,
        ):
            connection.sendall(begin)
            while not over.wait(0.5):
                connection.sendall(b"\0" * 1000)

    with ThreadPoolExecutor(12) as pool:
        for number in range(12):
            pool.submit(trickle, number)
        time.sleep(10)
        answer = recognises(server)
        over.set()
    return f"an honest one meanwhile: {answer}", answer == "200"


def turns_without_end(server: Server) -> Outcome:
    lines = [f"SPEAKER a 1 {n / 10000:.4f} 0.5 <NA> <NA> s{n} <NA> <NA>" for n in range(20_000)]
    started = time.monotonic()
    with server.client() as http:
        answer = http.post(
            "/v1/recognize",
            files={"file": ("a.flac", EXAMPLE.read_bytes())},
            data={"speakers": "\n".join(lines), "granularity": "segment"},
        )
    took = time.monotonic() - started
    return f"{answer.status_code} in {took:.1f} s", took < 10


def many_channels(server: Server) -> Outcome:
    file = io.BytesIO()
    samples, _ = soundfile.read(EXAMPLE, dtype="int16")
    soundfile.write(file, np.tile(samples[:48_000, None], (1, 256)), 16000, format="WAV")
    with server.client() as http:
        answer = http.post(
            "/v1/recognize",
            files={"file": ("a.wav", file.getvalue())},
            data={"channels": "separate", "keep_audio": "true"},
        )
    kept = disk_mb(server.home / "results")
    return f"{answer.status_code}, {kept:.0f} MB of results", kept < 200


def invented_methods(server: Server) -> Outcome:
    for start in range(0, 3000, 500):
        request = b"".join(
            head(f"M{start + n}", "/healthz", "Content-Length: 0", key=False) for n in range(500)
        )
        raw(server, request, 5)
    with server.client() as http:
        lines = len(http.get("/metrics").text.splitlines())
    return f"{lines} lines of metrics", lines < 1000


def broken_headers(server: Server) -> Outcome:
    found = []
    for line in ("Host: [::1", "Origin: http://[", "Cookie: \x01=\x02; a", "Range: bytes=9-1,-0,x"):
        request = f"POST /v1/rules/check HTTP/1.1\r\n{line}\r\nContent-Length: 2\r\n"
        if not line.startswith("Host"):
            request += "Host: 127.0.0.1\r\n"
        answer = raw(server, f"{request}Authorization: Bearer {KEY}\r\n\r\n{{}}".encode(), 2)
        safe = b"x-content-type-options" in answer.lower()
        found.append(status_of(answer) + ("" if safe else " without security headers"))
    return ", ".join(found), not any("without" in one or one[0] == "5" for one in found)


def pages_of_a_long_result(server: Server) -> Outcome:
    with server.client(follow_redirects=True) as http:
        files = {"file": ("long.flac", speech(110))}
        made = http.post("/v1/recognize", files=files, data={"granularity": "frame"}, timeout=600)
        if made.status_code != 200:
            return str(made.status_code), False
        path = f"/v1/results/{made.json()['id']}/export/html"
        base = server.memory_mb()
        server.peak_mb = 0

        def export(_: int) -> int:
            total = 0
            with http.stream("GET", path, timeout=600) as answer:
                for chunk in answer.iter_raw():
                    total += len(chunk)
            return total

        with ThreadPoolExecutor(6) as pool:
            sizes = [*pool.map(export, range(6))]
        server.begin_mb = base
    return f"6 pages of {max(sizes) / 1e6:.0f} MB", min(sizes) > 1_000_000


ATTACKS: dict[str, tuple[Attack, dict[str, Any]]] = {
    attack.__name__: (attack, options)
    for attack, options in (
        (long_recording_in_a_job, {}),
        (large_body_without_a_key, {}),
        (bodies_that_never_come, {}),
        (more_connections_than_descriptors, {"descriptors": 64}),
        (long_rule, {}),
        (rules_without_end, {}),
        (cancels, {}),
        (slow_uploads, {"VOXCOR_QUEUE_SIZE": "8"}),
        (turns_without_end, {}),
        (many_channels, {}),
        (invented_methods, {}),
        (broken_headers, {}),
        (pages_of_a_long_result, {}),
    )
}


def recognises(server: Server) -> str:
    try:
        with server.client() as http:
            answer = http.post("/v1/recognize", files={"file": ("a.flac", EXAMPLE.read_bytes())})
            return str(answer.status_code)
    except httpx2.HTTPError as error:
        return type(error).__name__


# What a stranger, or bad luck, leaves behind for the next start; tells what came of that.
def killed_twice_in_a_recording(home: Path) -> Outcome:
    with serving(home) as server:
        job = job_of(server, [speech(115), speech(0.2)])
        kill_at_work(server, job)
    with serving(home) as server:
        kill_at_work(server, job)
    with serving(home) as server:
        outcome = ended(server, job) if server.url else "does not start"
        return outcome, outcome.startswith("done")


def kill_at_work(server: Server, job: str) -> None:
    wait_for(lambda: state_of(server, job).get("state") == "running")
    time.sleep(4)
    server.process.send_signal(signal.SIGKILL)


def damaged_state(home: Path) -> Outcome:
    with serving(home) as server:
        job = job_of(server, [speech(0.2)])
        ended(server, job)
        for _ in range(3):
            recognises(server)
    results = sorted(path for path in (home / "results").iterdir() if path.name[0] != ".")
    (results[0] / "result.json").write_bytes(b"")
    (results[1] / "result.json").write_bytes(b'{"emotion": 3}')
    for name, content in (("0" * 31 + "1", b""), ("0" * 31 + "2", b"\xff" * 100)):
        folder = home / "jobs" / name
        folder.mkdir()
        (folder / "job.json").write_bytes(content)
    copy = home / "jobs" / ("0" * 31 + "3")
    shutil.copytree(home / "jobs" / job, copy)
    (copy / "job.json").write_text((copy / "job.json").read_text().replace(job, copy.name))
    (copy / "ledger.sqlite").write_bytes(b"no ledger" * 1000)
    (home / "rules.json").write_bytes(b"{")
    with serving(home) as server:
        if not server.url:
            return "does not start", False
        with server.client() as http:
            results, jobs, rules = (http.get(f"/v1/{n}") for n in ("results", "jobs", "rules"))
        listed = len(results.json()["results"]), len(jobs.json()["jobs"])
        # Rules are edited by hand: what is wrong with them is said, and they stay.
        said = f"{listed[0]} of 3 results, {listed[1]} job of 4, rules: {rules.json()['code']}"
        return f"starts; {said}", listed[0] == 1 and listed[1] >= 1


def second_server(home: Path) -> Outcome:
    with serving(home) as first, serving(home) as second:
        said = first.log.read_text().splitlines()[-1][:100] if not second.url else "two servers"
        return f"{said!r}; the first: {recognises(first)}", not second.url


def stopping_with_a_pipe_as_source(home: Path) -> Outcome:
    lists = home / "lists"
    lists.mkdir()
    os.mkfifo(lists / "pipe.wav")
    with serving(home, VOXCOR_JOB_SOURCES=json.dumps([str(lists)]), VOXCOR_DRAIN_S="2") as server:
        with server.client() as http:
            http.post("/v1/jobs", json={"source": str(lists)})
            http.post("/v1/jobs", json={"source": str(lists / "pipe.wav")})
        time.sleep(2)
        started = time.monotonic()
        for _ in range(2):
            server.process.terminate()
            time.sleep(1)
        stopped = wait_for(lambda: server.process.poll() is not None, 20)
        took = time.monotonic() - started
        return f"{'stopped' if stopped else 'still runs'} after {took:.0f} s", stopped


def lying_checkpoint(home: Path) -> Outcome:
    """A zip whose directory claims more than the file has."""
    path = home / "model.pt"
    size = 1 << 34
    pickle = (
        b"\x80\x02}X\x05\x00\x00\x00modelK\x00s."  # no tensors: whatever is read, it is refused
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle)
        archive.writestr("archive/data/0", b"\0" * 64)
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 20 : at + 28] = min(size, 2**32 - 2).to_bytes(4, "little") * 2
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "voxcor", "models", "pull", "plus-base", "--from", str(path)],
        env={**os.environ, "VOXCOR_HOME": str(home), "VOXCOR_LANGUAGE": "en"},
        capture_output=True,
        check=False,
    )
    return f"exit {done.returncode}", done.returncode == 1


STARTS = (
    killed_twice_in_a_recording,
    damaged_state,
    second_server,
    stopping_with_a_pipe_as_source,
    lying_checkpoint,
)


def attack_row(name: str) -> tuple[str, bool]:
    attack, options = ATTACKS[name]
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), **options) as server,
    ):
        log_before = server.log.stat().st_size
        try:
            with server.watch():
                outcome, fine = attack(server)
        except Exception as error:
            outcome, fine = f"{type(error).__name__}: {error}", False
        log_mb = (server.log.stat().st_size - log_before) / 1e6
        after = recognises(server)
        growth = server.peak_mb - server.begin_mb
        bad = (
            not fine
            or server.slowest_s > HEALTHY_S
            or growth > MOST_GROWTH_MB
            or log_mb > MOST_LOG_MB
            or server.disk_mb > MOST_DISK_MB
            or after != "200"
        )
    cells = (
        name.replace("_", " "),
        outcome,
        f"{server.slowest_s * 1000:.0f}",
        f"{server.begin_mb:.0f} + {growth:.0f}",
        f"{server.disk_mb:.0f}",
        f"{log_mb:.2f}",
        after,
    )
    return "| " + " | ".join(cells) + (" | bad |" if bad else " | |"), bad


def main() -> None:
    asked = sys.argv[1:]
    wrong = False
    print("| stranger | outcome | healthz ms | memory MB | disk MB | log MB | then | |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in ATTACKS:
        if not asked or name in asked:
            row, bad = attack_row(name)
            wrong = wrong or bad
            print(row, flush=True)
    print("\n| at a start | outcome | |\n|---|---|---|", flush=True)
    for start in STARTS:
        if not asked or start.__name__ in asked:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    outcome, fine = start(Path(folder))
                except Exception as error:
                    outcome, fine = f"{type(error).__name__}: {error}", False
            wrong = wrong or not fine
            mark = "" if fine else "bad"
            print(f"| {start.__name__.replace('_', ' ')} | {outcome} | {mark} |", flush=True)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
