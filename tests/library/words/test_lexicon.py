"""The lexicon: wide, well formed, and with the same numbers in both languages."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest

from voxcor.labels import LABEL_IDS
from voxcor.library.words.grammar import particles
from voxcor.library.words.lexicon import FILES, Entry, lexicon, read_lexicon
from voxcor.library.words.tokens import key_of
from voxcor.timeline import dimensions_of

READ = {language: read_lexicon(path) for language, path in FILES.items()}
BOTH = [*chain.from_iterable(READ.values())]


@pytest.mark.parametrize("language", READ)
def test_it_is_wide(language: str) -> None:
    entries = READ[language]
    assert len({entry.expression for entry in entries}) == len(entries) >= 700
    leading = Counter(entry.feeling.top[0] for entry in entries)
    assert leading.keys() == {*LABEL_IDS}
    assert all(leading[label] >= 30 for label in {*LABEL_IDS} - {"unknown"}), leading


def is_sound(entry: Entry) -> bool:
    shares, feeling = entry.feeling.mixture.values(), entry.feeling
    is_mixture = abs(sum(shares) - 1) < 1e-6 and min(shares) >= 0
    has_dimensions = max(abs(feeling.arousal), abs(feeling.valence)) <= 1
    text = entry.expression
    return is_mixture and has_dimensions and text == text.strip() and bool(key_of(text))


def test_every_entry_is_a_mixture_with_dimensions() -> None:
    assert [entry for entry in BOTH if not is_sound(entry)] == []


def test_one_sense_has_the_same_numbers_in_both_languages() -> None:
    senses: dict[str, list[float]] = {}
    for entry in BOTH:
        numbers = entry.feeling.vector().tolist()
        assert senses.setdefault(entry.sense, numbers) == numbers, entry
    of_each = [{entry.sense for entry in entries} for entries in READ.values()]
    assert of_each[0] == of_each[1]


def test_one_expression_has_one_sense() -> None:
    for entry in BOTH:
        assert lexicon()[key_of(entry.expression)].sense == entry.sense, entry


def test_no_expression_is_a_small_word() -> None:
    assert particles().keys() & lexicon().keys() == set()


def test_dimensions_keep_to_the_convention_of_results() -> None:
    pairs = []
    for entry in BOTH:
        derived = dimensions_of(entry.feeling.mixture)
        if derived is not None:
            given = entry.feeling
            pairs.append((given.arousal, derived.arousal, given.valence, derived.valence))
    arousal, derived_arousal, valence, derived_valence = np.array(pairs).T
    assert np.corrcoef(arousal, derived_arousal)[0, 1] > 0.75
    assert np.corrcoef(valence, derived_valence)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("expression", "label"),
    [
        ("through clenched teeth", "angry"),
        ("咬牙切齿", "angry"),
        ("欣喜若狂", "happy"),
        ("憋着火", "angry"),
        ("带着哭腔", "sad"),
        ("on the verge of tears", "sad"),
        ("冷冰冰地", "neutral"),
        ("就事论事", "neutral"),
        ("voice trembling", "fearful"),
        ("她", None),
        ("😠", "angry"),
    ],
)
def test_what_people_say_is_in_it(expression: str, label: str | None) -> None:
    found = lexicon().get(key_of(expression))
    assert (found and found.feeling.top[0]) == label


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("angrily", "angry"),
        ("Furiously", "furious"),
        ("sobbed", "sobbing"),
        ("loses her temper", "lose one's temper"),
        ("nervousness", "nervous"),
        ("sarcastically", "sarcastic"),
    ],
)
def test_forms_of_a_word_are_one(written: str, entry: str) -> None:
    assert key_of(written) == key_of(entry)


@pytest.mark.parametrize(("one", "other"), [("friend", "friendly"), ("rag", "raging")])
def test_other_words_are_not(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)
