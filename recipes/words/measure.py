"""How often words are read as they were meant: descriptions that the lexicon does not have.

    python recipes/words/measure.py [DESCRIPTIONS]

A description is right where one of its wanted emotions is the first label (top-1) or among the
first two (top-2). `lexicon` reads by expressions and the grammar alone, and answers nothing where
it finds none; `head` reads the whole text by the encoder and the head; `both` is `meaning_of`. The
encoder is the one that searching by words takes: the one that was pulled, where one was.
"""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb
from pathlib import Path

from voxcor.labels import LABEL_IDS
from voxcor.library.words.clauses import clauses_of
from voxcor.library.words.meaning import meaning_of
from voxcor.library.words.pulled import chosen

HELD_OUT = Path(__file__).parents[2] / "tests" / "data" / "descriptions.csv"

Shares = Mapping[str, float]


@dataclass(frozen=True)
class Description:
    """`part` is `apart` where no expression of the lexicon is in it, else `near`."""

    language: str
    part: str
    wanted: frozenset[str]
    text: str


def read_descriptions(path: Path) -> list[Description]:
    """The rows of a file with the columns language, part, wanted, text."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Description(row["language"], row["part"], frozenset(row["wanted"].split()), row["text"])
            for row in csv.DictReader(file)
        ]


def readings(descriptions: Sequence[Description]) -> dict[str, list[Shares | None]]:
    """What each way makes of each description."""
    texts = [each.text for each in descriptions]
    encoder, head = chosen()
    whole = head.feelings(encoder.encode(texts))
    meanings = [meaning_of(text) for text in texts]
    by_lexicon = [
        meaning_of(hits).mixture if (hits := _with_hits(text)) else None for text in texts
    ]
    return {
        "lexicon": by_lexicon,
        "head": [feeling.mixture for feeling in whole],
        "both": [meaning.mixture for meaning in meanings],
    }


def _with_hits(text: str) -> str:
    """Those clauses of a text that have an expression of the lexicon."""
    return ", ".join(clause.text for clause in clauses_of(text) if clause.hits)


def accuracy(
    descriptions: Sequence[Description], read: Sequence[Shares | None], first: int
) -> float:
    """The share whose first labels have a wanted one."""
    right = [
        shares is not None
        and bool(each.wanted & {*sorted(shares, key=shares.__getitem__, reverse=True)[:first]})
        for each, shares in zip(descriptions, read, strict=True)
    ]
    return sum(right) / len(right)


def chance(descriptions: Sequence[Description], first: int) -> float:
    """The same for labels drawn blindly of the nine."""
    labels = len(LABEL_IDS)
    missed = [comb(labels - len(each.wanted), first) / comb(labels, first) for each in descriptions]
    return 1 - sum(missed) / len(missed)


def table(descriptions: Sequence[Description]) -> Iterator[str]:
    """The figures as Markdown."""
    read = readings(descriptions)
    yield "| language | descriptions | | " + " | ".join(("chance", *read)) + " |"
    yield "|---" * (4 + len(read)) + "|"
    for language, part in product(("en", "zh"), ("apart", "near", "all")):
        chosen = [
            at
            for at, each in enumerate(descriptions)
            if each.language == language and part in (each.part, "all")
        ]
        some = [descriptions[at] for at in chosen]
        for first in (1, 2) if some else ():
            figures = [chance(some, first)]
            figures += [accuracy(some, [way[at] for at in chosen], first) for way in read.values()]
            cells = " | ".join(f"{figure:.0%}" for figure in figures)
            yield f"| {language} | {part}: {len(some)} | top-{first} | {cells} |"


if __name__ == "__main__":
    for line in table(read_descriptions(Path(sys.argv[1]) if len(sys.argv) > 1 else HELD_OUT)):
        print(line)
