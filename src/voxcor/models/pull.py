"""From a hub, or from a file somebody has, to an installed model.

    card = pull("plus-large")
    card = pull("plus-large", source=Path("~/Downloads/model.pt").expanduser())
    card = pull("plus-large", precision="int8", speech=recordings)

The checkpoint is fetched, checked, converted and thrown away; the graph and its card stay. One pull
of a model runs at a time. int8 is made from the graph in fp32, the installed one where there is
one. Only an interrupted download is kept, for the next pull to continue, and that of a model whose
int8 was refused; whatever else fails leaves nothing behind.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voxcor.disk.faults import require_space, storage_errors
from voxcor.disk.whole import drafting, replacing
from voxcor.errors import (
    HubRefused,
    HubUnreachable,
    InputNotFound,
    InputUnreadable,
    PrecisionRefused,
    UsageError,
    VoxcorError,
)
from voxcor.models.cards import (
    EXAMPLE_CLIP,
    HUB_NAMES,
    OFFICIAL,
    Card,
    Hub,
    OfficialModel,
    Precision,
    Source,
    record_of,
    write_card,
)
from voxcor.models.convert import convert_checkpoint
from voxcor.models.family import MAX_LABELS, Family, find_family
from voxcor.models.hub import (
    bytes_there,
    default_hub,
    download_all,
    list_files,
    other_content,
)
from voxcor.models.install import InstallProgress, install_int8, now, records_of
from voxcor.models.stamps import is_converted_here, write_stamp
from voxcor.models.store import (
    BUILT_IN,
    ModelFolder,
    downloads_of,
    find_model,
    folder_of,
    installed,
    locked,
    unknown,
)

# A list of tokens has 119 bytes and a sample 131 kB; what is larger is something else.
_SMALL_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """A checkpoint at hand, with what came with it."""

    path: Path
    sha256: str
    official: bool
    revision: str
    source: Source
    tokens: Path | None = None
    clip: Path | None = None


def pull(
    model_id: str,
    *,
    hub: Hub | None = None,
    source: Path | None = None,
    precision: Precision = "fp32",
    speech: Sequence[NDArray[np.float32]] = (),
    progress: InstallProgress = lambda _stage, _share: None,
) -> Card:
    """Installs a published model, in the place of an installed one; its card.

    The same model in the other precision stays as it is.

    Args:
        model_id: a key of `OFFICIAL`.
        hub: where to fetch it; None for the one of the reader's language, see `default_hub`.
        source: install this checkpoint, or the one in this folder, instead of fetching one.
            Its family's list of tokens beside it names its labels. Weights that nobody published
            are taken, and marked unofficial in the card and in every result.
        precision: `int8` is made from fp32 by calibration on real speech, and measured on other
            speech; what it came to is among the card's metrics.
        speech: recordings for that, float32 [N] at 16 kHz each, beside the hub's example clip.
        progress: is told the stage of work and the share of it that is done, 0 to 1.

    Raises:
        UnknownModel, UsageError: there is no such model to pull, or not on this hub.
        InputNotFound, InputUnreadable: `source` is not there, holds no checkpoint, or cannot be
            read; so with the list of tokens beside it.
        PullInProgress: another process is pulling the same model.
        HubUnreachable, HubRefused, ChecksumMismatch: see `voxcor.models.hub`.
        CheckpointUnsafe, CheckpointInvalid: see `convert_checkpoint`.
        PrecisionRefused: int8 does not answer as fp32 does.
        StorageError: the disk is full, or stands in the way otherwise.
    """
    if model_id == BUILT_IN:
        raise UsageError(
            reason_en="small is part of Voxcor; there is nothing to pull.",
            reason_zh="small 是 Voxcor 自带的模型，无需拉取。",
        )
    model = OFFICIAL.get(model_id)
    if model is None:
        raise unknown(model_id, OFFICIAL)
    hub = hub or default_hub(model)
    if hub not in model.repositories:
        raise UsageError(
            reason_en=f"{model_id} is not published on {HUB_NAMES[hub]}.",
            reason_zh=f"{model_id} 未在 {HUB_NAMES[hub]} 上发布。",
        )
    with locked(model_id), storage_errors(folder_of(model_id)):
        if precision == "int8" and source is None and model_id in installed():
            source_folder = find_model(model_id)
            converted = is_converted_here(source_folder.path)
            return install_int8(source_folder, speech, progress, converted=converted)
        try:
            if source is None:
                checkpoint = _fetch(model, hub, lambda share: progress("download", share))
            else:
                checkpoint = _local(model, source)
            if precision == "fp32":
                with replacing(folder_of(model_id)) as folder:
                    card = _write(model, checkpoint, folder, progress)
                write_stamp(folder_of(model_id), card, converted=True)
            else:
                with drafting(folder_of(model_id)) as folder:
                    card = _write(model, checkpoint, folder, progress)
                    card = install_int8(ModelFolder(folder, card), speech, progress, converted=True)
        except (HubUnreachable, HubRefused, PrecisionRefused):
            raise
        except VoxcorError:
            if source is None:
                shutil.rmtree(downloads_of(model_id), ignore_errors=True)
            raise
        shutil.rmtree(downloads_of(model_id), ignore_errors=True)
    return card


def _fetch(model: OfficialModel, hub: Hub, progress: Callable[[float], None]) -> _Checkpoint:
    """The checkpoint, its tokens and the example clip from a hub."""
    family, listing = find_family(model.family), list_files(model, hub)
    checkpoint = next((name for name in family.checkpoint_files if name in listing.files), None)
    if checkpoint is None:
        raise HubRefused(
            model=model.id,
            hub=HUB_NAMES[hub],
            repository=listing.repository,
            file=family.checkpoint_files[0],
            reason="HTTP 404",
        )
    announced = listing.files[checkpoint]
    expected = model.sha256 or announced.sha256
    if announced.sha256 not in (None, expected):
        raise other_content(model.id, hub, checkpoint, str(announced.sha256), expected)
    # By content: the first part of one version is never continued with the rest of another.
    content = expected or sha256(listing.revision.encode()).hexdigest()
    folder = downloads_of(model.id) / content[:16]
    small = [
        name
        for name in _beside(family).values()
        if name in listing.files and 0 < listing.files[name].bytes <= _SMALL_BYTES
    ]
    wanted = [*small, checkpoint]
    missing = announced.bytes - bytes_there(folder / checkpoint)
    with storage_errors(folder, missing):
        folder.mkdir(parents=True, exist_ok=True)
        require_space(folder, missing + _graph_bytes(family, announced.bytes))
        paths = download_all(listing, wanted, folder, progress)
        found = record_of(paths[checkpoint]).sha256
    if expected is not None and found != expected:
        raise other_content(model.id, hub, checkpoint, found, expected)
    return _Checkpoint(
        path=paths[checkpoint],
        sha256=found,
        official=found == model.sha256,
        revision=listing.revision,
        source=Source(hub=hub, repository=listing.repository, file=checkpoint),
        **{part: paths[name] for part, name in _beside(family).items() if name in paths},
    )


def _beside(family: Family) -> dict[Literal["tokens", "clip"], str]:
    """What small files beside a checkpoint are called, by the fields of `_Checkpoint`."""
    names: dict[Literal["tokens", "clip"], str] = {}
    if family.tokens_file:
        names["tokens"] = family.tokens_file
    if family.sample:
        names["clip"] = family.sample.file
    return names


def _local(model: OfficialModel, source: Path) -> _Checkpoint:
    """A checkpoint that is here already, alone or in a folder like the hub's."""
    family = find_family(model.family)
    names = family.checkpoint_files
    candidates = [source / name for name in names] if source.is_dir() else [source]
    checkpoint = next((path for path in candidates if path.is_file()), None)
    if checkpoint is None:
        raise InputNotFound(name=str(candidates[0]))
    try:
        sha256 = record_of(checkpoint).sha256
    except OSError as error:
        raise InputUnreadable(name=str(checkpoint), reason=error.strerror) from error
    beside = {part: checkpoint.parent / name for part, name in _beside(family).items()}
    return _Checkpoint(
        path=checkpoint,
        sha256=sha256,
        official=sha256 == model.sha256,
        revision="local",
        source=Source(hub="local", repository=None, file=checkpoint.name),
        **{part: path for part, path in beside.items() if path.is_file()},
    )


def _write(
    model: OfficialModel, checkpoint: _Checkpoint, folder: Path, progress: InstallProgress
) -> Card:
    """Converts a checkpoint into a model folder in fp32, which must exist."""
    family = find_family(model.family)
    labels = _labels(family, checkpoint.tokens) if checkpoint.tokens else model.labels
    progress("convert", 0.0)
    target = folder_of(model.id)
    needed = _graph_bytes(family, checkpoint.path.stat().st_size)
    with storage_errors(target, needed):
        require_space(target.parent, needed)
        conversion = convert_checkpoint(
            checkpoint.path,
            folder,
            family=family,
            labels=labels,
            progress=lambda share: progress("convert", share),
        )
        if checkpoint.clip:
            shutil.copyfile(checkpoint.clip, folder / EXAMPLE_CLIP)
        card = Card(
            id=model.id,
            title=model.title,
            labels=conversion.labels,
            embedding_dim=conversion.embedding_dim,
            parameters=conversion.parameters,
            family=model.family,
            precision="fp32",
            revision=checkpoint.revision,
            sha256=checkpoint.sha256,
            official=checkpoint.official,
            source=checkpoint.source,
            created=now(),
            licence=model.licence,
            files=records_of(folder),
        )
        write_card(card, folder)
    return card


def _labels(family: Family, tokens: Path) -> tuple[str, ...]:
    try:
        with tokens.open("rb") as file:
            content = file.read(_SMALL_BYTES)
        # Editors on Windows put a byte-order mark before the first token.
        labels = family.read_tokens(content.decode("utf-8-sig").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise InputUnreadable(name=str(tokens), reason=str(error)) from error
    if len(labels) > MAX_LABELS:
        raise InputUnreadable(name=str(tokens), reason=f"{len(labels)} labels")
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise InputUnreadable(name=str(tokens), reason=f"{twice[0]} stands there twice")
    if not all(label.isprintable() and len(label) <= 100 for label in labels):
        raise InputUnreadable(name=str(tokens), reason="it names no labels")
    return labels


def _graph_bytes(family: Family, checkpoint_bytes: int) -> int:
    """What the graph will take at most: a float32 for each parameter."""
    return 4 * checkpoint_bytes // family.checkpoint_bytes
