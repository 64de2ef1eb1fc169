"""What scores relative to a person's ordinary voice are worth, beside the absolute ones.

    python benchmarks/personal_neutral.py --corpora CORPORA [--heard FOLDER] [--write DOCUMENT]

On corpora that `small` never heard, a few neutral clips of each speaker are enrolled, and all other
clips of that speaker are answered: by the absolute scores, by those relative to the speaker, and by
those relative to another speaker of the corpus, who shares its microphone and its language. Once
more with clips of any emotion enrolled in the place of neutral ones, as `enrol --speaker` takes
them. Which clips are enrolled is drawn twenty times. UAR over the labels of the corpus, among which
the answer is chosen; the interval is that of the difference, by bootstrap over speakers.

`--heard` keeps what the model has made of the clips. Prints Markdown; `--write` puts it into the
place that is marked for it.
"""

import argparse
import csv
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from documents import put
from voxcor.errors import InputError
from voxcor.language import say
from voxcor.people.baseline import NEUTRAL, offsets_of
from voxcor.recognizer import Recognizer

CORPORA = ("ravdess", "nemo", "emospeech_in")
ENROLLED = (1, 3, 5, 10)
DRAWS = 20
RESAMPLES = 2_000

# Of a corpus with fewer there is no interval worth the name.
FEWEST_SPEAKERS = 5

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clips:
    """What the model made of a corpus: scores [N, L] of its `columns`, and what people meant."""

    scores: FloatArray
    columns: tuple[str, ...]
    labels: NDArray[np.str_]
    speakers: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Row:
    """UAR with so many clips enrolled, 0..1; `gain` is the interval of relative less absolute."""

    speakers: int
    absolute: float
    relative: float
    gain: tuple[float, float]
    wrong: float


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--heard", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        kept = options.heard or Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        clips = {name: hear(options.corpora / name, kept / f"{name}.npz") for name in CORPORA}
    rows = {
        name: [*(measure(each, count) for count in ENROLLED), measure(each, 5, of_any=True)]
        for name, each in clips.items()
    }
    print(table(rows))
    if options.write:
        put(options.write, "relative", lambda: table(rows))


def hear(folder: Path, kept: Path) -> Clips:
    """The scores of every clip that can be used."""
    if not kept.exists():
        recognizer = Recognizer("small")
        heard = []
        with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                try:
                    result = recognizer.recognize(folder / row["path"], any_sound=True)
                except InputError as error:
                    print(f"{row['path']}: {error.code}", file=sys.stderr)
                    continue
                heard.append(([*result.scores.values()], row["label9"], row["speaker"]))
        scores, labels, speakers = zip(*heard, strict=True)
        columns = recognizer.labels
        np.savez(kept, scores=scores, label=labels, speaker=speakers, columns=columns)
    with np.load(kept) as found:
        columns = tuple(found["columns"].tolist())
        return Clips(found["scores"].astype(float), columns, found["label"], found["speaker"])


def measure(clips: Clips, count: int, *, of_any: bool = False) -> Row | None:
    """With `count` clips of each speaker enrolled; None where too few speakers have more."""
    rng = np.random.default_rng(0)
    neutral = clips.labels == NEUTRAL
    names = [
        name
        for name in np.unique(clips.speakers).tolist()
        if name and (neutral & (clips.speakers == name)).sum() > count
    ]
    if len(names) < FEWEST_SPEAKERS:
        return None
    theirs = [np.flatnonzero(clips.speakers == name) for name in names]
    wanted = [label for label in clips.columns if label in clips.labels]
    # Of each speaker and label: clips, and how many of them each way answers rightly.
    hits = np.zeros((4, len(names), len(wanted)))
    for _ in range(DRAWS):
        pools = [own if of_any else own[neutral[own]] for own in theirs]
        enrolled = [rng.choice(pool, count, replace=False) for pool in pools]
        others = rng.integers(1, len(names), len(names)) + np.arange(len(names))
        for index, own in enumerate(theirs):
            rest = np.setdiff1d(own, enrolled[index])
            other = enrolled[others[index] % len(names)]
            answers = [answer(clips, rest, by, wanted) for by in (None, enrolled[index], other)]
            truth = clips.labels[rest]
            for column, label in enumerate(wanted):
                of_label = truth == label
                hits[0, index, column] += of_label.sum()
                for way, given in enumerate(answers):
                    hits[1 + way, index, column] += (given[of_label] == label).sum()
    absolute, relative, wrong = uar(hits)
    drawn = rng.integers(0, len(names), (RESAMPLES, len(names)))
    gains = [one[1] - one[0] for one in (uar(hits[:, pick]) for pick in drawn)]
    low, high = np.nanpercentile(gains, (2.5, 97.5))
    return Row(len(names), absolute, relative, (float(low), float(high)), wrong)


def answer(
    clips: Clips, rows: NDArray[np.int64], by: NDArray[np.int64] | None, wanted: Sequence[str]
) -> NDArray[np.str_]:
    """The leading label of each clip among those that are wanted, relative to the clips `by`."""
    logarithms = np.log(np.maximum(clips.scores[rows], np.finfo(float).tiny))
    if by is not None:
        logarithms = logarithms - offsets_of(clips.scores[by], clips.columns)
    columns = [clips.columns.index(label) for label in wanted]
    return np.array(wanted)[logarithms[:, columns].argmax(axis=1)]


def uar(hits: FloatArray) -> tuple[float, float, float]:
    """The unweighted mean of the recalls, of each way."""
    counts, *right = hits.sum(axis=1)
    known = counts > 0
    absolute, relative, wrong = (float((one[known] / counts[known]).mean()) for one in right)
    return absolute, relative, wrong


def table(rows: dict[str, list[Row | None]]) -> str:
    """The figures as Markdown, in the language that is spoken."""
    titles = [say(f"{count} neutral", f"中性 {count} 句") for count in ENROLLED]
    titles[0] = say("1 neutral utterance", "中性 1 句")
    titles.append(say("5 of any emotion", "任意情感 5 句"))
    heads = [
        say("corpus", "语料"),
        say("enrolled", "登记"),
        say("speakers", "说话人"),
        say("absolute", "绝对"),
        say("relative", "相对"),
        say("difference", "差"),
        say("to a wrong person", "相对于他人"),
    ]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for corpus, of_corpus in rows.items():
        for title, row in zip(titles, of_corpus, strict=True):
            if row is None:
                continue
            low, high = row.gain
            gain = f"{row.relative - row.absolute:+.3f} ({low:+.3f} … {high:+.3f})"
            cells = [f"{row.absolute:.3f}", f"**{row.relative:.3f}**", gain, f"{row.wrong:.3f}"]
            lines.append(f"| {corpus} | {title} | {row.speakers} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
