"""/v1/models: what is there, and a download that is watched and then used without a restart."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_servers import FakeHub, Request, serve
from serving import Server, events_of, serving, wait_until
from voxcor.models.cards import OFFICIAL
from voxcor.models.store import BUILT_IN_FOLDER

pytest.importorskip("torch")
from checkpoints import write_checkpoint
from hub_servers import TOKENS

PULL = "/v1/models/plus-seed/pull?hub=huggingface"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    write_checkpoint(tmp_path / "model.pt")
    content = (tmp_path / "model.pt").read_bytes()
    files = {"model.pt": content, "tokens.txt": TOKENS.encode()}
    with serve(FakeHub(files), monkeypatch) as running:
        yield running


def paused(hub: FakeHub) -> threading.Event:
    """The hub stops in the middle of a large file until the event is set."""
    go_on = threading.Event()

    def pause(_offset: int) -> None:
        assert go_on.wait(60)

    hub.on_large = pause
    return go_on


@pytest.fixture
def server(tmp_path: Path, hub: FakeHub) -> Iterator[Server]:
    with serving(tmp_path / "home") as running:
        yield running


def test_a_fresh_server_says_what_it_could_have(server: Server) -> None:
    answer = server.get("/v1/models").json()
    assert (answer["active"], answer["fallback"]) == ("small", True)
    models = {model["id"]: model for model in answer["models"]}
    assert [*models] == [*OFFICIAL, "small"]
    assert models["small"]["installed"]
    assert models["small"]["active"]
    assert models["small"]["bytes"] > 100_000
    large = models["plus-large"]
    assert not large["installed"]
    assert large["download_bytes"] == OFFICIAL["plus-large"].download_bytes
    assert large["needed_bytes"] == OFFICIAL["plus-large"].needed_bytes > large["download_bytes"]
    assert large["licence"] == OFFICIAL["plus-large"].licence
    assert 0 < models["small"]["metrics"]["unseen_corpus.ravdess.four"] < 1
    assert answer["free_bytes"] == pytest.approx(shutil.disk_usage(server.home).free, rel=0.1)
    assert answer["sources"] == []


def test_a_pulled_model_answers_the_next_request(server: Server, hub: FakeHub) -> None:
    response = server.post(PULL)
    assert (response.status_code, response.json()["id"]) == (202, "plus-seed")
    assert response.headers["location"] == "/v1/models/plus-seed/events"
    events = events_of(server, response.headers["location"])
    shares = [(d["step"], d["facts"]["share"]) for _, name, d in events if name == "step"]
    assert shares == sorted(shares, key=lambda pair: (pair[0] == "convert", pair[1]))
    assert ("download", 1.0) in shares
    assert ("convert", 1.0) in shares
    assert events[-1][1:] == (
        "done",
        {"id": "plus-seed", "sha256": hub.sha256("model.pt"), "message": "Done."},
    )
    answer = server.get("/v1/models").json()
    assert (answer["active"], answer["fallback"]) == ("plus-seed", False)
    document = server.recognize().json()
    assert document["model"]["id"] == "plus-seed"
    assert document["model"]["sha256"] == hub.sha256("model.pt")
    assert server.recognize(model="small").json()["model"]["id"] == "small"
    loaded = re.findall(r'model_loaded\{model="([\w-]+)".* 1\.0', server.get("/metrics").text)
    assert sorted(loaded) == ["plus-seed", "small"]


def test_a_model_is_removed_from_disk_and_memory(server: Server, hub: FakeHub) -> None:
    server.post(PULL)
    assert events_of(server, "/v1/models/plus-seed/events")[-1][1] == "done"
    assert server.recognize().json()["model"]["id"] == "plus-seed"
    folder = server.home / "models" / "plus-seed"
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert server.delete("/v1/models/plus-seed").json()["freed_bytes"] >= size
    assert not folder.exists()
    loaded = re.findall(r'model_loaded\{model="([\w-]+)".* 1\.0', server.get("/metrics").text)
    assert "plus-seed" not in loaded
    assert server.recognize().json()["model"]["id"] == "small"
    again = server.delete("/v1/models/plus-seed")
    assert (again.status_code, again.json()["code"]) == (404, "model_not_installed")


@pytest.mark.parametrize(("model", "status"), [("small", 422), ("nobody", 404)])
def test_what_cannot_be_removed(server: Server, model: str, status: int) -> None:
    assert server.delete(f"/v1/models/{model}").status_code == status


def test_int8_is_made_of_what_is_installed(
    server: Server, hub: FakeHub, plus_large_files: Path
) -> None:
    (clip,) = plus_large_files.glob("*.wav")
    hub.files["example/test.wav"] = clip.read_bytes()
    assert server.post(PULL).status_code == 202
    assert events_of(server, "/v1/models/plus-seed/events")[-1][1] == "done"
    asked = len(hub.requests)
    response = server.post(f"{PULL}&precision=int8")
    assert (response.status_code, response.json()["id"]) == (202, "plus-seed-int8")
    assert response.headers["location"] == "/v1/models/plus-seed-int8/events"
    events = events_of(server, response.headers["location"])
    assert {d["step"] for _, name, d in events if name == "step"} == {"int8"}
    assert events[-1][1] == "done"
    assert len(hub.requests) == asked
    document = server.recognize(model="plus-seed-int8").json()
    assert (document["model"]["id"], document["model"]["precision"]) == ("plus-seed", "int8")
    rows = {row["id"]: row for row in server.get("/v1/models").json()["models"]}
    assert rows["plus-seed"]["active"]
    assert rows["plus-seed-int8"]["bytes"] < rows["plus-seed"]["bytes"] / 2


def test_int8_without_speech_says_what_is_missing(server: Server, hub: FakeHub) -> None:
    assert server.post(f"{PULL}&precision=int8").status_code == 202
    last = events_of(server, "/v1/models/plus-seed-int8/events")[-1]
    assert (last[1], last[2]["code"]) == ("failed", "usage")
    assert "--speech" in last[2]["message"]


def test_one_download_at_a_time(server: Server, hub: FakeHub) -> None:
    go_on = paused(hub)
    assert server.post(PULL).status_code == 202
    for path in (PULL, "/v1/models/plus-large/pull"):
        response = server.post(path)
        assert (response.status_code, response.json()["code"]) == (409, "pull_in_progress")
        assert response.json()["details"]["model"] == "plus-seed"
    go_on.set()
    assert events_of(server, "/v1/models/plus-seed/events")[-1][1] == "done"


@pytest.mark.parametrize("name", ["huggingface", "modelscope"])
def test_a_download_that_is_cancelled_goes_on_the_next_time(
    server: Server, hub: FakeHub, name: str
) -> None:
    half_way, asked = threading.Event(), threading.Event()

    def pause(offset: int) -> None:
        if offset >= len(hub.files["model.pt"]) // 2:
            half_way.set()
            assert asked.wait(60)

    hub.on_large = pause
    path = f"/v1/models/plus-seed/pull?hub={name}"
    assert server.post(path).status_code == 202
    assert half_way.wait(60)
    assert server.delete("/v1/models/plus-seed/pull").status_code == 204
    asked.set()
    last = events_of(server, "/v1/models/plus-seed/events")[-1]
    assert (last[1], last[2]["code"]) == ("failed", "pull_cancelled")
    assert server.get("/v1/models").json()["active"] == "small"
    assert server.post(path).status_code == 202
    assert events_of(server, "/v1/models/plus-seed/events")[-1][1] == "done"
    first, second = (r.range_start for r in requests_of(hub, "model.pt"))
    assert (first, second > 0) == (0, True)


def requests_of(hub: FakeHub, name: str) -> list[Request]:
    """Those that brought a part of a large file."""
    return [request for request in hub.asked_for(name) if request.sent]


def test_a_model_is_installed_from_a_folder_that_is_allowed(tmp_path: Path) -> None:
    own = tmp_path / "models" / "mine"
    shutil.copytree(BUILT_IN_FOLDER, own)
    allowed = {"VOXCOR_JOB_SOURCES": json.dumps([str(own.parent)])}
    with serving(tmp_path / "home", **allowed) as server:
        assert server.get("/v1/models").json()["sources"] == [str(own.parent)]
        response = server.post("/v1/models/call-centre/local", json={"path": str(own)})
        assert response.status_code == 202, response.text
        last = events_of(server, response.headers["location"])[-1]
        assert last[1] == "done", last
        rows = {row["id"]: row for row in server.get("/v1/models").json()["models"]}
        assert rows[last[2]["id"]]["official"] is False
        assert server.recognize(model=last[2]["id"]).status_code == 200
        elsewhere = server.post("/v1/models/other/local", json={"path": str(tmp_path)})
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "source_refused")
        nothing = server.post("/v1/models/other/local", json={"path": str(own / "none")})
        last = events_of(server, nothing.headers["location"])[-1]
        assert (last[1], last[2]["code"]) == ("failed", "input_not_found")


def test_weights_of_a_published_model_are_installed_from_a_file(
    tmp_path: Path, hub: FakeHub
) -> None:
    (tmp_path / "tokens.txt").write_bytes(hub.files["tokens.txt"])
    allowed = {"VOXCOR_JOB_SOURCES": json.dumps([str(tmp_path)])}
    with serving(tmp_path / "home", **allowed) as server:
        form = {"path": str(tmp_path / "model.pt")}
        response = server.post("/v1/models/plus-seed/local", json=form)
        assert events_of(server, response.headers["location"])[-1][1] == "done"
        assert server.get("/v1/models").json()["active"] == "plus-seed"
    assert hub.requests == []


def test_a_download_that_fails_says_why_and_can_be_tried_again(
    server: Server, hub: FakeHub
) -> None:
    hub.status = 403
    assert server.post(PULL).status_code == 202
    last = events_of(server, "/v1/models/plus-seed/events")[-1]
    assert (last[1], last[2]["code"]) == ("failed", "hub_refused")
    assert "Hugging Face" in last[2]["message"]
    assert server.get("/v1/models").json()["active"] == "small"
    hub.status = None
    assert server.post(PULL).status_code == 202
    assert events_of(server, "/v1/models/plus-seed/events")[-1][1] == "done"


def test_a_server_that_stops_does_not_wait_for_a_download(server: Server, hub: FakeHub) -> None:
    go_on = paused(hub)
    assert server.post(PULL).status_code == 202
    wait_until(lambda: hub.asked_for("model.pt"), "the download")
    server.process.terminate()
    assert server.process.wait(30) == 0
    go_on.set()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/models/small/pull", 422, "usage"),
        ("POST", "/v1/models/nonsense/pull", 404, "unknown_model"),
        ("POST", "/v1/models/..%2f..%2fetc/pull", 404, "no_such_route"),
        ("POST", "/v1/models/base/pull?hub=ftp", 422, "malformed_request"),
        ("GET", "/v1/models/base/events", 404, "unknown_model"),
        ("DELETE", "/v1/models/base/pull", 404, "unknown_model"),
    ],
)
def test_what_cannot_be_pulled(
    server: Server, method: str, path: str, status: int, code: str
) -> None:
    answer, problem = server.ask_literally(method, path)
    assert (answer, problem["code"]) == (status, code)
