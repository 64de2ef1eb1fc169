"""HTTP as no client would send it, byte by byte."""

import io
import socket

import soundfile

from places import VOICE
from serving import Server

BOUNDARY = "frontier"


def wav(samples: object, rate: int = 16_000, subtype: str = "FLOAT") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype=subtype)
    return file.getvalue()


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    given = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{given}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def head(length: int, *more: str) -> bytes:
    lines = [
        "POST /v1/recognize HTTP/1.1",
        "Host: localhost",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        f"Content-Length: {length}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


FILE = part("file", VOICE.read_bytes(), "a.flac")


def received(connection: socket.socket) -> bytes:
    """All that comes until the other end closes or pauses."""
    connection.settimeout(10)
    parts = []
    try:
        while piece := connection.recv(65536):
            parts.append(piece)
            if b"}" in piece or piece.endswith(b"0\r\n\r\n"):
                break
    except (ConnectionResetError, TimeoutError):
        pass
    return b"".join(parts)


def metric(server: Server, name: str) -> float:
    lines = server.get("/metrics").text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)


def depth(server: Server) -> float:
    return metric(server, "voxcor_queue_depth")
