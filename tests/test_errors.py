"""Every error: a code of its own, both languages, and a sentence that can be filled."""

import pickle
import re
import string
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from voxcor import errors
from voxcor.audio.raw import parse_raw
from voxcor.errors import VoxcorError
from voxcor.exports import export
from voxcor.labels import LABEL_IDS
from voxcor.models.store import find_model
from voxcor.options import RecognitionOptions, require_sensible
from voxcor.rules.grammar import parse


def tree(root: type[VoxcorError]) -> Iterator[type[VoxcorError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


ALL = [*tree(VoxcorError)]


def filled(cls: type[VoxcorError]) -> VoxcorError:
    fields = {field for _, field, _, _ in string.Formatter().parse(cls.en) if field}
    return cls(**dict.fromkeys(fields, 7))


def test_codes_are_unique() -> None:
    codes = [cls.code for cls in ALL]
    assert sorted(codes) == sorted(set(codes))
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_both_languages_say_the_same_details(cls: type[VoxcorError]) -> None:
    def fields(text: str) -> set[str]:
        found = {field for _, field, _, _ in string.Formatter().parse(text) if field}
        return {re.sub(r"_(en|zh)$", "", field) for field in found}

    assert fields(cls.en) == fields(cls.zh)
    assert re.search(r"[\u4e00-\u9fff]|\{", cls.zh)
    assert not re.search(r"[\u4e00-\u9fff]", cls.en)


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_an_error_survives_a_process_border(cls: type[VoxcorError]) -> None:
    error = filled(cls)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert (copy.message, copy.details) == (error.message, error.details)


def test_the_message_follows_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    error = errors.NotAudio(name="a.txt")
    assert "is not audio" in str(error)
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    assert "不是可解码的音频" in str(error)


REFUSED: list[Callable[[], object]] = [
    lambda: find_model("nosuch"),
    lambda: parse_raw("nosuch"),
    lambda: require_sensible(RecognitionOptions(granularity=cast("Any", "nosuch"))),
    lambda: export(cast("Any", None), cast("Any", "nosuch")),
    lambda: parse("nosuch > 0.5", LABEL_IDS),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_lists_are_parted_as_their_language_parts_them(
    refused: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(VoxcorError) as raised:
        refused()
    assert re.search(r"\w, \w", str(raised.value))
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    assert re.search(r"\w、\w", str(raised.value))
    assert ", " not in str(raised.value)


def test_durations_are_told_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    error = errors.NoSpeech(name="a.wav", duration_ms=5000)
    assert "in 5 s of audio" in str(error)
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    assert "5 秒音频" in str(error)
    assert error.details == {"name": "a.wav", "duration_ms": 5000}


def test_an_error_on_the_wire() -> None:
    assert errors.HubUnreachable(hub="ModelScope", reason="timeout", model="base").to_dict() == {
        "code": "hub_unreachable",
        "message": "ModelScope cannot be reached (timeout). Check the network, try the other hub "
        "with --hub, or install a file you have: voxcor models pull base --from PATH",
        "retryable": True,
        "details": {"hub": "ModelScope", "reason": "timeout", "model": "base"},
    }


def test_the_tree_at_the_top_names_every_error() -> None:
    assert errors.__doc__ is not None
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__)) | {"VoxcorError"}
    assert drawn == {cls.__name__ for cls in ALL}
    assert drawn == {*errors.__all__} - {"error_from"}
