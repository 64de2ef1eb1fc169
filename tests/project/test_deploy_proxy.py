"""The proxies of docs/deploy.md as they stand there: TLS, a sub-path, a key, events, WebSocket."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import connect

from places import DOCS, VOICE
from serving import TIMEOUT_S, serving, wait_until

DOCUMENT = (DOCS / "deploy.md").read_text(encoding="utf-8")
HOST = "example.org"
KEY = "correct horse battery staple"

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{sample}
}}
"""

# Instead of asking a public authority for a certificate of example.org, and of waiting at the end
# for streams that have none.
CADDY = """
{{
    admin off
    local_certs
    skip_install_trust
    grace_period 1s
    auto_https disable_redirects
    https_port {port}
    storage file_system {folder}/caddy
}}
{sample}
"""


@dataclass(frozen=True)
class Proxy:
    """A proxy in front of a server with a key; `example.org` is this machine here."""

    port: int
    trust: ssl.SSLContext

    def ask(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        with self.client() as client:
            return client.request(method, path, **arguments)

    def client(self, key: str = KEY) -> httpx2.Client:
        return httpx2.Client(
            base_url=f"https://127.0.0.1:{self.port}/voice",
            headers={"Host": HOST, **bearer(key)},
            verify=self.trust,
            timeout=TIMEOUT_S,
            trust_env=False,
            event_hooks={"request": [_name_the_host]},
        )


def _name_the_host(request: httpx2.Request) -> None:
    request.extensions["sni_hostname"] = HOST


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    name: str = request.param
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        pytest.skip(f"needs {name} (apt-get install {name})")
    folder = tmp_path_factory.mktemp(name)
    settings = {
        "VOXCOR_ROOT_PATH": "/voice",
        "VOXCOR_ALLOWED_HOSTS": json.dumps([HOST]),
        "VOXCOR_API_KEY": KEY,
        "VOXCOR_MAX_UPLOAD_MB": "1",
    }
    with serving(folder / "home", **settings) as server:
        start = started_nginx if name == "nginx" else started_caddy
        with start(program, folder, server.address[1]) as running:
            yield running


def sample(language: str, server_port: int) -> str:
    """The block of the document in this language, in front of a server at another port."""
    block = block_of(DOCUMENT, language)
    assert block.count("127.0.0.1:7860") == 1
    return block.replace("127.0.0.1:7860", f"127.0.0.1:{server_port}")


def block_of(document: str, language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", document, re.DOTALL)
    return str(block)


@contextmanager
def started_nginx(program: str, folder: Path, server_port: int) -> Iterator[Proxy]:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, for a certificate")
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    named = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *named]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([*command, *files], check=True, capture_output=True)
    port = free_port()
    written = sample("nginx", server_port)
    for theirs, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        (f"/etc/letsencrypt/live/{HOST}", str(folder)),
    ):
        assert theirs in written
        written = written.replace(theirs, ours)
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, sample=written))
    errors = ["-e", folder / "error.log"]
    command = [program, *map(str, errors), "-p", str(folder), "-c", str(configuration)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with running(command, port):
        yield Proxy(port, ssl.create_default_context(cafile=certificate))


@contextmanager
def started_caddy(program: str, folder: Path, server_port: int) -> Iterator[Proxy]:
    port = free_port()
    configuration = folder / "Caddyfile"
    written = sample("caddy", server_port)
    configuration.write_text(CADDY.format(folder=folder, port=port, sample=written))
    command = [program, "run", "--config", str(configuration), "--adapter", "caddyfile"]
    authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    with running(command, port, XDG_CONFIG_HOME=str(folder), XDG_DATA_HOME=str(folder)):
        wait_until(authority.exists, "the authority of Caddy")
        trust = ssl.create_default_context(cafile=authority)
        wait_until(lambda: has_certificate(port, trust), "the certificate of Caddy")
        yield Proxy(port, trust)


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    try:
        wait_until(lambda: process.poll() is not None or accepts(port), command[0])
        assert process.poll() is None
        yield
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def has_certificate(port: int, trust: ssl.SSLContext) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)) as plain:
            trust.wrap_socket(plain, server_hostname=HOST).close()
    except ssl.SSLError:
        return False
    return True


def test_the_page_and_its_modules_are_below_the_path(proxy: Proxy) -> None:
    with proxy.client(key="") as client:
        page = client.get("/")
        assert page.status_code == 200
        for address in re.findall(r'(?:src|href)="(static/[^"]+)"', page.text):
            assert client.get(f"/{address}").status_code == 200, address


def test_without_the_key_nothing_is_told(proxy: Proxy) -> None:
    with proxy.client(key="") as client:
        assert client.get("/v1/results").status_code == 401
    assert proxy.ask("GET", "/v1/results").status_code == 200


def test_the_cookie_of_the_page_is_for_tls_only(proxy: Proxy) -> None:
    with proxy.client(key="") as client:
        answer = client.post("/v1/session", json={"api_key": KEY})
    assert answer.status_code < 300
    assert "; secure" in answer.headers["set-cookie"].lower()


def test_a_recording_is_recognised_and_found_where_it_is_said_to_be(proxy: Proxy) -> None:
    with proxy.client() as client:
        files = {"file": ("speech.flac", VOICE.read_bytes())}
        accepted = client.post("/v1/recognize", files=files, headers={"Prefer": "respond-async"})
        location = accepted.headers["location"]
        assert location.startswith("/voice/v1/results/")
        log = client.get(location.removeprefix("/voice") + "/events").text
        assert "event: done" in log
        assert client.get(location.removeprefix("/voice")).json()["emotion"]


def test_the_limit_on_uploads_is_the_server_s_and_says_so(proxy: Proxy) -> None:
    answer = proxy.ask("POST", "/v1/recognize", files={"file": ("long.wav", bytes(2_000_000))})
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")


def test_events_come_while_they_happen(proxy: Proxy) -> None:
    with proxy.client() as client:
        assert client.put("/v1/rules/heard", json={"rule": "neutral > 0"}).status_code < 300
        with client.stream("GET", "/v1/events") as events:
            assert events.headers["content-type"].startswith("text/event-stream")
            files = {"file": ("speech.flac", VOICE.read_bytes())}
            assert proxy.ask("POST", "/v1/recognize", files=files).status_code == 200
            # The stream has no end: only what passes at once passes at all.
            first = next(line for line in events.iter_lines() if line.startswith("data:"))
        assert "heard" in first


def test_live_speech_passes(proxy: Proxy) -> None:
    plain = socket.create_connection(("127.0.0.1", proxy.port))
    with connect(
        f"wss://{HOST}/voice/v1/stream",
        sock=plain,
        ssl=proxy.trust,
        additional_headers=bearer(KEY),
        proxy=None,
    ) as stream:
        assert json.loads(stream.recv())["type"] == "session.created"
        stream.send(json.dumps({"type": "session.close"}))
        assert json.loads(stream.recv())["type"] == "session.closed"


@pytest.mark.parametrize("language", ["nginx", "caddy"])
def test_the_other_language_has_the_same_block(language: str) -> None:
    chinese = (DOCS / "deploy.zh.md").read_text(encoding="utf-8")
    english, same = (re.sub(r"#.*", "", block_of(text, language)) for text in (DOCUMENT, chinese))
    assert english == same
