"""A server on loopback that speaks to both hubs' clients in their own protocols.

Paths, parameters, headers and JSON are those that huggingface_hub 2.4 and modelscope-hub 0.5 use to
list a repository and to fetch its files; large files are redirected to a storage host, as there.
"""

import contextlib
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

# ModelScope's client reads its patience once, when it is imported. No waiting between attempts.
os.environ["MODELSCOPE_DOWNLOAD_MAX_RETRIES"] = "0"
os.environ["MODELSCOPE_REPO_TREE_PAGE_MAX_ATTEMPTS"] = "1"

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LARGE = 1 << 20  # bytes; above it a file is in the storage, not in git
_PIECE = 1 << 20


@dataclass
class Request:
    """One request as it came. `sent` counts the bytes of its answer's body."""

    path: str
    headers: dict[str, str]
    sent: int = 0

    @property
    def range_start(self) -> int:
        """The first byte it asks for."""
        found = re.fullmatch(r"bytes=(\d+)-\d*", self.headers.get("range", "bytes=0-"))
        assert found is not None
        return int(found[1])


@dataclass
class FakeHub:
    """What the server serves, how it fails, and what it was asked.

    `announced` and `announced_bytes` override checksums and sizes in listings; `status` answers
    every request with an error; `portal` answers with a page of HTML; `on_large` is called before
    each piece of a large body with the offset in the file, and ends the connection by raising
    ConnectionAbortedError.
    """

    files: dict[str, bytes]
    announced: dict[str, str] = field(default_factory=dict)
    announced_bytes: dict[str, int] = field(default_factory=dict)
    status: int | None = None
    portal: bool = False
    on_large: Callable[[int], None] = lambda _offset: None
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def sha256(self, name: str) -> str:
        return self.announced.get(name, sha256(self.files[name]).hexdigest())

    def asked_for(self, name: str) -> list[Request]:
        """The requests that got bytes of this file, or an error in their place."""
        return [r for r in self.requests if r.path.endswith(f"/storage/{name}")]

    def huggingface_listing(self, repository: str) -> dict[str, Any]:
        siblings = []
        for name, content in self.files.items():
            blob = b"blob %d\0" % len(content) + content
            sibling: dict[str, Any] = {
                "rfilename": name,
                "size": self.announced_bytes.get(name, len(content)),
                "blobId": sha1(blob).hexdigest(),
            }
            if len(content) > _LARGE:
                lfs = {"sha256": self.sha256(name), "size": len(content), "pointerSize": 135}
                sibling["lfs"] = lfs
            siblings.append(sibling)
        return {"id": repository, "sha": COMMIT, "private": False, "siblings": siblings}

    def modelscope_listing(self) -> dict[str, Any]:
        files = [
            {
                "Name": name.rsplit("/", 1)[-1],
                "Path": name,
                "Type": "blob",
                "Size": self.announced_bytes.get(name, len(content)),
                "Sha256": self.sha256(name),
                "Revision": COMMIT,
                "IsLFS": len(content) > _LARGE,
                "CommittedDate": 1719187200,
            }
            for name, content in self.files.items()
        ]
        folder = {"Name": "example", "Path": "example", "Type": "tree", "Size": 0, "Sha256": ""}
        return {"Code": 200, "Success": True, "Data": {"Files": [*files, folder]}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def do_GET(self) -> None:
        hub = self.hub
        request = Request(self.path, {k.lower(): v for k, v in self.headers.items()})
        hub.requests.append(request)
        with contextlib.suppress(ConnectionError):
            if hub.status is not None:
                self._json({"Code": hub.status, "Message": "no", "error": "no"}, hub.status)
            elif hub.portal:
                self._answer(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
            else:
                self._route(request)

    def _route(self, request: Request) -> None:
        address = urlsplit(unquote(request.path))
        query = {key: values[0] for key, values in parse_qs(urlsplit(request.path).query).items()}
        if found := re.fullmatch(r"/api/models/(.+)/revision/[^/]+", address.path):
            self._json(self.hub.huggingface_listing(found[1]))
        elif found := re.fullmatch(r"/(.+)/resolve/([^/]+)/(.+)", address.path):
            linked = {"X-Repo-Commit": COMMIT, "X-Linked-Size": "1", "ETag": '"git"'}
            self._file(request, found[3], linked)
        elif re.fullmatch(r"/api/v1/models/.+/repo/files", address.path):
            self._json(self.hub.modelscope_listing())
        elif re.fullmatch(r"/api/v1/models/.+/repo", address.path):
            self._file(request, query["FilePath"], {})
        elif address.path == "/api/v1/repos/internalAccelerationInfo":
            self._json({"Code": 200, "Data": {"InternalRegionQueryAddress": ""}})
        elif found := re.fullmatch(r"/storage/(.+)", address.path):
            self._body(request, found[1])
        else:
            self._json({"Code": 404, "Message": "not found", "error": "not found"}, 404)

    def _file(self, request: Request, name: str, headers: dict[str, str]) -> None:
        if name not in self.hub.files:
            self._json({"Code": 404, "Message": "not found"}, 404)
        elif len(self.hub.files[name]) > _LARGE:
            etag = {"X-Linked-Etag": f'"{self.hub.sha256(name)}"'}
            self._answer(302, b"", {**headers, **etag, "Location": f"/storage/{quote(name)}"})
        else:
            request.sent = self._answer(200, self.hub.files[name], headers)

    def _body(self, request: Request, name: str) -> None:
        content, start = self.hub.files[name], request.range_start
        status, headers = 200, {"Content-Length": str(len(content) - start)}
        if "range" in request.headers:
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        try:
            for offset in range(start, len(content), _PIECE):
                self.hub.on_large(offset)
                self.wfile.write(content[offset : offset + _PIECE])
                request.sent += len(content[offset : offset + _PIECE])
        except ConnectionAbortedError:
            self.close_connection = True

    def _json(self, content: object, status: int = 200) -> None:
        self._answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> int:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)
        return len(content)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients hang up in these tests; that is no error of the server."""


@contextlib.contextmanager
def serve(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """Runs the server and points both clients at it."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    point_at(hub.url, monkeypatch)
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the address of both hubs, for this process and its children."""
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", url)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


TOKENS = (
    "生气/angry\n厌恶/disgusted\n恐惧/fearful\n开心/happy\n中立/neutral\n"
    "其他/other\n难过/sad\n吃惊/surprised\n<unk>"
)


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"
