"""`voxcor train --layer N`: a model that ends with a block of its base, in every family."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_files import speech
from checkpoints import SMALL, write_checkpoint
from command import voxcor
from emodb import Row, emodb, write_manifest
from voxcor import Recognizer
from voxcor.errors import UsageError
from voxcor.models.add import add
from voxcor.models.family import find_family, first_blocks
from voxcor.models.pull import pull
from voxcor.models.store import ModelFolder, find_model, open_network
from voxcor.models.trained_on import trained_on
from voxcor.training.full import train_full_manifest
from voxcor.training.head import train_head
from voxcor.training.heads import HIDDEN
from voxcor.training.options import FullOptions
from whispers import SMALLEST, write_huggingface

FAMILIES = {"emotion2vec": ("base", 3), "whisper": ("whisper-base", 2)}

# Little to compute.
QUICK = FullOptions(epochs=1, batch_size=4, accumulate=1, crop_s=0.5, augment=False)


@pytest.fixture
def rows(corpora: Path) -> list[Row]:
    """12 clips: three speakers, two emotions."""
    return emodb(corpora, speakers=["08", "10", "15"], labels=["angry", "sad"], each=2)


@pytest.fixture
def manifest(tmp_path: Path, rows: list[Row]) -> Path:
    return write_manifest(tmp_path / "manifest.csv", rows)


def install(family: str, folder: Path) -> ModelFolder:
    """A little base without labels and with random weights."""
    model, depth = FAMILIES[family]
    source = folder / "source"
    source.mkdir()
    if family == "whisper":
        write_huggingface(source, *SMALLEST)
    else:
        write_checkpoint(source / "model.pt", replace(SMALL, num_outputs=0))
    pull(model, source=source)
    base = find_model(model)
    assert len(find_family(family).read_graph(base.graph).architecture.blocks) == depth
    return base


@pytest.fixture(params=FAMILIES)
def base(request: pytest.FixtureRequest, tmp_path: Path) -> ModelFolder:
    return install(request.param, tmp_path)


@pytest.fixture
def emotion2vec(tmp_path: Path) -> ModelFolder:
    return install("emotion2vec", tmp_path)


@pytest.fixture
def whisper(tmp_path: Path) -> ModelFolder:
    return install("whisper", tmp_path)


def size(model: ModelFolder) -> int:
    return sum(record.bytes for record in model.card.files.values())


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_the_model_is_the_first_blocks_and_a_head(
    base: ModelFolder, manifest: Path, rows: list[Row], tmp_path: Path, kind: str
) -> None:
    train_head(manifest, tmp_path / "mine", model=base.card.id, layer=1, kind=kind)  # type: ignore[arg-type]
    mine, family = find_model(str(tmp_path / "mine")), find_family(base.card.family)
    expected = first_blocks(family.read_graph(base.graph), 1)
    found = family.read_graph(mine.graph)
    assert found.architecture == expected.architecture
    for name, tensor in expected.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor)
    head = mine.card.parameters - expected.architecture.parameters
    assert head == 2 * (expected.architecture.embed_dim + 1) or kind == "mlp"
    assert size(mine) < size(base) + 4 * head
    result = Recognizer(str(mine.path), threads=1).recognize(rows[0]["path"], embedding=True)
    assert set(result.scores) == {"angry", "sad"}
    assert result.embedding is not None
    assert len(result.embedding) == (HIDDEN if kind == "mlp" else expected.architecture.embed_dim)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".mine")]


def test_its_card_and_its_report_say_what_it_came_from(
    whisper: ModelFolder, manifest: Path, tmp_path: Path
) -> None:
    training = train_head(manifest, tmp_path / "mine", model="whisper-base", layer=1)
    mine = find_model(str(tmp_path / "mine"))
    assert mine.card.title == "mine (Whisper base up to block 1, linear head)"
    assert mine.card.source.repository == f"whisper-base@{whisper.card.sha256}"
    assert mine.card.source.file.endswith("--layer 1")
    report = json.loads((mine.path / "report.json").read_text(encoding="utf-8"))
    assert (report["base"]["sha256"], report["layer"]) == (whisper.card.sha256, 1)
    text = (mine.path / "CARD.md").read_text(encoding="utf-8")
    assert "Whisper base up to block 1 with another head" in text
    assert "Whisper base 的前 1 个模块" in text
    assert training.before is None


def test_layers_share_no_embeddings(base: ModelFolder, manifest: Path, tmp_path: Path) -> None:
    folders = []
    for layer in (None, 1):
        train_head(manifest, tmp_path / f"to-{layer}", model=base.card.id, layer=layer)
        cached = (tmp_path / "voxcor-home" / "embeddings").iterdir()
        folders.append({path.name for path in cached})
    assert [len(found) for found in folders] == [1, 2]


def test_the_model_can_be_trained_again_and_cut_again(
    emotion2vec: ModelFolder, manifest: Path, tmp_path: Path
) -> None:
    family = find_family("emotion2vec")
    train_head(manifest, tmp_path / "two", model="base", layer=2)
    two = str(tmp_path / "two")
    train_head(manifest, tmp_path / "again", model=two)
    training = train_head(manifest, tmp_path / "one", model=two, layer=1)
    assert training.base.id == "two"
    one = find_model(str(tmp_path / "one"))
    assert len(family.read_graph(one.graph).architecture.blocks) == 1
    sha256s = trained_on(find_model(two)).digests
    assert sha256s
    assert sha256s <= trained_on(one).digests
    train_full_manifest(manifest, tmp_path / "full", model=str(one.path), options=QUICK)
    full = find_model(str(tmp_path / "full"))
    assert len(family.read_graph(full.graph).architecture.blocks) == 1


def test_the_last_layer_is_no_layer_where_no_norm_follows_it(
    manifest: Path, rows: list[Row], tmp_path: Path
) -> None:
    """Of emotion2vec: even its classifier is begun with. Whisper's last norm is cut off."""
    write_checkpoint(tmp_path / "model.pt")
    pull("plus-base", source=tmp_path / "model.pt")
    for name, layer in (("whole", None), ("last", 3)):
        train_head(manifest, tmp_path / name / "mine", model="plus-base", layer=layer)
    whole, last = (tmp_path / name / "mine" for name in ("whole", "last"))
    for file in ("model.onnx", "model.onnx.data", "report.json"):
        assert (whole / file).read_bytes() == (last / file).read_bytes()

    # What the hidden layer of a head puts out is no block's output.
    train_head(manifest, tmp_path / "mlp", model="plus-base", kind="mlp")
    train_head(manifest, tmp_path / "bare", model=str(tmp_path / "mlp"), layer=3)
    assert find_model(str(tmp_path / "bare")).card.embedding_dim == SMALL.embed_dim


def test_the_last_layer_of_whisper_has_no_norm(
    whisper: ModelFolder, manifest: Path, tmp_path: Path
) -> None:
    train_head(manifest, tmp_path / "last", model="whisper-base", layer=2)
    train_head(manifest, tmp_path / "same", model=str(tmp_path / "last"), layer=2)
    family = find_family("whisper")
    before, after, same = (
        family.read_graph(model.graph).tensors
        for model in (whisper, *(find_model(str(tmp_path / name)) for name in ("last", "same")))
    )
    assert before.keys() - after.keys() == {"encoder.ln_post.weight", "encoder.ln_post.bias"}
    assert after.keys() == same.keys()


def test_the_whole_of_it_is_fine_tuned_up_to_a_layer(
    base: ModelFolder, manifest: Path, rows: list[Row], tmp_path: Path
) -> None:
    options = replace(QUICK, layer=1)
    trained = train_full_manifest(manifest, tmp_path / "mine", model=base.card.id, options=options)
    mine, family = find_model(str(tmp_path / "mine")), find_family(base.card.family)
    before = first_blocks(family.read_graph(base.graph), 1)
    after = family.read_graph(mine.graph)
    assert after.architecture == replace(before.architecture, num_outputs=2)
    assert any(not np.array_equal(after.tensors[name], t) for name, t in before.tensors.items())
    assert trained.before is None
    assert "up to block 1, fine-tuned" in mine.card.title
    assert mine.card.source.file.endswith("--method full --layer 1")
    result = Recognizer(str(mine.path), threads=1).recognize(rows[0]["path"])
    assert set(result.scores) == {"angry", "sad"}


def test_a_training_of_one_layer_is_not_gone_on_with_at_another(
    emotion2vec: ModelFolder, manifest: Path, tmp_path: Path
) -> None:
    options = replace(QUICK, layer=1, batch_size=2, save_steps=1)

    def interrupt(stage: str, share: float) -> None:
        if stage == "training" and share == 1:
            raise KeyboardInterrupt

    out = tmp_path / "mine"
    with pytest.raises(KeyboardInterrupt):
        train_full_manifest(manifest, out, model="base", options=options, progress=interrupt)
    for other in (2, None):
        with pytest.raises(UsageError, match="unfinished"):
            train_full_manifest(manifest, out, model="base", options=replace(options, layer=other))
    trained = train_full_manifest(manifest, out, model="base", options=options)
    unbroken = train_full_manifest(manifest, tmp_path / "other", model="base", options=options)
    assert trained.card.sha256 == unbroken.card.sha256


def test_a_layer_in_eight_bits(whisper: ModelFolder, manifest: Path, tmp_path: Path) -> None:
    train_head(manifest, tmp_path / "mine", model="whisper-base", layer=1)
    add(tmp_path / "mine", precision="int8", speech=[speech(2, seed=seed) for seed in range(4)])
    coarse = find_model("mine-int8")
    assert size(coarse) < size(find_model(str(tmp_path / "mine")))
    clip = speech(2, seed=9)
    fine = open_network(find_model(str(tmp_path / "mine")), threads=1).run([clip])[0]
    found = open_network(coarse, threads=1).run([clip])[0]
    assert np.abs(found.embeddings - fine.embeddings).mean() < 0.1 * fine.embeddings.std()
    with pytest.raises(UsageError, match="fp32"):
        train_head(manifest, tmp_path / "more", model="mine-int8", layer=1)


@pytest.mark.parametrize(
    ("method", "layer", "language", "told"),
    [
        ("head", 0, "en", "base has 3 blocks: --layer can be 1 to 3, not 0"),
        ("full", 4, "zh", "base 共有 3 个模块：--layer 可取 1 至 3，不能为 4"),
    ],
)
def test_a_layer_that_is_not_there_is_wrong_usage(
    emotion2vec: ModelFolder,
    manifest: Path,
    tmp_path: Path,
    method: str,
    layer: int,
    language: str,
    told: str,
) -> None:
    arguments = ("train", manifest, "--out", tmp_path / "mine", "--model", "base")
    status, out, err = voxcor(
        *arguments, "--method", method, "--layer", layer, VOXCOR_LANGUAGE=language
    )
    assert (status, out) == (2, "")
    assert told in err
    for other in (-1, 4):
        with pytest.raises(UsageError, match="base has 3 blocks"):
            train_head(manifest, tmp_path / "mine", model="base", layer=other)
    assert not [path for path in tmp_path.iterdir() if "mine" in path.name]


@pytest.mark.parametrize("method", ["head", "full"])
def test_the_command_takes_a_layer(
    emotion2vec: ModelFolder, manifest: Path, tmp_path: Path, method: str
) -> None:
    quick = ("--set", "epochs=1", "--set", "crop_s=0.5") if method == "full" else ()
    arguments = ("train", manifest, "--out", tmp_path / "mine", "--model", "base")
    status, out, err = voxcor(*arguments, "--method", method, "--layer", 1, *quick, "--json")
    assert status == 0, err
    report = json.loads(out)
    assert (report if method == "head" else report["options"])["layer"] == 1
