"""Batches: every source, a row each, whatever is wrong with some of them."""

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import soundfile

from audio_files import speech
from batches import write_calls, write_silence
from dying import killers_kill
from places import VOICE
from voxcor import Recognizer
from voxcor.batch import local, run
from voxcor.batch.archives import Archive
from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.items import Item, Outcome
from voxcor.batch.ledger import Ledger, claimed
from voxcor.batch.run import Batch, run_batch
from voxcor.batch.sources import read_source
from voxcor.batch.tables import TABLE_FORMATS
from voxcor.errors import (
    AudioTooLong,
    BatchExists,
    BatchInProgress,
    BatchMismatch,
    InputNotFound,
    InputUnreadable,
    LedgerCorrupt,
    ManifestError,
    UsageError,
)
from voxcor.options import RecordingOptions
from voxcor.people.book import People, Utterance
from voxcor.results import DIMENSIONS, Failure
from voxcor.timeline import relative_scores


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    return [json.loads(line) for line in batch.table.read_text().splitlines()]


def paths_of(found: Iterator[Item | Failure]) -> list[str]:
    return [entry.name if isinstance(entry, Item) else entry.code for entry in found]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    write_calls(folder, 4)
    return folder


def test_a_row_says_what_the_recognizer_says(calls: Path, tmp_path: Path) -> None:
    batch = run_batch(str(calls), tmp_path / "out", model="small")
    rows = rows_of(batch)
    assert [Path(row["path"]).name for row in rows] == [f"call00{i}.wav" for i in range(4)]
    assert (batch.counts.done, batch.counts.failed, batch.counts.waiting) == (4, 0, 0)
    assert batch.counts.audio_s == 4
    recognizer = Recognizer("small", threads=1)
    for row in rows:
        expected = recognizer.recognize(row["path"]).to_document()
        for clock in ("timestamp", "timings_ms"):
            del expected[clock]
        assert row == {"path": row["path"], **expected, "frames": None, "embedding": None}


def test_frames_and_embeddings_lie_beside_the_table(calls: Path, tmp_path: Path) -> None:
    options = RecordingOptions(granularity="frame", embedding=True)
    out = tmp_path / "out"
    rows = rows_of(run_batch(str(calls), out, model="small", options=options))
    assert len({row["frames"] for row in rows} | {row["embedding"] for row in rows}) == 8
    recognizer = Recognizer("small", threads=1)
    for row in rows:
        result = recognizer.recognize(row["path"], granularity="frame", embedding=True)
        np.testing.assert_array_equal(np.load(out / row["embedding"]), result.embedding)
        times = [line.split(",")[0] for line in (out / row["frames"]).read_text().splitlines()]
        assert result.frames is not None
        assert times == ["time_ms", *(str(round(1000 * time)) for time in result.frames.times)]
    sidecar = json.loads((out / "embeddings.json").read_text())
    assert (sidecar["granularity"], sidecar["hop_ms"]) == ("frame", 20)
    assert sidecar["dim"] == recognizer.embedding_dim
    assert sidecar["model"]["sha256"] == recognizer.model.sha256
    assert not (out / ".scratch").exists()


def test_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    for day in ("monday", "tuesday"):
        path = write_calls(tmp_path / "calls" / day, 1)[0]
        soundfile.write(path, speech(1, seed=len(day)), 16_000)
    out = tmp_path / "out"
    options = RecordingOptions(embedding=True)
    rows = rows_of(run_batch(str(tmp_path / "calls"), out, model="small", options=options))
    first, second = (np.load(out / row["embedding"]) for row in rows)
    assert not np.array_equal(first, second)


def test_the_same_audio_is_heard_once(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        shutil.copy(calls / "call000.wav", calls / f"twin{number}.wav")
    heard: list[str] = []
    hear = Recognizer.recognize

    def listening(self: Recognizer, *args: Any, **options: Any) -> Any:
        heard.append(args[0].name)
        return hear(self, *args, **options)

    monkeypatch.setattr(Recognizer, "recognize", listening)
    rows = rows_of(run_batch(str(calls), tmp_path / "out", model="small", workers=3))
    assert len(heard) == 4
    assert len(rows) == 9
    names = [row["audio"]["name"] for row in rows]
    assert names == [Path(row["path"]).name for row in rows]
    twins = [row["scores"] for row in rows if "twin" in row["path"]]
    assert all(scores == rows[0]["scores"] for scores in twins)


def test_each_leg_of_a_call_has_a_row(tmp_path: Path) -> None:
    legs = np.column_stack([speech(1), speech(1, seed=1)])
    soundfile.write(tmp_path / "call.wav", legs, 16_000)
    options = RecordingOptions(channels="separate")
    batch = run_batch(str(tmp_path / "call.wav"), tmp_path / "out", model="small", options=options)
    assert [row["audio"]["channel"] for row in rows_of(batch)] == [0, 1]
    assert batch.counts.done == 1


def test_what_is_broken_costs_itself_only(calls: Path, tmp_path: Path) -> None:
    (calls / "broken.wav").write_bytes(b"RIFF\0\0\0\0WAVEno")
    (calls / "empty.mp3").write_bytes(b"")
    write_silence(calls / "silent.wav")
    batch = run_batch(str(calls), tmp_path / "out", model="small")
    failed = {Path(row["path"]).name: row["code"] for row in rows_of(batch) if "code" in row}
    assert failed.keys() == {"broken.wav", "empty.mp3", "silent.wav"}
    assert failed["silent.wav"] == "no_speech"
    assert (batch.counts.done, batch.counts.failed) == (4, 3)
    assert sum(batch.codes.values()) == 3


def test_what_may_pass_is_tried_once_more_at_the_end(calls: Path, tmp_path: Path) -> None:
    hidden = calls / "call001.wav"
    manifest = tmp_path / "calls.csv"
    names = sorted(path.name for path in calls.iterdir())
    manifest.write_text("path\n" + "".join(f"calls/{name}\n" for name in names))
    elsewhere = hidden.rename(tmp_path / "away.wav")
    tries: list[str | None] = []

    def bring_back(outcome: Outcome) -> None:
        tries.append(outcome.failure.code if outcome.failure else None)
        if elsewhere.exists() and len(tries) == 4:
            elsewhere.rename(hidden)

    batch = run_batch(str(manifest), tmp_path / "out", model="small", on_outcome=bring_back)
    assert sorted(filter(None, tries)) == ["input_not_found"]
    assert tries[-1] is None
    assert (batch.counts.done, batch.counts.failed) == (4, 0)


def test_a_folder_that_vanishes_is_named_and_resume_tries_it_again(
    calls: Path, tmp_path: Path
) -> None:
    write_calls(tmp_path / "calls" / "zz-share", 2)
    share, away = calls / "zz-share", tmp_path / "away"

    def vanish(_: Outcome) -> None:
        if share.exists():
            share.rename(away)

    out = tmp_path / "out"
    batch = run_batch(str(calls), out, model="small", workers=1, on_outcome=vanish)
    assert batch.codes == {"input_not_found": 2}
    away.rename(share)
    again = run_batch(str(calls), out, model="small", begin="resume")
    assert (again.counts.done, again.counts.failed) == (6, 0)


def test_a_batch_that_is_stopped_goes_on_where_it_was(calls: Path, tmp_path: Path) -> None:
    whole = run_batch(str(calls), tmp_path / "whole", model="small")
    stop = threading.Event()
    out = tmp_path / "out"
    part = run_batch(
        str(calls), out, model="small", workers=1, stop=stop, on_outcome=lambda _: stop.set()
    )
    assert 0 < part.counts.done < 4
    assert len(rows_of(part)) == part.counts.done
    again: list[Outcome] = []
    rest = run_batch(str(calls), out, model="small", begin="resume", on_outcome=again.append)
    assert len(again) == 4 - part.counts.done
    assert rest.table.read_bytes() == whole.table.read_bytes()


def test_resume_takes_what_is_new_in_the_folder(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(str(calls), out, model="small")
    soundfile.write(calls / "aaa.wav", speech(1, seed=9), 16_000)
    heard: list[Outcome] = []
    run_batch(str(calls), out, model="small", begin="resume", on_outcome=heard.append)
    assert [outcome.position for outcome in heard] == [4]


KILLED = """
import sys, random
from pathlib import Path
from voxcor.batch.run import run_batch
from voxcor.options import RecordingOptions
run_batch(sys.argv[1], Path(sys.argv[2]), model="small", begin="resume",
          options=RecordingOptions(granularity="segment", embedding=True), workers=2,
          on_outcome=lambda _: print("done", flush=True))
"""


def test_a_batch_killed_again_and_again_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    write_calls(calls, 12)
    (calls / "broken.wav").write_bytes(b"no audio")
    shutil.copy(calls / "call003.wav", calls / "twin.wav")
    options = RecordingOptions(granularity="segment", embedding=True)
    whole = run_batch(str(calls), tmp_path / "whole", model="small", options=options)
    out = tmp_path / "out"
    for outcomes in (0, 2, 3, 1):  # seen before the kill
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(calls), str(out)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(outcomes):
            process.stdout.readline()
        process.kill()
        process.communicate()
    last = run_batch(str(calls), out, model="small", options=options, begin="resume")
    assert last.table.read_bytes() == whole.table.read_bytes()
    files = [sorted(p.relative_to(f) for p in (f / "embeddings").rglob("*.npy"))
             for f in (out, tmp_path / "whole")]  # fmt: skip
    assert files[0] == files[1]


def test_what_kills_a_batch_twice_fails_and_the_rest_is_done(calls: Path, tmp_path: Path) -> None:
    (calls / "call001.wav").rename(calls / "killer.wav")
    environment = {**os.environ, **killers_kill(tmp_path, "batch")}
    command = [sys.executable, "-m", "voxcor", "batch", str(calls), "--out", str(tmp_path / "out")]
    starts = 0
    status = -signal.SIGKILL
    while status == -signal.SIGKILL:
        starts += 1
        assert starts <= 4
        resume = ["--resume"] if starts > 1 else []
        done = subprocess.run([*command, *resume], env=environment, check=False, text=True,
                              stdout=subprocess.PIPE)  # fmt: skip
        status = done.returncode
    rows = [json.loads(line) for line in Path(done.stdout.strip()).read_text().splitlines()]
    assert [row.get("code") for row in rows] == [None, None, None, "killed_twice"]
    assert (status, starts > 2) == (1, True)


def test_a_silent_leg_is_a_row_of_its_own_and_costs_the_other_nothing(tmp_path: Path) -> None:
    legs = np.column_stack([np.zeros(16_000, np.float32), speech(1)])
    soundfile.write(tmp_path / "call.wav", legs, 16_000)
    options = RecordingOptions(channels="separate")
    for kind in ("jsonl", "csv", "parquet"):
        begin = "resume" if (tmp_path / "out").exists() else "new"
        batch = run_batch(
            str(tmp_path / "call.wav"), tmp_path / "out", model="small", options=options,
            table=kind, begin=begin,
        )  # fmt: skip
        assert (batch.counts.done, batch.counts.failed) == (1, 0)
    silent, heard = [json.loads(line) for line in
                     (tmp_path / "out" / "results.jsonl").read_text().splitlines()]  # fmt: skip
    assert (silent["channel"], silent["code"]) == (0, "no_speech")
    assert heard["audio"]["channel"] == 1
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8-sig") as file:
        table = [(row["channel"], row["code"]) for row in csv.DictReader(file)]
    assert table == [("0", "no_speech"), ("1", "")]
    assert batch.channel_codes == {"no_speech": 1}


def test_a_twin_of_a_silent_leg_is_named_by_itself(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    legs = np.column_stack([np.zeros(16_000, np.float32), speech(1)])
    for name in ("first.wav", "second.wav"):
        soundfile.write(calls / name, legs, 16_000)
    options = RecordingOptions(channels="separate")
    batch = run_batch(str(calls), tmp_path / "out", model="small", options=options)
    failed = [row for row in rows_of(batch) if "code" in row]
    assert [row["message"].startswith(f"{row['path']}: ") for row in failed] == [True, True]


def test_mono_and_stereo_are_told_by_channel_alike(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    soundfile.write(calls / "a mono.wav", speech(1), 16_000)
    soundfile.write(calls / "b silent.wav", np.zeros((16_000, 2), np.float32), 16_000)
    (calls / "c broken.wav").write_bytes(b"RIFF\0\0\0\0WAVEno")
    options = RecordingOptions(channels="separate")
    batch = run_batch(str(calls), tmp_path / "out", model="small", options=options)
    channels = [
        (row.get("channel", row.get("audio", {}).get("channel")), row.get("code"))
        for row in rows_of(batch)
    ]
    # Of what cannot be decoded nobody knows how many channels it has.
    assert channels == [(0, None), (0, "no_speech"), (1, "no_speech"), (None, "audio_corrupt")]
    assert (batch.counts.done, batch.counts.failed) == (1, 2)
    assert batch.channel_codes == {}


def test_a_list_may_ask_for_a_channel(tmp_path: Path) -> None:
    legs = np.stack([speech(1), np.zeros_like(speech(1))], axis=1)
    soundfile.write(tmp_path / "legs.wav", legs, 16_000)
    soundfile.write(tmp_path / "mono.wav", legs[:, 0], 16_000)
    rows = "path,channel\nlegs.wav,0\nlegs.wav,1\nlegs.wav,7\nlegs.wav,\nmono.wav,0\n"
    (tmp_path / "list.csv").write_text(rows)
    for number in range(2):  # the second time as the ledger has it
        batch = run_batch(
            str(tmp_path / "list.csv"), tmp_path / "out", model="small", begin="resume"
        )
        first, silent, none, both, mono = rows_of(batch)
        assert [one["audio"]["channel"] for one in (first, both, mono)] == [0, None, None], number
        assert first["scores"] == mono["scores"]
        assert [(one["channel"], one["code"]) for one in (silent, none)] == [
            (1, "no_speech"),
            (7, "no_such_channel"),
        ]


def test_warnings_are_counted_by_code(calls: Path, tmp_path: Path) -> None:
    sound = VOICE.read_bytes()
    for name in ("cut 1.flac", "cut 2.flac"):
        (calls / name).write_bytes(sound[: len(sound) // 2])
    (calls / "named.mp3").write_bytes(sound)
    batch = run_batch(str(calls), tmp_path / "out", model="small")
    counted = Counter(code for row in rows_of(batch) for code in row["quality"]["warnings"])
    assert batch.warning_codes == counted
    assert (counted["truncated"], counted["wrong_extension"]) == (2, 1)


def test_a_member_of_an_archive_as_large_as_no_recording_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "calls.zip", "w") as archive:
        archive.writestr("call.wav", b"short")
    item = Item(0, "call.wav", str(tmp_path / "calls.zip"), "call.wav")
    archive_of = Archive(1)
    entry = zipfile.ZipFile(item.path)
    entry.getinfo("call.wav").file_size = 1 << 40
    archive_of._open = entry
    with pytest.raises(AudioTooLong), archive_of.file_of(item, tmp_path):
        pass
    archive_of.close()
    assert [path.name for path in tmp_path.iterdir()] == ["calls.zip"]


def test_a_list_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "calls.csv")
    with pytest.raises(InputUnreadable, match="no regular file"):
        run_batch(str(tmp_path / "calls.csv"), tmp_path / "out", model="small")


def test_a_batch_goes_on_without_its_source(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = run_batch(str(calls), out, model="small")
    text = before.table.read_text()
    shutil.rmtree(calls)
    after = run_batch(str(calls), out, model="small", begin="resume", table="csv")
    assert after.counts == before.counts
    assert len(after.table.read_text().splitlines()) == 5
    assert before.table.read_text() == text


def test_a_slash_at_the_end_makes_no_other_batch(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(f"{calls}/", out, model="small")
    assert run_batch(str(calls), out, model="small", begin="resume").counts.total == 4


def test_another_batch_is_not_mixed_into_one(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(str(calls), out, model="small")
    with pytest.raises(BatchExists, match="--resume"):
        run_batch(str(calls), out, model="small")
    with pytest.raises(BatchMismatch, match='"granularity": "frame"'):
        run_batch(
            str(calls),
            out,
            model="small",
            begin="resume",
            options=RecordingOptions(granularity="frame"),
        )
    with pytest.raises(BatchMismatch, match="elsewhere"):
        run_batch("elsewhere", out, model="small", begin="resume")
    batch = run_batch(
        str(calls),
        out,
        model="small",
        begin="restart",
        options=RecordingOptions(granularity="frame"),
    )
    assert batch.counts.done == 4


def test_two_batches_do_not_share_a_folder(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with claimed(out), pytest.raises(BatchInProgress):
        run_batch(str(calls), out, model="small")
    assert not (out / LEDGER_FILE).exists()
    assert run_batch(str(calls), out, model="small").counts.done == 4


def test_a_ledger_that_is_none_is_said(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / LEDGER_FILE).write_bytes(b"something else entirely" * 100)
    with pytest.raises(LedgerCorrupt, match="--restart"):
        run_batch(str(calls), out, model="small", begin="resume")
    assert run_batch(str(calls), out, model="small", begin="restart").counts.done == 4


def test_restart_removes_what_is_the_batch_s_and_nothing_else(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_batch(str(calls), out, model="small", options=RecordingOptions(embedding=True))
    (out / "notes.txt").write_text("mine")
    run.clear(out)
    assert {path.name for path in out.iterdir()} <= {"notes.txt", ".ledger.lock"}


def test_csv_and_parquet_say_the_same_as_json_lines(calls: Path, tmp_path: Path) -> None:
    (calls / "broken.wav").write_bytes(b"no audio")
    out = tmp_path / "out"
    options = RecordingOptions(granularity="segment")
    rows = rows_of(run_batch(str(calls), out, model="small", options=options))
    for kind in ("csv", "parquet"):
        run_batch(
            str(calls), out, model="small", options=options, begin="resume", table=kind
        )  # a table of the same ledger: nothing is heard again
    with (out / "results.csv").open(encoding="utf-8-sig") as file:
        table = list(csv.DictReader(file))
    parquet = pyarrow.parquet.read_table(out / "results.parquet").to_pylist()
    assert len(rows) == len(table) == len(parquet) == 5
    for row, line, record in zip(rows, table, parquet, strict=True):
        assert row["path"] == line["path"] == record["path"]
        assert row.get("code", "") == line["code"] == (record["code"] or "")
        if "code" not in row:
            assert row["emotion"] == line["emotion"] == record["emotion"]
            assert record["score_happy"] == row["scores"]["happy"]
            assert float(line["score_happy"]) == pytest.approx(row["scores"]["happy"], abs=1e-6)
            assert record["segment_list"] == row["segments"]
            assert row["model"]["id"] == line["model"] == record["model"] == "small"
            known = row["dimensions"] or dict.fromkeys((*DIMENSIONS, "origin"))
            for name, value in known.items():
                assert record[f"dimensions_{name}"] == value
            assert (line["dimensions_arousal"] == "") == (known["arousal"] is None)
            if known["arousal"] is not None:
                told = float(line["dimensions_arousal"])
                assert told == pytest.approx(known["arousal"], abs=1e-6)
    with (out / "segments.csv").open(encoding="utf-8-sig") as file:
        segments = list(csv.DictReader(file))
    told = [segment for row in rows for segment in row.get("segments", ())]
    for line, segment in zip(segments, told, strict=True):
        assert line["model"] == "small"
        if segment["dimensions"] is None:
            assert line["dimensions_valence"] == ""
        else:
            valence = float(line["dimensions_valence"])
            assert valence == pytest.approx(segment["dimensions"]["valence"], abs=1e-6)


def test_tables_have_the_second_answer_where_one_is_asked_for(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_HOME", str(tmp_path / "home"))
    heard = Recognizer("small").recognize(VOICE, granularity="segment")
    said = [Utterance(str(n), None, 5.0, heard.scores) for n in range(3)]
    People(tmp_path / "home").add("Anna", heard.model, said)
    (calls / "broken.wav").write_bytes(b"no audio")
    out = tmp_path / "out"
    options = RecordingOptions(granularity="segment", relative_to="Anna")
    rows = rows_of(run_batch(str(calls), out, model="small", options=options))
    for kind in ("csv", "parquet"):
        run_batch(str(calls), out, model="small", options=options, begin="resume", table=kind)
    with (out / "results.csv").open(encoding="utf-8-sig") as file:
        table = list(csv.DictReader(file))
    parquet = pyarrow.parquet.read_table(out / "results.parquet").to_pylist()
    for row, line, record in zip(rows, table, parquet, strict=True):
        second = row.get("relative")
        if second is None:
            assert line["relative_to"] == line["relative_score_sad"] == ""
            assert record["relative_confidence"] is record["segment_list"] is None
            continue
        for name in ("to", "emotion", "confidence"):
            assert record[f"relative_{name}"] == second[name]
        assert line["relative_emotion"] == second["emotion"]
        assert record["relative_score_sad"] == second["scores"]["sad"]
        for segment in record["segment_list"]:
            expected = relative_scores(segment["scores"], second["offsets"])
            assert segment["relative"]["scores"] == expected
            assert segment["relative"]["emotion"] == max(expected, key=lambda name: expected[name])
    with (out / "segments.csv").open(encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    told = [one for record in parquet for one in record["segment_list"] or ()]
    assert [line["relative_emotion"] for line in lines] == [
        one["relative"]["emotion"] for one in told
    ]
    assert {line["relative_to"] for line in lines} == {"Anna"}


def test_a_ledger_of_a_version_without_dimensions_gives_every_table(
    calls: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = RecordingOptions(granularity="segment")
    run_batch(str(calls), out, model="small", options=options)
    with closing(sqlite3.connect(out / LEDGER_FILE)) as ledger, ledger:
        for position, text in ledger.execute("SELECT position, documents FROM items").fetchall():
            outcome = json.loads(text)
            for document in outcome["list"]:
                for record in (document, *document["segments"]):
                    del record["dimensions"]
            row = (json.dumps(outcome), position)
            ledger.execute("UPDATE items SET documents = ? WHERE position = ?", row)
    for kind in TABLE_FORMATS:
        run_batch(str(calls), out, model="small", options=options, begin="resume", table=kind)
    with (out / "results.csv").open(encoding="utf-8-sig") as file:
        assert [line["dimensions_arousal"] for line in csv.DictReader(file)] == [""] * 4
    for record in pyarrow.parquet.read_table(out / "results.parquet").to_pylist():
        assert record["dimensions_origin"] is None
        assert {segment["dimensions"] for segment in record["segment_list"]} == {None}


def test_a_name_that_is_a_formula_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    write_calls(folder, 1)
    (folder / "call000.wav").rename(folder / "=1+1.wav")
    (tmp_path / "list.csv").write_text("key,path\n=2,calls/=1+1.wav\n")
    batch = run_batch(str(tmp_path / "list.csv"), tmp_path / "out", model="small", table="csv")
    with batch.table.open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert row["key"] == "'=2"
    assert row["emotion"]


def write_csv(path: Path, calls: Sequence[str]) -> None:
    path.write_text("id,path\n" + "".join(f"k{i},{call}\n" for i, call in enumerate(calls)))


def write_jsonl(path: Path, calls: Sequence[str]) -> None:
    lines = [json.dumps({"key": f"k{i}", "wav": call}) for i, call in enumerate(calls)]
    path.write_text("\n".join(lines) + "\n")


def write_parquet(path: Path, calls: Sequence[str]) -> None:
    keys = [f"k{i}" for i in range(len(calls))]
    table = pyarrow.table({"id": keys, "audio": list(calls)})
    pyarrow.parquet.write_table(table, path)


def write_scp(path: Path, calls: Sequence[str]) -> None:
    path.write_text("".join(f"k{i} {call}\n" for i, call in enumerate(calls)))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("list.csv", write_csv),
        ("list.jsonl", write_jsonl),
        ("list.parquet", write_parquet),
        ("wav.scp", write_scp),
    ],
)
def test_lists_are_read(
    calls: Path, tmp_path: Path, name: str, write: Callable[[Path, Sequence[str]], None]
) -> None:
    write(tmp_path / name, ["calls/call000.wav", str(calls / "call001.wav"), "calls/away.wav"])
    batch = run_batch(str(tmp_path / name), tmp_path / "out", model="small")
    rows = rows_of(batch)
    assert [row["key"] for row in rows] == ["k0", "k1", "k2"]
    assert [row.get("code") for row in rows] == [None, None, "input_not_found"]


def test_an_archive_is_read_without_unpacking_it(calls: Path, tmp_path: Path) -> None:
    archive = tmp_path / "calls.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(calls.iterdir()):
            out.write(path, f"day/../../../etc/{path.name}")
        out.writestr("__MACOSX/._call.wav", b"")
        out.writestr("notes.txt", b"")
    batch = run_batch(str(archive), tmp_path / "out", model="small")
    rows = rows_of(batch)
    assert [row["path"].rpartition("/")[2] for row in rows] == [f"call00{i}.wav" for i in range(4)]
    plain = Recognizer("small", threads=1).recognize(calls / "call002.wav")
    assert rows[2]["scores"] == dict(plain.scores)
    assert not (tmp_path / "etc").exists()


def test_the_list_of_an_archive_is_read_once(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "calls.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(calls.iterdir()):
            out.write(path, path.name)
    opened: list[str] = []

    class Listening(zipfile.ZipFile):
        def __init__(self, file: Any, *args: Any, **options: Any) -> None:
            opened.append(str(file))
            super().__init__(file, *args, **options)

    monkeypatch.setattr(zipfile, "ZipFile", Listening)
    batch = run_batch(str(archive), tmp_path / "out", model="small", workers=3)
    assert batch.counts.done == 4
    # To find what is in it, and to hear that.
    assert opened == [str(archive)] * 2


def test_a_file_that_a_list_has_twice_has_a_row_for_each_name(calls: Path, tmp_path: Path) -> None:
    names = tmp_path / "list.csv"
    names.write_text("path,id\ncalls/call000.wav,hello\ncalls/call000.wav,goodbye\n")
    rows = rows_of(run_batch(str(names), tmp_path / "out", model="small"))
    assert [row["key"] for row in rows] == ["hello", "goodbye"]
    assert rows[0]["scores"] == rows[1]["scores"]


def test_a_row_that_cannot_be_used_is_one_whatever_the_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tmp_path / "list.csv"
    names.write_text("path,id\n,1\n")
    out = tmp_path / "out"
    run_batch(str(names), out, model="small")
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    batch = run_batch(str(names), out, model="small", begin="resume")
    assert batch.counts.total == 1


def test_a_member_that_is_damaged_costs_itself_only(calls: Path, tmp_path: Path) -> None:
    archive = tmp_path / "calls.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(calls.iterdir()):
            out.write(path, path.name)
    data = bytearray(archive.read_bytes())
    data[2000] ^= 0xFF  # within the first member: its checksum no longer fits
    archive.write_bytes(data)
    batch = run_batch(str(archive), tmp_path / "out", model="small")
    assert [row.get("code") for row in rows_of(batch)] == ["input_unreadable", None, None, None]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("gbk", "客服/通话 1.wav"),
        ("gbk", "张镕.wav"),
        ("utf-8", "客服/通话 1.wav"),
        ("cp437", "Tür und Straße/señor café.wav"),
        ("cp437", "¥¢Θ.wav"),
    ],
)
def test_names_in_an_archive_that_does_not_say_how_they_are_written(
    tmp_path: Path, encoding: str, name: str
) -> None:
    archive = tmp_path / "calls.zip"
    written = name.encode(encoding)
    with zipfile.ZipFile(archive, "w") as out:
        out.write(write_calls(tmp_path / "calls", 1)[0], "#" * len(written))
    # As other programs write it: these bytes, and no word of UTF-8.
    archive.write_bytes(archive.read_bytes().replace(b"#" * len(written), written))
    batch = run_batch(str(archive), tmp_path / "out", model="small")
    assert batch.counts.done == 1
    (row,) = rows_of(batch)
    assert row["path"] == f"{archive}/{name}"


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("silence.wav", bytes(20_000_000))
    with pytest.raises(ManifestError, match="zip bomb"):
        run_batch(str(archive), tmp_path / "out", model="small")


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("list.csv", b"name,label\na.wav,sad\n", ManifestError, "its columns are: name, label"),
        ("list.jsonl", b'nothing\n{"nothing": 1', ManifestError, "row 1 is no JSON object"),
        ("list.parquet", b"no parquet", ManifestError, "list.parquet"),
        ("list.zip", b"no zip", ManifestError, "no zip archive"),
    ],
)
def test_a_list_that_is_none_is_named(
    tmp_path: Path, name: str, content: bytes, error: type[Exception], said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=said):
        run_batch(str(tmp_path / name), tmp_path / "out", model="small")


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputNotFound, match="away"):
        run_batch(str(tmp_path / "away.csv"), tmp_path / "out", model="small")


def test_rows_that_name_no_file_are_named_and_commands_are_not_run(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,id\na.wav,1\n,2\n")
    found = list(read_source(str(tmp_path / "list.csv")))
    assert isinstance(found[1], Failure)
    assert found[1].path == f"{tmp_path / 'list.csv'}:3"
    (tmp_path / "wav.scp").write_text("utt1 touch owned |\nutt2 b.wav\n")
    assert paths_of(read_source(str(tmp_path / "wav.scp"))) == [
        "input_unreadable",
        str(tmp_path / "b.wav"),
    ]


def test_a_path_that_is_not_utf_8_has_a_row(calls: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9.wav")
    try:
        shutil.copy(calls / "call000.wav", calls / odd)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    out = tmp_path / "out"
    for kind in ("jsonl", "csv", "parquet"):
        begin = "resume" if out.exists() else "new"
        batch = run_batch(str(calls), out, model="small", begin=begin, table=kind)
        assert batch.counts.done == 5
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert os.fsencode(rows[0]["path"]).endswith(b"caf\xe9.wav")


def test_an_engine_that_breaks_on_one_goes_on_with_the_rest(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = local.Worker._document

    def failing(self: Any, mono: Any, item: Item, scratch: Path) -> Any:
        if "call002" in item.name:
            raise MemoryError("not enough")
        return document(self, mono, item, scratch)

    monkeypatch.setattr(local.Worker, "_document", failing)
    batch = run_batch(str(calls), tmp_path / "out", model="small")
    assert batch.codes == {"internal_error": 1}
    assert batch.counts.done == 3


def test_options_are_looked_at_before_any_work(calls: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bored"):
        run_batch(
            str(calls), tmp_path / "out", model="small", options=RecordingOptions(labels=("bored",))
        )
    assert not (tmp_path / "out").exists()


def test_a_ledger_can_be_read_while_it_is_written(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    seen: list[int] = []

    def look(_: Outcome) -> None:
        with Ledger(out) as other:
            seen.append(other.counts().done)

    run_batch(str(calls), out, model="small", on_outcome=look)
    assert seen == [1, 2, 3, 4]


def test_a_ledger_can_be_read_while_it_is_begun(tmp_path: Path) -> None:
    """Many times, because what goes wrong here goes wrong once in twenty."""
    folders = [tmp_path / str(number) for number in range(80)]
    for folder in folders:
        folder.mkdir()
    wrong: list[BaseException] = []

    def read() -> None:
        try:
            for folder in folders:
                while not (folder / LEDGER_FILE).is_file():
                    pass
                begun = False
                while not begun:
                    with Ledger(folder) as ledger:
                        begun = ledger.begun
        except BaseException as error:
            wrong.append(error)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(2)]
    for reader in readers:
        reader.start()
    for folder in folders:
        with Ledger(folder) as ledger:
            ledger.begin({"source": "calls"})
            ledger.add([Item(0, "a.wav", "a.wav")])
    for reader in readers:
        reader.join(60)
    assert not wrong
    assert not any(reader.is_alive() for reader in readers)


def test_a_ledger_that_another_keeps_busy_is_not_called_damaged(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.begin({"source": "calls"})
        other = sqlite3.connect(tmp_path / LEDGER_FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        ledger._database._connection.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(BatchInProgress):
            ledger.add([Item(0, "a.wav", "a.wav")])
        other.close()


FULL = """
import sys
from pathlib import Path
from voxcor.batch.run import run_batch
from voxcor.options import RecordingOptions
from voxcor.errors import DiskFull
try:
    run_batch(sys.argv[2], Path(sys.argv[1]) / "out", model="small",
              options=RecordingOptions(granularity="frame", embedding=True))
except DiskFull as error:
    print(error.code)
"""


@pytest.mark.parametrize("packed", [False, True])
def test_a_full_disk_is_said_and_what_is_done_stays(
    calls: Path, tmp_path: Path, packed: bool
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare to mount a small disk of its own")
    source = calls
    if packed:  # each member is larger than the disk
        source = tmp_path / "calls.zip"
        soundfile.write(calls / "call000.wav", speech(20), 16_000)
        with zipfile.ZipFile(source, "w") as archive:
            archive.write(calls / "call000.wav", "call000.wav")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size=300k none "$1" || exit 77; exec "$2" -c "$3" "$1" "$4"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", str(disk), sys.executable, FULL, str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets no one mount a small disk")
    assert done.stdout.split() == ["disk_full"], done.stderr
