"""What a model was trained on: recordings by a digest, corpora by name.

A trained model's folder has the digests of what it heard, so that nobody measures it on its own
lessons without being told. The card does not list that file: who passes the model on may leave it
out. Of the published models only names of corpora are known.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from voxcor.models.cards import OFFICIAL, Card
from voxcor.models.store import BUILT_IN, ModelFolder
from voxcor.untrusted import read_json

TRAINED_ON_FILE = "heard.json"

# Of more recordings the smallest digests are kept: as good as a random choice, and the same one
# for every model, so that a share of them is the share of all.
MOST_DIGESTS = 100_000
_DIGEST_CHARACTERS = 16  # of the sha256 of a file, in hexadecimal
_MOST_BYTES = 32 * MOST_DIGESTS

# By `recipes/small`.
_BUILT_IN_CORPORA = frozenset({"emodb", "cremad", "emogator", "esc10"})


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """`corpora` as `published.corpus_key` has them; `digests` of recordings, all or the smallest.

    Of whom nothing is known, both are empty.
    """

    corpora: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()

    def count(self, sha256s: Iterable[str]) -> int:
        """How many of these recordings, by the sha256 of their files, were among them."""
        return sum(sha256[:_DIGEST_CHARACTERS] in self.digests for sha256 in sha256s)


def trained_on(folder: ModelFolder) -> TrainedOn:
    """What is known of a model; nothing where its folder has no such file, or a damaged one."""
    try:
        with (folder.path / TRAINED_ON_FILE).open("rb") as file:
            document = read_json(file.read(_MOST_BYTES))
        corpora, digests = (frozenset(map(str, document[key])) for key in ("corpora", "sha256"))
    except (OSError, ValueError, LookupError, TypeError):
        corpora, digests = frozenset(), frozenset()
    return TrainedOn(corpora | corpora_of(folder.card), digests)


def corpora_of(card: Card) -> frozenset[str]:
    """The corpora that a published model is known to be trained on."""
    if card.id == BUILT_IN:
        return _BUILT_IN_CORPORA
    return OFFICIAL[card.id].corpora if card.id in OFFICIAL else frozenset()


def write_trained_on(sha256s: Iterable[str], base: TrainedOn, folder: Path) -> Path:
    """Writes what a new model heard: these recordings, and what its base did.

    Args:
        sha256s: of the recordings' files.
        base: of the model that the training began with.
        folder: of the new model.

    Returns:
        the file.
    """
    own = {sha256[:_DIGEST_CHARACTERS] for sha256 in sha256s}
    document = {
        "schema_version": 1,
        "corpora": sorted(base.corpora),
        "sha256": sorted(own | base.digests)[:MOST_DIGESTS],
    }
    path = folder / TRAINED_ON_FILE
    path.write_text(json.dumps(document) + "\n", encoding="utf-8")
    return path
