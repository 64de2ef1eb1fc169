"""/v1/jobs: many recordings, their progress, and what a kill leaves of them."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from batches import write_calls, write_silence
from serving import Server, ended, files_of, server, serving, wait_until
from voxcor.batch.run import run_batch
from voxcor.options import RecordingOptions

__all__ = ["server"]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    write_calls(folder, 4)
    (folder / "broken.wav").write_bytes(b"no audio")
    write_silence(folder / "silent.wav")
    return folder


def events_of(text: str) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    for block in text.split("\n\n"):
        fields = dict(re.findall(r"^(event|data|id): (.*)$", block, re.M))
        if "data" in fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])


def test_many_recordings_are_one_job(server: Server, calls: Path, tmp_path: Path) -> None:
    answer = server.post("/v1/jobs", files=files_of(calls), data={"granularity": "segment"})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    done = ended(server, job["id"])
    assert done["state"] == "done"
    assert done["progress"] == {"total": 6, "done": 4, "failed": 2, "waiting": 0, "audio_s": 4.0}
    assert sum(done["failures"].values()) == 2

    table = server.get(f"/v1/jobs/{job['id']}/files/results.jsonl")
    rows = [json.loads(line) for line in table.text.splitlines()]
    expected = run_batch(
        str(calls), tmp_path / "out", model="small", options=RecordingOptions(granularity="segment")
    )
    for row, line in zip(rows, expected.table.read_text().splitlines(), strict=True):
        same = json.loads(line)
        assert row["path"] == Path(same["path"]).name
        assert row.get("scores") == same.get("scores")
        assert row.get("segments") == same.get("segments")
        assert row.get("code") == same.get("code")
    assert server.get(f"/v1/jobs/{job['id']}/files/results.csv").text.startswith("\ufeffpath,key,")

    items = server.get(f"/v1/jobs/{job['id']}/items?state=failed").json()["items"]
    assert {item["path"]: item["failure"]["code"] for item in items}["silent.wav"] == "no_speech"
    page = server.get(f"/v1/jobs/{job['id']}/items?limit=4").json()
    rest = server.get(f"/v1/jobs/{job['id']}/items?limit=4&after={page['next']}").json()
    assert [item["position"] for item in page["items"] + rest["items"]] == [*range(6)]
    assert rest["next"] is None


def test_the_whole_is_downloaded_as_an_archive(server: Server, calls: Path) -> None:
    fields = {"granularity": "frame", "embedding": "true"}
    job = server.post("/v1/jobs", files=files_of(calls), data=fields).json()
    ended(server, job["id"])
    content = server.get(f"/v1/jobs/{job['id']}/files/archive.zip").content
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert {"voxcor/results.jsonl", "voxcor/results.csv", "voxcor/embeddings.json"} <= {*names}
    assert len([name for name in names if name.endswith(".npy")]) == 4
    assert not any("inputs" in name or "ledger" in name for name in names)


def test_events_tell_each_recording_and_the_end(server: Server, calls: Path) -> None:
    job = server.post("/v1/jobs", files=files_of(calls)).json()
    told = list(events_of(server.get(f"/v1/jobs/{job['id']}/events").text))
    items = [(number, data) for name, number, data in told if name == "item"]
    assert sorted(data["position"] for _, data in items) == [*range(6)]
    assert [int(number or 0) for number, _ in items] == [*range(1, 7)]
    name, _, last = told[-1]
    assert (name, last["state"]) == ("end", "done")
    again = server.get(f"/v1/jobs/{job['id']}/events", headers={"Last-Event-ID": "4"})
    assert [number for name, number, _ in events_of(again.text) if name == "item"] == ["5", "6"]
    heard = server.get(f"/v1/jobs/{job['id']}/events", headers={"Last-Event-ID": "6"})
    assert heard.status_code == 204


def test_a_job_is_cancelled_and_keeps_what_it_has(server: Server, tmp_path: Path) -> None:
    write_calls(tmp_path / "many", 60)
    job = server.post("/v1/jobs", files=files_of(tmp_path / "many")).json()
    wait_until(lambda: server.get(f"/v1/jobs/{job['id']}").json()["progress"]["done"] > 0)
    cancelled = server.post(f"/v1/jobs/{job['id']}/cancel").json()
    assert cancelled["state"] == "cancelled"
    assert cancelled["progress"]["waiting"] > 0
    rows = server.get(f"/v1/jobs/{job['id']}/files/results.jsonl").text.splitlines()
    assert len(rows) == cancelled["progress"]["done"]
    assert server.post(f"/v1/jobs/{job['id']}/cancel").json()["state"] == "cancelled"


def test_deleting_a_job_that_runs_leaves_nothing(server: Server, tmp_path: Path) -> None:
    write_calls(tmp_path / "many", 30)
    job = server.post("/v1/jobs", files=files_of(tmp_path / "many")).json()
    assert server.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert server.get(f"/v1/jobs/{job['id']}").json()["code"] == "no_such_job"
    assert not list((server.home / "jobs").glob(f"*{job['id']}*"))


def test_people_are_answered_while_a_job_runs(server: Server, tmp_path: Path) -> None:
    write_calls(tmp_path / "many", 40)
    job = server.post("/v1/jobs", files=files_of(tmp_path / "many")).json()
    assert server.recognize().status_code == 200
    server.delete(f"/v1/jobs/{job['id']}")


def test_a_job_goes_on_after_a_kill(tmp_path: Path) -> None:
    write_calls(tmp_path / "many", 40)
    whole = run_batch(str(tmp_path / "many"), tmp_path / "out", model="small")
    home = tmp_path / "home"
    with serving(home) as first:
        job = first.post("/v1/jobs", files=files_of(tmp_path / "many")).json()
        wait_until(lambda: first.get(f"/v1/jobs/{job['id']}").json()["progress"]["done"] > 3)
        first.process.kill()
        first.process.wait()
    with serving(home) as second:
        assert ended(second, job["id"])["state"] == "done"
        text = second.get(f"/v1/jobs/{job['id']}/files/results.jsonl").text
        listed = second.get("/v1/jobs").json()["jobs"]
    assert [entry["id"] for entry in listed] == [job["id"]]
    rows = [json.loads(line) for line in text.splitlines()]
    expected = [json.loads(line) for line in whole.table.read_text().splitlines()]
    for row in (*rows, *expected):
        del row["path"]
        del row["model"]["fallback"]
        del row["notice"]
    assert rows == expected


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": 1}', "\0" * 4096])
def test_a_damaged_job_neither_stops_a_server_nor_hides_another(
    tmp_path: Path, content: str
) -> None:
    damaged = tmp_path / "jobs" / ("0" * 32)
    damaged.mkdir(parents=True)
    (damaged / "job.json").write_text(content)
    with serving(tmp_path, ready=False) as server:
        listed = server.get("/v1/jobs").json()
        assert listed["jobs"] == []
        assert listed["unreadable"] == [f"{damaged.name}.unreadable"]
        server.says("set aside")
        assert server.delete(f"/v1/jobs/{damaged.name}").status_code == 204
        assert server.get("/v1/jobs").json()["unreadable"] == []


def test_a_damaged_ledger_fails_its_job_and_hides_no_other(
    server: Server, calls: Path, tmp_path: Path
) -> None:
    ids = [
        ended(server, server.post("/v1/jobs", files=files_of(calls)).json()["id"])["id"]
        for _ in range(2)
    ]
    ledger = server.home / "jobs" / ids[0] / "ledger.sqlite"
    ledger.write_bytes(b"no database" * 1000)
    found = {job["id"]: job for job in server.get("/v1/jobs").json()["jobs"]}
    assert found[ids[1]]["state"] == "done"
    assert found[ids[1]]["progress"]["done"] > 0
    found = {job["id"]: job for job in server.get("/v1/jobs").json()["jobs"]}
    assert found[ids[0]]["state"] == "failed"
    assert found[ids[0]]["error"]["code"] == "ledger_corrupt"
    assert ledger.with_name("ledger.sqlite.unreadable").exists()


def test_a_job_reads_only_where_it_may(tmp_path: Path) -> None:
    allowed, other = tmp_path / "shared", tmp_path / "secret"
    for folder in (allowed, other):
        write_calls(folder, 2)
    (allowed / "link").symlink_to(other)
    with serving(tmp_path / "home", VOXCOR_JOB_SOURCES=json.dumps([str(allowed)])) as server:
        job = server.post("/v1/jobs", json={"source": str(allowed / "*.wav")}).json()
        assert ended(server, job["id"])["progress"]["done"] == 2
        for source in (str(other), f"{allowed}/../secret", str(allowed / "link"), "/etc", "\0"):
            refused = server.post("/v1/jobs", json={"source": source})
            assert refused.status_code == 403
            assert refused.json()["code"] == "source_refused"
        job = server.post("/v1/jobs", json={"source": str(allowed / "away.csv")}).json()
        failed = ended(server, job["id"])
        assert (failed["state"], failed["error"]["code"]) == ("failed", "input_not_found")


def test_a_job_says_what_its_source_has_beside_recordings(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    write_calls(folder, 1)
    for name in ("notes.txt", "more.txt", "paper.pdf", "README"):
        (folder / name).touch()
    expected = {"count": 4, "extensions": {".txt": 2, ".pdf": 1, "": 1}}
    with serving(tmp_path / "home", VOXCOR_JOB_SOURCES=json.dumps([str(folder)])) as server:
        job = server.post("/v1/jobs", json={"source": str(folder)}).json()
        assert job["passed_over"] is None
        assert ended(server, job["id"])["passed_over"] == expected
        (folder / "call000.wav").unlink()
        job = server.post("/v1/jobs", json={"source": str(folder)}).json()
        failed = ended(server, job["id"])
        assert failed["error"]["code"] == "no_audio_found"
        assert "4 files are no audio (2 .txt" in failed["error"]["message"]
        assert failed["passed_over"] == expected


def test_a_list_may_not_lead_out_of_where_jobs_may_read(tmp_path: Path) -> None:
    allowed, other = tmp_path / "shared", tmp_path / "secret"
    for folder in (allowed, other):
        write_calls(folder, 1)
    (allowed / "calls.csv").write_text("path\ncall000.wav\n../secret/call000.wav\n")
    with serving(tmp_path / "home", VOXCOR_JOB_SOURCES=json.dumps([str(allowed)])) as server:
        job = server.post("/v1/jobs", json={"source": str(allowed / "calls.csv")}).json()
        done = ended(server, job["id"])
    assert (done["progress"]["done"], done["failures"]) == (1, {"source_refused": 1})


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"json": {"source": "/etc"}}, 403, "source_refused"),
        ({"json": {}}, 422, "usage"),
        ({"json": ["calls"]}, 400, "malformed_request"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, None),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "wrong_content_type"),
        ({"files": [("other", ("a.wav", b"x"))]}, 400, "malformed_request"),
        ({"files": [("file", (None, b"x"))]}, 400, "malformed_request"),
        ({"files": [("file", ("a.wav", b"x"))], "data": {"granularity": "word"}}, 422, "usage"),
        ({"files": [("file", ("a.wav", b"x"))], "data": {"model": "nobody"}}, 404, None),
        ({"files": [("file", ("a.wav", b"x"))], "data": {"labels": "bored"}}, 422, "usage"),
    ],
)
def test_what_is_no_job_is_refused_and_leaves_nothing(
    server: Server, request_: dict[str, Any], status: int, code: str | None
) -> None:
    before = {path.name for path in (server.home / "jobs").glob("*")}
    answer = server.post("/v1/jobs", **request_)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code
    assert {path.name for path in (server.home / "jobs").glob("*")} == before


@pytest.mark.parametrize("trick", ["../job.json", "job.json", "ledger.sqlite", "results.exe", ".."])
def test_only_results_are_files_of_a_job(server: Server, calls: Path, trick: str) -> None:
    job = server.post("/v1/jobs", files=files_of(calls)[:1]).json()
    status, answer = server.ask_literally("GET", f"/v1/jobs/{job['id']}/files/{trick}")
    assert status == 404
    assert answer["code"] in ("no_such_job", "no_such_route")
    assert server.get("/v1/jobs/0123").status_code == 404


def kept(server: Server, calls: Path) -> str:
    """A job that has ended, with its recordings."""
    answer = server.post("/v1/jobs", files=files_of(calls), data={"keep_audio": "true"})
    job_id: str = answer.json()["id"]
    ended(server, job_id)
    return job_id


def test_a_job_is_named_and_its_downloads_are_called_so(server: Server, calls: Path) -> None:
    job_id = kept(server, calls)
    url = f"{server.url}/v1/jobs/{job_id}"
    named = httpx2.patch(url, json={"name": " 回访 / May "}, trust_env=False).json()
    assert named["name"] == "回访 / May"
    assert server.get(f"/v1/jobs/{job_id}").json()["name"] == "回访 / May"
    for name, extension in (("results.csv", "csv"), ("archive.zip", "zip")):
        said = server.get(f"/v1/jobs/{job_id}/files/{name}").headers["content-disposition"]
        assert unquote(said).endswith(f"''回访 _ May.{extension}")
    assert httpx2.patch(url, json={"name": None}, trust_env=False).json()["name"] is None
    assert httpx2.patch(url, json={"state": "done"}, trust_env=False).status_code == 422


def test_recordings_stay_where_that_was_asked_for(server: Server, calls: Path) -> None:
    job_id = kept(server, calls)
    items = server.get(f"/v1/jobs/{job_id}/items").json()["items"]
    for item in items:
        answer = server.get(f"/v1/jobs/{job_id}/items/{item['position']}/audio")
        assert answer.content == (calls / item["path"]).read_bytes()
        assert unquote(answer.headers["content-disposition"]).endswith(f'"{item["path"]}"')
    assert server.get(f"/v1/jobs/{job_id}/items/{len(items)}/audio").status_code == 404
    without = server.post("/v1/jobs", files=files_of(calls)).json()["id"]
    assert not ended(server, without)["keep_audio"]
    assert server.get(f"/v1/jobs/{without}/items/0/audio").status_code == 404
    assert server.post(f"/v1/jobs/{without}/retry").json()["code"] == "usage"
    assert server.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert not (server.home / "jobs" / job_id).exists()


def test_what_failed_is_tried_again_and_nothing_else(server: Server, calls: Path) -> None:
    job_id = kept(server, calls)
    before = server.get(f"/v1/jobs/{job_id}/items").json()["items"]
    place = next(item["position"] for item in before if item["path"] == "broken.wav")
    good = next(item for item in before if item["documents"])
    (server.home / "jobs" / job_id / "inputs" / f"{place:06}").write_bytes(
        (calls / good["path"]).read_bytes()
    )
    assert server.post(f"/v1/jobs/{job_id}/retry").json()["state"] in ("waiting", "running")
    done = ended(server, job_id)
    assert (done["state"], done["progress"]["done"], done["progress"]["failed"]) == ("done", 5, 1)
    after = {i["position"]: i for i in server.get(f"/v1/jobs/{job_id}/items").json()["items"]}
    assert after[place]["documents"][0]["scores"] == good["documents"][0]["scores"]
    for item in before:
        if item["failure"] is None:
            assert after[item["position"]] == item


def test_a_recording_of_a_source_is_had_only_where_jobs_may_read(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    (call,) = write_calls(allowed, 1)
    with serving(tmp_path / "home", VOXCOR_JOB_SOURCES=json.dumps([str(allowed)])) as server:
        job_id = server.post("/v1/jobs", json={"source": str(allowed)}).json()["id"]
        assert ended(server, job_id)["keep_audio"]
        address = f"/v1/jobs/{job_id}/items/0/audio"
        assert server.get(address).content == call.read_bytes()
        secret = tmp_path / "secret.wav"
        secret.write_bytes(b"not for jobs")
        call.unlink()
        call.symlink_to(secret)
        assert server.get(address).json()["code"] == "source_refused"
