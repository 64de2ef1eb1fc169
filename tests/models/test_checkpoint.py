"""The reader of `model.pt` against files that torch wrote, and against files made to harm."""

import collections
import os
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxcor.errors import CheckpointInvalid, CheckpointUnsafe, InputNotFound
from voxcor.models.families.emotion2vec.weights import read_checkpoint

torch = pytest.importorskip("torch")

from fairseq_layout import fairseq_document  # noqa: E402


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


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "stream"])
@pytest.mark.parametrize("with_args", [True, False], ids=["args", "no-args"])
def test_the_layout_of_fairseq_is_read_from_either_container(
    tmp_path: Path, protocol: int, is_zip: bool, with_args: bool
) -> None:
    weights = {"blocks.0.norm1.weight": torch.randn(8), "proj.weight": torch.randn(9, 8)}
    torch.save(
        fairseq_document(weights, with_args=with_args),
        tmp_path / "m.pt",
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=is_zip,
    )
    tensors = read_checkpoint(tmp_path / "m.pt")
    assert set(tensors) == set(weights)
    for name, value in weights.items():
        np.testing.assert_array_equal(tensors[name], value.numpy())


NUMBERS = (
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.bool),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
)


def random_tensors(seed: int) -> dict[str, Any]:
    """Tensors of any type and layout, some of which share their numbers."""
    generator = torch.Generator().manual_seed(seed)

    def chance(high: int) -> int:
        return int(torch.randint(high, (1,), generator=generator))

    found: dict[str, Any] = {}
    for i in range(12):
        shape = [1 + chance(5) for _ in range(chance(4))]
        dtype = NUMBERS[chance(len(NUMBERS))]
        base = (100 * torch.randn(shape, generator=generator)).abs().to(dtype)
        views = (
            base,
            base.flip(0) if base.ndim else base,
            base.permute([*range(base.ndim)][::-1]),
            base[..., ::2] if base.ndim else base,
            base[1:] if base.ndim else base,
            base.unsqueeze(0).expand(3, *base.shape),
            torch.nn.Parameter(base, requires_grad=dtype.is_floating_point),
        )
        found |= {f"{i}.{j}": views[chance(len(views))] for j in range(3)}
    return found


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "stream"])
@pytest.mark.parametrize("seed", range(20))
def test_any_tensors_are_those_that_torch_reads(tmp_path: Path, seed: int, is_zip: bool) -> None:
    path = tmp_path / "m.pt"
    torch.save(random_tensors(seed), path, _use_new_zipfile_serialization=is_zip)
    expected, found = torch.load(path, weights_only=True), read_checkpoint(path)
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        # numpy has no bfloat16; every one of them is a float32.
        value = tensor.detach().float() if tensor.dtype == torch.bfloat16 else tensor.detach()
        np.testing.assert_array_equal(found[name], value.numpy())
        assert found[name].dtype == value.numpy().dtype
        assert not found[name].flags.writeable


def test_the_oldest_container_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "m.pt", "w") as archive:
        archive.addfile(tarfile.TarInfo("storages"))
    with pytest.raises(CheckpointInvalid, match=r"torch\.save\(torch\.load"):
        read_checkpoint(tmp_path / "m.pt")


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
