"""Other providers than ONNX Runtime's CPU: the same numbers, or a sentence that says what to do."""

import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from checkpoints import write_checkpoint
from places import VOICE
from voxcor import Recognizer
from voxcor.errors import UsageError
from voxcor.inference.network import Network
from voxcor.labels import LABEL_IDS
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write_checkpoint(folder / "model.pt")
    convert_checkpoint(folder / "model.pt", folder, family=FAMILY, labels=LABEL_IDS)
    return folder / "model.onnx"


def noise(samples: int, seed: int) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(samples).astype(np.float32)


def test_openvino_gives_onnx_runtime_s_numbers(
    graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    waveforms = [noise(length, seed) for seed, length in enumerate((400, 16_000, 48_123, 31_000))]
    expected = Network(graph, threads=1)
    monkeypatch.setenv("VOXCOR_PROVIDER", "openvino")
    found = Network(graph, threads=1)
    assert (found.labels, found.embedding_dim) == (expected.labels, expected.embedding_dim)
    together = found.run(waveforms)
    for waveform, batched in zip(waveforms, together, strict=True):
        ours, theirs = found.run([waveform])[0], expected.run([waveform])[0]
        np.testing.assert_allclose(ours.logits, theirs.logits, atol=1e-4)
        np.testing.assert_allclose(ours.embeddings, theirs.embeddings, atol=1e-4)
        np.testing.assert_allclose(batched.logits, ours.logits, atol=1e-4)


def test_small_answers_through_openvino_without_a_word_to_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    expected = Recognizer("small").recognize(VOICE)

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("VOXCOR_PROVIDER", "openvino")
    found = Recognizer("small").recognize(VOICE)
    assert found.emotion == expected.emotion
    for label, score in expected.scores.items():
        assert found.scores[label] == pytest.approx(score, abs=1e-4)


def test_the_caller_s_arithmetic_stays_as_it_is(graph: Path) -> None:
    """Sessions take numbers below float32's normal range as zero; whoever makes one does not."""
    smallest = np.float32(1e-40)
    for threads in (1, 2):
        Network(graph, threads=threads).run([noise(16_000, 0)])
        assert smallest * np.float32(0.5) > 0


def test_a_provider_that_is_not_installed_is_named_with_what_brings_it(
    graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_PROVIDER", "openvino")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(UsageError, match=r"install .*openvino"):
        Network(graph)
    import onnxruntime

    monkeypatch.setenv("VOXCOR_PROVIDER", "cuda")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(UsageError, match=r"install .onnxruntime-gpu"):
        Network(graph)
