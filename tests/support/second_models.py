"""A second model that costs nothing: the built-in one, with two of its labels exchanged."""

import hashlib
import json
import shutil
from pathlib import Path

import onnx

import voxcor

SMALL = Path(voxcor.__file__).parent / "models" / "small"


def exchanged(folder: Path, one: str, other: str) -> Path:
    """A copy of the built-in model that says `one` where that says `other`, and the reverse."""
    shutil.copytree(SMALL, folder)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    swapped = {one: other, other: one}
    labels = [swapped.get(label, label) for label in card["labels"]]
    graph = onnx.load(folder / "model.onnx", load_external_data=False)
    for entry in graph.metadata_props:
        if entry.key == "labels":
            entry.value = json.dumps(labels)
    data = graph.SerializeToString()
    (folder / "model.onnx").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    card["files"]["model.onnx"] = {"bytes": len(data), "sha256": digest}
    card |= {"id": "exchanged", "sha256": digest, "labels": labels}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder
