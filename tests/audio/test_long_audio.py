"""Hours of audio: what lies on the disk is what would lie in memory, and leaves nothing behind."""

import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio_files import FORMATS, speech, with_silence
from places import VOICE
from voxcor import Recognizer, Result
from voxcor.audio import (
    DecodingOptions,
    decode,
    open_audio,
    peak_normalize,
    prepare,
    prepare_mono,
    to_mono,
)
from voxcor.audio.resample import Resampler, resample
from voxcor.disk.array import DiskArray, Rows, Spool, blocks_of
from voxcor.errors import AudioCorrupt, AudioTruncated, VoxcorError
from voxcor.frames import HOP, RECEPTIVE_FIELD, frame_range, num_frames
from voxcor.inference.network import OVERLAP_FRAMES, WINDOW_FRAMES, FrameOutput, window_starts
from voxcor.pooling import pool
from voxcor.result_folder import save, write_array
from voxcor.timeline import scores_of, softmax

MINUTES = 10  # more than stays in memory


def on_disk(rows: NDArray[np.float32], cut: int = 1000) -> DiskArray:
    spool = Spool(memory_bytes=0)
    for block in blocks_of(rows, cut):
        spool.append(block)
    array = spool.finish()
    assert isinstance(array, DiskArray)
    return array


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example again and again, at changing levels, with pauses and a quiet background."""
    rng = np.random.default_rng(0)
    voice, rate = soundfile.read(VOICE, dtype="float32")
    path = tmp_path_factory.mktemp("long") / "interview.flac"
    with soundfile.SoundFile(path, "w", rate, 1) as file:
        for _ in range(0, MINUTES * 60, len(voice) // rate):
            part = with_silence(voice * rng.uniform(0.2, 0.9), 0.0, rng.uniform(0.3, 3.0))
            file.write(part + 1e-3 * rng.standard_normal(len(part)))
    return path


@pytest.fixture(scope="module")
def long_result(recognizer: Recognizer, long_file: Path) -> Result:
    return recognizer.recognize(long_file, granularity="frame", embedding=True)


@given(st.data())
def test_slices_of_rows_on_the_disk_are_those_of_rows_in_memory(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(1,), (3000,), (700, 3)]))
    rows = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    array = on_disk(rows, cut=data.draw(st.integers(1, 900)))
    first, last = (data.draw(st.one_of(st.none(), st.integers(-800, 3500))) for _ in range(2))
    np.testing.assert_array_equal(array[first:last], rows[first:last])
    np.testing.assert_array_equal(np.asarray(array), rows)
    assert (array.shape, array.size, array.nbytes, len(array)) == (
        *(rows.shape, rows.size),
        *(rows.nbytes, len(rows)),
    )


def test_parts_of_rows_on_the_disk_are_views_with_a_gain_of_their_own() -> None:
    rows = np.arange(5000, dtype=np.float32)
    part = on_disk(rows).part(1000, 3000)
    np.testing.assert_array_equal(part.part(10, 20)[:], rows[1010:1020])
    np.testing.assert_array_equal(part.amplified(2.0)[5:9], 2 * rows[1005:1009])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(part)), rows[1000:3000])


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
@pytest.mark.parametrize("cut", [777, 16_384, 1_000_000])
def test_resampling_in_blocks_changes_no_bit(rate: int, cut: int) -> None:
    samples = np.random.default_rng(0).standard_normal(rate * 2 + 17).astype(np.float32)
    whole = resample(samples, rate)
    resampler = Resampler(rate)
    blocks = [resampler.push(block) for block in blocks_of(samples, cut)]
    np.testing.assert_array_equal(np.concatenate([*blocks, resampler.finish()]), whole)


@pytest.mark.parametrize("name", ["wav-16", "mp3", "m4a", "webm-opus"])
@pytest.mark.parametrize("channel", [None, 1])
def test_a_recording_on_the_disk_is_heard_as_one_in_memory(name: str, channel: int | None) -> None:
    """To the last bit: samples, times, speech, quality; 40 s, so that there are several blocks."""
    format_ = FORMATS[name]
    voice = np.tile(with_silence(speech(3.0), 1.0, 1.0), 8)
    both = np.stack([4 * voice, voice[::-1]], axis=1).clip(-1, 1)
    if format_.rate != 16_000:
        both = np.stack([np.repeat(part, 3) for part in both.T], axis=1)[: 40 * format_.rate]
    content = format_.write(both.astype(np.float32), format_.rate)
    expected = prepare(decode(content), channel=channel)
    with open_audio(content) as stream:
        mono = to_mono(stream, channel=channel, memory_bytes=0)
    found = prepare_mono(mono)
    assert isinstance(found.samples, DiskArray)
    np.testing.assert_array_equal(found.samples[:], expected.samples)
    assert (found.trimmed_start, found.trimmed_end) == (
        expected.trimmed_start,
        expected.trimmed_end,
    )
    assert found.speech == expected.speech
    assert found.quality == expected.quality
    assert found.peak == expected.peak


def test_windows_read_from_the_disk_have_no_seam(recognizer: Recognizer, long_file: Path) -> None:
    """The slow reference: each window in a pass of its own, faded one into the next by hand."""
    samples = decode(long_file).samples[: 100 * 16_000, 0]
    network = recognizer._network
    total = num_frames(len(samples))
    starts = window_starts(total)
    assert len(starts) > 3
    length = HOP * (WINDOW_FRAMES - 1) + RECEPTIVE_FIELD
    passes = [network.run([samples[HOP * s : HOP * s + length]])[0].logits for s in starts]
    expected = np.zeros((total, passes[0].shape[1]))
    for first, alone in zip(starts, passes, strict=True):
        rising = np.ones(WINDOW_FRAMES)
        if first:
            rising[:OVERLAP_FRAMES] = np.arange(1, OVERLAP_FRAMES + 1) / (OVERLAP_FRAMES + 1)
        stretch = expected[first : first + WINDOW_FRAMES]
        stretch += rising[:, None] * (alone - stretch)
    stitched = network.run_long(on_disk(samples))
    np.testing.assert_allclose(stitched.logits, expected, atol=2e-5)
    np.testing.assert_array_equal(stitched.logits, network.run_long(samples).logits)
    # The middle of the second window, which no other one touches, is the direct pass.
    untouched = slice(OVERLAP_FRAMES, WINDOW_FRAMES - OVERLAP_FRAMES)
    middle = stitched.logits[starts[1] : starts[1] + WINDOW_FRAMES][untouched]
    np.testing.assert_array_equal(middle, passes[1][untouched])


@given(st.integers(0, 2**31), st.lists(st.integers(1, 60), min_size=1, max_size=9))
def test_means_do_not_depend_on_how_the_frames_come(seed: int, lengths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    total = sum(lengths)
    embeddings = rng.standard_normal((total, 4)).astype(np.float32)
    logits = rng.standard_normal((total, 3)).astype(np.float32)
    edges = np.sort(rng.uniform(0, total / 50, 8)).reshape(-1, 2)
    spans = [(float(start), float(end)) for start, end in edges]
    cuts = np.cumsum([0, *lengths])
    parts = [FrameOutput(embeddings[a:b], logits[a:b]) for a, b in pairwise(cuts)]
    pooled = pool(parts, total, spans, granularity="segment", embedding=True, columns=[0, 2])
    ranges = [frame_range(start, end, total) for start, end in spans]
    np.testing.assert_allclose(pooled.mean, logits[:, [0, 2]].mean(axis=0), atol=1e-5)
    means = [logits[first:last, [0, 2]].mean(axis=0) for first, last in ranges]
    np.testing.assert_allclose(pooled.span_means, means, atol=1e-5)
    vectors = [embeddings[first:last].mean(axis=0) for first, last in ranges]
    assert pooled.embedding is not None
    np.testing.assert_allclose(np.asarray(pooled.embedding), vectors, atol=1e-5)


def test_a_long_recording_has_the_result_of_all_of_it_at_once(
    recognizer: Recognizer, long_file: Path, long_result: Result
) -> None:
    prepared = prepare(decode(long_file))
    output = recognizer._network.run_long(prepared.samples)
    logits = output.logits / np.float32(recognizer._temperature)
    names = recognizer.labels
    expected = scores_of(logits.mean(axis=0, dtype=np.float64), names)
    assert long_result.scores == pytest.approx(expected, abs=1e-9)
    assert len(long_result.segments) == len(prepared.speech) > 50
    for segment, (start, end) in zip(long_result.segments, prepared.speech, strict=True):
        first, last = frame_range(start, end, len(logits))
        expected = scores_of(logits[first:last].mean(axis=0, dtype=np.float64), names)
        assert segment.scores == pytest.approx(expected, abs=1e-9)
    assert long_result.frames is not None
    np.testing.assert_allclose(long_result.frames.scores, softmax(logits), atol=1e-6)
    assert isinstance(long_result.embedding, DiskArray)
    np.testing.assert_array_equal(long_result.embedding[:], output.embeddings)
    assert isinstance(long_result.processed, DiskArray)
    normalized, gain_db = peak_normalize(prepared.samples, prepared.peak)
    np.testing.assert_array_equal(long_result.processed[:], normalized)
    assert long_result.preprocessing.gain_db == gain_db


def test_what_lies_on_the_disk_is_saved_as_what_lies_in_memory(
    long_result: Result, tmp_path: Path
) -> None:
    folder = save(long_result, tmp_path)
    heard, rate = soundfile.read(folder / "processed_audio.wav", dtype="int16")
    assert rate == 16_000
    assert long_result.processed is not None
    np.testing.assert_allclose(heard / 32767, long_result.processed[:], atol=0.51 / 32767)
    assert long_result.embedding is not None
    np.testing.assert_array_equal(np.load(folder / "embedding.npy"), long_result.embedding[:])
    assert long_result.frames is not None
    table = np.loadtxt(folder / "frames.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(table[:, 1:10], long_result.frames.scores, atol=5e-7)


def test_an_array_file_is_the_same_from_either_place(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((2500, 3)).astype(np.float32)
    write_array(tmp_path / "memory.npy", rows)
    write_array(tmp_path / "disk.npy", on_disk(rows))
    assert (tmp_path / "disk.npy").read_bytes() == (tmp_path / "memory.npy").read_bytes()


def test_nothing_has_a_name_on_the_disk_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    array = on_disk(np.zeros(5000, np.float32))
    assert [*tmp_path.iterdir()] == []
    descriptor = array._file._file.fileno()
    del array
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def _open_files() -> int:
    table = Path("/proc/self/fd")
    return len([*table.iterdir()]) if table.exists() else 0


def test_a_recording_that_breaks_midway_leaves_nothing(
    long_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content = long_file.read_bytes()
    opened = _open_files()
    broken = content[: len(content) * 9 // 10]
    with (
        pytest.raises((AudioTruncated, AudioCorrupt)),
        open_audio(broken, options=DecodingOptions(strict=True)) as stream,
    ):
        to_mono(stream, memory_bytes=0)
    assert [*tmp_path.iterdir()] == []
    assert _open_files() <= opened


_ON_A_SMALL_DISK = """
import sys, tempfile
from pathlib import Path
from voxcor.audio import open_audio, to_mono
from voxcor.errors import VoxcorError
tempfile.tempdir = sys.argv[1]
try:
    with open_audio(sys.argv[2]) as stream:
        to_mono(stream, memory_bytes=0)
except VoxcorError as error:
    print(error.code, error.details["needed_mb"], [*Path(sys.argv[1]).iterdir()])
"""


def test_a_full_disk_is_said_with_what_is_needed(tmp_path: Path, long_file: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare to mount a small disk of its own")
    mount = 'mount -t tmpfs -o size=4m none "$1" || exit 77; exec "$2" -c "$3" "$1" "$4"'
    arguments = [str(tmp_path), sys.executable, _ON_A_SMALL_DISK, str(long_file)]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets no one mount a small disk")
    needed_mb = -(-4 * soundfile.info(long_file).frames // 1_000_000)
    assert done.stdout == f"disk_full {needed_mb} []\n", done.stderr


_PEAK = """
import sys
from pathlib import Path
from voxcor import Recognizer
from voxcor.result_folder import save
result = Recognizer("small", threads=1).recognize(sys.argv[1], granularity="segment")
save(result, Path(sys.argv[2]))
print(Path("/proc/self/status").read_text())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
def test_ten_minutes_take_hardly_more_memory_than_one(long_file: Path, tmp_path: Path) -> None:
    """At the border between memory and disk, where it takes the most; ten hours take no more.

    Large blocks go back to the system when they are freed, as musl's and macOS's do: glibc would
    keep up to a third more in the holes of its heap, as the sizes happen to come.
    """
    samples, rate = soundfile.read(long_file, frames=60 * 16_000)
    soundfile.write(tmp_path / "minute.flac", samples, rate)

    def peak_kb(path: Path) -> int:
        command = [sys.executable, "-c", _PEAK, str(path), str(tmp_path)]
        environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000"}
        status = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        ).stdout
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1])

    assert peak_kb(long_file) < 1.25 * peak_kb(tmp_path / "minute.flac")


def test_rows_of_either_place_come_in_the_same_blocks() -> None:
    rows = np.arange(10, dtype=np.float32)
    for place in (rows, on_disk(rows)):
        places: Rows = place
        assert [block.tolist() for block in blocks_of(places, 4)] == [
            [0, 1, 2, 3],
            [4, 5, 6, 7],
            [8, 9],
        ]


def test_a_disk_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(VoxcorError) as caught:
        on_disk(np.zeros(10, np.float32))
    assert caught.value.code == "storage_denied"
    assert str(tmp_path / "gone") in caught.value.message
