"""`voxcor serve` as a process on loopback, as people run it."""

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from places import VOICE
from results_by_hand import happy_then_sad
from voxcor.results import Result
from voxcor.server.folder_store import new_id
from voxcor.server.results.store import ResultStore
from voxcor.settings import Settings

TIMEOUT_S = 60


@dataclass
class Server:
    """A running server. `log` is what it wrote to stderr so far."""

    url: str
    home: Path
    process: "subprocess.Popen[str]"
    log: list[str] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    @property
    def left_behind(self) -> set[str]:
        """What lies in the folder of results, visible or not, but the lock."""
        return {path.name for path in (self.home / "results").iterdir()} - {".lock"}

    def request(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        url = self.url + path
        return httpx2.request(method, url, timeout=TIMEOUT_S, trust_env=False, **arguments)

    def get(self, path: str, **arguments: Any) -> httpx2.Response:
        return self.request("GET", path, **arguments)

    def ask_literally(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON for a path that no client has tidied up."""
        connection = http.client.HTTPConnection(*self.address, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def post(self, path: str, **arguments: Any) -> httpx2.Response:
        return self.request("POST", path, **arguments)

    def delete(self, path: str, **arguments: Any) -> httpx2.Response:
        return self.request("DELETE", path, **arguments)

    def recognize(
        self, content: bytes | None = None, name: str = "speech.flac", **fields: str
    ) -> httpx2.Response:
        content = VOICE.read_bytes() if content is None else content
        return self.post("/v1/recognize", files={"file": (name, content)}, data=fields)

    def says(self, text: str) -> None:
        """Waits for a line of the log with this text: it comes through a pipe."""
        wait_until(lambda: any(text in line for line in self.log), text)

    def gone(self, what: str = "") -> None:
        """Waits until nothing is left of a request whose sender did not wait for the end."""
        wait_until(lambda: not any(name.startswith(".") for name in self.left_behind), what)


def wait_until(condition: Any, what: str = "") -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {TIMEOUT_S} s in vain: {what}"
        time.sleep(0.01)


@contextlib.contextmanager
def serving(
    home: Path,
    *arguments: str,
    ready: bool = True,
    under: Callable[[list[str]], list[str]] = list,
    **environment: str,
) -> Iterator[Server]:
    """Runs `voxcor serve` on a free port, with one thread a pass, until the block ends.

    `under` turns its command into that of a program that runs it.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith("VOXCOR_")}
    variables = {"VOXCOR_HOME": str(home), "VOXCOR_LANGUAGE": "en", "VOXCOR_THREADS": "1"}
    process = subprocess.Popen(
        under([sys.executable, "-m", "voxcor", "serve", "--port", "0", *arguments]),
        stderr=subprocess.PIPE,
        text=True,
        env={**clean, **variables, **environment},
    )
    log: list[str] = []
    started = threading.Event()

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            log.append(line)
            if "http://" in line:
                started.set()
        started.set()  # it ended before it served

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert started.wait(TIMEOUT_S)
        found = re.search(r"http://\S+", "".join(log))
        assert found is not None, log
        server = Server(found[0], home, process, log)
        if ready:
            wait_until(lambda: server.get("/readyz").status_code == 200, "ready")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            reader.join()
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


def put(server: Server, name: str, **document: Any) -> httpx2.Response:
    url = f"{server.url}/v1/rules/{name}"
    return httpx2.put(url, json=document, timeout=60, trust_env=False)


Files = list[tuple[str, tuple[str, bytes]]]


def files_of(folder: Path) -> Files:
    return [("file", (path.name, path.read_bytes())) for path in sorted(folder.iterdir())]


def ended(server: Server, job_id: str) -> dict[str, Any]:
    wait_until(
        lambda: server.get(f"/v1/jobs/{job_id}").json()["state"] not in ("waiting", "running"),
        "the job",
    )
    document: dict[str, Any] = server.get(f"/v1/jobs/{job_id}").json()
    return document


def events_of(server: Server, path: str, **headers: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Number, name and data of each event until the log ends."""
    response = server.get(path, headers=headers)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    return [*parsed(response.text)]


def parsed(stream: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for block in stream.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        yield int(fields["id"]), fields["event"], json.loads(fields["data"])


def published(home: Path, result: Result, name: str = "call.m4a") -> str:
    """The id of a result that the server of that home has from now on."""
    result_id = new_id()
    ResultStore(Settings(home=home)).publish(result_id, result, [], None, name)
    return result_id


def age(results: ResultStore, settings: Settings, days: float, size: int = 0) -> str:
    """A stored result of that age, with `size` more bytes."""
    result_id = f"{int(new_id()[:12], 16) - int(days * 86_400_000):012x}{new_id()[12:]}"
    results.publish(result_id, happy_then_sad(), [], None, "call.wav")
    (settings.results / result_id / "original.wav").write_bytes(bytes(size))
    return result_id
