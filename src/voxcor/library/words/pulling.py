"""From a hub, or from a folder somebody has, to a sentence encoder with a head of its own."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voxcor.disk.faults import require_space, storage_errors
from voxcor.disk.whole import replacing
from voxcor.errors import (
    HubRefused,
    HubUnreachable,
    InputNotFound,
    InputUnreadable,
    ModelCorrupt,
    UsageError,
    VoxcorError,
)
from voxcor.library.words.fitting import head_bytes, vectors_and_targets
from voxcor.library.words.pulled import TransformerEncoder, require_tokenizers
from voxcor.models.cards import HUB_NAMES, Hub, Source, record_of, write_card
from voxcor.models.encoders import (
    ENCODERS,
    HEAD_FILE,
    EncoderCard,
    PublishedEncoder,
    encoder_folder,
)
from voxcor.models.hub import (
    bytes_there,
    default_hub,
    download_all,
    list_files,
    other_content,
)
from voxcor.models.install import now, records_of
from voxcor.models.store import downloads_of, locked, unknown

EncoderStage = Literal["download", "fit"]


@dataclass(frozen=True, slots=True)
class _Files:
    """The encoder's files at hand."""

    folder: Path
    revision: str
    source: Source


def pull_encoder(
    encoder_id: str,
    *,
    hub: Hub | None = None,
    source: Path | None = None,
    progress: Callable[[EncoderStage, float], None] = lambda _stage, _share: None,
) -> EncoderCard:
    """Installs a sentence encoder, in the place of an installed one, and makes its head; its card.

    An interrupted download is kept for the next pull to continue; whatever else fails leaves
    nothing behind.

    Args:
        encoder_id: a key of `ENCODERS`.
        hub: where to fetch it; None for the one that has it.
        source: install the files of this folder instead, named as the hub has them.
        progress: is told the stage of work and the share of it that is done, 0 to 1.

    Raises:
        UnknownModel, UsageError: there is none of this id, or not on this hub; or a package for it
            is not installed, and the sentence has the command.
        InputNotFound, InputUnreadable: a file is not in `source`, or the files are those of no such
            encoder.
        PullInProgress: another process is pulling the same.
        HubUnreachable, HubRefused, ChecksumMismatch: see `voxcor.models.hub`.
        ModelCorrupt: what the hub gave is no such encoder.
        StorageError: the disk is full, or stands in the way otherwise.
    """
    encoder = ENCODERS.get(encoder_id)
    if encoder is None:
        raise unknown(encoder_id, ENCODERS)
    hub = hub or default_hub(encoder)
    if hub not in encoder.repositories:
        raise UsageError(
            reason_en=f"{encoder_id} is not published on {HUB_NAMES[hub]}.",
            reason_zh=f"{encoder_id} 未在 {HUB_NAMES[hub]} 上发布。",
        )
    require_tokenizers()
    target, downloads = encoder_folder(encoder_id), downloads_of(encoder_id)
    with locked(encoder_id), storage_errors(target):
        try:
            if source is None:
                files = _fetch(encoder, hub, lambda share: progress("download", share))
            else:
                files = _Files(source, "local", Source("local", None, encoder.graph))
            card = _install(encoder, files, lambda share: progress("fit", share))
        except (HubUnreachable, HubRefused):
            raise
        except VoxcorError as error:
            if source is None:
                shutil.rmtree(downloads, ignore_errors=True)
            elif isinstance(error, ModelCorrupt):
                reason = str(error.details["reason"])
                raise InputUnreadable(name=str(source), reason=reason) from error
            raise
        shutil.rmtree(downloads, ignore_errors=True)
    return card


def _fetch(encoder: PublishedEncoder, hub: Hub, progress: Callable[[float], None]) -> _Files:
    listing = list_files(encoder, hub)
    for name in encoder.files:
        if name not in listing.files:
            raise HubRefused(
                model=encoder.id,
                hub=HUB_NAMES[hub],
                repository=listing.repository,
                file=name,
                reason="HTTP 404",
            )
    # By content: the first part of one version is never continued with the rest of another.
    announced = [listing.files[name] for name in encoder.files]
    content = "".join(file.sha256 or listing.revision for file in announced)
    folder = downloads_of(encoder.id) / sha256(content.encode()).hexdigest()[:16]
    missing = sum(file.bytes - bytes_there(folder / file.name) for file in announced)
    with storage_errors(folder, missing):
        folder.mkdir(parents=True, exist_ok=True)
        require_space(folder, missing)
        download_all(listing, encoder.files, folder, progress)
        for file in announced:
            found = record_of(folder / file.name).sha256
            if file.sha256 not in (None, found):
                raise other_content(encoder.id, hub, file.name, found, file.sha256)
    source = Source(hub=hub, repository=listing.repository, file=encoder.graph)
    return _Files(folder, listing.revision, source)


def _install(
    encoder: PublishedEncoder, files: _Files, progress: Callable[[float], None]
) -> EncoderCard:
    """Copies the files to where the encoder lies, makes its head there, and writes its card."""
    target = encoder_folder(encoder.id)
    paths = [files.folder / name for name in encoder.files]
    for path in paths:
        if not path.is_file():
            raise InputNotFound(name=str(path))
    needed = sum(path.stat().st_size for path in paths)
    progress(0.0)
    with storage_errors(target, needed), replacing(target) as draft:
        require_space(draft, needed)
        for path in paths:
            try:
                shutil.copyfile(path, draft / path.name)
            except PermissionError as error:
                raise InputUnreadable(name=str(path), reason=error.strerror) from error
        name = encoder.name_of(records_of(draft))
        opened = TransformerEncoder(encoder, draft, name)
        head = head_bytes(name, *vectors_and_targets(_Watched(opened, progress)))
        (draft / HEAD_FILE).write_bytes(head)
        card = EncoderCard(
            id=encoder.id,
            revision=files.revision,
            source=files.source,
            created=now(),
            licence=encoder.licence,
            files=records_of(draft),
        )
        write_card(card, draft)
    return card


@dataclass(frozen=True, slots=True)
class _Watched:
    """An encoder that tells the share of texts it has read."""

    encoder: TransformerEncoder
    progress: Callable[[float], None]

    @property
    def id(self) -> str:
        return self.encoder.id

    @property
    def scripts(self) -> tuple[str, ...]:
        return self.encoder.scripts

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = []
        for number, text in enumerate(texts, 1):
            vectors.append(self.encoder.encode([text]))
            self.progress(number / len(texts))
        return np.concatenate(vectors)
