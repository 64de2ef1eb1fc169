"""The library on the disk: whole recordings go in once, whatever happens, and go out for good."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from places import DATA, VOICE
from voxcor import Recognizer
from voxcor.batch.run import run_batch
from voxcor.datasets.corrected import to_csv, to_jsonl
from voxcor.datasets.manifest import read_manifest
from voxcor.errors import (
    LibraryCorrupt,
    LibraryEmpty,
    LibraryNewer,
    ManifestError,
    ModelNotInLibrary,
    NotInLibrary,
    NoVectors,
    VoxcorError,
)
from voxcor.library import derived, indexes
from voxcor.library.export import ListedSegment, listed
from voxcor.library.incoming import add
from voxcor.library.indexes import Question
from voxcor.library.outgoing import Removed, remove
from voxcor.library.result_rows import Added
from voxcor.library.segments import FloatArray, from_arrow, matrix
from voxcor.library.store import VERSION_FILE, Library
from voxcor.library.vectors import unit
from voxcor.options import RecordingOptions
from voxcor.result_folder import save
from voxcor.results import Failure, ModelInfo
from voxcor.sources import EXAMPLE

lancedb = pytest.importorskip("lancedb", reason="the library extra is not installed")

CHAINED = DATA / "heard" / "opus-chained.opus"


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, recognizer: Recognizer) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "library"
    list(add(Library(folder), [str(VOICE), str(EXAMPLE), str(CHAINED)], lambda: recognizer))
    return folder


@pytest.fixture
def copy(filled: Path, tmp_path: Path) -> Library:
    shutil.copytree(filled, tmp_path / "library")
    return Library(tmp_path / "library")


def never() -> Recognizer:
    raise AssertionError("nothing needs to be recognised")


def test_a_recording_goes_in_with_what_was_recognised(
    library: Library, recognizer: Recognizer
) -> None:
    (added,) = add(library, [str(VOICE)], lambda: recognizer, speaker="anna")
    result = recognizer.recognize(VOICE, granularity="segment", embedding=True)
    assert isinstance(added, Added)
    table = library.table()
    segments = library.segments(table)
    assert (added.segments, table.rows, table.labels) == (2, 2, recognizer.labels)
    assert table.model == recognizer.model
    for found, expected in zip(segments, result.segments, strict=True):
        assert found.id.startswith(f"{added.recording}@{expected.start:g}")
        assert (found.emotion, found.speaker, found.name) == (expected.emotion, "anna", VOICE.name)
        assert found.path == str(VOICE)
        assert expected.dimensions is not None
        assert found.arousal == pytest.approx(expected.dimensions.arousal, abs=1e-6)
        assert found.scores == pytest.approx(dict(expected.scores), abs=1e-6)
    np.testing.assert_allclose(library.sample(table, 9), result.embedding, atol=1e-6)


def test_what_is_there_is_passed_by(library: Library, recognizer: Recognizer) -> None:
    first = [*add(library, [str(VOICE), str(VOICE)], lambda: recognizer)]
    again = [*add(library, [str(VOICE)], lambda: recognizer)]
    assert [one.segments for one in (*first, *again) if isinstance(one, Added)] == [2, 0, 0]
    assert library.table().rows == 2


def test_a_failure_costs_the_others_nothing(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(16_000), 16_000)
    outcomes = [*add(library, ["/nope.wav", str(silent), str(VOICE)], lambda: recognizer)]
    assert [getattr(one, "code", "in") for one in outcomes] == [
        "input_not_found",
        "no_speech",
        "in",
    ]


@pytest.mark.parametrize("granularity", ["utterance", "segment", "frame"])
def test_a_result_folder_needs_no_second_inference(
    granularity: str, library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    result = recognizer.recognize(VOICE, granularity=granularity, embedding=True)  # type: ignore[arg-type]
    save(result, tmp_path / "outputs")
    (added,) = add(library, [str(tmp_path / "outputs")], never)
    assert isinstance(added, Added)
    assert added.segments == (1 if granularity == "utterance" else 2)
    table = library.table()
    expected = recognizer.recognize(VOICE, granularity="segment", embedding=True)
    if granularity != "utterance":
        vectors = np.asarray(expected.embedding)
        np.testing.assert_allclose(library.sample(table, 9), vectors, atol=1e-4)
    # The recording itself adds nothing to it.
    (again,) = add(library, [str(VOICE)], lambda: recognizer)
    assert isinstance(again, Added)
    assert again.segments == 0


def test_a_result_without_vectors_is_heard_again_from_its_sound(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    save(recognizer.recognize(VOICE, granularity="segment"), tmp_path)
    (added,) = add(library, [str(tmp_path)], lambda: recognizer)
    (again,) = add(library, [str(tmp_path)], never)
    assert [one.segments for one in (added, again) if isinstance(one, Added)] == [2, 0]
    expected = recognizer.recognize(VOICE, granularity="segment", embedding=True)
    vectors = library.sample(library.table(), 9)
    # What was kept has 16 bits.
    np.testing.assert_allclose(vectors, np.asarray(expected.embedding), atol=0.05)
    assert library.segments(library.table())[0].scores == pytest.approx(
        dict(expected.segments[0].scores), abs=1e-6
    )


def test_a_result_without_vectors_and_sound_says_what_to_do(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    (save(recognizer.recognize(VOICE), tmp_path) / "processed_audio.wav").unlink()
    (failure,) = add(library, [str(tmp_path)], never)
    assert isinstance(failure, Failure)
    assert failure.code == "sound_gone"
    assert "with its embedding" in failure.message


def test_a_batch_needs_no_second_inference(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    batch = [sys.executable, "-m", "voxcor", "batch", str(DATA / "heard"), "--out"]
    options = ["--granularity", "segment", "--embedding", "--workers", "1", "--model", "small"]
    subprocess.run([*batch, str(tmp_path / "b"), *options], capture_output=True, check=False)
    outcomes = [*add(library, [str(tmp_path / "b")], never)]
    assert {"opus-chained.opus"} <= {one.name for one in outcomes if isinstance(one, Added)}
    (again,) = add(library, [str(CHAINED)], lambda: recognizer)
    assert isinstance(again, Added)
    assert again.segments == 0


def test_a_batch_without_vectors_is_heard_again(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    """Each channel by its own sound, a part by its own, a member of an archive, silence trimmed."""
    voice, rate = soundfile.read(VOICE, dtype="float32")
    quiet = np.zeros((rate, 2), np.float32)
    legs = np.stack([voice, voice[::-1]], axis=1)
    soundfile.write(tmp_path / "legs.wav", np.concatenate([quiet, legs, quiet]), rate)
    with zipfile.ZipFile(tmp_path / "legs.zip", "w") as archive:
        archive.write(tmp_path / "legs.wav", "legs.wav")
    rows = f"path,start,end\n{tmp_path / 'legs.wav'},0.5,6\n{tmp_path / 'legs.wav'},6,9\n"
    (tmp_path / "list.csv").write_text(rows)
    for source in ("legs.zip", "list.csv"):
        expected, again = Library(tmp_path / f"{source}-library"), library
        for kept, embedding in ((expected, True), (again, False)):
            folder = tmp_path / f"{source}-{embedding}"
            options = RecordingOptions(
                granularity="segment", embedding=embedding, channels="separate", any_sound=True
            )
            run_batch(str(tmp_path / source), folder, model="small", options=options, workers=1)
            outcomes = [*add(kept, [str(folder)], lambda: recognizer)]
            assert [one for one in outcomes if isinstance(one, Failure)] == []
        names = {one.recording for one in expected.segments(expected.table())}
        assert len(names) == (2 if source == "legs.zip" else 4)
        for name in names:
            where = f"recording = '{name}'"
            ours, theirs = (one.rows(one.table(), where) for one in (again, expected))
            assert ours.select(["start_ms", "end_ms"]) == theirs.select(["start_ms", "end_ms"])
            np.testing.assert_allclose(matrix(ours), matrix(theirs), atol=0.02)


def test_a_listed_leg_of_a_call_is_that_leg(
    library: Library, recognizer: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is exported of one channel is that channel to whoever reads the list."""
    monkeypatch.setenv("VOXCOR_HOME", str(tmp_path))
    voice, rate = soundfile.read(VOICE, dtype="float32")
    soundfile.write(tmp_path / "legs.wav", np.stack([voice, 0 * voice], axis=1), rate)
    options = RecordingOptions(granularity="segment", embedding=True, channels="separate")
    run_batch(str(tmp_path / "legs.wav"), tmp_path / "b", model="small", options=options, workers=1)
    list(add(library, [str(tmp_path / "b")], never))
    segments = library.segments(library.table())
    assert {one.channel for one in segments} == {0}
    rows = [*listed(segments)]
    (tmp_path / "list.csv").write_text(to_csv(rows, ListedSegment))
    (tmp_path / "list.jsonl").write_text(to_jsonl(rows))
    for name in ("list.csv", "list.jsonl"):
        manifest = read_manifest(tmp_path / name)
        for one, clip in zip(segments, manifest.utterances, strict=True):
            samples, _ = soundfile.read(clip.path, dtype="float32")
            first, last = round(one.start * rate), round(one.end * rate)
            np.testing.assert_allclose(samples, voice[first:last], atol=1e-4)
    outcomes = [*add(library, [str(tmp_path / "list.csv")], lambda: recognizer)]
    assert [one.recording.split("+")[0] for one in outcomes if isinstance(one, Added)] == [
        segments[0].recording
    ] * len(segments)
    # And to a batch, whose vectors are made again where it has none.
    for embedding in (False, True):
        options = RecordingOptions(granularity="segment", embedding=embedding)
        folder = tmp_path / f"listed {embedding}"
        run_batch(str(tmp_path / "list.csv"), folder, model="small", options=options, workers=1)
        outcomes = [*add(library, [str(folder)], lambda: recognizer)]
        names = [one.recording for one in outcomes if isinstance(one, Added)]
        assert [name.split("+")[0] for name in names] == [segments[0].recording] * len(segments)
    text = (tmp_path / "list.csv").read_text().replace(",0,", ",7,")
    (tmp_path / "wrong.csv").write_text(text)
    failures = [*add(library, [str(tmp_path / "wrong.csv")], lambda: recognizer)]
    assert {one.code for one in failures if isinstance(one, Failure)} == {"no_such_channel"}
    with pytest.raises(ManifestError, match="no channel 7"):
        read_manifest(tmp_path / "wrong.csv")


def test_a_batch_whose_recording_has_changed_says_so(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(VOICE, tmp_path / "call.flac"))
    run_batch(str(copy), tmp_path / "b", model="small", workers=1)
    copy.write_bytes(EXAMPLE.read_bytes())
    (failure,) = add(library, [str(tmp_path / "b")], lambda: recognizer)
    assert isinstance(failure, Failure)
    assert failure.code == "sound_gone"
    copy.unlink()
    assert [*add(library, [str(tmp_path / "b")], lambda: recognizer)] == [failure]


def test_a_list_says_who_and_when(library: Library, recognizer: Recognizer, tmp_path: Path) -> None:
    rows = f"path,start,end,speaker,text,date\n{VOICE},0,4.2,ann,hello,2026-03-01\n"
    rows += f"{VOICE},4.5,8.2,ben,,2026-03-02T10:00\n"
    (tmp_path / "list.csv").write_text(rows)
    outcomes = [*add(library, [str(tmp_path / "list.csv")], lambda: recognizer)]
    assert [one.segments for one in outcomes if isinstance(one, Added)] == [1, 1]
    first, second = library.segments(library.table())
    assert (first.speaker, first.text, first.recorded_at) == ("ann", "hello", datetime(2026, 3, 1))
    assert (second.speaker, second.text, second.recorded_at) == (
        "ben",
        None,
        datetime(2026, 3, 2, 10),
    )
    assert 4.5 <= second.start < second.end <= 8.2


def test_a_date_that_is_none_is_said(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    """The date of the file in its place would be a wrong one, in every course, unseen."""
    rows = f"path,start,end,date\n{VOICE},0,4.2,2026/3/1\n{VOICE},4.5,8.2,03/01/2026\n"
    (tmp_path / "list.csv").write_text(rows)
    first, second = add(library, [str(tmp_path / "list.csv")], lambda: recognizer)
    assert isinstance(first, Added)
    assert library.segments(library.table())[0].recorded_at == datetime(2026, 3, 1)
    assert isinstance(second, Failure)
    assert "list.csv:3: '03/01/2026'" in second.message


class Deaf:
    """A model that is known and need not hear anything."""

    def __init__(self, model: ModelInfo) -> None:
        self.model = model


def test_parts_that_are_there_are_not_heard_again(
    library: Library, recognizer: Recognizer, tmp_path: Path
) -> None:
    rows = f"path,start,end\n{VOICE},0,4.2\n{VOICE},4.5,8.2\n"
    (tmp_path / "list.csv").write_text(rows)
    source = [str(tmp_path / "list.csv")]
    first = [*add(library, source, lambda: recognizer)]
    again = [*add(library, source, lambda: Deaf(recognizer.model))]  # type: ignore[arg-type]
    found = [(one.recording, one.segments) for one in first if isinstance(one, Added)]
    assert [(one.recording, one.segments) for one in again if isinstance(one, Added)] == [
        (name, 0) for name, _ in found
    ]
    assert len(found) == len(again) == 2


def test_models_do_not_mix(copy: Library, recognizer: Recognizer) -> None:
    segments = copy.segments(copy.table())
    other = ModelInfo("mine", "fp32", "1", "ab" * 32, False, False)
    added = copy.add(other, segments[:2], np.ones((2, 8), np.float32))
    assert added == 2
    assert [(table.model.id, table.dim, table.rows) for table in copy.tables()] == [
        ("small", recognizer.embedding_dim, 7),
        ("mine", 8, 2),
    ]
    assert copy.table("mine").dim == 8
    with pytest.raises(ModelNotInLibrary, match="plus-large"):
        copy.table("plus-large")


def test_vectors_of_another_size_are_refused(copy: Library) -> None:
    """As an embedding.npy may be that does not belong to its result."""
    table = copy.table()
    one = replace(copy.segments(table)[0], recording="f" * 16)
    for dim in (8, 2 * table.dim):
        with pytest.raises(NoVectors):
            copy.add(table.model, [one], np.ones((1, dim), np.float32))
    assert copy.table().rows == table.rows


def files_with(folder: Path, marks: list[bytes]) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(mark in path.read_bytes() for mark in marks)]


def test_nothing_is_left_of_what_was_removed(copy: Library) -> None:
    (row,) = copy.segments(copy.table(), "name = 'example.flac'")
    vector = copy.rows(copy.table(), "name = 'example.flac'").column("vector")[0].as_py()
    marks = [row.recording.encode(), b"example.flac", np.float32(vector[:8]).tobytes()]
    assert files_with(copy.folder, marks)
    assert remove(copy, str(EXAMPLE)) == Removed(1, ())
    assert files_with(copy.folder, marks) == []
    assert copy.table().rows == 6
    with pytest.raises(NotInLibrary):
        remove(copy, row.recording)


def test_a_copy_is_the_same_recording_also_when_it_goes(copy: Library, tmp_path: Path) -> None:
    other = Path(shutil.copy(EXAMPLE, tmp_path / "another name.flac"))
    (there,) = add(copy, [str(other)], lambda: Recognizer("small", threads=1))
    assert isinstance(there, Added)
    assert there.segments == 0
    assert remove(copy, str(other)) == Removed(1, ())
    with pytest.raises(NotInLibrary):
        remove(copy, str(EXAMPLE))


@pytest.mark.parametrize("place", ["delete_rows", "forget_versions"])
def test_a_removal_that_dies_is_done_by_the_next(
    copy: Library, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Rows may have gone already, and files of them be there still."""
    table = copy.table()
    (row,) = copy.segments(table, "name = 'example.flac'")
    key = derived.key_of("map", table.name, derived.stock_of(copy.recordings_of(table)), {})
    copy.keep(key, table, copy.version(table), row.recording.encode())

    def dies(table: Any, *_: object) -> int:
        raise KeyboardInterrupt

    module = {"delete_rows": "store", "forget_versions": "tables"}[place]
    with monkeypatch.context() as patched:
        patched.setattr(f"voxcor.library.{module}.{place}", dies)
        with pytest.raises(KeyboardInterrupt):
            remove(copy, str(EXAMPLE))
    marks = [row.recording.encode(), b"example.flac"]
    assert files_with(copy.folder, marks)
    with suppress(NotInLibrary):
        remove(copy, str(EXAMPLE))
    assert files_with(copy.folder, marks) == []


def test_an_index_keeps_nothing_either(copy: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many segments have an index over vectors, recordings and speakers: files of their own."""
    monkeypatch.setattr(indexes, "INDEXED_ROWS", 300)
    other = ModelInfo("mine", "fp32", "1", "ab" * 32, False, False)
    vectors = np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32)
    one = copy.segments(copy.table())[0]
    many = [
        replace(one, recording=f"{number:016x}", path=f"/{number}.wav", speaker=f"voice {number}")
        for number in range(400)
    ]
    copy.add(other, many, vectors)
    copy.compact()
    assert [*copy.folder.rglob("_indices/*/*")]
    marks = [b"voice 123", many[123].recording.encode(), vectors[123, :8].tobytes()]
    assert files_with(copy.folder, marks)
    assert remove(copy, many[123].recording) == Removed(1, ())
    monkeypatch.setattr("voxcor.library.store.forget_versions", None)  # a removal has joined all
    copy.index()
    assert [*copy.folder.rglob("_indices/*/*")]
    assert files_with(copy.folder, marks) == []
    assert nearest_to(copy, vectors[124]) == many[124].recording


def nearest_to(library: Library, vector: FloatArray) -> str:
    """The recording whose vector is nearest to one, of the model `mine`."""
    table = library.table("mine")

    def cosines(rows: Any) -> FloatArray:
        return unit(matrix(rows)) @ unit(vector)

    asked = Question({"vector": vector}, cosines, ["vector"], candidates=10, limit=1)
    (found,), _ = library.nearest(table, asked)
    return found.recording


def test_an_index_takes_in_what_is_new_and_is_not_made_again(
    copy: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "INDEXED_ROWS", 300)
    other = ModelInfo("mine", "fp32", "1", "ab" * 32, False, False)
    vectors = np.random.default_rng(0).normal(size=(401, 16)).astype(np.float32)
    one = copy.segments(copy.table())[0]
    many = [replace(one, recording=f"{number:016x}") for number in range(401)]
    copy.add(other, many[:400], vectors[:400])
    copy.compact()
    made: list[str] = []
    table = lancedb.connect(copy.folder).open_table(copy.table("mine").name)
    create = type(table).create_index
    monkeypatch.setattr(
        type(table), "create_index", lambda *a, **k: made.append(a[1]) or create(*a, **k)
    )
    copy.add(other, many[400:], vectors[400:])
    copy.compact()
    assert made == []
    table.checkout_latest()
    unindexed = {index.columns[0]: index.num_unindexed_rows for index in table.list_indices()}
    assert {*unindexed} > {"vector", "score_roots", "recording", "speaker", "emotion"}
    assert {*unindexed.values()} == {0}
    assert nearest_to(copy, vectors[400]) == many[400].recording


def test_an_index_of_an_older_kind_is_replaced_and_leaves_no_file(
    copy: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "INDEXED_ROWS", 300)
    other = ModelInfo("mine", "fp32", "1", "ab" * 32, False, False)
    vectors = np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32)
    one = copy.segments(copy.table())[0]
    many = [replace(one, recording=f"{number:016x}") for number in range(400)]
    copy.add(other, many, vectors)
    table = lancedb.connect(copy.folder).open_table(copy.table("mine").name)
    table.create_index("vector", config=lancedb.index.HnswSq(distance_type="cosine"))
    (old,) = copy.folder.rglob("_indices/*")
    copy.compact()
    assert not old.exists()
    table.checkout_latest()
    kinds = {index.columns[0]: index.index_type for index in table.list_indices()}
    assert (kinds["vector"], kinds["score_roots"]) == ("IvfRq", "IvfFlat")
    assert len([*copy.folder.rglob("_indices/*")]) == len(kinds)
    assert nearest_to(copy, vectors[124]) == many[124].recording


def test_which_are_drawn_does_not_depend_on_where_rows_lie(copy: Library) -> None:
    table = copy.table()
    everything = copy.rows(table)
    assert copy.drawn(table, None, 100, 0).equals(everything)
    again = Library(copy.folder.parent / "again")
    for place in reversed(range(len(everything))):
        row = everything.slice(place, 1)
        one = from_arrow(row, table.labels)
        again.add(table.model, [replace(one[0], recording=f"{place:016x}")], matrix(row))
    ours = [f"{place:016x}" for place in range(len(everything))]
    chosen = sorted(np.random.default_rng(0).choice(len(ours), 3, replace=False))
    found = again.drawn(again.table(), None, 3, 0).column("recording").to_pylist()
    assert found == [ours[place] for place in chosen]


def test_a_recording_goes_by_its_name_too(copy: Library) -> None:
    name = copy.segments(copy.table())[0].recording
    assert remove(copy, name[:10]).segments > 0
    with pytest.raises(NotInLibrary):
        remove(copy, name)
    with pytest.raises(NotInLibrary):  # too short to mean one
        remove(copy, copy.segments(copy.table())[0].recording[:4])


_ADD = """
import sys
from pathlib import Path
from voxcor import Recognizer
from voxcor.library.incoming import add
from voxcor.library.store import Library
recognizer = Recognizer("small", threads=1)
for one in add(Library(Path(sys.argv[1])), sys.argv[2:], lambda: recognizer):
    print(one.recording, flush=True)
"""


def adding(library: Path, *sources: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _ADD, str(library), *map(str, sources)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    """The same voice with other bytes, over and over: each is a recording of its own."""
    samples, rate = soundfile.read(VOICE)
    paths = [tmp_path / f"{number}.wav" for number in range(4)]
    for number, path in enumerate(paths):
        soundfile.write(path, samples * (1 - number / 10), rate)
    return paths


@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_kill_loses_nothing_that_was_said_to_be_in(
    before: int, copies: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "library"
    with adding(folder, *copies) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(before)]
        process.kill()
    library = Library(folder)
    kept = {one.recording for table in library.tables() for one in library.segments(table)}
    assert {*said} <= kept
    adding(folder, *copies).communicate()
    table = library.table()
    segments = library.segments(table)
    assert len({one.id for one in segments}) == len(segments) == 2 * len(copies)


def test_two_writers_at_once_add_everything_once(copies: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "library"
    both = [adding(folder, *copies), adding(folder, *reversed(copies))]
    assert [process.wait() for process in both if process.communicate()] == [0, 0]
    assert Library(folder).table().rows == 2 * len(copies)


def test_an_empty_library_says_how_to_fill_it(library: Library) -> None:
    assert library.tables() == []
    with pytest.raises(LibraryEmpty, match="voxcor library add"):
        library.table()


def test_a_newer_library_is_left_alone(copy: Library) -> None:
    (copy.folder / VERSION_FILE).write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(LibraryNewer, match="99"):
        Library(copy.folder)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"schema_version": "x"}'])
def test_a_damaged_version_is_said(content: str, copy: Library) -> None:
    (copy.folder / VERSION_FILE).write_text(content)
    with pytest.raises(VoxcorError) as caught:
        Library(copy.folder)
    assert caught.value.code in ("library_corrupt", "library_newer")


def damaged(folder: Path) -> Iterator[Path]:
    yield from folder.rglob("*.lance/data/*.lance")
    yield from folder.rglob("*.manifest")


def test_a_damaged_table_is_said(copy: Library) -> None:
    table = copy.table()
    one = replace(copy.segments(table)[0], recording="f" * 16)
    for path in damaged(copy.folder):
        path.write_bytes(b"\0" * 100)
    with pytest.raises(LibraryCorrupt, match="again"):
        copy.segments(copy.table())
    with pytest.raises(LibraryCorrupt, match="again"):
        copy.add(table.model, [one], np.ones((1, table.dim), np.float32))
