"""What can be chosen for `voxcor train --method full`, and what is sensible."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from voxcor.errors import UsageError
from voxcor.language import listed
from voxcor.models.family import Architecture

_WORDS = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}


@dataclass(frozen=True, slots=True)
class FullOptions:
    """How a network is fine-tuned.

    Rates are the highest, after warm-up: `learning_rate` of the last block (None for what fits full
    training or LoRA), `layer_decay` times it for each block below, `head_learning_rate` of the
    classifier. A step is the gradient of `batch_size * accumulate` clips.
    """

    epochs: int = 20
    patience: int = 5  # epochs without a better UA on validation before the end
    batch_size: int = 8  # clips that go through the network together; memory grows with it
    accumulate: int = 2  # batches of one step
    learning_rate: float | None = None
    head_learning_rate: float = 1e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.1  # share of all steps
    layer: int | None = None  # the last block that is kept, from 1; None: all are
    freeze_front_end: bool = True
    freeze_blocks: int = 0  # from the bottom; everything below them stays, too
    lora_rank: int = 0  # 0: no LoRA, the blocks themselves are trained
    hide_time: float = 0.1  # share of frames hidden in spans, see `voxcor.training.masking`
    hide_channels: float = 0.05  # share of channels
    augment: bool = True  # noise, speed, rooms, codecs: see `voxcor.audio.augmentation`
    class_weights: bool = True  # each label weighs the same, however many clips it has
    crop_s: float = 10.0  # of longer clips a random crop of this length
    gradient_checkpointing: bool = False  # a third more work, a fraction of the memory
    save_steps: int = 50  # between two savings within an epoch
    seed: int = 0

    @property
    def highest_rate(self) -> float:
        """The rate of the last block. Adapters begin at nothing and stand ten times more."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 5e-4 if self.lora_rank else 5e-5

    def require_sense(self, architecture: Architecture) -> None:
        """Raises:
        UsageError: an option that no network, or not this one, can be trained with.
        """
        blocks = len(architecture.blocks)
        wrong = {
            "epochs": self.epochs < 1,
            "patience": self.patience < 1,
            "batch_size": self.batch_size < 1,
            "accumulate": self.accumulate < 1,
            "learning_rate": not self.highest_rate > 0,
            "head_learning_rate": not self.head_learning_rate > 0,
            "layer_decay": not 0 < self.layer_decay <= 1,
            "weight_decay": not self.weight_decay >= 0,
            "warmup": not 0 <= self.warmup <= 1,
            "freeze_blocks": not 0 <= self.freeze_blocks <= blocks,
            "lora_rank": not 0 <= self.lora_rank <= architecture.embed_dim,
            "hide_time": not 0 <= self.hide_time < 1,
            "hide_channels": not 0 <= self.hide_channels < 1,
            "crop_s": not 0.5 <= self.crop_s <= 15,
            "save_steps": self.save_steps < 1,
            "seed": self.seed < 0,
        }
        for name in (name for name, is_wrong in wrong.items() if is_wrong):
            value = getattr(self, name)
            raise UsageError(
                reason_en=f"{name} cannot be {value} for a network of {blocks} blocks.",
                reason_zh=f"{name} 不能为 {value}（该网络共 {blocks} 个模块）。",
            )
        if self.lora_rank and self.freeze_blocks == blocks:
            raise UsageError(
                reason_en="LoRA needs a block that is not frozen.",
                reason_zh="使用 LoRA 时至少要有一个未冻结的模块。",
            )


def parse_options(pairs: Iterable[str]) -> FullOptions:
    """`["epochs=10", "lora_rank=8", "augment=no"]` as options.

    Raises:
        UsageError: an item that is not `name=value`, an unknown name, or a value of another kind.
    """
    kinds = {field.name: field.type for field in fields(FullOptions)}
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals or name not in kinds:
            known = listed(kinds)
            raise UsageError(
                reason_en=f"{pair} is no option of full training, such as epochs=10. "
                f"They are: {known.en}.",
                reason_zh=f"{pair} 不是完整训练的选项（写法如 epochs=10）。可用选项：{known.zh}。",
            )
        try:
            values[name] = _value(text, kinds[name])
        except ValueError:
            raise UsageError(
                reason_en=f"{name} cannot be {text}.", reason_zh=f"{name} 不能为 {text}。"
            ) from None
    return FullOptions(**values)


def _value(text: str, kind: object) -> bool | int | float:
    """Of the kind that a field is."""
    if kind is bool:
        if text.lower() not in _WORDS:
            raise ValueError(text)
        return _WORDS[text.lower()]
    return int(text) if kind in (int, int | None) else float(text)
