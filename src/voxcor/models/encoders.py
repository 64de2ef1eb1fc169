"""Sentence encoders that can be pulled, for the library's words; no models of emotion.

One lies in `VOXCOR_HOME/encoders/<id>`: its files as the hub has them, the head that was made for
it here, and a card. How one is read and its head made: `voxcor.library.words.pulled`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Literal

from voxcor.errors import ModelCorrupt
from voxcor.models.cards import CARD_FILE, FileRecord, Hub, Repository, Source, read_card_of
from voxcor.models.store import take_away
from voxcor.settings import Settings

TOKENIZER_FILE = "tokenizer.json"
TOKENIZER_CONFIG_FILE = "tokenizer_config.json"
HEAD_FILE = "head.npz"


@dataclass(frozen=True, slots=True)
class PublishedEncoder:
    """A published one: an ONNX graph whose tokens' vectors, averaged, are the sentence's.

    `dim` is D; `scripts` are those of the languages it was trained on, as the names of their
    characters begin; `download_bytes` is about how much there is to fetch. Nobody has recorded its
    checksums: what a hub gives is held against what the hub announces, and never called official.
    """

    id: str
    title: str
    repositories: Mapping[Hub, Repository]
    graph: str
    dim: int
    scripts: tuple[str, ...]
    download_bytes: int
    licence: str

    @property
    def files(self) -> tuple[str, ...]:
        """What is fetched of the repository, the graph last."""
        return TOKENIZER_FILE, TOKENIZER_CONFIG_FILE, self.graph

    def name_of(self, files: Mapping[str, FileRecord]) -> str:
        """The id with what these files contain, as a head names its encoder."""
        content = "".join(files[name].sha256 for name in self.files)
        return f"{self.id} {sha256(content.encode()).hexdigest()}"


# Repository, graph, D, pooling, size and licence as fastembed 0.9.1 has them in its list
# (`supported_pooled_models`); languages as sentence-transformers lists them for this model. It is
# on ModelScope under no name that is known.
ENCODERS: Mapping[str, PublishedEncoder] = {
    encoder.id: encoder
    for encoder in (
        PublishedEncoder(
            id="multilingual-minilm",
            title="paraphrase-multilingual-MiniLM-L12-v2",
            repositories={
                "huggingface": Repository(
                    "Qdrant/paraphrase-multilingual-MiniLM-L12-v2-onnx-Q", "main"
                )
            },
            graph="model_optimized.onnx",
            dim=384,
            scripts=(
                *("LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "CYRILLIC", "ARABIC", "THAI"),
                *("GREEK", "HEBREW", "DEVANAGARI", "GUJARATI", "ARMENIAN", "GEORGIAN", "MYANMAR"),
            ),
            download_bytes=220_000_000,
            licence="Apache-2.0",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What the folder of a pulled encoder holds, and where that came from."""

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid", "strict": True}

    id: str
    revision: str
    source: Source
    created: str
    licence: str
    files: Mapping[str, FileRecord]
    schema_version: Literal[1] = 1


def encoder_folder(encoder: str) -> Path:
    """Where the encoder with this id lies, or would lie."""
    return Settings().encoders / encoder


def pulled_encoder() -> PublishedEncoder | None:
    """The one that is on this machine."""
    there = (each for each in ENCODERS.values() if (encoder_folder(each.id) / CARD_FILE).exists())
    return next(there, None)


def read_encoder_card(encoder: PublishedEncoder) -> EncoderCard:
    """The card of one that was pulled.

    Raises:
        ModelCorrupt: it cannot be read, or does not list the encoder's files.
    """
    card = read_card_of(EncoderCard, encoder_folder(encoder.id))
    if card.id != encoder.id or {*card.files} != {*encoder.files, HEAD_FILE}:
        raise ModelCorrupt(model=encoder.id, reason=f"{CARD_FILE}: id, or files")
    return card


def list_encoders() -> Iterator[dict[str, Any]]:
    """A row for each: `id`, `title`, `bytes` on the disk, about how many are downloaded
    (`download_bytes`), `licence`, and `problem`, a sentence where a pulled one is damaged; None
    where something is unknown.
    """
    here = pulled_encoder()
    for encoder in ENCODERS.values():
        row: dict[str, Any] = {
            "id": encoder.id,
            "title": encoder.title,
            "bytes": None,
            "download_bytes": encoder.download_bytes,
            "licence": encoder.licence,
            "problem": None,
        }
        if encoder == here:
            try:
                files = read_encoder_card(encoder).files.values()
                row["bytes"] = sum(record.bytes for record in files)
            except ModelCorrupt as error:
                row["problem"] = error.message
        yield row


def remove_encoder(encoder: str) -> int:
    """Takes one off this machine, and what was downloaded of it; the bytes that frees.

    Raises:
        ModelNotInstalled, PullInProgress, StorageError: see `voxcor.models.store.remove`.
    """
    return take_away(encoder, encoder_folder(encoder))
