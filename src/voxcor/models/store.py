"""The models on this machine: where they lie, how they get in whole, how they leave.

A model is a folder with a card, under `VOXCOR_HOME/models/<name>`; `small` is one inside this
package. The name is the id for fp32, and `<id>-int8` for the same model in int8. Folders whose
names begin with a dot are being built or taken away and count for nothing, so a process that dies
in the middle leaves no model behind, and the next pull sweeps up after it.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from voxcor.disk.faults import storage_errors
from voxcor.disk.locks import locked as holding
from voxcor.disk.whole import set_aside, unfinished
from voxcor.errors import (
    ModelCorrupt,
    ModelNotInstalled,
    ModelRenamed,
    PullInProgress,
    UnknownModel,
    UsageError,
)
from voxcor.inference.network import Network
from voxcor.inference.onnx_files import GRAPH_FILE
from voxcor.models.cards import CARD_FILE, OFFICIAL, Card, Precision, read_card
from voxcor.models.stamps import is_converted_here, remove_stamp, require_unchanged
from voxcor.settings import Settings

BUILT_IN = "small"
BUILT_IN_FOLDER = Path(__file__).parent / BUILT_IN

# What Voxcor had before, and what has taken its place.
_RENAMED = {"tiny": BUILT_IN}

# `auto` takes the first of these that is installed: their order on EmoBox.
BEST_FIRST = ("plus-large", "plus-base", "plus-seed", "base-finetuned")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """An installed model. `fallback` says that `auto` found nothing better than `small`."""

    path: Path
    card: Card
    fallback: bool = False

    @property
    def name(self) -> str:
        """What `find_model` finds it by, where it is installed."""
        return name_of(self.card.id, self.card.precision)

    @property
    def graph(self) -> Path:
        """The `.onnx` file to run; its weights lie beside it."""
        return self.path / GRAPH_FILE


def name_of(model: str, precision: Precision) -> str:
    """The name of a model with this id in this precision; the built-in one has but one."""
    return model if precision == "fp32" or model == BUILT_IN else f"{model}-{precision}"


def installed() -> tuple[str, ...]:
    """The names of all models on this machine, the best first, `small` last."""
    folder = Settings().models
    found = {path.parent.name for path in folder.glob(f"[!.]*/{CARD_FILE}")}
    names = (name for model in (*BEST_FIRST, *OFFICIAL) for name in _names(model))
    known = [name for name in names if name in found]
    return tuple(dict.fromkeys((*known, *sorted(found), BUILT_IN)))


def find_model(name: str) -> ModelFolder:
    """The folder of MODEL: `auto`, a name, or the path of a model folder.

    An id alone, and `auto`, mean fp32 where that is installed, and int8 where only that is: the
    answers of a model do not change because it was pulled a second time.

    Raises:
        UnknownModel: no model has this id, and no model folder this path.
        ModelNotInstalled: a published model that was not pulled.
        ModelCorrupt: its card, or the size of one of its files, is not as it was written;
            `open_network` looks at their content.
        UnknownFamily: see `read_card`.
    """
    here = installed()
    if name == "auto":
        names = (name for model in BEST_FIRST for name in _names(model))
        best = next((name for name in names if name in here), BUILT_IN)
        folder = open_folder(folder_of(best))
        return ModelFolder(folder.path, folder.card, fallback=best == BUILT_IN)
    found = next((one for one in _names(name) if one in here), None)
    if found is not None:
        return open_folder(folder_of(found))
    if name in OFFICIAL:
        raise ModelNotInstalled(model=name)
    if (Path(name) / CARD_FILE).is_file():
        return open_folder(Path(name))
    raise unknown(name)


def open_network(
    folder: ModelFolder, *, threads: int | None = None, network: type[Network] = Network
) -> Network:
    """The model in this folder, ready to run.

    Args:
        folder: as `find_model` gives it.
        threads: threads of one pass; None for all cores.
        network: the class that runs it, see `voxcor.inference.batching`.

    Raises:
        ModelCorrupt: a file is not as it was written, the graph cannot be loaded, or has other
            labels than the card says.
    """
    require_unchanged(folder.path, folder.card)
    try:
        opened = network(folder.graph, threads=threads)
    # onnxruntime's errors have no other base, and a graph of somebody else lacks our metadata.
    except Exception as error:
        raise ModelCorrupt(model=folder.card.id, reason=str(error)) from error
    if opened.labels != folder.card.labels:
        reason = f"its graph has the labels {', '.join(opened.labels)}"
        raise ModelCorrupt(model=folder.card.id, reason=reason)
    return opened


def _names(model: str) -> tuple[str, str]:
    """A model's names, the one that its id alone means first."""
    return name_of(model, "fp32"), name_of(model, "int8")


def folder_of(model: str) -> Path:
    """Where the model with this name lies, or would lie."""
    return BUILT_IN_FOLDER if model == BUILT_IN else Settings().models / model


def downloads_of(model: str) -> Path:
    """Where the download of a model waits until it is complete."""
    return Settings().home / "downloads" / model


def open_folder(folder: Path) -> ModelFolder:
    """The model folder at this path, wherever it lies.

    Raises:
        ModelCorrupt: its card, or the size of one of its files, is not as it was written.
    """
    card = read_card(folder)
    if card.official and folder != BUILT_IN_FOLDER:
        published = OFFICIAL.get(card.id)
        known = published is not None and published.sha256 == card.sha256
        card = replace(card, official=known and is_converted_here(folder))
    for name, record in card.files.items():
        path = folder / name
        if not path.is_file():
            raise ModelCorrupt(model=card.id, reason=f"{name} is missing")
        if path.stat().st_size != record.bytes:
            raise ModelCorrupt(
                model=card.id, reason=f"{name}: {path.stat().st_size} bytes, not {record.bytes}"
            )
    return ModelFolder(folder, card)


def remove(model: str) -> int:
    """Takes a model off this machine, and what was downloaded of it; the bytes that frees.

    Raises:
        UsageError: `small`, which is part of Voxcor.
        UnknownModel, ModelNotInstalled: there is nothing to remove.
        PullInProgress: it is being pulled right now.
        StorageError: its files cannot be deleted.
    """
    if model == BUILT_IN:
        raise UsageError(
            reason_en="small is part of Voxcor and stays.",
            reason_zh="small 是 Voxcor 自带的模型，不能删除。",
        )
    here = installed()
    if model not in (*OFFICIAL, *here):
        raise unknown(model)
    return take_away(model, folder_of(model))


def take_away(model: str, folder: Path) -> int:
    """Removes the folder of what was pulled under this id, and its download; the bytes that frees.

    Raises:
        ModelNotInstalled, PullInProgress, StorageError: see `remove`.
    """
    downloads = downloads_of(model)
    if not (folder.is_dir() or downloads.is_dir() or unfinished(folder)):
        raise ModelNotInstalled(model=model)
    with locked(model), storage_errors(folder):
        if folder.is_dir():
            remove_stamp(folder)
            set_aside(folder)
        traces = [path for path in (downloads, *unfinished(folder)) if path.is_dir()]
        freed = sum(map(_bytes_of, traces))
        for path in traces:
            shutil.rmtree(path)
    return freed


def unknown(name: str, known: Iterable[str] = ()) -> UnknownModel:
    """The error for a name that is no model, with the names that are, or that was one.

    `known` are the names that can be meant; all models if it is empty.
    """
    if name in _RENAMED:
        return ModelRenamed(model=name, now=_RENAMED[name])
    names = dict.fromkeys(known or (*OFFICIAL, *installed()))
    return UnknownModel(model=name, known=[*names])


@contextmanager
def locked(model: str) -> Iterator[None]:
    """Whoever changes a model holds its lock, which ends with the process that holds it.

    Raises:
        PullInProgress: another process or thread holds it.
        StorageError: the folder of models cannot be written.
    """
    with holding(Settings().models / f".{model}.lock", PullInProgress(model=model)):
        yield


def _bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
