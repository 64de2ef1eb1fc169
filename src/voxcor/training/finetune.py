"""The loop that fine-tunes: epochs of steps, each step the gradient of several batches.

Every random choice of a step is drawn from a generator seeded with the seed, the epoch and the
step. So nothing about chance has to be saved, and a training that was killed goes on exactly as if
it had not been: the same crops, noises, masks and dropped units in the same steps.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from voxcor.audio.augmentation import augment
from voxcor.errors import UsageError
from voxcor.evaluation.metrics import confusion_matrix, unweighted_accuracy, weighted_accuracy
from voxcor.frames import RECEPTIVE_FIELD, SAMPLE_RATE, num_frames
from voxcor.inference.network import LONGEST_PASS
from voxcor.models.trainable import TrainableNetwork
from voxcor.training import state
from voxcor.training.clips import Clips, FloatArray, IntArray, crop, epoch_batches, padded
from voxcor.training.heads import class_weights
from voxcor.training.masking import CHANNEL_SPAN, TIME_SPAN, hidden_spans
from voxcor.training.options import FullOptions
from voxcor.training.parameters import (
    add_lora,
    choose_parameters,
    parameter_groups,
    rate_factor,
)
from voxcor.training.state import BEST_FILE, STATE_FILE, Epoch, Position

# A gradient longer than this is shortened to it, as in nearly every transformer's training.
_LONGEST_GRADIENT = 1.0


def finetune(
    model: TrainableNetwork,
    training: Clips,
    validation: Clips,
    options: FullOptions,
    *,
    folder: Path,
    on_epoch: Callable[[Epoch], None] = lambda _epoch: None,
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[list[Epoch], NDArray[np.float64]]:
    """Trains a network until the validation clips are recognised no better, and keeps the best.

    Args:
        model: with its weights; in the end it has those of the best epoch, LoRA merged.
        training: what is learned from.
        validation: clips of other people, which decide.
        options: of the training.
        folder: where the state is saved after every epoch and every `options.save_steps` steps,
            and from where a training that was killed goes on.
        on_epoch: is told each epoch when it ends.
        progress: is told the share of all epochs that is done.

    Returns:
        All epochs, and the best one's logits of the validation clips, [N, L].

    Raises:
        UsageError: the loss is no number any more.
        StorageError: the state cannot be saved.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(options.seed)
        trainer = Finetuning(model, training, validation, options, folder, device)
        position = trainer.resume()
        while not trainer.should_stop(position):
            steps = trainer.steps(len(position.epochs))
            for index in range(position.step, len(steps)):
                trainer.step(position, steps[index], len(steps))
                progress((len(position.epochs) + position.step / len(steps)) / options.epochs)
                if position.step % options.save_steps == 0:
                    trainer.save(position)
            on_epoch(trainer.finish_epoch(position))
            trainer.save(position)
        return position.epochs, trainer.finish()


class Finetuning:
    """Everything a training holds while it runs; see `finetune` for the order of things."""

    def __init__(
        self,
        model: TrainableNetwork,
        training: Clips,
        validation: Clips,
        options: FullOptions,
        folder: Path,
        device: torch.device,
    ) -> None:
        self.model, self.options, self.folder, self.device = model, options, folder, device
        self.training, self.validation = training, validation
        choose_parameters(
            model, freeze_front_end=options.freeze_front_end, freeze_blocks=options.freeze_blocks
        )
        rank = options.lora_rank
        self.lora = add_lora(model, rank=rank, frozen=options.freeze_blocks) if rank else None
        model.to(device)
        self.trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.AdamW(
            parameter_groups(
                self.trained,
                num_blocks=len(model.blocks),
                undecayed=model.undecayed,
                learning_rate=options.highest_rate,
                head_learning_rate=options.head_learning_rate,
                layer_decay=options.layer_decay,
                weight_decay=options.weight_decay,
            )
        )
        self.half = _half_precision(device)
        # Gradients in float16 vanish below 6e-8; those in bfloat16 have float32's range.
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.half is torch.float16)
        self.longest = round(options.crop_s * SAMPLE_RATE)
        num_labels = model.architecture.num_outputs
        even = np.ones(num_labels, dtype=np.float32)
        weights = class_weights(training.targets, num_labels) if options.class_weights else even
        self.class_weights = torch.from_numpy(weights).to(device)

    def steps(self, epoch: int) -> list[list[IntArray]]:
        """The batches of each step of an epoch, as indices of training clips."""
        lengths = np.minimum(self.training.lengths, self.longest)
        rng = np.random.default_rng([self.options.seed, epoch])
        batches = epoch_batches(lengths, batch_size=self.options.batch_size, rng=rng)
        size = self.options.accumulate
        return [batches[i : i + size] for i in range(0, len(batches), size)]

    def step(self, position: Position, batches: Sequence[IntArray], steps: int) -> None:
        """One step of the optimizer, along the gradient of all `batches` together.

        Args:
            position: where the training stands; moved on by one step.
            batches: clips of the step.
            steps: in an epoch.
        """
        options = self.options
        rng = np.random.default_rng([options.seed, len(position.epochs), position.step])
        torch.manual_seed(int(rng.integers(2**63)))
        loss_sum, weight_sum = self._add_gradients(batches, rng)
        position.loss_sum += loss_sum
        position.weight_sum += weight_sum
        if not np.isfinite(position.loss_sum):
            raise UsageError(
                reason_en="The training diverged: its loss is no number any more. "
                "Take a lower learning rate, and train into another folder.",
                reason_zh="训练发散：损失已不是有效数值。请降低学习率，并换一个输出文件夹重新训练。",
            )
        done = len(position.epochs) * steps + position.step
        self._update(rate_factor(done, options.epochs * steps, warmup=options.warmup))
        position.step += 1

    def _add_gradients(
        self, batches: Sequence[IntArray], rng: np.random.Generator
    ) -> tuple[float, float]:
        """Adds up the gradients of all `batches`; the sums of their losses and of their weights."""
        self.model.train()
        targets = [torch.from_numpy(self.training.targets[b]).to(self.device) for b in batches]
        weight_sum = sum(float(self.class_weights[target].sum()) for target in targets)
        loss_sum = 0.0
        for batch, target in zip(batches, targets, strict=True):
            inputs = self.make_inputs([self.training[i] for i in batch], rng)
            with torch.autocast(self.device.type, self.half, enabled=self.half is not None):
                logits = self.model(*inputs)
            loss = cross_entropy(logits, target, self.class_weights, reduction="sum")
            self.scaler.scale(loss / weight_sum).backward()  # type: ignore[no-untyped-call]
            loss_sum += float(loss.detach())
        return loss_sum, weight_sum

    def _update(self, factor: float) -> None:
        """Moves the parameters along the gradient, at `factor` times each group's highest rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["highest_lr"]
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.trained.values(), _LONGEST_GRADIENT)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()

    def make_inputs(
        self, waveforms: Sequence[FloatArray], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the network is given of some training clips: cropped, changed, partly hidden.

        Returns:
            the arguments of `TrainableNetwork.forward`.
        """
        options = self.options
        cropped = [crop(waveform, self.longest, rng) for waveform in waveforms]
        if options.augment:
            cropped = [self._augmented(waveform, rng) for waveform in cropped]
        batch, lengths = padded(cropped)
        frames = [num_frames(int(length)) for length in lengths]
        dim = self.model.architecture.embed_dim
        span = max(1, round(CHANNEL_SPAN * dim))
        dims = [dim] * len(cropped)
        hidden_frames = hidden_spans(frames, share=options.hide_time, span=TIME_SPAN, rng=rng)
        hidden_channels = hidden_spans(dims, share=options.hide_channels, span=span, rng=rng)
        return (
            torch.from_numpy(batch).to(self.device),
            torch.from_numpy(lengths).to(self.device),
            torch.from_numpy(hidden_frames).to(self.device),
            torch.from_numpy(hidden_channels).to(self.device),
        )

    def _augmented(self, waveform: FloatArray, rng: np.random.Generator) -> FloatArray:
        changed = augment(waveform, rng)[: self.longest]
        # Played faster, the shortest clips would give no frame any more.
        return changed if len(changed) >= RECEPTIVE_FIELD else waveform

    def finish_epoch(self, position: Position) -> Epoch:
        """Measures the epoch that has run all its steps, and keeps its weights if it is the best.

        Args:
            position: where the training stands; moved on to the first step of the next epoch.
        """
        logits = self.validation_logits()
        recognised = logits.argmax(axis=1)
        confusion = confusion_matrix(self.validation.targets, recognised, logits.shape[1])
        epoch = Epoch(
            number=len(position.epochs) + 1,
            loss=position.loss_sum / position.weight_sum,
            ua=float(unweighted_accuracy(confusion)),
            wa=float(weighted_accuracy(confusion)),
        )
        position.epochs.append(epoch)
        position.step, position.loss_sum, position.weight_sum = 0, 0.0, 0.0
        if position.best is epoch:
            # Before the state that counts this epoch: killed between the two, the epoch's last
            # steps run again, and come to the same weights.
            state.save(self.folder / BEST_FILE, self._weights())
        return epoch

    def validation_logits(self) -> NDArray[np.float64]:
        """[N, L], see `logits_of`."""
        return logits_of(self.model, self.validation, self.options.batch_size)

    def should_stop(self, position: Position) -> bool:
        """Whether all epochs are over, or the last few brought nothing."""
        if not position.epochs:
            return False
        since_best = len(position.epochs) - position.best.number
        return len(position.epochs) >= self.options.epochs or since_best >= self.options.patience

    def finish(self) -> NDArray[np.float64]:
        """Gives the network its best weights and merges LoRA; its logits of validation, [N, L]."""
        best = state.load(self.folder / BEST_FILE, self.device)
        assert best is not None, "an epoch has run, and the first one is the best so far"
        self._load(best)
        if self.lora is not None:
            self.lora.merge_and_unload()
        return self.validation_logits()

    def save(self, position: Position) -> None:
        """Writes down where the training stands.

        Raises:
            StorageError: the disk stands in the way.
        """
        content = {
            "position": position.to_dict(),
            "weights": self._weights(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        state.save(self.folder / STATE_FILE, content)

    def resume(self) -> Position:
        """Where the training stands, from the disk; at its beginning where nothing was saved, or
        what was saved is damaged.
        """
        saved = state.load(self.folder / STATE_FILE, self.device)
        if saved is None:
            return Position()
        position = Position.from_dict(saved["position"])
        if position.epochs and state.load(self.folder / BEST_FILE, self.device) is None:
            return Position()
        self._load(saved["weights"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        return position

    def _weights(self) -> dict[str, Tensor]:
        return {name: parameter.detach() for name, parameter in self.trained.items()}

    def _load(self, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(weights[name])


def logits_of(model: TrainableNetwork, clips: Clips, batch_size: int) -> NDArray[np.float64]:
    """[N, L], in float32 as recognition computes them, of up to 30 s of each clip."""
    model.eval()
    device = next(model.parameters()).device
    order = np.argsort(clips.lengths, kind="stable")
    logits = np.zeros((len(order), model.architecture.num_outputs))
    for first in range(0, len(order), batch_size):
        indices = order[first : first + batch_size]
        batch, lengths = padded([clips[i][:LONGEST_PASS] for i in indices])
        with torch.inference_mode():
            found = model(torch.from_numpy(batch).to(device), torch.from_numpy(lengths).to(device))
        logits[indices] = found.cpu().numpy()
    return logits


def _half_precision(device: torch.device) -> torch.dtype | None:
    """The 16-bit type for matrix products on a GPU; none on a CPU, where it is slower."""
    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
