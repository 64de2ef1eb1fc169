"""The power is cut, and disks fail, while something is written.

`benchmarks/disk_faults.py` tries all places.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from disk_faults import PLACES, Place, cut, folder, refused
from power_cut import read_tree, record, states

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed (apt install strace)"
)

QUICK = ("job: upload", "result: publish", "result: delete", "rules")

_CARELESS = """
import os, sys
from pathlib import Path
place = Path(sys.argv[1])
(place / "draft").write_text("new" * 1000)
(place / "draft").replace(place / "file")
os.write(1, b"@@promised\\n")
"""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from batches import write_calls

    place = tmp_path_factory.mktemp("kit")
    write_calls(place / "calls", 1)
    return place


def place_of(name: str) -> Place:
    return next(place for place in PLACES if place.name == name)


@pytest.mark.parametrize("name", QUICK)
def test_kills_and_power_cuts_lose_nothing_that_was_promised(name: str, kit: Path) -> None:
    for fault, lost in cut(place_of(name), kit):
        assert lost.startswith("nothing"), fault


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may mount a disk")
def test_a_disk_that_takes_no_more_loses_nothing(kit: Path) -> None:
    with folder() as probe:
        (probe / "disk").mkdir()
        if os.system(f"mount -t tmpfs tmpfs {probe}/disk 2>/dev/null"):
            pytest.skip("this container may not mount a disk")
        os.system(f"umount {probe}/disk")
    for fault, lost in refused(place_of("result: publish"), kit):
        assert lost.startswith("nothing"), fault


def test_the_model_of_the_disk_ends_where_the_disk_did_and_sees_what_is_not_forced(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("old")
    before = read_tree(root)
    assert record([sys.executable, "-c", _CARELESS, str(root)], tmp_path / "trace").returncode == 0
    found = [*states(tmp_path / "trace", root, before)]
    assert [state.tree for state in found if state.kind == "kill"][-1] == read_tree(root)
    promised = [state.tree.get("file") for state in found if state.promised]
    assert {b"old", b"", bytes(3000), b"new" * 1000} == {*promised}
