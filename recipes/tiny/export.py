"""From trained weights to the files of a model folder: graph, card, golden output."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dataset
import numpy as np
import torch
from graph import write_graph
from model import Tiny

from voxcor.frames import SAMPLE_RATE
from voxcor.inference.session import open_session
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import Card, FileRecord, Source

REVISION = "1"
TOLERANCE = 1e-4  # of graph against network, absolute


def export_graph(model: Tiny, path: Path, waveforms: Sequence[dataset.FloatArray]) -> float:
    """Writes the graph and holds it against the network on a batch of unequal `waveforms`.

    Returns:
        The largest difference of embeddings and logits.

    Raises:
        ValueError: it is above `TOLERANCE`.
    """
    write_graph(model, path)
    batch, lengths = dataset.collate(waveforms)
    inputs = {"waveform": batch, "lengths": lengths}
    outputs = open_session(path, threads=1).run(["embeddings", "logits"], inputs)
    with torch.inference_mode():
        expected = model(torch.from_numpy(batch), torch.from_numpy(lengths))
    difference = max(
        float(np.abs(ours - theirs.numpy()).max())
        for ours, theirs in zip(outputs, expected, strict=True)
    )
    if difference > TOLERANCE:
        raise ValueError(f"the graph differs from the network by {difference:.1e}")
    return difference


def write_golden(model: Tiny, path: Path) -> None:
    """A synthetic voice `[N]` and the network's frame logits `[T, L]` for it, for the tests.

    They come from the network, not from the graph: so the tests compare the two without torch.
    """
    waveform = synthetic_voice(1.0)
    with torch.inference_mode():
        _, logits = model(torch.from_numpy(waveform)[None], torch.tensor([len(waveform)]))
    np.savez_compressed(path, waveform=waveform, logits=logits[0].numpy())


def synthetic_voice(seconds: float) -> dataset.FloatArray:
    """A gliding, trembling harmonic tone over faint noise: something to compute on, `[N]`."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch_hz = 180 + 60 * np.sin(2 * np.pi * 1.3 * time)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    loudness = 0.5 - 0.5 * np.cos(2 * np.pi * 3 * time)
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (0.1 * loudness * tone + 0.001 * noise).astype(np.float32)


def make_card(
    graph: Path, *, model: Tiny, corpora: Sequence[str], metrics: Mapping[str, Any], created: str
) -> Card:
    """The card of `graph`. There are no weights but the graph's, so both checksums are its own."""
    content = graph.read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    return Card(
        id="tiny",
        title="Voxcor tiny",
        labels=LABEL_IDS,
        embedding_dim=model.dim,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        precision="fp32",
        revision=REVISION,
        sha256=checksum,
        official=True,
        source=Source("voxcor", None, "recipes/tiny"),
        created=created,
        licence=licence(corpora),
        files={graph.name: FileRecord(len(content), checksum)},
        metrics=dict(flatten(metrics)),
    )


def flatten(report: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a nested report under dotted names: `speaker_disjoint.emodb.uar_own`."""
    for key, value in report.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            yield f"{prefix}{key}", round(value, 4)


def licence(corpora: Sequence[str]) -> str:
    """What the weights may be used under: share-alike terms pass to them, CC0 leaves ours."""
    binding = {dataset.CORPORA[name].terms for name in corpora} - {"CC0-1.0"}
    return " AND ".join(sorted(binding)) or "Apache-2.0"
