"""What live sessions leave goes into the library as they heard it."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from command import voxcor
from places import VOICE
from voxcor import Recognizer
from voxcor.library.incoming import add
from voxcor.library.result_rows import Added
from voxcor.library.store import Library
from voxcor.results import Failure

pytest.importorskip("lancedb", reason="the library extra is not installed")

STARTED = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The events of a session that heard the voice, as the command prints them."""
    home = str(tmp_path_factory.mktemp("home"))
    status, out, err = voxcor("stream", VOICE, "--fast", "--json", VOXCOR_HOME=home)
    assert status == 0, err
    return out


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def as_command(said: str, folder: Path) -> Path:
    file = folder / "live.jsonl"
    file.write_text(said)
    return file


def as_page(said: str, folder: Path) -> Path:
    events = [json.loads(line) for line in said.splitlines()]
    file = folder / "live.json"
    file.write_text(json.dumps({"started": STARTED.isoformat(), "events": events}, indent=1))
    return file


@pytest.mark.parametrize("write", [as_command, as_page])
def test_a_session_is_in_as_it_was_heard(write, said, library, tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = write(said, tmp_path)
    shutil.copyfile(VOICE, tmp_path / "live.flac")
    recognizer = Recognizer("small", threads=1)
    (added,) = add(library, [str(file)], lambda: recognizer, speaker="Anna")
    finals = [json.loads(line) for line in said.splitlines()]
    finals = [event for event in finals if event.get("trigger") == "speech_ended"]
    segments = library.segments(library.table())
    assert isinstance(added, Added)
    assert (added.name, added.segments, len(finals)) == ("live.flac", 2, 2)
    for segment, final in zip(segments, finals, strict=True):
        times = round(1000 * segment.start), round(1000 * segment.end)
        assert times == (final["start_ms"], final["end_ms"])
        assert (segment.emotion, segment.speaker) == (final["emotion"], "Anna")
        assert segment.scores == pytest.approx(final["scores"], abs=1e-3)
        assert segment.source == str(file)
        if write is as_page:
            assert segment.recorded_at == STARTED.astimezone().replace(tzinfo=None)
    # Once, and not again as a recording.
    again = [*add(library, [str(file), str(tmp_path / "live.flac")], lambda: recognizer)]
    assert [one.segments for one in again if isinstance(one, Added)] == [0, 0]


def test_without_its_sound_a_session_says_what_it_wants(
    said: str, library: Library, tmp_path: Path
) -> None:
    (failure,) = add(library, [str(as_command(said, tmp_path))], lambda: Recognizer("small"))
    assert isinstance(failure, Failure)
    assert (failure.code, "live.wav" in failure.message) == ("no_session_sound", True)
    assert library.tables() == []


def test_a_list_in_json_lines_is_still_a_list(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "list.jsonl"
    file.write_text(json.dumps({"path": str(VOICE), "speaker": "Ben"}) + "\n")
    (added,) = add(library, [str(file)], lambda: Recognizer("small", threads=1))
    assert isinstance(added, Added)
    assert library.segments(library.table())[0].speaker == "Ben"
