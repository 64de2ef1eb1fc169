"""`voxcor models verify`: the files, the graph, and the published scores."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import pytest
import soundfile
from onnx import TensorProto, helper

from checkpoints import build_small, funasr, write_checkpoint
from voxcor.errors import (
    InputNotFound,
    ModelCorrupt,
    ModelNotInstalled,
    UsageError,
    VerificationFailed,
)
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import OFFICIAL, FileRecord, read_card, write_card
from voxcor.models.families.emotion2vec.published import PUBLISHED_SCORES, SAMPLE
from voxcor.models.pull import pull
from voxcor.models.store import folder_of
from voxcor.models.verify import TOLERANCE, verify


class Published(NamedTuple):
    """What the hub has of a model: its files, and the scores FunASR gives the example clip."""

    folder: Path
    scores: Mapping[str, float]


@pytest.fixture(scope="module")
def published(plus_large_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A small model with random weights in FunASR's own class, laid out as on the hub."""
    yaml = pytest.importorskip("yaml")
    folder = tmp_path_factory.mktemp("published")
    config = yaml.safe_load((plus_large_files / "config.yaml").read_text())
    model = build_small(config, seed=7)
    funasr.save_official(model, folder / "model.pt")
    shutil.copyfile(plus_large_files / "tokens.txt", folder / "tokens.txt")
    (folder / "example").mkdir()
    shutil.copyfile(plus_large_files / "test.wav", folder / "example" / "test.wav")
    clip, _ = soundfile.read(plus_large_files / "test.wav", dtype="float32")
    scores, _ = funasr.recognize(model, clip)
    return Published(folder, dict(zip(LABEL_IDS, scores.values(), strict=True)))


@pytest.fixture
def official(published: Published, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's folder, its weights in the catalogue as plus-large, its scores as published."""
    digest = sha256((published.folder / "model.pt").read_bytes()).hexdigest()
    monkeypatch.setitem(OFFICIAL, "plus-large", replace(OFFICIAL["plus-large"], sha256=digest))
    monkeypatch.setitem(PUBLISHED_SCORES, "plus-large", published.scores)
    return published.folder


def pull_small(tmp_path: Path, model: str) -> Path:
    """Installs random weights that nobody published."""
    write_checkpoint(tmp_path / "model.pt")
    pull(model, source=tmp_path / "model.pt")
    return folder_of(model)


def rewrite_card(folder: Path, **changes: Any) -> None:
    """A card that vouches for the files as they are now."""
    files = {
        path.name: FileRecord(path.stat().st_size, sha256(path.read_bytes()).hexdigest())
        for path in folder.glob("*.*")
        if path.name != "card.json"
    }
    write_card(replace(read_card(folder), files=files, **changes), folder)


def test_small_is_in_order() -> None:
    found = verify("small")
    assert found.files == ("model.onnx", "model.onnx.data")
    assert found.frames == 49
    assert (found.difference, found.not_compared) == (None, "no_published_scores")
    assert verify("auto") == replace(found, model=verify("auto").model)


def test_weights_of_nobody_are_not_held_against_published_scores(tmp_path: Path) -> None:
    pull_small(tmp_path, "plus-large")
    found = verify("plus-large")
    assert set(found.files) == {"model.onnx", "model.onnx.data"}
    assert (found.difference, found.not_compared) == (None, "unofficial")


def test_a_model_without_published_scores_is_not_compared(tmp_path: Path) -> None:
    pull_small(tmp_path, "plus-seed")
    assert verify("plus-seed").not_compared == "no_published_scores"


def test_a_model_that_is_not_here_is_not_in_order() -> None:
    with pytest.raises(ModelNotInstalled):
        verify("plus-large")


def test_one_other_bit_is_found(tmp_path: Path) -> None:
    weights = pull_small(tmp_path, "plus-seed") / "model.onnx.data"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"model\.onnx\.data: sha256 .* not "):
        verify("plus-seed")


def test_a_card_with_other_labels_than_the_graph_is_found(tmp_path: Path) -> None:
    folder = pull_small(tmp_path, "plus-seed")
    rewrite_card(folder, labels=tuple(reversed(LABEL_IDS)))
    with pytest.raises(ModelCorrupt, match="its graph has the labels angry, disgusted"):
        verify("plus-seed")


def test_a_graph_that_does_not_load_is_found(tmp_path: Path) -> None:
    folder = pull_small(tmp_path, "plus-seed")
    (folder / "model.onnx").write_bytes(b"no graph")
    rewrite_card(folder)
    with pytest.raises(ModelCorrupt):
        verify("plus-seed")


def test_a_graph_with_other_inputs_is_found(tmp_path: Path) -> None:
    folder = pull_small(tmp_path, "plus-seed")
    spectrum = helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, ["frames", 80])
    same = helper.make_tensor_value_info("same", TensorProto.FLOAT, ["frames", 80])
    identity = helper.make_node("Identity", ["spectrum"], ["same"])
    graph = helper.make_graph([identity], "other", [spectrum], [same])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    helper.set_model_props(model, {"labels": "[]", "embedding_dim": "64"})
    onnx.save(model, folder / "model.onnx")
    rewrite_card(folder, labels=())
    with pytest.raises(ModelCorrupt, match="waveform"):
        verify("plus-seed")


def test_the_example_clip_is_the_hubs(plus_large_files: Path) -> None:
    assert sha256((plus_large_files / "test.wav").read_bytes()).hexdigest() == SAMPLE.sha256


def test_the_published_scores_are_scores() -> None:
    for scores in PUBLISHED_SCORES.values():
        assert sum(scores.values()) == pytest.approx(1, abs=1e-6)
        assert tuple(scores) == LABEL_IDS


def test_official_weights_give_the_published_scores(official: Path) -> None:
    assert pull("plus-large", source=official).official
    found = verify("plus-large")
    assert found.not_compared is None
    assert found.frames == 204
    assert found.difference is not None
    assert 0 <= found.difference < TOLERANCE


def test_one_other_weight_does_not(official: Path) -> None:
    """The card vouches for the file, so only the scores can tell."""
    pull("plus-large", source=official)
    folder = folder_of("plus-large")
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    tensor = next(
        t
        for t in graph.initializer
        if t.name == "modality_encoders.AUDIO.project_features.2.weight"
    )
    offset = next(int(entry.value) for entry in tensor.external_data if entry.key == "offset")
    weights = np.memmap(folder / "model.onnx.data", np.float32, "r+", offset, shape=(1,))
    weights += 1
    weights.flush()
    rewrite_card(folder)
    with pytest.raises(VerificationFailed, match="allowed 1e-04") as caught:
        verify("plus-large")
    assert caught.value.details["difference"] > TOLERANCE


def test_labels_in_another_order_do_not(official: Path, tmp_path: Path) -> None:
    source = shutil.copytree(official, tmp_path / "swapped")
    tokens = (source / "tokens.txt").read_text(encoding="utf-8").splitlines()
    (source / "tokens.txt").write_text("\n".join(reversed(tokens)), encoding="utf-8")
    assert pull("plus-large", source=source).official
    with pytest.raises(VerificationFailed):
        verify("plus-large")


def test_fewer_labels_are_not_compared(official: Path, tmp_path: Path) -> None:
    source = shutil.copytree(official, tmp_path / "fewer")
    tokens = (source / "tokens.txt").read_text(encoding="utf-8").splitlines()
    (source / "tokens.txt").write_text("\n".join([*tokens[:8], "unuse_8"]), encoding="utf-8")
    pull("plus-large", source=source)
    assert verify("plus-large").not_compared == "other_labels"


def test_the_clip_may_be_given_where_the_model_came_without(
    official: Path, plus_large_files: Path, tmp_path: Path
) -> None:
    shutil.copyfile(official / "model.pt", tmp_path / "model.pt")
    pull("plus-large", source=tmp_path / "model.pt")
    assert verify("plus-large").not_compared == "no_clip"
    found = verify("plus-large", clip=plus_large_files / "test.wav")
    assert found.difference is not None
    with pytest.raises(UsageError, match="is not the hubs' example clip"):
        verify("plus-large", clip=tmp_path / "model.pt")
    with pytest.raises(InputNotFound, match=r"nowhere\.wav"):
        verify("plus-large", clip=tmp_path / "nowhere.wav")


def test_scores_that_are_no_numbers_do_not_pass(
    official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull("plus-large", source=official)
    monkeypatch.setitem(PUBLISHED_SCORES, "plus-large", dict.fromkeys(LABEL_IDS, float("nan")))
    with pytest.raises(VerificationFailed):
        verify("plus-large")
