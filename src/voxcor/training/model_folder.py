"""The folder a training ends in: a model like any other, complete or not there at all."""

import hashlib
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from voxcor.disk.faults import require_space, storage_errors
from voxcor.disk.locks import locked
from voxcor.disk.whole import make_folder, replacing
from voxcor.errors import ModelCorrupt, ModelExists, UnknownFamily, UsageError
from voxcor.inference.onnx_files import GRAPH_FILE
from voxcor.models.cards import Card, FileRecord, Source, read_card, record_of, write_card
from voxcor.models.store import ModelFolder
from voxcor.models.trained_on import trained_on, write_trained_on
from voxcor.result_folder import to_json
from voxcor.settings import Settings
from voxcor.training.heads import HIDDEN, FloatArray, Head
from voxcor.training.report import Training, to_card_text, to_document
from voxcor.training.surgery import write_graph

TRAINED_BY = "voxcor train"

# The graph without weights beside it, the head, the reports: room for them on top of the weights.
_ROOM_BYTES = 20_000_000


def made_by(method: str, layer: int | None) -> str:
    """What a card says made its model."""
    return f"{TRAINED_BY} --method {method}" + ("" if layer is None else f" --layer {layer}")


def require_place(out: Path, *, overwrite: bool) -> None:
    """Looks whether a model may go there, before work begins.

    Args:
        out: the folder.
        overwrite: whether it may take the place of a model that an earlier training left there.

    Raises:
        ModelExists: such a model is there, and may not be replaced.
        UsageError: something else is there.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        trained = read_card(out).source.file.startswith(TRAINED_BY)
    except (ModelCorrupt, UnknownFamily):
        trained = False
    if trained and not overwrite:
        raise ModelExists(path=str(out))
    if not trained:
        raise UsageError(
            reason_en=f"{out} is there already and holds something else. Choose another --out.",
            reason_zh=f"{out} 已存在且包含其他内容。请用 --out 指定其他文件夹。",
        )


def write_model(
    training: Training,
    base: ModelFolder,
    head: Head,
    share: FloatArray,
    out: Path,
    *,
    heard: Iterable[str],
    overwrite: bool,
) -> Card:
    """Writes the model into `out`.

    Args:
        training: for the card and the reports.
        base: the model whose body it gets, up to the training's layer.
        head: trained on the base's embeddings.
        share: [L_base, L], what of the base's logits counts too.
        out: the folder.
        heard: the sha256 of each recording that the training used.
        overwrite: as for `require_place`.

    Raises:
        ModelExists, UsageError: see `require_place`.
        ModelCorrupt: the base's graph is not one of ours.
        StorageError: the disk is full, or stands in the way otherwise.
    """
    card = base.card
    needed = sum(record.bytes for record in card.files.values()) + _ROOM_BYTES
    with storage_errors(out, needed):
        make_folder(out.parent)
        require_space(out.parent, needed)
        with _locked(out), replacing(out) as folder:
            require_place(out, overwrite=overwrite)
            origin = {
                "base": f"{training.base.id}@{training.base.sha256}",
                "data_sha256": training.data_sha256,
            }
            names = write_graph(base, head, training.labels, folder, share=share, origin=origin)
            (folder / "CARD.md").write_text(
                to_card_text(training), encoding="utf-8", errors="backslashreplace"
            )
            (folder / "report.json").write_text(
                to_json(to_document(training), indent=2) + "\n",
                encoding="utf-8",
                errors="backslashreplace",
            )
            trained = _card(training, card, {name: record_of(folder / name) for name in names})
            write_card(trained, folder)
            write_trained_on(heard, trained_on(base), folder)
    return trained


def _card(training: Training, base: Card, files: dict[str, FileRecord]) -> Card:
    held_out = training.held_out
    dim = base.embedding_dim if training.kind == "linear" else HIDDEN
    return Card(
        id=training.name,
        title=f"{training.name} ({base.title}, {training.kind} head)",
        labels=training.labels,
        embedding_dim=dim,
        parameters=base.parameters + training.parameters,
        family=base.family,
        precision=base.precision,
        revision=f"data-{training.data_sha256[:12]}",
        # It covers the body as well: the graph's metadata names the base by its sha256.
        sha256=files[GRAPH_FILE].sha256,
        official=False,
        source=Source(
            hub="voxcor",
            repository=f"{training.base.id}@{training.base.sha256}",
            file=made_by(f"head --head {training.kind}", training.layer),
        ),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=f"{base.licence}; data: {training.terms or 'terms not stated'}",
        files=files,
        metrics={
            "held_out.clips": held_out.clips,
            "held_out.folds": len(training.folds),
            "held_out.wa": held_out.wa.value,
            "held_out.ua": held_out.ua.value,
            "held_out.macro_f1": held_out.f1.value,
            "held_out.ece": held_out.ece.value,
            "rounds": training.rounds,
            "seed": training.seed,
        },
        temperature=training.temperature,
    )


def _locked(folder: Path) -> AbstractContextManager[None]:
    """Whoever trains into a folder waits for others who do; no lock is left beside it."""
    place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
    return locked(Settings().home / "locks" / place)
