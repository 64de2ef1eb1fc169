"""Corrections as a training list: what its rows are, and that a head is trained on it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_files import speech
from results_by_hand import happy_then_sad
from voxcor import Recognizer
from voxcor.corrections import Correction, checked, read_corrections, write_corrections
from voxcor.datasets.corrected import COLUMNS, labelled_segments, to_csv, to_jsonl
from voxcor.datasets.manifest import read_manifest
from voxcor.evaluation.measurement import evaluate
from voxcor.result_folder import save
from voxcor.training.head import train_head

RESULT = happy_then_sad()


def test_a_row_is_what_the_model_heard_of_a_segment(tmp_path: Path) -> None:
    spoken = replace(
        RESULT, segments=(replace(RESULT.segments[0], speaker="A"), RESULT.segments[1])
    )
    given = [Correction(0, 0.05, 1.6, "angry", "Ann"), Correction(1, 1.9, 3.15, "sad")]
    first, second = labelled_segments(tmp_path / "id", spoken, checked(given, spoken))
    # A tenth of a second was trimmed at either end.
    assert (first.start, first.end, second.start, second.end) == (0.0, 1.5, 1.8, 3.0)
    assert first.path == str(tmp_path / "id" / "processed_audio.wav")
    assert (first.label, first.original_label, first.confidence) == ("angry", "happy", 0.853)
    assert (first.verdict, first.speaker, first.annotator) == ("relabelled", "A", "Ann")
    assert (second.label, second.verdict, second.speaker) == ("sad", "right", None)
    assert to_csv([first]).splitlines()[0].lstrip("\ufeff").split(",") == [*COLUMNS]
    assert json.loads(to_jsonl([second]))["speaker"] is None


def test_what_has_no_label_has_no_row(tmp_path: Path) -> None:
    given = [Correction(0, 0.1, 1.5, None), Correction(1, 3.11, 3.2, "sad")]
    assert [*labelled_segments(tmp_path, RESULT, checked(given, RESULT))] == []


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_head_is_trained_and_measured_on_it(suffix: str, tmp_path: Path) -> None:
    recognizer = Recognizer("small")
    rows = []
    for seed in range(12):
        sound = np.concatenate([speech(1.5, seed=seed), np.zeros(8000, np.float32)])
        result = recognizer.recognize((sound, 16_000), any_sound=True)
        folder = save(result, tmp_path / "outputs")
        assert result.segments
        given = [
            Correction(place, one.start, one.end, ("angry", "sad")[seed % 2])
            for place, one in enumerate(result.segments)
        ]
        write_corrections(folder, result, given, "")
        rows += labelled_segments(folder, result, read_corrections(folder, result))
    listed = tmp_path / f"corrections.{suffix}"
    listed.write_text({"csv": to_csv, "jsonl": to_jsonl}[suffix](rows), encoding="utf-8")
    manifest = read_manifest(listed)
    assert len(manifest.utterances) == len(rows)
    assert [problem for problem in manifest.problems if problem.row is not None] == []
    trained = train_head(listed, tmp_path / "mine", model="small")
    assert trained
    mine = Recognizer(str(tmp_path / "mine"))
    measured = evaluate(mine, manifest, source=listed.name)
    assert measured.labels == ("angry", "sad")
    assert len(measured.utterances) == len(rows)
