"""Proxies of the environment: SOCKS is spoken, and one that cannot be used is a sentence."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import voxcor
from hub_servers import FakeHub, serve
from places import VOICE
from receivers import receiving, sending
from serving import serving, wait_until
from socks_server import answering, socks_proxy
from voxcor import Client
from voxcor.errors import ProxyInvalid, ServerUnreachable
from voxcor.proxies import require_usable_proxies
from voxcor.rules.webhooks import Webhook, new_secret

KEY = "correct horse battery staple"

HUBS = pytest.mark.parametrize("hub_name", ["huggingface", "modelscope"])

# None of these is a proxy that httpx2 or requests speaks to; each fell over them in its own way.
UNUSABLE = [
    "socks4://127.0.0.1:1080",
    "socks4a://127.0.0.1:1080",
    "socks://127.0.0.1:1080",
    "sock5://127.0.0.1:1080",
    "ftp://127.0.0.1:1080",
    "SOCKS5://127.0.0.1:1080",
    " socks5://127.0.0.1:1080",
    "socks5://127.0.0.1:1080 ",
    "://127.0.0.1:1080",
    "http://",
    "socks5:127.0.0.1:1080",
    "http://127.0.0.1:eight",
    "http://127.0.0.1:99999",
    "http://[::1",
    "http://a b:1",
    "http://\x01:1",
    "http://me:secret@[::1:8080",
]
# What a SOCKS proxy never says: HTTP's 400, version 4, nothing, and half an answer.
NO_SOCKS = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x5a\0\0\0\0\0\0", b"", b"\x05"]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve(FakeHub({"model.pt": bytes(range(256)) * (2 << 12)}), monkeypatch) as running:
        yield running


@HUBS
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_file_of_a_hub_comes_through_socks(
    hub: FakeHub, tmp_path: Path, hub_name: str, scheme: str
) -> None:
    # The clients keep what they read of the environment: a process of its own.
    program = """
import sys
from pathlib import Path
from voxcor.models.cards import OFFICIAL
from voxcor.models.hub import download, list_files
listing = list_files(OFFICIAL["plus-seed"], sys.argv[1])
download(listing, "model.pt", Path(sys.argv[2]))
"""
    with socks_proxy() as proxy:
        proxies = {"ALL_PROXY": f"{scheme}://127.0.0.1:{proxy.port}"}
        subprocess.run(
            [sys.executable, "-c", program, hub_name, tmp_path],
            check=True,
            env={**os.environ, **proxies},
        )
        assert proxy.asked_for
    assert (tmp_path / "model.pt").read_bytes() == hub.files["model.pt"]


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_the_client_reaches_a_server_through_socks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    names = {"VOXCOR_ALLOWED_HOSTS": '["voice.invalid"]', "VOXCOR_API_KEY": KEY}
    with serving(tmp_path / "served", **names) as server, socks_proxy() as proxy:
        monkeypatch.setenv("all_proxy", f"{scheme}://127.0.0.1:{proxy.port}")
        port = server.address[1]
        with Client(f"http://voice.invalid:{port}", api_key=KEY) as client:
            assert client.recognize(VOICE).emotion
    assert ("voice.invalid", port) in proxy.asked_for


def test_a_webhook_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address is looked at where it is connected to; a proxy would connect elsewhere."""
    with receiving() as receiver, socks_proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"socks5h://127.0.0.1:{proxy.port}")
        with sending() as webhooks:
            webhooks.send(Webhook(receiver.url, new_secret()), "rule.fired", {})
            wait_until(lambda: receiver.requests, "delivered")
        assert proxy.asked_for == []


@HUBS
@pytest.mark.parametrize("answer", NO_SOCKS)
def test_what_is_no_socks_proxy_is_a_hub_out_of_reach(
    hub: FakeHub, hub_name: str, answer: bytes
) -> None:
    with answering(answer) as port:
        variables = {"ALL_PROXY": f"socks5://127.0.0.1:{port}"}
        status, _, err = voxcor("models", "pull", "plus-base", "--hub", hub_name, **variables)
    assert status == 1
    assert "cannot be reached" in err
    assert "Traceback" not in err
    assert hub.requests == []


# httpcore2 leaves the socket to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("answer", NO_SOCKS)
def test_what_is_no_socks_proxy_is_a_server_out_of_reach(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    with answering(answer) as port:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")
        with Client("http://voice.invalid") as client, pytest.raises(ServerUnreachable):
            client.recognize(VOICE)


@pytest.mark.parametrize("proxy", UNUSABLE)
@pytest.mark.parametrize("variable", ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "https_proxy"])
def test_a_proxy_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str
) -> None:
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(ProxyInvalid) as raised:
        Client("http://voice.invalid")
    assert raised.value.details["variable"] == variable
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "proxy",
    [
        "127.0.0.1:1080",
        "localhost",
        "http://me:secret@127.0.0.1:8080/",
        "https://[::1]:8080",
        "socks5://127.0.0.1",
        "socks5h://me:secret@proxy.invalid:1080",
        "http://代理.invalid:8080",
    ],
)
def test_a_proxy_that_can_be_used_is_none_of_our_business(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    require_usable_proxies()
    with Client("http://voice.invalid"):
        pass


def test_a_proxy_that_leads_nowhere_here_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:1080")
    with Client("http://127.0.0.1:1"):
        pass
    monkeypatch.setenv("NO_PROXY", "example.org, *")
    with Client("http://voice.invalid"):
        pass


@HUBS
@pytest.mark.parametrize("proxy", ["socks4://127.0.0.1:1080", "http://[::1"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_pull_says_which_proxy_is_in_the_way(
    hub: FakeHub, hub_name: str, proxy: str, language: str
) -> None:
    status, _, err = voxcor(
        *("models", "pull", "plus-base", "--hub", hub_name),
        ALL_PROXY=proxy,
        VOXCOR_LANGUAGE=language,
    )
    assert status in (1, 2)
    assert "ALL_PROXY" in err
    assert "socks5h://" in err
    assert "Traceback" not in err
    assert hub.requests == []
