"""Corrections in other tools come back as labels: what was exported, corrected, is trained on."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from praatio import textgrid
from pympi import Elan

from audio_files import speech
from results_by_hand import happy_then_sad
from voxcor.datasets.manifest import Manifest, read_manifest
from voxcor.errors import ManifestError
from voxcor.exports import export
from voxcor.exports.content import read_content
from voxcor.result_folder import save


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """A folder with call.wav and nothing said about it yet."""
    folder = tmp_path / "corrected"
    folder.mkdir()
    soundfile.write(folder / "call.wav", speech(3.2), 16_000)
    return folder


def exported(kind: str, tmp_path: Path) -> bytes:
    result = happy_then_sad()
    result = replace(result, audio=replace(result.audio, name="call.wav"))
    first, second = result.segments
    turns = (replace(first, speaker="ann"), replace(second, speaker="bob"))
    return export(read_content(save(replace(result, segments=turns), tmp_path)), kind)  # type: ignore[arg-type]


def said(manifest: Manifest) -> list[tuple[str, str | None, str, str]]:
    return [
        (u.label, u.speaker, u.columns["start_time"], u.columns["end_time"])
        for u in manifest.utterances
    ]


EXPORTED = [("happy", "ann", "0.100", "1.500"), ("sad", "bob", "1.900", "3.100")]
CORRECTED = [("angry", "ann", "0.100", "1.500"), ("sad", "bob", "2.000", "3.100")]


def test_a_corrected_textgrid_is_read(corrected: Path, tmp_path: Path) -> None:
    path = corrected / "call.TextGrid"
    path.write_bytes(exported("textgrid", tmp_path))
    assert said(read_manifest(corrected)) == EXPORTED
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    tier = textgrid.IntervalTier(
        "emotion", [(0.1, 1.5, "angry"), (2.0, 3.1, "sad")], minT=0, maxT=3.2
    )
    grid.replaceTier("emotion", tier)
    grid.save(str(path), format="short_textgrid", includeBlankSpaces=True)
    manifest = read_manifest(corrected)
    assert said(manifest) == CORRECTED
    assert said(read_manifest(path)) == CORRECTED
    heard, rate = soundfile.read(manifest.utterances[1].path, dtype="float32")
    whole, _ = soundfile.read(corrected / "call.wav", dtype="float32")
    np.testing.assert_allclose(heard, whole[2 * rate : round(3.1 * rate)], atol=1e-6)


def test_a_corrected_elan_document_is_read(corrected: Path, tmp_path: Path) -> None:
    path = corrected / "call.eaf"
    path.write_bytes(exported("eaf", tmp_path))
    assert said(read_manifest(corrected)) == EXPORTED
    eaf = Elan.Eaf(str(path))
    eaf.remove_all_annotations_from_tier("emotion")
    eaf.add_annotation("emotion", 100, 1500, "angry")
    eaf.add_annotation("emotion", 2000, 3100, "sad")
    eaf.to_file(str(path))
    assert said(read_manifest(corrected)) == CORRECTED


def test_label_studio_s_export_is_read(corrected: Path, tmp_path: Path) -> None:
    (task,) = json.loads(exported("labelstudio", tmp_path))
    regions = task.pop("predictions")[0]["result"]
    regions[0]["value"]["labels"] = ["angry"]
    regions[1]["value"]["start"] = 2.0
    full = {**task, "id": 1, "annotations": [{"was_cancelled": False, "result": regions}]}
    full["data"]["audio"] = "/data/upload/1/0a1b2c3d-call.wav"
    (corrected / "project.json").write_text(json.dumps([full]))
    assert said(read_manifest(corrected / "project.json")) == CORRECTED
    small = {"audio": "call.wav", "id": 1, "emotion": [region["value"] for region in regions]}
    (corrected / "small.json").write_text(json.dumps([small]))
    assert [row[0] for row in said(read_manifest(corrected / "small.json"))] == ["angry", "sad"]


def test_what_cannot_be_used_is_named_with_its_time(corrected: Path, tmp_path: Path) -> None:
    text = exported("textgrid", tmp_path).decode()
    (corrected / "call.TextGrid").write_text(text.replace('"sad"', '"gloomy"'))
    (corrected / "away.TextGrid").write_text(text)
    manifest = read_manifest(corrected, labels=["happy", "sad"])
    assert [u.label for u in manifest.utterances] == ["happy"]
    codes = [problem.code for problem in manifest.problems]
    assert codes.count("missing_file") == 2
    assert "unknown_label" in codes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("call.TextGrid", "no grid"),
        ("call.eaf", "<ANNOTATION_DOCUMENT>"),
        ("tasks.json", "[{"),
        ("tasks.json", '[{"audio": "call.wav", "emotion": [{"labels": ["sad"]}]}]'),
    ],
)
def test_a_broken_document_is_named(corrected: Path, name: str, content: str) -> None:
    (corrected / name).write_text(content)
    with pytest.raises(ManifestError, match=name.partition(".")[0]):
        read_manifest(corrected / name)
