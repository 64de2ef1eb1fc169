"""Whatever is sent: the right status, a code and a sentence, nothing left, the next one served."""

import io
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest
import soundfile

from audio_files import noise, speech
from places import VOICE
from raw_http import BOUNDARY, FILE, depth, form, head, metric, part, received, wav
from serving import Server, serving, wait_until

LIMITS = {"VOXCOR_MAX_UPLOAD_MB": "2", "VOXCOR_MAX_AUDIO_MIN": "1", "VOXCOR_UPLOAD_IDLE_S": "0.5"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served"), **LIMITS) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_left_and_the_next_is_served(server: Server) -> Iterator[None]:
    before = server.left_behind
    yield
    server.gone()
    assert server.left_behind == before
    document = server.recognize().json()
    assert document["emotion"]
    assert server.delete(f"/v1/results/{document['id']}").status_code == 204


def flac(seconds: float) -> bytes:
    """Hours of silence in a few kilobytes."""
    file = io.BytesIO()
    soundfile.write(file, np.zeros(round(seconds * 8000), np.int16), 8000, format="FLAC")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (b"", "empty.wav", 422, "empty_input"),
        (b"To be, or not to be\n" * 99, "hamlet.txt", 415, "not_audio"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "header.wav", 422, "audio_corrupt"),
        (bytes(range(256)) * 64, "random.mp3", 415, "not_audio"),
        (wav(speech(1), subtype="PCM_16")[:44], "cut.wav", 422, "audio_truncated"),
        (wav(np.full(16_000, np.nan)), "nan.wav", 422, "invalid_samples"),
        (wav(speech(0.02)), "click.wav", 422, "audio_too_short"),
        (wav(np.zeros(16_000)), "silence.wav", 422, "no_speech"),
        (wav(noise(3)), "noise.wav", 422, "no_speech"),
        (flac(61), "hour.flac", 413, "audio_too_long"),
        (bytes(2_000_001), "large.wav", 413, "upload_too_large"),
        (b"\x00" * 9 + b"<html>", "page.html", 415, "not_audio"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_what_is_no_usable_recording(
    server: Server, content: bytes, name: str, status: int, code: str
) -> None:
    response = server.recognize(content, name)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert name in problem["message"] or "2 MB" in problem["message"]
    assert set(problem) == {"code", "message", "retryable", "details"}
    assert not problem["retryable"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"model": "nonsense"}, 404, "unknown_model"),
        ({"model": "../../etc"}, 404, "unknown_model"),
        ({"model": "plus-large"}, 404, "model_not_installed"),
        ({"granularity": "word"}, 422, "usage"),
        ({"labels": "happy,hungry"}, 422, "usage"),
        ({"abstain_below": "nan"}, 422, "usage"),
        ({"abstain_below": "2"}, 422, "usage"),
        ({"trim": "perhaps"}, 422, "usage"),
        ({"channels": "third"}, 422, "usage"),
        ({"volume": "11"}, 422, "usage"),
        ({"note": "x" * 1_100_000}, 400, "malformed_request"),
    ],
    # A test's name is in the environment of what it starts, which takes no megabyte.
    ids=lambda value: str(value)[:60],
)
def test_options_that_are_none(
    server: Server, fields: dict[str, str], status: int, code: str
) -> None:
    response = server.recognize(None, **fields)
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"file": "x"}', "application/json", 415, "wrong_content_type"),
        (b"x", "", 415, "wrong_content_type"),
        (b"x", "multipart/form-data", 400, "malformed_request"),
        (b"x", f"multipart/form-data; boundary={'b' * 999}", 400, "malformed_request"),
        (b"", f"multipart/form-data; boundary={BOUNDARY}", 400, "malformed_request"),
        (b"no parts", f"multipart/form-data; boundary={BOUNDARY}", 400, "malformed_request"),
        (FILE, f"multipart/form-data; boundary={BOUNDARY}", 400, "malformed_request"),
        (form(FILE, FILE), f"multipart/form-data; boundary={BOUNDARY}", 400, "malformed_request"),
        (form(), f"multipart/form-data; boundary={BOUNDARY}", 400, "malformed_request"),
        (
            form(part("other", b"x", "a.wav")),
            f"multipart/form-data; boundary={BOUNDARY}",
            400,
            "malformed_request",
        ),
        (
            f"--{BOUNDARY}\r\n: \r\n\r\nx".encode(),
            f"multipart/form-data; boundary={BOUNDARY}",
            400,
            "malformed_request",
        ),
    ],
)
def test_bodies_that_are_no_form(
    server: Server, body: bytes, content_type: str, status: int, code: str
) -> None:
    response = server.post("/v1/recognize", content=body, headers={"Content-Type": content_type})
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\calls\\morning.wav", "morning.wav"),
        ("", "upload"),
        ("..", "upload"),
        ("/", "upload"),
        ("a\x01b.wav", "ab.wav"),
        ("早安.wav", "早安.wav"),
        ("x" * 300 + ".wav", "x" * 251 + ".wav"),
    ],
)
def test_a_name_is_only_a_name(server: Server, given: str, shown: str) -> None:
    body = form(part("file", VOICE.read_bytes(), given), part("keep_audio", b"true"))
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    document = server.post("/v1/recognize", content=body, headers=headers).json()
    assert document["audio"]["name"] == shown
    assert {"original", "original.wav"} & set(document["files"])
    assert server.delete(f"/v1/results/{document['id']}").status_code == 204


def test_the_message_is_in_the_language_of_the_sender(server: Server) -> None:
    files = {"file": ("a.txt", b"text")}
    response = server.post("/v1/recognize", files=files, headers={"Accept-Language": "zh-TW"})
    assert response.headers["content-language"] == "zh"
    assert response.json()["message"] == "a.txt：不是可解码的音频格式。"


def test_a_refused_upload_gets_its_answer_though_it_is_still_sending(server: Server) -> None:
    with socket.create_connection(server.address) as connection:
        connection.sendall(head(60_000_000))
        for _ in range(60):
            connection.sendall(bytes(1_000_000))
        assert received(connection).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_announced_length_is_cut_at_the_limit(server: Server) -> None:
    def chunks() -> Iterator[bytes]:
        yield form(FILE)[: -len(BOUNDARY) - 8]
        for _ in range(40):
            yield bytes(100_000)

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    response = server.post("/v1/recognize", content=chunks(), headers=headers)
    assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")


def test_an_upload_that_stalls_is_given_up(server: Server) -> None:
    with socket.create_connection(server.address) as connection:
        connection.sendall(head(200_000) + FILE[:1000])
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"upload_too_slow" in answer


def test_an_upload_that_trickles_is_given_up(server: Server) -> None:
    with socket.create_connection(server.address) as connection:
        connection.sendall(head(200_000))
        connection.settimeout(0.05)
        answer = b""
        for byte in FILE:
            connection.sendall(bytes([byte]))
            try:
                answer = connection.recv(1000)
                break
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_sender_that_leaves_in_the_middle_leaves_nothing(server: Server) -> None:
    for linger in (struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)):  # a reset, then a goodbye
        with socket.create_connection(server.address) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.sendall(head(200_000) + FILE[:50_000])
            wait_until(lambda: any(n.startswith(".") for n in server.left_behind), "an upload")
        server.gone()


def test_a_sender_that_does_not_wait_for_the_answer_costs_no_more_work(server: Server) -> None:
    long = wav(np.tile(speech(5), 11), subtype="PCM_16")
    body = form(part("file", long, "long.wav"))
    done = stages(server, "postprocess")
    with socket.create_connection(server.address) as connection:
        connection.sendall(head(len(body)) + body)
        wait_until(lambda: depth(server) > 0, "the request")
    wait_until(lambda: depth(server) == 0, "its end")
    assert stages(server, "postprocess") == done


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(server: Server, request_bytes: bytes) -> None:
    with socket.create_connection(server.address) as connection:
        connection.sendall(request_bytes)
        assert received(connection).startswith(b"HTTP/1.1 400 ")


def test_unknown_routes_and_methods_are_errors_of_ours(server: Server) -> None:
    missing = server.get("/v1/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_route")
    wrong = server.delete("/v1/recognize")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "no_such_route")
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("limit", "en", "zh"),
    [
        ("0", "it must be 1 or more.", "不得小于 1。"),
        ("201", "it must be 200 or less.", "不得大于 200。"),
        ("many", "it must be a whole number.", "应为整数。"),
    ],
)
def test_a_page_that_cannot_be_is_said_to_be_in_both_languages(
    server: Server, limit: str, en: str, zh: str
) -> None:
    for language, sentence in (("en", en), ("zh-CN", zh)):
        headers = {"Accept-Language": language}
        answer = server.get(f"/v1/results?limit={limit}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed_request")
        assert answer.json()["message"].endswith(sentence)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/rules/check", b"{"),
        ("POST", "/v1/rules/check", b"{}"),
        ("POST", "/v1/rules/check", b'"angry"'),
        ("POST", "/v1/rules/check", b'{"rule": 1}'),
        ("POST", "/v1/models/base/pull?hub=ftp", b""),
        ("POST", "/hf/audio-classification", b'{"inputs": "", "parameters": {"top_k": 0}}'),
    ],
)
def test_whatever_is_wrong_with_a_request_is_said_in_chinese_too(
    server: Server, method: str, path: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json", "Accept-Language": "zh"}
    answer = httpx2.request(
        method, server.url + path, content=body, headers=headers, trust_env=False
    )
    assert answer.status_code in (400, 422)
    assert re.search("[a-z]{3,} [a-z]", answer.json()["message"]) is None
    assert answer.json()["message"].startswith("无法读取请求：")
    assert answer.json()["message"].endswith("。")


def test_the_page_answers_to_head(server: Server) -> None:
    for path in ("/", "/static/app.js", "/static/example.flac"):
        answer = httpx2.head(server.url + path, trust_env=False)
        assert answer.status_code == 200
        assert answer.content == b""
        assert int(answer.headers["content-length"]) > 100


def stages(server: Server, stage: str) -> float:
    return metric(server, f'voxcor_stage_seconds_count{{stage="{stage}"}}')


def test_files_are_not_in_the_log(server: Server, tmp_path: Path) -> None:
    server.recognize(b"text", "confidential.wav")
    server.says("POST /v1/recognize 415")
    assert "confidential" not in "".join(server.log)
