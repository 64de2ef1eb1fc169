"""Words for what a document has codes for, in both languages: a reader may change theirs."""

from collections.abc import Mapping
from typing import Any

from voxcor.audio.quality import warning_words


def worded(document: Mapping[str, Any]) -> dict[str, Any]:
    """A result document as it is served: `quality.messages` has a sentence for each warning.

    `{"truncated": {"en": "…", "zh": "…"}}`; the document on the disk has none, and its schema says
    so.
    """
    quality = document["quality"]
    details = quality.get("details", {})
    messages = {
        code: dict(zip(("en", "zh"), warning_words(code, details.get(code, {})), strict=True))
        for code in quality["warnings"]
    }
    return {**document, "quality": {**quality, "messages": messages}}
