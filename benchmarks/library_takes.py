"""Whether `library compare` tells takes of the same emotion from takes of another.

    python benchmarks/library_takes.py --corpora CORPORA [CORPORA ...] [--write docs/library.md]

In ravdess, emodb and cremad an actor says one sentence in several emotions, and more than once in
some: file names tell which. Every two takes of a sentence by its actor are compared as `library
compare` does it. AUC is the chance that two takes in one emotion are more alike than two in
different ones, .5 where the measure knows nothing; the interval is by bootstrap over actors.

Beside it the overlap of the mean scores of the two, without alignment, and whether their first
emotions are the same. And for each take: of two others of the same sentence and actor,
one in its emotion and one not, how often the first is the more alike.

Prints Markdown; `--write` puts it into the place that is marked for it.
"""

import argparse
import csv
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from documents import put
from voxcor.errors import NoSpeech
from voxcor.language import say
from voxcor.library.store import Library
from voxcor.library.takes import Take, compare_takes, take_of
from voxcor.recognizer import Recognizer

RESAMPLES = 1_000
MEASURES = ("aligned", "means", "emotion")

# Whether the built-in model has learned from the corpus.
CORPORA = {"ravdess": False, "emodb": True, "cremad": True}

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of takes of one sentence by one actor.

    `alike` [P, 3] has what each of `MEASURES` says of a pair, `same` [P] whether both are in one
    emotion, `actors` [P] who speaks.
    """

    alike: FloatArray
    same: NDArray[np.bool_]
    actors: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured on a corpus: of each measure the AUC and its 95 % interval, and of the
    alignment less the means; `usual` is the median similarity of pairs in one emotion, and in two.
    """

    corpus: str
    actors: int
    same: int
    other: int
    auc: Mapping[str, tuple[float, float, float]]
    gain: tuple[float, float, float]
    triplets: Mapping[str, float]
    usual: tuple[float, float]


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    found = {path.name: path for folder in options.corpora for path in folder.iterdir()}
    if missing := [name for name in CORPORA if name not in found]:
        parser.error(f"--corpora: no {', '.join(missing)} in these folders")
    recognizer = Recognizer("small")
    rows = [measure(found[name], recognizer) for name in CORPORA]
    print(table(rows))
    if options.write:
        put(options.write, "takes", lambda: table(rows))


def sentence_of(corpus: str, stem: str) -> str:
    """Which sentence a file is of, by its name."""
    if corpus == "emodb":
        return stem[2:5]
    return stem.split("-")[4] if corpus == "ravdess" else stem.split("_")[1]


def groups(folder: Path) -> dict[tuple[str, str], list[tuple[Path, str]]]:
    """The takes of each sentence by each actor, with their labels; of those in which one emotion
    comes more than once and another, too.
    """
    takes: dict[tuple[str, str], list[tuple[Path, str]]] = defaultdict(list)
    with next(folder.glob("*.csv")).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = folder / row["path"]
            key = row["speaker"], sentence_of(folder.name, path.stem)
            takes[key].append((path, row["label9"]))
    return {
        key: some
        for key, some in sorted(takes.items())
        if 1 < len({label for _, label in some}) < len(some)
    }


def measure(folder: Path, recognizer: Recognizer) -> Row:
    """All figures of one corpus."""
    pairs, triplets = compared(folder, recognizer)
    aucs = {name: auc(pairs, place) for place, name in enumerate(MEASURES)}
    drawn = np.array([*resampled(pairs)])
    return Row(
        corpus=folder.name,
        actors=len({*pairs.actors.tolist()}),
        same=int(pairs.same.sum()),
        other=int((~pairs.same).sum()),
        auc={name: (aucs[name], *interval(drawn[:, place])) for place, name in enumerate(MEASURES)},
        gain=(aucs["aligned"] - aucs["means"], *interval(drawn[:, 0] - drawn[:, 1])),
        triplets=triplets,
        usual=(
            float(np.median(pairs.alike[pairs.same, 0])),
            float(np.median(pairs.alike[~pairs.same, 0])),
        ),
    )


def compared(folder: Path, recognizer: Recognizer) -> tuple[Pairs, dict[str, float]]:
    """Every pair of a corpus, and how often of two others the one in the same emotion is nearer."""
    alike, same, actors = [], [], []
    nearer = []
    for (actor, _), some in groups(folder).items():
        print(f"{folder.name}: {actor}", file=sys.stderr, flush=True)
        found = [(heard(path, recognizer), label) for path, label in some]
        takes = [take for take, _ in found if take is not None]
        labels = np.array([label for take, label in found if take is not None])
        table = np.full((len(takes), len(takes), len(MEASURES)), np.nan)
        for i, j in combinations(range(len(takes)), 2):
            table[i, j] = table[j, i] = likeness(takes[i], takes[j])
            alike.append(table[i, j])
            same.append(labels[i] == labels[j])
            actors.append(actor)
        for i, label in enumerate(labels):
            others = np.arange(len(labels)) != i
            of_same, of_other = table[i, others & (labels == label)], table[i, labels != label]
            if len(of_same):
                nearer.append([higher(*both) for both in zip(of_same.T, of_other.T, strict=True)])
    shares = np.mean(nearer, axis=0)
    pairs = Pairs(np.array(alike), np.array(same), np.array(actors))
    return pairs, dict(zip(MEASURES, shares.tolist(), strict=True))


def heard(path: Path, recognizer: Recognizer) -> Take | None:
    """A take; None where there is no speech in it."""
    try:
        return take_of(str(path), library=Library.open, recognizer=lambda: recognizer)
    except NoSpeech:
        return None


def likeness(first: Take, second: Take) -> tuple[float, float, float]:
    """What each of `MEASURES` says of two takes."""
    one, other = (np.array([*take.mixture().values()]) for take in (first, second))
    overlap = float(np.sqrt(one * other).sum())
    return compare_takes(first, second).similarity, overlap, float(one.argmax() == other.argmax())


def auc(pairs: Pairs, place: int, weights: FloatArray | None = None) -> float:
    """How often a pair in one emotion is more alike than one that is not, by one of the measures.

    Args:
        pairs: all of them.
        place: of the measure.
        weights: how often each pair counts; None for once.
    """
    counts = np.ones(len(pairs.same)) if weights is None else weights
    values, at = np.unique(pairs.alike[:, place], return_inverse=True)
    same = np.bincount(at, counts * pairs.same, len(values))
    other = np.bincount(at, counts * ~pairs.same, len(values))
    below = np.cumsum(other) - other
    return float((same * (below + other / 2)).sum() / (same.sum() * other.sum()))


def higher(first: FloatArray, second: FloatArray) -> float:
    """How often a value of the first is above one of the second; equal ones count half."""
    return float(np.mean((np.sign(first[:, None] - second) + 1) / 2))


def resampled(pairs: Pairs) -> Iterator[list[float]]:
    """The AUC of each measure over actors that are drawn with replacement."""
    rng = np.random.default_rng(0)
    names, who = np.unique(pairs.actors, return_inverse=True)
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        weights = drawn[who].astype(float)
        yield [auc(pairs, place, weights) for place in range(len(MEASURES))]


def interval(values: FloatArray) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5]).tolist()
    return low, high


def table(rows: Sequence[Row]) -> str:
    """The figures as Markdown, in the language that is spoken."""
    learned = say(", learned from", "，训练用过")
    names = [f"{row.corpus}{learned if CORPORA[row.corpus] else ''}" for row in rows]
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(rows)}"]

    def line(title: str, *cells: str) -> None:
        lines.append(f"| {title} | {' | '.join(cells)} |")

    def ranged(figures: tuple[float, float, float], sign: str = "") -> str:
        middle, low, high = (f"{figure:{sign}.2f}" for figure in figures)
        return f"{middle} ({low} … {high})"

    title = say("actors, pairs in one emotion, in two", "演员数，同情感对数，异情感对数")
    line(title, *(f"{row.actors}, {row.same:,}, {row.other:,}" for row in rows))
    title = say("similarity, median: in one emotion, in two", "相似度中位数：同情感，异情感")
    line(title, *("{:.2f}, {:.2f}".format(*row.usual) for row in rows))
    line(say("aligned, AUC", "对齐后，AUC"), *(f"**{ranged(r.auc['aligned'])}**" for r in rows))
    title = say("means alone, without alignment", "仅均值，不对齐")
    line(title, *(ranged(row.auc["means"]) for row in rows))
    title = say("the first emotion is the same", "首位情感相同")
    line(title, *(ranged(row.auc["emotion"]) for row in rows))
    line(say("aligned, less means", "对齐减均值"), *(ranged(row.gain, "+") for row in rows))
    title = say("of two others, the right one is nearer: aligned", "另两条中同情感者更近：对齐后")
    line(title, *(f"{row.triplets['aligned']:.2f}" for row in rows))
    line(say("by the means", "按均值"), *(f"{row.triplets['means']:.2f}" for row in rows))
    line(say("chance", "随机"), *("0.50" for _ in rows))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
