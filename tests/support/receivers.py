"""A receiver of webhooks on loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from voxcor.rules.addresses import Allowed
from voxcor.rules.webhooks import Webhooks

HERE = Allowed(["127.0.0.1"])


@dataclass
class Receiver:
    """What a server was sent. `answers` are its statuses in turn, then 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]


@contextmanager
def receiving(*answers: int, open_gate: bool = True, path: str = "/hook") -> Iterator[Receiver]:
    receiver = Receiver(answers=[*answers])
    if open_gate:
        receiver.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.gate.wait()
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.send_header("Location", receiver.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}{path}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def sending(*delays_s: float) -> Iterator[Webhooks]:
    webhooks = Webhooks(delays_s, HERE)
    try:
        yield webhooks
    finally:
        webhooks.close()


def idle(webhooks: Webhooks) -> Callable[[], bool]:
    return lambda: not webhooks._waiting
