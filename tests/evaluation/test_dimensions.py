"""Columns `arousal` and `valence` of a list: what is read of them, and what is measured."""

import csv
from collections.abc import Sequence
from pathlib import Path

import audmetric
import numpy as np
import pytest
import soundfile

from places import VOICE
from voxcor import Recognizer
from voxcor.datasets.manifest import Manifest, read_manifest
from voxcor.evaluation.dimensions import check_ratings, rated_dimensions, rating_of
from voxcor.evaluation.measurement import evaluate, recognize_all

ARGUMENTS = ("path", "label", "Arousal", "效价")


def listed(folder: Path, ratings: Sequence[tuple[str, str]]) -> Manifest:
    """A clip for each pair of ratings, under names of columns that people use."""
    rows = []
    voice, rate = soundfile.read(VOICE)
    for number, pair in enumerate(ratings):
        soundfile.write(folder / f"{number}.wav", voice[rate * number :][: 3 * rate], rate)
        rows.append((f"{number}.wav", ("happy", "sad")[number % 2], *pair))
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([ARGUMENTS, *rows])
    return read_manifest(folder / "list.csv")


def problems(manifest: Manifest) -> list[tuple[str, int | None]]:
    known = len(manifest.problems)
    return [(p.code, p.row) for p in check_ratings(manifest).problems[known:]]


def test_ratings_are_numbers_by_any_name_of_their_column(tmp_path: Path) -> None:
    manifest = listed(tmp_path, [("0.5", "-1"), ("-0,25", ""), ("nan", "1.0")])
    first, second, third = manifest.utterances
    assert (rating_of(first, "arousal"), rating_of(first, "valence")) == (0.5, -1.0)
    assert rating_of(second, "arousal") == -0.25
    assert rating_of(second, "valence") != rating_of(second, "valence")
    assert rating_of(third, "arousal") != rating_of(third, "arousal")
    assert rated_dimensions(manifest.utterances) == ("arousal", "valence")
    assert problems(manifest) == []


def test_another_scale_is_said_and_not_measured(tmp_path: Path) -> None:
    manifest = listed(tmp_path, [("1", "0.5"), ("4.5", "-0.5"), ("7", "0")])
    assert rated_dimensions(manifest.utterances) == ("valence",)
    assert problems(manifest) == [("dimension_scale", 3)]


def test_a_cell_that_is_no_number_costs_itself(tmp_path: Path) -> None:
    manifest = listed(tmp_path, [("high", "0.5"), ("0.1", "-0.5")])
    assert rated_dimensions(manifest.utterances) == ("arousal", "valence")
    assert problems(manifest) == [("no_rating", 2)]
    only_words = listed(tmp_path, [("high", "0.5"), ("low", "-0.5")])
    assert rated_dimensions(only_words.utterances) == ("valence",)


def test_what_is_measured_is_what_the_recogniser_says(tmp_path: Path) -> None:
    recognizer = Recognizer("small", threads=1)
    ratings = [("0.5", "0.3"), ("-0.2", "-0.6"), ("0.1", "0.8"), ("0.4", "x"), ("0", "-0.1")]
    manifest = listed(tmp_path, ratings)
    found = recognize_all(recognizer, manifest.utterances)
    whole = evaluate(recognizer, manifest, source="list.csv").whole
    arousal, valence = whole.concordance["arousal"], whole.concordance["valence"]
    truth = np.array([float(arousal) for arousal, _ in ratings])
    known = ~np.isnan(found.dimensions[:, 0])
    theirs = audmetric.concordance_cc(truth[known], found.dimensions[known, 0])
    assert arousal.ccc.value == pytest.approx(theirs)
    assert (arousal.clips, valence.clips) == (known.sum(), known[[0, 1, 2, 4]].sum())
    assert known.sum() > 2
    # Labels that compete change what leads, and not how it sounds.
    two = evaluate(recognizer, manifest, source="list.csv", labels=["happy", "sad"]).whole
    assert two.concordance == whole.concordance


def test_a_list_without_ratings_has_no_such_figures(tmp_path: Path) -> None:
    manifest = listed(tmp_path, [("", ""), ("", "")])
    whole = evaluate(Recognizer("small", threads=1), manifest, source="list.csv").whole
    assert whole.concordance == {}
