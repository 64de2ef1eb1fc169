"""The hubs' own clients against a server on loopback that speaks their protocols."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub_servers import COMMIT, FakeHub, closed_port, point_at, serve
from voxcor.errors import ChecksumMismatch, HubRefused, HubUnreachable
from voxcor.models.cards import OFFICIAL, Hub
from voxcor.models.hub import default_hub, download, incomplete, list_files

MODEL = OFFICIAL["plus-seed"]
LARGE = bytes(range(256)) * (25 << 12)  # 25 MiB: more than the chunks in which clients write


@pytest.fixture(params=["huggingface", "modelscope"])
def name(request: pytest.FixtureRequest) -> Hub:
    hub: Hub = request.param
    return hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    files = {
        "model.pt": LARGE,
        "tokens.txt": b"a/b\n",
        "example/test.wav": b"RIFF",
        "logo.png": b"",
    }
    with serve(FakeHub(files), monkeypatch) as running:
        yield running


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other address is an error, in whatever thread."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        assert address[0] in ("127.0.0.1", "::1"), f"connects to {address}"
        connect(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        assert host in ("127.0.0.1", "::1", "localhost"), f"asks for {host}"
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_resolve)


def test_a_listing_has_sizes_checksums_and_the_revision(hub: FakeHub, name: Hub) -> None:
    listing = list_files(MODEL, name)
    assert set(listing.files) == set(hub.files)
    assert listing.files["model.pt"].bytes == len(LARGE)
    assert listing.files["model.pt"].sha256 == hub.sha256("model.pt")
    assert listing.repository == MODEL.repositories[name].name
    assert listing.revision == (COMMIT if name == "huggingface" else "master")


def test_files_arrive_as_they_are(hub: FakeHub, name: Hub, tmp_path: Path) -> None:
    listing = list_files(MODEL, name)
    counted: list[int] = []
    for file in ("model.pt", "example/test.wav"):
        path = download(listing, file, tmp_path, counted.append)
        assert path == tmp_path / file
        assert path.read_bytes() == hub.files[file]
    assert sum(counted) == len(LARGE) + len(hub.files["example/test.wav"])
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"model.pt", "test.wav"}


def test_a_complete_file_is_not_fetched_again(hub: FakeHub, name: Hub, tmp_path: Path) -> None:
    listing = list_files(MODEL, name)
    download(listing, "model.pt", tmp_path)
    counted: list[int] = []
    download(listing, "model.pt", tmp_path, counted.append)
    assert len(hub.asked_for("model.pt")) == 1
    assert sum(counted) == len(LARGE)


def test_a_cut_download_is_continued_where_it_stopped(
    hub: FakeHub, name: Hub, tmp_path: Path
) -> None:
    listing = list_files(MODEL, name)

    def cut(offset: int) -> None:
        if offset >= 15 << 20:
            hub.status = 503
            raise ConnectionAbortedError

    hub.on_large = cut
    with pytest.raises(HubUnreachable):
        download(listing, "model.pt", tmp_path)
    have = incomplete(tmp_path / "model.pt").stat().st_size
    assert 0 < have <= 15 << 20

    hub.status, hub.on_large = None, lambda _: None
    counted: list[int] = []
    path = download(listing, "model.pt", tmp_path, counted.append)
    assert path.read_bytes() == LARGE
    again = hub.asked_for("model.pt")[-1]
    assert (again.range_start, again.sent) == (have, len(LARGE) - have)
    assert next(count for count in counted if count) == have
    assert sum(counted) == len(LARGE)


def test_either_hub_continues_what_the_other_began(hub: FakeHub, tmp_path: Path) -> None:
    begun = incomplete(tmp_path / "model.pt")
    begun.write_bytes(LARGE[: 1 << 20])
    download(list_files(MODEL, "huggingface"), "model.pt", tmp_path)
    assert hub.asked_for("model.pt")[-1].range_start == 1 << 20

    (tmp_path / "model.pt").unlink()
    begun.write_bytes(LARGE[: 2 << 20])
    path = download(list_files(MODEL, "modelscope"), "model.pt", tmp_path)
    assert hub.asked_for("model.pt")[-1].range_start == 2 << 20
    assert path.read_bytes() == LARGE


def test_more_than_a_whole_file_is_begun_anew(hub: FakeHub, name: Hub, tmp_path: Path) -> None:
    incomplete(tmp_path / "model.pt").write_bytes(LARGE + b"tail of another version")
    assert download(list_files(MODEL, name), "model.pt", tmp_path).read_bytes() == LARGE


def test_a_hub_that_does_not_answer_is_unreachable(
    name: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(closed_port(), monkeypatch)
    with pytest.raises(HubUnreachable, match="Connection refused") as caught:
        list_files(MODEL, name)
    assert caught.value.retryable
    assert caught.value.details["model"] == "plus-seed"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_is_busy_is_unreachable(hub: FakeHub, name: Hub, status: int) -> None:
    hub.status = status
    with pytest.raises(HubUnreachable, match=f"HTTP {status}"):
        list_files(MODEL, name)


def test_a_portal_that_answers_for_the_hub_is_not_the_hub(hub: FakeHub, name: Hub) -> None:
    hub.portal = True
    with pytest.raises(HubUnreachable):
        list_files(MODEL, name)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_hub_that_refuses_says_so(hub: FakeHub, name: Hub, status: int, tmp_path: Path) -> None:
    listing = list_files(MODEL, name)
    hub.status = status
    with pytest.raises(HubRefused, match=f"HTTP {status}") as caught:
        list_files(MODEL, name)
    assert MODEL.repositories[name].name in caught.value.message
    with pytest.raises(HubRefused, match=r"model\.pt"):
        download(listing, "model.pt", tmp_path)


def test_modelscope_refuses_other_bytes_than_it_announced(hub: FakeHub, tmp_path: Path) -> None:
    hub.announced["tokens.txt"] = "0" * 64
    with pytest.raises(ChecksumMismatch, match=r"tokens\.txt"):
        download(list_files(MODEL, "modelscope"), "tokens.txt", tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_more_than_was_announced_is_not_taken(hub: FakeHub, name: Hub, tmp_path: Path) -> None:
    """A mirror that says 1 MB and sends without end would fill the disk."""
    hub.announced_bytes["model.pt"] = 1_000_000
    hub.files["model.pt"] = bytes(64 << 20)
    with pytest.raises((HubRefused, HubUnreachable)) as caught:
        download(list_files(MODEL, name), "model.pt", tmp_path)
    assert caught.value.details["hub"]
    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert written < 32 << 20


def test_a_full_disk_stays_an_error_of_the_disk(hub: FakeHub, name: Hub, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    listing = list_files(MODEL, name)
    incomplete(tmp_path / "model.pt").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        download(listing, "model.pt", tmp_path)
    assert caught.value.errno == errno.ENOSPC


def test_nothing_about_the_person_is_sent(
    hub: FakeHub, name: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "ms-secret")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    listing = list_files(MODEL, name)
    for file in ("model.pt", "tokens.txt"):
        download(listing, file, tmp_path / "downloads")
    for request in hub.requests:
        assert "authorization" not in request.headers
        assert "cookie" not in request.headers
        assert "secret" not in str(request)
        assert "torch/" not in request.headers["user-agent"]
        assert "agent/" not in request.headers["user-agent"]
        assert "telemetry" not in request.path
        assert "harness" not in request.path
    assert not (tmp_path / "home").exists()


def test_modelscope_cannot_tell_one_pull_from_another(hub: FakeHub) -> None:
    list_files(MODEL, "modelscope")
    list_files(MODEL, "modelscope")
    first, second = (request.headers["user-agent"] for request in hub.requests)
    assert first != second


def test_a_mirror_may_be_written_with_a_slash(
    hub: FakeHub, name: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    point_at(f"{hub.url}/", monkeypatch)
    path = download(list_files(MODEL, name), "tokens.txt", tmp_path)
    assert path.read_bytes() == hub.files["tokens.txt"]
    assert not [request.path for request in hub.requests if "//" in request.path]


def test_a_proxy_is_used(
    hub: FakeHub, name: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import close_session

    point_at("http://hub.example", monkeypatch)
    monkeypatch.setenv("http_proxy", hub.url)
    close_session()  # it keeps one client, which knows its proxy from the beginning
    try:
        path = download(list_files(MODEL, name), "model.pt", tmp_path)
    finally:
        close_session()
    assert path.read_bytes() == LARGE
    assert all(request.path.startswith("http://hub.example/") for request in hub.requests)


def test_huggingface_offline_is_said_to_be_offline(hub: FakeHub) -> None:
    program = """
from voxcor.models.cards import OFFICIAL
from voxcor.models.hub import list_files
try:
    list_files(OFFICIAL["plus-seed"], "huggingface")
except Exception as error:
    print(repr(error))
    print(error)
"""
    output = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    ).stdout
    assert "HubUnreachable" in output
    assert "HF_HUB_OFFLINE" in output
    assert hub.requests == []


def test_modelscope_gives_a_file_a_day(hub: FakeHub) -> None:
    """Its own hour is too short for 2 GB from far away."""
    program = """
from voxcor.models.cards import OFFICIAL
from voxcor.models.hub import list_files
list_files(OFFICIAL["plus-seed"], "modelscope")
from modelscope_hub.constants import DOWNLOAD_TOTAL_TIMEOUT
print(DOWNLOAD_TOTAL_TIMEOUT)
"""
    output = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert int(output) == 24 * 3600


@pytest.mark.parametrize(("language", "expected"), [("zh", "modelscope"), ("en", "huggingface")])
def test_the_default_hub_is_the_near_one(
    language: str, expected: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", language)
    assert default_hub(OFFICIAL["plus-large"]) == expected
    assert default_hub(OFFICIAL["base-finetuned"]) == "modelscope"
