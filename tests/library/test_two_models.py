"""Two models over the same recordings: the built-in one, and it with two labels exchanged."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from places import DATA, VOICE
from second_models import exchanged
from voxcor import Recognizer
from voxcor.errors import NothingToCompare
from voxcor.library.incoming import add
from voxcor.library.pages.models import models_page, tables
from voxcor.library.store import Library
from voxcor.library.two_models import (
    TwoModels,
    compare_batches,
    compare_models,
    compare_tables,
)
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")

HEARD = DATA / "heard"
RECORDINGS = [str(EXAMPLE), str(VOICE), str(HEARD / "opus-chained.opus"), str(HEARD / "call.opus")]


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    folder = exchanged(tmp_path_factory.mktemp("models") / "exchanged", "angry", "sad")
    return Recognizer(str(folder), threads=1)


@pytest.fixture(scope="module")
def found(small: Recognizer, other: Recognizer) -> TwoModels:
    return compare_models(RECORDINGS, lambda: small, lambda: other)


def test_flips_are_where_labels_were_exchanged(found: TwoModels, small: Recognizer) -> None:
    said = {path: small.recognize(path).emotion for path in RECORDINGS}
    flipped = {path for path, emotion in said.items() if emotion in ("angry", "sad")}
    assert flipped
    assert {one.name for one in found.heard if one.is_flip} == flipped
    assert found.flipped == len(flipped)
    assert all({one.first, one.second} == {"angry", "sad"} for one in found.flips)
    answers = [one.emotions for one in found.heard]
    kappa = cohen_kappa_score(*map(list, zip(*answers, strict=True)))
    assert found.agreement.kappa.value == pytest.approx(kappa)


def test_those_that_differ_most_come_first(found: TwoModels) -> None:
    flips = [one.overlap for one in found.heard if one.is_flip]
    assert flips == sorted(flips)
    assert [one.is_flip for one in found.heard] == sorted(
        (one.is_flip for one in found.heard), reverse=True
    )


def test_a_list_with_labels_says_who_is_right(
    small: Recognizer, other: Recognizer, tmp_path: Path
) -> None:
    rows = [f"{path},{small.recognize(path).emotion}\n" for path in RECORDINGS]
    (tmp_path / "list.csv").write_text("path,label\n" + "".join(rows))
    found = compare_models([str(tmp_path / "list.csv")], lambda: small, lambda: other)
    assert found.truths is not None
    right, wrong = found.truths
    assert right.wa.value == 1
    assert wrong.wa.value == pytest.approx(1 - found.flipped / len(RECORDINGS))
    assert "Beside the truth" in [str(table.title) for table in tables(found)]


def test_a_list_without_labels_is_compared_all_the_same(
    small: Recognizer, other: Recognizer, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text(f"path,speaker\n{EXAMPLE},ann\n")
    found = compare_models([str(tmp_path / "list.csv")], lambda: small, lambda: other)
    assert (found.truths, found.heard[0].speaker) == (None, "ann")


def test_what_cannot_be_heard_costs_the_others_nothing(
    small: Recognizer, other: Recognizer
) -> None:
    found = compare_models(["nope.wav", str(EXAMPLE)], lambda: small, lambda: other)
    assert [one.code for one in found.failures] == ["input_not_found"]
    assert found.agreement.clips == 1
    with pytest.raises(NothingToCompare):
        compare_models(["nope.wav"], lambda: small, lambda: other)


def test_what_the_library_has_of_both_is_not_heard_again(
    small: Recognizer, other: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "library")
    for recognizer in (small, other):
        assert list(add(library, [str(EXAMPLE), str(VOICE)], lambda r=recognizer: r))
    whole = compare_tables(library, "small", "exchanged")
    assert whole.agreement.clips == 2
    monkeypatch.setattr(Recognizer, "recognize", None)  # whoever listens now, fails
    again = compare_models(
        [str(EXAMPLE), str(VOICE)], lambda: small, lambda: other, library=library
    )
    assert again.taken == 2
    assert [one.emotions for one in again.heard] == [one.emotions for one in whole.heard]


def test_two_batches_need_no_inference(tmp_path: Path, other: Recognizer) -> None:
    folder = exchanged(tmp_path / "exchanged", "angry", "sad")
    for model, out in (("small", "one"), (str(folder), "two")):
        command = [sys.executable, "-m", "voxcor", "batch", str(HEARD), "--out", tmp_path / out]
        subprocess.run([*command, "--model", model, "--workers", "1"], capture_output=True)
    found = compare_batches(tmp_path / "one", tmp_path / "two")
    assert (found.first.id, found.second.id) == ("small", "exchanged")
    assert found.taken == found.agreement.clips == len(found.heard) > 3
    assert found.flipped
    same = compare_batches(tmp_path / "one", tmp_path / "one")
    assert (same.flipped, same.agreement.share.value) == (0, 1)


def test_tables_and_page_have_every_recording(found: TwoModels) -> None:
    rows = list(csv.DictReader(io.StringIO(found.to_csv().removeprefix("\ufeff"))))
    assert [row["path"] for row in rows] == [one.name for one in found.heard]
    assert sum(int(row["flip"]) for row in rows) == found.flipped
    document = found.to_document()
    assert [row["first"] for row in document["recordings"]] == [row["first"] for row in rows]
    page = models_page(found)
    assert "http" not in page.split("</style>")[1]
    assert all(Path(one.name).name in page for one in found.heard if one.is_flip)
