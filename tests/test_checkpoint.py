"""The reader of `model.pt` against files that torch wrote, and against files made to harm."""

import collections
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxcor.errors import CheckpointInvalid, CheckpointUnsafe, InputNotFound
from voxcor.models.checkpoint import read_checkpoint

torch = pytest.importorskip("torch")


def write_zip(path: Path, content: object) -> None:
    """A torch-like archive around any pickle."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(content, protocol=2))
        archive.writestr("model/version", "3\n")


def test_tensors_are_those_that_torch_saved(tmp_path: Path) -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = collections.OrderedDict(
        {
            "d2v_model.whole": base,
            "d2v_model.transposed": base.T,
            "module.window": base[1:3, 2:5],
            "half": torch.randn(5).half(),
            "scalar": torch.tensor(3.5),
            "empty": torch.zeros(0, 7),
            "parameter": torch.nn.Parameter(torch.randn(3)),
        }
    )
    torch.save({"model": state, "last_optimizer_state": {"m": torch.ones(9)}}, tmp_path / "m.pt")
    tensors = read_checkpoint(tmp_path / "m.pt")
    assert set(tensors) == {
        *("whole", "transposed", "window", "half", "scalar", "empty", "parameter"),
    }
    for name, value in state.items():
        found = tensors[name.removeprefix("d2v_model.").removeprefix("module.")]
        np.testing.assert_array_equal(found, value.detach().numpy())
        assert not found.flags.writeable


def test_a_flat_state_dict_is_read_as_well(tmp_path: Path) -> None:
    torch.save({"proj.weight": torch.ones(2, 3)}, tmp_path / "m.pt")
    assert read_checkpoint(tmp_path / "m.pt")["proj.weight"].shape == (2, 3)


class Payload:
    """Runs a command when unpickled by an unpickler that trusts it."""

    def __init__(self, function: Any, argument: str) -> None:
        self.call = (function, (argument,))

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("function", [os.system, eval, exec, open, __import__])
def test_a_pickle_that_asks_for_code_is_refused_and_not_run(tmp_path: Path, function: Any) -> None:
    trace = tmp_path / "trace"
    command = f"touch {trace}" if function is os.system else f"open({str(trace)!r}, 'w')"
    write_zip(tmp_path / "m.pt", {"model": {"a": Payload(function, command)}})
    with pytest.raises(CheckpointUnsafe) as caught:
        read_checkpoint(tmp_path / "m.pt")
    assert function.__name__ in caught.value.details["wanted"]
    assert str(tmp_path / "m.pt") in str(caught.value)
    assert not trace.exists()


def test_a_payload_beside_the_weights_is_refused_too(tmp_path: Path) -> None:
    torch.save({"model": {"a": torch.ones(1)}, "args": Payload(eval, "1")}, tmp_path / "m.pt")
    with pytest.raises(CheckpointUnsafe):
        read_checkpoint(tmp_path / "m.pt")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x02.", b"PK\x03\x04 and nothing more", b"not a checkpoint at all" * 100],
)
def test_other_files_are_refused_with_a_reason(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.pt").write_bytes(content)
    with pytest.raises(CheckpointInvalid, match=r"m\.pt: is not an emotion2vec checkpoint \(.+\)"):
        read_checkpoint(tmp_path / "m.pt")


@pytest.mark.parametrize("content", [[1, 2], {"model": 3}, {"model": {"a": 1}}, None])
def test_pickles_without_tensors_are_refused(tmp_path: Path, content: object) -> None:
    write_zip(tmp_path / "m.pt", content)
    with pytest.raises(CheckpointInvalid):
        read_checkpoint(tmp_path / "m.pt")


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    torch.save({"model": {"a": torch.randn(1000)}}, tmp_path / "m.pt")
    whole = (tmp_path / "m.pt").read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        (tmp_path / "cut.pt").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(CheckpointInvalid):
            read_checkpoint(tmp_path / "cut.pt")


def test_a_damaged_description_never_breaks_the_reader(tmp_path: Path) -> None:
    """Every byte of the pickle flipped in turn: tensors, or one of our two refusals."""
    torch.save({"model": {"a": torch.randn(4), "b": torch.ones(2, 2)}}, tmp_path / "m.pt")
    whole = bytearray((tmp_path / "m.pt").read_bytes())
    with zipfile.ZipFile(tmp_path / "m.pt") as archive:
        info = next(i for i in archive.infolist() if i.filename.endswith("data.pkl"))
        description = archive.read(info)
    start = whole.index(description)
    refused = 0
    for position in range(len(description)):
        damaged = bytearray(description)
        damaged[position] ^= 0xFF
        with zipfile.ZipFile(tmp_path / "d.pt", "w") as archive:
            archive.writestr("m/data.pkl", bytes(damaged))
            archive.writestr("m/data/0", bytes(16))
            archive.writestr("m/data/1", bytes(16))
        try:
            read_checkpoint(tmp_path / "d.pt")
        except (CheckpointInvalid, CheckpointUnsafe):
            refused += 1
    assert start > 0
    assert refused > len(description) // 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFound, match=r"nowhere\.pt"):
        read_checkpoint(tmp_path / "nowhere.pt")
