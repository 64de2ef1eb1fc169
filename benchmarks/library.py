"""What searching the library finds, beside what chance would.

    python benchmarks/library.py --corpora CORPORA [--home FOLDER] [--write docs/library.md]

Corpora that `small` never heard go into a library by their lists, as a person would add them. Then,
of the ten nearest segments, how many are of a clip with the wanted label:

- a clip is asked with, and other speakers answer: by the measure of `voxcor.library.vectors`, by
  the nine scores alone, by the vectors alone;
- a description of tests/data/descriptions.csv is asked with, which no lexicon entry was made from;
- clusters: the share of the most frequent label, and of the most frequent speaker, beside the
  shares of clusters of the same sizes over shuffled segments.

Prints Markdown; `--write` puts it into the place that is marked for it.
"""

import argparse
import csv
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from documents import put
from voxcor.language import say
from voxcor.library.clusters import find_clusters
from voxcor.library.filters import Filters
from voxcor.library.incoming import add
from voxcor.library.search import search
from voxcor.library.segments import LibrarySegment, from_arrow, matrix
from voxcor.library.store import Library
from voxcor.library.vectors import VECTOR_WEIGHT, unit
from voxcor.recognizer import Recognizer
from voxcor.results import Failure

CORPORA = ("ravdess", "nemo", "emospeech_in")
DESCRIPTIONS = Path(__file__).resolve().parents[1] / "tests" / "data" / "descriptions.csv"
NEAREST = 10

FloatArray = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured on one corpus: precision at 10, 0..1, and shares of clusters."""

    corpus: str
    segments: int
    chance: float
    vectors: float
    scores: float
    both: float
    words: Mapping[str, tuple[float, float]]  # by language: precision, chance
    clusters: int
    labels: tuple[float, float]  # the most frequent label of a cluster, and by chance
    speakers: tuple[float, float]


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--home", type=Path, help="where the library is made, or is already")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        library = Library.open(options.home or Path(scratch))
        fill(library, options.corpora)
        rows = [measure(library, options.corpora / name) for name in CORPORA]
    print(table(rows))
    if options.write:
        put(options.write, "found", lambda: table(rows))


def fill(library: Library, corpora: Path) -> None:
    """Takes in every corpus by its list."""
    recognizer = Recognizer("small")
    for name in CORPORA:
        lists = [str(path) for path in (corpora / name).glob("*.csv")]
        outcomes = [*add(library, lists, lambda: recognizer)]
        failed = sum(isinstance(outcome, Failure) for outcome in outcomes)
        print(f"{name}: {len(outcomes) - failed} in, {failed} not", file=sys.stderr, flush=True)
    library.compact()


def measure(library: Library, folder: Path) -> Row:
    """All figures of one corpus."""
    table = library.table("small")
    filters = Filters(folder=folder)
    rows = library.rows(table, filters.where)
    segments = from_arrow(rows, table.labels)
    truth = labels_of(folder)
    labels = np.array([truth[Path(str(one.path)).name] for one in segments])
    speakers = np.array([one.speaker or f"?{i}" for i, one in enumerate(segments)])
    roots = unit(matrix(rows, "score_roots"))
    vectors = matrix(rows)
    cosines = unit(vectors - vectors.mean(axis=0))
    both = np.hstack([roots, np.sqrt(VECTOR_WEIGHT) * cosines])
    found = find_clusters(library, table, filters=filters, by_speaker=True)
    groups = [cluster.members for cluster in found.clusters]
    named = {one.id: label for one, label in zip(segments, labels.tolist(), strict=True)}
    return Row(
        corpus=folder.name,
        segments=len(segments),
        chance=chance(labels, speakers),
        vectors=precision(unit(vectors), labels, speakers),
        scores=precision(roots, labels, speakers),
        both=precision(both, labels, speakers),
        words={language: by_words(library, filters, named, language) for language in ("en", "zh")},
        clusters=len(groups),
        labels=purity(groups, lambda one: named[one.id], labels.tolist()),
        speakers=purity(groups, lambda one: one.speaker, [s for s in speakers if s[0] != "?"]),
    )


def labels_of(folder: Path) -> dict[str, str]:
    """The label of each file of a corpus."""
    with next(folder.glob("*.csv")).open(encoding="utf-8", newline="") as file:
        return {Path(row["path"]).name: row["label9"] for row in csv.DictReader(file)}


def precision(places: FloatArray, labels: NDArray[np.str_], speakers: NDArray[np.str_]) -> float:
    """Of the ten nearest by other speakers, the share with the same label; the mean over labels."""
    likeness = places @ places.T
    likeness[speakers[:, None] == speakers] = -np.inf
    nearest = np.argpartition(-likeness, NEAREST, axis=1)[:, :NEAREST]
    hits = (labels[nearest] == labels[:, None]).mean(axis=1)
    return float(np.mean([hits[labels == label].mean() for label in np.unique(labels)]))


def chance(labels: NDArray[np.str_], speakers: NDArray[np.str_]) -> float:
    """The same for any ten by other speakers."""
    others = speakers[:, None] != speakers
    hits = ((labels[:, None] == labels) & others).sum(axis=1) / others.sum(axis=1)
    return float(np.mean([hits[labels == label].mean() for label in np.unique(labels)]))


def by_words(
    library: Library, filters: Filters, labels: Mapping[str, str], language: str
) -> tuple[float, float]:
    """Of the ten nearest to a description, the share with a wanted label; and of all."""
    found, expected = [], []
    counts = {label: list(labels.values()).count(label) for label in {*labels.values()}}
    with DESCRIPTIONS.open(encoding="utf-8", newline="") as file:
        asked = [row for row in csv.DictReader(file) if row["language"] == language]
    for row in asked:
        wanted = {*row["wanted"].replace("|", " ").split()} & {*counts}
        if not wanted:
            continue
        answer = search(library, row["text"], recognizer=Recognizer, filters=filters)
        found.append(np.mean([labels[hit.segment.id] in wanted for hit in answer.hits]))
        expected.append(sum(counts[label] for label in wanted) / len(labels))
    return float(np.mean(found)), float(np.mean(expected))


def purity(
    groups: Sequence[Sequence[LibrarySegment]],
    of: Callable[[LibrarySegment], str | None],
    all_names: list[str],
) -> tuple[float, float]:
    """The share of the most frequent name in a cluster, and where the names are shuffled."""
    rng = np.random.default_rng(0)

    def largest(names: Sequence[object]) -> float:
        known = [name for name in names if name is not None]
        return max(known.count(name) for name in {*known}) / len(known) if known else np.nan

    shares = [largest([of(one) for one in group]) for group in groups]
    drawn = [
        largest(rng.choice(all_names, min(len(group), len(all_names)), replace=False).tolist())
        for group in groups
        for _ in range(20)
    ]
    return float(np.nanmean(shares)), float(np.nanmean(drawn))


def table(rows: Sequence[Row]) -> str:
    """The figures as Markdown, in the language that is spoken."""
    names = [f"{row.corpus} ({row.segments})" for row in rows]
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(rows)}"]

    def line(title: str, *cells: str) -> None:
        lines.append(f"| {title} | {' | '.join(cells)} |")

    title = say("a clip, by vectors and scores", "以片段检索：向量与得分")
    line(title, *(f"**{r.both:.2f}**" for r in rows))
    line(say("by the scores alone", "仅得分"), *(f"{r.scores:.2f}" for r in rows))
    line(say("by the vectors alone", "仅向量"), *(f"{r.vectors:.2f}" for r in rows))
    line(say("chance", "随机"), *(f"{r.chance:.2f}" for r in rows))
    languages = {"en": say("English words", "英文描述"), "zh": say("Chinese words", "中文描述")}
    for language, title in languages.items():
        line(title, *(f"**{r.words[language][0]:.2f}**" for r in rows))
        line(say("chance", "随机"), *(f"{r.words[language][1]:.2f}" for r in rows))
    line(say("clusters", "聚类数"), *(str(r.clusters) for r in rows))
    shares = {
        "labels": say("most frequent label in one", "类中最多的标签"),
        "speakers": say("most frequent speaker in one", "类中最多的说话人"),
    }
    for name, title in shares.items():
        line(title, *(_share(getattr(r, name)[0]) for r in rows))
        line(say("chance", "随机"), *(_share(getattr(r, name)[1]) for r in rows))
    return "\n".join(lines) + "\n"


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
