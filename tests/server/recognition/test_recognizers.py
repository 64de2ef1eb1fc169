"""The models in memory: few, each once, whoever is still at work with them."""

import shutil

import pytest

from voxcor.models.store import find_model
from voxcor.server.recognition.recognizers import MOST_LOADED, Recognizers
from voxcor.settings import Settings


@pytest.fixture
def names() -> list[str]:
    """One model more than are kept, under names of their own."""
    found = find_model("small").path
    names = [f"small{number}" for number in range(MOST_LOADED + 1)]
    for name in names:
        folder = Settings().models / name
        shutil.copytree(found, folder)
        card = folder / "card.json"
        text = card.read_text()
        assert '"small"' in text
        card.write_text(text.replace('"small"', f'"{name}"', 1))
    return names


def test_a_model_that_was_dropped_at_work_is_not_loaded_beside_itself(names: list[str]) -> None:
    changes: list[tuple[str, bool]] = []
    recognizers = Recognizers(
        "small", 1, lambda model, is_loaded: changes.append((model.id, is_loaded))
    )
    at_work = recognizers.get(names[0])
    for name in names[1:]:
        recognizers.get(name)
    assert (names[0], False) in changes
    assert recognizers.get(names[0]) is at_work


def test_what_nobody_works_with_is_dropped_before_the_next_comes(names: list[str]) -> None:
    changes: list[tuple[str, bool]] = []
    recognizers = Recognizers(
        "small", 1, lambda model, is_loaded: changes.append((model.id, is_loaded))
    )
    for name in names:
        recognizers.get(name)
    assert changes == [*((name, True) for name in names[:-1]), (names[0], False), (names[-1], True)]
    assert len(recognizers._working) == MOST_LOADED
