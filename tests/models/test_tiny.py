"""The model inside the package, and the recipe that makes it."""

import csv
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
from numpy.typing import NDArray

from places import DATA, ROOT
from voxcor.frames import HOP, RECEPTIVE_FIELD, SAMPLE_RATE, num_frames
from voxcor.inference.session import open_session
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import Card, read_card
from voxcor.models.store import TINY_FOLDER

RECIPE = ROOT / "recipes" / "tiny"
GOLDEN = DATA / "tiny.npz"  # rewritten by `train.py --install`

# The speakers of emodb whom the recipe never trains on.
EMODB_VALIDATION = {"08", "10", "15"}

FloatArray = NDArray[np.float32]


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    return open_session(TINY_FOLDER / "model.onnx", threads=1)


@pytest.fixture(scope="module")
def card() -> Card:
    return read_card(TINY_FOLDER)


def run(
    session: onnxruntime.InferenceSession, *waveforms: FloatArray
) -> tuple[FloatArray, FloatArray]:
    lengths = np.array([len(waveform) for waveform in waveforms], dtype=np.int64)
    batch = np.zeros((len(waveforms), lengths.max()), dtype=np.float32)
    for row, waveform in zip(batch, waveforms, strict=True):
        row[: len(waveform)] = waveform
    embeddings, logits = session.run(
        ["embeddings", "logits"], {"waveform": batch, "lengths": lengths}
    )
    return embeddings, logits


def noises(*lengths: int) -> list[FloatArray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(length).astype(np.float32) * 0.1 for length in lengths]


def changing_noise(length: int) -> FloatArray:
    (noise,) = noises(length)
    steps = np.random.default_rng(1).uniform(-3, 0, length // 1000 + 1)
    return (10 ** np.repeat(steps, 1000)[:length] * noise).astype(np.float32)


def test_the_card_describes_the_graph_beside_it(
    card: Card, session: onnxruntime.InferenceSession
) -> None:
    content = (TINY_FOLDER / "model.onnx").read_bytes()

    assert len(content) < 5e6
    assert card.sha256 == hashlib.sha256(content).hexdigest()
    assert card.labels == LABEL_IDS
    assert session.get_outputs()[0].shape[2] == card.embedding_dim


def test_the_graph_has_the_doors_of_every_voxcor_model(
    session: onnxruntime.InferenceSession,
) -> None:
    metadata = session.get_modelmeta().custom_metadata_map

    assert [(i.name, i.type) for i in session.get_inputs()] == [
        ("waveform", "tensor(float)"),
        ("lengths", "tensor(int64)"),
    ]
    assert [o.name for o in session.get_outputs()] == ["embeddings", "logits"]
    assert metadata["labels"] == '["' + '", "'.join(LABEL_IDS) + '"]'
    assert (metadata["sample_rate"], metadata["hop"]) == (str(SAMPLE_RATE), str(HOP))


def test_the_graph_gives_what_the_trained_network_gave(
    session: onnxruntime.InferenceSession,
) -> None:
    golden = np.load(GOLDEN)

    _, logits = run(session, golden["waveform"])

    np.testing.assert_allclose(logits[0], golden["logits"], atol=1e-4)


@pytest.mark.parametrize("length", [400, 719, 720, 721, 16_000, 48_017])
def test_there_is_one_row_for_each_frame_of_the_grid(
    session: onnxruntime.InferenceSession, length: int
) -> None:
    embeddings, logits = run(session, *noises(length))

    assert embeddings.shape[:2] == logits.shape[:2] == (1, num_frames(length))


def test_a_batch_of_unequal_lengths_gives_what_each_gives_alone(
    session: onnxruntime.InferenceSession,
) -> None:
    waveforms = noises(31_234, 400, 48_000, 720, 16_000)

    embeddings, logits = run(session, *waveforms)

    for item, waveform in enumerate(waveforms):
        frames = num_frames(len(waveform))
        alone = run(session, waveform)
        np.testing.assert_allclose(embeddings[item, :frames], alone[0][0], atol=1e-4)
        np.testing.assert_allclose(logits[item, :frames], alone[1][0], atol=1e-4)
        assert not logits[item, frames:].any()
        assert not embeddings[item, frames:].any()


def test_what_lies_past_an_item_s_end_does_not_matter(
    session: onnxruntime.InferenceSession,
) -> None:
    (waveform,) = noises(32_000)
    lengths = np.array([20_000], dtype=np.int64)

    _, dirty = session.run(None, {"waveform": waveform[None], "lengths": lengths})
    _, clean = run(session, waveform[:20_000])

    np.testing.assert_allclose(dirty[0, : num_frames(20_000)], clean[0], atol=1e-4)


def test_logits_are_a_linear_function_of_embeddings(
    session: onnxruntime.InferenceSession,
) -> None:
    # More frames than embeddings have numbers: else anything would be linear.
    embeddings, logits = run(session, changing_noise(25 * SAMPLE_RATE))
    assert len(embeddings[0]) > embeddings.shape[2] + 1
    inputs = np.column_stack([embeddings[0], np.ones(len(embeddings[0]))]).astype(np.float64)

    solution, *_ = np.linalg.lstsq(inputs, logits[0].astype(np.float64))

    np.testing.assert_allclose(inputs @ solution, logits[0], atol=1e-4)


@pytest.mark.parametrize("gain", [1e-3, 30.0])
def test_loudness_does_not_matter(session: onnxruntime.InferenceSession, gain: float) -> None:
    waveform = np.load(GOLDEN)["waveform"]

    _, logits = run(session, waveform)
    _, scaled = run(session, (gain * waveform).astype(np.float32))

    np.testing.assert_allclose(scaled, logits, atol=1e-3)


def test_digital_silence_gives_finite_logits(session: onnxruntime.InferenceSession) -> None:
    embeddings, logits = run(session, np.zeros(SAMPLE_RATE, np.float32))

    assert np.isfinite(logits).all()
    assert np.isfinite(embeddings).all()


def test_unknown_is_never_guessed(session: onnxruntime.InferenceSession) -> None:
    unknown = LABEL_IDS.index("unknown")
    _, logits = run(session, *noises(*range(RECEPTIVE_FIELD, 60_000, 7_000)))
    shares = np.exp(logits - logits.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)

    assert shares[logits.any(axis=2)][:, unknown].max() < 1e-3


def emodb_validation(corpora: Path) -> Iterator[tuple[str, FloatArray]]:
    with (corpora / "emodb" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["speaker"] in EMODB_VALIDATION:
                samples, _ = soundfile.read(corpora / "emodb" / row["path"], dtype="float32")
                yield row["label9"], samples


def test_the_card_s_figures_are_those_of_the_graph(
    corpora: Path, card: Card, session: onnxruntime.InferenceSession
) -> None:
    right: dict[str, list[bool]] = {}
    clips = list(emodb_validation(corpora))
    own = sorted({LABEL_IDS.index(label) for label, _ in clips})
    for label, waveform in clips:
        _, logits = run(session, waveform)
        best = LABEL_IDS[own[int(logits[0].mean(axis=0)[own].argmax())]]
        right.setdefault(label, []).append(best == label)

    uar = np.mean([np.mean(hits) for hits in right.values()])

    # Half a clip of the rarest label is the tolerance: decoders round differently.
    assert uar == pytest.approx(card.metrics["speaker_disjoint.emodb.own.uar"], abs=0.005)


def test_an_emotion_that_changes_shows_in_the_frames(
    corpora: Path, session: onnxruntime.InferenceSession
) -> None:
    clips = list(emodb_validation(corpora))
    angry = next(samples for label, samples in clips if label == "angry")
    sad = next(samples for label, samples in clips if label == "sad")

    _, logits = run(session, np.concatenate([angry, sad]))

    arousal = logits[0][:, LABEL_IDS.index("angry")] - logits[0][:, LABEL_IDS.index("sad")]
    border = num_frames(len(angry))
    assert arousal[:border].mean() > arousal[border:].mean() + 1


def train(corpora: Path, folder: Path) -> bytes:
    """A quick run of the whole recipe; the graph it makes."""
    pytest.importorskip("torch")
    command = [sys.executable, str(RECIPE / "train.py")]
    command += ["--corpora", str(corpora), "--run", str(folder)]
    command += ["--quick"]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "tiny" / "model.onnx").read_bytes()


def test_the_recipe_gives_the_same_model_twice(corpora: Path, tmp_path: Path) -> None:
    first = train(corpora, tmp_path / "first")
    second = train(corpora, tmp_path / "second")

    assert first == second
    assert read_card(tmp_path / "first" / "tiny").sha256 == hashlib.sha256(first).hexdigest()
