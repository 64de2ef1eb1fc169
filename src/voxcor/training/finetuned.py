"""The model folder that fine-tuning ends in: a graph like any other, its card and its report."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from voxcor.inference.onnx_files import GRAPH_FILE, WEIGHTS_FILE
from voxcor.models.cards import Card, Source, record_of, write_card
from voxcor.models.family import Weights, find_family
from voxcor.models.graph import GraphBuilder
from voxcor.training.model_folder import made_by
from voxcor.training.options import FullOptions
from voxcor.training.start import title_up_to
from voxcor.training.state import Epoch

REPORT_FILE = "report.json"


@dataclass(frozen=True, slots=True)
class Finetuned:
    """A model that is trained and not yet written."""

    name: str
    base: Card
    weights: Weights
    labels: tuple[str, ...]
    options: FullOptions
    epochs: Sequence[Epoch]
    data_sha256: str
    terms: str | None
    temperature: float
    metrics: Mapping[str, float]
    worse: bool  # than the base, on the validation clips


def write_finetuned(model: Finetuned, folder: Path) -> Card:
    """Fills an empty folder with the model.

    Returns:
        its card.
    """
    architecture = model.weights.architecture
    with GraphBuilder(folder) as graph:
        family = find_family(model.base.family)
        labels = family.write_graph(graph, model.weights, model.labels)
        graph.save(labels=labels, embedding_dim=architecture.embed_dim)
    report = json.dumps(_report(model), ensure_ascii=False, indent=2)
    (folder / REPORT_FILE).write_text(report + "\n", encoding="utf-8")
    files = {path.name: record_of(path) for path in sorted(folder.iterdir())}
    # Over both: small tensors lie in the graph itself.
    written = files[GRAPH_FILE].sha256 + files[WEIGHTS_FILE].sha256
    card = Card(
        id=model.name,
        title=f"{model.name} ({title_up_to(model.base, model.options.layer)}, fine-tuned)",
        labels=labels,
        embedding_dim=architecture.embed_dim,
        parameters=architecture.parameters,
        family=model.base.family,
        precision="fp32",
        revision=f"data-{model.data_sha256[:12]}",
        sha256=hashlib.sha256(written.encode()).hexdigest(),
        official=False,
        source=Source(
            hub="voxcor",
            repository=f"{model.base.id}@{model.base.sha256}",
            file=made_by("full", model.options.layer),
        ),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=f"{model.base.licence}; data: {model.terms or 'terms not stated'}",
        files=files,
        metrics=model.metrics,
        temperature=model.temperature,
    )
    write_card(card, folder)
    return card


def _report(model: Finetuned) -> dict[str, object]:
    """`report.json`: no clock in it, so the same training gives the same bytes."""
    base = model.base
    return {
        "schema_version": 1,
        "method": "full",
        "base": {"id": base.id, "revision": base.revision, "sha256": base.sha256},
        "labels": model.labels,
        "data_sha256": model.data_sha256,
        "options": asdict(model.options),
        "epochs": [asdict(epoch) for epoch in model.epochs],
        "metrics": dict(model.metrics),
        "worse": model.worse,
        "temperature": model.temperature,
    }
