"""The language in which Voxcor speaks to a person: English or Chinese.

`VOXCOR_LANGUAGE=en|zh` decides for the process; without it the locale does. A server speaks to
each reader in their own (`speaking`). Codes, label ids, JSON keys and option names are the same in
both.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, NamedTuple

Language = Literal["en", "zh"]

_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)


def language() -> Language:
    """The language of messages, help and views: `zh` where the environment asks for Chinese."""
    if spoken := _spoken.get():
        return spoken
    chosen = (
        os.environ.get("VOXCOR_LANGUAGE")
        or os.environ.get("LC_ALL")
        or os.environ.get("LC_MESSAGES")
        or os.environ.get("LANG")
        or "en"
    )
    return "zh" if chosen.lower().startswith("zh") else "en"


def say(en: str, zh: str) -> str:
    """The one of two equivalent texts that fits `language()`."""
    return zh if language() == "zh" else en


class Both(NamedTuple):
    """One text in two languages; as a string the one that fits `language()`."""

    en: str
    zh: str

    def __str__(self) -> str:
        return say(self.en, self.zh)


Text = str | Both


def listed(names: Iterable[str]) -> Both:
    """Names one after the other, as either language parts them."""
    names = [*names]
    return Both(", ".join(names), "、".join(names))


@contextmanager
def speaking(to: Language) -> Iterator[None]:
    """Within the block, in this thread or task, `language()` is this one."""
    token = _spoken.set(to)
    try:
        yield
    finally:
        _spoken.reset(token)
