"""Labels: the nine in model order, others a model may bring, the hub's token lists."""

import re

import pytest

from voxcor.labels import (
    LABEL_IDS,
    LABELS,
    get_label,
    label_named,
    labels_named,
)
from voxcor.models.families.emotion2vec.published import labels_from_tokens


def test_the_nine_stand_in_the_order_of_the_classifier() -> None:
    assert (
        *("angry", "disgusted", "fearful", "happy", "neutral"),
        *("other", "sad", "surprised", "unknown"),
    ) == LABEL_IDS


def test_the_system_replaced_would_know_them_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    happy = get_label("happy")
    assert (happy.emoji, happy.both_names) == ("😊", "Happy (快乐)")
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    assert (happy.name, happy.both_names) == ("快乐", "快乐 (Happy)")


def test_every_label_differs_in_everything() -> None:
    for field in ("id", "en", "zh", "emoji", "color"):
        assert len({getattr(label, field) for label in LABELS}) == len(LABELS)


def test_a_foreign_label_is_named_by_itself() -> None:
    label = get_label("very_tired")
    assert (label.id, label.both_names) == ("very_tired", "Very tired")
    assert re.fullmatch(r"#[0-9A-F]{6}", label.color)
    assert label == get_label("very_tired")


def test_tokens_of_the_hub_become_ids() -> None:
    lines = ["生气/angry", "厌恶/disgusted", "", "<unk>", "unuse_0"]
    assert labels_from_tokens(lines) == ("angry", "disgusted", "unknown", "unuse_0")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("HAP", "happy"),
        ("愤怒/angry", "angry"),
        ("愤怒（angry）", "angry"),
        ("Sad (悲伤)", "sad"),
        ("悲伤 sad", "sad"),
        ("愤怒情绪", "angry"),
        ("憤怒", "angry"),
        ("cole\u0300re", "angry"),
        ("Überraschung", "surprised"),
        ("happy:0.8", "happy"),
        ("happy = 1", "happy"),
        ("悲伤（0.7）", "sad"),
        ("happy 80 %", "happy"),
        ("\u200bhappy\ufeff", "happy"),
        ("<|HAPPY|>", "happy"),
        ("<|zh|><|SAD|><|Speech|><|withitn|>今天 天气", "sad"),
        ("<|EMO_UNKNOWN|>", "unknown"),
        ("angry;sad", "angry sad"),
        ("愤怒、悲伤", "angry sad"),
        ("happy:0.8, sad:0.2", "happy sad"),
        ("happy_sad", ""),
        ("not angry", ""),
        ("angry 1", ""),
        ("calm/neutral", ""),
        ("3", ""),
        ("", ""),
        ("angry " * 1000, ""),
    ],
)
def test_a_text_names_those_that_it_consists_of(text: str, ids: str) -> None:
    named = labels_named(text)
    assert " ".join(named) == ids
    assert label_named(text) == (named[0] if len(named) == 1 else None)
