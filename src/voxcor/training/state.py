"""Where a training stands, on the disk: whoever is killed in the middle leaves the state before."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxcor.disk.faults import storage_errors
from voxcor.disk.locks import locked
from voxcor.disk.unreadable import read_state, set_unreadable_aside, unreadable
from voxcor.disk.whole import replacing_file, sync, write_whole
from voxcor.errors import StateUnreadable, UsageError

if TYPE_CHECKING:
    import torch

# The last state, and the weights of the best epoch.
STATE_FILE, BEST_FILE = "state.pt", "best.pt"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training clips came to.

    `loss` is the mean cross entropy of training, `ua` and `wa` are on the validation clips.
    """

    number: int  # from 1
    loss: float
    ua: float
    wa: float


@dataclass(slots=True)
class Position:
    """How far a training has come: whole epochs, and steps of the one that runs."""

    step: int = 0
    loss_sum: float = 0.0
    weight_sum: float = 0.0
    epochs: list[Epoch] = field(default_factory=list)

    @property
    def best(self) -> Epoch:
        """The epoch with the highest UA; of equal ones the first."""
        return max(self.epochs, key=lambda epoch: epoch.ua)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as torch's safe loader allows them."""
        epochs = [[e.number, e.loss, e.ua, e.wa] for e in self.epochs]
        return {
            "step": self.step,
            "loss_sum": self.loss_sum,
            "weight_sum": self.weight_sum,
            "epochs": epochs,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Position":
        """The inverse of `to_dict`."""
        return cls(**{**values, "epochs": [Epoch(*epoch) for epoch in values["epochs"]]})


@contextmanager
def claimed(folder: Path, mark: Mapping[str, Any]) -> Iterator[None]:
    """Makes `folder` this training's and nobody else's for as long as the block runs.

    What another training has prepared there, without a step of it saved, is thrown away. So is
    what is damaged: it is set aside, and the training begins again.

    Args:
        folder: of a training that begins, or that was begun with the same mark.
        mark: what tells this training from others, of plain values.

    Raises:
        UsageError: it is another training's, or another process is at it.
        StorageError: it cannot be written.
    """
    busy = UsageError(
        reason_en=f"Another process is training in {folder} right now.",
        reason_zh=f"另一个进程正在 {folder} 中训练。",
    )
    with locked(folder / "lock", busy, private=True):
        path = folder / "begun.json"
        begun = _begun(path)
        if begun != mark and (folder / STATE_FILE).is_file():
            raise UsageError(
                reason_en=f"{folder} holds an unfinished training of another model, with other "
                "recordings or other options. Go on with those, remove that folder, or choose "
                "another one for the new model.",
                reason_zh=f"{folder} 中有一个未完成的训练，其模型、录音或选项与本次不同。"
                "请用原来的设置继续，或删除该文件夹，或为新模型另选一个文件夹。",
            )
        if begun != mark:
            with storage_errors(folder):
                _begin(folder, path, mark)
        yield


def _begun(path: Path) -> Any:
    try:
        return read_state(path, lambda mark: mark)
    except FileNotFoundError:
        return None
    except StateUnreadable as error:
        if set_unreadable_aside(path, error) is None:
            raise
        return None


def _begin(folder: Path, path: Path, mark: Mapping[str, Any]) -> None:
    # The old mark goes first: killed in the middle, this begins again.
    path.unlink(missing_ok=True)
    sync(folder)
    for left in (*folder.glob("*.json"), *folder.glob("*.f32"), *folder.glob("*.pt")):
        left.unlink()
    write_whole(path, json.dumps(mark, indent=2))


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Writes tensors and plain values to `path`.

    Raises:
        StorageError: the disk is full, or stands in the way otherwise.
    """
    import torch

    with (
        storage_errors(path, sum(map(_bytes, content.values()))),
        replacing_file(path) as draft,
        draft.open("wb") as stream,
    ):
        try:
            torch.save(dict(content), stream)
        except RuntimeError as error:
            # What torch makes of a disk that fills up: its archive cannot be closed either.
            raise error.__context__ if isinstance(error.__context__, OSError) else error from error


def load(path: Path, device: "torch.device") -> dict[str, Any] | None:
    """What `save` wrote, on `device`; None where nothing was written yet, or it is damaged.

    Raises:
        StateUnreadable: it cannot be read now.
    """
    import torch

    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        if not isinstance(content, dict):
            raise TypeError(type(content).__name__)
    except Exception as damage:  # of torch, zipfile and pickle, each with errors of its own
        error = unreadable(path, damage, damaged=not isinstance(damage, OSError))
        if set_unreadable_aside(path, error) is None:
            raise error from damage
        return None
    return content


def _bytes(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(map(_bytes, value.values()))
    return int(getattr(value, "nbytes", 0))
