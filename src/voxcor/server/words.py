"""Words for what a document has codes for, in both languages: a reader may change theirs."""

from collections.abc import Mapping
from typing import Any

from voxcor.audio.quality import warning_words


def worded(document: Mapping[str, Any]) -> dict[str, Any]:
    """A result document as it is served: `quality.messages` has a sentence for each warning.

    `{"truncated": {"en": "…", "zh": "…"}}`; there are none on the disk, and none where nothing is
    warned of.
    """
    quality = document["quality"]
    if not quality["warnings"]:
        return dict(document)
    details = quality.get("details", {})
    messages = {
        code: dict(zip(("en", "zh"), warning_words(code, details.get(code, {})), strict=True))
        for code in quality["warnings"]
    }
    return {**document, "quality": {**quality, "messages": messages}}
