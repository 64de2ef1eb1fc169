"""A small emotion2vec with trained weights, to measure int8 on where the published one is not.

    python recipes/emotion2vec_small/train.py --corpora CORPORA --run RUN [--minutes 35 13]

The network of emotion2vec with the published front end, 6 blocks and 192 dimensions, from random
weights, on one thread, in two stages of so many minutes. Labels alone teach a network next to
nothing in so little time, so first the front end learns to tell each frame's log-mel spectrum; then
it is frozen and the blocks learn the labels, and what `small` makes of each frame. RUN/model.pt is
in the hubs' layout. It is a subject for measurements and no model to use.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from voxcor.frames import HOP, RECEPTIVE_FIELD, SAMPLE_RATE
from voxcor.inference.session import open_session
from voxcor.labels import LABEL_IDS
from voxcor.models.families.emotion2vec.architecture import Architecture
from voxcor.models.families.emotion2vec.network import (
    Emotion2vec,
    attention_bias,
    normalized,
    tensors_of,
)
from voxcor.models.store import find_model

sys.path.insert(0, str(Path(__file__).parents[1] / "small"))
from dataset import Speech, find_corpora, load_speech, read_manifests, split

SMALL = Architecture(embed_dim=192, num_heads=3, prenet_depth=2, depth=4, num_outputs=9)
CORPORA = ("emodb", "ravdess")

BATCH = 16
CROP = round(1.3 * SAMPLE_RATE)  # of the first stage
LONGEST = 3 * SAMPLE_RATE  # of the second
MOST_CLIPS = 1200
RATES = (6e-4, 8e-4)  # the highest of each stage
WARMUP = 0.07  # of the time
WEIGHT_DECAY = 0.02
TEACHER_WEIGHT = 0.5
MELS = 40


class Clock:
    """Counts a stage's minutes, and sets the rate: up in a line, down half a cosine."""

    def __init__(self, name: str, minutes: float, rate: float) -> None:
        self.name, self.seconds, self.rate = name, 60 * minutes, rate
        self.start, self.step = time.monotonic(), 0

    def steps(self, optimizer: torch.optim.Optimizer) -> Iterator[int]:
        """The numbers of the steps, until the time is over."""
        while (share := (time.monotonic() - self.start) / self.seconds) < 1:
            fall = (1 + np.cos(np.pi * (share - WARMUP) / (1 - WARMUP))) / 2
            for group in optimizer.param_groups:
                group["lr"] = self.rate * (share / WARMUP if share < WARMUP else 0.02 + fall)
            yield self.step
            self.step += 1

    def tell(self, losses: Sequence[Tensor]) -> None:
        if self.step % 20 == 0:
            told = " ".join(f"{loss.item():.3f}" for loss in losses)
            sys.stderr.write(f"{self.name}, step {self.step}: {told}\n")


def front_end(model: Emotion2vec, waveforms: Tensor) -> Tensor:
    """What the convolutions make of waveforms of one length. [B, T, 512]."""
    lengths = torch.full((len(waveforms),), waveforms.shape[1])
    x = normalized(waveforms, lengths).unsqueeze(2)
    for layer in model.front_end:
        x = layer(x)
    return x


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


def train_front_end(model: Emotion2vec, speech: Speech, clips: Sequence[int], clock: Clock) -> None:
    """Stage one: the features tell the log-mel spectrum."""
    head, filters = nn.Linear(512, MELS), mel_filters()
    modules = (model.front_end, model.feature_norm, head)
    trained = [p for module in modules for p in module.parameters()]
    optimizer = torch.optim.AdamW(trained, weight_decay=WEIGHT_DECAY)
    for step in clock.steps(optimizer):
        rng = np.random.default_rng(step)
        batch = np.zeros((BATCH, CROP), np.float32)
        for row, index in zip(batch, rng.choice(clips, BATCH), strict=True):
            clip = speech.waveform(index)
            start = int(rng.integers(max(1, len(clip) - CROP)))
            row[:] = np.resize(clip[start : start + CROP], CROP)  # a shorter one goes round
        waveforms = torch.from_numpy(batch)
        with torch.autocast("cpu", torch.bfloat16):
            mel = head(model.feature_norm(front_end(model, waveforms)))
        loss = mse_loss(mel.float(), log_mel(waveforms, filters))
        _descend(loss, trained, optimizer)
        clock.tell([loss])


def train_blocks(model: Emotion2vec, speech: Speech, clips: Sequence[int], clock: Clock) -> None:
    """Stage two: on features computed once, labels and the teacher's embeddings."""
    teacher = open_session(find_model("small").graph, threads=1)
    features, wanted = [], []
    for index in clips:
        heard = speech.waveform(index)[None, :LONGEST]
        inputs = {"waveform": heard, "lengths": np.array([heard.shape[1]])}
        wanted.append(torch.from_numpy(teacher.run(None, inputs)[0][0]))
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            features.append(front_end(model, torch.from_numpy(heard))[0].float())
    mean, spread = (f(torch.cat(wanted), 0) for f in (torch.mean, torch.std))
    targets = torch.tensor([speech.clips[index].label for index in clips])
    weights = 1 / torch.bincount(targets, minlength=len(LABEL_IDS)).clamp(min=1)

    head = nn.Linear(SMALL.embed_dim, len(mean))
    model.front_end.requires_grad_(requires_grad=False)
    trained = [p for p in (*model.parameters(), *head.parameters()) if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, weight_decay=WEIGHT_DECAY)
    model.train()
    for step in clock.steps(optimizer):
        chosen = np.random.default_rng(step).choice(len(clips), BATCH)
        x = nn.utils.rnn.pad_sequence([features[i] for i in chosen], batch_first=True)
        frames = torch.tensor([len(features[i]) for i in chosen])
        real = torch.arange(x.shape[1]) < frames[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            embeddings = blocks(model, x, real)
            told = head(embeddings)
        theirs = torch.cat([(wanted[i] - mean) / (spread + 1e-3) for i in chosen])
        pooled = embeddings.float().masked_fill(~real[:, :, None], 0).sum(1) / frames[:, None]
        losses = (
            mse_loss(told[real].float(), theirs),
            cross_entropy(model.head(pooled), targets[chosen], weights),
        )
        _descend(TEACHER_WEIGHT * losses[0] + losses[1], trained, optimizer)
        clock.tell(losses)


def blocks(model: Emotion2vec, x: Tensor, real: Tensor) -> Tensor:
    """From the front end's features to embeddings, as `Emotion2vec.embed` goes on. [B, T, D]."""
    x = model.feature_linear(model.feature_norm(x))
    x = x + model._position(x, real[:, :, None])
    tokens = model.extra_tokens.expand(len(x), -1, -1)
    x = model.dropout(model.context_norm(torch.cat([tokens, x], dim=1)))
    bias = attention_bias(model.alibi_scale, real)
    for block in model.blocks:
        x = block(x, bias)
    return x[:, tokens.shape[1] :]


def _descend(loss: Tensor, trained: Sequence[Tensor], optimizer: torch.optim.Optimizer) -> None:
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad()


def main() -> None:
    """Trains for the time that is given, and writes RUN/model.pt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, nargs=2, default=(35, 13))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folders, _ = find_corpora([arguments.corpora / name for name in CORPORA])
    speech = load_speech(read_manifests(folders), arguments.run)
    training, _ = split(speech, CORPORA)
    clips = np.random.default_rng(0).permutation(training)[:MOST_CLIPS].tolist()

    model = Emotion2vec(SMALL)
    nn.init.normal_(model.extra_tokens)
    minutes = arguments.minutes
    train_front_end(model, speech, clips, Clock("front end", minutes[0], RATES[0]))
    train_blocks(model, speech, clips, Clock("blocks", minutes[1], RATES[1]))
    named = tensors_of(model).items()
    weights = {name: torch.from_numpy(np.array(value)) for name, value in named}
    torch.save({"model": weights}, arguments.run / "model.pt")


if __name__ == "__main__":
    main()
