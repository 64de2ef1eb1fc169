"""The result folder: what is in it, and that nothing half-made ever looks like one."""

import csv
import json
import os
import shutil
import subprocess
import sys
import wave
from collections import UserDict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from results_by_hand import happy_then_sad, with_frames
from voxcor.errors import StorageDenied
from voxcor.result_folder import save


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_folder_has_the_layout_of_the_system_replaced(tmp_path: Path) -> None:
    result = happy_then_sad(embedding=np.ones(4, np.float32))
    folder = save(result, tmp_path / "outputs")
    assert folder == tmp_path / "outputs" / "outputs_20240104_223000"
    assert names(folder) == {
        "processed_audio.wav",
        "result.json",
        "embedding.npy",
        "embedding.json",
    }


def test_without_embedding_and_frames_there_are_no_files_for_them(tmp_path: Path) -> None:
    assert names(save(happy_then_sad(), tmp_path)) == {"processed_audio.wav", "result.json"}


def test_the_document_is_the_one_of_the_result_in_readable_utf8(tmp_path: Path) -> None:
    result = happy_then_sad(notice="仅为估计")
    text = (save(result, tmp_path) / "result.json").read_text(encoding="utf-8")
    assert json.loads(text) == result.to_document()
    assert "仅为估计" in text
    assert text.startswith('{\n  "emotion": "happy",\n  "confidence": 0.853,')


def test_a_name_that_is_no_utf8_is_kept(tmp_path: Path) -> None:
    result = happy_then_sad()
    object.__setattr__(result.audio, "name", os.fsdecode(b"caf\xe9.wav"))
    document = json.loads((save(result, tmp_path) / "result.json").read_text(encoding="utf-8"))
    assert os.fsencode(document["audio"]["name"]) == b"caf\xe9.wav"


def test_processed_audio_is_what_the_model_heard(tmp_path: Path) -> None:
    result = happy_then_sad()
    with wave.open(str(save(result, tmp_path) / "processed_audio.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
    np.testing.assert_allclose(heard, result.processed, atol=0.51 / 32767)


def test_the_embedding_reads_back_and_its_sidecar_says_what_it_is(tmp_path: Path) -> None:
    embedding = np.arange(149 * 3, dtype=np.float32).reshape(149, 3)
    folder = save(with_frames(embedding=embedding), tmp_path)
    np.testing.assert_array_equal(np.load(folder / "embedding.npy"), embedding)
    assert json.loads((folder / "embedding.json").read_text()) == {
        "model": {
            "id": "plus-large",
            "precision": "fp32",
            "revision": "v2.0.5",
            "sha256": "a" * 64,
        },
        "granularity": "frame",
        "hop_ms": 20,
        "shape": [149, 3],
        "dtype": "float32",
        "audio": {"name": "call.m4a", "sha256": "b" * 64, "channel": None},
    }


def test_frames_are_one_row_each_with_times_a_hop_apart(tmp_path: Path) -> None:
    result = with_frames()
    assert result.frames is not None
    with (save(result, tmp_path) / "frames.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["time_ms", *result.frames.labels, "arousal", "valence"]
    times_ms = [int(row[0]) for row in rows]
    assert times_ms == list(range(112, 112 + 149 * 20, 20))
    table = np.array([row[1:] for row in rows], float)
    dimensions = result.frames.dimensions
    assert dimensions is not None
    curves = [result.frames.scores, dimensions.arousal, dimensions.valence]
    np.testing.assert_allclose(table, np.column_stack(curves), atol=5e-7)


def test_results_of_one_second_get_a_folder_each(tmp_path: Path) -> None:
    folders = [save(happy_then_sad(), tmp_path).name for _ in range(3)]
    assert folders == [
        "outputs_20240104_223000",
        "outputs_20240104_223000_2",
        "outputs_20240104_223000_3",
    ]


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    taken = tmp_path / "outputs_20240104_223000"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    (tmp_path / "outputs_20240104_223000_2").write_text("a file of that name")
    assert save(happy_then_sad(), tmp_path).name == "outputs_20240104_223000_3"
    assert names(taken) == {"notes.txt"}


def _save_some(out_dir: Path) -> list[str]:
    return [save(happy_then_sad(), out_dir).name for _ in range(20)]


def test_processes_that_save_in_the_same_second_do_not_collide(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        folders = [name for part in pool.map(_save_some, [tmp_path] * 3) for name in part]
    assert len(set(folders)) == 60
    assert names(tmp_path) == set(folders)
    assert all(names(tmp_path / folder) == names(tmp_path / folders[0]) for folder in folders)


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    class Interrupting(UserDict[str, float]):
        def __iter__(self) -> Iterator[str]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(happy_then_sad(timings_ms=Interrupting()), tmp_path)
    assert names(tmp_path) == set()


def test_an_output_folder_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    taken = tmp_path / "outputs"
    taken.write_text("")
    with pytest.raises(StorageDenied, match="outputs"):
        save(happy_then_sad(), taken)


_SAVE_ON_A_SMALL_DISK = """
import sys, numpy as np
from pathlib import Path
from results_by_hand import happy_then_sad
from voxcor.errors import VoxcorError
from voxcor.result_folder import save
result = happy_then_sad(**{sys.argv[2]: np.zeros(5_000_000, np.float32)})
try:
    save(result, Path(sys.argv[1]))
except VoxcorError as error:
    print(error.code, error.details["needed_mb"], [*Path(sys.argv[1]).iterdir()])
"""


@pytest.mark.parametrize(("part", "needed_mb"), [("processed", 11), ("embedding", 21)])
def test_a_full_disk_is_said_and_nothing_half_written_stays(
    tmp_path: Path, part: str, needed_mb: int
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare to mount a small disk of its own")
    mount = 'mount -t tmpfs -o size=256k none "$1" || exit 77; exec "$2" -c "$3" "$1" "$4"'
    arguments = [str(tmp_path), sys.executable, _SAVE_ON_A_SMALL_DISK, part]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets no one mount a small disk")
    assert done.stdout == f"disk_full {needed_mb} []\n", done.stderr
