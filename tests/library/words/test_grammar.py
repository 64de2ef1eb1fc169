"""Intensity, negation and clauses, in both languages alike."""

from itertools import pairwise

import pytest

from voxcor.library.words.clauses import clauses_of
from voxcor.library.words.feelings import Feeling
from voxcor.library.words.grammar import CONCESSION, CONTRAST, negated
from voxcor.library.words.lexicon import lexicon
from voxcor.library.words.tokens import key_of


def hits(text: str) -> list[tuple[str, bool]]:
    return [(hit.expression, hit.negated) for clause in clauses_of(text) for hit in clause.hits]


def only_feeling(text: str) -> Feeling:
    ((hit,),) = [clause.hits for clause in clauses_of(text)]
    return hit.feeling


@pytest.mark.parametrize(
    "rising",
    [
        ["barely angry", "slightly angry", "angry", "very angry"],
        ["不太生气", "有点生气", "生气", "非常生气"],
        ["slightly sad", "sad", "extremely sad"],
        ["有些害怕", "害怕", "害怕极了"],
    ],
)
def test_intensity_moves_arousal_and_valence(rising: list[str]) -> None:
    feelings = [only_feeling(text) for text in rising]
    for less, more in pairwise(feelings):
        assert abs(more.arousal) > abs(less.arousal)
        assert more.valence < less.valence
        assert more.mixture["neutral"] <= less.mixture["neutral"]
        assert sum(more.mixture.values()) == pytest.approx(1)


def test_two_intensities_have_a_limit() -> None:
    assert only_feeling("真的很非常生气") == only_feeling("非常非常非常生气")


@pytest.mark.parametrize(
    "text",
    ["not angry", "不生气", "isn't angry", "一点也不生气", "毫不愤怒", "生气不起来", "哪里是生气"],
)
def test_what_is_denied_is_neutral_and_not_the_opposite(text: str) -> None:
    feeling = only_feeling(text)
    assert feeling.top[0] == "neutral"
    assert feeling.mixture["happy"] == 0
    assert feeling.mixture["angry"] < feeling.mixture["other"]
    assert 0 < feeling.valence < 0.3


def test_to_deny_calm_is_something_else() -> None:
    feeling = negated(lexicon()[key_of("calm")].feeling)
    assert feeling.top[0] == "other"
    assert feeling.arousal > 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not angry or sad", [("angry", True), ("sad", True)]),
        ("not angry and sad", [("angry", True), ("sad", False)]),
        ("neither happy nor sad", [("happy", True), ("sad", True)]),
        ("not angry, just sad", [("angry", True), ("sad", False)]),
        ("既不生气也不难过", [("生气", True), ("难过", True)]),
        ("不是不生气", [("生气", False)]),
        ("not only angry", [("angry", False)]),
        ("can't help laughing", [("laughing", False)]),
        ("忍不住大笑", [("大笑", False)]),
        ("不满", [("不满", False)]),
        ("生气得不得了", [("生气", False)]),
        ("not what anybody here would ever call angry", [("angry", False)]),
    ],
)
def test_how_far_a_negation_reaches(text: str, expected: list[tuple[str, bool]]) -> None:
    assert hits(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("furious but controlled", [("furious", 1), ("but controlled", CONTRAST)]),
        ("她很生气，但是很克制", [("她很生气", 1), ("但是很克制", CONTRAST)]),
        (
            "表面上平静，实际上愤怒",
            [("表面上平静", CONCESSION), ("实际上愤怒", CONTRAST)],
        ),
        ("although smiling, sad", [("although smiling", CONCESSION), ("sad", 1)]),
        ("声音却在发抖", [("声音却在发抖", CONTRAST)]),
        ("calm. Angry", [("calm", 1), ("Angry", 1)]),
        (
            "sad but angry, furious. Calm",
            [("sad", 1), ("but angry", CONTRAST), ("furious", CONTRAST), ("Calm", 1)],
        ),
        ("the man who came in, the one in blue", [("the man who came in, the one in blue", 1)]),
    ],
)
def test_clauses(text: str, expected: list[tuple[str, float]]) -> None:
    assert [(clause.text, clause.emphasis) for clause in clauses_of(text)] == expected


@pytest.mark.parametrize("text", ["", "  ", "12345", "……", "🎉🎉", "?!"])
def test_no_words_have_no_clauses(text: str) -> None:
    assert clauses_of(text) == []
