"""Rules on a running server: kept, checked, watched, and heard of by events and webhooks."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import soundfile

from live_sessions import connection, rest, say, send, session
from places import VOICE
from receivers import receiving
from serving import Server, ended, put, serving, wait_until
from voxcor.labels import LABEL_IDS
from voxcor.rules.webhooks import new_secret, sign

ALWAYS = f"any of {', '.join(LABEL_IDS)} for 1 s"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    here = {"VOXCOR_WEBHOOK_HOSTS": '["127.0.0.1"]'}
    with serving(tmp_path_factory.mktemp("served"), **here) as running:
        yield running


@pytest.fixture(scope="module")
def audio() -> bytes:
    samples, _ = soundfile.read(VOICE, dtype="int16")
    return bytes(samples.astype("<i2").tobytes())


@contextmanager
def rule(server: Server, name: str, **document: Any) -> Iterator[dict[str, Any]]:
    """A saved rule for the length of the block."""
    answer = put(server, name, **document)
    assert answer.status_code == 201, answer.text
    try:
        yield answer.json()
    finally:
        assert server.delete(f"/v1/rules/{name}").status_code == 204


def speak(server: Server, audio: bytes, **options: Any) -> list[dict[str, Any]]:
    with session(server) as client:
        if options:
            say(client, "session.update", **options)
        send(client, audio)
        say(client, "session.close")
        return rest(client)[0]


def test_a_rule_is_saved_shown_replaced_and_deleted(server: Server) -> None:
    first = put(server, "hot", rule="angry > 60 % for 3 s")
    assert (first.status_code, first.json()) == (
        201,
        {
            "name": "hot",
            "rule": "hot: angry > 0.6 for 3 s",
            "condition": "angry > 0.6 for 3 s",
            "labels": ["angry"],
            "webhook": None,
        },
    )
    second = put(server, "hot", rule="hot: angry > 0.7")
    assert (second.status_code, second.json()["condition"]) == (200, "angry > 0.7")
    assert server.get("/v1/rules").json() == {"rules": [second.json()]}
    assert server.get("/v1/rules/hot").json() == second.json()
    assert server.delete("/v1/rules/hot").status_code == 204
    for gone in (server.get("/v1/rules/hot"), server.delete("/v1/rules/hot")):
        assert (gone.status_code, gone.json()["code"]) == (404, "no_such_rule")
    assert server.get("/v1/rules").json() == {"rules": []}


def test_names_are_in_any_script(server: Server) -> None:
    with rule(server, "升级", rule="angry > 0.6") as saved:
        assert saved["rule"] == "升级: angry > 0.6"
        assert server.get("/v1/rules/升级").json() == saved


@pytest.mark.parametrize(
    ("name", "document", "code"),
    [
        ("x", {"rule": "furious > 0.6"}, "rule_invalid"),
        ("x", {"rule": ""}, "rule_invalid"),
        ("x", {"rule": "y: angry"}, "usage"),
        ("x", {"rule": "angry", "webhook": {"url": "ftp://a"}}, "webhook_invalid"),
        ("x", {"rule": "angry", "webhook": {"url": "http://a", "secret": "b"}}, "webhook_invalid"),
        ("x", {"rule": "angry", "extra": 1}, "malformed_request"),
        ("x", {"rule": 3}, "malformed_request"),
        ("x", {}, "malformed_request"),
        ("a.b", {"rule": "angry"}, "malformed_request"),
        ("a" * 65, {"rule": "angry"}, "malformed_request"),
    ],
)
def test_what_is_no_rule_is_not_saved(
    server: Server, name: str, document: dict[str, Any], code: str
) -> None:
    answer = put(server, name, **document)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert server.get("/v1/rules").json() == {"rules": []}


def test_a_rule_is_checked_without_being_saved(server: Server) -> None:
    good = server.post("/v1/rules/check", json={"rule": "a: any of sad, fearful"})
    assert good.json() == {
        "name": "a",
        "rule": "a: any of sad, fearful",
        "condition": "any of sad, fearful",
        "labels": ["sad", "fearful"],
    }
    bad = server.post("/v1/rules/check", json={"rule": "angry > 6"}, params={"language": "zh"})
    assert bad.status_code == 422
    assert "第 9 列" in bad.json()["message"]
    assert bad.json()["details"]["column"] == 9
    assert server.get("/v1/rules").json() == {"rules": []}


def test_secrets_are_shown_once_and_kept(server: Server) -> None:
    url = "http://127.0.0.1:9/hook"
    with rule(server, "hot", rule="angry", webhook={"url": url}) as made:
        secret = made["webhook"]["secret"]
        assert secret.startswith("whsec_")
        shown = [server.get("/v1/rules/hot").text, server.get("/v1/rules").text]
        shown += [put(server, "hot", rule="sad", webhook={"url": url}).text]
        assert not [text for text in shown if secret in text]
        assert secret in (server.home / "rules.json").read_text()
        given = new_secret()
        answer = put(server, "hot", rule="sad", webhook={"url": url, "secret": given})
        assert given not in answer.text
        assert given in (server.home / "rules.json").read_text()
        elsewhere = put(server, "hot", rule="sad", webhook={"url": url + "2"}).json()
        assert elsewhere["webhook"]["secret"] not in (None, given, secret)


def test_a_saved_rule_fires_in_a_live_session_as_event_and_webhook(
    server: Server, audio: bytes
) -> None:
    with receiving() as receiver:
        hook = {"url": receiver.url}
        with rule(server, "always", rule=ALWAYS, webhook=hook) as saved, events(server) as heard:
            messages = speak(server, audio)
            wait_until(lambda: receiver.requests and heard, "both")
    (fired,) = [m for m in messages if m["type"] == "rule.fired"]
    assert fired["rule"] == "always"
    ((number, event),) = heard
    assert number >= 1
    told = ("rule", "condition", "labels", "time_ms", "scores")
    assert {k: event[k] for k in told} == {k: fired[k] for k in told}
    assert event["source"]["utterance"] == fired["utterance"]
    ((headers, body),) = receiver.requests
    assert json.loads(body)["data"] == event
    expected = sign(
        saved["webhook"]["secret"],
        headers["webhook-id"],
        int(headers["webhook-timestamp"]),
        body,
    )
    assert headers["webhook-signature"] == expected


def test_a_rule_of_a_session_is_its_own(server: Server, audio: bytes) -> None:
    with rule(server, "saved", rule=ALWAYS), events(server) as heard:
        messages = speak(server, audio, rules=[f"own: {ALWAYS}"])
        wait_until(lambda: heard, "the saved one")
    assert [m["rule"] for m in messages if m["type"] == "rule.fired"] == ["saved", "own"]
    assert [event["rule"] for _, event in heard] == ["saved"]


def test_a_session_cannot_take_the_name_of_a_saved_rule(server: Server, audio: bytes) -> None:
    with rule(server, "saved", rule="angry > 0.99"):
        problem, closed = speak(server, b"", rules=["saved: sad"])
    assert problem["code"] == "config_invalid"
    assert closed["reason"] == "error"


def test_saved_rules_rest_where_their_labels_are_not_heard(server: Server, audio: bytes) -> None:
    with rule(server, "saved", rule=ALWAYS):
        messages = speak(server, audio, labels=["happy", "sad"])
    assert not [m for m in messages if m["type"] == "rule.fired"]


@pytest.mark.parametrize("granularity", ["utterance", "frame"])
def test_a_saved_rule_fires_over_a_result(server: Server, granularity: str) -> None:
    with rule(server, "always", rule=ALWAYS), events(server) as heard:
        result = server.recognize(granularity=granularity).json()
        wait_until(lambda: heard, "the firing")
    ((_, event),) = heard
    assert event["source"] == {"result_id": result["id"]}
    first = result["segments"][0]
    late = first["end_ms"] if granularity == "utterance" else first["start_ms"] + 1000
    assert event["time_ms"] == pytest.approx(late, abs=40)


@pytest.mark.parametrize("granularity", ["segment", "frame"])
def test_a_result_says_where_the_rules_of_now_fire_in_it(server: Server, granularity: str) -> None:
    with rule(server, "always", rule=ALWAYS), events(server) as heard:
        result = server.recognize(granularity=granularity).json()
        wait_until(lambda: heard, "the firing")
    path = f"/v1/results/{result['id']}/firings"
    assert server.get(path).json() == {"firings": []}
    with rule(server, "later", rule=ALWAYS):
        (found,) = server.get(path).json()["firings"]
    ((_, told),) = heard
    assert found.pop("rule") == "later"
    assert found.pop("scores") == pytest.approx(told["scores"], abs=1e-5)
    # The files have whole milliseconds.
    assert found.pop("time_ms") == pytest.approx(told["time_ms"], abs=1)
    assert found == {name: told[name] for name in ("condition", "labels")}
    assert server.get(f"/v1/results/{'0' * 32}/firings").status_code == 404


def test_the_latest_firings_name_their_recordings_while_these_are_there(
    server: Server, audio: bytes
) -> None:
    with rule(server, "always", rule=ALWAYS), events(server) as heard:
        result = server.recognize(name="call.flac", granularity="segment").json()
        wait_until(lambda: heard, "the first")
        speak(server, audio)
        wait_until(lambda: len(heard) == 2, "the second")

    def latest() -> list[tuple[str | None, str | None]]:
        firings = server.get("/v1/firings?limit=2").json()["firings"]
        return [(one["name"], one["source"].get("result_id")) for one in firings]

    assert latest() == [(None, None), ("call.flac", result["id"])]
    assert server.delete(f"/v1/results/{result['id']}").status_code == 204
    assert latest() == [(None, None), (None, result["id"])]


def test_a_firing_in_a_recording_of_a_job_names_both(server: Server) -> None:
    with rule(server, "always", rule=ALWAYS), events(server) as heard:
        files = [("file", ("call 7.flac", VOICE.read_bytes()))]
        job = server.post("/v1/jobs", files=files, data={"granularity": "segment"}).json()["id"]
        ended(server, job)
        wait_until(lambda: heard, "the firing")
    (latest,) = server.get("/v1/firings?limit=1").json()["firings"]
    assert latest["source"] == {"job_id": job, "position": 0}
    assert latest["name"] == "call 7.flac"
    assert server.delete(f"/v1/jobs/{job}").status_code == 204
    (latest,) = server.get("/v1/firings?limit=1").json()["firings"]
    assert (latest["source"]["job_id"], latest["name"]) == (job, None)


def test_rules_that_cannot_be_read_cost_no_result_and_are_said(
    tmp_path: Path, audio: bytes
) -> None:
    with serving(tmp_path) as server:
        (server.home / "rules.json").write_text("{")
        assert server.recognize().status_code == 200
        wait_until(lambda: any("no rule watches" in line for line in server.log), "the log")
        answer = server.get("/v1/rules")
        assert (answer.status_code, answer.json()["code"]) == (500, "storage_error")
        with connection(server) as client:
            (problem,), code, _ = rest(client)
        assert (problem["code"], code) == ("storage_error", 1011)


def test_a_dead_webhook_delays_no_result(server: Server, audio: bytes) -> None:
    with (
        receiving(open_gate=False) as receiver,
        rule(server, "always", rule=ALWAYS, webhook={"url": receiver.url}),
    ):
        messages = speak(server, audio)
        wait_until(lambda: receiver.requests, "the webhook")
        assert messages[-1]["type"] == "session.closed"
        assert not receiver.gate.is_set()


def test_who_comes_back_gets_the_firings_that_were_missed(server: Server, audio: bytes) -> None:
    with rule(server, "always", rule=ALWAYS):
        with events(server) as heard:
            speak(server, audio)
            wait_until(lambda: heard, "the first")
        last, _ = heard[-1]
        speak(server, audio)
        with events(server, last) as later:
            wait_until(lambda: later, "the missed one")
    assert [number for number, _ in later] == [last + 1]


def test_a_server_that_stops_lets_its_listeners_go(tmp_path: Path) -> None:
    with serving(tmp_path) as server, events(server):
        server.process.terminate()
        assert server.process.wait(60) == 0
        assert not [line for line in server.log if "Traceback" in line]


@contextmanager
def events(server: Server, last: int | None = None) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Collects what GET /v1/events sends during the block: numbers and data."""
    heard: list[tuple[int, dict[str, Any]]] = []
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with (
        httpx2.Client(trust_env=False, timeout=60) as client,
        client.stream("GET", f"{server.url}/v1/events", headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert next(lines).startswith(":")

        def read() -> None:
            fields: dict[str, str] = {}
            try:
                for line in lines:
                    key, _, value = line.partition(": ")
                    if line:
                        fields[key] = value
                    elif "data" in fields:
                        assert fields["event"] == "rule.fired"
                        heard.append((int(fields["id"]), json.loads(fields["data"])))
                        fields = {}
            except (httpx2.HTTPError, OSError):
                pass  # the block has ended

        reader = threading.Thread(target=read)
        reader.start()
        yield heard
        # Closing alone would leave the reader waiting for the next line.
        with suppress(OSError):  # the server has left first
            response.extensions["network_stream"].get_extra_info("socket").shutdown(
                socket.SHUT_RDWR
            )
        reader.join(60)
