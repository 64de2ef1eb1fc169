"""State on the disk, damaged in every way: the rest is listed, and nothing but our errors comes."""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from results_by_hand import with_frames
from serving import serving
from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.items import Item, Outcome
from voxcor.batch.ledger import Ledger
from voxcor.errors import NoSuchResult, StateUnreadable, VoxcorError
from voxcor.options import RecordingOptions
from voxcor.result_folder import to_json
from voxcor.results import Failure
from voxcor.rules.book import RuleBook
from voxcor.server.event_log import LogEntry
from voxcor.server.jobs.store import JOB_FILE, JobRecord, JobStore
from voxcor.server.results.store import LOG_FILE, ResultStore
from voxcor.server.retention import Clock
from voxcor.settings import Settings
from voxcor.training.state import claimed

GOOD, BAD = "01" + 30 * "a", "01" + 30 * "b"

Damage = Callable[[bytes], bytes]


class Files(dict[str, bytes]):
    """Content by name below VOXCOR_HOME."""

    def __repr__(self) -> str:
        return f"{len(self)} files"


def _in_json(content: bytes, place: int, value: Any) -> bytes:
    """Another value at one place of the document; where it is none, other text."""
    try:
        document = json.loads(content)
    except ValueError:
        return json.dumps(value).encode()
    places = [(None, None)]

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    if isinstance(document, dict | list):
        walk(document)
    node, key = places[place % len(places)]
    if node is None:
        document = value
    else:
        node[key] = value
    return json.dumps(document).encode()


def _flipped(content: bytes, place: int, bits: int) -> bytes:
    changed = bytearray(content or b"\0")
    changed[place % len(changed)] ^= bits
    return bytes(changed)


def _zeroed(content: bytes, place: int, length: int) -> bytes:
    start = place % (len(content) + 1)
    return content[:start] + bytes(min(length, len(content) - start)) + content[start + length :]


big = st.integers(0, 1 << 20)
values: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1e999, 2**70, "", "x", "\ud800", [], {}, [[]], {"a": 1}, 0.5]
)
damages: st.SearchStrategy[Damage] = st.one_of(
    st.builds(lambda n: lambda c: c[: n % (len(c) + 1)], big),
    st.builds(lambda n, b: lambda c: _flipped(c, n, b), big, st.integers(1, 255)),
    st.builds(lambda n, s: lambda c: _zeroed(c, n, s), big, st.sampled_from([1, 16, 512, 4096])),
    st.builds(lambda n, v: lambda c: _in_json(c, n, v), big, values),
    st.builds(lambda b: lambda _: b, st.binary(max_size=100)),
    st.sampled_from(
        [
            lambda _: b"[" * 100_000,
            lambda _: b'{"a": ' + b"9" * 5000 + b"}",
            lambda c: c.decode("utf-8", "replace").encode("utf-16"),
            lambda c: b"\xef\xbb\xbf" + c,
            lambda c: c + c,
        ]
    ),
)
many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextlib.contextmanager
def home(files: dict[str, bytes]) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield Settings(home=Path(folder))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a result and of a job, by their names below VOXCOR_HOME."""
    chosen = Settings(home=tmp_path_factory.mktemp("home"))
    ResultStore(chosen).publish(
        GOOD, with_frames(), [LogEntry("done", {"id": GOOD})], None, "a.wav"
    )
    store = JobStore(chosen)
    store.publish(
        JobRecord(GOOD, "2026-11-28 08:00:00", RecordingOptions(), None, None),
        store.workplace(GOOD),
    )
    document = with_frames().to_document() | {"frames": None, "embedding": None}
    with Ledger(chosen.jobs / GOOD) as ledger:
        ledger.begin({"version": 1, "model": {"labels": ["happy"]}})
        ledger.add(Item(n, f"{n}.wav", f"/calls/{n}.wav") for n in range(20))
        for n in range(15):
            ledger.record(Outcome(n, f"{n:064}", [document]))
        ledger.record(Outcome(15, None, failure=Failure("15.wav", "not_audio", "No sound.")))
    found = chosen.home.rglob("*")
    files = (path for path in found if path.is_file() and path.suffix != ".clock")
    return Files((str(path.relative_to(chosen.home)), path.read_bytes()) for path in files)


def with_bad(stored: Files, kind: str, damaged: str, damage: Damage) -> Files:
    """The same twice, the second with a damaged file."""
    good = {name: content for name, content in stored.items() if name.startswith(kind)}
    bad = {
        name.replace(GOOD, BAD): c.replace(GOOD.encode(), BAD.encode()) for name, c in good.items()
    }
    name = f"{kind}/{BAD}/{damaged}"
    return Files(good | bad | {name: damage(bad[name])})


@many
@given(damage=damages)
def test_a_damaged_result_costs_no_other(stored: Files, damage: Damage) -> None:
    with home(with_bad(stored, "results", "result.json", damage)) as chosen:
        results = ResultStore(chosen)
        for _ in range(2):
            page, following = results.page(10, None)
            to_json({"results": page, "next": following}).encode()
            ids = [document["id"] for document in page]
            assert GOOD in ids
            assert results.unreadable() == ([] if BAD in ids else [f"{BAD}.unreadable"])
        results.sweep()
        results.delete(BAD)
        assert {path.name for path in chosen.results.iterdir()} == {GOOD}


@many
@given(damage=damages)
def test_a_damaged_log_is_told_and_costs_nothing_else(stored: Files, damage: Damage) -> None:
    with home(with_bad(stored, "results", LOG_FILE, damage)) as chosen:
        results = ResultStore(chosen)
        try:
            to_json([dict(event.data) for event in results.events(BAD)]).encode()
        except StateUnreadable:
            with pytest.raises(NoSuchResult):
                results.events(BAD)
        assert len(results.page(10, None)[0]) == 2


@many
@given(damage=damages)
def test_a_damaged_job_costs_no_other(stored: Files, damage: Damage) -> None:
    with home(with_bad(stored, "jobs", JOB_FILE, damage)) as chosen:
        store = JobStore(chosen)
        for _ in range(2):
            ids = [job.id for job in store.all()]
            assert GOOD in ids
            assert store.unreadable() == ([] if BAD in ids else [f"{BAD}.unreadable"])
        store.sweep()
        assert store.counts(GOOD).done == 15
        store.delete(BAD)
        assert {path.name for path in chosen.jobs.iterdir()} == {GOOD}


@many
@given(damage=damages, ended=st.booleans())
def test_a_damaged_ledger_costs_no_other_job(stored: Files, damage: Damage, ended: bool) -> None:
    with home(with_bad(stored, "jobs", LEDGER_FILE, damage)) as chosen:
        store = JobStore(chosen)
        if ended:
            store.set_state(BAD, "done")
        for _ in range(2):
            for job in store.all():
                store.counts(job.id)
        with contextlib.suppress(VoxcorError), Ledger(chosen.jobs / BAD) as ledger:
            for read in (
                lambda: [*ledger.rows()],
                lambda: [*ledger.waiting()],
                lambda: [*ledger.to_retry()],
                lambda: ledger.mark,
                ledger.recorded_after,
                ledger.counts,
                ledger.failure_codes,
                ledger.reopen_lost,
            ):
                with contextlib.suppress(VoxcorError):
                    read()
        assert {job.id for job in store.all()} == {GOOD, BAD}


@many
@given(damage=damages)
def test_other_damaged_state_is_one_of_our_errors(damage: Damage) -> None:
    rules = b'{"schema_version": 1, "rules": [{"rule": "hot: angry", "webhook": null}]}'
    clock = b'{"spans": [{"first": 1, "last": 2, "offset": 0}], "unsure_s": 0, "doubt_s": 0}'
    mark = b'{"data": "a"}'
    files = {"rules.json": damage(rules), "x.clock": damage(clock), "t/begun.json": damage(mark)}
    with home(files) as chosen:
        with contextlib.suppress(VoxcorError):
            RuleBook(chosen.home).all()
        Clock(chosen.home / "x.clock").look(list)
        with contextlib.suppress(VoxcorError), claimed(chosen.home / "t", {"data": "a"}):
            pass


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _folder(path: Path) -> None:
    (path / "inside").mkdir(parents=True)


def _nothing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are of POSIX")
@pytest.mark.parametrize("stand_in", [_pipe, _loop, _folder, _nothing])
@pytest.mark.parametrize("kind", ["results", "jobs"])
def test_something_else_in_the_place_of_state_costs_nothing_else(
    stored: Files, kind: str, stand_in: Callable[[Path], None]
) -> None:
    name = "result.json" if kind == "results" else JOB_FILE
    with home(with_bad(stored, kind, name, bytes)) as chosen:
        folder = chosen.home / kind
        (folder / BAD / name).unlink()
        stand_in(folder / BAD / name)
        (folder / ("01" + 30 * "c")).write_text("a file where a folder should be")
        _loop(folder / ("01" + 30 * "d"))
        store = ResultStore(chosen) if kind == "results" else JobStore(chosen)
        if isinstance(store, ResultStore):
            listed = [document["id"] for document in store.page(10, None)[0]]
        else:
            listed = [job.id for job in store.all()]
        assert listed == [GOOD]
        assert [name[:33] for name in store.unreadable()] == [
            f"01{30 * letter}." for letter in "dcb"
        ]
        store.sweep()
        for unreadable in store.unreadable():
            store.delete(unreadable[:32])
        assert {path.name for path in folder.iterdir()} == {GOOD}


def test_a_server_starts_and_lists_the_rest(stored: Files, tmp_path: Path) -> None:
    files = {
        **with_bad(stored, "results", "result.json", lambda _: b""),
        **with_bad(stored, "jobs", JOB_FILE, lambda _: b""),
        "rules.json": b"",
    }
    with home(files) as chosen, serving(chosen.home) as server:
        page = server.get("/v1/results").json()
        assert [document["id"] for document in page["results"]] == [GOOD]
        assert page["unreadable"] == [f"{BAD}.unreadable"]
        jobs = server.get("/v1/jobs").json()
        assert [job["id"] for job in jobs["jobs"]] == [GOOD]
        assert jobs["unreadable"] == [f"{BAD}.unreadable"]
        server.says(f"{BAD}.unreadable")
        assert server.recognize().status_code == 200
        assert server.delete(f"/v1/results/{BAD}").status_code == 204
        assert "unreadable" not in server.get("/v1/results").json()
