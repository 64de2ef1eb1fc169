"""Files made to harm the reader of checkpoints: each is one of its errors, in little memory.

Every file is read in a process of its own, which may be killed by what it reads and is measured
while it lives. `fuzz/checkpoint.py` looks for more of them.
"""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hostile_checkpoints import GOOD, HARMLESS, all_files, checkpoint, stream
from places import ROOT

READ = """
import json, os, re, resource, signal, sys
from pathlib import Path
import numpy as np
from voxcor.errors import VoxcorError
from voxcor.models.families.emotion2vec.architecture import read_architecture
from voxcor.models.families.emotion2vec.weights import read_checkpoint

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

def read(path):
    Path("/proc/self/clear_refs").write_text("5")
    before, numbers = peak(), 0
    try:
        tensors = read_checkpoint(path)
        for tensor in tensors.values():
            numbers += np.array(tensor).nbytes
        outcome = "read"
        read_architecture(tensors, "m.pt")
    except VoxcorError as error:
        str(error).encode()
        outcome = outcome if numbers else error.code
    except Exception as error:
        outcome = type(error).__name__
    return {"outcome": outcome, "bytes": peak() - before - numbers}

for name in sorted(os.listdir(sys.argv[1])):
    out, into = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(20)
        # What is beyond that is found by the test's own bound; this only spares the machine.
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        os.write(into, json.dumps(read(Path(sys.argv[1]) / name)).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as pipe:
        found = pipe.read()
    status = os.waitpid(child, 0)[1]
    print(found or json.dumps({"outcome": f"signal {status}", "bytes": 0}))
"""

MOST_BYTES = 64 << 20

FILES = dict(all_files())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("peaks of memory are read from Linux")
    folder = tmp_path_factory.mktemp("hostile")
    for i, content in enumerate(FILES.values()):
        (folder / f"{i:04}").write_bytes(content)
    command = [sys.executable, "-c", READ, str(folder)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(zip(FILES, map(json.loads, output.splitlines()), strict=True))


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith(HARMLESS)])
def test_it_is_refused_in_little_memory(name: str, found: dict[str, dict[str, Any]]) -> None:
    assert found[name]["outcome"] in ("checkpoint_invalid", "checkpoint_unsafe")
    assert found[name]["bytes"] < MOST_BYTES


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith(HARMLESS)])
def test_an_odd_name_does_no_harm(name: str, found: dict[str, dict[str, Any]]) -> None:
    assert found[name]["outcome"] == "read"


def test_the_same_files_without_the_harm_are_read(tmp_path: Path) -> None:
    """Guards the tests above: the files could be refused for a flaw of how they are made."""
    from voxcor.models.families.emotion2vec.weights import read_checkpoint

    for content in (checkpoint(GOOD), stream(GOOD)):
        (tmp_path / "m.pt").write_bytes(content)
        assert read_checkpoint(tmp_path / "m.pt")["a"].tolist() == [0, 0, 0, 0]


def test_thousands_of_damaged_files_are_tensors_or_errors(tmp_path: Path) -> None:
    """Bytes of valid files changed, removed, doubled: a part of what the fuzzer does."""
    pytest.importorskip("torch")
    from voxcor.errors import CheckpointInvalid, CheckpointUnsafe
    from voxcor.models.families.emotion2vec.architecture import read_architecture
    from voxcor.models.families.emotion2vec.weights import read_checkpoint

    sys.path.insert(0, str(ROOT / "fuzz"))
    import checkpoint as fuzzing  # type: ignore[import-not-found]

    fuzzing.write_corpus(tmp_path / "corpus")
    chance, refused, path = random.Random(0), 0, tmp_path / "m.pt"
    corpus = [file.read_bytes() for file in sorted((tmp_path / "corpus").iterdir())]
    for _ in range(4_000):
        data = bytearray(chance.choice(corpus))
        for _ in range(chance.randint(1, 4)):
            at, count = chance.randrange(len(data)), chance.choice((1, 1, 2, 4, 8))
            match chance.randrange(4):
                case 0:
                    data[at : at + count] = chance.randbytes(count)
                case 1:
                    data[at : at + count] = count * chance.choice((b"\0", b"\xff", b"\x7f"))
                case 2:
                    del data[at : at + count]
                case 3:
                    data[at:at] = data[at : at + count]
        path.write_bytes(data)
        try:
            tensors = read_checkpoint(path)
            for tensor in tensors.values():
                tensor.tobytes()
            read_architecture(tensors, "m.pt")
        except (CheckpointInvalid, CheckpointUnsafe) as error:
            str(error).encode()
            refused += 1
    assert refused > 1_000
