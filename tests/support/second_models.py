"""A second model that costs nothing: the built-in one, with two of its labels exchanged."""

import json
import shutil
from pathlib import Path

import voxcor

SMALL = Path(voxcor.__file__).parent / "models" / "small"


def exchanged(folder: Path, one: str, other: str) -> Path:
    """A copy of the built-in model that says `one` where that says `other`, and the reverse."""
    shutil.copytree(SMALL, folder)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    swapped = {one: other, other: one}
    card |= {
        "id": "exchanged",
        "sha256": "e" * 64,
        "labels": [swapped.get(label, label) for label in card["labels"]],
    }
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder
