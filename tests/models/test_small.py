"""The model inside the package, and the recipe that makes it."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
from numpy.typing import NDArray
from onnx import TensorProto

from places import ROOT
from voxcor.frames import SAMPLE_RATE, num_frames
from voxcor.inference.onnx_files import GRAPH_FILE, WEIGHTS_FILE, read_model
from voxcor.inference.session import open_session
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import Card, read_card, record_of
from voxcor.models.families.whisper import FAMILY
from voxcor.models.store import BUILT_IN_FOLDER

RECIPE = ROOT / "recipes" / "small"

# The speakers of emodb whom the recipe never trains on.
EMODB_VALIDATION = {"08", "10"}

FloatArray = NDArray[np.float32]


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    return open_session(BUILT_IN_FOLDER / "model.onnx", threads=1)


@pytest.fixture(scope="module")
def card() -> Card:
    return read_card(BUILT_IN_FOLDER)


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


def voice(seconds: float) -> FloatArray:
    """A gliding, trembling harmonic tone over faint noise."""
    time_s = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch_hz = 180 + 60 * np.sin(2 * np.pi * 1.3 * time_s)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    loudness = 0.5 - 0.5 * np.cos(2 * np.pi * 3 * time_s)
    (noise,) = noises(len(time_s))
    return (0.1 * loudness * tone + 0.01 * noise).astype(np.float32)


def test_the_card_describes_the_files_beside_it(
    card: Card, session: onnxruntime.InferenceSession
) -> None:
    found = {name: record_of(BUILT_IN_FOLDER / name) for name in card.files}

    assert found == card.files
    assert sum(record.bytes for record in found.values()) < 13e6
    assert (card.labels, card.precision, card.family) == (LABEL_IDS, "int8", "whisper")
    assert session.get_outputs()[0].shape[2] == card.embedding_dim


def test_its_terms_allow_any_use_and_its_notices_lie_beside_it(card: Card) -> None:
    notice = (BUILT_IN_FOLDER / "NOTICE").read_text(encoding="utf-8")

    assert card.licence == "Apache-2.0 AND MIT"
    for owed in ("Copyright (c) 2022 OpenAI", "CREMA-D", "EmoGator", "ESC-10", "Berlin Database"):
        assert owed in notice


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
    assert metadata["embedding_dim"] == "512"


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
    embeddings, logits = run(session, voice(25))
    assert len(embeddings[0]) > embeddings.shape[2] + 1
    inputs = np.column_stack([embeddings[0], np.ones(len(embeddings[0]))]).astype(np.float64)

    solution, *_ = np.linalg.lstsq(inputs, logits[0].astype(np.float64))

    np.testing.assert_allclose(inputs @ solution, logits[0], atol=1e-4)


@pytest.mark.parametrize("gain", [0.1, 30.0])
def test_loudness_does_not_matter(session: onnxruntime.InferenceSession, gain: float) -> None:
    waveform = voice(2)

    _, logits = run(session, waveform)
    _, scaled = run(session, (gain * waveform).astype(np.float32))

    # Of what is quiet, more falls below the least power that Whisper knows.
    np.testing.assert_allclose(scaled.mean(axis=1), logits.mean(axis=1), atol=0.1)


def test_digital_silence_gives_finite_logits(session: onnxruntime.InferenceSession) -> None:
    embeddings, logits = run(session, np.zeros(SAMPLE_RATE, np.float32))

    assert np.isfinite(logits).all()
    assert np.isfinite(embeddings).all()


@pytest.mark.parametrize("seconds", [2.0, 5.0])
def test_noise_is_unknown(session: onnxruntime.InferenceSession, seconds: float) -> None:
    for waveform in noises(*[int(seconds * SAMPLE_RATE)] * 5):
        _, logits = run(session, waveform)

        assert LABEL_IDS[int(logits[0].mean(axis=0).argmax())] == "unknown"


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

    # A clip of a label is the tolerance: decoders round differently, and 8 bits may follow.
    assert uar == pytest.approx(card.metrics["speaker_disjoint.emodb.own"], abs=0.011)


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


def test_a_clip_and_the_clip_repeated_are_answered_alike(
    corpora: Path, session: onnxruntime.InferenceSession
) -> None:
    """Without windows a mean over positions that few clips reach is an answer about length."""
    clips = [samples for _, samples in emodb_validation(corpora)]
    same = []
    for clip in clips:
        own, long = (
            run(session, waveform)[1][0].mean(axis=0)
            for waveform in (clip, np.resize(clip, 20 * SAMPLE_RATE))
        )
        same.append(own.argmax() == long.argmax())

    assert np.mean(same) > 0.8


def test_8_bits_spare_the_spectrogram() -> None:
    """The product with the mel filters in 8 bits costs a third of what is recognised."""
    graph = read_model(BUILT_IN_FOLDER / GRAPH_FILE)
    kinds = {tensor.name: tensor.data_type for tensor in graph.graph.initializer}

    assert {kinds[name] for name in FAMILY.float_weights} == {TensorProto.FLOAT}
    assert TensorProto.INT8 in kinds.values()


FILES = {GRAPH_FILE, WEIGHTS_FILE, "card.json", "CARD.md", "NOTICE"}

# Runs the recipe on the weights of a stranger, whose checksum it is told.
STRANGER = """
import hashlib, pathlib, sys
sys.path.insert(0, sys.argv.pop(1))
import train, weights
content = pathlib.Path(sys.argv[sys.argv.index("--whisper") + 1]).read_bytes()
weights.SHA256[hashlib.sha256(content).hexdigest()] = "random weights"
train.main()
"""


def train(corpora: Path, whisper: Path, folder: Path) -> dict[str, bytes]:
    """A quick run of the whole recipe; the files it makes."""
    command = [sys.executable, "-c", STRANGER, str(RECIPE), "--whisper", str(whisper)]
    command += ["--corpora", str(corpora), str(corpora.parent / "more_corpora")]
    command += ["--run", str(folder), "--quick"]
    subprocess.run(command, check=True, capture_output=True)
    assert {path.name for path in (folder / "small").iterdir()} == FILES
    return {name: (folder / "small" / name).read_bytes() for name in (GRAPH_FILE, WEIGHTS_FILE)}


def test_the_recipe_gives_the_same_model_twice(corpora: Path, tmp_path: Path) -> None:
    whispers = pytest.importorskip("whispers")
    whisper = tmp_path / "base.pt"
    whispers.write_openai(whisper, whispers.tensors_of(whispers.encoder(128, 4)))

    first = train(corpora, whisper, tmp_path / "first")
    second = train(corpora, whisper, tmp_path / "second")

    assert first == second
