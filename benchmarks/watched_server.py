"""A server whose health, memory, disk and log are watched while somebody is at work on it."""

import contextlib
import os
import re
import resource
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil

KEY = "0123456789abcdef"

# An answer to `/healthz` that takes longer, or none, is a server that stands still.
HEALTHY_S = 1.0


@dataclass
class Server:
    """A running server, and what was seen of it since `watch` began."""

    home: Path
    process: "subprocess.Popen[bytes]"
    log: Path
    url: str = ""
    slowest_s: float = 0.0
    begin_mb: float = 0.0
    peak_mb: float = 0.0
    disk_mb: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def client(self, **arguments: Any) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {KEY}"}
        return httpx2.Client(
            base_url=self.url, timeout=120, trust_env=False, headers=headers, **arguments
        )

    def memory_mb(self) -> float:
        found = 0
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(self.process.pid)
            for one in (parent, *parent.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    found += one.memory_info().rss
        return found / 1e6

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Asks for health and memory until the block ends."""
        self.begin_mb = self.memory_mb()
        watching = [threading.Thread(target=t) for t in (self._ask_health, self._read_memory)]
        for thread in watching:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in watching:
                thread.join()

    def _ask_health(self) -> None:
        while not self._ended.wait(0.1):
            started = time.monotonic()
            try:
                httpx2.get(f"{self.url}/healthz", timeout=60, trust_env=False).raise_for_status()
            except httpx2.HTTPError:
                if self.process.poll() is not None:
                    return  # the attack was to end it
                self.slowest_s = max(self.slowest_s, HEALTHY_S + 0.001)
            self.slowest_s = max(self.slowest_s, time.monotonic() - started)

    def _read_memory(self) -> None:
        while not self._ended.wait(0.05):
            self.peak_mb = max(self.peak_mb, self.memory_mb())
            self.disk_mb = max(self.disk_mb, disk_mb(self.home) + self._nameless_mb())

    def _nameless_mb(self) -> float:
        """Files that are open and have been unlinked."""
        total = 0
        for descriptor in Path("/proc", str(self.process.pid), "fd").glob("*"):
            with contextlib.suppress(OSError):
                found = descriptor.stat()
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    total += found.st_blocks * 512
        return total / 1e6


def disk_mb(folder: Path) -> float:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_blocks * 512
    return total / 1e6


@contextlib.contextmanager
def serving(home: Path, *, descriptors: int | None = None, **environment: str) -> Iterator[Server]:
    """A server on a free port that is warm, with an API key."""
    temporary = home / "temporary"
    temporary.mkdir(exist_ok=True)
    variables = {"VOXCOR_HOME": str(home), "VOXCOR_LANGUAGE": "en", "VOXCOR_API_KEY": KEY}
    log = home / "server.log"

    def limit() -> None:
        if descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    with log.open("ab") as stream:
        started_at = stream.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "voxcor", "serve", "--port", "0"],
            stderr=stream,
            env={**os.environ, "TMPDIR": str(temporary), **variables, **environment},
            preexec_fn=limit,
        )
    server = Server(home, process, log)
    try:
        wait_for(lambda: found_url(log, started_at) or process.poll() is not None)
        server.url = found_url(log, started_at) or ""
        if server.url:
            wait_for(lambda: get(server, "/readyz") == 200)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def found_url(log: Path, after: int) -> str | None:
    found = re.search(r"is at (http://\S+)", log.read_bytes()[after:].decode(errors="replace"))
    return found[1] if found else None


def get(server: Server, path: str) -> int:
    with server.client() as http, contextlib.suppress(httpx2.HTTPError):
        return http.get(path).status_code
    return 0


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
