"""`voxcor models add`: a folder of one's own becomes a model, whole and checked, or none."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from checkpoints import write_checkpoint
from command import voxcor
from serving import serving
from voxcor import Recognizer
from voxcor.errors import InputNotFound, ModelCorrupt, UsageError
from voxcor.models.add import add
from voxcor.models.cards import read_card, write_card
from voxcor.models.pull import pull
from voxcor.models.store import find_model, folder_of, installed, open_network, remove
from voxcor.settings import Settings


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A model folder as training leaves it, with its reports."""
    write_checkpoint(tmp_path / "model.pt")
    pull("plus-base", source=tmp_path / "model.pt")
    folder = shutil.copytree(folder_of("plus-base"), tmp_path / "mine")
    remove("plus-base")
    write_card(replace(read_card(folder), id="mine", title="Mine", official=True), folder)
    (folder / "CARD.md").write_text("# Mine")
    (folder / "heard.json").write_text("{}")
    (folder / "something-else").write_text("stays where it is")
    return folder


def recordings(tmp_path: Path, plus_large_files: Path) -> Path:
    folder = tmp_path / "speech"
    folder.mkdir()
    for i in range(2):
        shutil.copyfile(plus_large_files / "test.wav", folder / f"{i}.wav")
    return folder


def models_here() -> set[str]:
    folder = Settings().models
    return {p.name for p in folder.iterdir() if p.is_dir()} if folder.is_dir() else set()


def test_a_folder_becomes_a_model_under_its_name(mine: Path) -> None:
    card = add(mine)
    assert (card.id, card.official) == ("mine", False)
    assert installed() == ("mine", "small")
    found = find_model("mine")
    assert found.card == card
    assert {path.name for path in found.path.iterdir()} == {
        *card.files,
        *("card.json", "CARD.md", "heard.json"),
    }
    assert open_network(found).labels == card.labels
    shutil.rmtree(mine)
    assert Recognizer("mine").model.id == "mine"
    remove("mine")
    assert installed() == ("small",)


def test_a_name_of_ones_choice_goes_everywhere(mine: Path) -> None:
    add(mine, "客服-2026.1")
    assert find_model("客服-2026.1").card.id == "客服-2026.1"
    assert Recognizer("客服-2026.1").model.id == "客服-2026.1"


def test_what_is_there_is_replaced_on_demand_only(mine: Path) -> None:
    first = add(mine)
    write_card(replace(read_card(mine), title="Second"), mine)
    with pytest.raises(UsageError, match="--replace"):
        add(mine)
    assert find_model("mine").card == first
    assert add(mine, overwrite=True).title == "Second"
    assert find_model("mine").card.title == "Second"
    assert models_here() == {"mine"}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "../mine",
            "/tmp/mine",
            "a\\b",
            "c:",
            "a b",
            "a\n",
            "-x",
        ),
        *("mine-int8", "a" * 65, "auto", "small", "tiny", "plus-large", "PLUS-BASE", "base-int8"),
    ],
)
def test_names_that_are_paths_or_taken_are_refused(mine: Path, name: str) -> None:
    with pytest.raises(UsageError):
        add(mine, name) if name else add(mine.rename(mine.with_name("plus-base")))
    assert models_here() == set()


def change_weights(folder: Path) -> None:
    path = folder / "model.onnx.data"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)


def change_labels(folder: Path) -> None:
    card = read_card(folder)
    write_card(replace(card, labels=card.labels[::-1]), folder)


def change_dimension(folder: Path) -> None:
    write_card(replace(read_card(folder), embedding_dim=63), folder)


def drop_weights(folder: Path) -> None:
    (folder / "model.onnx.data").unlink()


def drop_the_record(folder: Path) -> None:
    """The graph wants a file that the card does not have."""
    card = read_card(folder)
    files = {name: record for name, record in card.files.items() if name == "model.onnx"}
    write_card(replace(card, files=files), folder)


def put_a_pipe(folder: Path) -> None:
    drop_weights(folder)
    os.mkfifo(folder / "model.onnx.data")


def point_outside(folder: Path) -> None:
    content = json.loads((folder / "card.json").read_text())
    content["files"]["../../secret"] = content["files"]["model.onnx"]
    (folder / "card.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    "harm",
    [
        *(change_weights, change_labels, change_dimension, drop_weights, drop_the_record),
        *(put_a_pipe, point_outside),
    ],
)
def test_a_folder_that_is_not_as_its_card_says_is_no_model(mine: Path, harm: object) -> None:
    assert callable(harm)
    harm(mine)
    with pytest.raises(ModelCorrupt):
        add(mine)
    assert models_here() == set()


def test_a_folder_without_a_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFound, match=r"card\.json"):
        add(tmp_path)


def test_int8_of_ones_own_model_is_measured(
    mine: Path, tmp_path: Path, plus_large_files: Path
) -> None:
    speech = recordings(tmp_path, plus_large_files)
    status, out, err = voxcor("models", "add", mine, "--precision", "int8", "--speech", speech)
    assert status == 0, err
    assert out == f"Installed mine-int8: {folder_of('mine-int8')}\n"
    assert "int8 beside fp32" in err
    card = find_model("mine").card
    assert (card.id, card.precision, card.official) == ("mine", "int8", False)
    assert "int8.embedding_mean" in card.metrics
    assert models_here() == {"mine-int8"}
    # And again, from one that is int8 already.
    shutil.copytree(folder_of("mine-int8"), tmp_path / "handed-over-int8")
    assert add(tmp_path / "handed-over-int8").id == "handed-over"
    assert models_here() == {"mine-int8", "handed-over-int8"}
    with pytest.raises(UsageError, match="int8 already"):
        add(tmp_path / "handed-over-int8", "other", precision="fp32")


def test_int8_wants_speech(mine: Path) -> None:
    with pytest.raises(UsageError, match="--speech"):
        add(mine, precision="int8")
    assert models_here() == set()


def test_the_command_speaks_both_languages_and_the_page_sees_it(mine: Path) -> None:
    status, out, err = voxcor("models", "add", mine, "calls")
    assert (status, out) == (0, f"Installed calls: {folder_of('calls')}\n")
    assert "weights: unofficial, and every result will say so" in err
    status, _, err = voxcor("models", "add", mine, "calls", VOXCOR_LANGUAGE="zh")
    assert status == 2
    assert "模型 calls 已安装" in err
    _, out, _ = voxcor("models", "list")
    assert any(line.startswith("calls ") and "unofficial" in line for line in out.splitlines())
    with serving(Settings().home) as server:
        rows = {row["id"]: row for row in server.get("/v1/models").json()["models"]}
        assert (rows["calls"]["installed"], rows["calls"]["standing"]) == (True, "unofficial")
    assert voxcor("models", "remove", "calls")[0] == 0
    assert models_here() == set()


def test_a_model_in_a_folder_answers_as_it_did(mine: Path) -> None:
    clip = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    before = open_network(find_model(str(mine))).run([clip])[0]
    add(mine)
    after = open_network(find_model("mine")).run([clip])[0]
    np.testing.assert_array_equal(before.logits, after.logits)
