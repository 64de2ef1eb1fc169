"""int8: the same model in 8 bits, measured beside fp32 before anybody gets it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from numpy.typing import NDArray

from checkpoints import write_checkpoint
from command import voxcor
from places import VOICE
from voxcor.errors import ModelNotInstalled, PrecisionRefused, UnknownModel, UsageError
from voxcor.inference.network import Network
from voxcor.labels import LABEL_IDS
from voxcor.models import agreement, quantize
from voxcor.models.agreement import ENOUGH_S, Agreement, measure, require_agreement, split
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY
from voxcor.models.families.emotion2vec.architecture import Architecture
from voxcor.models.graph import GraphBuilder
from voxcor.models.listing import list_models
from voxcor.models.pull import pull
from voxcor.models.store import find_model, folder_of, installed, open_network, remove
from voxcor.models.verify import verify
from voxcor.recognizer import Recognizer
from voxcor.settings import Settings

FloatArray = NDArray[np.float32]

# The least whose positional convolutions have groups wide enough for 8 bits.
SMALL = Architecture(embed_dim=256, num_heads=4, prenet_depth=1, depth=1, num_outputs=9)


def speech(seconds: float, seed: int = 0) -> FloatArray:
    """Noise with a syllable's rise and fall and a voice's slope: it exercises a random network."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * 16_000)) / 16_000
    noise = np.convolve(rng.standard_normal(len(time_s)), np.ones(8) / 8, "same")
    return (noise * (0.2 + np.abs(np.sin(2 * np.pi * 2 * time_s)))).astype(np.float32)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "model.pt"
    write_checkpoint(path, SMALL)
    return path


@pytest.fixture(scope="module")
def fp32(checkpoint: Path) -> Path:
    convert_checkpoint(checkpoint, checkpoint.parent, family=FAMILY, labels=LABEL_IDS)
    return checkpoint.parent


@pytest.fixture(scope="module")
def int8(fp32: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("int8")
    quantize.quantize(fp32, folder, [speech(3, seed) for seed in range(3)])
    return folder


def network(folder: Path) -> Network:
    return Network(folder / "model.onnx", threads=1)


def relative(found: FloatArray, expected: FloatArray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def test_what_a_family_keeps_in_float_stays_as_it_is(fp32: Path, tmp_path: Path) -> None:
    kept = "blocks.0.mlp.fc1.weight"
    quantize.quantize(fp32, tmp_path, [speech(1)], float_weights={kept})
    graph = onnx.load(tmp_path / "model.onnx").graph
    products = {name: node.op_type for node in graph.node for name in node.input if name}
    assert products[kept] == "MatMul"
    assert products["blocks.0.mlp.fc2.weight.int8"] == "MatMulIntegerToFloat"
    found = next(tensor for tensor in graph.initializer if tensor.name == kept)
    expected = next(
        tensor for tensor in onnx.load(fp32 / "model.onnx").graph.initializer if tensor.name == kept
    )
    assert onnx.numpy_helper.to_array(found).tolist() == (
        onnx.numpy_helper.to_array(expected).tolist()
    )


def test_a_convolution_with_strides_stays_as_it_is(tmp_path: Path) -> None:
    """Its taps do not lie side by side as those of the positional ones do."""
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((64, 1, 400), dtype=np.float32)
    head = {
        "head.weight": rng.standard_normal((64, 64), dtype=np.float32),
        "head.bias": np.zeros(64, np.float32),
    }
    (tmp_path / "int8").mkdir()
    with GraphBuilder(tmp_path) as graph:
        x = graph.op("Unsqueeze", "waveform", graph.constant([2]))
        x = graph.op("Transpose", x, perm=[0, 2, 1])
        x = graph.op("Conv", x, graph.weight("kernel", kernel), strides=[320])
        x = graph.op("Transpose", x, perm=[0, 2, 1])
        graph.rename(graph.linear(x, head, "head."), "embeddings")
        graph.save(labels=(), embedding_dim=64)
    quantize.quantize(tmp_path, tmp_path / "int8", [speech(1)])
    model = onnx.load(tmp_path / "int8" / "model.onnx")
    assert {"Conv", "MatMulIntegerToFloat"} <= {node.op_type for node in model.graph.node}
    expected, found = (network(f).run([speech(1)])[0] for f in (tmp_path, tmp_path / "int8"))
    assert relative(found.embeddings, expected.embeddings) < 0.05


def test_int8_answers_nearly_as_fp32_does(fp32: Path, int8: Path) -> None:
    heard = [speech(2, seed=9)]
    expected, found = network(fp32).run(heard)[0], network(int8).run(heard)[0]
    assert found.embeddings.shape == expected.embeddings.shape
    assert 0 < relative(found.embeddings, expected.embeddings) < 0.05
    assert relative(found.logits, expected.logits) < 0.05


def test_an_item_of_a_batch_gets_exactly_its_own_answer(int8: Path) -> None:
    items = [speech(seconds, seed) for seed, seconds in enumerate((0.5, 2, 1.3))]
    items[1] *= 50  # a loud neighbour changes no scale
    model = network(int8)
    alone = [model.run([item])[0] for item in items]
    for one, same in zip(alone, model.run(items), strict=True):
        np.testing.assert_allclose(same.embeddings, one.embeddings, rtol=0, atol=1e-4)


def test_only_the_first_convolution_and_the_classifier_keep_float_weights(int8: Path) -> None:
    model = onnx.load(int8 / "model.onnx")
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    matrices = [
        tensor
        for tensor in weights.values()
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 2
    ]
    assert sorted(tuple(tensor.dims) for tensor in matrices) == [(10, 512), (256, 9)]
    products = [node for node in model.graph.node if node.op_type == "MatMulIntegerToFloat"]
    front_end, positional = 6 + 4, 5 * 16  # four have a tap more than their stride
    assert len(products) == front_end + 1 + positional + 6 * len(SMALL.blocks)
    assert not any(node.op_type == "Conv" for node in model.graph.node)


def test_the_weights_take_a_quarter_of_the_space(fp32: Path, int8: Path) -> None:
    sizes = [(folder / "model.onnx.data").stat().st_size for folder in (fp32, int8)]
    assert sizes[1] < 0.3 * sizes[0]


def test_a_draft_is_not_left_in_the_fp32_folder(fp32: Path, int8: Path) -> None:
    assert not [path for path in fp32.iterdir() if path.name.startswith(".")]


def test_zero_and_both_ends_of_a_range_have_values_of_their_own() -> None:
    found = quantize.Range(lowest=-0.17, highest=8.0)
    ends = np.array([found.lowest, 0.0, found.highest]) / found.scale + found.zero_point
    assert ends.round().tolist() == [0, found.zero_point, 255]
    assert quantize.Range(0.0, 0.0).zero_point == 0


def test_recordings_calibrate_or_compare_never_both() -> None:
    recordings = [speech(seconds, seed) for seed, seconds in enumerate((12, 4, 1, 7))]
    calibration, trial = split(recordings)
    assert [len(piece) for piece in calibration] == [64_000, 64_000, 64_000, 16_000]
    assert [len(piece) for piece in trial] == [64_000, 56_000, 56_000]
    first, second = split([speech(4)])
    np.testing.assert_array_equal(np.concatenate([*first, *second]), speech(4))


def test_a_model_agrees_with_itself(fp32: Path) -> None:
    found = measure(network(fp32), network(fp32), [speech(1), speech(2)])
    assert (found.pieces, found.speech_s, found.top1) == (2, 3.0, 1.0)
    assert found.embedding_max == found.score_max == 0
    assert found.speech_s < ENOUGH_S


GOOD = Agreement(
    pieces=100,
    speech_s=400.0,
    embedding_mean=0.02,
    embedding_max=0.05,
    top1=0.98,
    score_mean=0.001,
    score_max=0.01,
)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"embedding_mean": 0.5}, "embedding_mean"),
        ({"embedding_mean": float("nan")}, "embedding_mean"),
        ({"score_mean": 0.2}, "score_mean"),
        ({"score_mean": float("nan")}, "score_mean"),
        ({"top1": 0.7}, "top1"),
    ],
)
def test_a_model_that_disagrees_is_refused(changed: dict[str, float], what: str) -> None:
    require_agreement(GOOD, "plus-seed")
    with pytest.raises(PrecisionRefused, match="fp32") as error:
        require_agreement(replace(GOOD, **changed), "plus-seed")
    assert error.value.details["what"] == what


def test_one_piece_of_a_few_decides_nothing() -> None:
    require_agreement(replace(GOOD, pieces=4, top1=0.75), "plus-seed")
    with pytest.raises(PrecisionRefused):
        require_agreement(replace(GOOD, pieces=4, top1=0.5), "plus-seed")


RECORDINGS: Sequence[FloatArray] = [speech(3, seed) for seed in range(4)]


def pull_both(checkpoint: Path) -> None:
    pull("plus-seed", source=checkpoint)
    pull("plus-seed", precision="int8", speech=RECORDINGS)


def test_int8_lies_beside_fp32_and_has_a_name_of_its_own(checkpoint: Path) -> None:
    pull_both(checkpoint)
    assert installed() == ("plus-seed", "plus-seed-int8", "small")
    for name, precision in (
        ("plus-seed", "fp32"),
        ("plus-seed-int8", "int8"),
        ("auto", "fp32"),
    ):
        found = find_model(name)
        assert (found.card.id, found.card.precision) == ("plus-seed", precision)
    assert find_model("plus-seed-int8").name == "plus-seed-int8"
    kept = ("sha256", "labels", "official", "source", "revision", "temperature")
    cards = find_model("plus-seed").card, find_model("plus-seed-int8").card
    assert all(getattr(cards[0], name) == getattr(cards[1], name) for name in kept)


def test_where_only_int8_is_installed_the_id_means_it(checkpoint: Path) -> None:
    card = pull("plus-seed", source=checkpoint, precision="int8", speech=RECORDINGS)
    assert installed() == ("plus-seed-int8", "small")
    assert find_model("plus-seed").card == find_model("auto").card == card
    assert not find_model("auto").fallback
    assert set(card.files) == {"model.onnx", "model.onnx.data"}
    left = {path.name for path in Settings().models.iterdir() if path.suffix != ".lock"}
    assert left == {"plus-seed-int8"}


def test_the_card_says_what_was_measured(checkpoint: Path) -> None:
    pull_both(checkpoint)
    metrics = find_model("plus-seed-int8").card.metrics
    assert metrics["int8.speech_s"] == 6.0
    assert metrics["int8.pieces"] == 2
    assert 0 < metrics["int8.embedding_mean"] < 0.05
    assert 0 <= metrics["int8.score_mean"] <= metrics["int8.score_max"]


def test_every_result_says_that_int8_answered(checkpoint: Path) -> None:
    pull_both(checkpoint)
    result = Recognizer("plus-seed-int8", threads=1).recognize(VOICE)
    assert result.model.precision == "int8"
    assert result.to_document()["model"]["precision"] == "int8"


def test_both_are_listed_verified_and_removed_apart(checkpoint: Path) -> None:
    pull_both(checkpoint)
    rows = {row["id"]: row for row in list_models()}
    assert rows["plus-seed"]["precision"] == "fp32"
    assert rows["plus-seed-int8"]["precision"] == "int8"
    assert rows["plus-seed-int8"]["bytes"] < rows["plus-seed"]["bytes"]
    assert verify("plus-seed-int8").model.name == "plus-seed-int8"
    remove("plus-seed")
    assert installed() == ("plus-seed-int8", "small")
    remove("plus-seed-int8")
    with pytest.raises(UnknownModel):
        remove("plus-seed-int8")
    with pytest.raises(ModelNotInstalled):
        find_model("plus-seed")


def spoil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quantises with the ranges a tenth of what they should be."""
    observe = quantize.observe

    def narrow(
        folder: Path, names: Sequence[str], heard: Sequence[FloatArray]
    ) -> dict[str, quantize.Range]:
        ranges = observe(folder, names, heard)
        return {n: quantize.Range(r.lowest / 10, r.highest / 10) for n, r in ranges.items()}

    monkeypatch.setattr(quantize, "observe", narrow)


def test_a_refused_int8_leaves_everything_as_it_was(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull("plus-seed", source=checkpoint)
    spoil(monkeypatch)
    with pytest.raises(PrecisionRefused, match="not offered"):
        pull("plus-seed", precision="int8", speech=RECORDINGS)
    assert installed() == ("plus-seed", "small")
    assert find_model("plus-seed").card.precision == "fp32"
    left = {path.name for path in Settings().models.iterdir() if path.suffix != ".lock"}
    assert left == {"plus-seed"}
    assert not [path for path in folder_of("plus-seed").iterdir() if path.name[0] == "."]


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """The two halves of a voice, and a file that is none."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    samples, rate = soundfile.read(VOICE)
    for name, part in zip(("a.wav", "b.wav"), np.array_split(samples, 2), strict=True):
        soundfile.write(folder / name, part, rate)
    (folder / "c.wav").write_bytes(b"no sound at all")
    return folder


@pytest.mark.parametrize(
    ("language", "measured", "little"),
    [
        ("en", "int8 beside fp32, on 4 s of speech (pieces: 1)", "under 30 s of speech"),
        ("zh", "int8 与 fp32 比较（4 秒语音，1 个片段）", "语音不足 30 秒"),
    ],
)
def test_the_command_says_what_was_measured_and_that_it_is_little(
    checkpoint: Path, recordings: Path, language: str, measured: str, little: str
) -> None:
    options = ("--from", checkpoint, "--precision", "int8", "--speech", recordings)
    status, out, err = voxcor("models", "pull", "plus-seed", *options, VOXCOR_LANGUAGE=language)
    assert status == 0, err
    assert str(folder_of("plus-seed-int8")) in out
    assert measured in err
    assert little in err
    assert "c.wav" in err


def test_the_measurement_is_in_the_card_of_int8_only(checkpoint: Path) -> None:
    pull_both(checkpoint)
    cards = [find_model(name).card for name in ("plus-seed", "plus-seed-int8")]
    assert cards[0].metrics == {}
    assert all(name.startswith("int8.") for name in cards[1].metrics)


def test_without_speech_there_is_no_int8(checkpoint: Path) -> None:
    pull("plus-seed", source=checkpoint)
    with pytest.raises(UsageError, match="--speech"):
        pull("plus-seed", precision="int8")


def test_a_model_without_labels_is_measured_on_its_embeddings(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "model.pt", replace(SMALL, num_outputs=0))
    card = pull("base", source=tmp_path / "model.pt", precision="int8", speech=RECORDINGS)
    assert card.labels == ()
    assert {name for name in card.metrics if "score" in name or "top1" in name} == set()
    assert card.metrics["int8.embedding_mean"] < agreement.MOST_EMBEDDING
    assert open_network(find_model("base")).run([speech(1)])[0].logits.shape == (49, 0)


def test_the_card_of_int8_is_read_back_as_it_was_written(checkpoint: Path) -> None:
    card = pull("plus-seed", source=checkpoint, precision="int8", speech=RECORDINGS)
    text = json.loads((folder_of("plus-seed-int8") / "card.json").read_text())
    assert text["precision"] == "int8"
    assert text["metrics"] == dict(card.metrics)
