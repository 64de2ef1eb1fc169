"""Where webhooks may go, whatever an address is written like and wherever a name leads."""

import asyncio
import socket
from pathlib import Path

import httpx2
import pytest

from receivers import idle, receiving
from serving import TIMEOUT_S, put, serving, wait_until
from voxcor.rules.addresses import Allowed, transport
from voxcor.rules.webhooks import Webhook, Webhooks, new_secret

INTERNAL = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
]


@pytest.mark.parametrize("host", INTERNAL)
def test_what_is_not_public_is_refused_unless_it_is_named(host: str) -> None:
    assert Allowed().refuses(host)
    assert Allowed(["hooks.example"]).refuses(host)
    assert not Allowed([host]).refuses(host)


@pytest.mark.parametrize("host", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_what_is_public_is_not(host: str) -> None:
    assert not Allowed().refuses(host)


def test_a_network_can_be_named() -> None:
    allowed = Allowed(["10.1.0.0/16"])
    assert allowed.permits("hooks.corp", "10.1.2.3")
    assert not allowed.permits("hooks.corp", "10.2.2.3")
    assert Allowed(["hooks.corp"]).permits("HOOKS.corp.", "10.2.2.3")


def test_a_name_is_as_good_as_where_it_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up once, and what was looked at is connected to."""
    asked = []
    real = socket.getaddrinfo

    def rebinding(host: object, *arguments: object, **more: object) -> object:
        if host in (b"rebind.example", "rebind.example"):
            asked.append(host)
            host = "127.0.0.1"
        return real(host, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)

    async def post(allowed: Allowed, port: int) -> int:
        async with httpx2.AsyncClient(transport=transport(allowed), trust_env=False) as client:
            return (await client.post(f"http://rebind.example:{port}/", content=b"")).status_code

    with receiving() as receiver:
        port = int(receiver.url.rpartition(":")[2].partition("/")[0])
        with pytest.raises(httpx2.ConnectError, match="no address that is allowed"):
            asyncio.run(post(Allowed(), port))
        assert receiver.requests == []
        assert asyncio.run(post(Allowed(["rebind.example"]), port)) == 204
    assert len(asked) == 2


def test_a_webhook_does_not_reach_what_is_not_named(caplog: pytest.LogCaptureFixture) -> None:
    with receiving() as receiver:
        webhooks = Webhooks([])
        try:
            webhooks.send(Webhook(receiver.url, new_secret()), "rule.fired", {})
            wait_until(idle(webhooks))
        finally:
            webhooks.close()
        assert receiver.requests == []
    assert "no address that is allowed" in caplog.text


def test_a_rule_with_such_a_webhook_is_not_saved(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False) as server:
        for host in ("127.0.0.1", "localhost", "2130706433", "[::ffff:10.0.0.1]"):
            answer = put(server, "hot", rule="angry", webhook={"url": f"http://{host}/hook"})
            assert (answer.status_code, answer.json()["code"]) == (422, "webhook_invalid")
            assert "VOXCOR_WEBHOOK_HOSTS" in answer.json()["message"]
        assert server.get("/v1/rules").json() == {"rules": []}


def test_any_number_of_dead_addresses_delays_nobody() -> None:
    """Twenty that accept and never answer."""
    here = Allowed(["127.0.0.0/8"])
    with socket.create_server(("127.0.0.1", 0), backlog=256) as dead, receiving() as alive:
        port = dead.getsockname()[1]
        webhooks = Webhooks([0.0] * 3, here)
        try:
            for number in range(20):
                url = f"http://127.0.0.{number + 1}:{port}/"
                webhooks.send(Webhook(url, new_secret()), "rule.fired", {})
            webhooks.send(Webhook(alive.url, new_secret()), "rule.fired", {})
            wait_until(lambda: alive.requests, f"the one that lives, within {TIMEOUT_S} s")
        finally:
            dead.close()
            webhooks.close()
