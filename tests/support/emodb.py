"""Clips of emodb, and lists of them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str]


def emodb(corpora: Path, *, speakers: Sequence[str], labels: Sequence[str], each: int) -> list[Row]:
    """The first few clips of each speaker and label; paths are absolute."""
    with (corpora / "emodb" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen: list[Row] = []
    for speaker in speakers:
        for label in labels:
            own = [r for r in rows if (r["speaker"], r["label9"]) == (speaker, label)][:each]
            chosen += [{**row, "path": str(corpora / "emodb" / row["path"])} for row in own]
    return chosen


def write_manifest(path: Path, rows: Sequence[Row]) -> Path:
    columns = dict.fromkeys(name for row in rows for name in row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*columns])
        writer.writeheader()
        writer.writerows(rows)
    return path
