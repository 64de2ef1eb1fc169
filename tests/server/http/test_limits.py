"""What a hostile sender tries: an answer of ours, no traceback, and the next one is served."""

import base64
import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from places import VOICE
from raw_http import BOUNDARY, FILE, depth, form, head, part, received
from serving import TIMEOUT_S, Server, serving, wait_until
from voxcor.errors import RuleInvalid
from voxcor.rules.grammar import LONGEST_RULE, MOST_RULES, parse
from voxcor.server.http.bodies import MOST_BYTES
from voxcor.server.http.security import HEADERS, TRIES

IDLE_S = "1"
KEY = "correct horse battery staple"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"VOXCOR_UPLOAD_IDLE_S": IDLE_S, "VOXCOR_MAX_UPLOAD_MB": "20"}
    with serving(tmp_path_factory.mktemp("served"), **limits) as running:
        yield running


@pytest.fixture(autouse=True)
def the_server_lives_and_has_said_nothing_of_itself(server: Server) -> Iterator[None]:
    yield
    assert server.get("/healthz").status_code == 200
    assert "Traceback" not in "".join(server.log)


def ask(server: Server, request: bytes) -> bytes:
    """The answer to bytes that no client would send."""
    with socket.create_connection(server.address, TIMEOUT_S) as connection:
        connection.sendall(request)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def lines(first: str, *more: str | bytes, body: bytes = b"") -> bytes:
    """A request after which the server closes the connection."""
    given = (first, *more, "Connection: close")
    encoded = [line if isinstance(line, bytes) else line.encode() for line in given]
    return b"\r\n".join([*encoded, b"", b""]) + body


def is_ours(answer: bytes) -> int:
    """The status of an answer that is JSON of ours under the security headers."""
    start, _, rest = answer.partition(b"\r\n")
    heads, _, body = rest.partition(b"\r\n\r\n")
    names = {line.partition(b":")[0].decode().lower() for line in heads.split(b"\r\n")}
    assert {name.lower() for name in HEADERS} <= names, answer
    status = int(start.split()[1])
    if b"application/json" in heads and status >= 400:
        assert set(json.loads(body)) >= {"code", "message", "retryable", "details"}
    return status


NASTY = [
    b"{",
    b"[" * 50_000,
    b'{"rule":' * 7_000,
    b'{"api_key": ' + b"9" * 400 + b"}",
    b'{"rule": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"source": "\\udfff", "labels": ["\\ud800"]}',
    b'{"source": 1e999}',
    b'{"source": NaN}',
    b'{"rule": "a", "rule": "b"}',
    b'{"source": "x", "abstain_below": ' + b"1" * 400 + b"}",
    b'{"source": {"a": [[[[[[]]]]]]}}',
    b'{"source": "a\\u0000b"}',
    b'{"source": "/%00/../../etc"}',
    b"\xff\xfe{\x00}\x00",
    b"\x80",
    b"null",
    b'"' + b"x" * 50_000 + b'"',
    b'{"inputs": "' + b"=" * 1000 + b'"}',
    b'{"inputs": "\\ud800"}',
    b'{"rule": "' + b" " * 50_000 + b'"}',
]


# These answer without end, or begin a download.
ENDLESS = ("/v1/models/{model}/pull", "/v1/events")


def operations(server: Server) -> list[tuple[str, str]]:
    paths = server.get("/openapi.json").json()["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [(method, path) for method, path in found if path not in ENDLESS]


NAMES = [
    "x",
    "%00",
    "%ED%A0%80",
    "..%2F..%2Fetc%2Fpasswd",
    "9" * 400,
    "%F0%9F%98%80" * 50,
    "a" * 9000,
]


def test_no_body_makes_any_route_fail(server: Server) -> None:
    for method, path in operations(server):
        if method == "GET":
            continue
        path = path.replace("{name}", "x").replace("{result_id}", "x").replace("{kind}", "csv")
        path = path.replace("{job_id}", "x").replace("{key}", "x")
        for body in NASTY:
            head_ = [
                f"{method} {path} HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
            ]
            status = is_ours(ask(server, lines(*head_, body=body)))
            assert 200 <= status < 500, (method, path, body[:60], status)


def test_no_address_makes_any_route_fail(server: Server) -> None:
    for method, path in operations(server):
        if "{" not in path:
            continue
        for name in NAMES:
            for query in ("", "?limit=" + "9" * 400, "?after=" + "9" * 400, "?language=%ED%A0%80"):
                asked = path
                for variable in ("name", "result_id", "kind", "job_id", "key", "model"):
                    asked = asked.replace(f"{{{variable}}}", name)
                answer = ask(server, lines(f"{method} {asked}{query} HTTP/1.1", "Host: localhost"))
                assert 200 <= is_ours(answer) < 500, (method, asked[:80], query[:40], answer[:99])


@pytest.mark.parametrize(
    "header",
    [
        "Host: [::1",
        "Host: a:b:c",
        "Host: localhost:99999999",
        "Host: user@localhost",
        "Host: localhost/../",
        "Origin: http://[",
        "Origin: \x7f",
        b"Origin: http://\xff\xfe",
        b"Cookie: voxcor_session=\xff\xfe",
        "Cookie: " + "a=b;" * 3000,
        'Cookie: voxcor_session="' + "\\" * 9000,
        b"Authorization: Bearer \xff",
        "Accept-Language: " + "a," * 7000,
        "Accept-Language: zh;q=1e999,en;q=nan",
        "Last-Event-ID: " + "9" * 5000,
        "Range: bytes=" + ",".join(f"{n}-{n}" for n in range(0, 4000, 2)),
        "Range: bytes=" + "9" * 5000 + "-",
        "Content-Type: application/json; charset=" + "x" * 5000,
        "X-Forwarded-For: " + "1.1.1.1," * 1500,
        "Prefer: " + "respond-async," * 900,
        "Expect: 100-continue",
    ],
    ids=lambda header: str(header)[:24],
)
def test_no_header_makes_any_route_fail(server: Server, header: str | bytes) -> None:
    host = (
        []
        if bytes(header if isinstance(header, bytes) else header.encode())[:5] == b"Host:"
        else ["Host: localhost"]
    )
    for first in ("GET /v1/results", "GET /static/app.js", "POST /v1/session", "GET /nothing"):
        answer = ask(server, lines(f"{first} HTTP/1.1", *host, header))
        status = is_ours(answer)
        assert status < 500, (first, answer[:200])


def test_more_than_a_head_is_refused(server: Server) -> None:
    many = [f"X-{n}: 1" for n in range(200)]
    assert is_ours(ask(server, lines("GET /healthz HTTP/1.1", "Host: localhost", *many))) == 431
    query = "&".join(f"a{n}=1" for n in range(500))
    answer = ask(server, lines(f"GET /healthz?{query} HTTP/1.1", "Host: localhost"))
    assert is_ours(answer) == 431


def test_what_is_no_http_is_answered_like_everything_else(server: Server) -> None:
    assert is_ours(ask(server, b"GET\r\n\r\n")) == 400


@pytest.mark.parametrize("path", ["/v1/session", "/v1/rules/check", "/v1/jobs", "/nothing"])
def test_a_body_without_end_is_not_kept(server: Server, path: str) -> None:
    before = psutil.Process(server.process.pid).memory_info().rss
    request = lines(
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
    )
    with socket.create_connection(server.address, TIMEOUT_S) as connection:
        connection.sendall(request)
        with contextlib.suppress(OSError):  # the server may have closed it by now
            for _ in range(60):
                connection.sendall(b"100000\r\n" + bytes(0x100000) + b"\r\n")
    assert psutil.Process(server.process.pid).memory_info().rss < before + 30e6


@pytest.mark.parametrize(
    "path", ["/v1/session", "/v1/rules/check", "/v1/jobs", "/hf/audio-classification"]
)
def test_a_body_that_does_not_come_is_given_up(server: Server, path: str) -> None:
    begun = lines(
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Content-Length: 5000",
        body=b"{",
    )
    answer = ask(server, begun)
    assert is_ours(answer) == 408
    assert b"upload_too_slow" in answer


def test_a_body_is_refused_by_what_it_announces(server: Server) -> None:
    length = f"Content-Length: {MOST_BYTES + 1}"
    request = lines(
        "POST /v1/session HTTP/1.1", "Host: localhost", "Content-Type: application/json", length
    )
    answer = ask(server, request)
    assert is_ours(answer) == 413
    assert b"upload_too_large" in answer


def test_a_stream_of_events_ends_with_the_request_that_never_does(server: Server) -> None:
    request = lines("GET /v1/events HTTP/1.1", "Host: localhost", "Content-Length: 5")
    with socket.create_connection(server.address, TIMEOUT_S) as connection:
        connection.sendall(request)
        while connection.recv(65536):
            pass


def test_a_body_of_tiny_chunks_is_refused(server: Server) -> None:
    request = lines(
        "POST /v1/recognize HTTP/1.1",
        "Host: localhost",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        "Transfer-Encoding: chunked",
        body=b"1\r\na\r\n" * 5000,
    )
    with socket.create_connection(server.address, TIMEOUT_S) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request)
        with contextlib.suppress(OSError):
            assert received(connection)[:13] in (b"HTTP/1.1 400 ", b"")


def test_a_form_has_so_many_fields(server: Server) -> None:
    body = form(FILE, *(part("", b"") for _ in range(1000)))
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = server.post("/v1/recognize", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_metrics_do_not_grow_with_what_strangers_invent(server: Server) -> None:
    for number in range(50):
        ask(server, lines(f"M{number} /v1/results HTTP/1.1", "Host: localhost"))
        ask(server, lines(f"M{number} /v1/nothing{number} HTTP/1.1", "Host: localhost"))
    text = server.get("/metrics").text
    assert "M1" not in text
    assert "nothing" not in text
    assert 'method="other"' in text


def test_the_page_s_own_files_are_not_in_the_log(server: Server) -> None:
    server.get("/static/app.js")
    server.get("/v1/exports")
    wait_until(lambda: any("GET /v1/exports" in line for line in server.log))
    assert not any("/static/" in line and " 200 " in line for line in server.log)


@pytest.mark.parametrize(
    "text",
    [
        " " * (1 << 20),
        '"' * (1 << 20),
        '"a' * (1 << 19),
        "1" * (1 << 20),
        "1." * (1 << 19),
        "any of " + "a," * (1 << 19),
        "angry" + "\u3000" * (1 << 20),
        "=" * (1 << 20),
        "😀" * (1 << 20),
    ],
    ids=lambda text: text[:8],
)
def test_a_rule_of_any_length_is_read_up_to_its_limit(text: str) -> None:
    with pytest.raises(RuleInvalid) as raised:
        parse(text)
    assert len(raised.value.message) < 2 * LONGEST_RULE + 200


def test_a_book_of_rules_has_an_end(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False) as server:
        for number in range(MOST_RULES):
            url = f"{server.url}/v1/rules/r{number}"
            answer = httpx2.put(url, json={"rule": "angry"}, trust_env=False, timeout=TIMEOUT_S)
            assert answer.status_code == 201
        answer = httpx2.put(f"{server.url}/v1/rules/more", json={"rule": "angry"}, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rules")
        answer = httpx2.put(f"{server.url}/v1/rules/r1", json={"rule": "sad"}, trust_env=False)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "shaped",
    [
        lambda text: "\r\n".join(text[n : n + 76] for n in range(0, len(text), 76)),
        lambda text: text.replace("+", "-").replace("/", "_"),
        lambda text: text.rstrip("="),
        lambda text: f"data:audio/flac;base64,{text}",
        lambda text: f" {text}\n",
    ],
    ids=["lines", "url", "no padding", "data", "spaces"],
)
def test_base64_is_read_as_programs_write_it(server: Server, shaped: object) -> None:
    given = shaped(base64.b64encode(VOICE.read_bytes()).decode())  # type: ignore[operator]
    answer = server.post("/hf/audio-classification", json={"inputs": given})
    assert answer.status_code == 200, answer.text


def test_slow_uploads_make_room_and_keep_nobody_from_being_heard(tmp_path: Path) -> None:
    limits = {"VOXCOR_QUEUE_SIZE": "4", "VOXCOR_UPLOAD_IDLE_S": "2"}
    with serving(tmp_path, **limits) as server, contextlib.ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(socket.create_connection(server.address, TIMEOUT_S))
            connection.sendall(head(10_000_000) + FILE[:20_000])
        wait_until(lambda: depth(server) == 4, "the uploads")
        wait_until(lambda: server.recognize().status_code == 200, "room for a faster one")


def test_what_a_wrong_key_may_try_has_an_end(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False, VOXCOR_API_KEY=KEY) as server:
        tried = [server.post("/v1/session", json={"api_key": "guess"}) for _ in range(TRIES + 1)]
        assert [answer.status_code for answer in tried] == [401] * TRIES + [429]
        assert tried[-1].json()["code"] == "too_many_attempts"
        assert int(tried[-1].headers["retry-after"]) >= 1
        # Whoever has the key is asked nothing.
        answer = server.get("/v1/results", headers={"Authorization": f"Bearer {KEY}"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("host", "origin", "is_secure"),
    [
        ("voice.example.org", "https://voice.example.org", True),
        ("voice.example.org", None, True),
        ("voice.example.org", "http://voice.example.org", False),
        ("localhost", "http://localhost", False),
        ("localhost", None, False),
        ("localhost", "https://localhost", True),
    ],
)
def test_the_cookie_is_for_tls_where_the_page_came_by_it(
    named: Server, host: str, origin: str | None, is_secure: bool
) -> None:
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    answer = named.post("/v1/session", json={"api_key": KEY}, headers=headers)
    assert answer.status_code == 204
    assert ("Secure" in answer.headers["set-cookie"]) is is_secure


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    names = json.dumps(["voice.example.org"])
    home = tmp_path_factory.mktemp("named")
    with serving(
        home,
        ready=False,
        VOXCOR_API_KEY=KEY,
        VOXCOR_ALLOWED_HOSTS=names,
        VOXCOR_MODEL=str(home / "no-such-model"),
    ) as running:
        yield running


def test_why_there_is_no_model_is_for_whoever_has_the_key(named: Server) -> None:
    told = {"Authorization": f"Bearer {KEY}"}
    wait_until(lambda: named.get("/readyz", headers=told).json()["code"] == "unknown_model")
    answer = named.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "no-such-model" not in answer.text


def test_a_reader_that_does_not_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    import uvicorn

    from voxcor.server.http import connections

    monkeypatch.setattr(connections, "READING_S", 0.3)

    async def endless(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        for _ in range(1000):
            await send(  # type: ignore[operator]
                {"type": "http.response.body", "body": bytes(1 << 20), "more_body": True}
            )

    config = uvicorn.Config(
        endless, port=0, http=connections.BoundedHTTP, lifespan="off", log_config=None
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        wait_until(lambda: running.started, "the server")
        address = running.servers[0].sockets[0].getsockname()
        with socket.create_connection(address, TIMEOUT_S) as connection:
            connection.sendall(lines("GET / HTTP/1.1", "Host: localhost"))
            wait_until(lambda: not running.server_state.connections, "its end")
    finally:
        running.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        lines(
            "POST /v1/session HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/json",
            "Content-Length: 5000",
            body=b"{",
        ),
        lines("GET /v1/events HTTP/1.1", "Host: localhost"),
    ],
    ids=["idle", "bodies", "events"],
)
def test_more_connections_than_files_keep_nobody_out(tmp_path: Path, begun: bytes) -> None:
    def few_files(command: list[str]) -> list[str]:
        return ["bash", "-c", 'ulimit -n 64; exec "$@"', "bash", *command]

    with serving(tmp_path, under=few_files) as server, contextlib.ExitStack() as stack:
        for _ in range(120):
            connection = stack.enter_context(socket.create_connection(server.address, TIMEOUT_S))
            with contextlib.suppress(OSError):
                connection.sendall(begun)
        assert server.get("/healthz").status_code == 200
        assert server.recognize().status_code == 200
        assert not any("Traceback" in line or "out of system" in line for line in server.log)
        assert len("".join(server.log)) < 100_000
