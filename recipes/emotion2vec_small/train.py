"""A small emotion2vec with trained weights, to measure int8 on where the published one is not.

    python recipes/emotion2vec_small/train.py --corpora CORPORA --run RUN [--minutes 35]
    voxcor models pull plus-base --from RUN/model.pt

The network of emotion2vec with the published front end, 6 blocks and 384 dimensions, from random
weights, for as many minutes of one thread as are given; started again with the same `--run` it goes
on. So little time teaches a network from labels alone next to nothing. Two further tasks give every
frame something to learn: what goes into the blocks must tell the frame's log-mel spectrum, what
comes out of them what `tiny` makes of it. It is a subject for measurements and no model to use.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from voxcor.frames import HOP, RECEPTIVE_FIELD, SAMPLE_RATE
from voxcor.labels import LABEL_IDS
from voxcor.models.architecture import Architecture
from voxcor.models.store import find_model
from voxcor.runtime import open_session
from voxcor.training.emotion2vec import Emotion2vec, tensors_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tiny"))
from dataset import find_corpora, load_speech, read_manifests, split  # noqa: E402

SMALL = Architecture(embed_dim=384, num_heads=6, prenet_depth=2, depth=4, num_outputs=9)

BATCH = 16
CROP = round(1.3 * SAMPLE_RATE)
HIGHEST_RATE = 6e-4
WARMUP = 0.08  # of the time
WEIGHT_DECAY = 0.01
MELS = 40
SAVE_STEPS = 50


class Student(nn.Module):
    """The network, and the linear layers that only training needs."""

    def __init__(self, teacher_dim: int) -> None:
        super().__init__()
        self.network = Emotion2vec(SMALL)
        nn.init.normal_(self.network.extra_tokens)
        self.mel = nn.Linear(SMALL.embed_dim, MELS)
        self.teacher = nn.Linear(SMALL.embed_dim, teacher_dim)

    def forward(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-mel [B, T, 40], the teacher's embeddings [B, T, E] and logits [B, L]."""
        features: list[Tensor] = []
        hook = self.network.feature_linear.register_forward_hook(
            lambda _module, _inputs, output: features.append(output)
        )
        embeddings, _ = self.network.embed(waveforms, lengths)
        hook.remove()
        logits = self.network.head(embeddings.mean(dim=1))
        return self.mel(features[0]).float(), self.teacher(embeddings).float(), logits.float()


def mel_filters() -> Tensor:
    """Triangles over the bins of a 400-point transform, evenly spread in mel. [201, 40]."""
    mel = np.linspace(0, 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700), MELS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hertz = np.linspace(0, SAMPLE_RATE / 2, RECEPTIVE_FIELD // 2 + 1)[:, None]
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    return torch.from_numpy(np.maximum(0, np.minimum(rising, falling)).astype(np.float32))


def log_mel(waveforms: Tensor, filters: Tensor) -> Tensor:
    """Log-mel of each frame, each band of a clip with mean 0 and deviation 1. [B, T, 40]."""
    window = torch.hann_window(RECEPTIVE_FIELD)
    spectrum = torch.stft(
        waveforms, RECEPTIVE_FIELD, HOP, window=window, center=False, return_complex=True
    )
    mel = (spectrum.abs().square().transpose(1, 2) @ filters + 1e-6).log()
    return (mel - mel.mean(1, keepdim=True)) / (mel.std(1, keepdim=True) + 1e-3)


def rate(share: float) -> float:
    """The learning rate when so much of the time is over: up in a line, down half a cosine."""
    if share < WARMUP:
        return HIGHEST_RATE * share / WARMUP
    fall = (share - WARMUP) / (1 - WARMUP)
    return float(HIGHEST_RATE * (0.01 + 0.99 * (1 + np.cos(np.pi * min(fall, 1.0))) / 2))


def main() -> None:
    """Trains for the time that is given, and writes RUN/model.pt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=35)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)

    speech = load_speech(read_manifests(find_corpora([arguments.corpora])), arguments.run)
    training = np.array(split(speech)[0])
    targets = np.array([clip.label for clip in speech.clips])
    per_label = np.bincount(targets[training], minlength=len(LABEL_IDS))
    weights = torch.from_numpy(1 / np.maximum(per_label, 1)).float()
    tiny = find_model("tiny")
    teacher = open_session(tiny.graph, threads=1)
    student = Student(tiny.card.embedding_dim)
    optimizer = torch.optim.AdamW(student.parameters(), weight_decay=WEIGHT_DECAY)
    filters = mel_filters()

    state_file = arguments.run / "state.pt"
    step, spent_s, scale = 0, 0.0, None
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        student.load_state_dict(state["student"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent_s, scale = state["step"], state["spent_s"], state["scale"]

    def save() -> None:
        content = {"student": student.state_dict(), "optimizer": optimizer.state_dict()}
        content |= {"step": step, "spent_s": spent_s, "scale": scale}
        torch.save(content, state_file.with_suffix(".draft"))
        state_file.with_suffix(".draft").replace(state_file)
        named = tensors_of(student.network).items()
        weights_of = {n: torch.from_numpy(np.array(value)) for n, value in named}
        torch.save({"model": weights_of}, arguments.run / "model.pt")

    while spent_s < 60 * arguments.minutes:
        began = time.perf_counter()
        rng = np.random.default_rng(step)
        batch = np.zeros((BATCH, CROP), np.float32)
        chosen = rng.choice(training, BATCH)
        for row, index in zip(batch, chosen, strict=True):
            clip = speech.waveform(index)
            start = int(rng.integers(max(1, len(clip) - CROP)))
            heard = np.resize(clip[start : start + CROP], CROP)  # a shorter one goes round
            row[:] = heard
        lengths = np.full(BATCH, CROP)
        heard_by_teacher = teacher.run(None, {"waveform": batch, "lengths": lengths})[0]
        wanted = torch.from_numpy(heard_by_teacher)
        if scale is None:
            scale = (wanted.mean((0, 1)), wanted.std((0, 1)) + 1e-2)
        waveforms = torch.from_numpy(batch)
        for group in optimizer.param_groups:
            group["lr"] = rate(spent_s / (60 * arguments.minutes))
        student.train()
        with torch.autocast("cpu", torch.bfloat16):
            mel, embedded, logits = student(waveforms, torch.from_numpy(lengths))
        losses = (
            mse_loss(mel, log_mel(waveforms, filters)),
            mse_loss(embedded, (wanted - scale[0]) / scale[1]),
            cross_entropy(logits, torch.from_numpy(targets[chosen]), weights),
        )
        sum(losses, torch.zeros(())).backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        spent_s += time.perf_counter() - began
        if step % 10 == 0:
            told = " ".join(f"{loss.item():.3f}" for loss in losses)
            sys.stderr.write(f"{spent_s / 60:.1f} min, step {step}: mel, tiny, labels {told}\n")
        if step % SAVE_STEPS == 0:
            save()
    save()


if __name__ == "__main__":
    main()
