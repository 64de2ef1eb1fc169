"""`voxcor evaluate` as a person or a program runs it."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from command import voxcor
from voxcor.models.cards import read_card
from voxcor.models.store import BUILT_IN_FOLDER


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXCOR_THREADS", "1")


@pytest.fixture
def manifest(corpora: Path, tmp_path: Path) -> Path:
    """Fourteen clips of emodb, two a label, with the names of labels that the corpus uses."""
    with (corpora / "emodb" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [
        row
        for label in dict.fromkeys(row["label_original"] for row in rows)
        for row in [r for r in rows if r["label_original"] == label][:40:20]
    ]
    for row in chosen:
        row["path"] = str(corpora / "emodb" / row["path"])
        row["label"] = "fear" if "fear" in row["label_original"] else row["label_original"]
    return write(tmp_path / "list.csv", chosen)


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    columns = ("path", "label", "speaker", "language", "corpus")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_report_is_shown_and_saved(manifest: Path, tmp_path: Path) -> None:
    status, out, err = voxcor("evaluate", manifest, "--label-map", "boredom=other")
    assert status == 0, err
    assert "small (int8) on" in out
    assert "14 of 14 clips recognised" in out
    assert "mean confidence  share correct" in out
    assert "plus-large" in out
    assert "only 2 (rows" in err  # labels with two clips are no data, but worth a word
    (folder,) = (tmp_path / "outputs").iterdir()
    assert f"outputs/{folder.name}/" in out
    assert len((folder / "clips.csv").read_text().splitlines()) == 15


def test_json_is_one_document_and_what_is_lost_is_in_it(manifest: Path, tmp_path: Path) -> None:
    with manifest.open("a", encoding="utf-8") as file:
        file.write("gone.wav,anger,99,de,emodb\n")
    (tmp_path / "noise.wav").write_text("no sound")
    with manifest.open("a", encoding="utf-8") as file:
        file.write("noise.wav,anger,99,de,emodb\n")
    status, out, err = voxcor("evaluate", manifest, "--json", "--no-save")
    document = json.loads(out)
    assert status == 1
    assert {p["row"] for p in document["problems"] if p["code"] == "missing_file"} == {16}
    assert {p["code"] for p in document["problems"] if "boredom" in p["message"]} == {
        "unknown_label"
    }
    assert [failure["code"] for failure in document["failures"]] == ["not_audio"]
    assert document["figures"]["clips"] == 12
    assert err.index("row 16: ") < err.index("noise.wav: is not audio")
    assert not (tmp_path / "outputs").exists()


def test_labels_restrict_and_columns_break_down(manifest: Path) -> None:
    arguments = ("--labels", "angry, happy, neutral,sad", "--by", "speaker", "--by", "label")
    status, out, err = voxcor("evaluate", manifest, *arguments, "--json", "--no-save")
    document = json.loads(out)
    assert status == 1, err  # boredom is a label that nobody has explained
    assert document["labels"] == ["angry", "happy", "neutral", "sad"]
    assert document["figures"]["clips"] == 8
    assert {"label_left_out", "unknown_label"} <= {p["code"] for p in document["problems"]}
    assert [*document["groups"]] == ["speaker", "label"]
    assert sum(group["clips"] for group in document["groups"]["speaker"].values()) == 8


def test_wrong_usage_says_what_is_there(manifest: Path) -> None:
    for arguments, word in (
        (("--by", "gender"), "language"),
        (("--split", "test"), "none"),
        (("--labels", "angry,furious"), "furious"),
        (("--label-map", "boredom"), "calm=neutral"),
        (("--calibrate", "--labels", "angry,sad"), "--labels"),
    ):
        status, out, err = voxcor("evaluate", manifest, *arguments, "--no-save")
        assert (status, out) == (2, ""), arguments
        assert word in err
        assert "(usage)" in err


def test_what_is_no_manifest_is_refused_before_any_model_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("file,emotion\n")
    (tmp_path / "other.csv").write_text("file,emotion\na.wav,sad\n")
    for name, code in (
        ("gone.csv", "input_not_found"),
        ("list.csv", "manifest_error"),
        ("other.csv", "manifest_error"),
    ):
        status, out, err = voxcor("evaluate", name)
        assert (status, out) == (1, "")
        assert f"({code})" in err


def test_a_temperature_goes_into_a_model_folder_and_not_into_small(
    manifest: Path, tmp_path: Path
) -> None:
    status, _, err = voxcor("evaluate", manifest, "--calibrate", "--no-save")
    assert status == 2
    assert "small is part of Voxcor" in err

    shutil.copytree(BUILT_IN_FOLDER, tmp_path / "mine")
    # Of clips that are all recognised, no temperature is low enough.
    mapped = ("--label-map", "boredom=other", "--label-map", "anger=sad")
    arguments = (*mapped, "--model", "mine", "--json", "--no-save")
    status, out, err = voxcor("evaluate", manifest, *arguments, "--calibrate")
    assert status == 0, err
    before, found = read_card(BUILT_IN_FOLDER), json.loads(out)["calibration"]
    after = read_card(tmp_path / "mine")
    assert after.temperature == pytest.approx(before.temperature * found["temperature"])
    assert f"{after.temperature:.3f}" in err

    # What was fitted is applied: fitting once more finds nothing left to do.
    _, out, _ = voxcor("evaluate", manifest, *arguments)
    assert json.loads(out)["calibration"]["temperature"] == pytest.approx(1, abs=1e-4)


def test_chinese_is_equal(manifest: Path) -> None:
    status, out, err = voxcor(
        "evaluate", manifest, "--label-map", "boredom=other", "--no-save", VOXCOR_LANGUAGE="zh"
    )
    assert status == 0
    assert "14 条语音中识别了 14 条" in out
    assert "平均置信度  正确识别率" in out
    assert "只有 2 条语音" in err
    _, out, _ = voxcor("evaluate", "--help", VOXCOR_LANGUAGE="zh")
    assert "评测模型" in out


def test_recognising_can_abstain(manifest: Path) -> None:
    with manifest.open(encoding="utf-8", newline="") as file:
        path = next(csv.DictReader(file))["path"]
    arguments = ("recognize", path, "--no-save", "--abstain-below")
    _, out, _ = voxcor(*arguments, "1", "--json")
    assert json.loads(out)["abstained"] is True
    _, out, _ = voxcor(*arguments, "1")
    assert "No answer: the confidence is below 100%" in out
    status, _, err = voxcor(*arguments, "60")
    assert status == 2
    assert "between 0 and 1; 60 does not" in err
