"""Which models are published, and the card that lies in every installed model's folder.

`OFFICIAL` is the catalogue of the models on the hubs; emotion2vec.md, sections 2.3 to 2.5, has the
sources of every number in it. A `Card` says what one folder holds and where it
came from; it is the folder's `card.json`, and a folder without an intact one is no model.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeVar

from voxcor.errors import ModelCorrupt, UnknownFamily
from voxcor.frames import HOP_MS
from voxcor.labels import LABEL_IDS
from voxcor.models.family import MAX_LABELS, family_names, find_family

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Card = TypeVar("_Card")

Hub = Literal["modelscope", "huggingface"]
Precision = Literal["fp32", "int8"]
HUB_NAMES: Mapping[Hub, str] = {"modelscope": "ModelScope", "huggingface": "Hugging Face"}

CARD_FILE = "card.json"

# Bounds of what a card may say: a fine-tuned model's takes 3 kB.
_MAX_CARD_BYTES = 1_000_000
_MAX_TEXT = 1000
_MAX_DIM = 65_536

EXAMPLE_CLIP = "example.wav"  # the hub's sample in a model's folder

# The only one when cards did not name it yet.
_FIRST_FAMILY = "emotion2vec"

# The hubs state the licence differently, and nobody has answered which holds (emotion2vec#78).
# FunASR's MODEL_LICENSE 1.1, section 2.1, allows to use, copy, modify and share, with source and
# authors named and the name of the model kept; Apache-2.0 allows as much.
_LICENCE = "FunASR Model License 1.1 (Hugging Face); Apache-2.0 (ModelScope)"


@dataclass(frozen=True, slots=True)
class Repository:
    """A model's place on a hub. `revision` is a commit where one is known, else a branch."""

    name: str
    revision: str


class Published(Protocol):
    """What hubs have under an id."""

    @property
    def id(self) -> str: ...

    @property
    def repositories(self) -> Mapping[Hub, Repository]: ...


@dataclass(frozen=True, slots=True)
class OfficialModel:
    """A published model.

    `unused_parameters` are in its checkpoint beside those of the network that is run: a decoder's.
    `sha256` of the checkpoint is None where nobody has recorded it: then no weights of that name
    are ever called official, whatever a hub announces. `corpora`, as `published.corpus_key` has
    them, are those that it is known to be trained on. `caution_en` and `caution_zh` say what is to
    be known before it is used.
    """

    id: str
    title: str
    repositories: Mapping[Hub, Repository]
    embedding_dim: int
    parameters: int
    family: str = _FIRST_FAMILY
    unused_parameters: int = 0
    labels: tuple[str, ...] = LABEL_IDS
    sha256: str | None = None
    licence: str = _LICENCE
    corpora: frozenset[str] = frozenset()
    caution_en: str = ""
    caution_zh: str = ""

    @property
    def download_bytes(self) -> int:
        """About how large the checkpoint is."""
        stored = self.parameters + self.unused_parameters
        return find_family(self.family).checkpoint_bytes * stored

    @property
    def needed_bytes(self) -> int:
        """About how much space installing it takes at most: the checkpoint, and a float32 graph."""
        return self.download_bytes + 4 * (self.parameters + self.unused_parameters)


# Parameters with the classifier, counted from the shapes (emotion2vec.md, section 1.4).
_BASE_PARAMETERS = 93_178_133
_LARGE_PARAMETERS = 162_140_185
_BASE_CLASSIFIER = 9 * 768 + 9


def _whisper(size: str, embedding_dim: int, encoder: int, whole: int) -> OfficialModel:
    """A size of Whisper, whose encoder is a base to train on; parameters of it and of all."""
    return OfficialModel(
        id=f"whisper-{size}",
        title=f"Whisper {size}",
        repositories={
            "modelscope": Repository(f"openai-mirror/whisper-{size}", "master"),
            "huggingface": Repository(f"openai/whisper-{size}", "main"),
        },
        embedding_dim=embedding_dim,
        parameters=encoder,
        family="whisper",
        unused_parameters=whole - encoder,
        labels=(),
        licence="Apache-2.0 (Hugging Face), MIT (OpenAI)",
        caution_en="features to train a head on, no emotions; its checksum is not recorded here",
        caution_zh="仅提供用于训练分类头的特征，不含情感；此处没有其校验和的记录",
    )


# emotion2vec+ seed, from which base and large derive, was fine-tuned on these two and six more
# EmoBox corpora that nobody has named.
_PLUS_CORPORA = frozenset({"emodb", "ravdess"})

OFFICIAL: Mapping[str, OfficialModel] = {
    model.id: model
    for model in (
        OfficialModel(
            id="plus-large",
            title="emotion2vec+ large",
            repositories={
                # The tag v2.0.5 holds the same weights with the first release's five labels.
                "modelscope": Repository("iic/emotion2vec_plus_large", "master"),
                "huggingface": Repository(
                    "emotion2vec/emotion2vec_plus_large", "6c303ba987b86b93193de93e34bb2b077a6bedc4"
                ),
            },
            embedding_dim=1024,
            parameters=_LARGE_PARAMETERS,
            sha256="be501a01f26fcdc7663a062dff86af839afbaef7c4de32f5e42d7e1ad2784da4",
            corpora=_PLUS_CORPORA,
        ),
        OfficialModel(
            id="plus-base",
            title="emotion2vec+ base",
            repositories={
                "modelscope": Repository("iic/emotion2vec_plus_base", "master"),
                "huggingface": Repository(
                    "emotion2vec/emotion2vec_plus_base", "b318240bfe67db81a8c572ecb37ce9c3759b81c9"
                ),
            },
            embedding_dim=768,
            parameters=_BASE_PARAMETERS,
            sha256="60710b5aae1dbe69bdac8920028fb05882d4314fd09031922b4b61ee9e7aadbd",
            corpora=_PLUS_CORPORA,
        ),
        OfficialModel(
            id="plus-seed",
            title="emotion2vec+ seed",
            repositories={
                "modelscope": Repository("iic/emotion2vec_plus_seed", "master"),
                "huggingface": Repository("emotion2vec/emotion2vec_plus_seed", "main"),
            },
            embedding_dim=768,
            parameters=_BASE_PARAMETERS,
            corpora=_PLUS_CORPORA,
            caution_en="not checked: may still have the five labels of the first release",
            caution_zh="未经核对：可能仍是首次发布时的五类标签",
        ),
        OfficialModel(
            id="base-finetuned",
            title="emotion2vec base, fine-tuned",
            # Its authors did not publish it on Hugging Face; what is there is somebody's copy.
            repositories={"modelscope": Repository("iic/emotion2vec_base_finetuned", "master")},
            embedding_dim=768,
            parameters=_BASE_PARAMETERS,
            caution_en="not checked: nobody has recorded the checksum of its weights",
            caution_zh="未经核对：没有其权重校验和的记录",
        ),
        OfficialModel(
            id="base",
            title="emotion2vec base",
            repositories={
                "modelscope": Repository("iic/emotion2vec_base", "master"),
                "huggingface": Repository(
                    "emotion2vec/emotion2vec_base", "0c9a3152734f9d7a7a05b4ee6bfb3c109d288664"
                ),
            },
            embedding_dim=768,
            parameters=_BASE_PARAMETERS - _BASE_CLASSIFIER,
            labels=(),
            sha256="4f14ddf7ba394bcafdd4bff6ae0f24ab2e4134260d4dd42c58ea791a201b02dd",
        ),
        _whisper("base", 512, 20_590_592, 72_593_920),
        _whisper("small", 768, 88_154_112, 241_734_912),
        _whisper("medium", 1024, 307_216_384, 763_857_920),
    )
}


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of a model folder as it was when the card was written."""

    bytes: int
    sha256: str


def record_of(path: Path) -> FileRecord:
    """The file as it is now; reads it whole."""
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    return FileRecord(bytes=path.stat().st_size, sha256=sha256)


class Recorded(Protocol):
    """A card, as far as it tells which files lie beside it."""

    @property
    def id(self) -> str: ...

    @property
    def files(self) -> Mapping[str, FileRecord]: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where the weights came from: a hub, a `local` file, or `voxcor`'s own training."""

    hub: Literal["modelscope", "huggingface", "local", "voxcor"]
    repository: str | None
    file: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a model folder holds.

    `sha256` and `revision` name the weights the graph was made from; `official` says that those
    are the published ones, by the checksum in `OFFICIAL`. A file can say so of itself, so what
    `voxcor.models.store` opens is official only where `models pull` made it here. `labels` is empty
    for a model that only gives embeddings. Logits are divided by `temperature` before the softmax.
    `family` is one of `family_names`. `metrics` of an int8 model tell its agreement with fp32, see
    `voxcor.models.agreement`.
    """

    # Read by pydantic: a card with a missing, foreign or mistyped field is damaged.
    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid", "strict": True}

    id: str
    title: str
    labels: tuple[str, ...]
    embedding_dim: int
    parameters: int
    precision: Precision
    revision: str
    sha256: str
    official: bool
    source: Source
    created: str
    licence: str
    files: Mapping[str, FileRecord]
    metrics: Mapping[str, float] = field(default_factory=dict)
    temperature: float = 1.0
    hop_ms: int = HOP_MS
    family: str = _FIRST_FAMILY
    schema_version: Literal[1] = 1


Standing = Literal["official", "unchecked", "unofficial"]


def standing_of(card: Card) -> Standing:
    """How near the weights are to the published ones of their name.

    `unchecked`: they came from a hub, and no checksum of them is known; or the card says that they
    are the published ones, and this machine has not seen it.
    """
    published = OFFICIAL.get(card.id)
    if card.official:
        return "official"
    if published is None or (published.sha256 is None and card.source.hub not in HUB_NAMES):
        return "unofficial"
    return "unchecked" if published.sha256 in (None, card.sha256) else "unofficial"


def write_card(card: "DataclassInstance", folder: Path) -> None:
    """Writes `card.json` into `folder`."""
    text = json.dumps(asdict(card), ensure_ascii=False, indent=2)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """The card of a model folder.

    Raises:
        ModelCorrupt: `card.json` is missing, cannot be read, or does not say what a card says.
        UnknownFamily: it names one that this Voxcor does not have.
    """
    card = read_card_of(Card, folder)
    if (flaw := _flaw_of(card)) is not None:
        raise ModelCorrupt(model=folder.name, reason=f"{CARD_FILE}: {flaw}")
    _require_family(card)
    return card


def read_card_of(kind: type[_Card], folder: Path) -> _Card:
    """A folder's `card.json` as this dataclass; errors as `read_card`."""
    from pydantic import TypeAdapter, ValidationError

    try:
        with (folder / CARD_FILE).open("rb") as file:
            return TypeAdapter(kind).validate_json(file.read(_MAX_CARD_BYTES))
    except OSError as error:
        reason = f"{CARD_FILE}: {error.strerror}"
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = f"{CARD_FILE}: {place or 'JSON'}: {first['msg']}"
    raise ModelCorrupt(model=folder.name, reason=reason)


def _require_family(card: Card) -> None:
    known = family_names()
    if card.family not in known:
        raise UnknownFamily(model=card.id, family=card.family, known=[*known])


def _flaw_of(card: Card) -> str | None:
    """What no card of ours says, though its type is right: cards come from strangers too."""
    texts = (card.id, card.title, card.revision, card.created, card.licence, *card.labels)
    texts += (card.family, card.source.file, card.source.repository or "", *card.metrics)
    if not all(text.isprintable() and len(text) <= _MAX_TEXT for text in texts):
        return "a text with control characters, or of absurd length"
    if not card.id or len({*card.labels}) != len(card.labels) or len(card.labels) > MAX_LABELS:
        return "no id, a label twice, or more labels than any model's"
    if not (0 < card.embedding_dim <= _MAX_DIM and 0 < card.parameters < 1 << 48):
        return "embedding_dim or parameters"
    if not (isfinite(card.temperature) and card.temperature > 0):
        return "temperature"
    if card.hop_ms != HOP_MS:
        return "hop_ms"
    if not all(map(isfinite, card.metrics.values())):
        return "metrics"
    for name, record in card.files.items():
        # Beside the card and nowhere else.
        plain = name.isprintable() and name not in ("", ".", "..", CARD_FILE)
        if not plain or {*"/\\:"} & {*name} or len(name) > 200 or record.bytes < 0:
            return "files: a name that is no file's in this folder"
    return None
