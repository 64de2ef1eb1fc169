"""Exports of results that were corrected: each shows what people have put right."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import webvtt
from crowsetta.formats.seq import AudSeq
from label_studio_sdk.label_interface import LabelInterface
from praatio import textgrid
from pympi import Elan
from typer.testing import CliRunner

from results_by_hand import SAD, happy_then_sad, segment, with_frames
from voxcor.cli import app
from voxcor.corrections import CORRECTIONS_FILE, Correction, write_corrections
from voxcor.datasets.annotations import Annotation, read_annotations
from voxcor.exports import Content, Format, export, file_name
from voxcor.exports.content import read_content
from voxcor.language import speaking
from voxcor.result_folder import save
from voxcor.speaker_turns import read_turns

# One of each kind: relabelled and moved, right, only wrong, untouched.
RESULT = happy_then_sad(
    segments=(
        *happy_then_sad().segments[:1],
        segment(1.6, 1.8, SAD),
        segment(1.9, 2.4, SAD),
        segment(2.5, 3.1, SAD),
    )
)
CORRECTIONS = [
    Correction(0, 0.3, 1.4, "angry", "Ann"),
    Correction(1, 1.6, 1.8, "sad"),
    Correction(2, 1.9, 2.4, None),
]


@pytest.fixture
def content(tmp_path: Path) -> Content:
    folder = save(RESULT, tmp_path)
    write_corrections(folder, RESULT, CORRECTIONS, "")
    return read_content(folder)


def written(content: Content, kind: Format, folder: Path) -> Path:
    path = folder / file_name(content, kind)
    path.write_bytes(export(content, kind))
    return path


def test_praat_has_the_corrected_emotions_and_beside_them_the_model_s(
    content: Content, tmp_path: Path
) -> None:
    path = str(written(content, "textgrid", tmp_path))
    grid = textgrid.openTextgrid(path, includeEmptyIntervals=False)
    assert grid.tierNames == ("emotion", "confidence", "model")
    assert [tuple(entry) for entry in grid.getTier("emotion").entries] == [
        (0.3, 1.4, "angry"),
        (1.6, 1.8, "sad"),
        (2.5, 3.1, "sad"),
    ]
    assert [entry.label for entry in grid.getTier("confidence").entries] == ["0.600", "0.600"]
    model = [tuple(entry) for entry in grid.getTier("model").entries]
    assert model[0] == (0.1, 1.5, "happy")
    assert [label for _, _, label in model] == ["happy", "sad", "sad", "sad"]


def test_elan_has_the_corrected_emotions_and_beside_them_the_model_s(
    content: Content, tmp_path: Path
) -> None:
    eaf = Elan.Eaf(str(written(content, "eaf", tmp_path)))
    assert [row[:3] for row in sorted(eaf.get_annotation_data_for_tier("emotion"))] == [
        (300, 1400, "angry"),
        (1600, 1800, "sad"),
        (2500, 3100, "sad"),
    ]
    model = [row[2] for row in sorted(eaf.get_annotation_data_for_tier("model"))]
    assert model == ["happy", "sad", "sad", "sad"]


def test_a_label_of_one_s_own_is_in_the_vocabularies(tmp_path: Path) -> None:
    folder = save(RESULT, tmp_path)
    write_corrections(folder, RESULT, [replace(CORRECTIONS[0], label="ironic")], "")
    content = read_content(folder)
    eaf = Elan.Eaf(str(written(content, "eaf", tmp_path)))
    values = [
        value for entry in eaf.controlled_vocabularies["emotions"][1].values() for value in entry[0]
    ]
    assert "ironic" in [value[0] for value in values]
    (task,) = json.loads(export(content, "labelstudio"))
    interface = LabelInterface(export(content, "labelstudio-config").decode())
    assert interface.validate_annotation(task["annotations"][0])


def test_audacity_has_the_corrected_labels(content: Content, tmp_path: Path) -> None:
    labels = AudSeq.from_file(written(content, "audacity", tmp_path)).to_seq()
    assert labels.onsets_s.tolist() == [0.3, 1.6, 2.5]
    assert labels.labels.tolist() == ["angry", "sad 60.0%", "sad 60.0%"]


def test_rttm_has_the_corrected_emotions(content: Content) -> None:
    rows = [line.split(" ") for line in export(content, "rttm").decode().splitlines()]
    assert {len(row) for row in rows} == {10}
    assert [row[6] for row in rows] == ["angry", "sad", "<NA>", "sad"]
    assert [row[8] for row in rows] == ["<NA>", "0.600", "<NA>", "0.600"]
    assert (float(rows[0][3]), float(rows[0][4])) == (0.3, 1.1)


def test_captions_show_the_corrected_emotions_and_note_the_model_s(
    content: Content, tmp_path: Path
) -> None:
    lines = [
        "😠 Angry (愤怒)",
        "😢 Sad (悲伤) Confidence: 60.0%",
        "not Sad (悲伤)",
        "😢 Sad (悲伤) Confidence: 60.0%",
    ]
    for kind in ("srt", "vtt"):
        read = webvtt.from_srt if kind == "srt" else webvtt.read
        captions = read(str(written(content, kind, tmp_path)))
        assert [caption.text for caption in captions] == lines
        assert captions[0].start == "00:00:00.300"
    text = export(content, "vtt").decode()
    assert text.count("NOTE") == 3
    assert "NOTE\ncorrected; the model: Happy (快乐) 85.3%\n" in text
    with speaking("zh"):
        assert "NOTE\n已更正；模型：快乐 (Happy) 85.3%\n" in export(content, "vtt").decode()
        assert "不是悲伤 (Sad)" in export(content, "srt").decode()


def test_a_metadata_cue_says_both(content: Content, tmp_path: Path) -> None:
    cues = webvtt.read(str(written(content, "vtt-metadata", tmp_path)))
    first, second, third, fourth = (json.loads(cue.raw_text) for cue in cues)
    assert (first["emotion"], first["confidence"], first["annotator"]) == ("angry", None, "Ann")
    model = {"emotion": "happy", "confidence": 0.853, "start_ms": 100, "end_ms": 1500}
    assert first["model"] == model
    assert (second["verdict"], third["verdict"], third["emotion"]) == ("right", "wrong", None)
    assert "verdict" not in fourth


def test_csv_has_columns_for_both(content: Content, tmp_path: Path) -> None:
    table = written(content, "csv", tmp_path)
    rows = [*csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig")))]
    assert [row["emotion"] for row in rows] == ["angry", "sad", "", "sad"]
    assert [row["verdict"] for row in rows] == ["relabelled", "right", "wrong", ""]
    assert [row["confidence"] for row in rows] == ["", "0.600000", "", "0.600000"]
    first = rows[0]
    assert (first["start_ms"], first["end_ms"], first["annotator"]) == ("300", "1400", "Ann")
    assert (first["model_emotion"], first["model_confidence"]) == ("happy", "0.853000")
    assert (first["model_start_ms"], first["model_end_ms"]) == ("100", "1500")


def test_a_table_that_was_corrected_still_says_who_speaks(tmp_path: Path) -> None:
    spoken = replace(RESULT, segments=tuple(replace(one, speaker="Ben") for one in RESULT.segments))
    folder = save(spoken, tmp_path)
    write_corrections(folder, spoken, CORRECTIONS, "")
    turns = read_turns(written(read_content(folder), "csv", tmp_path)).turns[""]
    assert {turn.speaker for turn in turns} == {"Ben"}
    assert turns[0].start == pytest.approx(0.3)


def test_label_studio_has_what_people_said_as_an_annotation(content: Content) -> None:
    (task,) = json.loads(export(content, "labelstudio"))
    (prediction,), (annotation,) = task["predictions"], task["annotations"]
    found = [r["value"]["labels"] for r in prediction["result"]]
    assert found == [["happy"], ["sad"], ["sad"], ["sad"]]
    first, second = annotation["result"]
    assert (first["value"]["start"], first["value"]["end"]) == (0.3, 1.4)
    assert (first["value"]["labels"], first["origin"]) == (["angry"], "prediction-changed")
    assert (second["value"]["labels"], second["origin"]) == (["sad"], "prediction")
    interface = LabelInterface(export(content, "labelstudio-config").decode())
    assert interface.validate_prediction(prediction, return_errors=True) == []
    assert interface.validate_annotation(annotation)


def test_the_page_shows_both(content: Content) -> None:
    text = export(content, "html").decode()
    table = text[text.index("<tbody>") :]
    assert "Angry" in table
    assert "<s>" in table
    assert "· Ann</td>" in table
    assert table.count("✓") == 1
    assert 'lang="zh">模型判断' in text


@pytest.mark.parametrize("kind", ["textgrid", "eaf", "audacity", "labelstudio"])
def test_what_comes_back_from_a_tool_is_what_was_put_right(
    content: Content, kind: Format, tmp_path: Path
) -> None:
    (tmp_path / "call.m4a").write_bytes(b"")
    document = written(content, kind, tmp_path)
    found = [one for one in read_annotations(document) if isinstance(one, Annotation)]
    labels = [(round(one.start or 0, 3), one.label) for one in found]
    assert labels[:2] == [(0.3, "angry"), (1.6, "sad")]
    assert 1.9 not in [start for start, _ in labels]


def test_without_corrections_every_format_is_as_it_was(tmp_path: Path) -> None:
    folder = save(with_frames(), tmp_path)
    text = "".join(
        export(read_content(folder), kind).decode() for kind in ("csv", "textgrid", "vtt", "html")
    )
    for word in ("verdict", '"model"', "corrected", "模型判断"):
        assert word not in text


def test_damaged_corrections_are_said_and_nothing_is_exported_without_them(
    content: Content, tmp_path: Path
) -> None:
    (folder,) = tmp_path.glob("outputs_*")
    (folder / CORRECTIONS_FILE).write_bytes(b"{")
    done = CliRunner().invoke(app, ["export", str(folder), "--format", "csv"])
    assert done.exit_code == 1
    assert CORRECTIONS_FILE in done.stderr
    assert "state_unreadable" in done.stderr
    assert not (folder / "call.csv").exists()
