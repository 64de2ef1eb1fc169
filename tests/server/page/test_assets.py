"""The page's files on the wire: compressed for who takes it, sent once, and current."""

import gzip
import re
from pathlib import Path

import httpx2
import pytest

from serving import Server, server
from voxcor.server.page.assets import asset_of, file_asset

__all__ = ["server"]

FILES = ("/", "/static/app.js", "/static/words.js", "/static/base.css", "/docs")


def ask(server: Server, path: str, **headers: str) -> httpx2.Response:
    """The response as it came over the wire."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = server.url + path
    with (
        httpx2.Client(trust_env=False, timeout=60) as client,
        client.stream("GET", url, headers={"accept-encoding": "identity", **named}) as response,
    ):
        response.raw = b"".join(response.iter_raw())  # type: ignore[attr-defined]
        return response


@pytest.mark.parametrize("path", FILES)
def test_text_is_compressed_for_who_takes_it(server: Server, path: str) -> None:
    plain = ask(server, path)
    packed = ask(server, path, accept_encoding="br;q=1.0, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.raw) == plain.raw
    assert len(packed.raw) < len(plain.raw)
    for response in (plain, packed):
        assert response.headers["vary"] == "Accept-Encoding"
        assert int(response.headers["content-length"]) == len(response.raw)
    refused = ask(server, path, accept_encoding="gzip;q=0, identity")
    assert "content-encoding" not in refused.headers


@pytest.mark.parametrize("path", FILES)
def test_what_a_browser_has_is_not_sent_again(server: Server, path: str) -> None:
    first = ask(server, path)
    assert first.headers["cache-control"] == "no-cache"
    again = ask(server, path, if_none_match=f'"other", {first.headers["etag"]}')
    assert (again.status_code, again.raw) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert ask(server, path, if_none_match='"other"').status_code == 200


def test_events_and_sound_are_sent_as_they_are(server: Server) -> None:
    result = server.recognize().json()
    for path in (
        "/static/example.flac",
        f"/v1/results/{result['id']}/events",
        f"/v1/results/{result['id']}/files/processed_audio.wav",
    ):
        assert "content-encoding" not in ask(server, path, accept_encoding="gzip").headers


def test_a_file_that_changes_is_another(tmp_path: Path) -> None:
    path = tmp_path / "app.js"
    path.write_text("let a = 1;\n" * 100)
    before = file_asset(path, "text/javascript")
    assert file_asset(path, "text/javascript") is before
    path.write_text("let a = 12;\n" * 100)
    after = file_asset(path, "text/javascript")
    assert after.content != before.content
    assert after.etag != before.etag


def test_what_gains_nothing_is_not_compressed() -> None:
    assert asset_of(b"x" * 100, "text/css").compressed is None
    assert asset_of(b"x" * 10_000, "audio/flac").compressed is None
    assert asset_of(b"x" * 10_000, "text/css").compressed is not None


@pytest.mark.parametrize(
    "path", ["/static/", "/static/nothing.js", "/static/../app.py", "/static/vendor", "/static/%00"]
)
def test_nothing_else_is_served(server: Server, path: str) -> None:
    status, problem = server.ask_literally("GET", path)
    assert (status, problem["code"]) == (404, "no_such_route")


def test_the_licences_of_all_that_is_inside_are_shown(server: Server) -> None:
    page = server.get("/licences").text
    table = server.get("/static/vendor/THIRD_PARTY.md").text
    packages = re.findall(r"(?m)^\| `.*` \| (\S+) \|", table)
    assert len(packages) == 6
    for package in packages:
        assert f"<b>{package}</b>" in page
    assert page.count("Permission is hereby granted") >= 3
