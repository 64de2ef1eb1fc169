"""What a result says beyond its one label: two that share the mass, and that it abstains."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rich.console import Console

from places import VOICE
from results_by_hand import happy_then_sad
from schema import SCHEMA
from voxcor import Recognizer, Result
from voxcor.cli import view
from voxcor.errors import UsageError
from voxcor.labels import LABEL_IDS
from voxcor.timeline import blend_of


def scores(**named: float) -> dict[str, float]:
    rest = (1 - sum(named.values())) / (len(LABEL_IDS) - len(named))
    return {label: named.get(label, rest) for label in LABEL_IDS}


@pytest.mark.parametrize(
    ("given", "blend"),
    [
        ({"sad": 0.45, "happy": 0.40}, ("sad", "happy")),
        ({"angry": 0.40, "disgusted": 0.31}, ("angry", "disgusted")),
        ({"happy": 0.72, "surprised": 0.18}, None),  # one leads
        ({"angry": 0.36, "sad": 0.30}, None),  # many share
        ({"angry": 0.50, "other": 0.45}, None),  # `other` names no emotion
        ({"unknown": 0.50, "sad": 0.45}, None),
    ],
)
def test_two_labels_that_share_the_mass_are_a_blend(
    given: dict[str, float], blend: tuple[str, str] | None
) -> None:
    assert blend_of(scores(**given)) == blend


@settings(deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=9))
def test_a_blend_is_the_two_highest_and_holds_two_thirds(values: list[float]) -> None:
    total = sum(values) or 1.0
    given = {f"label{n}": value / total for n, value in enumerate(values)}
    blend = blend_of(given)
    if blend is not None:
        first, second = (given[label] for label in blend)
        assert sorted(given.values(), reverse=True)[:2] == [first, second]
        assert first + second >= 2 / 3 - 1e-9


def bittersweet(**changes: object) -> Result:
    given = scores(happy=0.42, sad=0.38)
    return happy_then_sad(confidence=0.42, scores=given, blend=blend_of(given), **changes)


def test_the_document_names_both_and_keeps_the_old_keys_as_they_were() -> None:
    document = bittersweet(abstain_below=0.5).to_document()
    Draft202012Validator(SCHEMA).validate(document)
    assert (document["emotion"], document["confidence"]) == ("happy", 0.42)
    assert document["blend"] == ["happy", "sad"]
    assert (document["abstained"], document["abstain_below"]) == (True, 0.5)


def test_without_a_threshold_nothing_abstains() -> None:
    document = happy_then_sad().to_document()
    Draft202012Validator(SCHEMA).validate(document)
    assert (document["blend"], document["abstained"], document["abstain_below"]) == (
        None,
        False,
        None,
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_people_see_both_labels_and_that_there_is_no_answer(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", language)
    console = Console(width=90, record=True, file=io.StringIO())
    console.print(view.card(bittersweet(abstain_below=0.5), 90))
    console.print(view.line(bittersweet(abstain_below=0.5), "call.m4a", None), soft_wrap=True)
    shown = console.export_text()
    words = {
        "en": ("Blend: 😊 Happy + 😢 Sad", "No answer: the confidence is below 50%"),
        "zh": ("复合情感：😊 快乐 + 😢 悲伤", "不作判断：置信度低于 50%"),
    }
    for text in words[language]:
        assert shown.count(text) == 2


def test_the_recogniser_abstains_below_the_confidence_asked_for() -> None:
    recognizer = Recognizer("small", threads=1)
    plain = recognizer.recognize(VOICE)
    above = recognizer.recognize(VOICE, abstain_below=plain.confidence - 1e-6)
    below = recognizer.recognize(VOICE, abstain_below=plain.confidence + 1e-6)
    assert (plain.abstained, above.abstained, below.abstained) == (False, False, True)
    assert below.emotion == plain.emotion
    assert below.blend == blend_of(plain.scores)
    (many,) = recognizer.recognize_many([VOICE], abstain_below=1.0)
    assert isinstance(many, Result)
    assert many.abstained


@pytest.mark.parametrize("share", [-0.1, 1.1, 60.0])
def test_a_confidence_beyond_its_range_is_a_mistake(share: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        Recognizer("small", threads=1).recognize(Path("never read"), abstain_below=share)
