"""Lists in every form in which people save them: one row of a table here is one form.

Each goes through both doors, the batch's and that of labelled recordings, and gives the same rows.
"""

import codecs
import json
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import soundfile

from audio_files import speech
from voxcor.batch.items import Item
from voxcor.batch.run import run_batch
from voxcor.batch.sources import read_source
from voxcor.datasets.lists import ListRow, read_list
from voxcor.datasets.locate import locate
from voxcor.datasets.manifest import Manifest, read_manifest
from voxcor.errors import ManifestError, VoxcorError
from voxcor.options import RecordingOptions
from voxcor.result_folder import write_frames
from voxcor.results import Failure, Frames
from voxcor.stored_result import frames_from
from voxcor.tables.text import encoding_of, text_lines
from voxcor.tables.times import TimesUnclear, seconds, span_columns

# Name of the file, its bytes.
Files = dict[str, bytes]

# Of a row: line, path from the folder of the list, start and end in ms, label, speaker, key.
Found = tuple[int, str, int | None, int | None, str, str | None, str | None]

A, B = "calls/a.wav", "calls/b.wav"
CHINESE = "录音/客户 一.wav"


@dataclass(frozen=True)
class Form:
    """A list, and what it says."""

    files: Files
    rows: list[Found]

    @property
    def name(self) -> str:
        return next(iter(self.files))


def form(name: str, content: str | bytes, /, *rows: Found, **beside: str) -> Form:
    data = content if isinstance(content, bytes) else content.encode()
    return Form({name: data, **{n: t.encode() for n, t in beside.items()}}, [*rows])


def row(
    line: int,
    path: str = A,
    label: str = "happy",
    part: tuple[int, int] | tuple[None, None] = (None, None),
    speaker: str | None = None,
    key: str | None = None,
) -> Found:
    return (line, path, *part, label, speaker, key)


def parquet(**columns: list[object]) -> bytes:
    out = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.table(columns), out)
    return bytes(out.getvalue())


def json_lines(*objects: object) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)


BOTH = row(2), row(3, B, "sad")
FIRST_LINES = row(1), row(2, B, "sad")
CUT = row(2, part=(500, 2500)), row(3, B, "sad", (1000, 3250))

FORMS = {
    # separators, extensions
    "comma": form("list.csv", f"path,label\n{A},happy\n{B},sad\n", *BOTH),
    "tab": form("list.tsv", f"path\tlabel\n{A}\thappy\n{B}\tsad\n", *BOTH),
    "tab in csv": form("list.csv", f"path\tlabel\n{A}\thappy\n{B}\tsad\n", *BOTH),
    "semicolon": form("list.csv", f"path;label\n{A};happy\n{B};sad\n", *BOTH),
    "bar in txt": form("list.txt", f"path|label\n{A}|happy\n{B}|sad\n", *BOTH),
    "spaces": form("list.txt", f"path  label\n{A}  happy\n{B} sad\n", *BOTH),
    "tab file": form("LIST.TAB", f"label\tpath\nhappy\t{A}\nsad\t{B}\n", *BOTH),
    "sep=": form(
        "list.csv", f"sep=;\r\npath;label\r\n{A};happy\r\n{B};sad\r\n", row(3), row(4, B, "sad")
    ),
    "a comma in a head of semicolons": form(
        "list.csv", f"path;label;note, or not\n{A};happy;x,y\n{B};sad;\n", *BOTH
    ),
    "blank lines and empty rows": form(
        "list.csv", f"\n\npath,label\n\n{A},happy\n,,\n{B},sad\n\n", row(5), row(7, B, "sad")
    ),
    "quotes over lines": form(
        "list.csv",
        f'path,label,note\n{A},happy,"two\nlines"\n{B},sad,x\n',
        row(3),
        row(4, B, "sad"),
    ),
    "a quote that is never closed": form(
        "list.csv", f'note,path,label\n"oh,{A},happy\nx,{B},sad\n', *BOTH
    ),
    "a quote in a tsv": form(
        "list.tsv", f'path\tlabel\tsaid\n{A}\thappy\t"Oh" no\n{B}\tsad\t"well\n', *BOTH
    ),
    "wide separators": form("list.txt", f"路径，标签\n{A}，快乐\n{B}，悲伤\n", *BOTH),
    "spaces before quotes": form(
        "list.csv", f'path, label, note\n"{A}", "happy", "x, y"\n{B}, sad, z\n', *BOTH
    ),
    "empty columns at the end": form("list.csv", f"path,label,,\n{A},happy,,\n{B},sad,,\n", *BOTH),
    "mixed line ends": form("list.csv", f"path,label\r\n{A},happy\n{B},sad\r", *BOTH),
    # what stands before the head, or is none
    "a title": form("list.csv", f"Calls 2026\n\npath,label\n{A},happy\n", row(4)),
    "a title over columns": form("list.csv", f"Audio,,\npath,label,x\n{A},happy,\n", row(3)),
    "标题": form("清单.csv", f"录音标注表,\r\n文件名,情感\r\n{A},开心\r\n".encode("gbk"), row(3)),
    "comments": form(
        "list.csv",
        f"# tool 2, path\n# x\npath,label\n{A},happy\n# no, no\n{B},sad\n",
        row(4),
        row(6, B, "sad"),
    ),
    "comments in list.txt": form("list.txt", f"# mine\n{A}\n#{B}\n", row(2, label="")),
    "a name with a hash": form(
        "list.txt", f"{A}\n#1.wav\n", row(1, label=""), row(2, "#1.wav", "")
    ),
    "a number with a hash": form("list.csv", f"no,path,label\n#1,{A},happy\n", row(2)),
    "two lists in one": form(
        "list.csv", f"path,label\n{A},happy\npath,label\n{B},sad\n", row(2), row(4, B, "sad")
    ),
    "no head": form("list.csv", f"{A},happy\n{B},sad\n", *FIRST_LINES),
    "no head, the label first": form("list.txt", f"快乐 {A}\n悲伤 {B}\n", *FIRST_LINES),
    "no head, no label": form("list.txt", f"{A}|7|hi\n{B}|8|ho\n", row(1, label=""), row(2, B, "")),
    # names of columns
    "spaces and capitals": form("list.csv", f" File Name , LABEL \n{A},happy\n{B},sad\n", *BOTH),
    "camel": form("list.csv", f"FileName,EmoClass\n{A},happy\n{B},sad\n", *BOTH),
    "audio, emotion": form("list.csv", f"audio,emotion\n{A},happy\n{B},sad\n", *BOTH),
    "pandas' index": form("list.csv", f",file,emo\n0,{A},happy\n1,{B},sad\n", *BOTH),
    "路径": form(
        "list.csv",
        f"路径,标签,说话人\n{A},快乐,安娜\n{B},悲伤,\n",
        row(2, speaker="安娜"),
        row(3, B, "sad"),
    ),
    "文件名, 情绪": form("清单.csv", f"文件名;情绪\n{A};开心\n{B};难过\n", *BOTH),
    "speaker_id, utt": form(
        "list.csv",
        f"utt_id,wav,label,speaker_id\nu1,{A},happy,7\nu2,{B},sad,8\n",
        row(2, speaker="7", key="u1"),
        row(3, B, "sad", speaker="8", key="u2"),
    ),
    "a number beside the name": form(
        "list.csv", f"path,label,emotion\n{A},3,happy\n{B},6,sad\n", *BOTH
    ),
    "a number, and what it means": form(
        "list.csv", f"path,label,label_text\n{A},3,happy\n{B},6,sad\n", *BOTH
    ),
    "class_id, class_name": form(
        "list.csv", f"path,class_id,class_name\n{A},3,happy\n{B},6,sad\n", *BOTH
    ),
    "两种语言": form(
        "list.csv", f"音频名称,情感（中文）,情感（英文）\n{A},快乐,happy\n{B},悲伤,sad\n", *BOTH
    ),
    "MSP-Podcast": form(
        "labels.csv",
        f"FileName,EmoClass,SpkrID,Split_Set\n{A},happy,127,Train\n",
        row(2, speaker="127"),
    ),
    "folder, name": form(
        "list.csv", "folder,filename,emotion\ncalls,a.wav,happy\ncalls,b.wav,sad\n", *BOTH
    ),
    # labels
    "scores": form("list.csv", f"path,label\n{A},happy:0.8\n{B},悲伤（70%）\n", *BOTH),
    "both names": form("list.csv", f"path,label\n{A},快乐(happy)\n{B},Sad 悲伤\n", *BOTH),
    "SenseVoice's tags": form(
        "list.csv", f"path,label\n{A},<|zh|><|HAPPY|><|Speech|>你好\n{B},<|SAD|>\n", *BOTH
    ),
    "FunASR's labels": form("list.csv", f"path,label\n{A},开心/happy\n{B},难过/sad\n", *BOTH),
    # one path a line
    "list.txt": form("list.txt", f"{A}\n{B}\n", row(1, label=""), row(2, B, "")),
    "list.txt with commas": form(
        "list.txt",
        "calls/a, one.wav\n\ncalls/b;2.wav\n",
        row(1, "calls/a, one.wav", ""),
        row(3, "calls/b;2.wav", ""),
    ),
    "list.csv of paths": form("list.csv", f"{A}\r\n{B}\r\n", row(1, label=""), row(2, B, "")),
    "one column": form("list.csv", "path\ncalls/a, one.wav\n", row(2, "calls/a, one.wav", "")),
    # JSON
    "json lines": form(
        "list.jsonl",
        json_lines({"path": A, "label": "happy"}, {"path": B, "label": "sad"}),
        *FIRST_LINES,
    ),
    "ndjson": form("list.ndjson", "\n" + json_lines({"file": A, "emo": "happy"}), row(2)),
    "NeMo": form(
        "train.json",
        json_lines(
            {"audio_filepath": A, "offset": 0.5, "duration": 2, "label": "happy", "speaker": "a"},
            {"audio_filepath": B, "duration": 2.5, "label": "sad"},
        ),
        row(1, part=(500, 2500), speaker="a"),
        row(2, B, "sad"),
    ),
    "array": form(
        "list.json",
        json.dumps([{"path": A, "label": "happy"}, {"path": B, "label": "sad"}]),
        row(1),
        row(1, B, "sad"),
    ),
    "array over lines": form(
        "list.json",
        json.dumps([{"path": A, "label": "happy"}, {"path": B, "label": "sad"}], indent=1),
        row(2),
        row(6, B, "sad"),
    ),
    "SpeechBrain": form(
        "train.json",
        json.dumps({"u1": {"wav": A, "emo": "hap", "length": 3.0}}, indent=2),
        row(2, key="u1"),
    ),
    "array within": form(
        "list.json",
        json.dumps({"version": 1, "data": [{"path": A, "label": "happy"}]}, indent=1),
        row(4),
    ),
    "labels by paths": form(
        "list.json", json.dumps({A: "happy", B: "sad"}), row(1), row(1, B, "sad")
    ),
    "rows by paths": form("list.json", json.dumps({A: {"emo": "happy"}}, indent=1), row(2)),
    "lhotse": form(
        "cuts.jsonl",
        json_lines(
            {
                "id": "c",
                "start": 0.5,
                "duration": 3,
                "type": "MonoCut",
                "supervisions": [
                    {
                        "id": "s",
                        "start": 0.5,
                        "duration": 1,
                        "speaker": "anna",
                        "custom": {"emotion": "happy"},
                    },
                    {"id": "t", "start": 1, "duration": 2, "custom": {"emotion": "sad"}},
                ],
                "recording": {"id": "r", "sources": [{"type": "file", "source": A}]},
            }
        ),
        row(1, part=(1000, 2000), speaker="anna", key="s"),
        row(1, A, "sad", (1500, 3500), key="t"),
    ),
    "json in txt": form("list.txt", json_lines({"path": A, "label": "happy"}), row(1)),
    # Parquet
    "parquet": form("list.parquet", parquet(Audio=[A, B], Emotion=["happy", "sad"]), *FIRST_LINES),
    "parquet of parts": form(
        "list.parquet",
        parquet(path=[A, B], label=["happy", "sad"], start=[0.5, None], end=[2.5, float("nan")]),
        row(1, part=(500, 2500)),
        row(2, B, "sad"),
    ),
    # Kaldi
    "wav.scp": form(
        "wav.scp", f"u1 {A}\nu2  {B}\n", row(1, label="", key="u1"), row(2, B, "", key="u2")
    ),
    "wav.scp, tabs, mark": form(
        "wav.scp",
        f"\ufeffu1\t{A}\r\nu2\t{B}\r\n",
        row(1, label="", key="u1"),
        row(2, B, "", key="u2"),
    ),
    "Kaldi's folder": form(
        "wav.scp",
        f"r1 {A}\nr2 {B}\n",
        row(1, part=(500, 2500), speaker="anna", key="u1"),
        row(2, B, "sad", (0, 31_622_400_000), speaker="ben", key="u2"),
        segments="u1 r1 0.5 2.5\nu2 r2 0 -1\n",
        utt2spk="u1 anna\nu2 ben\n",
        utt2emo="u1 happy\nu2 sad\n",
    ),
    "wav.scp as txt": form(
        "wav.txt", f"u1 {A}\nu2 {B}\n", row(1, label="", key="u1"), row(2, B, "", key="u2")
    ),
    "text of emotions": form(
        "wav.scp",
        f"u1 {A}\nu2 {B}\n",
        row(1, key="u1"),
        row(2, B, "sad", key="u2"),
        text="u1 happy\nu2 难过\n",
    ),
    "text of words": form(
        "wav.scp",
        f"u1 {A}\n",
        row(1, label="", key="u1"),
        text="u1 I am so happy\n",
    ),
    "FunASR's folder": form(
        "train_wav.scp",
        f"u1 {A}\nu2 {B}\n",
        row(1, key="u1"),
        row(2, B, "sad", key="u2"),
        **{"train_emo.txt": "u1 <|HAPPY|>\nu2 <|SAD|>\n", "train_text.txt": "u1 hi\nu2 ho\n"},
    ),
    "FunASR's jsonl": form(
        "train.jsonl",
        json_lines({"key": "u1", "source": A, "target": "sad", "emo_target": "<|HAPPY|>"})
        + json_lines({"key": "u2", "source": B, "target": "hi", "emo_target": "<|SAD|>"}),
        row(1, key="u1"),
        row(2, B, "sad", key="u2"),
    ),
    # Hugging Face
    "metadata.csv": form("metadata.csv", f"file_name,label\n{A},happy\n{B},sad\n", *BOTH),
    "metadata.jsonl": form(
        "metadata.jsonl", json_lines({"file_name": A, "label": "happy"}), row(1)
    ),
    # times
    **{
        name: form("list.csv", f"path,label,{head}\n{A},happy,{first}\n{B},sad,{second}\n", *CUT)
        for name, (head, first, second) in {
            "start, end": ("start,end", "0.5,2.5", "1,3.25"),
            "start_ms, end_ms": ("start_ms,end_ms", "500,2500", "1000,3250"),
            "offset, duration": ("offset,duration", "0.5,2", "1,2.25"),
            "begin, end": ("Begin,End", "0.5,2.5", "1,3.25"),
            "StartTime": ("StartTime,EndTime", "0.5,2.5", "1,3.25"),
            "start (ms)": ("start (ms),duration (ms)", "500,2000", "1000,2250"),
            "开始时间": ("开始时间,结束时间", "0.5,2.5", "1,3.25"),
            "开始（毫秒）": ("开始（毫秒）,时长（毫秒）", "500,2000", "1000,2250"),
            "clock": ("start,end", "00:00:00.5,00:00:02.5", "0:01,0:03.25"),
            "clock with commas": ("start,end", '"00:00:00,500","00:00:02,500"', '0:01,"0:03,25"'),
            "with units": ("start,end", "500ms,2.5 s", "1秒,3250毫秒"),
            "onset, offset": ("onset,offset", "0.5,2.5", "1,3.25"),
            "Timedelta": (
                "start,end",
                "0 days 00:00:00.500000,0 days 00:00:02.500000",
                "0 days 00:00:01,0 days 00:00:03.250000",
            ),
            "分秒": ("起始时间,终止时间", "0分0.5秒,0分2.5秒", "1秒,0分3.25秒"),
            "ISO 8601": ("start,end", "PT0.5S,PT2.5S", "1s,0m3.25s"),
            "ts_start": ("ts_start,ts_end", "0.5,2.5", "1,3.25"),
            "both": ("start_time,end_time,duration", "0.5,2.5,2", "1,3.25,2.25"),
        }.items()
    },
    "decimal commas": form(
        "list.csv", f"path;label;start;end\n{A};happy;0,500;2,5\n{B};sad;1,0;3,25\n", *CUT
    ),
    "no time is the whole": form(
        "list.csv",
        f"path,label,start,end\n{A},happy,0.5,2.5\n{B},sad,,\n",
        CUT[0],
        row(3, B, "sad"),
    ),
    "a duration alone is the recording's": form(
        "list.csv", f"path,label,duration\n{A},happy,3.5\n{B},sad,2\n", *BOTH
    ),
    "to the end": form(
        "db.csv",
        f"file,start,end,emotion\n{A},0 days,NaT,happy\n",
        row(2, part=(0, 31_622_400_000)),
    ),
    # paths
    "no ending": form("list.csv", "path,label\ncalls/a,happy\ncalls\\b,sad\n", *BOTH),
    "what nobody sees": form(
        "list.csv", f"path,label\n\u202a{A}\u200b,happy\u200b\n\u00a0{B},\ufeffsad\n", *BOTH
    ),
    "a zero": form("list.csv", f"path,label,note\n{A},happy,x\0y\n{B},sad,\n", *BOTH),
    "backslashes": form("list.csv", "path,label\ncalls\\a.wav,happy\ncalls\\b.wav,sad\n", *BOTH),
    "file:": form("list.csv", "path,label\nfile:./calls/a.wav,happy\ncalls%2Fb.wav,sad\n", *BOTH),
    "apostrophe before a formula": form(
        "list.csv", "path,label\n'=1+1.wav,happy\n", row(2, "=1+1.wav")
    ),
    # encodings
    "GBK": form("list.csv", f"路径,标签\n{CHINESE},愤怒\n".encode("gbk"), row(2, CHINESE, "angry")),
    "Unicode text": form(
        "list.txt", f"路径\t标签\r\n{CHINESE}\t愤怒\r\n".encode("utf-16"), row(2, CHINESE, "angry")
    ),
}

RECORDINGS = (A, B, CHINESE, "calls/a, one.wav", "calls/b;2.wav", "=1+1.wav", "#1.wav")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of four seconds, each another."""
    folder = tmp_path_factory.mktemp("recordings")
    for seed, name in enumerate(RECORDINGS):
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / name, speech(4, seed=seed), 16_000)
    return folder


@pytest.fixture
def folder(recordings: Path, tmp_path: Path) -> Path:
    shutil.copytree(recordings, tmp_path, dirs_exist_ok=True)
    return tmp_path


def listed(folder: Path, source: Path) -> list[tuple[object, ...]]:
    """What the batch's door makes of it: line, path, start, end, key."""
    rows: list[tuple[object, ...]] = []
    for entry in read_source(str(source)):
        assert isinstance(entry, Item), entry
        assert entry.listed
        line = int(entry.listed.rpartition(":")[2])
        path = Path(entry.path).relative_to(folder).as_posix()
        rows.append((line, path, entry.start_ms, entry.end_ms, entry.key))
    return rows


def samples(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32")[0]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_gives_its_rows_at_both_doors(name: str, folder: Path) -> None:
    given = FORMS[name]
    for path, data in given.files.items():
        (folder / path).write_bytes(data)
    source = folder / given.name
    expected = [(line, path, a, b, key) for line, path, a, b, _, _, key in given.rows]
    assert listed(folder, source) == expected
    if not any(label for *_, label, _, _ in given.rows):
        with pytest.raises(ManifestError, match="needs one of the columns label9, label"):
            read_manifest(source)
        return
    manifest = read_manifest(source)
    assert {p.code for p in manifest.problems} <= {"few_clips", "one_class", "no_speakers"}
    rows = zip(manifest.utterances, given.rows, strict=True)
    for utterance, (line, path, start, end, label, speaker, _) in rows:
        assert (utterance.row, utterance.label, utterance.speaker) == (line, label, speaker)
        if start is None or end is None:
            assert utterance.path == folder / path
        else:
            part = samples(folder / path)[16 * start : 16 * end]
            np.testing.assert_allclose(samples(utterance.path), part, atol=2**-15)


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk")


@pytest.mark.parametrize(
    ("encoding", "separator", "end"), [*product(ENCODINGS, ",;\t|", ("\n", "\r\n", "\r"))]
)
def test_the_same_list_is_the_same_however_it_is_saved(
    encoding: str, separator: str, end: str, folder: Path
) -> None:
    rows = [
        ("文件", "情感", "备注"),
        (CHINESE, "愤怒", "他很生气"),
        (A, "快乐", '"好"'),
        (B, "悲伤", ""),
    ]
    text = "".join(separator.join(cells) + end for cells in rows)
    (folder / "list.csv").write_bytes(marked(text, encoding))
    expected = [(2, CHINESE, None, None, None), (3, A, None, None, None), (4, B, None, None, None)]
    assert listed(folder, folder / "list.csv") == expected
    found = read_manifest(folder / "list.csv").utterances
    assert [u.label for u in found] == ["angry", "happy", "sad"]
    assert [u.columns.get("备注") for u in found] == ["他很生气", "好", None]


def marked(text: str, encoding: str) -> bytes:
    mark = {"utf-16-le": b"", "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    return mark + text.encode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("path,label\n錄音/客戶投訴.wav,憤怒\n錄音/王小明.wav,快樂\n", "big5"),
        ("ファイル,感情\n録音/お客様の声.wav,怒り\n", "cp932"),
        ("path,label\nMüller.wav,Ärger\nGröße.wav,fröhlich\n", "cp1252"),
        ("path,label\na.wav,Ärger\n", "cp1252"),
        ("path,label\ncréée.wav,dégoût\n", "cp1252"),
        ("path,label,note\na.wav,sad,don\u2019t \u201cgo\u201d\n", "cp1252"),
        ("path,label\nзапись.wav,злость\n", "utf-8"),
        ("path,label\na.wav,喜\nb.wav,怒\nc.wav,哀\n", "gb18030"),
    ],
)
def test_an_encoding_is_told_from_the_bytes(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert encoding_of(data) == encoding
    assert "".join(text_lines(data)) == text


def test_a_few_bytes_that_are_no_utf8_cost_the_others_nothing(folder: Path) -> None:
    data = f"path,label\n{CHINESE},愤怒\n".encode() + b"caf\xe9.wav,sad\n"
    (folder / "list.csv").write_bytes(data)
    first, second = read_source(str(folder / "list.csv"))
    assert Path(first.path) == folder / CHINESE
    assert second.path.endswith("caf\udce9.wav")


@pytest.mark.parametrize("listed_as", ["NFC", "NFD"])
@pytest.mark.parametrize("forms", [*product(("NFC", "NFD"), repeat=2)])
def test_a_name_is_found_in_either_form_of_unicode(
    listed_as: str, forms: tuple[str, str], tmp_path: Path
) -> None:
    folder, name = (
        unicodedata.normalize(f, t) for f, t in zip(forms, ("café", "é.wav"), strict=True)
    )
    (tmp_path / folder).mkdir()
    (tmp_path / folder / name).touch()
    named = unicodedata.normalize(listed_as, "café/é.wav")  # type: ignore[arg-type]
    assert locate(named, tmp_path) == tmp_path / folder / name


FLAWS = {
    "no path": ("list.csv", "path,label\n,sad\n{A},happy\n", 2, "names no file"),
    "too many cells": ("list.csv", "path,label\ncalls,a.wav,sad\n{A},happy\n", 2, "has 3 cells"),
    "no object": (
        "list.jsonl",
        '{{"path": "{A}", "label": "happy"}}\n{{"pa\n',
        2,
        "no JSON object",
    ),
    "no end": ("list.csv", "path,label,start,end\n{A},sad,1,\n{B},happy,0,1\n", 2, "start=1, end="),
    "a date": (
        "list.csv",
        "path,label,start,end\n{A},sad,2026-01-03,2026-01-04\n{B},happy,0,1\n",
        2,
        "start=2026-01-03",
    ),
    "backwards": (
        "list.csv",
        "path,label,start,end\n{A},sad,2,1\n{B},happy,0,1\n",
        2,
        "no stretch",
    ),
    "thousands or decimals": (
        "list.tsv",
        "path\tlabel\tstart\tend\n{A}\tsad\t0\t1,250\n{B}\thappy\t0\t1\n",
        2,
        "end=1,250",
    ),
    "half a segment in an object": (
        "list.jsonl",
        '{{"path": "{A}", "label": "happy"}}\n{{"path": "{B}", "label": "sad", "offset": 2}}\n',
        2,
        "not understood, in offset",
    ),
    "a command": ("wav.scp", "u1 sox x.wav |\nu2 {A}\n", 1, "is a command"),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_costs_its_row_and_names_its_line(name: str, folder: Path) -> None:
    file, text, line, reason = FLAWS[name]
    source = folder / file
    source.write_text(text.format(A=A, B=B))
    rows = [*read_source(str(source))]
    (failure,) = (row for row in rows if isinstance(row, Failure))
    assert failure.path == f"{source}:{line}"
    assert reason in failure.message
    assert len(rows) == 2
    if file != "wav.scp":
        manifest = read_manifest(source)
        assert [utterance.label for utterance in manifest.utterances] == ["happy"]
        assert any(p.row == line and reason in p.message for p in manifest.problems)


NO_LISTS = {
    "no path column": ("list.csv", "name,label\nx,sad\n", "its columns are: name, label"),
    "no path column in objects": ("list.jsonl", '{"name": "x"}\n', "its columns are: name"),
    "no path column in Parquet": ("l.parquet", parquet(name=["x"]), "its columns are: name"),
    "rows without a head": ("list.csv", "calls/a,happy\ncalls/b,sad\n", "columns are: calls/a"),
    "half a segment": ("list.csv", f"path,label,start\n{A},sad,1\n", "not understood, in start"),
    "other units": (
        "list.csv",
        f"path,label,start_frame,end_frame\n{A},sad,1,2\n",
        "in start_frame, end_frame",
    ),
    "mixed units": ("list.csv", f"path,label,start_ms,end\n{A},sad,1,2\n", "in start_ms, end"),
    "empty": ("list.csv", "", "is empty"),
    "a workbook": ("list.xlsx", b"PK\3\4", "save its sheet as CSV"),
    "no Parquet": ("l.parquet", b"PAR1", "is no Parquet file"),
    "no JSON": ("list.json", "[1, 2]", "row 1 is no JSON object"),
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_is_refused_with_what_was_looked_for(name: str, tmp_path: Path) -> None:
    file, content, reason = NO_LISTS[name]
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / file).write_bytes(data)
    doors: list[Callable[[], object]] = [lambda: [*read_source(str(tmp_path / file))]]
    if file != "list.json":  # which may be another tool's, to whom it says nothing either
        doors.append(lambda: read_manifest(tmp_path / file))
    for door in doors:
        with pytest.raises(VoxcorError, match=reason):
            door()


def test_a_folder_is_described_by_the_list_in_it(folder: Path) -> None:
    (folder / "metadata.csv").write_text(f"file_name,label\n{A},happy\n{B},sad\n")
    assert labels_of(read_manifest(folder)) == ["happy", "sad"]
    (folder / "metadata.csv").rename(folder / "calls" / "metadata.csv")
    text = (folder / "calls" / "metadata.csv").read_text().replace("calls/", "")
    (folder / "calls" / "metadata.csv").write_text(text)
    manifest = read_manifest(folder)
    assert labels_of(manifest) == ["happy", "sad"]
    assert {utterance.columns["split"] for utterance in manifest.utterances} == {"calls"}


def test_names_without_endings_cost_one_listing_of_each_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["path"]
    for place, number in product(("a", "b"), range(20)):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / f"{number}.wav").touch()
        rows.append(f"{place}/{number}")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    seen: list[Path] = []
    iterdir = Path.iterdir

    def counted(folder: Path) -> Iterator[Path]:
        seen.append(folder)
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", counted)
    found = [row for row in read_list(tmp_path / "list.csv") if isinstance(row, ListRow)]
    assert [row.file.relative_to(tmp_path).as_posix() for row in found] == [
        f"{name}.wav" for name in rows[1:]
    ]
    assert sorted(seen) == [tmp_path / "a", tmp_path / "b"]


def labels_of(manifest: Manifest) -> list[str]:
    return [utterance.label for utterance in manifest.utterances]


def test_a_part_is_heard_and_no_more_and_its_times_are_the_recording_s(tmp_path: Path) -> None:
    silence = np.zeros(3 * 16_000, np.float32)
    sound = np.concatenate([silence, speech(2, seed=1), silence])
    soundfile.write(tmp_path / "call.wav", sound, 16_000)
    soundfile.write(tmp_path / "part.wav", sound[32_000:88_000], 16_000)
    (tmp_path / "list.csv").write_text(
        "path,start,end,id\ncall.wav,2,5.5,part\ncall.wav,,,whole\npart.wav,,,alone\n"
        "call.wav,0,1,silent\ncall.wav,9,10,beyond\ngone.wav,0,1,gone\n"
    )
    options = RecordingOptions(granularity="frame", embedding=True)
    batch = run_batch(str(tmp_path / "list.csv"), tmp_path / "out", model="small", options=options)
    rows = {row["key"]: row for row in map(json.loads, batch.table.read_text().splitlines())}
    part, whole, alone = (rows[key] for key in ("part", "whole", "alone"))
    assert (part["start_ms"], part["end_ms"]) == (2000, 5500)
    assert "start_ms" not in whole
    assert part["scores"] == alone["scores"]
    assert part["audio"] == whole["audio"]
    moved = [(s["start_ms"] + 2000, s["end_ms"] + 2000) for s in alone["segments"]]
    assert [(s["start_ms"], s["end_ms"]) for s in part["segments"]] == moved
    for side, more in (("start", 2000), ("end", 2500)):
        trimmed = f"trimmed_{side}_ms"
        assert part["preprocessing"][trimmed] == alone["preprocessing"][trimmed] + more
    curve, own = (
        np.loadtxt(batch.folder / row["frames"], delimiter=",", skiprows=1) for row in (part, alone)
    )
    np.testing.assert_allclose(curve[:, 0], own[:, 0] + 2000)
    np.testing.assert_array_equal(curve[:, 1:], own[:, 1:])
    assert part["embedding"] != whole["embedding"]
    assert rows["silent"]["code"] == "no_speech"
    assert rows["beyond"]["code"] == "audio_too_short"
    assert rows["gone"]["code"] == "input_not_found"
    assert f"{tmp_path / 'list.csv'}:7: " in rows["gone"]["message"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["start_date", "end_date"], None),
        (["trend", "friend", "offset_db"], None),
        (["duration"], None),
        (["start", "end", "start_ms", "end_ms"], ("start", "end")),
        (["offset", "duration"], ("offset", "duration")),
        (["t_start", "t_end"], ("t_start", "t_end")),
        (["end"], TimesUnclear),
        (["start", "begin", "end"], TimesUnclear),
        (["start_sample", "end_sample"], TimesUnclear),
    ],
)
def test_columns_of_times_are_known_by_name(names: list[str], found: object) -> None:
    if found is TimesUnclear:
        with pytest.raises(TimesUnclear):
            span_columns(names)
    else:
        columns = span_columns(names)
        assert (columns and (columns.start.name, columns.end.name)) == found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.5", 2.5),
        ("2,5", 2.5),
        ("1,250", None),
        ("00:00:02.5", 2.5),
        ("1:02.5", 62.5),
        ("00:00:02,500", 2.5),
        ("00：00：02.5", 2.5),
        ("1:2:3", 3723.0),
        ("2500ms", 2.5),
        ("1:62", None),
        ("inf", None),
        ("nan", None),
        ("0x1", None),
        ("1_0", None),
        ("", None),
        ("2026-01-03 10:00:00", None),
        ("1" * 5000, None),
        ("1e400", None),
        ("soon", None),
    ],
)
def test_a_time_is_read_as_it_is_written(text: str, value: float | None) -> None:
    assert seconds(text) == (value if value is None else pytest.approx(value))


def test_a_csv_of_ours_opens_in_a_spreadsheet_and_comes_back_as_a_list(folder: Path) -> None:
    (folder / "calls.csv").write_text(f"id,path\n客户,{CHINESE}\n二,{A}\n", encoding="utf-8")
    batch = run_batch(
        str(folder / "calls.csv"),
        folder / "out",
        model="small",
        options=RecordingOptions(granularity="segment"),
        table="csv",
    )
    segments = batch.folder / "segments.csv"
    for table in (batch.table, segments):
        assert table.read_bytes().startswith(codecs.BOM_UTF8)
    again = [*read_source(str(batch.table))]
    assert [(item.path, item.key) for item in again if isinstance(item, Item)] == [
        (str(folder / CHINESE), "客户"),
        (str(folder / A), "二"),
    ]
    parts = read_manifest(segments).utterances
    assert len(parts) == len(segments.read_text("utf-8-sig").splitlines()) - 1
    assert all(utterance.path.parent.parent.name == "stretches" for utterance in parts)


@pytest.mark.parametrize(
    ("label", "label_map", "found"),
    [
        ("angry;sad", {}, "has several labels, angry, sad: give one, or map them"),
        ("愤怒、悲伤", {}, "has several labels, angry, sad"),
        ("angry;sad", {"angry;sad": "angry"}, "angry"),
        ("3", {}, "its label 3 is a code; say what each means, as in --label-map 3=happy"),
        ("A", {}, "its label A is a code"),
        ("A", {"a": "angry"}, "angry"),
    ],
)
def test_a_label_that_is_not_one_is_named_row_by_row(
    label: str, label_map: dict[str, str], found: str, folder: Path
) -> None:
    (folder / "list.csv").write_text(f"path,label\n{A},{label}\n{B},sad\n", encoding="utf-8")
    manifest = read_manifest(folder / "list.csv", label_map=label_map)
    if label_map:
        assert [u.label for u in manifest.utterances] == [found, "sad"]
    else:
        assert [u.label for u in manifest.utterances] == ["sad"]
        assert found in manifest.problems[0].message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"path,label,label\na.wav,happy,sad\n", "several of its columns are called label"),
        (b"PK\x03\x04\x14\0\x06\0", "it is a workbook; save its sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "it is a workbook"),
        (b"path,label\nhttps://x.org/a.wav,happy\n", "is an address, and nothing is fetched"),
        (b"path,label,start,end\na.wav,sad,00:00:01:12,2\n", "understood are 2.5, 2500 ms, 0:02.5"),
        (b"path,label,start,end\na.wav,sad,2,1\n", "no stretch: start=2, end=1."),
        (b"Utterance,Emotion,Dialogue_ID\nhi,sad,0\n", "its columns are: Utterance, Emotion, Dial"),
    ],
)
def test_a_list_that_is_refused_says_what_was_found(
    content: bytes, said: str, folder: Path
) -> None:
    (folder / "list.csv").write_bytes(content)
    with pytest.raises(ManifestError, match=re.escape(said)):
        read_manifest(folder / "list.csv")


@pytest.mark.parametrize("label", ["happy", "高兴"])
def test_a_curve_has_a_mark_where_its_labels_need_one(label: str, tmp_path: Path) -> None:
    frames = Frames(np.array([0.01]), np.array([[1.0]], np.float32), (label,))
    write_frames(tmp_path / "frames.csv", frames)
    data = (tmp_path / "frames.csv").read_bytes()
    assert data.startswith(codecs.BOM_UTF8) == (not label.isascii())
    assert frames_from(data.decode(), {"scores": {label: 1.0}}).labels == (label,)
