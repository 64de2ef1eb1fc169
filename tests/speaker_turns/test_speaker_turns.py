"""Who felt what: turns from RTTM and CSV, and segments that keep to them."""

import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from places import DOCS, VOICE
from schema import SCHEMA
from voxcor import Recognizer
from voxcor.audio import decode
from voxcor.audio.resample import mix_to_mono, resample
from voxcor.audio.vad import PASS_WINDOWS, WINDOW_SAMPLES
from voxcor.cli import app
from voxcor.disk.array import MEMORY_BYTES
from voxcor.errors import SpeakersInvalid
from voxcor.frames import SAMPLE_RATE
from voxcor.labels import LABEL_IDS
from voxcor.speaker_turns import (
    COLLAR_S,
    TOLERATED_S,
    Turn,
    cut_at_turns,
    fit_turns,
    read_turns,
)
from voxcor.stored_result import result_from

RTTM = """\
;; made by hand
SPKR-INFO call 1 <NA> <NA> <NA> adult_female anna <NA> <NA>
SPEAKER call 1 0.50 2.00 <NA> <NA> anna 0.93 <NA>
SPEAKER call 1 2.75 1.25* <NA> <NA> ben <NA>
LEXEME call 1 0.50 0.20 hello lex anna 0.9

SPEAKER call 2 4.20 0.00 <NA> <NA> ben <NA> <NA>
"""


Found = list[tuple[float, float, str | None]]


def read(path: Path, text: str, recording: str = "call.wav", duration: float = 10.0) -> Found:
    path.write_text(text, encoding="utf-8")
    return [
        (turn.start, turn.end, turn.speaker)
        for turn in fit_turns(read_turns(path), recording, duration).turns
    ]


def cut(spans: list[tuple[float, float]], *turns: tuple[float, float, str]) -> Found:
    stretches = cut_at_turns(spans, [Turn(*turn) for turn in turns])
    return [(stretch.start, stretch.end, stretch.speaker) for stretch in stretches]


def test_the_speaker_lines_of_an_rttm_are_turns(tmp_path: Path) -> None:
    assert read(tmp_path / "call.rttm", RTTM) == [(0.5, 2.5, "anna"), (2.75, 4.0, "ben")]


def test_of_an_rttm_of_several_recordings_the_lines_count_that_name_this_one(
    tmp_path: Path,
) -> None:
    text = RTTM + "SPEAKER other 1 0.00 1.00 <NA> <NA> carl <NA> <NA>\n"
    assert read(tmp_path / "all.rttm", text, "/calls/other.flac") == [(0.0, 1.0, "carl")]
    assert len(read(tmp_path / "all.rttm", text, "call.m4a")) == 2
    with pytest.raises(SpeakersInvalid, match="turns of call, other, none of third"):
        read(tmp_path / "all.rttm", text, "third.wav")


@pytest.mark.parametrize(
    "text",
    [
        "start,end,speaker\n0.5,2.5,anna\n2.75,4,ben\n",
        "start_ms,end_ms,speaker\r\n500,2500,anna\r\n2750,4000,ben\r\n",
        "\ufeffSpeaker, confidence, Start, End\nben,1,2.75,4\nanna,1,0.5,2.5\n",
    ],
)
def test_a_table_has_its_columns_by_name(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "turns.csv", text) == [(0.5, 2.5, "anna"), (2.75, 4.0, "ben")]


@pytest.mark.parametrize(
    "text",
    [
        "start;end;speaker\n0,5;2,5;anna\n2,75;4;ben\n",
        "speaker\tbegin\tduration\nanna\t0.5\t2\nben\t2.75\t1.25\n",
        "Start Time,End Time,Speaker\n00:00:00.5,00:00:02.5,anna\n0:02.75,0:04,ben\n",
        "说话人,开始,结束\nanna,0.5,2.5\nben,2.75,4\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
@pytest.mark.parametrize("name", ["turns.csv", "turns.txt", "turns.tsv"])
def test_a_table_is_read_as_people_save_it(
    name: str, encoding: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(text.encode(encoding))
    turns = fit_turns(read_turns(tmp_path / name), "call.wav", 10.0).turns
    assert [(t.start, t.end, t.speaker) for t in turns] == [(0.5, 2.5, "anna"), (2.75, 4.0, "ben")]


LINE = "SPEAKER {} 1 0.50 2.00 <NA> <NA> {} <NA> <NA>\n"
OTHER = "SPEAKER other 1 0.00 9.00 <NA> <NA> carl <NA> <NA>\n"

NAMES = {
    "an ending": ("call.wav", "anna", "call.wav"),
    "another ending": ("call.wav", "anna", "call.m4a"),
    "a folder": ("/data/call.wav", "anna", "call.wav"),
    "a folder of Windows": ("C:\\data\\call.wav", "anna", "call.wav"),
    "a full stop": ("call.v2", "anna", "call.v2.wav"),
    "spaces": ("my call", "anna maria", "my call.wav"),
    "spaces in a path": ("/my data/my call.wav", "anna", "my call.wav"),
    "no spaces": ("my_call", "anna", "my call.wav"),
    "a number": ("call", "1", "call.wav"),
    "composed": ("cafe\u0301", "anna", "caf\u00e9.wav"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_recording_is_known_by_its_name(kind: str, tmp_path: Path) -> None:
    named, speaker, recording = NAMES[kind]
    for text in (LINE.format(named, speaker), OTHER + LINE.format(named, speaker)):
        assert read(tmp_path / "x.rttm", text, recording) == [(0.5, 2.5, speaker)]


def test_two_recordings_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    text = LINE.format("/one/call.wav", "anna") + LINE.format("/two/call.wav", "ben")
    assert read(tmp_path / "x.rttm", text, "/two/call.wav") == [(0.5, 2.5, "ben")]
    with pytest.raises(SpeakersInvalid, match="turns of several that are called so"):
        read(tmp_path / "x.rttm", text, "call.wav")


def test_other_lines_of_an_rttm_are_passed_over(tmp_path: Path) -> None:
    tabs = LINE.format("call", "Anna Maria").replace(" ", "\t").replace("Anna\t", "Anna ")
    for text in (LINE.format("call", "a") + "END call 1 <NA> 18.6\n", "# by hand\n" + tabs):
        (found,) = read(tmp_path / "x.rttm", text)
        assert found[:2] == (0.5, 2.5)
    assert found[2] == "Anna Maria"


REFUSED = {
    "three fields": ("x.rttm", "SPEAKER call 1\n", "line 1: SPEAKER has 9 or 10 fields, not 3"),
    "no time": (
        "x.rttm",
        "\nSPEAKER call 1 x 1 <NA> <NA> a <NA> <NA>\n",
        "line 2: x is no time",
    ),
    "not an RTTM": (
        "x.rttm",
        "hello world\n",
        "line 1: hello is no turn, and no line begins with SPEAKER",
    ),
    "nothing": ("x.rttm", "", "no line begins with SPEAKER"),
    "Latin-1": ("x.rttm", "SPEAKER caf\u00e9", "line 1: SPEAKER has 9 or 10 fields, not 2"),
    "beyond": (
        "x.csv",
        "start,end,speaker\n11,12.5,a\n",
        "line 2: the turn of a from 11 to 12.5 s lies beyond the recording, which is 10.00 s long",
    ),
    "milliseconds without a name": (
        "x.csv",
        "start,end,speaker\n0,2500,a\n2500,6000,b\n6000,9000,a\n",
        "line 3: the turn of b from 2500 to 6000 s lies beyond",
    ),
    "infinite": ("x.csv", "start,end,speaker\n1,inf,a\n", "line 2: inf is no time"),
    "a short row": ("x.csv", "start,end,speaker\n1,2\n", "line 2: the speaker is missing"),
    "a column missing": ("x.csv", "start,end,name\n1,2,a\n", "line 1: there is no column speaker"),
    "mixed units": (
        "x.csv",
        "start_ms,end,speaker\n1,2,a\n",
        "line 1: the times in start_ms, end are not understood",
    ),
    "empty": ("x.csv", "", "line 1: there is no column start"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_turn_of_the_recording_is_refused(tmp_path: Path, kind: str) -> None:
    name, text, message = REFUSED[kind]
    with pytest.raises(SpeakersInvalid, match=message) as caught:
        read(tmp_path / name, text)
    assert str(tmp_path / name) in caught.value.message


SOUND = "SPEAKER call 1 0 1 <NA> <NA> a <NA> <NA>\nSPEAKER call 1 9 1.8 <NA> <NA> b <NA> <NA>\n"

UNFIT = {
    "beyond": (SOUND, (1, 2)),
    "wholly beyond": (SOUND + "SPEAKER call 1 14 1 <NA> <NA> a <NA> <NA>\n", (2, 2)),
    "negative": (SOUND + "SPEAKER call 1 -3 1 <NA> <NA> a <NA> <NA>\n", (2, 2)),
    "backwards": ("start,end,speaker\n0,1,a\n9,10,b\n5,4,b\n", (1, 4)),
    "no time": ("start,end,speaker\nsoon,1,a\n0,1,a\n9,10,b\n", (1, 2)),
    "a short row": ("start,end,speaker\n0,1,a\n9,10,b\n1,2\n", (1, 4)),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_what_does_not_fit_costs_itself_and_is_counted(tmp_path: Path, kind: str) -> None:
    text, said = UNFIT[kind]
    (tmp_path / "turns").write_text(text)
    fit = fit_turns(read_turns(tmp_path / "turns"), "call.wav", 10.0)
    assert [(turn.start, turn.end) for turn in fit.turns] == [(0.0, 1.0), (9.0, 10.0)]
    assert (fit.unfit, fit.line) == said


def test_a_file_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeakersInvalid, match=r"gone\.rttm: cannot be read"):
        read_turns(tmp_path / "gone.rttm")


def test_a_last_frame_beyond_the_recording_is_cut_off() -> None:
    (turn,) = fit_turns(read_turns([Turn(8.0, 10.3, "a")]), "call.wav", 10.0).turns
    assert turn.end == 10.0


def test_speech_is_cut_where_the_speaker_changes() -> None:
    assert cut([(1.0, 6.0), (8.0, 9.0)], (0.5, 3.0, "a"), (3.0, 7.0, "b"), (7.5, 9.5, "a")) == [
        (1.0, 3.0, "a"),
        (3.0, 6.0, "b"),
        (8.0, 9.0, "a"),
    ]


def test_two_voices_at_once_are_nobodys() -> None:
    assert cut([(0.0, 6.0)], (0.0, 4.0, "a"), (3.0, 6.0, "b")) == [
        (0.0, 3.0, "a"),
        (3.0, 4.0, None),
        (4.0, 6.0, "b"),
    ]


def test_turns_of_one_speaker_that_overlap_are_one() -> None:
    assert cut([(0.0, 6.0)], (0.0, 4.0, "a"), (3.0, 6.0, "a")) == [(0.0, 6.0, "a")]


def test_speech_without_a_turn_has_no_speaker() -> None:
    assert cut([(0.0, 2.0), (3.0, 5.0)], (3.0, 5.0, "a")) == [(0.0, 2.0, None), (3.0, 5.0, "a")]
    assert cut([(0.0, 2.0)]) == [(0.0, 2.0, None)]


def test_the_border_of_a_turn_is_not_believed_to_a_tenth_of_a_second() -> None:
    assert cut([(0.9, 5.1)], (1.0, 3.0, "a"), (3.1, 4.0, "b"), (3.9, 5.0, "c")) == [
        (0.9, pytest.approx(3.1), "a"),
        (pytest.approx(3.1), pytest.approx(4.0), "b"),
        (pytest.approx(4.0), 5.1, "c"),
    ]


@given(st.data())
def test_the_pieces_cover_the_speech_and_nothing_else(data: st.DataObject) -> None:
    times = st.integers(0, 400).map(lambda tenth: tenth / 20)
    edges = sorted(data.draw(st.lists(times, unique=True, min_size=2, max_size=8)))
    spans = [*zip(edges[::2], edges[1::2], strict=False)]
    turn = st.tuples(times, times, st.sampled_from("abc")).filter(lambda t: t[0] < t[1])
    turns = sorted(data.draw(st.lists(turn, max_size=8)))
    pieces = cut(spans, *turns)
    assert pieces == sorted(pieces, key=lambda piece: piece[0])
    assert sum(end - start for start, end, _ in pieces) == pytest.approx(
        sum(end - start for start, end in spans)
    )
    for start, end, speaker in pieces:
        assert any(first <= start < end <= last for first, last in spans)
        for moment in np.arange(start + COLLAR_S, end - COLLAR_S, 0.1):
            voices = {who for first, last, who in turns if first < moment < last}
            if speaker is not None and len(voices) == 1:
                assert voices == {speaker}


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture
def dialogue(corpora: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two actors of emodb in turn, three times; and who is heard when."""
    clips = [sorted((corpora / "emodb").glob(f"{who}*.opus"))[:3] for who in ("03", "08")]
    sound, lines, position = [], [], 0.0
    for pair in zip(*clips, strict=True):
        for speaker, clip in zip(("anna", "ben"), pair, strict=True):
            recording = decode(clip)
            part = resample(mix_to_mono(recording.samples), recording.sample_rate)
            seconds = len(part) / 16_000
            lines.append(f"SPEAKER x 1 {position:.3f} {seconds:.3f} <NA> <NA> {speaker} <NA> <NA>")
            sound.append(part)
            position += seconds
    soundfile.write(tmp_path / "call.wav", np.concatenate(sound), 16_000)
    (tmp_path / "turns.rttm").write_text("\n".join(lines))
    return tmp_path / "call.wav", tmp_path / "turns.rttm"


def test_the_result_says_who_felt_what(recognizer: Recognizer, dialogue: tuple[Path, Path]) -> None:
    call, rttm = dialogue
    result = recognizer.recognize(call, granularity="segment", speakers=rttm)
    Draft202012Validator(SCHEMA).validate(result.to_document())
    assert {segment.speaker for segment in result.segments} == {"anna", "ben"}
    order = [segment.speaker for segment in result.segments]
    changes = sum(a != b for a, b in pairwise(order))
    assert changes == 5
    turns = fit_turns(read_turns(rttm), "call.wav", result.audio.duration).turns
    for segment in result.segments:
        middle = (segment.start + segment.end) / 2
        (speaker,) = [turn.speaker for turn in turns if turn.start <= middle < turn.end]
        assert segment.speaker == speaker
    for name, summary in result.summary.speakers.items():
        own = [segment for segment in result.segments if segment.speaker == name]
        assert summary.speech == pytest.approx(sum(s.end - s.start for s in own))
        assert sum(summary.shares.values()) == pytest.approx(1)
        assert summary.dominant in {segment.emotion for segment in own}
    without = recognizer.recognize(call)
    assert without.scores == result.scores
    assert without.summary.speakers == {}
    spoken = [sum(s.end - s.start for s in r.segments) for r in (result, without)]
    assert spoken[0] == pytest.approx(spoken[1])


def test_a_stored_result_still_knows_who_spoke(
    recognizer: Recognizer, dialogue: tuple[Path, Path]
) -> None:
    call, rttm = dialogue
    document = recognizer.recognize(call, speakers=rttm).to_document()
    stored = result_from({**document, "id": "x", "files": []})
    assert stored.to_document() == document


def test_turns_may_be_given_as_they_are(recognizer: Recognizer) -> None:
    turns = [Turn(0.0, 4.0, "anna"), Turn(4.0, 8.2, "ben")]
    result = recognizer.recognize(VOICE, speakers=turns)
    assert [*result.summary.speakers] == ["anna", "ben"]
    with pytest.raises(SpeakersInvalid, match="<speakers>: the turn of carl from 9 to 10 s lies"):
        recognizer.recognize(VOICE, speakers=[Turn(9.0, 10.0, "carl")])


def test_the_command_takes_turns_and_names_what_is_wrong_with_them(tmp_path: Path) -> None:
    (tmp_path / "turns.csv").write_text("start,end,speaker\n0,4,安娜\n4,8,ben\n", encoding="utf-8")
    arguments = ["recognize", str(VOICE), "--model", "small", "--no-save", "--json", "--speakers"]
    done = CliRunner().invoke(app, [*arguments, str(tmp_path / "turns.csv")])
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert {segment["speaker"] for segment in document["segments"]} == {"安娜", "ben"}
    assert [*document["summary"]["speakers"]] == ["安娜", "ben"]
    (tmp_path / "turns.csv").write_text("start,end,speaker\n0,4,anna\n4,80,ben\n")
    done = CliRunner().invoke(app, [*arguments, str(tmp_path / "turns.csv")])
    assert done.exit_code == 0
    quality = json.loads(done.stdout)["quality"]
    assert "turns_unfit" in quality["warnings"]
    assert quality["details"]["turns_unfit"] == {"turns": 1, "line": 3}
    (tmp_path / "turns.csv").write_text("start,end,speaker\n40,44,anna\n44,80,ben\n")
    done = CliRunner().invoke(app, [*arguments, str(tmp_path / "turns.csv")])
    assert done.exit_code == 1
    failure = json.loads(done.stdout)
    assert failure["code"] == "speakers_invalid"
    assert "line 2" in failure["message"]


LONG_AUDIO = [
    (DOCS / name).read_text(encoding="utf-8") for name in ("long-audio.md", "long-audio.zh.md")
]


@pytest.mark.parametrize("document", LONG_AUDIO, ids=["en", "zh"])
def test_the_program_of_the_docs_runs(document: str, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    shutil.copy(VOICE, tmp_path / "speech.flac")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) >= 3


def test_the_numbers_of_the_docs_are_those_of_the_code() -> None:
    minutes = MEMORY_BYTES / 4 / SAMPLE_RATE / 60
    hour_mb = 4 * SAMPLE_RATE * 3600 / 1e6
    frame_bytes = 4 * len(LABEL_IDS) + 8  # scores and a time
    for text in LONG_AUDIO:
        assert f"{MEMORY_BYTES >> 20} MB" in text
        assert f"{minutes:.1f}" in text
        assert f"{round(hour_mb, -1):.0f} MB" in text
        assert str(frame_bytes) in text
        assert f"{COLLAR_S:g}" in text
        assert f"{TOLERATED_S:g}" in text
        assert f"{PASS_WINDOWS * WINDOW_SAMPLES // SAMPLE_RATE}" in text


def test_tens_of_thousands_of_turns_are_cut_in_one_pass_over_them() -> None:
    """As many as a form may hold, all of them running to the end; each by each would take hours."""
    turns = [Turn(n / 100, 6000.0, str(n)) for n in range(60_000)]
    spans = [(3.0 * n, 3.0 * n + 2) for n in range(2000)]
    stretches = cut_at_turns(spans, turns)
    assert [(s.start, s.end) for s in stretches[-2:]] == spans[-2:]
    assert {s.speaker for s in stretches} == {None, "0"}
