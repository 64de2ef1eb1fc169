"""Webhooks against a real HTTP server on loopback: signed, tried again, and in nobody's way."""

import base64
import hashlib
import hmac
import itertools
import socket
import threading

import pytest

from receivers import HERE, idle, receiving, sending
from serving import wait_until
from voxcor.errors import WebhookInvalid
from voxcor.rules.webhooks import DELAYS_S, MOST_WAITING, Webhook, Webhooks, new_secret, sign

# From the specification of Standard Webhooks, as its own libraries test it.
KNOWN_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KNOWN_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
KNOWN_TIME = 1614265330
KNOWN_BODY = b'{"test": 2432232314}'
KNOWN_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


# Receivers are on this machine, where webhooks may not go unless it is named.


def test_the_signature_is_that_of_the_specification() -> None:
    assert sign(KNOWN_SECRET, KNOWN_ID, KNOWN_TIME, KNOWN_BODY) == KNOWN_SIGNATURE


def test_a_receiver_can_check_who_sent_what_and_when() -> None:
    with receiving() as receiver, sending() as webhooks:
        hook = Webhook(receiver.url, new_secret())
        webhooks.send(hook, "rule.fired", {"rule": "升级", "time_ms": 1234})
        wait_until(idle(webhooks))
    ((headers, body),) = receiver.requests
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hook.secret.split("_", 1)[1])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["content-type"] == "application/json"
    (document,) = receiver.bodies
    assert document["type"] == "rule.fired"
    assert document["data"] == {"rule": "升级", "time_ms": 1234}
    assert set(document) == {"type", "timestamp", "data"}


@pytest.mark.parametrize("answer", [500, 503, 429, 404, 302])
def test_what_is_not_accepted_is_sent_again_under_the_same_id(answer: int) -> None:
    with receiving(answer, answer) as receiver, sending(0, 0, 0) as webhooks:
        webhooks.send(Webhook(receiver.url, new_secret()), "rule.fired", {})
        wait_until(idle(webhooks))
    assert len(receiver.requests) == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1
    assert len({body for _, body in receiver.requests}) == 1


def test_who_is_gone_is_not_asked_again() -> None:
    with receiving(410) as receiver, sending(0, 0) as webhooks:
        webhooks.send(Webhook(receiver.url, new_secret()), "rule.fired", {})
        wait_until(idle(webhooks))
    assert len(receiver.requests) == 1


def test_after_the_last_attempt_it_is_given_up_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with receiving(*[500] * 9, path="/secret-path") as receiver, sending(0, 0) as webhooks:
        webhooks.send(Webhook(receiver.url, new_secret()), "rule.fired", {})
        wait_until(idle(webhooks))
        webhooks.send(Webhook(receiver.url, new_secret()), "rule.fired", {})
        wait_until(idle(webhooks))
    assert len(receiver.requests) == 6
    assert caplog.text.count("given up: status 500") == 2
    assert "secret-path" not in caplog.text


def test_the_pauses_double() -> None:
    assert all(later == 2 * sooner for sooner, later in itertools.pairwise(DELAYS_S))


def test_a_dead_address_delays_nobody_else() -> None:
    """One accepts connections and never answers, one does not exist; the third gets its event."""
    with (
        receiving(open_gate=False) as dead,
        receiving() as alive,
        sending(60.0) as webhooks,
    ):
        for url in (dead.url, f"http://127.0.0.1:{unused_port()}/", alive.url):
            webhooks.send(Webhook(url, new_secret()), "rule.fired", {"url": url})
        wait_until(lambda: alive.requests)
        wait_until(lambda: dead.requests)
        dead.gate.set()
    assert [body["data"]["url"] for body in alive.bodies] == [alive.url]


def test_what_waits_for_one_address_arrives_in_order_and_has_an_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with receiving(500, open_gate=False) as receiver, sending(0) as webhooks:
        hook = Webhook(receiver.url, new_secret())
        webhooks.send(hook, "rule.fired", {"number": 0})
        wait_until(lambda: receiver.requests)
        for number in range(1, MOST_WAITING + 3):
            webhooks.send(hook, "rule.fired", {"number": number})
        receiver.gate.set()
        wait_until(idle(webhooks))
    numbers = [body["data"]["number"] for body in receiver.bodies]
    assert numbers == [0, *range(MOST_WAITING + 1)]
    assert caplog.text.count("one more is dropped") == 2


def test_closing_does_not_wait_for_the_next_attempt() -> None:
    with receiving(500) as receiver:
        webhooks = Webhooks([3600.0], HERE)
        webhooks.send(Webhook(receiver.url, new_secret()), "rule.fired", {})
        wait_until(lambda: receiver.requests)
        webhooks.close()
        webhooks.send(Webhook(receiver.url, new_secret()), "rule.fired", {})
        assert len(receiver.requests) == 1
        assert not [t for t in threading.enumerate() if t.name == "voxcor-webhook"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "ftp://example.com",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://exa mple.com",
        "http://example.com/\n",
        "http://example.com:99999",
        "http://[::1",
        "https://user:password@example.com",
        "https://example.com/" + "x" * 2000,
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(WebhookInvalid):
        Webhook(url, new_secret())


@pytest.mark.parametrize(
    "secret",
    ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2La"],
)
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(WebhookInvalid, match="whsec_") as raised:
        Webhook("https://example.com", secret)
    assert secret not in raised.value.message or secret in ("", "whsec_", "secret")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
