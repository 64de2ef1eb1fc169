"""What was put right in the library trains a head, which is measured on it."""

from pathlib import Path

import pytest

from emodb import emodb, write_manifest
from voxcor import Recognizer
from voxcor.datasets.corrected import to_csv
from voxcor.datasets.manifest import read_manifest
from voxcor.evaluation.measurement import evaluate
from voxcor.library.correcting import gather, labelled, labelled_rows
from voxcor.library.incoming import add
from voxcor.library.store import Library
from voxcor.training.head import train_head

pytest.importorskip("lancedb", reason="the library extra is not installed")


def test_labels_of_the_library_train_a_head(corpora: Path, tmp_path: Path) -> None:
    utterances = emodb(corpora, speakers=["08", "10", "15"], labels=["angry", "sad"], each=2)
    listed = str(write_manifest(tmp_path / "list.csv", utterances))
    library = Library(tmp_path / "library")
    recognizer = Recognizer("small", threads=1)
    list(add(library, [listed], lambda: recognizer))
    found = gather(library, [listed], annotator="Ann")
    assert (found.labels, found.problems) == (12, ())
    out = tmp_path / "labels.csv"
    rows = labelled_rows(library, labelled(library, library.table()))
    out.write_text(to_csv(rows), encoding="utf-8")
    manifest = read_manifest(out)
    assert len(manifest.utterances) == found.segments >= 12
    assert {one.speaker for one in manifest.utterances} == {"08", "10", "15"}
    train_head(out, tmp_path / "mine", model="small", terms="CC0-1.0")
    evaluation = evaluate(Recognizer(str(tmp_path / "mine"), threads=1), manifest, source=str(out))
    assert evaluation.whole.wa.value > 0.5
