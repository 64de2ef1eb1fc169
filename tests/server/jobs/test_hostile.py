"""/v1/jobs under what is meant to stop the server, or happens to it: it goes on, and says why."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import soundfile

from audio_files import speech
from batches import write_calls
from dying import killers_kill
from serving import Server, ended, files_of, serving, wait_until
from voxcor.errors import NoSuchJob
from voxcor.server.jobs.store import JOB_FILE, JobStore
from voxcor.settings import Settings


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    write_calls(folder, 2)
    return folder


def allowing(folder: Path) -> dict[str, str]:
    return {"VOXCOR_JOB_SOURCES": json.dumps([str(folder)])}


def memory_mb(server: Server) -> float:
    """The most the server's process has ever had."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) / 1000


def size_of(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def write_bomb(path: Path, minutes: int, channels: int = 1) -> None:
    """Hours of digital silence in kilobytes."""
    silence = np.zeros((60 * 8000, channels), np.int16)
    with soundfile.SoundFile(path, "w", 8000, channels, "PCM_16") as file:
        for _ in range(minutes):
            file.write(silence)


def write_long(path: Path, minutes: int) -> None:
    """Speech that takes many windows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.tile(speech(10), 6 * minutes), 16_000)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("channels", ["mix", "separate"])
def test_a_recording_longer_than_is_allowed_is_refused_in_a_job_too(
    calls: Path, tmp_path: Path, channels: str
) -> None:
    write_bomb(calls / "bomb.flac", 130, channels=2)
    home = tmp_path / "home"
    with serving(home) as server:
        server.recognize()
        before = memory_mb(server)
        fields = {"channels": channels}
        job = server.post("/v1/jobs", files=files_of(calls), data=fields).json()
        done = ended(server, job["id"])
        assert (done["state"], done["failures"]) == ("done", {"audio_too_long": 1})
        assert done["progress"]["done"] == 2
        assert memory_mb(server) < before + 100
        assert size_of(home) < 20_000_000


def test_the_length_is_counted_where_no_header_says_it(calls: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.flac"
    write_bomb(whole, 3)
    content = bytearray(whole.read_bytes())
    content[21] &= 0xF0  # STREAMINFO's 36 bits of the number of samples: not known
    content[22:26] = bytes(4)
    (calls / "bomb.flac").write_bytes(content)
    with serving(tmp_path / "home", VOXCOR_MAX_AUDIO_MIN="1") as server:
        job = server.post("/v1/jobs", files=files_of(calls)).json()
        assert ended(server, job["id"])["failures"] == {"audio_too_long": 1}


def test_what_is_no_file_blocks_nothing(calls: Path, tmp_path: Path) -> None:
    os.mkfifo(calls / "pipe.wav")
    os.mkfifo(calls / "list.csv")
    (calls / "files.csv").write_text("path\ncall000.wav\npipe.wav\n")
    with serving(tmp_path / "home", **allowing(calls)) as server:
        job = server.post("/v1/jobs", json={"source": str(calls / "files.csv")}).json()
        assert ended(server, job["id"])["failures"] == {"input_unreadable": 1}
        job = server.post("/v1/jobs", json={"source": str(calls / "list.csv")}).json()
        failed = ended(server, job["id"])
        assert (failed["state"], failed["error"]["code"]) == ("failed", "input_unreadable")
        job = server.post("/v1/jobs", json={"source": str(calls / "pipe.wav")}).json()
        assert ended(server, job["id"])["failures"] == {"input_unreadable": 1}


def test_a_silent_leg_costs_the_other_nothing(calls: Path, tmp_path: Path) -> None:
    silence = np.zeros(2 * 16_000, np.float32)
    legs = np.column_stack([silence, speech(2)])
    soundfile.write(calls / "call000.wav", legs, 16_000)
    soundfile.write(calls / "call001.wav", np.column_stack([silence, silence]), 16_000)
    with serving(tmp_path / "home") as server:
        fields = {"channels": "separate"}
        job = server.post("/v1/jobs", files=files_of(calls), data=fields).json()
        assert ended(server, job["id"])["progress"]["done"] == 1
        one, none = server.get(f"/v1/jobs/{job['id']}/items").json()["items"]
        table = server.get(f"/v1/jobs/{job['id']}/files/results.jsonl").text
    assert [document["audio"]["channel"] for document in one["documents"]] == [1]
    assert [(f["channel"], f["code"]) for f in one["channel_failures"]] == [(0, "no_speech")]
    assert none["failure"]["code"] == "no_speech"
    assert [failed["channel"] for failed in none["channel_failures"]] == [0, 1]
    rows = [json.loads(line) for line in table.splitlines()]
    assert [row.get("code") for row in rows] == ["no_speech", None, "no_speech", "no_speech"]


def starts_until_it_ends(home: Path, job_id: str, **environment: str) -> dict[str, Any]:
    """The job after at most four starts of a server that may die of it."""
    for _ in range(4):
        with serving(home, ready=False, **environment) as server:
            url = f"/v1/jobs/{job_id}"
            while server.process.poll() is None:
                try:
                    document: dict[str, Any] = server.get(url).json()
                except httpx2.TransportError:  # the connection broke as the server died
                    continue
                if document["state"] not in ("waiting", "running"):
                    return document
                time.sleep(0.05)
    raise AssertionError("the server dies of the job at every start")


@pytest.mark.parametrize("what", ["item", "source"])
def test_what_kills_the_server_twice_is_not_tried_again(
    calls: Path, tmp_path: Path, what: str
) -> None:
    environment = killers_kill(tmp_path, "serve")
    home = tmp_path / "home"
    if what == "item":
        (calls / "call000.wav").rename(calls / "killer.wav")
    else:
        calls = calls.rename(tmp_path / "killer")
    with serving(home, **environment, **allowing(calls)) as server:
        job = server.post("/v1/jobs", json={"source": str(calls)}).json()
        server.process.wait()
    done = starts_until_it_ends(home, job["id"], **environment, **allowing(calls))
    if what == "item":
        assert (done["state"], done["failures"]) == ("done", {"killed_twice": 1})
        assert done["progress"]["done"] == 1
    else:
        assert (done["state"], done["error"]["code"]) == ("failed", "killed_twice")


def test_cancelling_is_felt_within_a_recording_and_nobody_waits(tmp_path: Path) -> None:
    write_long(tmp_path / "calls" / "long.wav", 60)
    with serving(tmp_path / "home") as server:
        job = server.post("/v1/jobs", files=files_of(tmp_path / "calls")).json()
        url = f"/v1/jobs/{job['id']}"
        wait_until(lambda: server.get(url).json()["progress"]["total"] == 1, "the beginning")
        server.post(f"{url}/cancel")
        done = ended(server, job["id"])
        assert (done["state"], done["progress"]["done"]) == ("cancelled", 0)
        assert server.recognize().status_code == 200


def test_a_running_job_that_is_deleted_is_gone_at_once(tmp_path: Path) -> None:
    write_long(tmp_path / "calls" / "long.wav", 60)
    home = tmp_path / "home"
    with serving(home) as server:
        job = server.post("/v1/jobs", files=files_of(tmp_path / "calls")).json()
        url = f"/v1/jobs/{job['id']}"
        wait_until(lambda: server.get(url).json()["progress"]["total"] == 1, "the beginning")
        assert server.delete(url).status_code == 204
        assert server.get(url).status_code == 404
        wait_until(lambda: not [*(home / "jobs").iterdir()], "what is left of it")


def test_a_job_that_was_deleted_as_it_ran_does_not_come_back(calls: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home) as server:
        job = server.post("/v1/jobs", files=files_of(calls)).json()
        ended(server, job["id"])
    store = JobStore(Settings(home=home))
    store.hide(job["id"], JOB_FILE)  # and the server was killed
    assert ([*store.all()], store.unreadable()) == ([], [])
    with pytest.raises(NoSuchJob):
        store.find(job["id"])
    with serving(home) as server:
        assert server.get("/v1/jobs").json()["jobs"] == []
        assert not [*(home / "jobs").iterdir()]


def test_two_signals_stop_the_server_whatever_runs(tmp_path: Path) -> None:
    write_long(tmp_path / "calls" / "long.wav", 60)
    with serving(tmp_path / "home") as server:
        job = server.post("/v1/jobs", files=files_of(tmp_path / "calls")).json()
        url = f"/v1/jobs/{job['id']}"
        wait_until(lambda: server.get(url).json()["progress"]["total"] == 1, "the beginning")
        for _ in range(2):
            server.process.send_signal(signal.SIGTERM)
        server.process.wait(30)
    with serving(tmp_path / "home") as again:
        assert again.get(url).json()["state"] in ("waiting", "running")
        again.delete(url)


def test_uploads_go_with_the_end_and_jobs_with_their_time(calls: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home) as server:
        job = server.post("/v1/jobs", files=files_of(calls)).json()
        ended(server, job["id"])
        wait_until(lambda: not (home / "jobs" / job["id"] / "inputs").exists(), "the uploads")
    old = f"{int((time.time() - 40 * 86_400) * 1000):012x}{job['id'][12:]}"
    folder = (home / "jobs" / job["id"]).rename(home / "jobs" / old)
    text = (folder / "job.json").read_text().replace(job["id"], old)
    (folder / "job.json").write_text(text)
    with serving(home) as server:
        assert server.get(f"/v1/jobs/{old}").status_code == 404
        assert not folder.exists()


def test_a_ledger_that_cannot_be_read_costs_no_other_job_anything(
    calls: Path, tmp_path: Path
) -> None:
    with serving(tmp_path / "home") as server:
        jobs = [server.post("/v1/jobs", files=files_of(calls)).json()["id"] for _ in range(2)]
        for job_id in jobs:
            ended(server, job_id)
        damaged = server.home / "jobs" / jobs[0]
        for path in damaged.glob("ledger.sqlite*"):
            path.write_bytes(b"something else entirely" * 100)
        newest, oldest = server.get("/v1/jobs").json()["jobs"]
        assert (newest["id"], newest["progress"]["done"], newest["error"]) == (jobs[1], 2, None)
        assert (oldest["id"], oldest["error"]["code"]) == (jobs[0], "ledger_corrupt")
        assert server.delete(f"/v1/jobs/{jobs[0]}").status_code == 204


def test_only_so_many_jobs_wait(calls: Path, tmp_path: Path) -> None:
    write_long(tmp_path / "many" / "long.wav", 60)
    with serving(tmp_path / "home", VOXCOR_JOBS_WAITING="1") as server:
        job = server.post("/v1/jobs", files=files_of(tmp_path / "many")).json()
        refused = server.post("/v1/jobs", files=files_of(calls))
        assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
        assert int(refused.headers["retry-after"]) > 0
        server.delete(f"/v1/jobs/{job['id']}")
        wait_until(lambda: server.post("/v1/jobs", files=files_of(calls)).status_code == 202)


def test_a_list_may_not_name_any_number(calls: Path, tmp_path: Path) -> None:
    (calls / "all.csv").write_text("key,path\n" + "".join(f"{n},call000.wav\n" for n in range(9)))
    with serving(tmp_path / "home", VOXCOR_JOB_ITEMS="8", **allowing(calls)) as server:
        job = server.post("/v1/jobs", json={"source": str(calls / "all.csv")}).json()
        failed = ended(server, job["id"])
    assert (failed["state"], failed["error"]["code"]) == ("failed", "manifest_error")
    assert failed["progress"]["total"] == 0


def test_many_channels_keep_their_recording_once(tmp_path: Path) -> None:
    made = tmp_path / "array.wav"
    soundfile.write(made, np.tile(speech(2)[:, None], 8), 16_000)
    with serving(tmp_path / "home") as server:
        fields = {"channels": "separate", "keep_audio": "true"}
        answer = server.recognize(made.read_bytes(), "array.wav", **fields)
        assert len(answer.json()["results"]) == 8
        kept = [*(server.home / "results").glob("*/original.wav")]
        assert len(kept) == 8
        assert len({path.stat().st_ino for path in kept}) == 1
        soundfile.write(made, np.zeros((16_000, 64), np.int16), 16_000)
        refused = server.recognize(made.read_bytes(), "array.wav", **fields)
        assert (refused.status_code, refused.json()["code"]) == (422, "too_many_channels")


@contextmanager
def on_a_small_disk(home: Path, megabytes: int) -> Iterator[tuple[Server, Path]]:
    """A server whose home is a disk of its own, and where that is seen from here."""
    if shutil.which("unshare") is None or not Path("/proc/self/root").exists():
        pytest.skip("needs unshare and /proc to mount a small disk of its own")
    home.mkdir()
    unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = f'mount -t tmpfs -o size={megabytes}m none "$0" || exit 77; exec "$@"'
    tried = subprocess.run([*unshare, mount, str(home), "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("this machine lets no one mount a small disk")
    with serving(home, under=lambda command: [*unshare, mount, str(home), *command]) as server:
        yield server, Path(f"/proc/{server.process.pid}/root{home}")


def test_a_full_disk_ends_a_job_and_is_no_end_of_the_server(tmp_path: Path) -> None:
    write_calls(tmp_path / "many", 60)
    with on_a_small_disk(tmp_path / "home", 24) as (server, disk):
        job = server.post("/v1/jobs", files=files_of(tmp_path / "many")).json()
        url = f"/v1/jobs/{job['id']}"
        wait_until(lambda: server.get(url).json()["progress"]["done"] > 0)
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            for piece in (1 << 20, 1 << 12, 1):
                try:
                    while file.write(bytes(piece)):
                        pass
                except OSError:
                    continue
        failed = ended(server, job["id"])
        assert (failed["state"], failed["error"]["code"]) == ("failed", "disk_full")
        assert server.delete(url).status_code == 204
        assert server.get(url).status_code == 404
        filler.unlink()
        again = server.post("/v1/jobs", files=files_of(tmp_path / "many")[:3]).json()
        assert ended(server, again["id"])["progress"]["done"] == 3
