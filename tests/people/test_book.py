"""What is kept of people: only theirs to read, once, and gone when it is to be."""

import json
import stat
import sys
from pathlib import Path

import pytest

from voxcor.errors import NoSuchPerson, StorageError
from voxcor.people.book import FOLDER, People, Utterance
from voxcor.results import ModelInfo

MODEL = ModelInfo("small", "int8", "1", "ab" * 32, True, False)
OTHER = ModelInfo("mine", "fp32", "1", "cd" * 32, False, False)


def utterances(recording: str, count: int = 3, seconds: float = 4.0) -> list[Utterance]:
    scores = {"angry": 0.6, "neutral": 0.3, "other": 0.1}
    return [Utterance(recording, f"/calls/{recording}.wav", seconds, scores)] * count


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


def files(home: Path) -> list[Path]:
    return sorted((home / FOLDER).glob("*.json"))


@pytest.mark.parametrize("name", ["Anna", "安娜", "../../etc", "a" * 500, "\udcff"])
def test_any_text_is_a_name(name: str, people: People, tmp_path: Path) -> None:
    people.add(name, MODEL, utterances("0123"))
    assert [one.name for one in people.all()] == [name]
    assert people.get(name).heard == {MODEL.sha256: tuple(utterances("0123"))}
    assert [path.parent for path in files(tmp_path)] == [tmp_path / FOLDER]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_only_its_owner_may_read_it(people: People, tmp_path: Path) -> None:
    for _ in range(2):  # a file that is replaced as well
        people.add("Anna", MODEL, utterances("0123"))
        modes = [path.stat().st_mode for path in (*files(tmp_path), tmp_path / FOLDER)]
        assert [stat.S_IMODE(mode) & 0o077 for mode in modes] == [0, 0]


def test_a_recording_counts_once_for_a_model(people: People) -> None:
    people.add("Anna", MODEL, utterances("0123"))
    people.add("Anna", MODEL, utterances("0123") + utterances("4567"))
    anna = people.add("Anna", OTHER, utterances("0123", 1))
    assert [len(one) for one in anna.heard.values()] == [6, 1]
    assert anna.models == {MODEL.sha256: "small", OTHER.sha256: "mine"}


def test_who_is_forgotten_is_nowhere(people: People, tmp_path: Path) -> None:
    people.add("Anna", MODEL, utterances("0123"))
    people.add("Ben", MODEL, utterances("4567"))
    people.forget("Anna")
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Anna" not in written
    assert b"0123" not in written
    for again in (people.get, people.forget):
        with pytest.raises(NoSuchPerson, match="Ben"):
            again("Anna")


def test_a_recording_is_taken_out_of_everybody(people: People, tmp_path: Path) -> None:
    people.add("Anna", MODEL, utterances("0123") + utterances("4567"))
    people.add("Ben", MODEL, utterances("0123"))
    people.add("Cleo", MODEL, utterances("89ab"))
    assert people.forget_recording(["0123"], "/nowhere") == ["Anna", "Ben"]
    assert [one.name for one in people.all()] == ["Anna", "Cleo"]
    assert people.forget_recording([], "/calls/4567.wav") == ["Anna"]
    assert people.forget_recording(["0123"], "/calls/4567.wav") == []
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"schema_version": 2}', b"\xff\xfe"])
def test_what_is_damaged_is_named_and_stays(damage: bytes, people: People, tmp_path: Path) -> None:
    people.add("Anna", MODEL, utterances("0123"))
    (path,) = files(tmp_path)
    path.write_bytes(damage)
    with pytest.raises(StorageError) as caught:
        people.get("Anna")
    assert str(path) in caught.value.message
    assert path.read_bytes() == damage


def test_the_form_has_a_version(people: People, tmp_path: Path) -> None:
    people.add("Anna", MODEL, utterances("0123"))
    (path,) = files(tmp_path)
    assert json.loads(path.read_bytes())["schema_version"] == 1
