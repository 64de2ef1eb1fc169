"""FunASR's numbers through our runtime: random weights, true sizes, the official file layout."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from checkpoints import build_small, funasr
from voxcor.inference.network import Network
from voxcor.inference.onnx_files import GRAPH_FILE
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import OFFICIAL, Card
from voxcor.models.families.emotion2vec import FAMILY
from voxcor.models.families.emotion2vec.architecture import NUM_EXTRA_TOKENS
from voxcor.models.family import first_blocks
from voxcor.models.graph import GraphBuilder
from voxcor.models.pull import pull
from voxcor.models.store import find_model, open_network

SCORES_ATOL = 1e-5
FEATURES_RTOL = 1e-5


class Pair(NamedTuple):
    """The same weights on both sides."""

    reference: Any
    network: Network
    card: Card


@pytest.fixture(scope="module")
def speech(plus_large_files: Path) -> NDArray[np.float32]:
    """The hub's example clip: 4.104 s of real speech at 16 kHz."""
    samples, rate = soundfile.read(plus_large_files / "test.wav", dtype="float32")
    assert rate == 16_000
    return np.asarray(samples, dtype=np.float32)


@pytest.fixture(scope="module")
def talk(corpora: Path) -> NDArray[np.float32]:
    """30 s of real speech at 16 kHz: one actor's clips, one after the other."""
    clips = (
        soundfile.read(path, dtype="float32")[0]
        for path in sorted((corpora / "ravdess").glob("03-01-*-01.opus"))
    )
    samples: list[NDArray[np.float32]] = []
    while sum(map(len, samples)) < 30 * 16_000:
        samples.append(next(clips))
    return np.concatenate(samples)[: 30 * 16_000]


@pytest.fixture(scope="module")
def config(plus_large_files: Path) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    content: dict[str, Any] = yaml.safe_load((plus_large_files / "config.yaml").read_text())
    return content


@pytest.fixture(scope="module", params=["base", "large"])
def pair(
    request: pytest.FixtureRequest,
    config: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp(request.param)
    reference = funasr.build(config, size=request.param, seed=1)
    yield install(f"plus-{request.param}", reference, funasr.TOKENS, folder)
    shutil.rmtree(folder)


def install(model: str, reference: Any, tokens: Sequence[str], folder: Path) -> Pair:
    """`voxcor models pull --from` the files that the hub would have of this network."""
    funasr.save_official(reference, folder / "model.pt")
    if tokens:
        (folder / "tokens.txt").write_text("\n".join(tokens), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOXCOR_HOME", str(folder / "home"))
        card = pull(model, source=folder)
        network = open_network(find_model(model))
    (folder / "model.pt").unlink()
    return Pair(reference, network, card)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum())


def relative_error(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def test_the_checkpoint_has_the_published_size(pair: Pair) -> None:
    published = OFFICIAL[pair.card.id]
    assert pair.card.parameters == published.parameters
    assert pair.card.embedding_dim == published.embedding_dim
    assert pair.network.labels == pair.card.labels == LABEL_IDS
    assert not pair.card.official


@pytest.mark.parametrize("seconds", [0.025, 0.1, 0.5, 1.0, 3.0, 10.0, 30.0])
def test_scores_and_features_are_those_of_funasr(
    pair: Pair, talk: NDArray[np.float32], seconds: float
) -> None:
    clip = talk[: round((1 + seconds) * 16_000)][-round(seconds * 16_000) :]
    expected, expected_frames = funasr.recognize(pair.reference, clip)
    output = pair.network.run([clip])[0]

    scores = softmax(output.logits.mean(axis=0))
    np.testing.assert_allclose(scores, list(expected.values()), atol=SCORES_ATOL, rtol=0)
    assert output.embeddings.shape == expected_frames.shape
    assert relative_error(output.embeddings, expected_frames) < FEATURES_RTOL
    utterance, expected_utterance = output.embeddings.mean(axis=0), expected_frames.mean(axis=0)
    assert relative_error(utterance, expected_utterance) < FEATURES_RTOL


def test_the_scores_depend_on_the_input(pair: Pair, speech: NDArray[np.float32]) -> None:
    """Guards the parity tests: random weights could saturate and agree by saying nothing."""
    first, second = (pair.network.run([clip])[0] for clip in (speech[:16_000], speech[32_000:]))
    assert np.abs(softmax(first.logits.mean(0)) - softmax(second.logits.mean(0))).max() > 1e-3


def test_the_mean_of_frame_logits_is_the_head_of_the_mean_embedding(
    pair: Pair, speech: NDArray[np.float32]
) -> None:
    output = pair.network.run([speech])[0]
    head = pair.reference.proj
    weight, bias = head.weight.detach().numpy(), head.bias.detach().numpy()
    pooled_first = output.embeddings.mean(axis=0) @ weight.T + bias
    np.testing.assert_allclose(output.logits.mean(axis=0), pooled_first, atol=1e-4)


def test_a_batch_of_eight_unequal_clips_is_eight_single_runs(
    pair: Pair, speech: NDArray[np.float32]
) -> None:
    lengths = [400, 1_600, 7_999, 16_000, 23_456, 40_001, 55_555, len(speech)]
    clips = [speech[-length:] for length in lengths]
    for single, batched in zip(
        (pair.network.run([clip])[0] for clip in clips), pair.network.run(clips), strict=True
    ):
        assert batched.embeddings.shape == single.embeddings.shape
        assert relative_error(batched.embeddings, single.embeddings) < FEATURES_RTOL
        np.testing.assert_allclose(
            softmax(batched.logits.mean(0)), softmax(single.logits.mean(0)), atol=1e-5
        )


def test_unused_tokens_are_masked_as_funasr_masks_them(
    config: dict[str, Any], speech: NDArray[np.float32], tmp_path: Path
) -> None:
    """The hub's first release had five classes and four `unuse_*` rows."""
    text = "生气/angry unuse_0 unuse_1 开心/happy 中立/neutral unuse_2 难过/sad unuse_3 <unk>"
    tokens = text.split()
    reference, network, _ = install("plus-seed", build_small(config, seed=2), tokens, tmp_path)
    expected, _ = funasr.recognize(reference, speech, tokens)
    assert network.labels == ("angry", "happy", "neutral", "sad", "unknown")
    scores = softmax(network.run([speech])[0].logits.mean(axis=0))
    np.testing.assert_allclose(scores, list(expected.values()), atol=SCORES_ATOL)


def test_a_checkpoint_without_classifier_gives_features(
    config: dict[str, Any], speech: NDArray[np.float32], tmp_path: Path
) -> None:
    reference, network, card = install("base", build_small(config, seed=3, outputs=0), (), tmp_path)
    assert network.labels == card.labels == ()
    with funasr.torch.no_grad():
        expected = reference.extract_features(
            funasr.torch.nn.functional.layer_norm(
                funasr.torch.from_numpy(speech), speech.shape
            ).view(1, -1)
        )["x"][0].numpy()
    assert relative_error(network.run([speech])[0].embeddings, expected) < FEATURES_RTOL


def test_every_block_gives_the_numbers_of_funasr(
    config: dict[str, Any], speech: NDArray[np.float32], tmp_path: Path
) -> None:
    """The prenet's block is the first; what comes out of a block has been normed there."""
    reference = build_small(config, seed=4)
    blocks = [*reference.modality_encoders["AUDIO"].context_encoder.blocks, *reference.blocks]
    expected: list[NDArray[np.float32]] = []
    for block in blocks:
        block.register_forward_hook(
            lambda _block, _inputs, output: expected.append(output[0][0, NUM_EXTRA_TOKENS:].numpy())
        )
    with funasr.torch.no_grad():
        funasr.recognize(reference, speech)
    funasr.save_official(reference, tmp_path / "model.pt")
    whole = FAMILY.read_checkpoint(tmp_path / "model.pt")
    assert len(blocks) == len(whole.architecture.blocks) == len(expected) == 3
    for depth, theirs in enumerate(expected, 1):
        weights = first_blocks(whole, depth)
        folder = tmp_path / str(depth)
        folder.mkdir()
        with GraphBuilder(folder) as graph:
            FAMILY.write_graph(graph, weights, ())
            graph.save(labels=(), embedding_dim=weights.architecture.embed_dim)
        ours = Network(folder / GRAPH_FILE, threads=1).run([speech])[0].embeddings
        assert relative_error(ours, theirs) < FEATURES_RTOL
