"""`voxcor train` as a person runs it: what it says, what it leaves, how it ends."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from command import voxcor
from emodb import Row, emodb, write_manifest
from voxcor.models.cards import read_card


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rows(corpora: Path) -> list[Row]:
    """27 clips: three speakers, three emotions."""
    return emodb(corpora, speakers=["08", "10", "15"], labels=["angry", "happy", "sad"], each=3)


@pytest.fixture
def manifest(tmp_path: Path, rows: list[Row]) -> Path:
    return write_manifest(tmp_path / "manifest.csv", rows)


def train(*arguments: object, **environment: str) -> tuple[int, str, str]:
    return voxcor("train", *arguments, "--out", "mine", **environment)


def test_from_manifest_to_a_model_that_recognises(manifest: Path, rows: list[Row]) -> None:
    status, out, err = train(manifest, "--model", "small", "--terms", "CC0-1.0")
    assert status == 0
    assert "held out, before" in out
    assert "Confusion" in out
    assert "Try it: voxcor recognize --model mine" in err
    assert read_card(Path("mine")).labels == ("angry", "happy", "sad")

    paths = [row["path"] for row in rows]
    status, out, _ = voxcor("recognize", *paths, "--model", "mine", "--json", "--no-save")
    found = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert {document["model"]["id"] for document in found} == {"mine"}
    assert set(found[0]["scores"]) == {"angry", "happy", "sad"}
    right = [d["emotion"] == row["label9"] for d, row in zip(found, rows, strict=True)]
    assert sum(right) > len(rows) / 2


def test_a_model_is_never_replaced_without_being_told(manifest: Path) -> None:
    assert train(manifest, "--model", "small")[0] == 0
    before = (Path("mine") / "card.json").read_bytes()
    few = ("--model", "small", "--labels", "angry,sad")
    for language, told in (("en", "add --replace"), ("zh", "或加上 --replace")):
        status, out, err = train(manifest, *few, VOXCOR_LANGUAGE=language)
        assert (status, out) == (2, "")
        assert told in err
        assert "(model_exists)" in err
    assert (Path("mine") / "card.json").read_bytes() == before
    assert train(manifest, *few, "--replace")[0] == 0
    assert read_card(Path("mine")).labels == ("angry", "sad")


def test_a_training_that_did_good_is_recommended(corpora: Path, tmp_path: Path) -> None:
    with (corpora / "ravdess" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        known = [row for row in csv.DictReader(file) if row["speaker"] in {"01", "02"}]
    rows = [{**row, "path": str(corpora / "ravdess" / row["path"])} for row in known]
    for row in rows:
        row["label"] = row["label9"]
    status, _, err = train(write_manifest(tmp_path / "more.csv", rows), "--model", "small")
    assert status == 0
    assert "Try it: voxcor recognize --model mine PATH" in err
    assert "worse than" not in err


def test_a_training_that_did_harm_is_not_recommended(corpora: Path, tmp_path: Path) -> None:
    # Six clips of each label are too few for a head that begins at nothing.
    labels = ["angry", "fearful", "happy"]
    rows = emodb(corpora, speakers=["08", "10", "15"], labels=labels, each=2)
    manifest = write_manifest(tmp_path / "manifest.csv", rows)
    status, _, err = train(manifest, "--model", "small", "--head", "mlp")
    assert status == 0
    assert "This model is worse than small, which it began with" in err
    assert "Try it" not in err
    assert "**This model is worse than small" in (Path("mine") / "CARD.md").read_text()
    assert json.loads((Path("mine") / "report.json").read_text())["worse"] is True


def test_a_model_is_not_praised_for_its_own_lessons(manifest: Path) -> None:
    train(manifest, "--model", "small")
    arguments = ("evaluate", manifest, "--model", "mine")
    status, out, _ = voxcor(*arguments)
    assert status == 0
    assert "mine was trained on 27 of these 27 clips" in out
    assert "--calibrate stores it" not in out
    (folder,) = Path("outputs").iterdir()
    for name in ("evaluation.md", "evaluation.html"):
        assert "mine was trained on 27 of these 27 clips" in (folder / name).read_text()
    status, out, err = voxcor(*arguments, "--json", "--no-save", "--calibrate")
    assert status == 2
    assert json.loads(out)["heard"]["clips"] == 27
    assert "not trained on" in err
    assert read_card(Path("mine")).temperature == pytest.approx(
        json.loads((Path("mine") / "report.json").read_text())["temperature"]
    )
    _, out, _ = voxcor("evaluate", manifest, "--no-save", "--labels", "angry,happy,sad")
    assert "small was itself trained on emodb" in out


def test_leave_one_speaker_out_has_a_line_for_each_and_the_mean(manifest: Path) -> None:
    status, out, _ = train(manifest, "--model", "small", "--folds", "loso")
    lines = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert status == 0
    assert [line for line in lines if line in ("emodb/08", "emodb/10", "emodb/15")] == [
        "emodb/08", "emodb/10", "emodb/15",
    ]  # fmt: skip
    assert "mean ± sd" in out
    assert "84.34" in out  # what the paper has for this corpus


def report(*arguments: object) -> dict[str, Any]:
    status, out, _ = train(*arguments, "--model", "small", "--json")
    assert status == 0
    document: dict[str, Any] = json.loads(out)
    return document


def test_json_is_the_report_that_lies_in_the_folder(manifest: Path) -> None:
    document = report(manifest)
    assert document == json.loads(Path("mine", "report.json").read_text(encoding="utf-8"))
    assert document["base"]["id"] == "small"
    assert document["clips"] == {"angry": 9, "happy": 9, "sad": 9}
    assert len(document["folds"]) == 3


def test_labels_can_be_chosen_and_mapped(manifest: Path) -> None:
    assert report(manifest, "--labels", "angry,sad")["labels"] == ["angry", "sad"]
    mapped = report(manifest, "--replace", "--label-map", "angry=aroused,happy=aroused,sad=calm")
    assert mapped["labels"] == ["aroused", "calm"]


def test_a_clip_that_is_lost_is_named_and_the_status_says_so(
    tmp_path: Path, rows: list[Row]
) -> None:
    lost = {"path": "gone.wav", "label9": "sad", "speaker": "08"}
    status, out, err = train(write_manifest(tmp_path / "m.csv", [*rows, lost]), "--model", "small")
    assert status == 1
    assert "row 29" in err
    assert "(missing_file)" in err
    assert "held out, after" in out
    assert read_card(Path("mine")).id == "mine"


def test_nothing_to_tell_apart_ends_before_it_begins(tmp_path: Path, rows: list[Row]) -> None:
    status, out, err = train(write_manifest(tmp_path / "m.csv", rows[:3]), "--model", "small")
    assert (status, out) == (1, "")
    assert "all clips to train on are angry" in err
    assert not Path("mine").exists()


def test_a_folder_in_the_way_is_wrong_usage(manifest: Path) -> None:
    Path("mine").mkdir()
    Path("mine", "notes.txt").write_text("mine")
    status, _, err = train(manifest, "--model", "small")
    assert status == 2
    assert "mine is there already" in err


def test_without_a_better_model_it_builds_on_small_and_says_so(manifest: Path) -> None:
    _, _, err = train(manifest)
    assert "voxcor models pull plus-base" in err


def test_in_chinese(manifest: Path) -> None:
    status, out, _ = train(manifest, "--model", "small", VOXCOR_LANGUAGE="zh")
    assert status == 0
    assert "留出，训练前" in out
    assert "愤怒" in out
    card = Path("mine", "CARD.md").read_text(encoding="utf-8")
    assert "## Figures" in card
    assert "### 结果" in card
