"""/v1/results: what was recognised stays until it is deleted, and then nothing of it is left."""

import io
import json
import logging
import os
import time
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from places import VOICE
from results_by_hand import happy_then_sad
from serving import Server, age, server, serving
from voxcor.errors import NoSuchResult
from voxcor.result_folder import save
from voxcor.server.event_log import LogEntry
from voxcor.server.folder_store import new_id
from voxcor.server.process import OneLine
from voxcor.server.results.store import LOG_FILE, ResultStore
from voxcor.settings import Settings

__all__ = ["server"]

TRICKS = (
    "../result.json",
    "..%2f..%2f.lock",
    "%2e%2e%2f%2e%2e%2f.lock",
    ".lock",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "result.json%00.wav",
    "RESULT.JSON",
    "original.flac/",
    "..",
    ".",
)


def test_results_are_listed_newest_first_page_by_page(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.get("/v1/results").json() == {"results": [], "next": None}
        ids = [server.recognize().json()["id"] for _ in range(5)]
        first = server.get("/v1/results?limit=2").json()
        second = server.get(f"/v1/results?limit=2&before={first['next']}").json()
        third = server.get(f"/v1/results?limit=2&before={second['next']}").json()
        pages = [first, second, third]
        assert [result["id"] for page in pages for result in page["results"]] == ids[::-1]
        assert third["next"] is None
        assert first["results"][0] == server.get(f"/v1/results/{ids[-1]}").json()


def test_results_are_searched_by_name_emotion_and_confidence(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        first = server.recognize(name="Call of May.flac").json()
        second = server.recognize(name="other.flac", abstain_below="1").json()

        def found(query: str) -> list[str]:
            return [result["id"] for result in server.get(f"/v1/results?{query}").json()["results"]]

        assert found("name=call%20OF") == [first["id"]]
        assert found("name=nothing") == []
        assert found(f"emotion={first['emotion']}") == [first["id"]]
        assert found("emotion=abstained") == [second["id"]]
        assert found(f"below={first['confidence']}") == []
        assert found("below=1") == [second["id"], first["id"]]
        # A page is full of what is wanted.
        page = server.get("/v1/results?name=call&limit=1").json()
        assert [result["id"] for result in page["results"]] == [first["id"]]
        assert server.get("/v1/results?below=2").status_code == 422


def test_downloads_are_called_as_the_recording(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        path = f"/v1/results/{server.recognize(name='回访 5.flac').json()['id']}/files"
        for name in ("archive.zip", "result.json"):
            said = unquote(server.get(f"{path}/{name}").headers["content-disposition"])
            assert said.endswith({"archive.zip": "''回访 5.zip"}.get(name, f"''回访 5.{name}"))


def test_results_outlive_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        document = server.recognize().json()
    with serving(tmp_path, ready=False) as server:
        assert server.get(f"/v1/results/{document['id']}").json() == document


def test_the_archive_is_the_result_folder(server: Server, tmp_path: Path) -> None:
    document = server.recognize(granularity="frame", embedding="true", keep_audio="true").json()
    path = f"/v1/results/{document['id']}/files"
    response = server.get(f"{path}/archive.zip")
    assert response.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.testzip() is None
    stamp = document["timestamp"].replace("-", "").replace(":", "").replace(" ", "_")
    assert archive.namelist() == [f"outputs_{stamp}/{name}" for name in document["files"]]
    for name in document["files"]:
        assert archive.read(f"outputs_{stamp}/{name}") == server.get(f"{path}/{name}").content
    written = {path.name for path in save(happy_then_sad(), tmp_path).iterdir()}
    assert written < set(document["files"])


def test_audio_can_be_sought_in(server: Server) -> None:
    result = server.recognize(keep_audio="true").json()["id"]
    path = f"/v1/results/{result}/files/original.flac"
    response = server.get(path, headers={"Range": "bytes=4-7"})
    assert response.status_code == 206
    assert response.content == VOICE.read_bytes()[4:8]
    assert server.get(path, headers={"Range": "bytes=999999999-"}).status_code == 416


@pytest.mark.parametrize("name", TRICKS)
def test_no_name_leads_out_of_a_result(server: Server, name: str) -> None:
    result = server.recognize().json()["id"]
    status, problem = server.ask_literally("GET", f"/v1/results/{result}/files/{name}")
    assert status == 404
    assert problem["code"] in ("no_such_result", "no_such_route")


@pytest.mark.parametrize("result_id", ["0" * 32, "x", "..", "%2e%2e", "../results", "." + "0" * 32])
def test_an_unknown_result_is_not_found_in_any_way(server: Server, result_id: str) -> None:
    path = f"/v1/results/{result_id}"
    for method, asked in (
        ("GET", path),
        ("GET", f"{path}/events"),
        ("GET", f"{path}/files/result.json"),
        ("DELETE", path),
    ):
        status, problem = server.ask_literally(method, asked)
        assert status == 404
        assert problem["code"] in ("no_such_result", "no_such_route")


def test_deleting_leaves_no_trace(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        result = server.recognize(name="secret-name.flac", keep_audio="true").json()["id"]
        assert server.left_behind == {result}
        assert server.delete(f"/v1/results/{result}").status_code == 204
        assert server.left_behind == set()
        assert server.delete(f"/v1/results/{result}").status_code == 404
        everything = [path for path in tmp_path.rglob("*") if path.is_file()]
        written = [path.name for path in everything if path.read_bytes()]
        assert written == ["server.json"]  # where the server is
    assert "secret" not in "".join(server.log)


def test_what_a_killed_server_left_is_swept_up_by_the_next(tmp_path: Path) -> None:
    result = new_id()
    abandoned = tmp_path / "results" / f".{result}"
    abandoned.mkdir(parents=True)
    (abandoned / "upload").write_bytes(b"half")
    with serving(tmp_path, ready=False) as server:
        assert server.left_behind == set()


def test_a_second_server_leaves_the_work_of_the_first_alone(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False) as server:
        under_way = tmp_path / "results" / f".{new_id()}"
        under_way.mkdir()
        with serving(tmp_path, ready=False):
            assert under_way.is_dir()
        assert server.left_behind == {under_way.name}


def test_old_results_go_and_young_ones_stay() -> None:
    settings = Settings(results_days=10)
    results = ResultStore(settings)
    old, young = age(results, settings, 10.01), age(results, settings, 9.99)
    results.sweep()
    with pytest.raises(NoSuchResult):
        results.folder(old)
    assert results.folder(young)


def test_beyond_the_limit_the_oldest_results_go() -> None:
    settings = Settings(results_gb=0.001)
    results = ResultStore(settings)
    ids = [age(results, settings, days, size=300_000) for days in (4, 3, 2, 1)]
    results.sweep()
    page, _ = results.page(10, None)
    assert [document["id"] for document in page] == ids[:1:-1]


@pytest.mark.parametrize("days", [31, 4000, -31, -4000])
def test_a_clock_that_is_wrong_for_a_while_deletes_nothing(
    days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings()
    results, clock = ResultStore(settings), time.time
    kept = age(results, settings, 1)
    results.sweep()
    monkeypatch.setattr(time, "time", lambda: clock() + days * 86_400)
    results.sweep()
    ResultStore(settings).sweep()  # a server that starts meanwhile
    monkeypatch.setattr(time, "time", clock)
    results.sweep()
    assert results.folder(kept)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"emotion": "happy"}', "\0" * 4096])
def test_a_damaged_result_is_set_aside_and_the_others_are_listed(content: str) -> None:
    settings = Settings()
    results = ResultStore(settings)
    ids = [age(results, settings, days) for days in (3, 2, 1)]
    (settings.results / ids[1] / "result.json").write_text(content)
    page, _ = results.page(10, None)
    assert [document["id"] for document in page] == [ids[2], ids[0]]
    assert (settings.results / f"{ids[1]}.unreadable").is_dir()
    results.delete(ids[1])
    assert {path.name for path in settings.results.iterdir()} == {ids[0], ids[2]}


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_results_are_their_owners_only(server: Server) -> None:
    server.recognize(keep_audio="true", granularity="frame", embedding="true")
    folder = server.home / "results"
    found = [folder, *(path for path in folder.rglob("*") if path.name != ".lock")]
    assert {oct(path.stat().st_mode & 0o077) for path in found} == {"0o0"}


def test_a_result_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    settings = Settings()
    results = ResultStore(settings)
    result_id = new_id()
    events = [LogEntry("done", {"id": result_id, "results": [result_id]})]
    with pytest.raises(FileNotFoundError):
        results.publish(result_id, happy_then_sad(), events, tmp_path / "gone", "call.wav")
    assert [*settings.results.iterdir()] == []
    results.publish(result_id, happy_then_sad(), events, None, "call.wav")
    assert results.events(result_id) == events
    assert LOG_FILE in results.files(result_id)


@pytest.mark.parametrize("name", ["录" * 83 + ".flac", "-rf.flac", "con.flac", "a\x1b[2J\nb.flac"])
def test_a_recording_of_any_name_is_exported(server: Server, name: str) -> None:
    result = server.recognize(name=name).json()["id"]
    answer = server.get(f"/v1/results/{result}/export/srt")
    assert answer.status_code == 200
    named = unquote(answer.headers["content-disposition"].partition("filename*=UTF-8''")[2])
    assert named.endswith(".srt")
    assert named[0] not in "-."
    assert named.isprintable()
    assert len(named.encode()) <= 200


def test_a_name_forges_no_line_of_the_log() -> None:
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    record = logging.LogRecord(
        "voxcor", logging.INFO, "", 0, "%s failed", ("a\n2026 INFO all is well\x1b[2J",), None
    )
    assert handler.format(record) == "INFO a\\n2026 INFO all is well\\u001b[2J failed"


def test_a_page_of_long_results_is_shorter(tmp_path: Path) -> None:
    """Four of three megabytes each; what is left out comes with the next page."""
    with serving(tmp_path) as server:
        ids = [server.recognize().json()["id"] for _ in range(4)]
        for result_id in ids:
            file = tmp_path / "results" / result_id / "result.json"
            document = json.loads(file.read_text(encoding="utf-8"))
            document["segments"] *= 3_000_000 // len(json.dumps(document["segments"]))
            file.write_text(json.dumps(document), encoding="utf-8")
        found, before, pages = [], "", 0
        while before is not None:
            page = server.get(f"/v1/results?before={before}" if before else "/v1/results").json()
            found += [document["id"] for document in page["results"]]
            before, pages = page["next"], pages + 1
    assert found == sorted(ids, reverse=True)
    assert pages >= 2
