"""A few clips of one person: what `voxcor train` makes of them, against the model as it is.

    python benchmarks/few_shot.py --corpora CORPORA [--write docs/training.md]

For every speaker whom `tiny` has never heard: so many clips of each emotion, drawn at random, train
a head; all other clips of that person are the test. Prints the UA among the labels of the corpus,
averaged over draws, then speakers.
"""

import argparse
import csv
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from voxcor.training.head import train_head

# Whom `recipes/tiny` keeps for validation; it chose among recipes by them, and trains on no clip.
UNHEARD = {
    "emodb": ("08", "10", "15"),
    "ravdess": ("03", "04", "11", "12", "19", "20"),
    "nemo": ("KS0", "TP0"),
}
LANGUAGES = {
    "emodb": ("German", "德语"),
    "ravdess": ("English", "英语"),
    "nemo": ("Polish", "波兰语"),
}
SHOTS = (2, 5, 10)

# A label must leave so many clips of the speaker for the test.
LEAST_TEST = 3

Row = Mapping[str, str]


def clips_of(corpora: Path, corpus: str, speaker: str) -> dict[str, list[Row]]:
    """The clips of one speaker by label."""
    clips: dict[str, list[Row]] = defaultdict(list)
    with (corpora / corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["speaker"] == speaker:
                path = str((corpora / corpus / row["path"]).resolve())
                clips[row["label9"]].append({**row, "path": path})
    return clips


def write_manifest(path: Path, clips: Mapping[str, Sequence[Row]], shots: int, seed: int) -> bool:
    """So many clips of each label train, the others test; False where two labels cannot."""
    rng = np.random.default_rng(seed)
    rows = []
    enough = {label: own for label, own in clips.items() if len(own) >= shots + LEAST_TEST}
    for own in enough.values():
        for place, i in enumerate(rng.permutation(len(own))):
            rows.append({**own[i], "split": "train" if place < shots else "test"})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]] if rows else ["path"])
        writer.writeheader()
        writer.writerows(rows)
    return len(enough) > 1


def measure(
    corpora: Path, corpus: str, speaker: str, shots: int, *, model: str, draws: int
) -> tuple[float, float] | None:
    """UA before and after, in percent, averaged over draws; None where there are too few clips."""
    clips = clips_of(corpora, corpus, speaker)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(draws):
            manifest = Path(folder) / "manifest.csv"
            if not write_manifest(manifest, clips, shots, seed):
                return None
            out = Path(folder) / "model"
            training = train_head(manifest, out, model=model, seed=seed, overwrite=True)
            assert training.test is not None
            assert training.test_before is not None
            found.append((100 * training.test_before.ua.value, 100 * training.test.ua.value))
    before, after = np.mean(found, axis=0).tolist()
    return before, after


def main() -> None:
    """Measures everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--write", type=Path, help="file whose tables are replaced")
    arguments = parser.parse_args()
    os.environ["VOXCOR_LANGUAGE"] = "en"

    lines: dict[str, list[str]] = {"en": [], "zh": []}
    for corpus, speakers in UNHEARD.items():
        cells = []
        for shots in SHOTS:
            found = [
                measure(
                    *(arguments.corpora, corpus, speaker, shots),
                    model=arguments.model,
                    draws=arguments.draws,
                )
                for speaker in speakers
            ]
            values = np.array([pair for pair in found if pair is not None])
            if not len(values):
                cells.append("-")
                continue
            before, after = values.mean(axis=0)
            better = int((values[:, 1] > values[:, 0]).sum())
            cells.append(f"{before:.1f} → **{after:.1f}** ({better}/{len(values)})")
            print(corpus, shots, cells[-1], file=sys.stderr, flush=True)
        for language, names in zip(lines, LANGUAGES[corpus], strict=True):
            lines[language].append(f"| {corpus}, {names} | {len(speakers)} | {' | '.join(cells)} |")
    heads = {
        "en": ["corpus", "speakers", *(f"{shots} clips each" for shots in SHOTS)],
        "zh": ["语料库", "说话人", *(f"每类 {shots} 条" for shots in SHOTS)],
    }
    for language, rows in lines.items():
        rule = "|".join(["---"] * len(heads[language]))
        table = "\n".join([f"| {' | '.join(heads[language])} |", f"|{rule}|", *rows]) + "\n"
        print(table)
        if arguments.write:
            text = arguments.write.read_text(encoding="utf-8")
            mark = f"<!-- few shot, {language} -->\n"
            before, _, rest = text.partition(mark)
            after = rest.partition("<!-- end -->")[2]
            text = f"{before}{mark}{table}<!-- end -->{after}"
            arguments.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
