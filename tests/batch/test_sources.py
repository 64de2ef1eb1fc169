"""What is found in folders and archives: everything that can be decoded, whatever it is called."""

import io
import json
import os
import subprocess
import zipfile
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from av.format import ContainerFormat, Flags

from audio_files import speech
from audio_flaws import muxed_plainly
from command import voxcor
from voxcor.audio import decode, ffmpeg
from voxcor.audio.signatures import HEAD_BYTES, has_media_signature
from voxcor.batch.items import Item
from voxcor.batch.run import run_batch
from voxcor.batch.sources import read_source
from voxcor.errors import InputError, NoAudioFound
from voxcor.extensions import AUDIO_EXTENSIONS, extension_of
from voxcor.options import RecordingOptions
from voxcor.sources import PassedOver, expand

# Of FFmpeg's extensions for what it decodes: pictures, a manifest, subtitles, a text of links.
NO_RECORDINGS = {".avif", ".heic", ".heif", ".ism", ".mks", ".apl"}

# What libsndfile writes under these names is data as often as sound, or has no name of its own.
NO_NAMES = {"HTK", "MAT4", "MAT5", "MPC2K", "RAW", "SD2", "NIST", "RF64", "WAVEX"}


@cache
def ffmpeg_files() -> dict[str, tuple[bytes, frozenset[str]]]:
    """A file of each container that FFmpeg writes and Voxcor decodes, and its extensions."""
    files = {}
    for name in sorted(av.formats_available):
        try:
            form = ContainerFormat(name, "w")
            if form.flags & Flags.no_file.value:  # a device, or many files
                continue
            content = muxed_plainly(name)
            decode(content)
        except (av.FFmpegError, TypeError, ValueError, InputError):
            continue
        files[name] = content, frozenset(f".{extension}" for extension in form.extensions)
    return files


@cache
def sndfile_files() -> dict[str, bytes]:
    """A file of each format that libsndfile writes."""
    tone = 0.3 * np.sin(np.arange(4000) * 0.1)
    files = {}
    for name in sorted(set(soundfile.available_formats()) - NO_NAMES):
        file = io.BytesIO()
        soundfile.write(file, tone, 8000, format=name)
        decode(file.getvalue())
        files[name] = file.getvalue()
    return files


def write_all(folder: Path) -> list[str]:
    """A file of every extension that FFmpeg and libsndfile write; their names."""
    contents = {f"sndfile.{name.lower()}": content for name, content in sndfile_files().items()}
    for container, (content, extensions) in ffmpeg_files().items():
        contents |= {f"{container}{extension}": content for extension in extensions}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return sorted(contents)


def zipped(folder: Path) -> Path:
    archive = folder.parent / "found.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.iterdir():
            file.write(path, path.name)
    return archive


def names_in(found: object) -> list[str]:
    entries = [entry.name if isinstance(entry, Item) else entry for entry in found]  # type: ignore[attr-defined]
    assert all(isinstance(entry, str) for entry in entries)
    return sorted(Path(entry).name for entry in entries)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "found").mkdir()
    return tmp_path / "found"


def test_ffmpeg_writes_enough_to_say_something() -> None:
    assert len(ffmpeg_files()) > 30
    assert len(sndfile_files()) > 12


def test_all_that_can_be_written_and_decoded_is_found(folder: Path) -> None:
    names = write_all(folder)
    assert len(names) > 60
    passed_over = PassedOver()
    assert names_in(expand([str(folder)], passed_over)) == names
    assert names_in(read_source(str(zipped(folder)), passed_over)) == names
    assert passed_over.count == 0


def test_extensions_are_those_of_ffmpeg_s_own_tables() -> None:
    known = set()
    for name in av.formats_available:
        try:
            form = ContainerFormat(name, "r")
        except ValueError:
            continue
        if set(form.name.split(",")) & set(ffmpeg._CONTAINERS.split(",")):
            known |= {f".{extension}" for extension in form.extensions}
    assert ".m4b" in known
    assert known - AUDIO_EXTENSIONS == NO_RECORDINGS


@pytest.mark.parametrize("name", ["call", "call.dat", "call.BAK", "1700000000.42", "call.mp3_old"])
def test_whatever_its_name_a_container_is_known_by_its_first_bytes(folder: Path, name: str) -> None:
    for container, (content, _) in ffmpeg_files().items():
        (folder / f"{container}-{name}").write_bytes(content)
    for form, content in sndfile_files().items():
        if form != "SDS":  # it begins as any MIDI does
            (folder / f"{form}-{name}").write_bytes(content)
    names = sorted(path.name for path in folder.iterdir())
    passed_over = PassedOver()
    assert names_in(expand([str(folder)], passed_over)) == names
    assert names_in(read_source(str(zipped(folder)), passed_over)) == names


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MAC addresses of all phones\n",
        b"caffeine\n" * 2000,
        b"The free encyclopedia",
        "ÿþ".encode("latin-1") + "I said what I said, and more.\n".encode("utf-16-le") * 400,
        b"\xff\xfe" + "笔记 and notes\n".encode("utf-16-le") * 400,
        b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9000),
        b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + bytes(9000),
        b"\0\0\0\x20ftypavif" + bytes(9000),
        b"GIF89a" + b"G" + bytes(9000),
        b"PK\3\4" + bytes(range(256)) * 40,
        b"\x7fELF" + bytes(range(256)) * 40,
        b"\xff\xfb\x90\x64" + bytes(9000),
        bytes(9000),
        b"\xff" * 9000,
    ],
)
def test_what_only_begins_like_a_recording_is_none(content: bytes) -> None:
    assert not has_media_signature(content[:HEAD_BYTES])


def test_noise_is_no_recording() -> None:
    noise = np.random.default_rng(0)
    heads = (noise.bytes(HEAD_BYTES) for _ in range(20_000))
    assert sum(map(has_media_signature, heads)) == 0


def test_documents_are_never_looked_into(folder: Path) -> None:
    soundfile.write(folder / "a.wav", speech(1), 16_000)
    for name in ("a.txt", "a.json", "a.jpg", "a.TextGrid", "a.pdf"):
        (folder / name).write_bytes((folder / "a.wav").read_bytes())
    passed_over = PassedOver()
    assert names_in(expand([str(folder)], passed_over)) == ["a.wav"]
    assert passed_over.count == 5


def test_the_shell_and_the_folder_give_the_same_recordings(folder: Path) -> None:
    write_all(folder)
    (folder / "notes.txt").write_text("notes")
    (folder / "README").write_text("read me")
    by_shell = sorted(path.name for path in folder.iterdir() if decodes(path))
    by_pattern = names_in(expand([f"{folder}/*"]))
    assert by_shell == by_pattern == names_in(expand([str(folder)]))


def decodes(path: Path) -> bool:
    try:
        decode(path)
    except InputError:
        return False
    return True


def test_what_is_passed_over_is_said_with_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", "en")
    soundfile.write(folder / "a.wav", speech(1), 16_000)
    for name in ("a.txt", "b.TXT", "c.pdf", "call.ulaw", "calls.zip", "README", ".hidden.txt"):
        (folder / name).touch()
    (folder / "elsewhere").symlink_to(folder.parent)
    os.mkfifo(folder / "live.wav")
    passed_over = PassedOver()
    assert names_in(expand([str(folder)], passed_over)) == ["a.wav"]
    assert str(passed_over) == (
        "Passed over: 4 files are no audio (2 .txt, 1 without extension, 1 .pdf); "
        "1 file is bare samples (1 .ulaw), for which recognize and batch have --raw "
        "FORMAT@RATE, as in ulaw@8000; "
        "1 archive is closed (1 .zip): unpack it, or give a .zip to voxcor batch; "
        "1 link leads to a folder; 1 is no file but a pipe or device."
    )
    assert passed_over.to_document() == {
        "count": 8,
        "extensions": {".txt": 2, "": 1, ".pdf": 1, ".ulaw": 1, ".zip": 1},
    }
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    assert "4 个文件不是音频（2 .txt、1 个无扩展名、1 .pdf）" in str(passed_over)


def test_of_many_kinds_the_most_frequent_are_named(folder: Path) -> None:
    for index in range(20):
        for copy in range(20 - index):
            (folder / f"{copy}.x{index:02}").touch()
    passed_over = PassedOver()
    list(expand([str(folder)], passed_over))
    assert (
        "210 files are no audio (20 .x00, 19 .x01, 18 .x02, 17 .x03, 16 .x04, 120 others)"
        in str(passed_over)
    )


def test_nothing_is_counted_twice_by_a_pattern(folder: Path) -> None:
    (folder / "deep" / "deeper").mkdir(parents=True)
    for place in (folder, folder / "deep", folder / "deep" / "deeper"):
        (place / "a.wav").touch()
        (place / "a.txt").touch()
    passed_over = PassedOver()
    assert len(list(expand([f"{folder}/**"], passed_over))) == 3
    assert passed_over.extensions == {".txt": 3}


def test_bare_samples_are_taken_where_their_format_is_given(folder: Path) -> None:
    for name in ("a.ulaw", "b.sln16", "c.wav", "d.txt", "e.dat"):
        (folder / name).touch()
    passed_over = PassedOver()
    assert names_in(expand([str(folder)], passed_over, raw=True)) == ["a.ulaw", "b.sln16"]
    assert passed_over.count == 3
    assert "1 file has a header (1 .wav)" in str(passed_over)
    for source in (folder, zipped(folder)):
        assert names_in(read_source(str(source), raw=True)) == ["a.ulaw", "b.sln16"]


def test_a_batch_of_bare_samples_leaves_others_alone(folder: Path) -> None:
    soundfile.write(folder / "a.ulaw", speech(1), 8_000, format="RAW", subtype="ULAW")
    soundfile.write(folder / "b.wav", speech(1), 8_000)
    options = RecordingOptions(raw="ulaw@8000")
    batch = run_batch(str(folder), folder.parent / "out", model="small", options=options)
    (row,) = map(json.loads, batch.table.read_text().splitlines())
    assert (row["audio"]["name"], row["audio"]["sample_rate"]) == ("a.ulaw", 8000)


def test_a_folder_without_any_says_what_is_there(folder: Path) -> None:
    (folder / "a.txt").touch()
    with pytest.raises(NoAudioFound, match=r"1 file is no audio \(1 \.txt\)"):
        list(read_source(str(folder)))
    with pytest.raises(NoAudioFound, match=r"1 file is no audio \(1 \.txt\)"):
        list(read_source(str(zipped(folder))))


def test_a_member_that_cannot_be_read_is_no_recording(folder: Path) -> None:
    soundfile.write(folder / "a.wav", speech(1), 16_000)
    (folder / "b").write_bytes((folder / "a.wav").read_bytes())
    archive = zipped(folder)
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        content[file.getinfo("b").header_offset] ^= 0xFF
    archive.write_bytes(content)
    passed_over = PassedOver()
    assert names_in(read_source(str(archive), passed_over)) == ["a.wav"]
    assert passed_over.extensions == {"": 1}


def test_a_folder_fifteen_hundred_deep_is_searched(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(os.open("a.wav", os.O_CREAT, dir_fd=here))
    os.close(here)
    (found,) = expand([str(folder)])
    # Deeper than Python can remove.
    subprocess.run(["rm", "-r", str(folder / "d")], check=True)
    assert str(found).endswith("/d/a.wav")


@pytest.mark.parametrize("arguments", [("--no-save",), ("--no-save", "--json")])
def test_recognize_says_once_what_it_passes_over(folder: Path, arguments: tuple[str, ...]) -> None:
    soundfile.write(folder / "call.dat", speech(1), 16_000, format="WAV")
    (folder / "notes.txt").touch()
    status, out, err = voxcor("recognize", str(folder), "--model", "small", *arguments)
    assert (status, err.count("Passed over: 1 file is no audio (1 .txt).")) == (0, 1)
    assert "Passed over" not in out


def test_batch_says_it_before_and_after(folder: Path) -> None:
    soundfile.write(folder / "call.dat", speech(1), 16_000, format="WAV")
    (folder / "notes.txt").touch()
    out = str(folder.parent / "out")
    for source in (folder, zipped(folder)):
        arguments = ("batch", str(source), "--out", out, "--model", "small", "--restart")
        status, _, err = voxcor(*arguments)
        first, *_, last, model = err.splitlines()
        assert (status, first) == (0, "Passed over: 1 file is no audio (1 .txt).")
        assert last == "1 passed over, see above."
        assert model.startswith("Model: small")


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("a.WAV", ".wav"),
        ("a.tar.gz", ".gz"),
        ("a", ""),
        (".wav", ""),
        ("a.2024", ""),
        ("a.wav (1)", ""),
        ("a." + "x" * 200, ""),
        ("a.\x1b[31m", ""),
    ],
)
def test_an_extension_is_one(name: str, extension: str) -> None:
    assert extension_of(name) == extension
