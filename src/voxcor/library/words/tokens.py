"""Words of a text, as they are compared: English ones by their stems, Chinese ones by character."""

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from voxcor.labels import LABELS

Key = tuple[str, ...]
Found = TypeVar("Found")

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_EMOJI = "".join(label.emoji for label in LABELS)
_TOKEN = re.compile(
    rf"(?P<han>[{_HAN}])|(?P<emoji>[{_EMOJI}])|(?P<word>[^\W\d_{_HAN}]+(?:['’][^\W\d_{_HAN}]+)*)"
    r"|(?P<stop>[.!?;。！？；…\n]+)|(?P<pause>[,:()\"，：、（）“”「」《》—–]+|\s-+\s)"
)

# `lose her temper` is `lose one's temper`, `mad at you` is `mad at someone`.
_PERSONS = {
    **dict.fromkeys(("his", "her", "hers", "their", "my", "your", "our", "its"), "one"),
    **dict.fromkeys(("one's", "someone's", "somebody's", "someone", "somebody"), "one"),
    **dict.fromkeys(("him", "them", "me", "us", "you", "himself", "herself", "myself"), "one"),
    **dict.fromkeys(("yourself", "themselves", "oneself"), "one"),
}
_TO_Y = ("iness", "iest", "ily", "ied", "ies", "ier")
_AGAIN = ("ally", "ness", "ly")
# Without their endings they would be other words.
_WHOLE = frozenset(
    ("friendly", "motherly", "raging", "wronged", "moved", "moving", "likely", "lovely", "hardly")
)
_ENDINGS = ("ing", "ed", "es", "s", "e")


class Token(NamedTuple):
    """`form` is what is compared; `kind` han, emoji, word, stop or pause; place in the text."""

    form: str
    kind: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """Words, Chinese characters, emoji of labels and punctuation; all else is passed over."""
    return [
        Token(_form(found[0], str(found.lastgroup)), str(found.lastgroup), *found.span())
        for found in _TOKEN.finditer(text)
    ]


def key_of(expression: str) -> Key:
    """The forms of an expression's words."""
    return tuple(token.form for token in tokens_of(expression))


def longest_at(
    tokens: list[Token], at: int, table: Mapping[Key, Found]
) -> tuple[int, Found] | None:
    """How many tokens the longest expression of a table has that begins here, and its value."""
    longest = max(map(len, table))
    for length in range(min(longest, len(tokens) - at), 0, -1):
        found = table.get(tuple(token.form for token in tokens[at : at + length]))
        if found is not None:
            return length, found
    return None


def _form(text: str, kind: str) -> str:
    if kind != "word":
        return text
    word = text.lower().replace("’", "'")
    return _PERSONS.get(word) or _stem(word)


def _stem(word: str) -> str:
    """Light: `angrily` and `angry`, `sobbing` and `sobbed` are one; it need not be a word."""
    if not word.isascii() or "'" in word or word in _WHOLE:
        return word
    for ending in _TO_Y:
        if word.endswith(ending) and len(word) >= len(ending) + 2:
            return word.removesuffix(ending) + "y"
    for ending in _AGAIN:
        if word.endswith(ending) and len(word) >= len(ending) + 3:
            return _stem(word.removesuffix(ending))
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) >= len(ending) + 3 and word[-2:] not in ("ss", "us"):
            stem = word.removesuffix(ending)
            doubled = stem[-1] == stem[-2] and stem[-1] not in "els"
            return stem[:-1] if doubled and ending in ("ing", "ed") else stem
    return word
