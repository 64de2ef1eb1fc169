"""Files that changed on disk are not served, and nobody's card alone makes weights official."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

pytest.importorskip("torch")

from checkpoints import write_checkpoint
from serving import serving
from voxcor import Recognizer
from voxcor.errors import ModelCorrupt
from voxcor.models import stamps
from voxcor.models.cards import OFFICIAL, read_card, standing_of
from voxcor.models.pull import pull
from voxcor.models.store import find_model, folder_of, open_network, remove
from voxcor.settings import Settings


@pytest.fixture
def official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """plus-base as pulled, with its checksum in the catalogue."""
    write_checkpoint(tmp_path / "model.pt")
    digest = sha256((tmp_path / "model.pt").read_bytes()).hexdigest()
    monkeypatch.setitem(OFFICIAL, "plus-base", replace(OFFICIAL["plus-base"], sha256=digest))
    assert pull("plus-base", source=tmp_path / "model.pt").official
    return folder_of("plus-base")


def change_a_byte(path: Path) -> None:
    """Somewhere in the weights, with the size and the date kept."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x40]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def exchange(path: Path) -> None:
    """Another file of that name, size and date."""
    other = path.with_name("other")
    shutil.copy2(path, other)
    change_a_byte(other)
    other.replace(path)


@pytest.mark.parametrize("harm", [change_a_byte, exchange])
@pytest.mark.parametrize("worth_bytes", [0, 1 << 40], ids=["stamped", "read each time"])
def test_weights_that_changed_are_not_served(
    official: Path,
    harm: Callable[[Path], None],
    worth_bytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stamps, "_WORTH_BYTES", worth_bytes)
    open_network(find_model("plus-base"))
    harm(official / "model.onnx.data")
    for model in ("plus-base", "auto", str(official)):
        with pytest.raises(ModelCorrupt, match=r"model\.onnx\.data: sha256"):
            open_network(find_model(model))
    with pytest.raises(ModelCorrupt, match=r"model\.onnx\.data: sha256"):
        Recognizer("plus-base")


def test_a_server_does_not_serve_them_either(official: Path) -> None:
    change_a_byte(official / "model.onnx.data")
    with serving(Settings().home, VOXCOR_MODEL="small") as server:
        answer = server.recognize(model="plus-base")
        assert answer.json()["code"] == "model_corrupt"


def test_files_that_a_stamp_vouches_for_are_not_read_again(
    official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def record_of(path: Path) -> object:
        read.append(path)
        return find_model("plus-base").card.files[path.name]

    monkeypatch.setattr(stamps, "record_of", record_of)
    open_network(find_model("plus-base"))
    assert read == []
    os.utime(official / "model.onnx")
    open_network(find_model("plus-base"))
    assert {path.name for path in read} == {"model.onnx", "model.onnx.data"}
    assert find_model("plus-base").card.official  # it was only touched
    read.clear()
    open_network(find_model("plus-base"))
    assert read == []


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"card_sha256": 3}', b"\xff"])
def test_a_damaged_stamp_is_none(official: Path, content: bytes) -> None:
    (stamp,) = (Settings().home / "stamps").iterdir()
    stamp.write_bytes(content)
    open_network(find_model("plus-base"))
    assert not find_model("plus-base").card.official


def test_what_pull_made_here_is_official_wherever_home_moves(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert standing_of(find_model("plus-base").card) == "official"
    moved = shutil.move(Settings().home, tmp_path / "elsewhere")
    monkeypatch.setenv("VOXCOR_HOME", str(moved))
    assert find_model("plus-base").card.official
    open_network(find_model("plus-base"))
    assert find_model("plus-base").card.official


def test_a_folder_handed_over_is_never_official(official: Path, tmp_path: Path) -> None:
    assert read_card(official).official
    copy = shutil.copytree(official, tmp_path / "copy")
    assert standing_of(find_model(str(copy)).card) == "unchecked"
    remove("plus-base")
    assert not [*(Settings().home / "stamps").iterdir()]
    shutil.copytree(copy, official)
    assert not find_model("plus-base").card.official
    open_network(find_model("plus-base"))  # it is read, and becomes no more official by that
    assert not find_model("plus-base").card.official


def test_a_card_that_is_changed_ends_it(official: Path) -> None:
    content = json.loads((official / "card.json").read_text())
    (official / "card.json").write_text(json.dumps(content | {"temperature": 2.0}))
    assert not find_model("plus-base").card.official


@pytest.mark.parametrize("model", ["plus-seed", "base-finetuned"])
def test_weights_without_a_recorded_checksum_are_never_official(model: str, tmp_path: Path) -> None:
    assert OFFICIAL[model].sha256 is None
    write_checkpoint(tmp_path / "model.pt")
    assert not pull(model, source=tmp_path / "model.pt").official
    assert OFFICIAL[model].caution_en.startswith("not checked")
    assert OFFICIAL[model].caution_zh.startswith("未经核对")


def test_a_home_that_cannot_be_written_is_read_each_time(
    official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(Settings().home / "stamps")
    (Settings().home / "stamps").write_text("in the way")
    monkeypatch.setattr(stamps, "_WORTH_BYTES", 0)
    open_network(find_model("plus-base"))
    change_a_byte(official / "model.onnx.data")
    with pytest.raises(ModelCorrupt):
        open_network(find_model("plus-base"))
