"""Ages by a clock that jumps: nothing is deleted too early, and what is old goes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from results_by_hand import happy_then_sad
from voxcor.disk.whole import write_whole
from voxcor.options import RecordingOptions
from voxcor.server.jobs.store import JobRecord, JobStore
from voxcor.server.results.store import ResultStore
from voxcor.server.retention import DAY_S, HOUR_S, Clock
from voxcor.settings import Settings

TODAY = 1_800_000_000.0


class Time:
    """A computer's clock, and what really passes."""

    def __init__(self) -> None:
        self.shown = TODAY
        self.passed = 0.0

    def clock(self, path: Path) -> Clock:
        return Clock(path, lambda: self.shown, lambda: self.passed)

    def jump(self, days: float) -> None:
        self.shown += days * DAY_S

    def run(self, sweep: Callable[[], None], seconds: float, every_s: float = 60) -> None:
        for _ in range(int(seconds / every_s) + 1):
            sweep()
            self.shown += every_s
            self.passed += every_s


class Kept:
    """A store of one kind, at work."""

    def __init__(self, kind: str, time: Time) -> None:
        self.kind, self.time = kind, time
        self.start()

    def start(self) -> None:
        settings = Settings(results_days=30, jobs_days=30)
        clock = self.time.clock(settings.home / f"{self.kind}.clock")
        self.results, self.jobs = ResultStore(settings, clock), JobStore(settings, clock)
        self.sweep = self.results.sweep if self.kind == "results" else self.jobs.sweep

    def add(self) -> str:
        name = f"{int(self.time.shown * 1000):012x}{len(self.listed()):020x}"
        if self.kind == "results":
            self.results.publish(name, happy_then_sad(), [], None, "call.wav")
        else:
            job = JobRecord(name, "2027-01-15 08:00:00", RecordingOptions(), None, None)
            self.jobs.publish(job, self.jobs.workplace(name))
            self.jobs.set_state(name, "done")
        return name

    def listed(self) -> list[str]:
        if self.kind == "results":
            return [document["id"] for document in self.results.page(200, None)[0]]
        return [job.id for job in self.jobs.all()]


@pytest.fixture(params=["results", "jobs"])
def kept(request: pytest.FixtureRequest) -> Kept:
    return Kept(request.param, Time())


@pytest.mark.parametrize("days", [31, -31, -20_000])
@pytest.mark.parametrize("lasts_s", [70, 10 * DAY_S])
def test_a_clock_that_jumps_while_the_server_runs_deletes_nothing(
    kept: Kept, days: float, lasts_s: float
) -> None:
    names = {kept.add()}
    kept.time.run(kept.sweep, 120)
    kept.time.jump(days)
    kept.time.run(kept.sweep, lasts_s, every_s=max(60, lasts_s / 100))
    names.add(kept.add())
    assert {*kept.listed()} == names
    kept.time.jump(-days)
    kept.time.run(kept.sweep, 3 * HOUR_S, every_s=600)
    names.add(kept.add())
    assert {*kept.listed()} == names
    # The clock shows some times twice: what was made then is taken for the younger.
    kept.time.run(kept.sweep, 62 * DAY_S, every_s=DAY_S / 2)
    assert kept.listed() == []


@pytest.mark.parametrize("days", [31, 4000, -20_000])
def test_a_server_that_starts_with_a_wrong_clock_deletes_nothing(kept: Kept, days: float) -> None:
    names = {kept.add()}
    kept.time.run(kept.sweep, 120)
    kept.time.jump(days)
    kept.start()
    kept.time.run(kept.sweep, 70)
    names.add(kept.add())
    kept.time.jump(-days)
    kept.time.run(kept.sweep, 2 * HOUR_S)
    assert {*kept.listed()} == names
    kept.start()
    kept.time.run(kept.sweep, 2 * HOUR_S)
    assert {*kept.listed()} == names
    kept.time.run(kept.sweep, 62 * DAY_S, every_s=DAY_S / 2)
    assert kept.listed() == []


def test_what_grew_old_while_the_server_was_off_goes_after_an_hour(kept: Kept) -> None:
    kept.add()
    kept.sweep()
    kept.time.jump(31)
    for _ in range(3):  # 20 minutes at a time are an hour as well
        kept.start()
        assert len(kept.listed()) == 1
        kept.time.run(kept.sweep, 20 * 60)
    assert kept.listed() == []


def test_a_weekend_between_two_starts_counts(kept: Kept) -> None:
    kept.add()
    for _ in range(40):
        kept.start()
        kept.time.run(kept.sweep, 120)
        kept.time.jump(0.9)
    assert kept.listed() == []


def test_the_newest_stands_for_the_last_look_where_none_is_written_down(kept: Kept) -> None:
    kept.add()
    (Settings().home / f"{kept.kind}.clock").unlink()
    kept.time.jump(31)
    kept.start()
    kept.sweep()
    assert len(kept.listed()) == 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"spans": []}', '{"spans": [{"first": 1}]}', "\0" * 40]
)
def test_a_state_that_is_damaged_is_set_aside(kept: Kept, content: str) -> None:
    kept.add()
    path = Settings().home / f"{kept.kind}.clock"
    write_whole(path, content)
    kept.time.jump(31)
    kept.start()
    kept.sweep()
    assert len(kept.listed()) == 1
    assert path.with_name(f"{path.name}.unreadable").exists()
    assert json.loads(path.read_text())["spans"]


def test_a_disk_that_cannot_keep_the_state_still_gets_room(kept: Kept) -> None:
    kept.add()
    path = Settings().home / f"{kept.kind}.clock"
    path.unlink()
    path.mkdir()
    (path / "in the way").touch()
    kept.time.run(kept.sweep, 31 * DAY_S, every_s=DAY_S / 4)
    assert kept.listed() == []


def test_beyond_their_limit_the_oldest_jobs_that_have_ended_go() -> None:
    store = JobStore(Settings(jobs_gb=0.0007))
    names = [f"{int(TODAY * 1000) + n:012x}{n:020x}" for n in range(4)]
    for name in names:
        workplace = store.workplace(name)
        (workplace / "inputs" / "000000").write_bytes(bytes(300_000))
        store.publish(
            JobRecord(name, "2027-01-15 08:00:00", RecordingOptions(), None, None), workplace
        )
    for name in names[1:]:
        store.set_state(name, "done")
    store.sweep()
    assert [job.id for job in store.all()] == [names[3], names[2], names[0]]
