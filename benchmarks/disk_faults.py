"""Every place where Voxcor writes, and everything that can happen to it while it does.

    python benchmarks/disk_faults.py [PLACE ...]

For each place: a kill (SIGKILL) and a power cut after each system call that changes anything
(`power_cut` says how, and why that is fair); a disk that is full, or out of inodes, at several
moments; a folder that has become read-only; and, where age matters, a clock that jumps. What was
there before, and what was promised, must be there after it, whole, and nothing half-written beside
it; then the same must succeed. Prints a table and exits with 1 where anything was lost.

Needs Linux and strace; full and read-only disks are small tmpfs, which only root may mount.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from power_cut import PROMISE, Tree, digest, read_tree, record, states, write_tree
from voxcor.errors import VoxcorError

FREE = (0.0, 0.3, 0.6, 0.95)  # of what is written
INODES = (0, 2)

# The disk's own, and state of which a reader makes sure itself.
_UNCOMPARED = (
    "ledger.sqlite",
    ".lock",
    ".clock",
    "lock",
    "begun.json",
    "heard.f32",
    "results.jsonl",
)

ID = "0190000000000000000000000000000a"
OLD_ID = "01800000000000000000000000000000"


@dataclass(frozen=True)
class Place:
    """Something that writes below a root.

    `prepare` makes what was there before, `write` writes; when it returns it has promised. A `unit`
    of the tree, its first `depth` names, is there whole or not at all. `read` is what the next
    start does; it raises, or says what is wrong.
    """

    name: str
    write: Callable[[Path, Path], None]
    prepare: Callable[[Path, Path], None] = lambda _root, _kit: None
    depth: int = 2
    read: Callable[[Path, bool], str | None] = lambda _root, _promised: None
    clock: Callable[[Path], str | None] | None = None


def settings_of(root: Path):
    from voxcor.settings import Settings

    return Settings(home=root / "home")


# What is written


def result(**changes):
    from results_by_hand import with_frames

    return with_frames(**changes)


def save_result(root: Path, _kit: Path, timestamp: str = "2026-11-28 08:00:00") -> None:
    from voxcor.result_folder import save

    save(result(timestamp=timestamp), root / "outputs")


def save_old_result(root: Path, kit: Path) -> None:
    save_result(root, kit, "2026-11-27 08:00:00")


def read_outputs(root: Path, _promised: bool) -> str | None:
    from voxcor.disk.whole import clear_abandoned
    from voxcor.exports.content import read_content

    clear_abandoned(root / "outputs")
    for folder in (root / "outputs").glob("*"):
        if read_content(folder).curve is None:
            return f"{folder.name} has no frames"
    return None


def batch(root: Path, kit: Path) -> None:
    from voxcor.batch.run import run_batch
    from voxcor.options import RecordingOptions

    run_batch(
        str(kit / "calls"),
        root / "batch",
        model="small",
        options=RecordingOptions(granularity="frame", embedding=True),
        begin="resume",
        workers=1,
    )


def read_batch(root: Path, promised: bool) -> str | None:
    from voxcor.batch.database import LEDGER_FILE
    from voxcor.batch.ledger import Ledger

    folder = root / "batch"
    if not (folder / LEDGER_FILE).exists():
        return "no ledger" if promised else None
    with Ledger(folder) as ledger:
        if not ledger.begun:
            return "an empty ledger" if promised else None
        lost = ledger.reopen_lost()
        table = folder / "results.jsonl"
        if table.exists():
            [json.loads(line) for line in table.read_text().splitlines()]
        done = ledger.counts().done
        if promised and (lost or done != CALLS or not (folder / "results.jsonl").is_file()):
            return f"{done} of {CALLS} done, {lost} lost"
    return None


def job(job_id: str = ID):
    from voxcor.options import RecordingOptions
    from voxcor.server.jobs.store import JobRecord

    return JobRecord(job_id, "2026-11-28 08:00:00", RecordingOptions(), None, None)


def publish_job(root: Path, _kit: Path, job_id: str = ID) -> None:
    from voxcor.disk.faults import storage_errors
    from voxcor.server.jobs.store import INPUTS, JobStore

    store = JobStore(settings_of(root))
    workplace = store.workplace(job_id)
    try:
        with storage_errors(workplace):
            for number in range(3):  # as `server.uploads` does
                (workplace / INPUTS / f"{number:06}").write_bytes(bytes([number]) * 50_000)
        store.publish(job(job_id), workplace)
    finally:
        store.discard(workplace)


def publish_old_job(root: Path, kit: Path) -> None:
    publish_job(root, kit, OLD_ID)


def end_job(root: Path, _kit: Path) -> None:
    from voxcor.server.jobs.store import JobStore

    JobStore(settings_of(root)).set_state(OLD_ID, "done")


def delete_job(root: Path, _kit: Path) -> None:
    from voxcor.server.jobs.store import JobStore

    JobStore(settings_of(root)).delete(OLD_ID)


def read_jobs(root: Path, _promised: bool) -> str | None:
    from voxcor.server.jobs.store import JobStore

    store = JobStore(settings_of(root))
    store.clear_drafts()
    listed = {job.id for job in store.all()}
    return _listed(root / "home" / "jobs", listed, store.unreadable())


def publish_result(root: Path, kit: Path, result_id: str = ID) -> None:
    from voxcor.disk.faults import storage_errors
    from voxcor.server.event_log import LogEntry
    from voxcor.server.results.store import ResultStore

    results = ResultStore(settings_of(root))
    with results.workplace(result_id) as folder:
        upload = folder / "upload"
        with storage_errors(folder):
            upload.write_bytes((kit / "calls" / "call000.wav").read_bytes())
        results.publish(result_id, result(), [LogEntry("done", {"id": result_id})], upload, "a.wav")


def publish_old_result(root: Path, kit: Path) -> None:
    publish_result(root, kit, OLD_ID)


def delete_result(root: Path, _kit: Path) -> None:
    from voxcor.server.results.store import ResultStore

    ResultStore(settings_of(root)).delete(OLD_ID)


def read_results(root: Path, _promised: bool) -> str | None:
    from voxcor.server.results.store import ResultStore

    results = ResultStore(settings_of(root))
    results.clear_drafts()
    page, _ = results.page(200, None)
    for document in page:
        results.events(document["id"])
    listed = {document["id"] for document in page}
    return _listed(root / "home" / "results", listed, results.unreadable())


def _listed(folder: Path, listed: set[str], unreadable: list[str]) -> str | None:
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if unreadable:
        return f"unreadable: {unreadable}"
    return None if there == listed else f"{sorted(there ^ listed)} left"


def put_rule(root: Path, _kit: Path, rule: str = "hot: angry") -> None:
    from voxcor.rules.book import RuleBook, SavedRule
    from voxcor.rules.grammar import parse

    RuleBook(root / "home").put(SavedRule(parse(rule)))


def put_old_rule(root: Path, kit: Path) -> None:
    put_rule(root, kit, "old: sad")


def read_rules(root: Path, promised: bool) -> str | None:
    from voxcor.rules.book import RuleBook

    names = [saved.rule.name for saved in RuleBook(root / "home").all()]
    return None if names == ["hot", "old"] or (names == ["old"] and not promised) else str(names)


def pull_model(root: Path, kit: Path) -> None:
    from voxcor.models.pull import pull

    pull("plus-seed", source=kit / "official")


def pull_int8(root: Path, kit: Path) -> None:
    import soundfile

    from voxcor.models.pull import pull

    speech = [
        soundfile.read(path, dtype="float32")[0] for path in sorted((kit / "calls").iterdir())
    ]
    pull("plus-seed", precision="int8", speech=speech)


def read_model(root: Path, promised: bool) -> str | None:
    from voxcor.errors import ModelNotInstalled
    from voxcor.models.cards import record_of
    from voxcor.models.store import find_model

    try:
        found = find_model("plus-seed")
    except ModelNotInstalled:
        return "no model" if promised else None
    for name, written in found.card.files.items():
        if record_of(found.path / name) != written:
            return f"{name} is another"
    return None


def train(root: Path, kit: Path) -> None:
    from voxcor.training.head import train_head

    train_head(kit / "manifest.csv", root / "mine" / "model", model="small", overwrite=True)


def read_trained(root: Path, promised: bool) -> str | None:
    from voxcor.errors import UnknownModel
    from voxcor.models.store import find_model

    try:
        find_model(str(root / "mine" / "model"))
    except UnknownModel:
        return "no model" if promised else None
    return None


def finetune_state(root: Path, _kit: Path, step: int = 2) -> None:
    import torch

    from voxcor.training import state

    with state.claimed(root / "training" / "here", {"data": "a"}):
        state.save(
            root / "training" / "here" / state.STATE_FILE,
            {"position": state.Position(step).to_dict(), "weights": {"w": torch.ones(20_000)}},
        )


def first_state(root: Path, kit: Path) -> None:
    finetune_state(root, kit, 1)


def read_state(root: Path, promised: bool) -> str | None:
    import torch

    from voxcor.training import state

    with state.claimed(root / "training" / "here", {"data": "a"}):
        found = state.load(root / "training" / "here" / state.STATE_FILE, torch.device("cpu"))
    step = found and state.Position.from_dict(found["position"]).step
    return None if step == 2 or (step == 1 and not promised) else f"step {step}"


def clips(root: Path, kit: Path) -> None:
    from voxcor.datasets.manifest import Utterance
    from voxcor.disk.faults import storage_errors
    from voxcor.disk.whole import make_folder
    from voxcor.training.clips import prepare_clips

    with storage_errors(root / "training"):
        make_folder(root / "training" / "here")
    found = [
        Utterance(path, "happy", None, row, {})
        for row, path in enumerate(sorted((kit / "calls").iterdir()), 1)
    ]
    prepare_clips(found, ["happy"], root / "training" / "here" / "heard.f32")


def read_clips(root: Path, promised: bool) -> str | None:
    from voxcor.training.clips import _index

    file = root / "training" / "here" / "heard.f32"
    found = _index(file.with_suffix(".json"), file, CALLS)
    if found is None:
        return "no clips" if promised else None
    return None if file.stat().st_size == 4 * sum(found["lengths"]) else "another size"


def calibrate(root: Path, _kit: Path) -> None:
    from test_calibration import CALIBRATION

    from voxcor.evaluation.calibration import store_temperature
    from voxcor.models.store import find_model

    store_temperature(find_model("plus-seed"), CALIBRATION)


def install(root: Path, _kit: Path) -> None:
    from test_store import install

    install("plus-seed")


def read_card(root: Path, promised: bool) -> str | None:
    from voxcor.models.store import find_model

    temperature = find_model("plus-seed").card.temperature
    right = (2.25,) if promised else (1.5, 2.25)  # `test_store.CARD` has 1.5, and so the change
    return None if temperature in right else f"temperature {temperature}"


def export(root: Path, kit: Path) -> None:
    from typer.testing import CliRunner

    from voxcor.cli import app

    called = ["export", str(root / "outputs" / "outputs_20261127_080000"), "--format", "srt"]
    found = CliRunner().invoke(app, [*called, "--out", str(root / "exports" / "call.srt")])
    if found.exit_code:
        raise VoxcorError(reason=found.output or repr(found.exception))


def evaluate(root: Path, kit: Path) -> None:
    from voxcor.datasets.manifest import read_manifest
    from voxcor.evaluation.measurement import evaluate
    from voxcor.evaluation.report.files import save
    from voxcor.recognizer import Recognizer

    manifest = read_manifest(kit / "manifest.csv")
    save(evaluate(Recognizer("small"), manifest, source="manifest.csv"), root / "outputs")


def stretch(root: Path, kit: Path) -> None:
    from voxcor.datasets.clips import clip_of

    clip_of(kit / "calls" / "call000.wav", 0.2, 0.8)


def embeddings(root: Path, kit: Path) -> None:
    import numpy as np

    from voxcor.disk.faults import storage_errors
    from voxcor.training.embeddings import _write

    path = root / "home" / "embeddings" / "small" / "ab" / "a.npy"
    with storage_errors(path):
        _write(path, np.ones(5_000, np.float32))


# Clocks


def clock_of_results(root: Path) -> str | None:
    from voxcor.server.results.store import ResultStore
    from voxcor.server.retention import DAY_S, Clock

    settings = settings_of(root)

    def store(now: Callable[[], float], elapsed: Callable[[], float]) -> ResultStore:
        return ResultStore(settings, Clock(settings.home / "results.clock", now, elapsed))

    def publish(results: ResultStore, at: float) -> None:
        results.publish(f"{int(at * 1000):012x}" + 20 * "0", result(), [], None, "a.wav")

    return _jumped(store, publish, lambda results: len(results.page(200, None)[0]), DAY_S)


def clock_of_jobs(root: Path) -> str | None:
    from voxcor.server.jobs.store import JobStore
    from voxcor.server.retention import DAY_S, Clock

    settings = settings_of(root)

    def store(now: Callable[[], float], elapsed: Callable[[], float]) -> JobStore:
        return JobStore(settings, Clock(settings.home / "jobs.clock", now, elapsed))

    def publish(jobs: JobStore, at: float) -> None:
        job_id = f"{int(at * 1000):012x}" + 20 * "0"
        jobs.publish(job(job_id), jobs.workplace(job_id))
        jobs.set_state(job_id, "done")

    return _jumped(store, publish, lambda jobs: len([*jobs.all()]), DAY_S)


def _jumped(store, publish, count, day_s: float) -> str | None:
    """Lets the clock jump in all directions, with looks in between, and counts what is left."""
    clock, passed = 1_800_000_000.0, 0.0
    kept = 0

    def run(places, jump: float, minutes: int) -> None:
        nonlocal clock, passed
        clock += jump
        for _ in range(minutes):
            places.sweep()
            clock, passed = clock + 60, passed + 60

    def now() -> float:
        return clock

    def elapsed() -> float:
        return passed

    for jump in (31, -31, -20_000, 20_000, 3000, -3000, -40, 40):  # days; while it runs
        places = store(now, elapsed)
        publish(places, clock)
        kept += 1
        run(places, jump * day_s, 2)
        publish(places, clock)
        kept += 1
        run(places, 0, 200)
        run(places, -jump * day_s, 2)
        if count(places) != kept:
            return f"{kept - count(places)} of {kept} deleted by a jump of {jump} days"
    for jump in (31, 3000, -3000):  # while it was off, and put right after a minute
        clock += jump * day_s
        places = store(now, elapsed)
        run(places, 0, 2)
        run(places, -jump * day_s, 2)
        if count(places) != kept:
            return f"{kept - count(places)} of {kept} deleted by a start {jump} days off"
    places = store(now, elapsed)
    for _ in range(200):  # and what is old by a right clock goes
        clock, passed = clock + day_s / 2, passed + day_s / 2
        places.sweep()
    return None if count(places) == 0 else f"{count(places)} never deleted"


CALLS = 4

PLACES = (
    Place("recognize --out", save_result, save_old_result, 2, read_outputs),
    Place("batch", batch, depth=9, read=read_batch),
    Place("job: upload", publish_job, publish_old_job, 3, read_jobs, clock_of_jobs),
    Place("job: state", end_job, publish_old_job, 9, read_jobs),
    Place("job: delete", delete_job, publish_old_job, 3, read_jobs),
    Place("result: publish", publish_result, publish_old_result, 3, read_results, clock_of_results),
    Place("result: delete", delete_result, publish_old_result, 3, read_results),
    Place("rules", put_rule, put_old_rule, 2, read_rules),
    Place("models pull --from", pull_model, pull_model, 3, read_model),
    Place("models pull int8", pull_int8, pull_model, 3, read_model),
    Place("train: model", train, train, 2, read_trained),
    Place("train: state", finetune_state, first_state, 9, read_state),
    Place("train: clips", clips, depth=9, read=read_clips),
    Place("train: embeddings", embeddings, depth=9),
    Place("calibration", calibrate, install, 9, read_card),
    Place("export", export, save_old_result, 9),
    Place("evaluate", evaluate, save_old_result, 2),
    Place("stretches", stretch, depth=9),
)


# The faults


def make_kit(kit: Path) -> None:
    """What is read, and never written."""
    from batches import write_calls
    from checkpoints import write_checkpoint

    paths = write_calls(kit / "calls", CALLS)
    voices = write_calls(kit / "voices", 12)
    rows = [f"{path},{('angry', 'sad')[n % 2]},{n % 3}" for n, path in enumerate(voices)]
    (kit / "manifest.csv").write_text("path,label,speaker\n" + "\n".join(rows) + "\n")
    (kit / "official").mkdir()
    write_checkpoint(kit / "official" / "model.pt")
    assert len(paths) == CALLS


def try_place(place: Place, kit: Path) -> dict[str, str]:
    """What was lost, by fault."""
    found = dict(cut(place, kit))
    if os.geteuid() == 0:
        found |= dict(refused(place, kit))
    if place.clock:
        with folder() as root:
            found["clock"] = place.clock(root) or "nothing"
    return found


def cut(place: Place, kit: Path) -> Iterator[tuple[str, str]]:
    """Kills and power cuts after each step."""
    lost = {"kill": [], "power cut": []}
    tried = dict.fromkeys(lost, 0)
    with folder() as root, folder() as work:
        act(place, "prepare", root, kit)
        before = read_tree(root)
        command = [sys.executable, __file__, "--act", "write", place.name, str(root), str(kit)]
        done = record(command, work / "trace", **environment(root))
        if done.returncode:
            raise RuntimeError(f"{place.name}: {done.stderr[-2000:]}")
        after = read_tree(root)
        read: dict[bytes, str | None] = {}
        for number, state in enumerate(states(work / "trace", root, before)):
            tried[state.kind] += 1
            key = digest(_seen(state.tree), state.promised)
            complaint = _compared(place, state.tree, before, after, state.promised)
            if key not in read:
                read[key] = _read(place, state.tree, work / str(number), state.promised)
            complaint = complaint or read[key]
            if complaint:
                lost[state.kind].append(f"after {state.step}: {complaint}")
    for kind, complaints in lost.items():
        some = "; ".join(complaints[:2])
        yield (
            kind,
            f"{len(complaints)} of {tried[kind]}: {some}" if some else f"nothing ({tried[kind]})",
        )


def refused(place: Place, kit: Path) -> Iterator[tuple[str, str]]:
    """Disks that take no more."""
    with folder() as root:
        act(place, "prepare", root, kit)
        before = _size(root)
        if error := act(place, "write", root, kit):
            raise RuntimeError(f"{place.name}: {error}")
        needed, after = max(_size(root) - before, 4096), read_tree(root)
    faults = {
        "full": [f"size={{used}}+{int(share * needed)}" for share in FREE],
        "inodes": [f"nr_inodes={{inodes}}+{count}" for count in INODES],
        "read-only": ["ro"],
    }
    for fault, limits in faults.items():
        complaints = [c for limit in limits if (c := _refused(place, kit, limit, after))]
        yield fault, "; ".join(complaints) or f"nothing ({len(limits)})"


def _refused(place: Place, kit: Path, limit: str, after: Tree) -> str | None:
    with folder() as base, mounted(base / "disk") as root:
        act(place, "prepare", root, kit)
        before = read_tree(root)
        used = os.statvfs(root)
        name, _, value = limit.partition("=")
        if value:
            amounts = {
                "used": (used.f_blocks - used.f_bfree) * used.f_frsize,
                "inodes": used.f_files - used.f_ffree,
            }
            first, _, more = value.format(**amounts).partition("+")
            limit = f"{name}={max(1, int(first) + int(more))}"  # 0 would mean no limit
        remount(root, limit)
        error = act(place, "write", root, kit)
        remount(root, "rw,size=300m,nr_inodes=100000")
        tree = read_tree(root)
        if error and (limit != "ro" and place.name.endswith("delete")):
            return f"{limit}: nothing can be deleted: {error}"
        if error and not error.startswith("told"):
            return f"{limit}: {error}"
        if error and (complaint := _compared(place, tree, before, after, False)):
            return f"{limit}: {complaint}"
        if complaint := _read(place, tree, base / "copy", not error):
            return f"{limit}: {complaint}"
        if again := act(place, "again", root, kit):
            return f"{limit}: the next try fails: {again}"
    return None


def _compared(place: Place, tree: Tree, before: Tree, after: Tree, promised: bool) -> str | None:
    """Whether each unit is as it was, or as it is to be."""
    found, old, new = (_units(place, each) for each in (tree, before, after))
    for unit in {*found, *old, *new}:
        if found.get(unit) == new.get(unit):
            continue
        if promised:
            return f"{unit} is not as promised"
        if found.get(unit) != old.get(unit):
            return f"{unit} is half of it"
    return None


def _seen(tree: Tree) -> Tree:
    """What decides over what a reader finds: of drafts the names, and not the content."""
    return {
        path: b"" if content and any(n.startswith(".") for n in path.split("/")) else content
        for path, content in tree.items()
    }


def _units(place: Place, tree: Tree) -> dict[str, Tree]:
    units: dict[str, Tree] = {}
    for path, content in tree.items():
        names = path.split("/")
        if any(name.startswith(".") for name in names) or content is None:
            continue
        if not any(part in names[-1] for part in _UNCOMPARED):
            units.setdefault("/".join(names[: place.depth]), {})[path] = content
    return units


def _read(place: Place, tree: Tree, copy: Path, promised: bool) -> str | None:
    """What the next start finds."""
    copy.mkdir()
    write_tree(tree, copy)
    os.environ["VOXCOR_HOME"] = str(copy / "home")
    try:
        return place.read(copy, promised)
    except Exception:
        return traceback.format_exc(limit=-1).strip().replace("\n", " ")
    finally:
        shutil.rmtree(copy)


def act(place: Place, what: str, root: Path, kit: Path) -> str | None:
    """Prepares or writes in a process of its own; what it says where it does not succeed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.environ.update(environment(root))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        said = ""
        try:
            (place.prepare if what == "prepare" else place.write)(root, kit)
        except VoxcorError as error:
            said = f"told {error.code}: {error.message}"
        except BaseException:
            said = traceback.format_exc(limit=-3).strip().replace("\n", " ")
        os.write(writing, said.encode()[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    if what == "prepare" and said:
        raise RuntimeError(f"{place.name}: {said}")
    if what == "again" and place.name.endswith("delete") and "no_such" in said:
        return None
    return said or None


def environment(root: Path) -> dict[str, str]:
    return {"VOXCOR_HOME": str(root / "home"), "VOXCOR_LANGUAGE": "en", "VOXCOR_THREADS": "1"}


@contextmanager
def folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    place = tempfile.mkdtemp(prefix="voxcor-faults-", dir=memory if memory.is_dir() else None)
    try:
        yield Path(place)
    finally:
        shutil.rmtree(place)


@contextmanager
def mounted(place: Path) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


def _size(root: Path) -> int:
    return sum(-(-p.stat().st_size // 4096) * 4096 for p in root.rglob("*") if p.is_file())


def table(rows: dict[str, dict[str, str]]) -> str:
    faults = ("kill", "power cut", "full", "inodes", "read-only", "clock")
    lines = ["| place | " + " | ".join(faults) + " |", "|---|" + "---|" * len(faults)]
    lines += [
        f"| {name} | " + " | ".join(found.get(fault, "–") for fault in faults) + " |"
        for name, found in rows.items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="*", metavar="PLACE", help="some of them; all by default")
    parser.add_argument("--act", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.act:
        _, name, root, kit = asked.act
        next(place for place in PLACES if place.name == name).write(Path(root), Path(kit))
        os.write(1, PROMISE)
        return
    began = time.monotonic()
    rows = {}
    with folder() as kit:
        make_kit(kit)
        for place in PLACES:
            if not asked.places or place.name in asked.places:
                try:
                    rows[place.name] = try_place(place, kit)
                except RuntimeError as error:  # the place cannot be written even on a good disk
                    rows[place.name] = {"kill": str(error).replace("\n", " ")}
                print(
                    f"{time.monotonic() - began:6.0f} s  {place.name}", file=sys.stderr, flush=True
                )
    print(table(rows))
    lost = [
        text for found in rows.values() for text in found.values() if not text.startswith("nothing")
    ]
    print(f"\nlost: {len(lost) or 'nothing'}")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
