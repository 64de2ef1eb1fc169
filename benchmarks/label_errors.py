r"""How many labels that were made wrong `voxcor library errors` finds, beside chance.

    OPENBLAS_NUM_THREADS=1 python benchmarks/label_errors.py --corpora CORPORA \
        [--write docs/library.md]

Of each corpus, none of which `small` has heard, 5 % and 10 % of the labels are replaced by another
label of the corpus, drawn evenly, with three seeds. Then: how many of the labels that are said to
be likely wrong were replaced, how many of the first 25 and of the first as many as were replaced,
and how many of those replaced are among all that are said. Corpora have errors of their own, which
count as misses here.

Prints Markdown; `--write` puts it into the place that is marked for it.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from documents import put
from voxcor.datasets.manifest import read_manifest
from voxcor.language import say
from voxcor.library.label_errors import LabelledVector, find_errors
from voxcor.library.segments import FloatArray
from voxcor.models.store import find_model
from voxcor.training.embeddings import embed_clips, fingerprint

CORPORA = ("ravdess", "emospeech_in")
RATES = (0.05, 0.10)
SEEDS = (0, 1, 2)
FIRST = 25


@dataclass(frozen=True, slots=True)
class Row:
    """Means over the seeds for one corpus and one share of wrong labels.

    `said` is how many labels are called likely wrong; the rest are shares 0..1: of the first 25,
    of the first as many as are wrong, of all that are said; and `found`, of those that are wrong.
    """

    corpus: str
    clips: int
    rate: float
    said: float
    first: float
    as_many: float
    precision: float
    found: float


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    rows = [row for name in CORPORA for row in measure(options.corpora / name)]
    print(table(rows))
    if options.write:
        put(options.write, "wrong", lambda: table(rows))


def measure(folder: Path) -> list[Row]:
    """All figures of one corpus."""
    clips, _ = fingerprint(read_manifest(folder).utterances)
    embedded, _ = embed_clips(clips, find_model("small"), frames=False)
    segments = [
        LabelledVector(str(one.path), None, None, one.label, one.speaker, str(one.path))
        for one in (each.clip.utterance for each in embedded)
    ]
    vectors = np.array([one.embedding for one in embedded], np.float32)
    print(f"{folder.name}: {len(segments)}", file=sys.stderr, flush=True)
    rows = []
    for rate in RATES:
        figures = np.mean([found(segments, vectors, rate, seed) for seed in SEEDS], axis=0)
        rows.append(Row(folder.name, len(segments), rate, *map(float, figures)))
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def found(
    segments: Sequence[LabelledVector], vectors: FloatArray, rate: float, seed: int
) -> tuple[float, ...]:
    """The figures of one draw, as `Row` has them from `said` on."""
    rng = np.random.default_rng(seed)
    names = sorted({one.label for one in segments})
    wrong = rng.choice(len(segments), round(rate * len(segments)), replace=False)
    made = list(segments)
    for i in wrong:
        others = [name for name in names if name != segments[i].label]
        made[i] = replace(segments[i], label=str(rng.choice(others)))
    places = {segments[i].path for i in wrong}
    errors = find_errors(made, vectors, seed=seed).errors
    hits = np.array([error.segment.path in places for error in errors])
    shares = (hits[:FIRST].mean(), hits[: len(wrong)].mean(), hits.mean())
    return len(errors), *map(float, shares), float(hits.sum() / len(wrong))


def table(rows: Sequence[Row]) -> str:
    """The figures as Markdown, in the language that is spoken."""
    names = [f"{row.corpus} ({row.clips}) {row.rate:.0%}" for row in rows]
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(rows)}"]

    def line(title: str, *cells: str) -> None:
        lines.append(f"| {title} | {' | '.join(cells)} |")

    line(say("said to be likely wrong", "判为可能有误"), *(f"{row.said:.0f}" for row in rows))
    title = say(f"wrong among the first {FIRST}", f"前 {FIRST} 个中确实有误")
    line(title, *(f"**{row.first:.2f}**" for row in rows))
    title = say("among the first as many as are wrong", "前 N 个中（N 为有误的总数）")
    line(title, *(f"{row.as_many:.2f}" for row in rows))
    line(
        say("among all that are said", "全部判出的之中"), *(f"{row.precision:.2f}" for row in rows)
    )
    line(say("chance", "随机"), *(f"{row.rate:.2f}" for row in rows))
    line(say("of those wrong, said", "有误的被判出"), *(f"{row.found:.2f}" for row in rows))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
