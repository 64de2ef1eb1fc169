"""Live sessions with a running server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import soundfile
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from places import VOICE
from serving import Server

Message = dict[str, Any]


@pytest.fixture(scope="module")
def audio() -> bytes:
    samples, _ = soundfile.read(VOICE, dtype="int16")
    return bytes(samples.astype("<i2").tobytes())


@contextmanager
def session(server: Server, query: str = "", **headers: str) -> Iterator[ClientConnection]:
    """A connection that has been greeted."""
    with connection(server, query, **headers) as client:
        assert receive(client)["type"] == "session.created"
        yield client


@contextmanager
def connection(server: Server, query: str = "", **headers: str) -> Iterator[ClientConnection]:
    url = server.url.replace("http", "ws", 1) + "/v1/stream" + query
    # Pings wait behind the audio, and none of these tests is about them.
    with connect(
        url, proxy=None, ping_interval=None, additional_headers=headers, close_timeout=5
    ) as client:
        yield client


def receive(client: ClientConnection) -> Message:
    message: Message = json.loads(client.recv(timeout=60))
    return message


def say(client: ClientConnection, kind: str, **fields: Any) -> None:
    client.send(json.dumps({"type": kind, **fields}))


def send(client: ClientConnection, audio: bytes, size: int = 3200) -> None:
    for start in range(0, len(audio), size):
        client.send(audio[start : start + size])


def rest(client: ClientConnection) -> tuple[list[Message], int, str]:
    """Every message until the server closes, its close code and reason."""
    messages = []
    try:
        while True:
            messages.append(receive(client))
    except ConnectionClosed as closed:
        frame = closed.rcvd
    assert frame is not None, "the server left without closing"
    return messages, frame.code, frame.reason
