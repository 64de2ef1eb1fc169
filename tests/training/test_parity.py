"""The torch module against FunASR's class, against the graph, and against its own slow path."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from checkpoints import SMALL, torch, write_checkpoint
from voxcor.inference.network import Network
from voxcor.inference.onnx_files import GRAPH_FILE, WEIGHTS_FILE
from voxcor.labels import LABEL_IDS
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY, network
from voxcor.models.families.emotion2vec.architecture import AUDIO, Architecture, read_architecture
from voxcor.models.families.emotion2vec.graph import write_graph
from voxcor.models.families.emotion2vec.network import (
    Emotion2vec,
    attend,
    load,
    tensors_of,
)
from voxcor.models.families.emotion2vec.published import labels_from_tokens
from voxcor.models.families.emotion2vec.weights import read_checkpoint, read_weights
from voxcor.models.family import Weights
from voxcor.models.graph import GraphBuilder

ATOL = 1e-4

FloatArray = NDArray[np.float32]


class Pair(NamedTuple):
    """The same weights in torch and in a graph."""

    model: Emotion2vec
    network: Network


def torch_model(path: Path) -> Emotion2vec:
    tensors = read_checkpoint(path)
    model = Emotion2vec(read_architecture(tensors, str(path))).eval()
    load(model, tensors)
    return model


def embed(model: Emotion2vec, clips: list[FloatArray]) -> list[FloatArray]:
    """The frame embeddings [T, D] of each clip, from one padded batch."""
    lengths = torch.tensor([len(clip) for clip in clips])
    batch = torch.zeros(len(clips), int(lengths.max()))
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = torch.from_numpy(clip)
    with torch.no_grad():
        embeddings, real = model.embed(batch, lengths)
    return [x[own[:, 0]].numpy() for x, own in zip(embeddings, real, strict=True)]


def logits(model: Emotion2vec, clip: FloatArray) -> FloatArray:
    with torch.no_grad():
        found: FloatArray = model(torch.from_numpy(clip)[None], torch.tensor([len(clip)]))[
            0
        ].numpy()
    return found


def softmax(values: FloatArray) -> FloatArray:
    exponentials = np.exp(values - values.max())
    return np.asarray(exponentials / exponentials.sum())


@pytest.fixture(scope="module")
def speech(plus_large_files: Path) -> FloatArray:
    samples, _ = soundfile.read(plus_large_files / "test.wav", dtype="float32")
    return np.asarray(samples, dtype=np.float32)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("small")
    write_checkpoint(folder / "model.pt", seed=4)
    convert_checkpoint(folder / "model.pt", folder, family=FAMILY, labels=LABEL_IDS)
    return Pair(torch_model(folder / "model.pt"), Network(folder / "model.onnx", threads=1))


@pytest.mark.parametrize("size", ["base", "large"])
def test_scores_and_features_are_those_of_funasr(
    size: str, plus_large_files: Path, speech: FloatArray, tmp_path: Path
) -> None:
    yaml = pytest.importorskip("yaml")
    funasr = pytest.importorskip(
        "funasr_reference", reason="funasr is not installed", exc_type=ImportError
    )
    config: dict[str, Any] = yaml.safe_load((plus_large_files / "config.yaml").read_text())
    reference = funasr.build(config, size=size, seed=1)
    funasr.save_official(reference, tmp_path / "model.pt")
    model = torch_model(tmp_path / "model.pt")
    for samples in (400, 7_999, len(speech)):
        clip = speech[-samples:]
        expected, expected_frames = funasr.recognize(reference, clip)
        np.testing.assert_allclose(
            softmax(logits(model, clip)), list(expected.values()), atol=ATOL, rtol=0
        )
        np.testing.assert_allclose(embed(model, [clip])[0], expected_frames, atol=ATOL, rtol=1e-4)


@pytest.mark.parametrize("samples", [400, 719, 16_000, 65_000])
def test_torch_and_the_graph_agree(small: Pair, speech: FloatArray, samples: int) -> None:
    clip = speech[:samples]
    output = small.network.run([clip])[0]
    np.testing.assert_allclose(embed(small.model, [clip])[0], output.embeddings, atol=ATOL)
    np.testing.assert_allclose(logits(small.model, clip), output.logits.mean(axis=0), atol=ATOL)


def test_a_padded_batch_is_its_items_alone(small: Pair, speech: FloatArray) -> None:
    clips = [speech[-n:] for n in (400, 1_600, 7_999, 23_456, len(speech))]
    batched = embed(small.model, clips)
    for clip, found in zip(clips, batched, strict=True):
        np.testing.assert_allclose(found, embed(small.model, [clip])[0], atol=1e-5)
    for output, found in zip(small.network.run(clips), batched, strict=True):
        np.testing.assert_allclose(found, output.embeddings, atol=ATOL)


def attend_by_definition(query: Any, key: Any, value: Any, bias: Any) -> Any:
    """Attention written out: slow, and what `attend` is held against."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)  # [B, H, N, N]
    weights = (scores.float() + bias).softmax(dim=-1)
    return weights.to(value.dtype) @ value


def test_the_fast_attention_is_attention_by_its_definition(
    small: Pair, speech: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [speech[:5_000], speech]
    fast = embed(small.model, clips)
    monkeypatch.setattr(network, "attend", attend_by_definition)
    slow = embed(small.model, clips)
    for fast_frames, slow_frames in zip(fast, slow, strict=True):
        np.testing.assert_allclose(fast_frames, slow_frames, atol=1e-5)


def test_attention_needs_its_bias() -> None:
    """Guards the tests above: attention that ignored the bias could pass on smooth inputs."""
    query, key, value = torch.randn(3, 1, 2, 5, 4).unbind()
    bias = torch.randn(1, 2, 5, 5)
    found = attend(query, key, value, bias)
    assert torch.allclose(found, attend_by_definition(query, key, value, bias), atol=1e-6)
    assert not torch.allclose(found, attend(query, key, value, 0 * bias), atol=1e-2)


def test_gradient_checkpointing_changes_no_gradient(small: Pair, speech: FloatArray) -> None:
    gradients = []
    for gradient_checkpointing in (False, True):
        model = Emotion2vec(small.model.architecture, gradient_checkpointing=gradient_checkpointing)
        model.load_state_dict(small.model.state_dict())
        torch.manual_seed(0)
        found = model.train()(torch.from_numpy(speech)[None], torch.tensor([len(speech)]))
        found.square().sum().backward()
        gradients.append({n: p.grad for n, p in model.named_parameters() if p.requires_grad})
    plain, recomputed = gradients
    assert all(grad is not None and grad.abs().sum() > 0 for grad in plain.values())
    for name, grad in plain.items():
        torch.testing.assert_close(recomputed[name], grad)


def test_bfloat16_gives_nearly_the_same(small: Pair, speech: FloatArray) -> None:
    """Mixed precision, which training uses on a GPU."""
    with torch.autocast("cpu", torch.bfloat16):
        found = logits(small.model, speech)
    exact = logits(small.model, speech)
    np.testing.assert_allclose(found, exact, atol=0.1)
    assert np.abs(found - exact).max() > 1e-5  # it did run in another precision


def test_weights_survive_the_way_through_the_module(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "model.pt")
    tensors = read_checkpoint(tmp_path / "model.pt")
    found = tensors_of(torch_model(tmp_path / "model.pt"))
    assert set(found) == set(SMALL.shapes())
    for name, array in found.items():
        np.testing.assert_array_equal(array, tensors[name])


@pytest.mark.parametrize(
    "architecture",
    [SMALL, Architecture(embed_dim=192, num_heads=3, prenet_depth=1, depth=1, num_outputs=0)],
    ids=["small", "of-three-heads-without-classifier"],
)
def test_a_graph_gives_back_the_weights_of_its_checkpoint(
    architecture: Architecture, tmp_path: Path
) -> None:
    write_checkpoint(tmp_path / "model.pt", architecture)
    convert_checkpoint(tmp_path / "model.pt", tmp_path, family=FAMILY, labels=LABEL_IDS)
    tensors, found = read_checkpoint(tmp_path / "model.pt"), read_weights(tmp_path / "model.onnx")
    assert read_architecture(found, "graph") == architecture
    assert set(found) == set(architecture.shapes())
    scale = f"{AUDIO}alibi_scale"
    assert (tensors[scale] < 0).any()
    np.testing.assert_allclose(found.pop(scale), np.maximum(tensors[scale], 0), rtol=2e-7)
    for name, array in found.items():
        np.testing.assert_array_equal(array, tensors[name], err_msg=name)


def test_a_graph_written_from_weights_read_back_is_the_same_file(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "model.pt")
    convert_checkpoint(tmp_path / "model.pt", tmp_path, family=FAMILY, labels=LABEL_IDS)
    again = tmp_path / "again"
    again.mkdir()
    with GraphBuilder(again) as graph:
        labels = write_graph(graph, Weights(SMALL, read_weights(tmp_path / GRAPH_FILE)), LABEL_IDS)
        graph.save(labels=labels, embedding_dim=SMALL.embed_dim)
    for name in (GRAPH_FILE, WEIGHTS_FILE):
        assert (again / name).read_bytes() == (tmp_path / name).read_bytes()


def test_rows_of_unused_tokens_are_gone_from_the_graph(tmp_path: Path) -> None:
    tokens = "生气/angry unuse_0 unuse_1 开心/happy 中立/neutral unuse_2 难过/sad unuse_3 <unk>"
    write_checkpoint(tmp_path / "model.pt")
    labels = labels_from_tokens(tokens.split())
    convert_checkpoint(tmp_path / "model.pt", tmp_path, family=FAMILY, labels=labels)
    head = read_checkpoint(tmp_path / "model.pt")["proj.weight"]
    np.testing.assert_array_equal(
        read_weights(tmp_path / "model.onnx")["proj.weight"], head[[0, 3, 4, 6, 8]]
    )
