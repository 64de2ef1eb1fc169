"""A batch on a local Ray: the rows of the local engine, whatever dies on the way."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_files import speech
from batches import write_calls, write_silence
from voxcor.batch.items import Item, Outcome
from voxcor.batch.ray_engine import _from_row, _to_row
from voxcor.batch.run import run_batch
from voxcor.options import RecordingOptions

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
pytest.importorskip("ray.data", reason="the extra `ray` is not installed")

# Ray leaves sockets and files of its own to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore")

OPTIONS = RecordingOptions(granularity="segment", embedding=True)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    write_calls(folder, 40, seconds=0.6)
    write_silence(folder / "silent.wav")
    (folder / "broken.wav").write_bytes(b"no audio")
    shutil.copy(folder / "call000.wav", folder / os.fsdecode(b"caf\xe9.wav"))
    return folder


def test_the_rows_are_those_of_the_local_engine(calls: Path, tmp_path: Path) -> None:
    local = run_batch(str(calls), tmp_path / "local", model="small", options=OPTIONS)
    spread = run_batch(str(calls), tmp_path / "ray", model="small", options=OPTIONS, engine="ray")
    assert spread.table.read_bytes() == local.table.read_bytes()
    made = [
        sorted(path.relative_to(folder) for path in (folder / "embeddings").rglob("*.npy"))
        for folder in (tmp_path / "local", tmp_path / "ray")
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "item",
    [
        Item(1, "caf\udce9.wav", "caf\udce9.wav"),
        Item(2, "a", "z.zip", member="a", key="k"),
        Item(3, "a.wav", "a.wav", listed="list.csv:4", start_ms=0, end_ms=10),
        Item(4, "a.wav", "a.wav", channel=0),
    ],
)
def test_an_item_comes_to_a_worker_as_it_is(item: Item) -> None:
    assert _from_row(_to_row(item)) == item


def test_a_worker_that_is_killed_costs_nothing(calls: Path, tmp_path: Path) -> None:
    local = run_batch(str(calls), tmp_path / "local", model="small", options=OPTIONS)
    killed: list[int] = []

    def kill_a_worker(_: Outcome) -> None:
        scratch = tmp_path / "ray" / ".scratch"
        workers = [int(path.name.rpartition("-")[2]) for path in scratch.glob("*")]
        if not killed and workers:
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])

    spread = run_batch(
        str(calls),
        tmp_path / "ray",
        model="small",
        options=OPTIONS,
        engine="ray",
        on_outcome=kill_a_worker,
    )
    assert killed
    assert spread.table.read_bytes() == local.table.read_bytes()


def test_each_leg_of_a_call_has_its_row_or_its_failure(tmp_path: Path) -> None:
    legs = np.column_stack([np.zeros(16_000, np.float32), speech(1)])
    soundfile.write(tmp_path / "call.wav", legs, 16_000)
    options, source = RecordingOptions(channels="separate"), str(tmp_path / "call.wav")
    local = run_batch(source, tmp_path / "local", model="small", options=options)
    spread = run_batch(source, tmp_path / "ray", model="small", options=options, engine="ray")
    assert spread.table.read_bytes() == local.table.read_bytes()
    assert spread.channel_codes == local.channel_codes == {"no_speech": 1}
