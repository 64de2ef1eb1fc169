"""What installing a model takes, wherever it comes from: records of its files, and int8."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voxcor.disk.faults import require_space, storage_errors
from voxcor.disk.whole import replacing
from voxcor.errors import UsageError
from voxcor.models.agreement import make_int8
from voxcor.models.cards import EXAMPLE_CLIP, Card, FileRecord, record_of, write_card
from voxcor.models.family import find_family
from voxcor.models.stamps import require_unchanged, write_stamp
from voxcor.models.store import ModelFolder, folder_of, locked, name_of
from voxcor.models.verify import pulled_example

InstallStage = Literal["download", "convert", "int8"]
InstallProgress = Callable[[InstallStage, float], None]


def install_int8(
    source: ModelFolder,
    speech: Sequence[NDArray[np.float32]],
    progress: InstallProgress,
    *,
    converted: bool,
) -> Card:
    """Makes int8 of a model folder in fp32, measures it, and installs it as `<id>-int8`.

    Args:
        source: the folder, and the card whose id, labels and origin the new one gets.
        speech: recordings to calibrate and measure on, float32 [N] at 16 kHz each, beside the
            hub's example clip where the folder has it.
        progress: is told the share of the work done, 0 to 1, as stage `int8`.
        converted: whether `models pull` made the source here, see `voxcor.models.stamps`.

    Raises:
        UsageError: there is no speech.
        ModelCorrupt: the source's files are not those of its card.
        PullInProgress: another process changes the same model.
        PrecisionRefused: int8 does not answer as fp32 does.
        StorageError: the disk is full, or stands in the way otherwise.
    """
    progress("int8", 0.0)
    require_unchanged(source.path, source.card)
    clip = source.path / EXAMPLE_CLIP
    has_clip = EXAMPLE_CLIP in source.card.files
    recordings = [*speech]
    if (example := pulled_example(source)) is not None:
        recordings.append(example)
    if not recordings:
        raise UsageError(
            reason_en="int8 is calibrated and measured on real speech, and the hub's example clip "
            "is not here. Name a folder of recordings: --speech PATH",
            reason_zh="int8 需要用真实语音校准并比较，而此处没有模型平台的示例音频。"
            "请指定录音文件夹：--speech PATH",
        )
    name = name_of(source.card.id, "int8")
    needed = source.card.parameters  # one byte each
    target = folder_of(name)
    with locked(name), storage_errors(target, needed), replacing(target) as folder:
        require_space(folder.parent, needed)
        found = make_int8(
            source.path,
            folder,
            recordings,
            model=source.card.id,
            float_weights=find_family(source.card.family).float_weights,
            progress=lambda share: progress("int8", share),
        )
        if has_clip:
            shutil.copyfile(clip, folder / EXAMPLE_CLIP)
        card = replace(
            source.card,
            precision="int8",
            created=now(),
            files=records_of(folder),
            metrics={**source.card.metrics, **found.metrics()},
        )
        write_card(card, folder)
    if converted:
        write_stamp(target, card, converted=True)
    return card


def records_of(folder: Path) -> dict[str, FileRecord]:
    """Every file of a folder as it is now, for a card."""
    return {path.name: record_of(path) for path in sorted(folder.iterdir())}


def now() -> str:
    """The time as cards have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
