"""WS /v1/stream against a running server: what it says, what it refuses, whom it slows."""

import contextlib
import io
import json
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import soundfile
from websockets.exceptions import ConnectionClosed

from audio_files import FORMATS, speech
from live_sessions import Message, audio, connection, receive, rest, say, send, session
from places import VOICE
from serving import Server, server, serving, wait_until
from voxcor import Recognizer
from voxcor.rules.grammar import MOST_RULES
from voxcor.server.recognition.streaming import MOST_BYTES, MOST_TEXT_BYTES
from voxcor.stream.session import Session, samples_of

__all__ = ["audio", "server"]


@pytest.fixture(scope="module")
def expected(audio: bytes) -> list[Message]:
    """What the engine says of the example, in this process."""
    session = Session(Recognizer("small", threads=1))
    events = session.feed(samples_of(audio)) + session.close("client_request")
    return [event.to_document() for event in events]


def same(found: list[Message], expected: list[Message]) -> bool:
    """Equal but for the last digits, which a batch with others may change."""
    plain = [{k: v for k, v in m.items() if k not in ("scores", "confidence")} for m in found]
    wanted = [{k: v for k, v in m.items() if k not in ("scores", "confidence")} for m in expected]
    scores = [m["scores"] for m in found if "scores" in m]
    wanted_scores = [m["scores"] for m in expected if "scores" in m]
    return plain == wanted and all(
        score == pytest.approx(other, abs=1e-5)
        for score, other in zip(scores, wanted_scores, strict=True)
    )


def test_a_server_says_what_the_engine_says(
    server: Server, audio: bytes, expected: list[Message]
) -> None:
    with session(server) as client:
        send(client, audio)
        say(client, "session.close")
        messages, code, reason = rest(client)
    assert same(messages, expected)
    assert (code, reason) == (1000, "client_request")


def test_the_greeting_says_what_listens_and_what_it_wants(server: Server) -> None:
    with connection(server) as client:
        created = receive(client)
    assert created["model"]["id"] == "small"
    assert created["interval_ms"] == 500
    assert created["audio"] == {"encoding": "s16le", "sample_rate": 16_000, "channels": 1}
    assert len(created["session_id"]) == 32


def test_options_come_before_the_audio(server: Server, audio: bytes) -> None:
    with session(server) as client:
        say(client, "session.update", labels=["sad", "happy"], interval_ms=1000)
        say(client, "session.update", rules=["x: any of happy, sad for 1 s"])
        first, second = receive(client), receive(client)
        assert first["labels"] == second["labels"] == ["happy", "sad"]
        assert second["interval_ms"] == 1000
        assert second["rules"] == ["x: any of happy, sad for 1 s"]
        send(client, audio)
        say(client, "session.close")
        messages, _, _ = rest(client)
    assert {frozenset(m["scores"]) for m in messages if "scores" in m} == {
        frozenset({"happy", "sad"})
    }
    (fired,) = [m for m in messages if m["type"] == "rule.fired"]
    assert (fired["rule"], fired["utterance"]) == ("x", 1)


def test_frames_of_any_size_are_heard_the_same(
    server: Server, audio: bytes, expected: list[Message]
) -> None:
    for size in (2, 997, 500_000):
        part = audio if size > 2 else audio[: 2 * 16_000]
        with session(server) as client:
            client.send(b"")
            send(client, part, size)
            say(client, "session.close")
            messages, _, _ = rest(client)
        if size > 2:
            assert same(messages, expected)
        else:
            assert messages[-1]["duration_ms"] == 1000


def many_rules(count: int) -> str:
    rules = [f"rule-{number}: sad > 0.6 for 3 s" for number in range(count)]
    return json.dumps({"type": "session.update", "rules": rules})


def test_a_session_watches_as_many_rules_as_may_be(server: Server) -> None:
    with session(server) as client:
        client.send(many_rules(MOST_RULES))
        say(client, "session.close")
        messages, code, _ = rest(client)
    assert code == 1000
    assert len(messages[0]["rules"]) == MOST_RULES


@pytest.mark.parametrize(
    "frames",
    [
        b"\x01\x82\0\0\0\0ab" + b"\x00\x80\0\0\0\0" * 5000,  # fragments without end
        b"\x81\x82\0\0\0\0\xff\xfe",  # text that is none
    ],
    ids=["fragments", "no text"],
)
def test_frames_that_no_client_sends_end_the_session(server: Server, frames: bytes) -> None:
    with session(server) as client:
        client.socket.sendall(frames)
        _, code, _ = rest(client)
    assert code in (1007, 1009)
    assert not [line for line in server.log if "Traceback" in line]


def test_pings_of_a_client_that_does_not_read_are_not_collected(server: Server) -> None:
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    lines = [
        "GET /v1/stream HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    with socket.create_connection(server.address) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        # RFC 6455 4.1: frames follow when the server has answered.
        assert connection.recv(1000).startswith(b"HTTP/1.1 101")
        connection.settimeout(1)
        with contextlib.suppress(TimeoutError):
            for _ in range(400):
                connection.sendall((b"\x89\xfd\0\0\0\0" + bytes(125)) * 1000)
        assert process.memory_info().rss < before + 30e6


@pytest.mark.parametrize(
    ("message", "error", "code"),
    [
        (b"OggS" + bytes(100), "not_bare_samples", 1003),
        (bytes(MOST_BYTES + 2), "message_too_large", 1009),
        ("x" * (MOST_BYTES + 1), "message_too_large", 1009),
        ('{"type": "' + "x" * MOST_TEXT_BYTES + '"}', "message_too_large", 1009),
        ('{"a":' * 1000 + "1" + "}" * 1000, "message_invalid", 1007),
        ('{"type": "session.close", "type": "session.close"}', "message_invalid", 1007),
        ('{"type": "session.update", "interval_ms": NaN}', "message_invalid", 1007),
        ('{"type": "session.update", "interval_ms": ' + "9" * 400 + "}", "message_invalid", 1007),
        ('{"type": "session.update", "interval_ms": ' + "9" * 40 + "}", "config_invalid", 1008),
        ('{"type": "session.update", "labels": ["\\ud800"]}', "message_invalid", 1007),
        (many_rules(MOST_RULES + 1), "config_invalid", 1008),
        (json.dumps({"type": "session.update", "labels": ["sad"] * 1000}), "config_invalid", 1008),
        (json.dumps({"type": "session.update", "rules": [" " * 60_000]}), "config_invalid", 1008),
        ("hello", "message_invalid", 1007),
        ("", "message_invalid", 1007),
        ("[1, 2]", "message_invalid", 1007),
        ("null", "message_invalid", 1007),
        ('{"type": 3}', "message_invalid", 1007),
        ('{"type": "session.start"}', "message_invalid", 1007),
        ("[" * 100_000, "message_invalid", 1007),
        ('{"type": "session.update", "labels": ["furious"]}', "config_invalid", 1008),
        ('{"type": "session.update", "labels": []}', "config_invalid", 1008),
        ('{"type": "session.update", "labels": "sad"}', "config_invalid", 1008),
        ('{"type": "session.update", "interval_ms": 1}', "config_invalid", 1008),
        ('{"type": "session.update", "interval_ms": 500.5}', "config_invalid", 1008),
        ('{"type": "session.update", "rules": ["angry > 2"]}', "config_invalid", 1008),
        ('{"type": "session.update", "rules": ["x: sad", "x: sad"]}', "config_invalid", 1008),
        ('{"type": "session.update", "window": 3}', "config_invalid", 1008),
    ],
)
def test_what_is_not_of_the_protocol_is_named_and_ends_the_session(
    server: Server, message: str | bytes, error: str, code: int
) -> None:
    with session(server) as client:
        client.send(message)
        (problem, closed), found, reason = rest(client)
    assert (problem["type"], problem["code"], problem["retryable"]) == ("error", error, False)
    assert closed["type"] == "session.closed"
    assert (closed["reason"], reason, found) == ("error", "error", code)


def test_options_after_audio_end_the_session_and_its_results_come_first(
    server: Server, audio: bytes
) -> None:
    with session(server) as client:
        send(client, audio[: 2 * 16_000 * 3])
        say(client, "session.update", interval_ms=1000)
        messages, code, _ = rest(client)
    assert code == 1008
    types = [m["type"] for m in messages]
    assert types.index("error") > types.index("measurement.result")
    assert types[-3:] == ["measurement.result", "utterance.end", "session.closed"]


@pytest.mark.parametrize("size", [1, 50, 500_000])
@pytest.mark.parametrize(
    ("format_", "name"),
    [("webm-opus", "audio/webm"), ("ogg-opus", "audio/ogg"), ("mp3", "audio/mpeg")],
)
def test_what_is_no_bare_samples_is_named_before_it_is_heard(
    server: Server, format_: str, name: str, size: int
) -> None:
    form = FORMATS[format_]
    data = form.write(speech(3.0)[:, None], form.rate)[:50_000]
    with session(server) as client:
        with contextlib.suppress(ConnectionClosed):  # it is refused while this is sent
            send(client, data if size > 1 else data[:5000], size)
        (problem, closed), code, _ = rest(client)
    assert (problem["code"], problem["details"]["found"], code) == ("not_bare_samples", name, 1003)
    assert "ffmpeg -i" in problem["message"]
    assert closed["duration_ms"] == 0


def test_a_wav_of_the_right_samples_is_heard_without_its_header(
    server: Server, expected: list[Message]
) -> None:
    with session(server) as client:
        samples, _ = soundfile.read(VOICE, dtype="int16")
        file = io.BytesIO()
        soundfile.write(file, samples, 16_000, format="WAV", subtype="PCM_16")
        send(client, file.getvalue(), 1001)
        say(client, "session.close")
        messages, _, _ = rest(client)
    assert same(messages, expected)


def test_errors_are_in_the_language_of_the_client(server: Server) -> None:
    with session(server, "?language=zh") as client:
        client.send(b"\0")
        say(client, "session.close")
        (problem, _), code, _ = rest(client)
    assert "不是整数个" in problem["message"]
    assert (problem["code"], code) == ("invalid_audio_frame", 1007)


def test_a_model_that_is_not_there_is_named(server: Server) -> None:
    with connection(server, "?model=plus-large") as client:
        (problem,), code, reason = rest(client)
    assert (problem["code"], code, reason) == ("model_not_installed", 1008, "model_not_installed")


def test_a_page_of_somewhere_else_gets_no_session(server: Server) -> None:
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus), connection(server, Origin="https://evil.example"):
        pass


def test_a_client_that_leaves_in_the_middle_leaves_the_next_one_served(
    server: Server, audio: bytes, expected: list[Message]
) -> None:
    for _ in range(5):
        with session(server) as client:
            send(client, audio[:60_000])
            client.socket.shutdown(2)
    with session(server) as client:
        send(client, audio)
        say(client, "session.close")
        messages, _, _ = rest(client)
    assert same(messages, expected)
    assert not [line for line in server.log if "Traceback" in line or "failed" in line]


def test_many_sessions_at_once_say_what_each_says_alone(
    server: Server, audio: bytes, expected: list[Message]
) -> None:
    def listen(_: int) -> list[Message]:
        with session(server) as client:
            send(client, audio)
            say(client, "session.close")
            return rest(client)[0]

    with ThreadPoolExecutor(8) as clients:
        for messages in clients.map(listen, range(8)):
            # Interim results may have been skipped: eight times as fast is faster than some cores.
            finals = [m for m in messages if m.get("trigger") != "interval"][:-1]
            assert same(finals, [m for m in expected if m.get("trigger") != "interval"][:-1])


def test_a_file_that_comes_faster_than_it_is_heard_is_slowed_and_heard_whole(
    server: Server, audio: bytes
) -> None:
    """Nineteen minutes as fast as the socket takes them; most wait in the client, not here."""
    silence = bytes(2 * 16_000 * 20)
    whole = (audio + silence) * 40
    process = psutil.Process(server.process.pid)
    with session(server) as client:  # what a first session leaves in memory is not its audio
        send(client, audio * 2)
        say(client, "session.close")
        rest(client)
    with session(server) as client:
        before = process.memory_info().rss
        sender = threading.Thread(
            target=lambda: (send(client, whole, 64_000), say(client, "session.close"))
        )
        sender.start()
        most, messages = before, []
        while not messages or messages[-1]["type"] != "session.closed":
            messages.append(receive(client))
            most = max(most, process.memory_info().rss)
        sender.join()
    assert messages[-1]["duration_ms"] == round(len(whole) / 32)
    assert messages[-1]["utterances"] == 80
    assert most - before < len(whole) / 2


def test_sessions_have_a_limit_and_leaving_makes_room(tmp_path: Path) -> None:
    with serving(tmp_path, VOXCOR_STREAM_SESSIONS="2") as server:
        with session(server), session(server):
            with connection(server) as third:
                (problem,), code, reason = rest(third)
            assert (problem["code"], problem["retryable"]) == ("rate_limited", True)
            assert (code, reason) == (1013, "rate_limited")

        def is_let_in() -> bool:
            with connection(server) as client:
                return receive(client)["type"] == "session.created"

        wait_until(is_let_in, "a place")


def test_a_client_that_says_nothing_is_let_go_and_keeps_its_results(
    tmp_path: Path, audio: bytes
) -> None:
    with serving(tmp_path, VOXCOR_STREAM_IDLE_S="0.5") as server, session(server) as client:
        send(client, audio[: 2 * 16_000 * 3])
        messages, code, reason = rest(client)
    assert (code, reason) == (1000, "idle_timeout")
    assert [m["type"] for m in messages[-2:]] == ["utterance.end", "session.closed"]
    assert messages[-1]["reason"] == "idle_timeout"


def test_a_server_that_stops_ends_sessions_with_their_results(tmp_path: Path, audio: bytes) -> None:
    with serving(tmp_path) as server, session(server) as client:
        send(client, audio[: 2 * 16_000 * 3])
        assert receive(client)["type"] == "utterance.start"
        server.process.send_signal(signal.SIGTERM)
        messages, code, reason = rest(client)
        assert (code, reason) == (1001, "server_shutdown")
        assert messages[-1]["reason"] == "server_shutdown"
        assert messages[-3]["trigger"] == "speech_ended"
        assert server.process.wait(60) == 0


def test_a_microphone_that_was_muted_goes_on_where_it_stopped(
    server: Server, audio: bytes, expected: list[Message]
) -> None:
    """Nothing is sent for a while in the middle of an utterance; time is that of the audio."""
    with session(server) as client:
        send(client, audio[:100_000])
        assert receive(client)["type"] == "utterance.start"
        while receive(client)["end_ms"] < 2000:
            pass
        send(client, audio[100_000:])
        say(client, "session.close")
        messages, _, _ = rest(client)
    finals = [m for m in expected if m.get("trigger") == "speech_ended"]
    assert same([m for m in messages if m.get("trigger") == "speech_ended"], finals)
