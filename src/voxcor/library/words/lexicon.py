"""Our own lexicon: expressions of both languages and what each stands for.

`lexicon.en.csv` and `lexicon.zh.csv` have a row for each: `expression`; `mixture`, shares of the
nine labels, sum 1; `arousal` and `valence`, -1..1, placed about the coordinates of
`timeline.dimensions_of` (Russell & Mehrabian 1977); `sense`, the same in both files where they mean
the same, and then with the same numbers.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from voxcor.labels import LABEL_IDS, LABELS
from voxcor.library.words.feelings import Feeling
from voxcor.library.words.tokens import Key, key_of
from voxcor.timeline import dimensions_of

FILES: Mapping[Literal["en", "zh"], Path] = {
    "en": Path(__file__).with_name("lexicon.en.csv"),
    "zh": Path(__file__).with_name("lexicon.zh.csv"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An expression as it is written, the sense it shares with others, what it stands for."""

    expression: str
    sense: str
    feeling: Feeling


def read_lexicon(path: Path) -> list[Entry]:
    """The rows of a file of the lexicon, in its order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Entry(
                row["expression"],
                row["sense"],
                Feeling(_mixture(row["mixture"]), float(row["arousal"]), float(row["valence"])),
            )
            for row in csv.DictReader(file)
        ]


@cache
def lexicon() -> Mapping[Key, Entry]:
    """Every expression of both languages by its key, and the emoji of the nine labels."""
    entries = [*_emoji(), *(entry for path in FILES.values() for entry in read_lexicon(path))]
    # From the end: of two with one key the first counts.
    return {key_of(entry.expression): entry for entry in reversed(entries)}


def _mixture(text: str) -> dict[str, float]:
    """`angry 0.8 sad 0.2` with all nine labels."""
    words = text.split()
    named = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    return {label: named.get(label, 0.0) for label in LABEL_IDS}


def _emoji() -> Iterator[Entry]:
    for label in LABELS:
        mixture = {each: float(each == label.id) for each in LABEL_IDS}
        where = dimensions_of(mixture)
        arousal, valence = (where.arousal, where.valence) if where else (0.0, 0.0)
        yield Entry(label.emoji, label.id, Feeling(mixture, arousal, valence))
