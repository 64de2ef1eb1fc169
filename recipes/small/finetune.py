"""Fine-tuning of the encoder's blocks and its head; a run that was stopped goes on where it was.

Every random choice of a step is drawn from a generator seeded with the seed and the step, so that
nothing about chance has to be saved.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from augment import disturb, with_background
from dataset import FloatArray, Speech, collate, lengthened
from head import UNKNOWN, draw_shares, losses, possible_labels, targets
from sounds import random_sound
from torch import Tensor

from voxcor.frames import SAMPLE_RATE
from voxcor.models.families.whisper.network import WhisperNetwork


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard; the same plan gives the same weights on one machine."""

    steps: int = 1200
    batch_size: int = 32
    learning_rate: float = 4e-5  # of the blocks, at its peak
    head_learning_rate: float = 8e-6  # as high as the blocks', it undoes what the head knows
    weight_decay: float = 0.05
    warm_up: float = 0.06  # share of the steps
    shortest_s: float = 1.0  # each batch is cut to one length between these
    longest_s: float = 3.0
    repeated: float = 0.25  # share of the clips that go round, as windows see it
    background: float = 0.3  # share of the clips behind which something else is heard
    disturbed: float = 0.7  # share of the clips
    computed: float = 0.03  # share of sounds that no person made
    average: float = 0.995  # what stays of the mean of the weights at each step
    save_steps: int = 50


def finetune(
    network: WhisperNetwork,
    speech: Speech,
    indices: Sequence[int],
    plan: Plan,
    seed: int,
    checkpoint: Path,
    report: Callable[[str], None],
) -> dict[str, Tensor]:
    """Trains on the clips of `indices`, without a look at any other.

    Args:
        network: as Whisper has it, with its head fitted; trained in place.
        speech: all clips.
        indices: of those to train on.
        plan: the numbers.
        seed: of all that is drawn.
        checkpoint: rewritten every `plan.save_steps` steps; where it is there, it is gone on from.
        report: takes lines of progress.

    Returns:
        The moving average of the network's weights, by their names.
    """
    torch.manual_seed(seed)
    for parameter in (*network.front_end.parameters(), network.positions):
        parameter.requires_grad = False
    trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
    head = [*network.head.parameters()]
    blocks = [*network.blocks.parameters()]
    optimizer = torch.optim.AdamW(
        [
            {"params": blocks, "peak": plan.learning_rate},
            {"params": head, "peak": plan.head_learning_rate},
        ],
        weight_decay=plan.weight_decay,
    )
    average = {name: p.detach().clone() for name, p in trained.items()}
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        average, first = state["average"], state["step"]

    clips = [speech.clips[i] for i in indices]
    shares, possible = draw_shares(clips), possible_labels(clips)
    labels = torch.tensor([clip.label for clip in clips])
    lifeless = [i for i, clip in zip(indices, clips, strict=True) if clip.label == UNKNOWN]
    network.train()
    recent: list[float] = []
    for step in range(first, plan.steps):
        rng = np.random.default_rng((seed, step))
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * schedule(step, plan)
        drawn = rng.choice(len(clips), plan.batch_size, p=shares)
        longest = int(rng.uniform(plan.shortest_s, plan.longest_s) * SAMPLE_RATE)
        computed = rng.random(plan.batch_size) < plan.computed
        waveforms, lengths = collate(
            [
                random_sound(longest, rng)
                if none
                else excerpt(speech, indices[i], longest, lifeless, rng, plan)
                for i, none in zip(drawn, computed, strict=True)
            ]
        )
        label, rivals = labels[drawn].clone(), possible[drawn].clone()
        label[computed], rivals[computed] = UNKNOWN, 1.0

        with torch.autocast("cpu", torch.bfloat16):
            logits = network(torch.from_numpy(waveforms), torch.from_numpy(lengths))
        loss = losses(logits, targets(label, rivals), rivals).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(blocks, 1.0)
        optimizer.step()
        with torch.no_grad():
            # At first short, so that the mean is not of where it began.
            kept = min(plan.average, (step + 1) / (step + 10))
            for name, parameter in trained.items():
                average[name].lerp_(parameter, 1 - kept)
        recent.append(loss.item())
        if (step + 1) % plan.save_steps == 0 or step + 1 == plan.steps:
            save(checkpoint, network, optimizer, average, step + 1)
            report(f"step {step + 1} of {plan.steps}: loss {np.mean(recent):.3f}")
            recent = []
    return {**network.state_dict(), **average}


def save(
    checkpoint: Path,
    network: WhisperNetwork,
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor],
    step: int,
) -> None:
    """Everything that a run goes on from; the file appears whole."""
    partial = checkpoint.with_suffix(".partial")
    state = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average,
        "step": step,
    }
    torch.save(state, partial)
    partial.replace(checkpoint)


def schedule(step: int, plan: Plan) -> float:
    """The learning rate's share of its peak: up in a line, then a cosine down to zero."""
    up = min(1.0, (step + 1) / (plan.warm_up * plan.steps))
    return up * (0.5 + 0.5 * math.cos(math.pi * step / plan.steps))


def excerpt(
    speech: Speech,
    index: int,
    longest: int,
    lifeless: Sequence[int],
    rng: np.random.Generator,
    plan: Plan,
) -> FloatArray:
    """A random part of a clip, up to `longest` samples, as it is or disturbed.

    Behind some is heard what no person made, computed or one of the clips `lifeless`: it changes
    nothing about the emotion.
    """
    waveform = speech.waveform(index)
    if rng.random() < plan.repeated:
        rolled = np.roll(waveform, rng.integers(len(waveform)))
        waveform = np.resize(rolled, max(len(waveform), longest))
    if len(waveform) > longest:
        start = rng.integers(len(waveform) - longest + 1)
        waveform = waveform[start : start + longest]
    waveform = lengthened(waveform)
    if rng.random() < plan.background and speech.clips[index].label != UNKNOWN:
        if lifeless and rng.random() < 0.5:
            sound = speech.waveform(lifeless[rng.integers(len(lifeless))])
        else:
            sound = random_sound(len(waveform), rng)
        waveform = with_background(waveform, sound, rng)
    return disturb(waveform, rng) if rng.random() < plan.disturbed else waveform
