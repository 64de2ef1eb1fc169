"""A sentence encoder that was pulled: a transformer with its tokenizer, read from the disk alone.

The vectors are those of fastembed's class for the same files (`PooledEmbedding`), of length 1.
fastembed itself wants an older huggingface_hub than Voxcor has, and eight packages more; what it
does with a text is Hugging Face's tokenizers and one pass.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import ModelCorrupt
from voxcor.extras import require_extra
from voxcor.inference.session import open_session, run
from voxcor.library.words.encoder import Encoder, default_encoder
from voxcor.library.words.head import Head, built_in_head, read_head
from voxcor.models.encoders import (
    ENCODERS,
    HEAD_FILE,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
    PublishedEncoder,
    encoder_folder,
    pulled_encoder,
    read_encoder_card,
)
from voxcor.models.stamps import require_unchanged
from voxcor.settings import Settings
from voxcor.untrusted import read_json

# What a transformer for sentences may ask for.
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}

# No such model reads more tokens at once; a file that says so says nothing.
_MOST_TOKENS = 8192


class TransformerEncoder:
    """One text at a time: a graph in 8 bits takes its scale from all that it is given at once."""

    def __init__(self, published: PublishedEncoder, folder: Path, name: str) -> None:
        """Opens the files in `folder`; `name` becomes the encoder's id.

        Raises:
            UsageError: a package for it is not installed; the sentence has the command.
            ModelCorrupt: the files are those of no such encoder.
        """
        require_tokenizers()
        self.id, self.scripts = name, published.scripts
        self._dim = published.dim
        self._model = published.id
        # Neither tokenizers nor ONNX Runtime has errors of its own with another base.
        try:
            self._tokenizer = _tokenizer(folder)
            self._session = open_session(folder / published.graph, threads=Settings().threads)
        except Exception as error:
            raise self._corrupt(str(error)) from error
        self._inputs = {each.name for each in self._session.get_inputs()}
        if "input_ids" not in self._inputs or self._inputs - _INPUTS:
            raise self._corrupt(f"{published.graph} asks for {', '.join(sorted(self._inputs))}")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector of length 1 for each text: [n, D].

        Raises:
            ModelCorrupt: the graph cannot be run, or gives something else.
        """
        vectors = [self._vector(text) for text in texts]
        return np.array(vectors, np.float32).reshape(-1, self._dim)

    def _vector(self, text: str) -> NDArray[np.float64]:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        given = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        try:
            of_tokens = run(self._session, {name: given[name] for name in self._inputs})[0]
        except Exception as error:
            raise self._corrupt(str(error)) from error
        if of_tokens.shape != (1, ids.shape[1], self._dim):
            raise self._corrupt(f"vectors of shape {[*of_tokens.shape]}")
        vector: NDArray[np.float64] = of_tokens[0].mean(axis=0, dtype=np.float64)
        length = float(np.linalg.norm(vector))
        if not (np.isfinite(length) and length > 0):
            raise self._corrupt("vectors that are not finite")
        return vector / length

    def _corrupt(self, reason: str) -> ModelCorrupt:
        return ModelCorrupt(model=self._model, reason=reason)


def require_tokenizers() -> None:
    """Looks for what splits texts into a transformer's tokens.

    Raises:
        ExtraMissing: it is not installed.
    """
    require_extra(
        "library", ("tokenizers",), "Searching by words with a pulled encoder", "用拉取的编码器检索"
    )


def _tokenizer(folder: Path) -> Any:
    """As fastembed sets it up, but for padding, which one text needs none of."""
    from tokenizers import Tokenizer

    config = read_json((folder / TOKENIZER_CONFIG_FILE).read_text(encoding="utf-8"))
    told = [config.get(name) for name in ("model_max_length", "max_length")]
    limits = [most for most in told if isinstance(most, int) and 0 < most <= _MOST_TOKENS]
    if not limits:
        raise ValueError(f"{TOKENIZER_CONFIG_FILE}: model_max_length {told[0]}")
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(limits))
    return tokenizer


def chosen() -> tuple[Encoder, Head]:
    """What reads words here: the encoder that was pulled, else the one that comes with the library.

    Raises:
        UsageError: a package for it is not installed; the sentence has the command.
        ModelCorrupt: a file of the pulled one is not as it was written.
    """
    published = pulled_encoder()
    if published is None:
        return default_encoder(), built_in_head()
    folder = encoder_folder(published.id)
    card = read_encoder_card(published)
    require_unchanged(folder, card)
    return _opened(published.id, folder, published.name_of(card.files))


@lru_cache(maxsize=1)
def _opened(encoder: str, folder: Path, name: str) -> tuple[Encoder, Head]:
    """The same one for the whole process, until another is pulled."""
    return TransformerEncoder(ENCODERS[encoder], folder, name), read_head(folder / HEAD_FILE)
