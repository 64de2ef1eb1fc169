"""One record of options: a field of it reaches every door by itself."""

import inspect
from dataclasses import fields
from typing import get_args

import pytest

from voxcor.cli.batch import batch
from voxcor.cli.options import labels_meant
from voxcor.cli.recognize import recognize
from voxcor.client.client import JobOptions, RecognizeOptions
from voxcor.errors import UsageError
from voxcor.labels import LABEL_IDS, own_label, own_labels
from voxcor.options import (
    Choices,
    RecognitionOptions,
    RecordingOptions,
    options_of,
    split_labels,
    with_choices,
)
from voxcor.recognizer import Recognizer
from voxcor.server.schemas import RecognizeForm, recognize_request_body

OF_ONE = {entry.name for entry in fields(RecognitionOptions)}
OF_ALL = {entry.name for entry in fields(RecordingOptions)}

# A value that is not the default, as a form and as a command line have it.
OTHER = {
    "granularity": "frame",
    "embedding": "true",
    "labels": "sad,愤怒",
    "trim": "false",
    "abstain_below": "0.4",
    "any_sound": "true",
    "track": "2",
    "raw": "ulaw@8000",
    "strict": "true",
    "relative_to": "Anna",
    "channels": "separate",
}


def test_every_option_can_be_a_keyword() -> None:
    assert set(Choices.__annotations__) == OF_ONE
    assert set(RecognizeOptions.__annotations__) >= OF_ONE
    assert set(JobOptions.__annotations__) >= OF_ALL


@pytest.mark.parametrize("command", [recognize, batch])
def test_every_option_is_one_of_the_command(command: object) -> None:
    assert callable(command)
    parameters = inspect.signature(command).parameters
    assert set(parameters) >= OF_ALL
    for name, option in options_of(RecordingOptions).items():
        assert parameters[name].default == option.default
        told = get_args(parameters[name].annotation)[1]
        assert told.help in (option.words.en, option.words.zh)


def test_every_option_is_a_field_of_the_form() -> None:
    content = recognize_request_body()["requestBody"]["content"]
    properties = content["multipart/form-data"]["schema"]["properties"]
    assert set(properties) >= OF_ALL
    for name, option in options_of(RecordingOptions).items():
        assert option.words.zh in properties[name]["description"]


@pytest.mark.parametrize("name", sorted(OF_ALL))
def test_a_form_says_every_option_as_it_is_meant(name: str) -> None:
    chosen = RecognizeForm.from_fields({name: OTHER[name]}).recording
    default = RecordingOptions()
    assert getattr(chosen, name) != getattr(default, name)
    rest = OF_ALL - {name}
    assert all(getattr(chosen, other) == getattr(default, other) for other in rest)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("granularity", "word"),
        ("trim", "perhaps"),
        ("abstain_below", "much"),
        ("track", "first"),
        ("channels", "left"),
    ],
)
def test_what_an_option_cannot_be_is_named_with_what_it_can(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{name} cannot be '{value}'; it takes "):
        RecognizeForm.from_fields({name: value})


def test_keywords_change_single_options() -> None:
    base = RecordingOptions(trim=False, channels="separate")
    chosen = with_choices(base, {"labels": ["sad"], "track": 2})
    assert chosen == RecordingOptions(trim=False, channels="separate", labels=("sad",), track=2)
    assert with_choices(None, {}) == RecognitionOptions()


@pytest.mark.parametrize(
    "options",
    [
        RecognitionOptions(labels=()),
        RecognitionOptions(labels=("bored",)),
        RecognitionOptions(abstain_below=1.5),
        RecognitionOptions(track=0),
        RecognitionOptions(raw="mp3@8000"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(options: RecognitionOptions) -> None:
    with pytest.raises(UsageError):
        Recognizer("small").require(options)


def test_labels_are_named_in_both_languages() -> None:
    assert split_labels("愤怒，快乐、 sad,") == ("愤怒", "快乐", "sad")
    assert own_labels(split_labels("快乐,Anger"), LABEL_IDS) == (("angry", "happy"), [])
    assert own_labels(["bored", "sad"], LABEL_IDS) == (("sad",), ["bored"])
    rows = Recognizer("small").require(RecognitionOptions(labels=("愤怒", "开心/happy")))
    assert [LABEL_IDS[row] for row in rows] == ["angry", "happy"]


def test_a_models_own_label_comes_before_our_name_for_it() -> None:
    assert own_label("anger", ("anger", "calm")) == "anger"
    assert own_label("ANGER", ("anger", "calm")) == "anger"
    assert own_label("愤怒", ("anger", "calm")) is None


@pytest.mark.parametrize("text", ["", " ", ",", "，"])
def test_no_label_at_all_is_no_choice(text: str) -> None:
    with pytest.raises(UsageError):
        labels_meant(text)


def test_without_a_model_only_our_own_names_are_ours() -> None:
    assert labels_meant("愤怒，anger, 抱怨") == ("angry", "anger", "抱怨")
    assert labels_meant("愤怒,anger", ("angry", "anger")) == ("angry", "anger")
    assert labels_meant(None) is None
