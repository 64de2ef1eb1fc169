"""The language in which Voxcor speaks to a person: English or Chinese, chosen once per process.

`VOXCOR_LANGUAGE=en|zh` decides; without it the locale does. Codes, label ids, JSON keys and
option names are the same in both.
"""

import os
from typing import Literal

Language = Literal["en", "zh"]


def language() -> Language:
    """The language of messages, help and views: `zh` where the environment asks for Chinese."""
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
