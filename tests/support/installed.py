"""Models that are installed by hand, with nothing in them that could run."""

from dataclasses import replace
from pathlib import Path

from voxcor.models.cards import Card, FileRecord, Source, write_card
from voxcor.models.store import folder_of


def install(model: str, content: bytes = b"graph") -> Path:
    """A model folder with a card; nothing here runs the graph."""
    folder = folder_of(model)
    fill(folder, model, content)
    return folder


def fill(folder: Path, model: str, content: bytes = b"graph") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    files = {"model.onnx": FileRecord(bytes=len(content), sha256="0" * 64)}
    write_card(replace(CARD, id=model, files=files), folder)


CARD = Card(
    id="plus-large",
    title="emotion2vec+ large",
    labels=("angry", "高兴"),
    embedding_dim=1024,
    parameters=162_140_185,
    precision="fp32",
    revision="master",
    sha256="0" * 64,
    official=True,
    source=Source(hub="modelscope", repository="iic/emotion2vec_plus_large", file="model.pt"),
    created="2026-01-02T03:04:05+00:00",
    licence="Apache-2.0",
    files={"model.onnx": FileRecord(bytes=3, sha256="1" * 64)},
    metrics={"uar": 0.5},
    temperature=1.5,
)
