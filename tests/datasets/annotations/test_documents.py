"""What other tools' documents say: which tier, which recording, which time, in every form."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pympi import Praat

from annotated import (
    AS_LABELLED,
    CALL,
    WORDS,
    Eaf,
    Grid,
    chronological,
    read_as,
    said_of,
    textgrid,
    write_call,
)
from places import DATA
from voxcor.datasets.annotations import Annotation, is_annotated, read_annotations
from voxcor.datasets.manifest import read_manifest
from voxcor.errors import ManifestError
from voxcor.language import speaking
from voxcor.results import Failure

TWO: Grid = [("emotion", CALL), ("words", WORDS)]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    write_call(folder / "call.wav")
    return folder


def as_textgrid(tiers: Grid, folder: Path) -> Path:
    path = folder / "call.TextGrid"
    path.write_text(textgrid(tiers), encoding="utf-8")
    return path


def as_eaf(tiers: Grid, folder: Path) -> Path:
    eaf = Eaf()
    for name, rows in tiers:
        eaf.tier(name, rows)
    path = folder / "call.eaf"
    path.write_text(eaf.text(), encoding="utf-8")
    return path


Write = Callable[[Grid, Path], Path]
EVERY_TOOL = pytest.mark.parametrize("write", [as_textgrid, as_eaf], ids=["praat", "elan"])


def refusal(path: Path) -> str:
    with pytest.raises(ManifestError) as refused:
        read_manifest(path)
    return refused.value.message


FOUND = DATA / "annotations"

# Documents of which each was refused or misread before; after `--` the name it goes by.
MISREAD = {
    "eaf-Emotion-capital--call.eaf": AS_LABELLED,
    "eaf-origin--call.eaf": AS_LABELLED[1:3],
    "eaf-unaligned--call.eaf": AS_LABELLED,
    "ls-local-files--project.json": AS_LABELLED,
    "ls-speakers-and-emotions--project.json": [
        (label, "Speaker A" if end < 10 else "Speaker B", start, end) for start, end, label in CALL
    ],
    "ls-whole-choice--project.json": [("angry", None, None, None)],
    "tg-duplicate--call.TextGrid": AS_LABELLED,
    "tg-latin1--call.TextGrid": AS_LABELLED,
    "tg-underscores--Interview_03__Anna_.TextGrid": AS_LABELLED,
}


@pytest.mark.parametrize("name", MISREAD)
def test_what_was_misread_is_read(name: str, study: Path) -> None:
    shutil.copy(study / "call.wav", study / "Interview 03 (Anna).wav")
    document = study / name.partition("--")[2]
    shutil.copy(FOUND / name, document)
    manifest = read_manifest(document)
    assert read_as(manifest) == MISREAD[name]
    assert not said_of(manifest)


@EVERY_TOOL
@pytest.mark.parametrize(
    "name", ["emotion", "Emotion", "EMOTIONS", "emo", "情感", "情绪", " emotion ", "Emotion_Label"]
)
def test_the_tier_counts_by_its_name_wherever_it_is(name: str, write: Write, study: Path) -> None:
    rows = [(0.0, 2.5, "calm"), (2.5, 9.3, "bored")]  # nothing that anybody else knows
    assert read_as(read_manifest(write([("transcript", WORDS), (name, rows)], study))) == [
        ("calm", None, 0.0, 2.5),
        ("bored", None, 2.5, 9.3),
    ]


@EVERY_TOOL
def test_a_tier_of_another_name_counts_by_its_values(write: Write, study: Path) -> None:
    rows = [(0.0, 2.5, "生气"), (2.5, 9.3, "hap"), (9.3, 11.8, "hmm")]
    manifest = read_manifest(write([("transcript", WORDS), ("mine", rows)], study))
    assert [u.label for u in manifest.utterances] == ["angry", "happy", "hmm"]


@EVERY_TOOL
@pytest.mark.parametrize(
    ("tiers", "listed"),
    [
        ([("words", WORDS)], ["words 0 of 2"]),
        ([("ann1", CALL), ("ann2", CALL), ("words", WORDS)], ["ann1 4 of 4", "ann2 4 of 4"]),
        ([("emotion", CALL), ("情感", CALL)], ["emotion 4 of 4", "情感 4 of 4"]),
        ([("emotion", []), ("words", WORDS)], ["emotion 0 of 0", "words 0 of 2"]),
    ],
)
def test_what_is_not_clear_is_refused_with_the_list(
    tiers: Grid, listed: list[str], write: Write, study: Path
) -> None:
    path = write(tiers, study)
    message = refusal(path)
    assert "not clear which tier has the emotions" in message
    assert all(part in message for part in listed)
    with speaking("zh"):
        assert "无法确定哪一个层是情感标注" in refusal(path)


@EVERY_TOOL
def test_each_person_s_tier_is_read(write: Write, study: Path) -> None:
    tiers = [("emotion@Anna", CALL[:2]), ("Emotion@小明", CALL[2:]), ("words@Anna", WORDS)]
    assert read_as(read_manifest(write(tiers, study))) == [
        ("angry", "Anna", 0.0, 2.5),
        ("sad", "Anna", 2.5, 9.3),
        ("angry", "小明", 9.3, 11.8),
        ("sad", "小明", 11.8, 18.6),
    ]


@EVERY_TOOL
@pytest.mark.parametrize(
    ("name", "people"),
    [("speaker", ["anna", "ben"]), ("说话人", ["甲", "乙"]), ("who", ["Speaker 1", "Speaker 2"])],
)
def test_who_speaks_is_in_a_tier(name: str, people: list[str], write: Write, study: Path) -> None:
    turns = [(0.0, 9.3, people[0]), (9.3, 18.6, people[1])]
    manifest = read_manifest(write([(name, turns), ("emotion", CALL)], study))
    assert [u.speaker for u in manifest.utterances] == [p for p in people for _ in range(2)]
    assert not said_of(manifest)


def test_who_speaks_around_the_middle_counts_where_nobody_does_in_it(study: Path) -> None:
    turns = [(0.0, 1.0, "anna"), (1.5, 2.5, "anna"), (3.0, 5.0, "anna"), (7.0, 9.0, "ben")]
    manifest = read_manifest(as_textgrid([("emotion", CALL[:2]), ("speaker", turns)], study))
    assert [u.speaker for u in manifest.utterances] == ["anna", None]


@EVERY_TOOL
def test_another_tier_with_labels_is_spoken_of(write: Write, study: Path) -> None:
    manifest = read_manifest(write([("emotion", CALL), ("model", CALL)], study))
    assert read_as(manifest) == AS_LABELLED
    (problem,) = said_of(manifest)
    assert "model has labels too" in problem.message


def test_one_document_refused_does_not_cost_the_others_theirs(study: Path) -> None:
    as_textgrid(TWO, study)
    write_call(study / "words.wav")
    (study / "words.TextGrid").write_text(textgrid([("words", WORDS)]))
    (study / "broken.eaf").write_text("<ANNOTATION_DOCUMENT>")
    (study / "broken.TextGrid").write_bytes(b"\x00\x01")
    manifest = read_manifest(study)
    assert read_as(manifest) == AS_LABELLED
    problems = said_of(manifest)
    assert [problem.code for problem in problems] == ["manifest_error"] * 3
    names = [Path(problem.path).name for problem in problems]
    assert names == ["broken.TextGrid", "broken.eaf", "words.TextGrid"]


def test_annotations_and_what_is_said_come_together(study: Path) -> None:
    as_textgrid(TWO, study)
    (study / "broken.eaf").write_text("<ANNOTATION_DOCUMENT>")
    assert is_annotated(study)
    found = [*read_annotations(study)]
    assert [type(one) for one in found] == [Failure, *[Annotation] * 4]
    assert found[1] == Annotation(study / "call.wav", 0.0, 2.5, "angry", None)


def as_bytes(form: str) -> Callable[[Grid], bytes]:
    return {
        "long": lambda tiers: textgrid(tiers).encode(),
        "short": lambda tiers: textgrid(tiers, short=True).encode(),
        "chronological": lambda tiers: chronological(tiers).encode(),
        "windows": lambda tiers: textgrid(tiers).replace("\n", "\r\n").encode("utf-8-sig"),
        "old mac": lambda tiers: textgrid(tiers).replace("\n", "\r").encode("mac_roman"),
        "utf-16-be": lambda tiers: b"\xfe\xff" + textgrid(tiers).encode("utf-16-be"),
        "utf-16-le": lambda tiers: b"\xff\xfe" + textgrid(tiers, short=True).encode("utf-16-le"),
        "latin-1": lambda tiers: textgrid(tiers).encode("latin-1"),
        "commented": lambda tiers: (
            textgrid(tiers, short=True).replace("\n18.6\n", '\n18.6 seconds ! or "so"\n').encode()
        ),
    }[form]


@pytest.mark.parametrize(
    "form",
    [
        *("long", "short", "chronological", "windows", "old mac", "utf-16-be", "utf-16-le"),
        *("latin-1", "commented"),
    ],
)
def test_every_form_of_a_textgrid_is_read(form: str, study: Path) -> None:
    tiers = [("emotion", CALL), ("Wörter", WORDS), ("speaker", [(0.0, 18.6, 'Jörg "J"')])]
    (study / "call.TextGrid").write_bytes(as_bytes(form)(tiers))
    manifest = read_manifest(study / "call.TextGrid")
    assert read_as(manifest) == [(label, 'Jörg "J"', a, b) for label, _, a, b in AS_LABELLED]
    assert not said_of(manifest)


@pytest.mark.parametrize("speaker", ["Anna", "小明", "😀"])
def test_a_binary_textgrid_is_read(speaker: str, study: Path) -> None:
    grid = Praat.TextGrid(xmax=18.6)
    tiers = {"words": [WORDS[0]], "emotion": CALL, "speaker": [(0.0, 18.6, "Anna")]}
    for name, rows in tiers.items():
        tier = grid.add_tier(name)
        for start, end, text in rows:
            tier.add_interval(start, end, text)
    grid.add_tier("clicks", tier_type="TextTier").add_point(1.5, "click")
    path = study / "call.TextGrid"
    grid.to_file(str(path), mode="b")
    wide = b"\xff\xff" + len(speaker).to_bytes(2) + speaker.encode("utf-16-be")
    path.write_bytes(path.read_bytes().replace(b"\0\4Anna", wide))
    assert read_as(read_manifest(path)) == [
        (label, speaker, a, b) for label, _, a, b in AS_LABELLED
    ]
    path.write_bytes(path.read_bytes()[:-40])
    assert "is cut off" in said_of(read_manifest(path))[-1].message


def test_gbk_is_known_by_its_labels(study: Path) -> None:
    rows = [(start, end, {"angry": "愤怒", "sad": "悲伤"}[text]) for start, end, text in CALL]
    (study / "call.TextGrid").write_bytes(textgrid([("情感", rows)]).encode("gbk"))
    assert read_as(read_manifest(study)) == AS_LABELLED


def test_what_praat_opens_is_read(study: Path) -> None:
    overlapping = [(0.0, 1.2, "wenn"), (1.19995, 18.6, "sie")]
    in_lines = [(start, end, f"\n{text}\n") for start, end, text in CALL]
    tiers = [
        *(("words", overlapping), ("words", WORDS), ("", WORDS), ("empty", [])),
        *(("emotion", in_lines), ("clicks", [(1.0, 1.0, "happy"), (2.0, 2.0, "sad")])),
    ]
    (study / "call.TextGrid").write_text(textgrid(tiers, points=["clicks"]))
    assert read_as(read_manifest(study)) == AS_LABELLED


def test_points_are_no_stretches(study: Path) -> None:
    (study / "call.TextGrid").write_text(textgrid([("emotion", CALL)], points=["emotion"]))
    assert "emotion 4 of 4" in refusal(study / "call.TextGrid")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda text: text[: text.rindex("angry") + 3], "was expected. What comes before"),
        (lambda text: text.replace("xmin = 11.8", 'xmin = "x"'), "line 28: a number was expected"),
        (lambda text: text.replace("size = 4", "size = 3"), "line 28: a text was expected"),
    ],
)
def test_what_stands_before_damage_is_read(
    broken: Callable[[str], str], said: str, study: Path
) -> None:
    text = textgrid([("emotion", CALL), ("words", WORDS)])
    (study / "call.TextGrid").write_text(broken(text))
    manifest = read_manifest(study / "call.TextGrid")
    kept = read_as(manifest)
    assert kept == AS_LABELLED[: len(kept)]
    assert len(kept) >= 2
    (problem,) = said_of(manifest)
    assert problem.code == "damaged_annotation"
    assert said in problem.message


@pytest.mark.parametrize(
    ("document", "recording"),
    [
        ("Interview_03__Anna_", "Interview 03 (Anna).wav"),
        ("call_v2_final", "call.v2.final.flac"),
        ("a_b_c", "a,b;c.wav"),
        ("通话_1_", "通话(1).wav"),
        ("Call", "call.WAV"),
        ("Zoë".encode().decode(), "Zoe\u0308.wav"),
    ],
)
def test_a_recording_is_found_by_the_name_praat_makes_of_it(
    document: str, recording: str, tmp_path: Path
) -> None:
    write_call(tmp_path / "call.wav").rename(tmp_path / recording)
    (tmp_path / f"{document}.TextGrid").write_text(textgrid([("emotion", CALL)]))
    found = [*read_annotations(tmp_path)]
    assert {one.recording for one in found if isinstance(one, Annotation)} == {tmp_path / recording}
    assert len(found) == 4


def test_the_exact_name_goes_first_and_two_others_are_not_chosen_between(study: Path) -> None:
    for name in ("a b.wav", "a,b.wav", "a_b.wav"):
        shutil.copy(study / "call.wav", study / name)
    path = study / "a_b.TextGrid"
    path.write_text(textgrid([("emotion", CALL)]))
    (study / "a_b.wav").rename(study / "c.wav")
    assert "fits several recordings: a b.wav, a,b.wav" in refusal(path)
    (study / "c.wav").rename(study / "a_b.wav")
    (first, *_) = read_annotations(path)
    assert isinstance(first, Annotation)
    assert first.recording == study / "a_b.wav"


def write_eaf(eaf: Eaf, folder: Path) -> Path:
    path = folder / "call.eaf"
    path.write_text(eaf.text(), encoding="utf-8")
    return path


def annotations_in(path: Path) -> list[tuple[str, str | None, float | None, float | None]]:
    found = [one for one in read_annotations(path) if isinstance(one, Annotation)]
    return [(one.label, one.speaker, one.start, one.end) for one in found]


def test_a_slot_without_a_time_lies_evenly_between_its_neighbours(study: Path) -> None:
    """In a tier by itself between the document's slots, in one that depends between its own."""
    eaf = Eaf()
    first, second = eaf.slot(0), eaf.slot()
    third, fourth = eaf.slot(), eaf.slot()
    last = eaf.slot(6000)
    tier = eaf.tier("emotion")
    eaf.align(tier, first, second, "angry")
    eaf.align(tier, third, last, "sad")
    utterances = eaf.tier("utterance")
    eaf.align(utterances, first, last, "wenn sie")
    words = eaf.tier("emotion@A", PARENT_REF="utterance")
    eaf.align(words, first, fourth, "happy")
    eaf.align(words, fourth, last, "neutral")
    assert annotations_in(write_eaf(eaf, study)) == [
        ("angry", None, 0.0, 1.5),
        ("sad", None, 3.0, 6.0),
        ("happy", "A", 0.0, 3.0),
        ("neutral", "A", 3.0, 6.0),
    ]


def test_a_chain_that_is_shared_with_a_tier_below_keeps_its_times(study: Path) -> None:
    eaf = Eaf()
    slots = [eaf.slot(0), eaf.slot(), eaf.slot(), eaf.slot(8000)]
    eaf.align(eaf.tier("utterance"), slots[0], slots[3], "ja nein")
    below = eaf.tier("emotion", PARENT_REF="words")
    for a, b, label in zip(slots, slots[1:], ("sad", "happy", "angry"), strict=False):
        eaf.align(below, a, b, label)
    words = eaf.tier("words", PARENT_REF="utterance")
    eaf.align(words, slots[0], slots[2], "ja")
    eaf.align(words, slots[2], slots[3], "nein")
    found = read_as(read_manifest(write_eaf(eaf, study)))
    assert [row[2:] for row in found] == [(0.0, 2.0), (2.0, 4.0), (4.0, 8.0)]


@pytest.mark.parametrize("order", ["as written", "children first"])
def test_what_refers_to_an_annotation_has_or_shares_its_time(order: str, study: Path) -> None:
    eaf = Eaf()
    parent = eaf.tier("utterance@Anna", CALL[:2])
    whole, halves = ("a1", "a2")
    tier = eaf.tier("emotion", PARENT_REF="utterance@Anna")
    eaf.refer(tier, whole, "angry")
    late = eaf.refer(tier, halves, "happy", previous="a5")
    eaf.refer(tier, halves, "sad")
    assert late == "a4"
    below = eaf.tier("emotion@B", PARENT_REF="emotion")
    eaf.refer(below, "a5", "fear")
    if order == "children first":
        eaf.root.remove(parent)
        eaf.root.append(parent)
    assert annotations_in(write_eaf(eaf, study)) == [
        ("angry", "Anna", 0.0, 2.5),
        ("sad", "Anna", 2.5, 5.9),
        ("happy", "Anna", 5.9, 9.3),
        ("fear", "B", 2.5, 5.9),
    ]


def test_a_participant_is_the_speaker(study: Path) -> None:
    eaf = Eaf()
    eaf.tier("emotion@A", CALL[:2], PARTICIPANT="Anna")
    eaf.tier("emotion@B", CALL[2:])
    found = read_as(read_manifest(write_eaf(eaf, study)))
    assert [row[1] for row in found] == ["Anna", "Anna", "B", "B"]


@pytest.mark.parametrize(
    ("names", "participants", "people"),
    [
        (("one", "two"), ("Anna", "Ben"), ("Anna", "Ben")),
        (("Emotion", "emotion"), ("Anna", "Ben"), ("Anna", "Ben")),
        (("emotion@A", "emotion@B"), ("Anna", "Anna"), ("A", "B")),
        (("emotion", "emotion@B"), ("", ""), (None, "B")),
    ],
)
def test_tiers_of_different_people_are_all_read(
    names: tuple[str, str],
    participants: tuple[str, str],
    people: tuple[str | None, str],
    study: Path,
) -> None:
    eaf = Eaf()
    for name, participant, rows in zip(names, participants, (CALL[:2], CALL[2:]), strict=True):
        eaf.tier(name, rows, PARTICIPANT=participant)
    found = read_as(read_manifest(write_eaf(eaf, study)))
    assert [row[1] for row in found] == [who for who in people for _ in range(2)]


@pytest.mark.parametrize(
    ("origin", "times"),
    [("2500", [(2.5, 5.0), (5.0, 11.8)]), ("-1000", [(0.0, 1.5), (1.5, 8.3)]), ("+0", None)],
)
def test_time_0_is_where_the_media_begins(
    origin: str, times: list[tuple[float, float]] | None, study: Path
) -> None:
    eaf = Eaf(media={"RELATIVE_MEDIA_URL": "./call.wav", "TIME_ORIGIN": origin})
    eaf.tier("emotion", CALL[:2])
    found = read_as(read_manifest(write_eaf(eaf, study)))
    assert [row[2:] for row in found] == (times or [(0.0, 2.5), (2.5, 9.3)])


def test_the_sound_under_each_label_is_that_of_the_origin(study: Path) -> None:
    eaf = Eaf(media={"RELATIVE_MEDIA_URL": "./call.wav", "TIME_ORIGIN": "2500"})
    eaf.tier("emotion", [(0.0, 2.0, "sad")])
    (utterance,) = read_manifest(write_eaf(eaf, study)).utterances
    heard, rate = soundfile.read(utterance.path, dtype="float32")
    whole, _ = soundfile.read(study / "call.wav", dtype="float32")
    np.testing.assert_allclose(heard, whole[round(2.5 * rate) : round(4.5 * rate)], atol=1e-6)


@pytest.mark.parametrize(
    ("media", "place"),
    [
        ({"RELATIVE_MEDIA_URL": "./sound/one.wav"}, "sound/one.wav"),
        ({"RELATIVE_MEDIA_URL": "../media/one.wav"}, "../media/one.wav"),
        ({"MEDIA_URL": "file:///C:/Users/anna/My%20Sounds/one%20two.wav"}, "one two.wav"),
        ({"MEDIA_URL": "file:///C:/Users/anna/one #2.wav"}, "one #2.wav"),
        ({"MEDIA_URL": r"C:\Users\anna\sound\one.wav"}, "sound/one.wav"),
        ({"MEDIA_URL": "file:///home/x/ONE.WAV"}, "one.wav"),
        ({"MEDIA_URL": "file://server/share/one.wav", "RELATIVE_MEDIA_URL": "gone.wav"}, "one.wav"),
    ],
)
def test_the_media_of_the_header_is_found(
    media: dict[str, str], place: str, study: Path, tmp_path: Path
) -> None:
    target = study / place
    target.parent.mkdir(exist_ok=True)
    shutil.copy(study / "call.wav", target)
    eaf = Eaf(media=media)
    eaf.tier("emotion", CALL)
    manifest = read_manifest(write_eaf(eaf, study))
    assert read_as(manifest) == AS_LABELLED
    found = {one.recording.resolve() for one in read_annotations(study / "call.eaf")}  # type: ignore[union-attr]
    assert found == {target.resolve()}


def test_sound_goes_before_film_each_with_its_own_origin(study: Path) -> None:
    (study / "film.mp4").write_bytes(b"a film without sound")
    film = {"RELATIVE_MEDIA_URL": "film.mp4", "MIME_TYPE": "video/mp4", "TIME_ORIGIN": "9000"}
    eaf = Eaf(media=film)
    eaf.add_media({"RELATIVE_MEDIA_URL": "call.wav", "TIME_ORIGIN": "1000"})
    eaf.tier("emotion", CALL[:2])
    found = annotations_in(write_eaf(eaf, study))
    assert [row[2:] for row in found] == [(1.0, 3.5), (3.5, 10.3)]


def test_the_header_s_old_name_of_its_media_is_read(study: Path) -> None:
    eaf = Eaf(header="file:///C:/sounds/call.wav")
    eaf.tier("emotion", CALL)
    (study / "other.eaf").write_text(eaf.text())
    assert read_as(read_manifest(study / "other.eaf")) == AS_LABELLED


def test_media_that_is_not_here_is_the_document_s_namesake_and_said(study: Path) -> None:
    eaf = Eaf(media={"MEDIA_URL": "file:///x/film.mp4", "TIME_ORIGIN": "2500"})
    eaf.tier("emotion", CALL[:2])
    manifest = read_manifest(write_eaf(eaf, study))
    assert [row[2] for row in read_as(manifest)] == [2.5, 5.0]
    (problem,) = said_of(manifest)
    assert "film.mp4 is not here; call.wav" in problem.message
    eaf.add_media({"MEDIA_URL": "file:///x/other.mp4", "TIME_ORIGIN": "0"})
    assert "begin at another time" in refusal(write_eaf(eaf, study))
    eaf.add_media({"MEDIA_URL": "file:///x/call.mp4", "TIME_ORIGIN": "1000"})
    found = read_as(read_manifest(write_eaf(eaf, study)))
    assert [row[2] for row in found] == [1.0, 3.5]


def test_a_damaged_annotation_is_named_and_the_rest_goes_on(study: Path) -> None:
    eaf = Eaf()
    tier = eaf.tier("emotion", CALL)
    eaf.align(tier, "ts99", "ts1", "happy")
    eaf.align(tier, eaf.slot("soon"), eaf.slot(3000), "fear")
    eaf.refer(tier, "a77", "disgust")
    words = eaf.tier("words")
    eaf.align(words, "ts98", "ts97", "nobody minds")
    manifest = read_manifest(write_eaf(eaf, study))
    assert read_as(manifest) == AS_LABELLED
    problems = said_of(manifest)
    assert [problem.code for problem in problems] == ["damaged_annotation"] * 3
    assert "annotation a5 (happy) of tier emotion has no time" in problems[0].message


def test_a_document_that_is_cut_off_is_read_to_there(study: Path) -> None:
    eaf = Eaf()
    eaf.tier("emotion", CALL)
    path = study / "call.eaf"
    text = eaf.text()
    path.write_text(text[: text.index("sad", text.index("sad") + 3)])
    manifest = read_manifest(path)
    assert read_as(manifest) == AS_LABELLED[:3]
    assert "line 2: it is not XML any more" in said_of(manifest)[0].message


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "windows-1252", "GB2312"])
def test_a_document_is_read_in_the_encoding_it_declares(encoding: str, study: Path) -> None:
    who = "小明" if encoding in ("GB2312", "UTF-16") else "Jörg"
    eaf = Eaf()
    eaf.tier(f"emotion@{who}", CALL)
    (study / "call.eaf").write_bytes(eaf.text(encoding).encode(encoding))
    found = read_as(read_manifest(study))
    assert [row[1] for row in found] == [who] * 4


@pytest.mark.parametrize("encoding", ["punycode", "hex", "rot13", "nonsense"])
def test_a_declared_encoding_that_is_none_is_passed_over(encoding: str, study: Path) -> None:
    eaf = Eaf()
    eaf.tier("emotion", CALL)
    (study / "call.eaf").write_text(eaf.text(encoding))
    assert read_as(read_manifest(study)) == AS_LABELLED


def test_entities_are_refused(study: Path) -> None:
    eaf = Eaf()
    eaf.tier("emotion", CALL)
    text = eaf.text().replace("?>", '?><!DOCTYPE a [<!ENTITY e "sad">]>', 1)
    (study / "call.eaf").write_text(text)
    assert "defines entities" in refusal(study / "call.eaf")


def track(rows: Grid, *, end: str = "\n") -> str:
    lines = [f"{a:.6f}\t{b:.6f}\t{text}" for _, own in rows for a, b, text in own]
    return "".join(f"{line}{end}" for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        track([("", CALL)]),
        track([("", CALL)], end="\r\n"),
        "\ufeff" + track([("", CALL)]),
        track([("", CALL)], end="\n\\\t100.0\t4000.0\n"),
        track([("", CALL)]).replace(".", ","),
        track([("", CALL)]).replace("\t", "  "),
        track([("", CALL[::-1])]),
        track([("", CALL[::2]), ("", CALL[1::2])]),
        track([("", [(a, b, f"{label} 85.3%") for a, b, label in CALL])]),
    ],
)
def test_a_label_track_is_read(text: str, study: Path) -> None:
    (study / "call.txt").write_text(text, encoding="utf-8")
    for source in (study, study / "call.txt"):
        found = read_as(read_manifest(source))
        assert sorted(found, key=lambda row: row[2] or 0) == AS_LABELLED


def test_tracks_without_labels_are_passed_over(study: Path) -> None:
    speakers = [(0.0, 9.3, "Speaker 1"), (9.3, 18.6, "Speaker 2")]
    (study / "call.txt").write_text(track([("", WORDS), ("", CALL), ("", speakers)]))
    found = read_as(read_manifest(study / "call.txt"))
    assert [row[1] for row in found] == [*["Speaker 1"] * 2, *["Speaker 2"] * 2]
    (study / "call.txt").write_text(track([("", WORDS)]))
    assert "no track of it has labels that Voxcor knows; 0 of 2" in refusal(study / "call.txt")


def test_a_line_that_is_no_label_is_named(study: Path) -> None:
    (study / "call.txt").write_text(track([("", CALL)]) + "end of file\n")
    manifest = read_manifest(study / "call.txt")
    assert read_as(manifest) == AS_LABELLED
    assert "line 5 is no label" in said_of(manifest)[0].message


def test_texts_in_a_folder_are_not_taken_for_label_tracks(study: Path) -> None:
    (study / "call.txt").write_text("Der Lappen liegt auf dem Eisschrank.\n")
    (study / "notes.txt").write_text(track([("", CALL)]))  # of no recording
    assert not is_annotated(study)
    assert not is_annotated(study / "call.txt")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("call.TextGrid", "no grid"),
        ("call.TextGrid", 'File type = "ooTextFile"\nObject class = "Pitch 1"\n0 1'),
        ("call.TextGrid", ""),
        ("call.eaf", "<ANNOTATION_DOCUMENT>"),
        ("call.eaf", "<html/>"),
        ("call.eaf", ""),
        ("tasks.json", "[{"),
        ("tasks.json", '[{"audio": "call.wav", "emotion": [{"labels": ["sad"]}]}]'),
    ],
)
def test_a_broken_document_is_named_in_a_sentence(study: Path, name: str, content: str) -> None:
    (study / name).write_text(content)
    message = refusal(study / name)
    assert name in message
    assert "Error" not in message
    assert message.endswith(".")


def test_times_that_are_none_are_named_by_the_row(study: Path) -> None:
    rows = [(0.0, 2.5, "angry"), (3.0, 3.0, "sad"), (9.0, 5.0, "sad"), (-2.0, -1.0, "sad")]
    manifest = read_manifest(as_textgrid([("emotion", rows)], study))
    assert read_as(manifest) == AS_LABELLED[:1]
    assert [problem.code for problem in said_of(manifest)] == ["stretch"] * 3


def test_what_cannot_be_used_is_named_with_its_time(study: Path) -> None:
    text = textgrid([("emotion", [(0.1, 1.5, "happy"), (1.9, 3.1, "gloomy")])])
    (study / "call.TextGrid").write_text(text)
    (study / "away.TextGrid").write_text(text)
    manifest = read_manifest(study, labels=["happy", "sad"])
    assert [u.label for u in manifest.utterances] == ["happy"]
    codes = [problem.code for problem in manifest.problems]
    assert codes.count("missing_file") == 2
    assert "unknown_label" in codes


def test_a_recording_that_was_converted_since_is_found(tmp_path: Path) -> None:
    data = DATA
    shutil.copy(data / "annotations" / "eaf-origin--call.eaf", tmp_path / "corrected.eaf")
    shutil.copy(data / "heard" / "call.opus", tmp_path)
    found = [*read_annotations(tmp_path / "corrected.eaf")]
    assert {one.recording.name for one in found if not isinstance(one, Failure)} == {"call.opus"}


@EVERY_TOOL
@pytest.mark.parametrize(
    ("names", "people"),
    [
        (("Anna emotion", "Ben emotion"), ["Anna", "Ben"]),
        (("emotion_A", "emotion_B"), ["A", "B"]),
        (("A - Emotion", "B - Emotion"), ["A", "B"]),
        (("客服-情感", "客户情绪"), ["客服", "客户"]),
        (("emotion 1", "emotion 2"), None),
        (("emotion_ann1", "emotion_ann2"), None),
    ],
)
def test_a_tier_may_say_whose_emotions_it_has(
    names: tuple[str, str], people: list[str] | None, write: Write, study: Path
) -> None:
    document = write([("words", WORDS), (names[0], CALL), (names[1], CALL[:1])], study)
    if people is None:
        assert f"{names[0]} 4 of 4, {names[1]} 1 of 1" in refusal(document)
        return
    spoken = [a.speaker for a in read_annotations(document) if isinstance(a, Annotation)]
    assert spoken == [people[0]] * 4 + [people[1]]


@pytest.mark.parametrize(
    ("encoding", "tier", "values", "labels"),
    [
        ("utf-16-le", "emotion", ["angry", "sad"], ["angry", "sad"]),
        ("gbk", "情感", ["愤怒", "悲伤"], ["angry", "sad"]),
        ("big5", "情緒", ["憤怒", "悲傷"], ["angry", "sad"]),
        ("cp932", "感情", ["怒り", "悲しみ"], ["怒り", "悲しみ"]),
        ("mac_roman", "emotion", ["Ärger", "dégoût"], ["angry", "disgusted"]),
        ("latin-1", "emotion", ["Ärger", "dégoût"], ["angry", "disgusted"]),
    ],
)
def test_a_document_is_read_in_the_encoding_it_was_saved_in(
    encoding: str, tier: str, values: list[str], labels: list[str], study: Path
) -> None:
    rows = [(0.0, 2.5, values[0]), (2.5, 9.3, values[1])]
    (study / "call.TextGrid").write_bytes(textgrid([(tier, rows)]).encode(encoding))
    manifest = read_manifest(study / "call.TextGrid")
    assert [utterance.label for utterance in manifest.utterances] == labels


def test_a_collection_of_one_textgrid_is_one(study: Path) -> None:
    head, rest = textgrid([("emotion", CALL)]).split("\n\n", 1)
    head = head.replace('"TextGrid"', '"Collection"')
    one = (
        'size = 1\nitem []:\n    item [1]:\n        object class = "TextGrid"\n        name = "x"\n'
    )
    (study / "call.TextGrid").write_text(f"{head}\n\n{one}{rest}", encoding="utf-8")
    assert read_as(read_manifest(study / "call.TextGrid")) == AS_LABELLED


def test_points_with_labels_are_named_as_such(study: Path) -> None:
    (study / "call.TextGrid").write_text(textgrid([("mood", CALL)], points=["mood"]))
    assert "but of points or the like: mood" in refusal(study / "call.TextGrid")


def test_a_label_track_may_have_a_title(study: Path) -> None:
    lines = "".join(f"{start}\t{end}\t{label}\n" for start, end, label in CALL)
    (study / "call.txt").write_text(f"Label Track\n{lines}", encoding="utf-8")
    manifest = read_manifest(study / "call.txt")
    assert read_as(manifest) == AS_LABELLED
    assert "line 1 is no label" in manifest.problems[0].message
