"""Whisper's encoder through our runtime: OpenAI's numbers, every file format, clips as alone."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audio_files import speech
from emodb import emodb, write_manifest
from hub_servers import FakeHub, serve
from places import VOICE
from voxcor import Recognizer
from voxcor.errors import CheckpointInvalid, CheckpointUnsafe, EmbeddingsOnly, VoxcorError
from voxcor.frames import num_frames
from voxcor.inference.network import Network
from voxcor.inference.onnx_files import read_floats
from voxcor.models.cards import OFFICIAL, Hub
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.whisper import FAMILY
from voxcor.models.families.whisper.architecture import (
    HEAD,
    POSITIONS,
    SMOOTHING,
    WhisperEncoder,
    read_architecture,
)
from voxcor.models.families.whisper.graph import FOURIER, MEL_FILTERS
from voxcor.models.families.whisper.spectrogram import LEVEL
from voxcor.models.family import Weights, find_family, first_blocks
from voxcor.models.graph import GraphBuilder
from voxcor.models.pull import pull
from voxcor.models.quantize import quantize
from voxcor.models.store import find_model
from voxcor.training.full import train_full_manifest
from voxcor.training.options import FullOptions
from whispers import (
    SIZES,
    SMALLEST,
    encoder,
    tensors_of,
    torch,
    write_ctranslate2,
    write_huggingface,
    write_openai,
)

whisper_audio = pytest.importorskip("whisper.audio", reason="openai-whisper is not installed")

LABELS = ("angry", "happy", "neutral", "sad")
FloatArray = NDArray[np.float32]


def graph_of(folder: Path, tensors: dict[str, NDArray[Any]], labels: tuple[str, ...] = ()) -> Path:
    weights = Weights(read_architecture(tensors, "here"), tensors)
    folder.mkdir(exist_ok=True)
    with GraphBuilder(folder) as graph:
        kept = FAMILY.write_graph(graph, weights, labels)
        graph.save(labels=kept, embedding_dim=weights.architecture.embed_dim)
    return folder / "model.onnx"


def with_head(tensors: dict[str, NDArray[Any]], window: int = 50) -> dict[str, NDArray[Any]]:
    """A classifier on top, and positions that begin anew every second."""
    rng = np.random.default_rng(5)
    dim = tensors[POSITIONS].shape[1]
    return {
        **tensors,
        POSITIONS: tensors[POSITIONS][:window],
        f"{HEAD}weight": rng.standard_normal((len(LABELS), dim)).astype(np.float32),
        f"{HEAD}bias": rng.standard_normal(len(LABELS)).astype(np.float32),
    }


def mel_of(waveform: FloatArray) -> Any:
    """OpenAI's spectrogram by its own filters, not centred, and with its maximum at `LEVEL`."""
    spectrum = torch.stft(
        torch.from_numpy(waveform),
        whisper_audio.N_FFT,
        whisper_audio.HOP_LENGTH,
        window=torch.hann_window(whisper_audio.N_FFT),
        center=False,
        return_complex=True,
    )
    filters = whisper_audio.mel_filters("cpu", 80)
    log_mel = torch.clamp(filters @ spectrum.abs() ** 2, min=1e-10).log10()
    log_mel = torch.maximum(log_mel, log_mel.max() - 8.0)
    return (log_mel - log_mel.max() + LEVEL + 4.0) / 4.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, NDArray[Any]]]:
    """A little encoder with a classifier, as a graph and as tensors."""
    tensors = with_head(tensors_of(encoder(*SMALLEST)))
    return graph_of(tmp_path_factory.mktemp("small"), tensors, LABELS), tensors


@pytest.fixture(scope="module")
def smooth(small: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The same with smoothed frames."""
    taps = np.hanning(37 + 2)[1:-1]
    tensors = {**small[1], SMOOTHING: (taps / taps.sum()).astype(np.float32)}
    return graph_of(tmp_path_factory.mktemp("smooth"), tensors, LABELS), tensors


@pytest.fixture(params=["small", "smooth"])
def either(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("size", SIZES)
def test_every_block_gives_the_numbers_of_openai(size: str, tmp_path: Path) -> None:
    dim, depth = SIZES[size]
    frames = 150
    waveform = speech(frames * 0.02 + 0.005, seed=2)
    assert num_frames(len(waveform)) == frames
    model = encoder(dim, depth, frames=frames, seed=1)
    expected: list[Any] = []
    for block in model.blocks:
        block.register_forward_hook(lambda _block, _inputs, output: expected.append(output[0]))
    with torch.no_grad():
        expected.append(model(mel_of(waveform)[None])[0])
    tensors = tensors_of(model)
    whole = Weights(read_architecture(tensors, "here"), tensors)
    for number, theirs in enumerate(expected, 1):
        kept = tensors if number > depth else dict(first_blocks(whole, number).tensors)
        graph = graph_of(tmp_path / str(number), kept)
        ours = Network(graph, threads=1).run([waveform])[0].embeddings
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4 * theirs.abs().max(), rtol=0)


def test_the_encoder_of_hugging_face_is_the_same_one(tmp_path: Path) -> None:
    theirs = write_huggingface(tmp_path, *SMALLEST)
    found = convert_checkpoint(tmp_path / "model.safetensors", tmp_path, family=FAMILY, labels=())
    assert (found.embedding_dim, found.labels) == (SMALLEST[0], ())
    waveform = speech(30.015, seed=4)
    with torch.no_grad():
        expected = theirs(mel_of(waveform)[None]).last_hidden_state[0].numpy()
    ours = Network(tmp_path / "model.onnx", threads=1).run([waveform])[0].embeddings
    np.testing.assert_allclose(ours, expected, atol=1e-4 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("write", [write_openai, write_ctranslate2])
def test_every_format_holds_the_same_tensors(write: Any, tmp_path: Path) -> None:
    tensors = tensors_of(encoder(*SMALLEST, seed=7))
    write(tmp_path / "weights", tensors)
    architecture, found = FAMILY.read_checkpoint(tmp_path / "weights")
    assert (architecture.embed_dim, len(architecture.blocks)) == SMALLEST
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array.astype(np.float16))


def test_a_padded_batch_is_its_items_alone(either: tuple[Path, Any]) -> None:
    network = Network(either[0], threads=1)
    clips = [speech(2.5, seed=3)[:samples] for samples in (400, 719, 16_000, 16_400, 40_000)]
    for clip, together in zip(clips, network.run(clips), strict=True):
        alone = network.run([clip])[0]
        assert alone.embeddings.shape[0] == num_frames(len(clip))
        np.testing.assert_allclose(together.embeddings, alone.embeddings, atol=1e-5)
        np.testing.assert_allclose(together.logits, alone.logits, atol=1e-5)


def test_a_window_hears_itself_alone(small: tuple[Path, Any]) -> None:
    network = Network(small[0], threads=1)
    waveform = speech(3.1, seed=6)
    waveform[20_000] = 0.9  # the loudest point stays where it is
    changed = waveform.copy()
    changed[4_000:8_000] *= -0.5
    before, after = (network.run([x])[0].embeddings for x in (waveform, changed))
    assert np.abs(before[:50] - after[:50]).max() > 0.01
    np.testing.assert_array_equal(before[50:], after[50:])


@pytest.mark.parametrize("samples", [400, 3_000, 40_000])
def test_smoothing_spreads_frames_and_leaves_their_mean(
    samples: int, small: tuple[Path, Any], smooth: tuple[Path, Any]
) -> None:
    clip = speech(2.5, seed=3)[:samples]
    rough, found = (Network(path, threads=1).run([clip])[0] for path, _ in (small, smooth))
    taps = smooth[1][SMOOTHING]
    expected = np.zeros_like(rough.embeddings)
    for i in range(len(expected)):
        for k, weight in enumerate(taps, i - len(taps) // 2):
            expected[i] += weight * rough.embeddings[k if 0 <= k < len(expected) else i]
    np.testing.assert_allclose(found.embeddings, expected, atol=1e-5)
    np.testing.assert_allclose(found.logits.mean(axis=0), rough.logits.mean(axis=0), atol=1e-5)


def test_loudness_makes_no_difference(small: tuple[Path, Any]) -> None:
    network = Network(small[0], threads=1)
    waveform = speech(1.3, seed=8)
    loud, quiet = (network.run([gain * waveform])[0].logits for gain in (1, 0.03))
    np.testing.assert_allclose(loud, quiet, atol=1e-3)


def test_torch_and_the_graph_agree(either: tuple[Path, Any]) -> None:
    graph, tensors = either
    network = FAMILY.make_network(
        Weights(read_architecture(tensors, "here"), tensors), False
    ).eval()
    clips = [speech(2.2, seed=9)[:samples] for samples in (400, 17_000, 35_000)]
    batch = np.zeros((len(clips), 35_000), np.float32)
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = clip
    with torch.no_grad():
        found = network(torch.from_numpy(batch), torch.tensor([len(clip) for clip in clips]))
    expected = [output.logits.mean(axis=0) for output in Network(graph, threads=1).run(clips)]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)
    for name, array in FAMILY.tensors_of(network).items():
        np.testing.assert_array_equal(array, tensors[name])


def test_a_graph_gives_back_the_weights_of_its_checkpoint(either: tuple[Path, Any]) -> None:
    graph, tensors = either
    architecture, found = FAMILY.read_graph(graph)
    assert architecture == read_architecture(tensors, "here")
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array)


def test_eight_bits_leave_the_spectrogram_alone(small: tuple[Path, Any], tmp_path: Path) -> None:
    graph, _ = small
    clips = [speech(2, seed=seed) for seed in range(4)]
    target = tmp_path / "int8"
    target.mkdir()
    quantize(graph.parent, target, clips, FAMILY.float_weights)
    kept = read_floats(target / "model.onnx")
    assert {FOURIER, MEL_FILTERS} <= kept.keys()
    assert not any(name.endswith("mlp.0.weight") for name in kept)
    held = speech(2, seed=11)
    exact, coarse = (
        Network(path, threads=1).run([held])[0] for path in (graph, target / "model.onnx")
    )
    spread = exact.embeddings.std()
    assert np.abs(exact.embeddings - coarse.embeddings).mean() < 0.1 * spread


@pytest.mark.parametrize("write", [write_openai, write_ctranslate2])
def test_a_file_cut_short_is_no_checkpoint(write: Any, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    write(whole, tensors_of(encoder(*SMALLEST)))
    content = whole.read_bytes()
    cut = tmp_path / "cut"
    for size in (0, 1, 9, 30, 64, 1_000, len(content) // 2, len(content) - 100_000):
        cut.write_bytes(content[:size])
        with pytest.raises(CheckpointInvalid, match="is not a Whisper checkpoint"):
            FAMILY.read_checkpoint(cut)


@pytest.mark.parametrize(
    ("at", "content"),
    [
        (0, struct.pack("<I", 7)),
        (22, struct.pack("<I", 2**31)),
        (26, struct.pack("<H", 65_535)),
    ],
)
def test_a_model_bin_that_lies_is_no_checkpoint(at: int, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    write_ctranslate2(path, tensors_of(encoder(*SMALLEST)))
    data = bytearray(path.read_bytes())
    data[at : at + len(content)] = content
    path.write_bytes(data)
    with pytest.raises(CheckpointInvalid, match="is not a Whisper checkpoint"):
        FAMILY.read_checkpoint(path)


def test_weights_in_integers_are_refused(tmp_path: Path) -> None:
    tensors = tensors_of(encoder(*SMALLEST))
    tensors["encoder.conv2.weight"] = tensors["encoder.conv2.weight"].astype(np.int8)
    write_ctranslate2(tmp_path / "model.bin", tensors)
    with pytest.raises(CheckpointInvalid, match="integers"):
        FAMILY.read_checkpoint(tmp_path / "model.bin")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"encoder.conv1.weight": None}, "encoder.conv1.weight"),
        ({"encoder.blocks.0.mlp_ln.bias": None}, "mlp_ln.bias is missing"),
        ({"encoder.blocks.0.attn.out.bias": (5,)}, "has shape"),
        ({"encoder.positional_embedding": (4_000, 128)}, "4000 positions"),
        ({"encoder.conv1.weight": (100, 80, 3)}, "100 dimensions"),
        ({"encoder.conv1.weight": (128, 33, 3)}, "33 bands"),
        ({SMOOTHING: (4,)}, "4 taps of smoothing"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    change: dict[str, tuple[int, ...] | None], reason: str
) -> None:
    tensors = tensors_of(encoder(*SMALLEST))
    for name, shape in change.items():
        tensors.pop(name, None)
        if shape is not None:
            tensors[name] = np.zeros(shape, np.float32)
    with pytest.raises(CheckpointInvalid, match=reason):
        read_architecture(tensors, "here")


def test_safetensors_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 50) + b'{"a": {"dtype": "F32"}}' + b" " * 27)
    with pytest.raises(CheckpointInvalid, match="is not a Whisper checkpoint"):
        FAMILY.read_checkpoint(path)


def test_a_pickle_that_wants_code_is_refused(tmp_path: Path) -> None:
    torch.save({"model_state_dict": {"encoder.conv1.weight": print}}, tmp_path / "base.pt")
    with pytest.raises(CheckpointUnsafe):
        FAMILY.read_checkpoint(tmp_path / "base.pt")


def test_a_checkpoint_of_another_family_is_refused_by_name(tmp_path: Path) -> None:
    from checkpoints import write_checkpoint

    write_checkpoint(tmp_path / "model.pt")
    with pytest.raises(CheckpointInvalid, match="is not a Whisper checkpoint"):
        FAMILY.read_checkpoint(tmp_path / "model.pt")
    write_openai(tmp_path / "base.pt", tensors_of(encoder(*SMALLEST)))
    with pytest.raises(VoxcorError, match="is not an emotion2vec checkpoint"):
        find_family("emotion2vec").read_checkpoint(tmp_path / "base.pt")


@pytest.fixture(params=["huggingface", "modelscope"])
def hub(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hub]:
    """A hub that has a little Whisper, as transformers saves one, among other files."""
    write_huggingface(tmp_path, *SMALLEST)
    names = ("model.safetensors", "config.json")
    files = {name: (tmp_path / name).read_bytes() for name in names}
    with serve(FakeHub(files), monkeypatch):
        yield request.param


def test_what_is_pulled_gives_features_and_no_emotions(hub: Hub) -> None:
    card = pull("whisper-base", hub=hub)
    assert (card.family, card.labels, card.embedding_dim) == ("whisper", (), SMALLEST[0])
    assert card.source.repository == OFFICIAL["whisper-base"].repositories[hub].name
    assert card.source.file == "model.safetensors"
    assert "MIT" in card.licence
    assert find_model("auto").card.id == "small"
    recognizer = Recognizer("whisper-base", threads=1)
    with pytest.raises(EmbeddingsOnly):
        recognizer.recognize(VOICE)
    assert recognizer.embed(VOICE).shape == (SMALLEST[0],)


def test_the_catalogue_counts_the_parameters_right() -> None:
    for model in OFFICIAL.values():
        if model.family == "whisper":
            dim = model.embedding_dim
            depth = {512: 6, 768: 12, 1024: 24}[dim]
            architecture = WhisperEncoder(
                embed_dim=dim,
                num_outputs=0,
                mel_bands=80,
                depth=depth,
                window=1500,
                final_norm=True,
            )
            assert architecture.parameters == model.parameters


@pytest.mark.parametrize("lora_rank", [0, 4])
def test_it_is_fine_tuned_as_any_family(corpora: Path, tmp_path: Path, lora_rank: int) -> None:
    """Whole, or by adapters, which leave the norms as they are; positions never move."""
    if lora_rank:
        pytest.importorskip("peft")
    source = tmp_path / "source"
    write_huggingface(source, *SMALLEST)
    pull("whisper-base", source=source)
    rows = emodb(corpora, speakers=("03", "08", "09"), labels=("angry", "sad"), each=2)
    manifest = write_manifest(tmp_path / "manifest.csv", rows)
    options = FullOptions(
        epochs=1, batch_size=4, accumulate=1, crop_s=0.5, augment=False, lora_rank=lora_rank
    )
    out = tmp_path / "mine"
    train_full_manifest(manifest, out, model="whisper-base", options=options)
    result = Recognizer(str(out), threads=1).recognize(rows[0]["path"])
    assert (set(result.scores), find_model(str(out)).card.family) == ({"angry", "sad"}, "whisper")
    models = find_model("whisper-base"), find_model(str(out))
    before, after = (FAMILY.read_graph(model.graph) for model in models)
    assert after.architecture.num_outputs == 2
    moved = {
        name
        for name, array in before.tensors.items()
        if not np.array_equal(array, after.tensors[name])
    }
    assert "encoder.blocks.0.attn.query.weight" in moved
    assert POSITIONS not in moved
    assert ("encoder.blocks.0.attn_ln.weight" in moved) == (not lora_rank)
