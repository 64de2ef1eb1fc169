"""Manifests of every form, and everything that can be wrong with one, by its row."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_files import speech
from voxcor.datasets.manifest import Manifest, parse_label_map, read_manifest
from voxcor.errors import InputNotFound, InputUnreadable, ManifestError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six files that no test decodes."""
    for number in range(6):
        (tmp_path / f"{number}.wav").write_bytes(bytes([number]))
    return tmp_path


def table(folder: Path, *lines: str, header: str = "path,label,speaker") -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def codes(manifest: Manifest) -> list[str]:
    return [problem.code for problem in manifest.problems if problem.code != "few_clips"]


def test_a_table_gives_its_rows_and_whatever_else_they_say(folder: Path) -> None:
    lines = ["0.wav,angry,03,de", "1.wav,happy,,zh"]
    manifest = read_manifest(table(folder, *lines, header="path,label9,speaker,language"))
    first, second = manifest.utterances
    assert (first.path, first.label, first.speaker) == (folder / "0.wav", "angry", "03")
    assert (first.row, first.columns) == (2, {"language": "de"})
    assert (second.speaker, second.voice) == (None, None)
    assert manifest.labels == ("angry", "happy")


def test_label9_is_preferred_to_label(folder: Path) -> None:
    manifest = read_manifest(table(folder, "0.wav,calm,neutral", header="path,label,label9"))
    assert manifest.utterances[0].label == "neutral"


@pytest.mark.parametrize(
    ("name", "label"),
    [("anger", "angry"), ("Happiness", "happy"), ("恐惧", "fearful"), ("生气", "angry")],
)
def test_common_names_of_the_nine_are_known(folder: Path, name: str, label: str) -> None:
    assert read_manifest(table(folder, f"0.wav,{name},1")).labels == (label,)


def test_a_model_that_has_such_a_name_itself_keeps_it(folder: Path) -> None:
    path = table(folder, "0.wav,fear,1", "1.wav,joy,1")
    assert read_manifest(path, labels=["fear", "happy"]).labels == ("happy", "fear")


def test_labels_are_mapped_in_any_case_and_others_kept(folder: Path) -> None:
    path = table(folder, "0.wav,Calm,1", "1.wav,boredom,1", "2.wav,pride,1")
    manifest = read_manifest(path, label_map=parse_label_map(["calm=neutral", "Boredom = other"]))
    assert [u.label for u in manifest.utterances] == ["neutral", "other", "pride"]
    assert manifest.labels == ("neutral", "other", "pride")


def test_a_map_that_maps_nothing_is_named(folder: Path) -> None:
    manifest = read_manifest(table(folder, "0.wav,calm,1"), label_map={"clam": "neutral"})
    assert "unused_label_map" in codes(manifest)


@pytest.mark.parametrize("pair", ["calm", "=neutral", "calm=", ""])
def test_a_map_is_written_with_an_equals_sign(pair: str) -> None:
    with pytest.raises(UsageError, match="calm=neutral"):
        parse_label_map([pair])


def test_restriction_leaves_the_others_out_and_counts_them(folder: Path) -> None:
    lines = ["0.wav,angry,1", "1.wav,fearful,1", "2.wav,fearful,1", "3.wav,sad,1"]
    manifest = read_manifest(table(folder, *lines), labels=["angry", "sad"])
    assert manifest.labels == ("angry", "sad")
    (left_out,) = (p for p in manifest.problems if p.code == "label_left_out")
    assert "fearful: 2 clips" in left_out.message


def test_bad_rows_are_named_and_the_others_go_on(folder: Path) -> None:
    lines = [
        *("0.wav,angry,1", "gone.wav,angry,1", "1.wav,hapy,1", "2.wav,,1"),
        *("0.wav,sad,1", "3.wav,happy,1"),
    ]
    manifest = read_manifest(table(folder, *lines), labels=["angry", "happy", "sad"])
    assert [u.row for u in manifest.utterances] == [2, 7]
    bad = {p.row: p for p in manifest.problems if p.code != "few_clips"}
    assert {row: p.code for row, p in bad.items()} == {
        3: "missing_file",
        4: "unknown_label",
        5: "no_label",
        6: "duplicate_row",
    }
    assert bad[3].message.startswith(f"row 3: {folder / 'gone.wav'}: ")
    assert "--label-map hapy=" in bad[4].message
    assert "row 2 already, and there as angry, here as sad" in bad[6].message


def test_a_label_with_three_clips_is_named_with_its_rows(folder: Path) -> None:
    lines = [f"{n}.wav,{'angry' if n < 3 else 'sad'},1" for n in range(6)]
    manifest = read_manifest(table(folder, *lines))
    assert [p.message for p in manifest.problems] == [
        "label angry has only 3 (rows 2, 3, 4).",
        "label sad has only 3 (rows 5, 6, 7).",
    ]


def test_one_class_and_no_speakers_are_said(folder: Path) -> None:
    manifest = read_manifest(table(folder, *(f"{n}.wav,angry," for n in range(6))))
    assert codes(manifest) == ["one_class", "no_speakers"]


def test_problems_speak_the_reader_s_language(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    manifest = read_manifest(table(folder, "0.wav,angry,1", "gone.wav,sad,1"))
    assert "第 3 行" in manifest.problems[0].message


def test_quotes_line_breaks_a_byte_order_mark_and_spaces_are_read(folder: Path) -> None:
    text = '\ufeffpath , label,note\r\n"0.wav",angry,"two\nlines"\r\n 1.wav , sad \r\n'
    (folder / "list.csv").write_bytes(text.encode())
    first, second = read_manifest(folder / "list.csv").utterances
    assert (first.row, first.columns["note"]) == (3, "two\nlines")
    assert (second.path, second.label, second.row) == (folder / "1.wav", "sad", 4)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name,mood\n0.wav,angry\n", "its columns are: name, mood"),
        (b"path,mood\n0.wav,angry\n", "its columns are: path, mood"),
        (b"", "no row can be used"),
        (b"path,label\n", "no row can be used"),
        (b"path,label\ngone.wav,angry\n", "row 2: "),
        (b'path,label\n"' + b"x" * 200_000 + b'",angry\n', "field larger"),
    ],
)
def test_what_is_no_manifest_is_refused_with_the_reason(
    folder: Path, content: bytes, reason: str
) -> None:
    (folder / "list.csv").write_bytes(content)
    with pytest.raises(ManifestError, match=reason):
        read_manifest(folder / "list.csv")


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputNotFound):
        read_manifest(tmp_path / "list.csv")
    (tmp_path / "file").touch()
    with pytest.raises(InputUnreadable):
        read_manifest(tmp_path / "file" / "list.csv")


def test_a_folder_for_each_label(tmp_path: Path) -> None:
    for label in ("angry", "高兴", "Pride"):
        for number in range(5):
            (tmp_path / label / "deeper").mkdir(parents=True, exist_ok=True)
            (tmp_path / label / "deeper" / f"{number}.flac").touch()
        (tmp_path / label / "notes.txt").touch()
    manifest = read_manifest(tmp_path)
    assert manifest.labels == ("angry", "happy", "Pride")
    assert len(manifest.utterances) == 15
    assert codes(manifest) == ["folder_levels", "passed_over", "no_speakers"]


def test_a_folder_with_nothing_to_read_says_what_it_looked_for(tmp_path: Path) -> None:
    (tmp_path / "angry").mkdir()
    with pytest.raises(ManifestError, match=r"manifest\.csv nor EmoBox"):
        read_manifest(tmp_path)


@pytest.fixture
def emobox(tmp_path: Path) -> Path:
    """A corpus as EmoBox's checkout has it: audio from the root, folds and a map beside them."""
    names = [f"03a{number:02}Wa" for number in range(6)]
    for name in names:
        path = tmp_path / "downloads" / "emodb" / "wav" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    corpus = tmp_path / "data" / "emodb"
    for fold in (1, 2):
        (corpus / f"fold_{fold}").mkdir(parents=True)
        for split in ("train", "test"):
            held = [n for i, n in enumerate(names) if (i % 2 + 1 == fold) == (split == "test")]
            rows = [
                {
                    "key": f"emodb-{name}",
                    "dataset": "emodb",
                    "type": "raw",
                    "channel": 1,
                    "wav": f"downloads/emodb/wav/{name}.wav",
                    "sample_rate": 16000,
                    "length": 1.5,
                    "task": "category",
                    "num_frame": 24000.0,
                    "emo": "boredem" if name == "03a05Wa" else "anger",
                }
                for name in held
            ]
            path = corpus / f"fold_{fold}" / f"emodb_{split}_fold_{fold}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    label_map = {"anger": "Angry", "boredem": "Boredom"}
    (corpus / "label_map.json").write_text(json.dumps(label_map))
    return corpus


def test_a_corpus_of_emobox_has_each_recording_once_in_the_fold_that_tests_it(
    emobox: Path,
) -> None:
    manifest = read_manifest(emobox, label_map={"boredom": "other"})
    assert manifest.labels == ("angry", "other")
    assert len(manifest.utterances) == 6
    assert {u.columns["split"] for u in manifest.utterances} == {"test"}
    assert sorted(u.columns["fold"] for u in manifest.utterances) == list("111222")
    assert {u.columns["corpus"] for u in manifest.utterances} == {"emodb"}
    assert all(u.path.is_file() for u in manifest.utterances)


def test_one_fold_of_emobox_says_which_it_is(emobox: Path) -> None:
    manifest = read_manifest(emobox / "fold_2" / "emodb_train_fold_2.jsonl")
    assert {(u.columns["split"], u.columns["fold"]) for u in manifest.utterances} == {
        ("train", "2")
    }
    assert manifest.labels == ("angry",)


def test_emobox_without_its_audio_names_the_files(emobox: Path) -> None:
    for path in (emobox.parents[1] / "downloads").rglob("*.wav"):
        path.unlink()
    with pytest.raises(ManifestError, match=r"row 1: .*downloads/emodb/wav/03a00Wa\.wav"):
        read_manifest(emobox)


def test_a_stretch_of_a_longer_recording_is_not_heard_as_the_whole(folder: Path) -> None:
    sound = speech(4)
    soundfile.write(folder / "talk.wav", sound, 16_000, subtype="FLOAT")
    rows: list[dict[str, object]] = [
        {"path": "talk.wav", "label": "sad", "start_time": 1.5, "end_time": 3},
        {"path": "talk.wav", "label": "sad", "start_time": 1.5, "end_time": 3.0},
        {"path": "talk.wav", "label": "sad", "start_time": 3, "end_time": 1.5},
        {"path": "talk.wav", "label": "sad", "start_time": "soon", "end_time": 2},
        {"path": "talk.wav", "label": "sad", "start_time": 9, "end_time": 10},
        {"path": "0.wav", "label": "sad", "start_time": 0, "end_time": 1},
        {"path": "1.wav", "label": "sad"},
    ]
    (folder / "list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    manifest = read_manifest(folder / "list.jsonl")
    assert [u.row for u in manifest.utterances] == [1, 7]
    cut, rate = soundfile.read(manifest.utterances[0].path, dtype="float32")
    np.testing.assert_allclose(cut, sound[24_000:48_000], atol=2**-23)
    assert rate == 16_000
    assert [(p.row, p.code) for p in manifest.problems if p.row and p.code != "few_clips"] == [
        (2, "duplicate_row"),
        (3, "stretch"),
        (4, "stretch"),
        (5, "audio_too_short"),
        (6, "not_audio"),
    ]


@pytest.mark.parametrize("line", ["{", "[1]", '"x"'])
def test_a_line_that_is_no_object_is_named(folder: Path, line: str) -> None:
    rows = ['{"path": "0.wav", "label": "sad"}', "", line, '{"path": "1.wav", "label": "sad"}']
    (folder / "list.jsonl").write_text("\n".join(rows))
    manifest = read_manifest(folder / "list.jsonl")
    assert [utterance.row for utterance in manifest.utterances] == [1, 4]
    (problem,) = (problem for problem in manifest.problems if problem.code == "no_row")
    assert (problem.row, problem.message) == (3, "row 3 is no JSON object.")


def test_the_corpora_are_read_whole(corpora: Path) -> None:
    manifest = read_manifest(corpora / "emodb")
    assert len(manifest.utterances) == 535
    assert len({u.voice for u in manifest.utterances}) == 10
    assert manifest.problems == ()
