"""A model folder of one's own, installed under a name.

    card = add(Path("my-model"))                          # trained by voxcor train, or handed over
    card = add(Path("my-model"), "call-centre", precision="int8", speech=recordings)

The folder is copied, checked against its card and run before it is a model; from then on it goes by
its name wherever MODEL is asked for. It is never official, whatever its card says.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcor.disk.faults import require_space, storage_errors
from voxcor.disk.whole import drafting, replacing
from voxcor.errors import InputNotFound, InputUnreadable, UsageError
from voxcor.invocation import voxcor
from voxcor.models.cards import (
    CARD_FILE,
    OFFICIAL,
    Card,
    Precision,
    write_card,
)
from voxcor.models.encoders import ENCODERS
from voxcor.models.install import InstallProgress, install_int8
from voxcor.models.stamps import require_unchanged
from voxcor.models.store import (
    BUILT_IN,
    ModelFolder,
    folder_of,
    locked,
    name_of,
    open_folder,
)
from voxcor.models.trained_on import TRAINED_ON_FILE
from voxcor.models.verify import require_runs

# What MODEL means by itself, now or where a path is expected; a name with the ending of int8 is
# that of another model's int8.
_RESERVED = {"auto", BUILT_IN, "tiny", *OFFICIAL, *ENCODERS}
_NAME = re.compile(r"\w[\w.-]{0,63}")
_INT8 = name_of("", "int8")

# What training leaves beside the graph, for people and `evaluate`; the card lists what runs.
_DOCUMENTS = ("CARD.md", "report.json", TRAINED_ON_FILE)
_MAX_DOCUMENT_BYTES = 10_000_000


def add(
    folder: Path,
    name: str | None = None,
    *,
    precision: Precision | None = None,
    speech: Sequence[NDArray[np.float32]] = (),
    overwrite: bool = False,
    progress: InstallProgress = lambda _stage, _share: None,
) -> Card:
    """Installs a model folder; its card, whose id is the name.

    A model in int8 is found as `<name>-int8`, and by the name alone where fp32 is not there.

    Args:
        folder: a model folder: `card.json`, `model.onnx` and what the card lists.
        name: letters, digits, `_`, `-` and `.`; None for the folder's.
        precision: `int8` installs the folder's fp32 in int8, measured as `models pull` does it;
            None for what the folder has.
        speech: recordings for that, float32 [N] at 16 kHz each.
        overwrite: take the place of a model with this name.
        progress: is told the share of the work on int8 that is done.

    Raises:
        InputNotFound, ModelCorrupt: it is no model folder, or not as its card says, or does not
            run.
        UsageError: the name cannot be one, or is taken; or the folder has int8 where fp32 is
            asked for or needed.
        PullInProgress: another process changes the same model.
        PrecisionRefused: int8 does not answer as fp32 does.
        StorageError: the disk is full, or stands in the way otherwise.
    """
    if not (folder / CARD_FILE).is_file():
        raise InputNotFound(name=str(folder / CARD_FILE))
    card = open_folder(folder).card
    chosen = _require_name(name or folder.resolve().name.removesuffix(_INT8))
    if precision not in (None, card.precision) and card.precision == "int8":
        raise UsageError(
            reason_en=f"{folder} is int8 already; fp32 cannot be made of it.",
            reason_zh=f"{folder} 已是 int8，无法由它得到 fp32。",
        )
    target = folder_of(name_of(chosen, precision or card.precision))
    card = replace(card, id=chosen, official=False)
    needed = sum(record.bytes for record in card.files.values())
    is_made = precision == "int8" and card.precision == "fp32"
    with locked(chosen if is_made else target.name), storage_errors(target, needed):
        if target.exists() and not overwrite:
            raise UsageError(
                reason_en=f"a model {target.name} is installed already. Choose another name, or "
                "take its place with --replace.",
                reason_zh=f"模型 {target.name} 已安装。请换一个名称，或用 --replace 替换。",
            )
        require_space(target.parent, needed)
        if is_made:
            with drafting(folder_of(chosen)) as draft:
                _copy(folder, draft, card)
                return install_int8(ModelFolder(draft, card), speech, progress, converted=False)
        with replacing(target) as draft:
            _copy(folder, draft, card)
    return card


def _require_name(name: str) -> str:
    if name.casefold() in _RESERVED or name.removesuffix(_INT8) in _RESERVED:
        raise UsageError(
            reason_en=f"{name} is the name of a published model. Choose another: "
            f"{voxcor()} models add FOLDER NAME",
            reason_zh=f"{name} 是已发布模型的名称。请另选一个：{voxcor()} models add FOLDER NAME",
        )
    if not _NAME.fullmatch(name) or name.endswith((_INT8, ".")):
        raise UsageError(
            reason_en=f"{name!r} cannot be a model's name: up to 64 letters, digits, _ - and ., "
            f"not -int8 at the end. Choose another: {voxcor()} models add FOLDER NAME",
            reason_zh=f"{name!r} 不能作为模型名称：至多 64 个字母、数字、_、- 和 .，"
            f"不能以 -int8 结尾。请另选一个：{voxcor()} models add FOLDER NAME",
        )
    return name


def _copy(folder: Path, draft: Path, card: Card) -> None:
    """The model with its card, whole and running, and nothing else that lies in the folder."""
    documents = [folder / name for name in _DOCUMENTS if name not in card.files]
    small = [d for d in documents if d.is_file() and d.stat().st_size <= _MAX_DOCUMENT_BYTES]
    for source in (*(folder / name for name in card.files), *small):
        try:
            shutil.copyfile(source, draft / source.name)
        except PermissionError as error:
            raise InputUnreadable(name=str(source), reason=error.strerror) from error
    write_card(card, draft)
    require_unchanged(draft, card, again=True)
    require_runs(ModelFolder(draft, card))
