"""From trained weights to the files of a model folder: graph in 8 bits, card, words."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dataset
import numpy as np
import torch
from network import make_network
from options import MODEL, NOTICE_FILE, PACKAGE

from voxcor.evaluation.metrics import Estimate
from voxcor.inference.network import Network
from voxcor.inference.onnx_files import GRAPH_FILE, WEIGHTS_FILE
from voxcor.labels import LABEL_IDS
from voxcor.models.agreement import make_int8
from voxcor.models.cards import Card, Source, record_of, write_card
from voxcor.models.families.whisper import FAMILY
from voxcor.models.family import Weights
from voxcor.models.graph import GraphBuilder
from words import WORDS_FILE, write_words

REVISION = "1"
TOLERANCE = 1e-3  # of graph against network, absolute, in logits

LICENCES = ("Apache-2.0", "MIT")  # this repository's, and Whisper's


def write_model(
    folder: Path, weights: Weights, speech: Sequence[dataset.FloatArray], corpora: Sequence[str]
) -> Card:
    """Writes the graph in 8 bits into `folder`, held against the network and against fp32.

    Args:
        folder: made anew.
        weights: the network.
        speech: waveforms `[N]`; every other one gives the ranges of 8 bits, the rest try them.
        corpora: names of what was trained on, for the licence.

    Returns:
        The card, without the model's figures.

    Raises:
        ValueError: the graph is not the network.
        PrecisionRefused: 8 bits spoil it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    whole = folder.with_name(f"{folder.name}-fp32")
    for path in (folder, whole):
        path.mkdir(parents=True, exist_ok=True)
    with GraphBuilder(whole) as graph:
        labels = FAMILY.write_graph(graph, weights, LABEL_IDS)
        graph.save(labels=labels, embedding_dim=weights.architecture.embed_dim)
    require_same(Network(whole / GRAPH_FILE), weights, speech[:4])
    agreement = make_int8(whole, folder, speech, model=MODEL, float_weights=FAMILY.float_weights)
    files = {name: record_of(folder / name) for name in (GRAPH_FILE, WEIGHTS_FILE)}
    checksum = hashlib.sha256("".join(f.sha256 for f in files.values()).encode()).hexdigest()
    return Card(
        id=MODEL,
        title="Voxcor small",
        labels=labels,
        embedding_dim=weights.architecture.embed_dim,
        parameters=weights.architecture.parameters,
        precision="int8",
        revision=REVISION,
        sha256=checksum,
        official=True,
        source=Source("voxcor", None, "recipes/small"),
        created=datetime.now(UTC).date().isoformat(),
        licence=licence(corpora),
        files=files,
        metrics=agreement.metrics(),
        family=FAMILY.name,
    )


def require_same(
    network: Network, weights: Weights, waveforms: Sequence[dataset.FloatArray]
) -> None:
    """Holds a batch of unequal waveforms through the graph against each through the network."""
    model = make_network(weights).eval()
    for waveform, output in zip(waveforms, network.run(waveforms), strict=True):
        with torch.inference_mode():
            expected = model(torch.from_numpy(waveform)[None], torch.tensor([len(waveform)]))
        difference = float(np.abs(output.logits.mean(axis=0) - expected.numpy()).max())
        if not difference < TOLERANCE:
            raise ValueError(f"the graph differs from the network by {difference:.1e}")


def write_card_of(
    folder: Path, card: Card, corpora: Sequence[str], report: Mapping[str, Any]
) -> None:
    """Writes the card for machines and the card for people, with what was measured."""
    card = replace(card, metrics={**card.metrics, **dict(flatten(report))})
    write_card(card, folder)
    shutil.copyfile(PACKAGE / NOTICE_FILE, folder / NOTICE_FILE)
    write_words(folder / WORDS_FILE, card, corpora, report)


def flatten(report: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a nested report under dotted names: `speaker_disjoint.emodb.own`."""
    for key, value in report.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        elif isinstance(value, Estimate):
            yield f"{prefix}{key}", round(value.value, 4)
        elif isinstance(value, int | float):
            yield f"{prefix}{key}", round(value, 4)


def licence(corpora: Sequence[str]) -> str:
    """What the weights may be used under, as an SPDX expression.

    Free corpora ask for a notice, `NOTICE`; the terms of others pass to the weights.
    """
    bound = {dataset.CORPORA[name].terms for name in corpora if not dataset.CORPORA[name].free}
    return " AND ".join(sorted(bound.union(LICENCES)))
