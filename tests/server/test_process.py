"""The server as a process: how it starts, is full, is watched, is proxied, and stops."""

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
import pytest
import uvicorn

from audio_files import speech
from places import VOICE
from raw_http import depth, form, head, part, received, wav
from serving import TIMEOUT_S, Server, events_of, server, serving, wait_until
from voxcor.server.app import create_app
from voxcor.server.http import connections
from voxcor.settings import Settings

__all__ = ["server"]


def long_recording(seconds: int = 60) -> bytes:
    return wav(np.tile(speech(5), seconds // 5), subtype="PCM_16")


@contextlib.contextmanager
def half_an_upload(server: Server) -> Iterator[tuple[socket.socket, bytes]]:
    """A connection that has begun a request, and what is missing of it."""
    body = form(part("file", VOICE.read_bytes(), "a.flac"))
    before = depth(server)
    with socket.create_connection(server.address, TIMEOUT_S) as connection:
        connection.sendall(head(len(body)) + body[:1000])
        wait_until(lambda: depth(server) > before, "the upload")
        yield connection, body[1000:]


def test_it_lives_before_it_is_ready(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False) as server:
        assert server.get("/healthz").status_code == 200
        early = server.get("/readyz")
        if early.status_code == 503:  # unless this machine is very fast
            assert early.json()["code"] == "not_ready"
            assert early.headers["retry-after"]
        assert server.recognize().status_code == 200
        wait_until(lambda: server.get("/readyz").status_code == 200, "ready")


def test_a_default_model_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False, VOXCOR_MODEL="plus-large") as server:
        wait_until(
            lambda: server.get("/readyz").json()["code"] == "model_not_installed", "the reason"
        )
        assert server.get("/readyz").status_code == 503
        assert server.get("/healthz").status_code == 200
        assert server.recognize().status_code == 404
        assert server.recognize(model="small").status_code == 200
    assert any("models pull plus-large" in line for line in server.log)


def test_a_full_queue_says_when_to_come_back(tmp_path: Path) -> None:
    with (
        serving(tmp_path, VOXCOR_QUEUE_SIZE="1") as server,
        half_an_upload(server) as (connection, rest),
    ):
        refused = server.recognize()
        assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
        assert refused.json()["retryable"]
        assert int(refused.headers["retry-after"]) >= 1
        assert server.post("/hf/audio-classification", content=b"x").status_code == 429
        connection.sendall(rest)
        assert received(connection).startswith(b"HTTP/1.1 200 ")
        wait_until(lambda: depth(server) == 0, "an empty queue")
        assert server.recognize().status_code == 200


def test_a_stopping_server_finishes_what_it_has_begun_and_refuses_the_rest(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server, half_an_upload(server) as (connection, rest):
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.get("/readyz").status_code == 503, "the signal")
        refused = server.recognize()
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert refused.json()["retryable"]
        assert int(refused.headers["retry-after"]) >= 1
        assert server.get("/healthz").status_code == 200
        connection.sendall(rest)
        assert received(connection).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(TIMEOUT_S) == 0
    assert len(server.left_behind) == 1


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with serving(tmp_path) as server, half_an_upload(server):
        server.process.send_signal(signal.SIGINT)
        wait_until(lambda: server.get("/readyz").status_code == 503, "the signal")
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(TIMEOUT_S) == 0
    assert server.left_behind == set()


def test_a_stopping_server_does_not_wait_for_ever(tmp_path: Path) -> None:
    with serving(tmp_path, VOXCOR_DRAIN_S="0.2") as server, half_an_upload(server):
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(TIMEOUT_S) == 0
    assert server.left_behind == set()


def test_asynchronous_work_is_finished_before_the_end(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        files = {"file": long_recording()}
        headers = {"Prefer": "respond-async"}
        accepted = server.post("/v1/recognize", files=files, headers=headers).json()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(TIMEOUT_S) == 0
    assert server.left_behind == {accepted["id"]}


def test_work_that_is_deleted_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        headers = {"Prefer": "respond-async"}
        files = {"file": long_recording(280)}
        location = server.post("/v1/recognize", files=files, headers=headers).headers["location"]
        pending = server.get(location)
        assert (pending.status_code, pending.json()["status"]) == (202, "running")
        assert server.delete(location).status_code == 204
        assert server.get(location).status_code == 404
        wait_until(lambda: server.left_behind == set(), "a clean folder")


def test_who_waits_behind_a_long_one_leaves_at_once(server: Server) -> None:
    files = {"file": ("hour.wav", long_recording(3600))}
    headers = {"Prefer": "respond-async"}
    first, second = [
        server.post("/v1/recognize", files=files, headers=headers).headers["location"]
        for _ in range(2)
    ]
    for location in (first, second):
        url = f"{server.url}{location}/events"
        with httpx2.stream("GET", url, timeout=TIMEOUT_S, trust_env=False) as log:
            assert any('"decode"' in line for line in log.iter_lines())
    assert server.delete(second).status_code == 204
    assert server.get(first).status_code == 202
    assert server.delete(first).status_code == 204


def test_many_at_once_are_all_answered_the_same(server: Server) -> None:
    with ThreadPoolExecutor(12) as threads:
        answers = [*threads.map(lambda _: server.recognize().json(), range(24))]
    assert len({answer["id"] for answer in answers}) == 24
    for answer in answers:
        assert answer["scores"] == pytest.approx(answers[0]["scores"], abs=1e-4)


def test_short_requests_do_not_wait_for_long_ones(server: Server) -> None:
    headers = {"Prefer": "respond-async"}
    files = {"file": long_recording(400)}
    first = server.post("/v1/recognize", files=files, headers=headers).headers["location"]
    second = server.post("/v1/recognize", files=files, headers=headers).headers["location"]
    assert server.recognize().status_code == 200
    assert server.get(second).status_code == 202
    for location in (first, second):
        assert server.delete(location).status_code == 204


def test_metrics_tell_what_is_going_on(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.recognize()
        server.recognize(b"text")
        text = server.get("/metrics").text
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
        route = 'method="POST",route="/v1/recognize"'
        assert values[f'voxcor_requests_total{{{route},status="200"}}'] == "1.0"
        assert values[f'voxcor_requests_total{{{route},status="415"}}'] == "1.0"
        for stage in ("decode", "preprocess", "inference", "postprocess"):
            assert values[f'voxcor_stage_seconds_count{{stage="{stage}"}}'] == "1.0"
        assert float(values["voxcor_audio_seconds_total"]) == pytest.approx(8.237, abs=0.01)
        assert values["voxcor_queue_depth"] == "0.0"
        assert any(key.startswith('voxcor_model_loaded{model="small"') for key in values)
        assert float(values["process_resident_memory_bytes"]) > 1e7


def test_behind_a_proxy_under_a_sub_path(tmp_path: Path) -> None:
    with serving(tmp_path, VOXCOR_ROOT_PATH="/voice") as server:
        assert server.url.endswith("/voice")
        files = {"file": VOICE.read_bytes()}
        for base in (server.url, server.url.removesuffix("/voice")):  # kept, or stripped on the way
            answer = httpx2.post(
                f"{base}/v1/recognize",
                files=files,
                headers={"Prefer": "respond-async"},
                timeout=TIMEOUT_S,
                trust_env=False,
            )
            location = answer.headers["location"]
            assert location.startswith("/voice/v1/results/")
            path = location.removeprefix("/voice")
            assert events_of(server, f"{path}/events")[-1][1] == "done"
        assert 'href="/voice/openapi.json"' in server.get("/docs").text


def test_a_connection_that_does_not_say_what_it_wants_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "HEADERS_S", 0.3)
    config = uvicorn.Config(
        create_app(Settings()), port=0, http=connections.BoundedHTTP, log_config=None
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        wait_until(lambda: running.started, "the server")
        address = running.servers[0].sockets[0].getsockname()
        for beginning in (b"", b"GET /healthz HTTP/1.1\r\nHost: local"):
            with socket.create_connection(address, TIMEOUT_S) as connection:
                connection.sendall(beginning)
                assert connection.recv(100) == b""
        whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with socket.create_connection(address, TIMEOUT_S) as connection:
            connection.sendall(whole)
            assert received(connection).startswith(b"HTTP/1.1 200 ")
            connection.sendall(whole + b"GET")
            assert received(connection).startswith(b"HTTP/1.1 200 ")
            connection.settimeout(TIMEOUT_S)
            assert connection.recv(100) == b""
    finally:
        running.should_exit = True
        thread.join()


def test_a_taken_port_ends_the_command(server: Server) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "voxcor", "serve", "--port", str(server.address[1])]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "(address_unavailable)" in done.stderr
    assert str(server.address[1]) in done.stderr
