"""Which recordings a person's PATH... stand for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voxcor.results import Failure
from voxcor.sources import expand


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as people have them: audio, notes, hidden files and an earlier result."""
    folder = tmp_path / "calls"
    for name in (
        "b.wav",
        "a.MP3",
        "notes.txt",
        "._a.MP3",
        "2024/c.m4a",
        ".cache/d.wav",
        "outputs/outputs_20240104_223000_2/processed_audio.wav",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    monkeypatch.chdir(tmp_path)
    return folder


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may read everything; for once, be nobody."""
    if os.geteuid() != 0:
        yield
        return
    Path.cwd().chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def codes(paths: list[str]) -> list[str]:
    return [item.code if isinstance(item, Failure) else item for item in expand(paths)]


def test_named_files_and_stdin_stay_as_they_are_and_in_order(calls: Path) -> None:
    paths = ["calls/notes.txt", "-", "./calls/b.wav", "missing.wav"]
    assert list(expand(paths)) == paths


def test_a_folder_gives_its_audio_to_the_bottom_sorted(calls: Path) -> None:
    assert list(expand(["calls"])) == ["calls/2024/c.m4a", "calls/a.MP3", "calls/b.wav"]


def test_a_result_folder_is_passed_over_unless_it_is_named(calls: Path) -> None:
    named = "calls/outputs/outputs_20240104_223000_2"
    assert list(expand([named])) == [f"{named}/processed_audio.wav"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("calls/*.wav", ["calls/b.wav"]),
        ("calls/[ab].*", ["calls/a.MP3", "calls/b.wav"]),
        ("calls/**/*.m4a", ["calls/2024/c.m4a"]),
        ("calls/*", ["calls/2024/c.m4a", "calls/a.MP3", "calls/b.wav"]),
    ],
)
def test_a_pattern_gives_the_audio_it_matches(
    calls: Path, pattern: str, expected: list[str]
) -> None:
    assert list(expand([pattern])) == expected


def test_a_pattern_that_matches_a_folder_and_its_files_gives_each_file_once(calls: Path) -> None:
    found = list(expand(["calls/**"]))
    assert sorted(map(str, found)) == ["calls/2024/c.m4a", "calls/a.MP3", "calls/b.wav"]


def test_an_absolute_pattern_is_matched(calls: Path) -> None:
    assert list(expand([f"{calls}/b*"])) == [f"{calls}/b.wav"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(calls: Path) -> None:
    (calls / "take[1].wav").touch()
    assert list(expand(["calls/take[1].wav"])) == ["calls/take[1].wav"]


def test_what_leads_to_no_audio_is_a_failure_and_the_rest_goes_on(calls: Path) -> None:
    (calls / "empty").mkdir()
    assert codes(["calls/empty", "*.flac", "calls/b.wav"]) == [
        "no_audio_found",
        "no_audio_found",
        "calls/b.wav",
    ]


def test_a_failure_names_the_path_as_it_was_given(calls: Path) -> None:
    (failure,) = expand(["./*.flac"])
    assert isinstance(failure, Failure)
    assert failure.path == "./*.flac"
    assert "./*.flac" in failure.message


def test_a_link_back_to_the_folder_does_not_go_round(calls: Path) -> None:
    (calls / "2024" / "again").symlink_to(calls)
    assert list(expand(["calls/2024"])) == ["calls/2024/c.m4a"]


def test_an_unreadable_folder_costs_its_neighbours_nothing(calls: Path) -> None:
    (calls / "2024").chmod(0)
    with unprivileged():
        assert codes(["calls"]) == ["input_unreadable", "calls/a.MP3", "calls/b.wav"]
        assert codes(["calls/2024/c.m4a"]) == ["calls/2024/c.m4a"]


def test_a_name_longer_than_any_file_may_have_is_left_to_reading(calls: Path) -> None:
    assert codes(["x" * 5000, "*" + "x" * 5000]) == ["x" * 5000, "no_audio_found"]
