"""What to train a head on, and what a few clips give.

    python benchmarks/few_shot.py --corpora CORPORA [--bases small whisper-base:3] [--write FILE]

Each base, a model or a model and `:N` for its first N blocks, is asked three things of corpora that
`small` never heard, in UA among their labels:

- five clips of each emotion of one person, drawn at random, train a head; all other clips of that
  person are the test. Averaged over draws, then speakers.
- fifty clips of each emotion, of every other speaker of a corpus, train a head; all clips of the
  other speakers are the test. Averaged over draws.
- all clips but one speaker's train a head, for each speaker in turn.

Prints Markdown; `--write` puts it into the place that is marked for it in FILE, and in its Chinese
twin.
"""

import argparse
import csv
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from documents import put
from voxcor.language import say
from voxcor.training.head import train_head
from voxcor.training.report import Training

FEW, MANY = 5, 50  # clips of each emotion
DRAWS = 3
PERSONS = {"ravdess": ("03", "04", "11", "12", "19", "20"), "nemo": ("KS0", "TP0")}
CORPORA = ("ravdess", "nemo")
LEFT_OUT = "ravdess"  # whose speakers are left out in turn

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Base:
    """A model, whole or its first `layer` blocks."""

    model: str
    layer: int | None

    def __str__(self) -> str:
        return f"`{self.model}`" + (f" `--layer {self.layer}`" if self.layer else "")


def base_of(text: str) -> Base:
    """`whisper-base:3` as a base."""
    model, _, layer = text.partition(":")
    return Base(model, int(layer) if layer else None)


def rows_of(corpora: Path, corpus: str) -> list[dict[str, str]]:
    """The manifest of a corpus, with whole paths."""
    folder = (corpora / corpus).resolve()
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [{**row, "path": str(folder / row["path"])} for row in csv.DictReader(file)]


def drawn(rows: Sequence[Row], count: int, seed: int) -> list[dict[str, str]]:
    """So many rows of each label for the training, the rest for the test."""
    rng = np.random.default_rng(seed)
    by_label: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_label[row["label9"]].append(row)
    return [
        {**own[i], "split": "train" if place < count else "test"}
        for own in by_label.values()
        if len(own) > count
        for place, i in enumerate(rng.permutation(len(own)))
    ]


def other_half(rows: Sequence[Row], count: int, seed: int) -> list[dict[str, str]]:
    """`count` rows of each label of every other speaker for the training; the others' all test."""
    speakers = sorted({row["speaker"] for row in rows})
    heard = set(speakers[seed % 2 :: 2])
    training = drawn([row for row in rows if row["speaker"] in heard], count, seed)
    test = [{**row, "split": "test"} for row in rows if row["speaker"] not in heard]
    return [row for row in training if row["split"] == "train"] + test


def train(rows: Sequence[Row], base: Base, seed: int = 0, folds: str | None = None) -> Training:
    """A head on these rows."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "manifest.csv"
        with manifest.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*rows[0]])
            writer.writeheader()
            writer.writerows(rows)
        return train_head(
            manifest,
            Path(folder) / "model",
            model=base.model,
            layer=base.layer,
            folds=folds,
            seed=seed,
        )


def tested(trainings: Sequence[Training]) -> tuple[float | None, float]:
    """The UA of the base as it is, where it has labels, and of what came out, in percent."""
    after = np.mean([t.test.ua.value for t in trainings if t.test is not None])
    before = [t.test_before.ua.value for t in trainings if t.test_before is not None]
    return (100 * float(np.mean(before)) if before else None), 100 * float(after)


def persons(corpora: Path, corpus: str, base: Base) -> tuple[float | None, float]:
    """A few clips of one person, averaged over draws and persons."""
    rows = rows_of(corpora, corpus)
    return tested(
        [
            train(drawn([r for r in rows if r["speaker"] == person], FEW, seed), base, seed)
            for person in PERSONS[corpus]
            for seed in range(DRAWS)
        ]
    )


def new_corpus(corpora: Path, corpus: str, base: Base) -> tuple[float | None, float]:
    """Some clips of a new corpus, tried on its other speakers."""
    rows = rows_of(corpora, corpus)
    return tested([train(other_half(rows, MANY, seed), base, seed) for seed in range(2)])


def left_out(corpora: Path, base: Base) -> tuple[float | None, float]:
    """Each speaker in turn."""
    training = train(rows_of(corpora, LEFT_OUT), base, folds="loso")
    before = training.before
    return (100 * before.ua.value if before else None), 100 * training.held_out.ua.value


def cell(found: tuple[float | None, float]) -> str:
    """Before and after."""
    before, after = found
    return f"**{after:.1f}**" if before is None else f"{before:.1f} → **{after:.1f}**"


def table(lines: Sequence[str]) -> str:
    """The lines of all bases under their head."""
    head = [
        say("base", "基础模型"),
        *(
            say(f"{FEW} clips each of one person, {corpus}", f"一人每类 {FEW} 条，{corpus}")
            for corpus in PERSONS
        ),
        *(
            say(
                f"{MANY} clips each, other speakers, {corpus}",
                f"每类 {MANY} 条，其他说话人，{corpus}",
            )
            for corpus in CORPORA
        ),
        say(f"each speaker left out, {LEFT_OUT}", f"逐一留出说话人，{LEFT_OUT}"),
    ]
    rule = "|".join(["---"] * len(head))
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *lines]) + "\n"


def main() -> None:
    """Measures everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--bases", type=base_of, nargs="+", default=[Base("small", None)])
    parser.add_argument("--write", type=Path, help="the English document with the table")
    options = parser.parse_args()
    os.environ["VOXCOR_LANGUAGE"] = "en"

    lines = []
    for base in options.bases:
        found = [persons(options.corpora, corpus, base) for corpus in PERSONS]
        found += [new_corpus(options.corpora, corpus, base) for corpus in CORPORA]
        found.append(left_out(options.corpora, base))
        lines.append(f"| {base} | {' | '.join(map(cell, found))} |")
        print(lines[-1], file=sys.stderr, flush=True)
    print(table(lines))
    if options.write:
        put(options.write, "bases", lambda: table(lines))


if __name__ == "__main__":
    main()
