"""A SOCKS5 proxy on loopback (RFC 1928) that leads every name to this machine."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer

_ADDRESS_TYPES = {1: "address", 3: "name"}


@dataclass
class SocksProxy:
    """`asked_for` are the hosts and ports that it was asked to reach."""

    port: int = 0
    asked_for: list[tuple[str, int]] = field(default_factory=list)


class _Handler(StreamRequestHandler):
    proxy: SocksProxy

    def handle(self) -> None:
        _, methods = self.rfile.read(2)
        self.rfile.read(methods)
        self.wfile.write(b"\x05\x00")  # no password
        kind = _ADDRESS_TYPES[self.rfile.read(4)[3]]
        if kind == "name":
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        else:
            host = socket.inet_ntoa(self.rfile.read(4))
        (port,) = struct.unpack("!H", self.rfile.read(2))
        self.proxy.asked_for.append((host, port))
        with socket.create_connection(("127.0.0.1", port)) as target:
            self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=_copy, args=(target, self.connection))
            back.start()
            _copy(self.connection, target)
            back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(1 << 16):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Server(ThreadingTCPServer):
    daemon_threads = True


@contextlib.contextmanager
def socks_proxy() -> Iterator[SocksProxy]:
    proxy = SocksProxy()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def answering(content: bytes) -> Iterator[int]:
    """The port of something that answers whatever comes with these bytes, and hangs up."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.connection.recv(4096)
            self.wfile.write(content)

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
