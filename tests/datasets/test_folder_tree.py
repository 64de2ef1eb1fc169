"""Folders of recordings as corpora have them: which level is the label, which the speaker."""

from pathlib import Path

import pytest

from voxcor.datasets.manifest import Manifest, parse_label_map, read_manifest
from voxcor.datasets.splits import check_split_column
from voxcor.errors import ManifestError


def plant(folder: Path, tree: str) -> Path:
    """Empty files: `a/b` is a folder with two recordings, `a/b.wav` a recording."""
    for path in tree.split():
        files = [path] if "." in path.rsplit("/", 1)[-1] else [f"{path}/1.wav", f"{path}/2.wav"]
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).touch()
    return folder


def levels(manifest: Manifest) -> str:
    """The line that says how the folders were read."""
    (said,) = (p.message for p in manifest.problems if p.code == "folder_levels")
    assert manifest.problems[0].code == "folder_levels"
    return said


def read(manifest: Manifest) -> set[str]:
    """`label speaker split` of each recording, - for what is not known."""
    return {
        f"{u.label} {u.speaker or '-'} {u.columns.get('split', '-')}" for u in manifest.utterances
    }


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        # One level, any spelling, deeper folders without a meaning.
        ("angry happy", "angry - -, happy - -"),
        ("愤怒 开心 中性", "angry - -, happy - -, neutral - -"),
        ("ANG HAP NEU", "angry - -, happy - -, neutral - -"),
        ("angry/a.wav happy/deep/b.wav", "angry - -, happy - -"),
        ("data/angry data/sad", "angry - -, sad - -"),
        # A split above or below the label.
        ("train/angry train/sad test/angry", "angry - train, sad - train, angry - test"),
        ("angry/train angry/test sad/train", "angry - train, angry - test, sad - train"),
        ("训练集/愤怒 测试集/愤怒", "angry - 训练集, angry - 测试集"),
        # A speaker above or below it: by words for people, numbers, codes, names that repeat.
        ("speaker1/angry speaker2/sad", "angry speaker1 -, sad speaker2 -"),
        ("angry/speaker1 sad/speaker2", "angry speaker1 -, sad speaker2 -"),
        ("0003/angry 0004/sad", "angry 0003 -, sad 0004 -"),
        ("angry/S1 angry/S2 sad/S1", "angry S1 -, angry S2 -, sad S1 -"),
        (
            "Actor_01/calm Actor_01/sad Actor_02/sad",
            "calm Actor_01 -, sad Actor_01 -, sad Actor_02 -",
        ),
        (
            "wang/angry wang/sad li/angry li/sad",
            "angry wang -, sad wang -, angry li -, sad li -",
        ),
        # ESD.
        (
            "ESD/0003/Angry/train ESD/0003/Sad/test ESD/0004/Angry/evaluation",
            "angry 0003 train, sad 0003 test, angry 0004 evaluation",
        ),
        # eNTERFACE: sentences are numbered like subjects, and are none.
        (
            "subject1/anger/sentence1 subject2/anger/sentence1 subject2/fear/sentence2",
            "angry subject1 -, angry subject2 -, fearful subject2 -",
        ),
        # TESS: the speaker stands in the name of the label's folder.
        (
            "TESS/OAF_Fear TESS/OAF_Pleasant_surprise TESS/YAF_fear TESS/YAF_pleasant_surprised",
            "fearful OAF -, surprised OAF -, fearful YAF -, surprised YAF -",
        ),
        ("s1-angry s1-sad s2-angry s2-sad", "angry s1 -, sad s1 -, angry s2 -, sad s2 -"),
        ("angry_1 angry_2 sad_1 sad_2", "angry - -, sad - -"),
        ("angry_high angry_low sad_high sad_low", "angry - -, sad - -"),
        # Other languages, and words beside the label.
        ("Freude Wut Trauer", "angry - -, happy - -, sad - -"),
        ("colère/Fort colère/Faible joie/Fort neutre", "angry - -, happy - -, neutral - -"),
        ("愤怒情绪 高兴情绪", "angry - -, happy - -"),
        ("训练/怒 训练/喜 测试/哀", "angry - 训练, happy - 训练, sad - 测试"),
        ("01_angry 02_happy", "angry - -, happy - -"),
        ("angry1 happy2", "angry - -, happy - -"),
        ("happy(开心) sad(伤心)", "happy - -, sad - -"),
        # Levels that have a meaning, and not that of people.
        ("male/angry male/sad female/angry", "angry - -, sad - -"),
        ("angry/strong angry/normal sad/strong sad/normal", "angry - -, sad - -"),
        ("en/angry zh/angry zh/sad", "angry - -, sad - -"),
        ("session1/angry session2/angry session2/sad", "angry - -, sad - -"),
        # A folder for each recording is no speaker.
        ("angry/001/a.wav angry/002/a.wav sad/003/a.wav", "angry - -, sad - -"),
        # Labels that are none of the nine, beside some that are.
        ("bored calm angry", "bored - -, calm - -, angry - -"),
        ("0001/angry 0001/bored 0002/tired", "angry 0001 -, bored 0001 -, tired 0002 -"),
        # One's own labels, where there is one level.
        ("complaint praise", "complaint - -, praise - -"),
        (
            "train/complaint train/praise test/praise",
            "complaint - train, praise - train, praise - test",
        ),
        ("male female", "male - -, female - -"),
    ],
)
def test_levels_are_what_their_names_say(tmp_path: Path, tree: str, expected: str) -> None:
    assert read(read_manifest(plant(tmp_path, tree))) == set(expected.split(", "))


@pytest.mark.parametrize(
    ("tree", "named"),
    [
        # Labels in file names: RAVDESS, EmoDB, CREMA-D.
        (
            "Actor_01/03-01-05-01-01-01-01.wav Actor_02/03-01-03-01-01-01-02.wav",
            "Actor_01, Actor_02",
        ),
        ("03a01Fa.wav 03a01Nc.wav", "no folder"),
        ("AudioWAV/1001_DFA_ANG_XX.wav AudioWAV/1001_DFA_SAD_XX.wav", "AudioWAV"),
        ("0001 0002", "0001, 0002"),
        ("train test", "test, train"),
        # Two levels that may be it.
        ("angry/sad angry/happy sad/happy", "the first (angry, sad) and the second (happy, sad)"),
        ("monday/praise tuesday/complaint", "the first (monday, tuesday) and the second"),
    ],
)
def test_what_no_level_says_is_refused_with_the_levels_and_a_way_out(
    tmp_path: Path, tree: str, named: str
) -> None:
    with pytest.raises(ManifestError) as refusal:
        read_manifest(plant(tmp_path, tree))
    assert named in refusal.value.message
    assert "path,label,speaker" in refusal.value.message
    assert "--label-map" in refusal.value.message


def test_labels_that_the_caller_names_are_known(tmp_path: Path) -> None:
    folder = plant(tmp_path, "monday/praise tuesday/complaint")
    mapped = read_manifest(folder, label_map=parse_label_map(["praise=happy", "Complaint=angry"]))
    assert read(mapped) == {"happy - -", "angry - -"}
    kept = read_manifest(folder, labels=["praise", "complaint"])
    assert kept.labels == ("complaint", "praise")


@pytest.mark.parametrize(
    ("tree", "said", "zh"),
    [
        (
            "0003/Angry/train 0003/Happy/test 0004/Angry/train 0005/Sad/test 0006/Sad/test",
            (
                "labels from the second folder level (Angry, Happy, Sad), "
                "speakers from the first (4), split from the third (test, train)."
            ),
            (
                "标签取自第二级文件夹（Angry, Happy, Sad），说话人取自第一级（4 位），"
                "划分取自第三级（test, train）。"
            ),
        ),
        (
            "complaint praise",
            "labels are the folders complaint, praise (none of them a known emotion).",
            "标签为文件夹 complaint, praise（均不是已知的情感名称）。",
        ),
        (
            "angry/kitchen angry/car bored/garden",
            (
                "labels from the first folder level (angry, bored; not known: bored), "
                "nothing from the second (car, garden, kitchen)."
            ),
            (
                "标签取自第一级文件夹（angry, bored；未知：bored），"
                "未使用第二级（car, garden, kitchen）。"
            ),
        ),
        (
            "OAF_Fear OAF_Sad YAF_fear YAF_sad",
            (
                "labels from the first folder level (fearful, sad, as in OAF_Fear), "
                "speakers from the first (OAF, YAF)."
            ),
            "标签取自第一级文件夹（fearful, sad，如 OAF_Fear），说话人取自第一级（OAF, YAF）。",
        ),
    ],
)
def test_what_was_found_is_one_line_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree: str, said: str, zh: str
) -> None:
    folder = plant(tmp_path, tree)
    monkeypatch.setenv("VOXCOR_LANGUAGE", "en")
    assert levels(read_manifest(folder)) == said
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    assert levels(read_manifest(folder)) == zh


def test_other_levels_are_columns(tmp_path: Path) -> None:
    tree = "esd/en/male/01/angry esd/zh/female/02/sad crema/en/male/03/angry"
    manifest = read_manifest(plant(tmp_path, tree))
    assert {(*u.columns.items(), ("speaker", u.speaker)) for u in manifest.utterances} == {
        (("language", "en"), ("gender", "male"), ("corpus", "esd"), ("speaker", "01")),
        (("language", "zh"), ("gender", "female"), ("corpus", "esd"), ("speaker", "02")),
        (("language", "en"), ("gender", "male"), ("corpus", "crema"), ("speaker", "03")),
    }


def test_the_split_of_a_tree_is_looked_at(tmp_path: Path) -> None:
    manifest = check_split_column(read_manifest(plant(tmp_path, "train/S1/angry test/S1/sad")))
    assert "shared_speaker" in [problem.code for problem in manifest.problems]


def test_a_recording_above_its_label_is_named(tmp_path: Path) -> None:
    manifest = read_manifest(plant(tmp_path, "angry sad stray.wav"))
    (problem,) = (p for p in manifest.problems if p.code == "no_label")
    assert problem.path == str(tmp_path / "stray.wav")
    assert len(manifest.utterances) == 4


def test_what_is_no_recording_is_counted(tmp_path: Path) -> None:
    manifest = read_manifest(plant(tmp_path, "angry sad angry/a.txt angry/b.txt sad/c.pdf"))
    (problem,) = (p for p in manifest.problems if p.code == "passed_over")
    assert "3 files are no audio (2 .txt, 1 .pdf)" in problem.message


def test_names_of_folders_steer_no_terminal(tmp_path: Path) -> None:
    manifest = read_manifest(plant(tmp_path, "angry/\x1b[31mred angry/blue sad/blue"))
    assert "\x1b" not in levels(manifest)


def test_a_label_under_twenty_levels_is_found_and_under_a_hundred_refused(tmp_path: Path) -> None:
    deep = "/".join(["x1"] * 20)
    manifest = read_manifest(plant(tmp_path / "twenty", f"{deep}/angry {deep}/sad"))
    assert read(manifest) == {"angry - -", "sad - -"}
    deeper = "/".join(["x1"] * 100)
    with pytest.raises(ManifestError, match="name no emotion"):
        read_manifest(plant(tmp_path / "hundred", f"{deeper}/angry {deeper}/sad"))


def test_lists_beside_each_other_are_splits(tmp_path: Path) -> None:
    plant(tmp_path, "a.wav b.wav")
    (tmp_path / "train.csv").write_text("path,label\na.wav,happy\n")
    (tmp_path / "test.csv").write_text("path,label\nb.wav,sad\n")
    assert read(read_manifest(tmp_path)) == {"happy - train", "sad - test"}


def test_folders_that_are_codes_are_no_labels(tmp_path: Path) -> None:
    plant(tmp_path, "A H N")
    with pytest.raises(ManifestError, match="its label A is a code; say what each means"):
        read_manifest(tmp_path)
    said = read_manifest(tmp_path, label_map={"a": "angry", "h": "happy", "n": "neutral"})
    assert read(said) == {"angry - -", "happy - -", "neutral - -"}
