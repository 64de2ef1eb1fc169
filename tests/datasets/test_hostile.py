"""Lists that strangers send, through every reader of one: a typed error, or rows and failures.

Valid files of each kind are the seeds; what is done to them is drawn from a seeded generator.
"""

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command import voxcor
from places import VOICE
from voxcor.batch.archives import Archive
from voxcor.batch.sources import read_source
from voxcor.datasets.manifest import read_manifest
from voxcor.errors import ManifestError, SpeakersInvalid, VoxcorError
from voxcor.exports import FORMATS, export
from voxcor.exports.content import read_content
from voxcor.result_folder import save
from voxcor.results import Failure
from voxcor.speaker_turns import Turn, cut_at_turns, fit_turns, parse_turns, read_turns
from voxcor.tables import MOST_LINE
from voxcor.untrusted import printable

LONG = "x" * 5000
DIGITS = "1" * 5000
DEEP = "[" * 100_000

CSV = f"path,label,speaker,start_time,end_time\n{VOICE},happy,anna,0.5,2\na.wav,sad,ben,,\n"
JSONL = "".join(
    json.dumps({"path": path, "label": "sad", "speaker": "a", "start_time": 0, "end_time": 1})
    + "\n"
    for path in (str(VOICE), "a.wav")
)
SCP = f"one {VOICE}\ntwo a.wav\n"
RTTM = "SPEAKER call 1 0.50 2.00 <NA> <NA> anna <NA> <NA>\nSPEAKER call 1 3 1 <NA> <NA> b <NA>\n"
TURNS = "start,end,speaker\n0.5,2.5,anna\n2.75,4,ben\n"
EAF = """<ANNOTATION_DOCUMENT><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2500"/>
</TIME_ORDER><TIER TIER_ID="emotion"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"
TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>happy</ANNOTATION_VALUE>
</ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 5
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "emotion"
        xmin = 0
        xmax = 5
        intervals: size = 1
        intervals [1]:
            xmin = 0.5
            xmax = 2.5
            text = "happy"
"""
LABELSTUDIO = json.dumps(
    [
        {
            "data": {"audio": "call.wav"},
            "annotations": [
                {
                    "result": [
                        {
                            "type": "labels",
                            "value": {"start": 0.5, "end": 2, "labels": ["happy"]},
                            "meta": {"text": ["anna"]},
                        }
                    ]
                }
            ],
        }
    ]
)


MIN = [{"id": 1, "audio": "call.wav", "emotion": [{"start": 0, "end": 1, "labels": ["sad"]}]}]
MIN_CSV = """"annotation_id","annotator","audio","emotion","id","lead_time","mood"
1,1,"call.wav","[{""start"": 0.5, ""end"": 2, ""labels"": [""happy""]}]",1,12.3,"sad"
"""
TRACK = "0.500000\t2.500000\tanna: happy 85.3%\n\\\t100.0\t4000.0\n3.0\t4.0\tsad\n"


def binary_grid() -> bytes:
    texts = (b"\0\7emotion", b"\0\5happy", b"\xff\xff\0\2" + "小明".encode("utf-16-be"))
    times = struct.pack(">dd", 0, 5)
    head = b"ooBinaryFile\x08TextGrid" + times + b"\1" + struct.pack(">i", 1)
    tier = b"\x0cIntervalTier" + texts[0] + times + struct.pack(">i", 2)
    return head + tier + times + texts[1] + times + texts[2]


def parquet() -> bytes:
    out = io.BytesIO()
    table = pa.table({"path": [str(VOICE), "a.wav"], "key": ["one", "two"]})
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("calls/a.wav", VOICE.read_bytes()[:4000])
        made.writestr("../b.flac", b"short")
        made.writestr("/etc/c.mp3", b"")
    return out.getvalue()


def batch(path: Path) -> None:
    with_archive = Archive(maximum_min=120)
    try:
        for item in read_source(str(path)):
            if not isinstance(item, Failure) and item.member:
                with suppress(VoxcorError), with_archive.file_of(item, path.parent):
                    pass
    finally:
        with_archive.close()


def labelled(path: Path) -> None:
    read_manifest(path)


def turns(path: Path) -> None:
    fit_turns(read_turns(path), "call.wav", 5.0)
    fit_turns(parse_turns(path.read_text(errors="replace"), "turns"), "call.wav", 5.0)


Door = Callable[[Path], None]

SEEDS: dict[str, tuple[bytes, tuple[Door, ...]]] = {
    "list.csv": (CSV.encode(), (batch, labelled)),
    "list.jsonl": (JSONL.encode(), (batch, labelled)),
    "wav.scp": (SCP.encode(), (batch,)),
    "list.tsv": (CSV.replace(",", "\t").encode("utf-16"), (batch, labelled)),
    "semicolons.csv": (CSV.replace(",", ";").encode("gb18030"), (batch, labelled)),
    "list.txt": (f"{VOICE}\na.wav\n".encode(), (batch, labelled)),
    "train.json": (JSONL.encode(), (batch, labelled)),
    "array.json": (f"[{','.join(JSONL.splitlines())}]".encode(), (batch, labelled)),
    "list.parquet": (parquet(), (batch, labelled)),
    "calls.zip": (archive(), (batch,)),
    "turns.rttm": (RTTM.encode(), (turns,)),
    "turns.csv": (TURNS.encode(), (turns,)),
    "call.eaf": (EAF.encode(), (labelled,)),
    "call.TextGrid": (TEXTGRID.encode(), (labelled,)),
    "binary.TextGrid": (binary_grid(), (labelled,)),
    "study.json": (LABELSTUDIO.encode(), (labelled,)),
    "min.json": (json.dumps(MIN).encode(), (labelled,)),
    "project.csv": (MIN_CSV.encode(), (labelled,)),
    "call.txt": (TRACK.encode(), (labelled,)),
}

TOKENS = [
    *("inf", "-inf", "nan", "1e999", "-1", "1e308", DIGITS, LONG, "\0", "\ud800", '"', ",", "\t"),
    *("[" * 3000, '{"a":' * 3000, "null", "true", "[]", "{}", "\\ud800", "\r", "\u2028", "\ufeff"),
    *("../" * 50, "&x;", "<!DOCTYPE a>", "]]>", "\x1b[31m", "=1+1", "<NA>", ";;"),
]


def mutations(seed: bytes, count: int) -> Iterator[bytes]:
    """The seed with a few bytes changed, taken away, doubled, or replaced by what is trying."""
    for number in range(count):
        rng = random.Random(number)
        data = bytearray(seed)
        for _ in range(rng.randint(1, 4)):
            first = rng.randrange(len(data) + 1)
            last = min(len(data), first + rng.choice((0, 1, 1, 4, 20)))
            token = rng.choice(TOKENS).encode("utf-8", "surrogatepass")
            data[first:last] = rng.choice((b"", token, bytes([rng.randrange(256)]), data[:40]))
        yield bytes(data)


@pytest.mark.parametrize("name", SEEDS)
def test_a_damaged_list_is_a_typed_error_or_rows(name: str, tmp_path: Path) -> None:
    seed, doors = SEEDS[name]
    (tmp_path / "call.wav").write_bytes(VOICE.read_bytes())
    path = tmp_path / name
    refused = 0
    for data in (seed, *mutations(seed, 400)):
        path.write_bytes(data)
        for door in doors:
            said = message_of(door, path)
            refused += said is not None
            assert printable(said or "") == (said or "")
    assert refused or name == "wav.scp"  # whose lines stand alone, each


def message_of(door: Door, path: Path) -> str | None:
    try:
        door(path)
    except VoxcorError as error:
        return error.message
    return None


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda t: t.encode())))
def test_anything_at_all_is_a_typed_error_or_rows(name: str, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for door in SEEDS[name][1]:
        with suppress(VoxcorError):
            door(path)


ROWS = [
    {"path": LONG, "label": "sad"},
    {"path": "a\0b.wav", "label": "sad"},
    {"path": "\ud800.wav", "label": "sad"},
    {"path": ["a.wav"], "label": "sad"},
    {"path": {"a": 1}, "label": "sad"},
    {"path": 5, "label": 5},
    {"path": str(VOICE), "label": ["sad"]},
    {"path": str(VOICE), "label": {"a": "sad"}},
    {"path": str(VOICE), "label": None},
    {"path": str(VOICE), "label": "a\x1b[31m\nb"},
    *(
        {"path": str(VOICE), "label": "sad", "start_time": start, "end_time": end}
        for start, end in (
            *((0, "inf"), ("nan", 1), (-1, 1), (0, 1e308), (0, "1" * 400), (2, 1), (1, 1)),
            *((True, False), ([], {}), (0, None), ("0x1", "1"), ("1e400", "1e401")),
        )
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: json.dumps(row)[:60])
def test_a_row_that_cannot_be_costs_no_other_row(row: dict[str, object], tmp_path: Path) -> None:
    good = {"path": str(VOICE), "label": "happy", "start_time": 0, "end_time": 1}
    path = tmp_path / "list.jsonl"
    path.write_text(f"{json.dumps(good)}\n{json.dumps(row)}\n")
    found = read_manifest(path)
    assert [utterance.label for utterance in found.utterances] == ["happy"]
    assert any(problem.row == 2 for problem in found.problems)
    rows = [*read_source(str(path))]
    assert len(rows) == 2
    assert not isinstance(rows[0], Failure)


@pytest.mark.parametrize("line", [DEEP, f'{{"path": {DIGITS}}}', '{"a":' * 9000, "5", "[1]", "{"])
def test_a_line_that_is_no_object_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text(json.dumps({"path": str(VOICE), "label": "sad"}) + f"\n{line}\n")
    _, failure = read_source(str(path))
    assert isinstance(failure, Failure)
    assert failure.path == f"{path}:2"
    said = [problem.message for problem in read_manifest(path).problems]
    assert "row 2 is no JSON object." in said


@pytest.mark.parametrize("name", ["list.csv", "list.jsonl", "wav.scp"])
def test_a_line_without_an_end_is_not_kept(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("path\n" + "x" * (MOST_LINE + 2))
    with pytest.raises(ManifestError):
        batch(path)


@pytest.mark.parametrize("command", ["batch", "evaluate", "train"])
def test_every_door_says_it_in_a_line(command: str, tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text(f'{{"path": "a.wav", "label": {DIGITS}}}\n')
    arguments = () if command == "evaluate" else ("--out", tmp_path / "out")
    status, _, err = voxcor(command, path, *arguments, VOXCOR_THREADS="1")
    assert status == 1
    assert "(manifest_error)" in err
    assert "Traceback" not in err


def test_a_batch_of_impossible_paths_has_a_row_for_each(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    rows = [{"path": str(VOICE), "key": "\ud800"}, *({"path": row["path"]} for row in ROWS[:6])]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    status, _, err = voxcor("batch", path, "--out", tmp_path / "out", VOXCOR_THREADS="1")
    assert status == 1
    assert "Traceback" not in err
    table = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    codes = [json.loads(line).get("code") for line in table]
    assert codes == [None, *["input_unreadable"] * 6]


@pytest.mark.parametrize(
    "regions",
    [
        [{"type": "labels", "value": {"start": 0, "end": 1, "labels": [5]}}],
        [{"type": "labels", "value": {"start": "0", "end": 1, "labels": ["sad"]}}],
        [{"type": "labels", "value": {"start": 0, "end": 10**400, "labels": ["sad"]}}],
        [{"type": "labels", "value": {"start": True, "end": 1, "labels": ["sad"]}}],
        [{"type": "labels", "value": {"start": 0, "end": 1, "labels": {"a": "sad"}}}],
        [{"type": "labels", "value": 5}],
        [5],
        5,
    ],
    ids=str,
)
def test_a_study_with_other_types_is_refused(regions: object, tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    tasks = [{"data": {"audio": "call.wav"}, "annotations": [{"result": regions}]}]
    path.write_text(json.dumps(tasks))
    with pytest.raises(ManifestError):
        read_manifest(path)


def test_a_document_that_grows_when_it_is_read_is_refused(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    path = tmp_path / "call.eaf"
    path.write_text(
        f'<!DOCTYPE a [<!ENTITY e0 "{"x" * 1000}">{entities}]><ANNOTATION_DOCUMENT>'
        '<TIER TIER_ID="emotion">&e11;</TIER></ANNOTATION_DOCUMENT>'
    )
    with pytest.raises(ManifestError):
        read_manifest(path)


def patched(data: bytes, where: bytes, offset: int, value: int) -> bytes:
    """The archive with 16 bits changed at `offset` after each `where`."""
    out = bytearray(data)
    at = out.find(where)
    while at >= 0:
        struct.pack_into("<H", out, at + offset, value)
        at = out.find(where, at + 4)
    return bytes(out)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (patched(archive(), b"PK\1\2", 6, 99), "manifest_error"),  # a version of the future
        (patched(archive(), b"PK\1\2", 10, 9), "input_unreadable"),  # Deflate64
        (patched(archive(), b"PK\1\2", 10, 77), "input_unreadable"),  # a compression nobody has
        (patched(archive(), b"PK\1\2", 8, 1), "input_unreadable"),  # encrypted
        (archive()[:-30], "manifest_error"),
        (b"\x1f\x8b" + archive(), "manifest_error"),
    ],
)
def test_odd_archives_are_refused_or_fail_by_member(data: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "calls.zip"
    path.write_bytes(data)
    codes = set()
    reading = Archive(maximum_min=120)
    try:
        for item in read_source(str(path)):
            assert not isinstance(item, Failure)
            try:
                with reading.file_of(item, tmp_path):
                    pass
            except VoxcorError as error:
                codes.add(error.code)
    except VoxcorError as error:
        codes.add(error.code)
    reading.close()
    assert codes == {code} or data[2:4] == b"PK"
    assert {entry.name for entry in tmp_path.iterdir()} == {"calls.zip"}


def test_members_of_one_name_are_not_guessed_among(tmp_path: Path) -> None:
    path = tmp_path / "calls.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.wav", b"")
        made.writestr("b.wav", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr("b.wav", b"")
    found = [*read_source(str(path))]
    assert [isinstance(row, Failure) for row in found] == [False, True]


def test_ten_thousand_turns_take_no_time_worth_waiting_for() -> None:
    """Sixty thousand overlapping turns: in a product of both lengths this would not end."""
    many = [Turn(i * 0.01, i * 0.01 + 5, f"s{i % 9}") for i in range(60_000)]
    spans = [(10.0 * i, 10.0 * i + 9) for i in range(60)]
    stretches = cut_at_turns(spans, many)
    assert sum(stretch.end - stretch.start for stretch in stretches) == pytest.approx(540)


def test_ten_thousand_annotations_with_speakers_likewise(tmp_path: Path) -> None:
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="t{i}" TIME_VALUE="{10 * i}"/>' for i in range(20_001)
    )

    def tier(name: str) -> str:
        intervals = "".join(
            f'<ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="t{i}" TIME_SLOT_REF2="t{i + 1}">'
            f"<ANNOTATION_VALUE>{name}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            for i in range(20_000)
        )
        return f'<TIER TIER_ID="{name}">{intervals}</TIER>'

    from voxcor.datasets.annotations import read_annotations

    path = tmp_path / "call.eaf"
    path.write_text(
        f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>"
        f"{tier('emotion')}{tier('speaker')}</ANNOTATION_DOCUMENT>"
    )
    found = [*read_annotations(path)]
    assert len(found) == 20_000
    assert {annotation.speaker for annotation in found} == {"speaker"}


@pytest.mark.parametrize(
    "text",
    [
        "<TIER TIER_ID='a'>" * 200_000,
        "".join(f'<TIER TIER_ID="t{i}" PARENT_REF="t{i + 1}"/>' for i in range(100_000)),
        '<TIER TIER_ID="emotion" PARENT_REF="a">'
        + "".join(
            f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a{i}" ANNOTATION_REF="a{i + 1}"/>'
            "</ANNOTATION>"
            for i in range(100_000)
        )
        + "</TIER>",
        '<TIER TIER_ID="emotion" PARENT_REF="a">'
        + "".join(
            f'<ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="t{i}" TIME_SLOT_REF2="t{i + 1}"/>'
            "</ANNOTATION>"
            for i in range(100_000)
        )
        + "</TIER>",
    ],
    ids=["tiers in tiers", "tiers on tiers", "references", "chains"],
)
def test_nothing_in_a_document_of_elan_costs_more_than_its_length(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "call.eaf"
    path.write_text(f"<ANNOTATION_DOCUMENT>{text}</ANNOTATION_DOCUMENT>")
    with pytest.raises(ManifestError):
        read_manifest(path)


@pytest.mark.parametrize(
    "text",
    ['"ooTextFile" "TextGrid" ' + '"" ' * 2_000_000, '"' * 1_000_001, '"a ' * 1_000_000],
    ids=["texts", "quotes", "open quotes"],
)
def test_nothing_in_a_textgrid_does(text: str, tmp_path: Path) -> None:
    path = tmp_path / "call.TextGrid"
    path.write_text(text)
    with pytest.raises(ManifestError):
        read_manifest(path)


def test_thousands_of_tasks_name_thousands_of_places(tmp_path: Path) -> None:
    region = {"type": "choices", "from_name": "emotion", "value": {"choices": ["sad"]}}
    place = "/".join(["a" * 20] * 200)
    path = tmp_path / "study.json"
    path.write_text(
        json.dumps(
            [
                {
                    "data": {"audio": f"/data/local-files/?d={n}/{place}.wav"},
                    "annotations": [{"result": [region]}],
                }
                for n in range(2_000)
            ]
        )
    )
    with pytest.raises(ManifestError, match="there is no such file"):
        read_manifest(path)


def test_turns_of_many_recordings_are_not_all_listed() -> None:
    text = "".join(f"SPEAKER r{i} 1 0 1 <NA> <NA> a <NA>\n" for i in range(5000))
    with pytest.raises(SpeakersInvalid) as refused:
        fit_turns(parse_turns(text, "all.rttm"), "call.wav", 5.0)
    assert len(refused.value.message) < 300


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    from results_by_hand import happy_then_sad

    folder = save(happy_then_sad(), tmp_path_factory.mktemp("result"))
    found: dict[str, object] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return found


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def changed(document: object, path: tuple[object, ...], put: object) -> object:
    """A copy in which the value at a place is another, or is not there where `put` is Ellipsis."""
    if not path:
        return put if put is not ... else {}
    copy = json.loads(json.dumps(document))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    if put is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = put
    return copy


def test_a_result_with_anything_wrong_is_exported_or_refused(
    document: dict[str, object], tmp_path: Path
) -> None:
    """Every value missing, null, of another type, and of an absurd size: all formats, no trace."""
    path = tmp_path / "result.json"
    refused = 0
    for place in places(document):
        for put in (..., None, "x", -1, 0, 1e300, [], {}, [1], {"x": 1}, "a\x1b[1m\n-->\n\n<b>"):
            path.write_text(json.dumps(changed(document, place, put)))
            said = message_of(exported, path)
            assert said is None or "is no result of Voxcor" in said, (place, put)
            refused += said is not None
    assert refused > 100


def exported(path: Path) -> None:
    content = read_content(path)
    for kind in FORMATS:
        export(content, kind)


@pytest.mark.parametrize("text", ["", "5", "[]", DEEP, f'{{"confidence": {DIGITS}}}', '{"a": NaN}'])
def test_a_result_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(text)
    status, out, err = voxcor("export", tmp_path, "--format", "csv", "--out", "-")
    assert (status, out) == (1, "")
    assert "(not_a_result)" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("curve", ["a\n1\n", "a,b\n1,0.5\n", "a\n1,nan\n", "a\nx\n", "a\n1\n1,2\n"])
def test_a_curve_that_is_none_is_named(
    curve: str, document: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "result.json").write_text(json.dumps(document))
    (tmp_path / "frames.csv").write_text(curve)
    status, _, err = voxcor("export", tmp_path, "--format", "html")
    assert status == 1
    assert "(not_a_result)" in err
