"""Who may ask, from where, and what a browser is told."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest

from places import VOICE
from serving import Server, server, serving
from voxcor.errors import UsageError
from voxcor.server.app import create_app
from voxcor.server.http.security import COOKIE
from voxcor.settings import Settings, is_loopback

__all__ = ["server"]

KEY = "correct horse battery staple"
CLOSED = ("/v1/results", "/v1/models", "/metrics", "/docs", "/openapi.json")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("guarded")
    with serving(home, "--host", "0.0.0.0", VOXCOR_API_KEY=KEY) as running:
        running.url = running.url.replace("0.0.0.0", "127.0.0.1")
        yield running


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VOXCOR_API_KEY", "secret-value"),
        ("VOXCOR_ALLOWED_HOSTS", "secret-value"),
        ("VOXCOR_PORT", "99999123"),
        ("VOXCOR_MAX_UPLOAD_MB", "secret-value"),
        ("VOXCOR_PROVIDER", "secret-value"),
        ("VOXCOR_JOB_SOURCES", "[" * 5000),
    ],
)
def test_a_setting_that_cannot_be_is_a_sentence_without_its_value(
    variable: str, value: str
) -> None:
    command = [sys.executable, "-m", "voxcor", "serve", "--port", "0"]
    environment = {**os.environ, variable: value, "VOXCOR_LANGUAGE": "en"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot be used" in done.stderr
    assert value not in done.stderr


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)
    create_app(Settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", "localhost.org"])
def test_beyond_loopback_a_key_is_required(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(UsageError, match="VOXCOR_API_KEY"):
        create_app(Settings(host=host))
    create_app(Settings.model_validate({"host": host, "api_key": KEY}))


def test_answering_to_other_names_needs_a_key_as_well() -> None:
    with pytest.raises(UsageError, match="VOXCOR_API_KEY"):
        create_app(Settings(allowed_hosts=("voice.example.org",)))


def test_the_command_refuses_to_serve_everybody_without_a_key() -> None:
    command = [sys.executable, "-m", "voxcor", "serve", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "VOXCOR_API_KEY" in done.stderr


def test_without_the_key_only_life_signs_and_the_page_are_given(guarded: Server) -> None:
    assert guarded.get("/healthz").json() == {"status": "ok"}
    assert guarded.get("/readyz").status_code == 200
    for path in CLOSED:
        response = guarded.get(path)
        assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
    assert guarded.recognize().status_code == 401
    assert guarded.left_behind == set()


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", f"Basic {KEY}", KEY],
)
def test_a_wrong_key_is_no_key(guarded: Server, value: str) -> None:
    response = guarded.get("/v1/results", headers={"Authorization": value})
    assert response.status_code == 401


def test_a_key_that_is_no_ascii_is_wrong_and_no_crash(guarded: Server) -> None:
    headers = {b"Authorization": "Bearer 密钥".encode(), b"Cookie": f"{COOKIE}=密".encode()}
    response = httpx2.get(f"{guarded.url}/v1/results", headers=headers, trust_env=False)
    assert response.status_code == 401


def test_with_the_key_everything_is_given(guarded: Server) -> None:
    for path in CLOSED:
        assert guarded.get(path, headers=bearer(KEY)).status_code == 200
    files = {"file": VOICE.read_bytes()}
    response = guarded.post("/v1/recognize", files=files, headers=bearer(KEY))
    assert response.status_code == 200
    assert KEY not in "".join(guarded.log)


def test_the_page_trades_the_key_for_a_cookie_that_scripts_cannot_read(guarded: Server) -> None:
    assert guarded.post("/v1/session", json={"api_key": "guess"}).status_code == 401
    response = guarded.post("/v1/session", json={"api_key": KEY})
    assert response.status_code == 204
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert KEY not in cookie
    value = response.cookies[COOKIE]
    with_it = guarded.get("/v1/results", headers={"Cookie": f"{COOKIE}={value}"})
    assert with_it.status_code == 200
    without = guarded.get("/v1/results", headers={"Cookie": f"{COOKIE}={value[:-1]}0"})
    assert without.status_code == 401


def test_a_name_that_was_pointed_here_is_refused(server: Server) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:7860", ""):
        response = server.get("/v1/results", headers={"Host": host})
        assert (response.status_code, response.json()["code"]) == (421, "host_refused")
    for host in ("localhost", "127.0.0.1:1", "[::1]:7860"):
        assert server.get("/v1/results", headers={"Host": host}).status_code == 200


def test_a_page_of_somewhere_else_cannot_change_anything(server: Server) -> None:
    before = server.left_behind
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        headers = {"Origin": origin}
        files = {"file": VOICE.read_bytes()}
        response = server.post("/v1/recognize", files=files, headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "origin_refused")
        assert "access-control-allow-origin" not in response.headers
    assert server.left_behind == before
    own = {"Origin": server.url}
    response = server.post("/v1/recognize", files={"file": VOICE.read_bytes()}, headers=own)
    assert response.status_code == 200


def test_a_websocket_of_a_page_of_somewhere_else_is_refused(server: Server) -> None:
    host, port = server.address
    lines = [
        "GET /v1/stream HTTP/1.1",
        f"Host: {host}:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Origin: https://evil.example",
    ]
    with socket.create_connection(server.address) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")


def test_browsers_are_told_to_load_from_here_only(server: Server) -> None:
    for path in ("/healthz", "/docs", "/v1/nothing"):
        headers = server.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "http" not in policy
        assert "unsafe-eval" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", ["/docs", "/licences"])
def test_pages_to_read_load_nothing_from_elsewhere(server: Server, path: str) -> None:
    page = server.get(path).text
    loaded = re.findall(r"<(?:link|script|img)[^>]*(?:href|src)=\"([^\"]*)\"", page)
    assert len(loaded) > 4
    for address in loaded:
        assert address.startswith("static/")
        assert server.get(f"/{address}").status_code == 200
    assert "@import" not in page


def test_the_documentation_is_in_the_language_of_its_reader(server: Server) -> None:
    assert "/v1/recognize" in server.get("/docs").text
    assert "识别一段录音" in server.get("/docs?language=zh").text


def test_other_names_are_answered_to_where_they_are_named(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("named")
    names = json.dumps(["voice.example.org"])
    key = {"VOXCOR_API_KEY": KEY, "VOXCOR_ALLOWED_HOSTS": names}
    with serving(home, ready=False, **key) as server:
        headers = {**bearer(KEY), "Host": "voice.example.org"}
        assert server.get("/v1/results", headers=headers).status_code == 200
        assert server.get("/v1/results", headers={"Host": "other.org"}).status_code == 421
