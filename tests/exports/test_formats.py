"""Exports: each is opened by a library made for its format, and says what the result says."""

import base64
import csv
import io
import json
import re
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pysubs2
import pytest
import soundfile
import webvtt
from crowsetta.formats.seq import AudSeq
from label_studio_sdk.label_interface import LabelInterface
from praatio import textgrid
from pyannote.database.util import load_rttm
from pympi import Elan
from typer.testing import CliRunner

from places import VOICE
from results_by_hand import happy_then_sad, with_frames
from voxcor.cli import app
from voxcor.errors import InputNotFound, NotAResult, UsageError
from voxcor.exports import FORMATS, KINDS, Content, Format, export, export_pieces, file_name
from voxcor.exports.content import read_content
from voxcor.labels import LABELS
from voxcor.language import speaking
from voxcor.recognizer import Recognizer
from voxcor.result_folder import save, write_frames
from voxcor.results import Relative, Result
from voxcor.speaker_turns import read_turns
from voxcor.stored_result import frames_from
from voxcor.timeline import relative_scores


def by_two_speakers() -> Result:
    result = happy_then_sad()
    first, second = result.segments
    return replace(
        result, segments=(replace(first, speaker="Ann <A>"), replace(second, speaker="小明"))
    )


@pytest.fixture
def content(tmp_path: Path) -> Content:
    return read_content(save(with_frames(), tmp_path))


@pytest.fixture
def spoken(tmp_path: Path) -> Content:
    return read_content(save(by_two_speakers(), tmp_path))


def written(content: Content, kind: Format, folder: Path) -> Path:
    path = folder / file_name(content, kind)
    path.write_bytes(export(content, kind))
    return path


def test_praat_s_tiers_hold_the_segments(spoken: Content, tmp_path: Path) -> None:
    grid = textgrid.openTextgrid(
        str(written(spoken, "textgrid", tmp_path)), includeEmptyIntervals=False
    )
    assert grid.tierNames == ("emotion", "confidence", "speaker")
    assert grid.maxTimestamp == pytest.approx(3.2)
    assert [tuple(entry) for entry in grid.getTier("emotion").entries] == [
        (0.1, 1.5, "happy"),
        (1.9, 3.1, "sad"),
    ]
    assert [entry.label for entry in grid.getTier("confidence").entries] == ["0.853", "0.600"]
    assert [entry.label for entry in grid.getTier("speaker").entries] == ["Ann <A>", "小明"]


def test_praat_s_intervals_leave_no_gap(content: Content, tmp_path: Path) -> None:
    grid = textgrid.openTextgrid(
        str(written(content, "textgrid", tmp_path)), includeEmptyIntervals=True
    )
    entries = grid.getTier("emotion").entries
    assert entries[0].start == 0
    assert all(a.end == b.start for a, b in pairwise(entries))
    assert entries[-1].end == pytest.approx(3.2)


def test_elan_s_tiers_hold_the_segments(spoken: Content, tmp_path: Path) -> None:
    eaf = Elan.Eaf(str(written(spoken, "eaf", tmp_path)))
    assert [*eaf.get_tier_names()] == ["emotion", "confidence", "speaker"]
    found = sorted(eaf.get_annotation_data_for_tier("emotion"))
    assert [row[:3] for row in found] == [(100, 1500, "happy"), (1900, 3100, "sad")]
    assert [row[2] for row in sorted(eaf.get_annotation_data_for_tier("speaker"))] == [
        "Ann <A>",
        "小明",
    ]
    (media,) = eaf.get_linked_files()
    assert media["RELATIVE_MEDIA_URL"] == "./call.m4a"
    vocabulary = eaf.controlled_vocabularies["emotions"][1]
    assert len(vocabulary) == 9
    described = {value: what for values, _ in vocabulary.values() for value, _, what in values}
    assert described["happy"] in ("Happy", "快乐")


def test_audacity_s_labels_have_two_times_and_a_text(content: Content, tmp_path: Path) -> None:
    labels = AudSeq.from_file(written(content, "audacity", tmp_path)).to_seq()
    assert labels.onsets_s.tolist() == [0.1, 1.9]
    assert labels.offsets_s.tolist() == [1.5, 3.1]
    assert labels.labels.tolist() == ["happy 85.3%", "sad 60.0%"]


def test_rttm_says_who_speaks_when(content: Content, spoken: Content, tmp_path: Path) -> None:
    for made, names in ((content, ["happy", "sad"]), (spoken, ["Ann_<A>", "小明"])):
        (turns,) = load_rttm(str(written(made, "rttm", tmp_path))).values()
        assert turns.uri == "call"
        found = [(turn.start, turn.end, who) for turn, _, who in turns.itertracks(yield_label=True)]
        assert found == [(0.1, 1.5, names[0]), (1.9, pytest.approx(3.1), names[1])]


def test_rttm_has_ten_fields_the_emotion_among_them(content: Content, spoken: Content) -> None:
    for made, names in ((content, ["happy", "sad"]), (spoken, ["Ann_<A>", "小明"])):
        rows = [line.split(" ") for line in export(made, "rttm").decode().splitlines()]
        assert {len(row) for row in rows} == {10}
        assert [row[:3] for row in rows] == [["SPEAKER", "call", "1"]] * 2
        assert [(float(row[3]), float(row[4])) for row in rows] == [(0.1, 1.4), (1.9, 1.2)]
        assert [row[6] for row in rows] == ["happy", "sad"]
        assert [row[7] for row in rows] == names


def test_subtitles_are_read_by_players(content: Content, tmp_path: Path) -> None:
    for kind in ("srt", "vtt"):
        events = pysubs2.load(str(written(content, kind, tmp_path))).events
        assert [(event.start, event.end) for event in events] == [(100, 1500), (1900, 3100)]
        assert events[0].text == "😊 Happy (快乐) Confidence: 85.3%"
    with speaking("zh"):
        assert "😊 快乐 (Happy) 置信度: 85.3%" in export(content, "srt").decode()


def test_webvtt_captions_name_the_speaker(spoken: Content, tmp_path: Path) -> None:
    captions = webvtt.read(str(written(spoken, "vtt", tmp_path)))
    assert [caption.voice for caption in captions] == ["Ann &lt;A&gt;", "小明"]
    assert captions[1].text == "😢 Sad (悲伤) Confidence: 60.0%"


def test_a_metadata_cue_is_json(spoken: Content, tmp_path: Path) -> None:
    cues = webvtt.read(str(written(spoken, "vtt-metadata", tmp_path)))
    data = [json.loads(cue.raw_text) for cue in cues]
    assert [d["emotion"] for d in data] == ["happy", "sad"]
    assert data[0]["scores"]["happy"] == 0.853
    assert data[1]["speaker"] == "小明"


def test_csv_has_the_second_answer_where_there_is_one(tmp_path: Path) -> None:
    offsets = dict.fromkeys(happy_then_sad().scores, 0.0) | {"sad": 3.0, "neutral": -1.0}
    relative = Relative("=Anna", "happy", 0.9, happy_then_sad().scores, offsets)
    content = read_content(save(happy_then_sad(relative=relative), tmp_path))
    rows = list(csv.DictReader(io.StringIO(export(content, "csv").decode("utf-8-sig"))))
    for row, segment in zip(rows, content.segments, strict=True):
        expected = relative_scores(segment.scores, offsets)
        assert row["relative_to"] == "'=Anna"
        assert row["relative_emotion"] == max(expected, key=lambda name: expected[name])
        assert float(row["relative_sad"]) == pytest.approx(expected["sad"], abs=1e-6)
        assert float(row["relative_confidence"]) == pytest.approx(max(expected.values()), abs=1e-6)
    # The first answer stays what it is.
    assert [row["emotion"] for row in rows] == ["happy", "sad"]


def test_csv_has_a_row_a_segment(spoken: Content) -> None:
    rows = list(csv.DictReader(io.StringIO(export(spoken, "csv").decode("utf-8-sig"))))
    assert [(row["start_ms"], row["end_ms"], row["emotion"]) for row in rows] == [
        ("100", "1500", "happy"),
        ("1900", "3100", "sad"),
    ]
    assert sum(float(rows[0][label]) for label in spoken.result.scores) == pytest.approx(1)


def test_label_studio_s_task_fits_its_interface(content: Content, spoken: Content) -> None:
    interface = LabelInterface(export(content, "labelstudio-config").decode())
    interface.validate()
    for made in (content, spoken):
        (task,) = json.loads(export(made, "labelstudio"))
        assert interface.validate_task({"data": task["data"]})
        assert task["data"]["audio"] == "call.m4a"
        (prediction,) = task["predictions"]
        assert interface.validate_prediction(prediction, return_errors=True) == []
        found = [(r["value"]["start"], r["value"]["end"]) for r in prediction["result"]]
        assert found == [(segment.start, segment.end) for segment in made.result.segments]
        labels = [r["value"]["labels"] for r in prediction["result"]]
        assert labels == [[segment.emotion] for segment in made.result.segments]


def test_the_page_fetches_nothing_and_holds_the_audio(spoken: Content) -> None:
    text = export(spoken, "html").decode()
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert "http" not in text
    assert text.count("data:audio/flac;base64,") == 1
    assert "Ann &lt;A&gt;" in text
    assert "<A>" not in text
    assert "快乐" in text
    assert "Happy" in text


def test_an_export_of_a_result_alone_needs_no_folder(tmp_path: Path) -> None:
    folder = save(with_frames(), tmp_path)
    alone = tmp_path / "alone.json"
    alone.write_bytes((folder / "result.json").read_bytes())
    content = read_content(alone)
    assert content.audio is None
    for kind in FORMATS:
        assert export(content, kind)


def test_names_of_files_that_are_no_utf_8_are_written(tmp_path: Path) -> None:
    result = happy_then_sad()
    odd = replace(result, audio=replace(result.audio, name="caf\udce9.wav"))
    content = read_content(save(odd, tmp_path))
    for kind in FORMATS:
        export(content, kind).decode("utf-8")


def test_what_is_no_result_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFound):
        read_content(tmp_path / "away")
    (tmp_path / "result.json").write_text('{"emotion": "happy"}')
    with pytest.raises(NotAResult, match=r"result\.json"):
        read_content(tmp_path)
    (tmp_path / "result.json").write_text("[]")
    with pytest.raises(NotAResult):
        read_content(tmp_path)
    with pytest.raises(UsageError, match="textgrid"):
        export(read_content(save(happy_then_sad(), tmp_path)), "pdf")  # type: ignore[arg-type]


def test_the_help_of_the_command_names_every_format() -> None:
    helped = CliRunner().invoke(app, ["export", "--help"]).output
    listed = f"{','.join(FORMATS[:-1])}or{FORMATS[-1]}."
    assert listed in "".join(helped.split())


def test_the_command_writes_into_the_result_s_folder(tmp_path: Path) -> None:
    folders = [save(happy_then_sad(), tmp_path) for _ in range(2)]
    runner = CliRunner()
    for kind in FORMATS:
        done = runner.invoke(app, ["export", str(folders[0]), "--format", kind])
        assert done.exit_code == 0, done.output
        path = folders[0] / f"call{KINDS[kind].suffix}"
        assert done.stdout.strip() == str(path)
        assert path.read_bytes() == export(read_content(folders[0]), kind)
    out = tmp_path / "all"
    done = runner.invoke(app, ["export", *map(str, folders), "--format", "srt", "--out", str(out)])
    assert done.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["call.srt", "call_2.srt"]


def test_an_export_never_replaces_a_file_of_the_result(tmp_path: Path) -> None:
    result = with_frames()
    folder = save(replace(result, audio=replace(result.audio, name="frames.wav")), tmp_path)
    before = (folder / "frames.csv").read_bytes()
    done = CliRunner().invoke(app, ["export", str(folder), "--format", "csv"])
    assert done.stdout.strip() == str(folder / "frames_2.csv")
    assert (folder / "frames.csv").read_bytes() == before


def test_the_same_command_again_replaces_its_own_files(tmp_path: Path) -> None:
    folder, out = save(happy_then_sad(), tmp_path), tmp_path / "all"
    arguments = ["export", str(folder), "--format", "labelstudio", "--out", str(out)]
    for _ in range(2):
        assert CliRunner().invoke(app, arguments).exit_code == 0
    assert [path.name for path in out.iterdir()] == ["call.labelstudio.json"]


def test_a_speaker_s_name_cannot_break_a_format(tmp_path: Path) -> None:
    result = by_two_speakers()
    first, second = result.segments
    nasty = replace(first, speaker="a\tb\n\n9\n00:00:00,000 --> 00:00:09,000\nfalse\x01")
    content = read_content(save(replace(result, segments=(nasty, second)), tmp_path))
    assert len(export(content, "audacity").decode().splitlines()) == 2
    ET.fromstring(export(content, "eaf"))
    assert len(webvtt.from_srt(str(written(content, "srt", tmp_path)))) == 2
    assert len(webvtt.read(str(written(content, "vtt", tmp_path)))) == 2


def test_audio_that_is_broken_is_named(tmp_path: Path) -> None:
    folder = save(happy_then_sad(), tmp_path)
    (folder / "processed_audio.wav").write_bytes(b"RIFF")
    done = CliRunner().invoke(app, ["export", str(folder), "--format", "html"])
    assert done.exit_code == 1
    assert "processed_audio.wav" in done.stderr


def test_the_command_names_what_it_cannot_export_and_goes_on(tmp_path: Path) -> None:
    folder = save(happy_then_sad(), tmp_path)
    arguments = ["export", str(tmp_path / "away"), str(folder), "--format", "csv", "--out", "-"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert "input_not_found" in done.stderr
    assert done.stdout.startswith("start_ms,")


def test_the_page_is_written_in_pieces_and_says_how_long_its_audio_is(tmp_path: Path) -> None:
    folder = save(Recognizer().recognize(VOICE, granularity="frame"), tmp_path)
    content = read_content(folder)
    pieces = [*export_pieces(content, "html")]
    assert len(pieces) > 10
    assert b"".join(pieces) == export(content, "html")
    packed = re.search(r"audio/flac;base64,([^\"]+)", export(content, "html").decode())
    assert packed is not None
    audio, rate = soundfile.read(io.BytesIO(base64.b64decode(packed[1])), dtype="int16")
    kept, kept_rate = soundfile.read(folder / "processed_audio.wav", dtype="int16")
    assert rate == kept_rate
    assert np.array_equal(audio, kept)


def test_hours_take_no_more_memory_than_minutes(tmp_path: Path) -> None:
    """Twenty minutes of noise and of curve; whole, the page alone has 50 MB."""
    folder = save(Recognizer().recognize(VOICE, granularity="frame"), tmp_path)
    noise = (np.random.default_rng(0).normal(size=20 * 60 * 16_000) * 3000).astype(np.int16)
    soundfile.write(folder / "processed_audio.wav", noise, 16_000)
    head, first, *_ = (folder / "frames.csv").read_text().splitlines()
    scores = first.partition(",")[2]
    rows = (f"{20 * n},{scores}\n" for n in range(20 * 60 * 50))
    (folder / "frames.csv").write_text(f"{head}\n" + "".join(rows))
    document = json.loads((folder / "result.json").read_text())
    document["audio"]["duration_ms"] = 20 * 60 * 1000
    (folder / "result.json").write_text(json.dumps(document))
    del noise
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in export_pieces(read_content(folder), "html"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 20e6
    assert peak < 12e6


NAMES = (
    "x" * 251 + ".wav",
    "通话" * 41 + "录.wav",  # 255 bytes as well
    "-rf.wav",
    ".hidden.wav",
    "con.wav",
    "a\nb\x1b[2J.wav",
    "\udcb5\udcb1.wav",
    "dots...wav",
    "..",
    "",
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_recording_of_any_name_is_exported(name: str, kind: str, tmp_path: Path) -> None:
    result = happy_then_sad()
    folder = save(replace(result, audio=replace(result.audio, name=name)), tmp_path)
    (folder / "processed_audio.wav").unlink(missing_ok=True)
    before = {path.name for path in folder.iterdir()}
    done = CliRunner().invoke(app, ["export", str(folder), "--format", kind])
    assert done.exit_code == 0, done.output
    (made,) = {path.name for path in folder.iterdir()} - before
    assert made[0] not in "-."
    assert made.isprintable()
    assert len(made.encode()) < 255


def test_two_long_names_do_not_take_each_other_s_place(tmp_path: Path) -> None:
    result, out = happy_then_sad(), tmp_path / "out"
    out.mkdir()
    folders = [
        save(replace(result, audio=replace(result.audio, name="录" * 84 + end)), tmp_path)
        for end in ("a.wav", "b.wav")
    ]
    for folder in folders:  # one run each: nothing but the name keeps them apart
        arguments = ["export", str(folder), "--format", "srt", "--out", str(out)]
        assert CliRunner().invoke(app, arguments).exit_code == 0
    assert len([*out.iterdir()]) == 2


@pytest.mark.parametrize("speaker", ["=1+1", "+49 30 1234", "-anna", "@SUM(A1)", "'=x", "ben"])
def test_a_speaker_who_is_a_formula_comes_back_as_a_speaker(speaker: str, tmp_path: Path) -> None:
    result = by_two_speakers()
    first, second = result.segments
    result = replace(result, segments=(replace(first, speaker=speaker), second))
    table = written(read_content(save(result, tmp_path)), "csv", tmp_path)
    with table.open(newline="", encoding="utf-8-sig") as file:
        row = next(csv.DictReader(file))
    assert row["speaker"][0] not in "=+-@"
    assert row["start_ms"].isdecimal()
    assert float(row["confidence"]) == pytest.approx(first.confidence)
    assert read_turns(table).turns[""][0].speaker == speaker


def test_a_label_that_is_a_formula_heads_a_column_and_comes_back(tmp_path: Path) -> None:
    result = with_frames()
    assert result.frames is not None
    frames = replace(result.frames, labels=("=cmd", 'a,"b"', *result.frames.labels[2:]))
    write_frames(tmp_path / "frames.csv", frames)
    text = (tmp_path / "frames.csv").read_text(encoding="utf-8")
    assert text.startswith("time_ms,'=cmd,")
    assert frames_from(text, result.to_document()).labels == frames.labels


def by_fallback() -> Result:
    result = happy_then_sad()
    return replace(result, model=replace(result.model, id="small", fallback=True))


def test_the_page_names_the_model_and_keeps_the_whole_notice(tmp_path: Path) -> None:
    text = export(read_content(save(by_fallback(), tmp_path)), "html").decode()
    assert "small · fp32" in text
    for said in (
        "Recognised by small, the model inside Voxcor",
        "本结果由内置模型 small 给出",
        "voxcor models pull plus-base",
        "not of what a person feels",
    ):
        assert said in text


def test_the_page_draws_axes_and_a_legend(content: Content) -> None:
    text = export(content, "html").decode()
    for share in ("0%", "50%", "100%"):
        assert re.search(rf'class="scale"[^>]*>{share}<', text)
    (axis,) = re.findall(r'<div class="over">(.*?)</div>', text)
    assert re.findall(r">([\d:.]+)<", axis) == ["0:00.0", "0:00.8", "0:01.6", "0:02.4", "0:03.2"]
    (legend,) = re.findall(r'<div class="legend">(.*?)</div>', text)
    for label in LABELS:
        assert label.color in legend
        assert label.en in legend
        assert label.zh in legend


def test_the_command_says_that_the_model_inside_answered(tmp_path: Path) -> None:
    folder = save(by_fallback(), tmp_path)
    done = CliRunner().invoke(app, ["export", str(folder), "--format", "csv"])
    assert done.exit_code == 0
    assert "voxcor models pull plus-base" in done.stderr
    other = save(happy_then_sad(), tmp_path)
    assert CliRunner().invoke(app, ["export", str(other), "--format", "csv"]).stderr == ""
