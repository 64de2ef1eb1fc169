"""The network: functionals of a sliding window in, frame embeddings and frame logits out.

Describing speech by functionals of its prosody (means, spreads, histograms, speeds of change of
level, pitch, voicing and spectral shape) is older than networks, and carries over to other
speakers and languages better than what a network this small learns from spectra (Eyben et al. 2016,
doi 10.1109/TAFFC.2015.2457417). Here the window of the functionals slides along with the frames, so
that every frame has its own. Several small perceptrons, trained from different seeds, judge each
frame; their logits are averaged, which makes them one linear head on all their embeddings.

Every functional is made of sums over the window, and frames past an item's own end add nothing.
"""

from collections.abc import Sequence

import features
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, gelu, pad

from voxcor.frames import HOP, RECEPTIVE_FIELD
from voxcor.labels import LABEL_IDS

NORM_EPS = 1e-5
# Under the root of the mean square: silence stays silence, anything audible is far above.
POWER_EPS = 1e-14

# No corpus has clips of `unknown`: it keeps this logit, while the mean of the others is 0.
UNTRAINED = LABEL_IDS.index("unknown")
UNTRAINED_LOGIT = -10.0


def frame_mask(lengths: Tensor, total: int, hop: int) -> Tensor:
    """`[B, total, 1]`, 1.0 for the frames that `lengths` samples fill."""
    counts = torch.div(lengths - RECEPTIVE_FIELD, hop, rounding_mode="floor") + 1
    return (torch.arange(total) < counts[:, None]).float()[..., None]


class Ear(nn.Module):
    """What is measured every 10 ms, weighted for summing up: the terms of the functionals."""

    transform: Tensor
    mel_bands: Tensor
    pitch_lags: Tensor
    pitch_total: Tensor
    octaves: Tensor
    shape: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("transform", "mel_bands", "pitch_lags", "pitch_total", "octaves", "shape"):
            constant = torch.from_numpy(getattr(features, name)())
            self.register_buffer(name, constant, persistent=False)

    def power(self, waveform: Tensor, lengths: Tensor) -> Tensor:
        """Power spectra `[B, F, K]` of the waveform at unit mean square, without its offset."""
        real = (torch.arange(waveform.shape[1]) < lengths[:, None]).float()
        count = lengths[:, None].float()
        x = waveform * real
        x = (x - x.sum(dim=1, keepdim=True) / count) * real
        x = x / (x.square().sum(dim=1, keepdim=True) / count + POWER_EPS).sqrt()
        x = pad(x, (features.PADDING, features.PADDING))
        spectrum = conv1d(x[:, None], self.transform, stride=features.FINE_HOP)
        cosines, sines = spectrum.chunk(2, dim=1)
        return (cosines.square() + sines.square()).transpose(1, 2)

    def pitch(self, power: Tensor) -> tuple[Tensor, Tensor]:
        """Pitch and voicing `[B, F, 1]`."""
        magnitude = power.sqrt()
        total = magnitude @ self.pitch_total.T + features.PITCH_FLOOR
        correlation = magnitude @ self.pitch_lags.T / total
        voicing = correlation.amax(dim=2, keepdim=True)
        pitch = (features.PITCH_SHARPNESS * correlation).softmax(dim=2) @ self.octaves
        return pitch, voicing

    def forward(self, waveform: Tensor, lengths: Tensor) -> Tensor:
        """The terms `[B, R, F, TERMS]`, in the order in which `functionals` takes their sums.

        R are the `features.REFERENCES`; only levels depend on them.
        """
        power = self.power(waveform, lengths)
        real = frame_mask(lengths, power.shape[1], features.FINE_HOP)
        pitch, voicing = self.pitch(power)
        mel = power @ self.mel_bands.T
        energy = real * mel.sum(dim=2, keepdim=True)
        weighed = (energy * (energy + POWER_EPS).log()).sum(dim=1, keepdim=True)
        loudness = (weighed / (energy.sum(dim=1, keepdim=True) + POWER_EPS)).exp()
        heard = zip((mel, mel / loudness), features.AUDIBLE_LEVELS, strict=True)
        terms = [self.terms(real, bands, least, pitch, voicing) for bands, least in heard]
        return torch.stack(terms, dim=1)

    def terms(
        self, real: Tensor, bands: Tensor, least: float, pitch: Tensor, voicing: Tensor
    ) -> Tensor:
        """The terms `[B, F, TERMS]` for mel bands `[B, F, MEL_BANDS]` audible from `least` on."""
        mel = bands.clamp_min(features.LOWEST_POWER).log()
        level, shape = mel.logsumexp(dim=2, keepdim=True), mel @ self.shape.T
        audible = real * (features.AUDIBLE_SLOPE * (level - least)).sigmoid()
        voiced = audible * (features.VOICED_SLOPE * (voicing - features.VOICED_LEVEL)).sigmoid()
        x = torch.cat([(level + 1) / 2, 2 * pitch, 4 * voicing - 1.6, shape], dim=2)

        terms = []
        for weight in (audible, voiced):
            terms += [weight, weight * x, weight * x.square(), weight * x**3]
        for lag in features.CHANGE_LAGS:
            change = (x - earlier(x, lag)).abs()
            both_audible, both_voiced = (w * earlier(w, lag) for w in (audible, voiced))
            terms += [both_audible, both_audible * change]
            terms += [both_voiced, both_voiced * change[..., : features.VOICED_CHANNELS]]
            terms += [real * earlier(real, lag) * (audible - earlier(audible, lag)).abs()]
        terms += [real, voiced * near(pitch, features.PITCH_GRID)]
        terms += [real * near(level, features.LEVEL_GRID)]
        return torch.cat(terms, dim=2)


def earlier(x: Tensor, frames: int) -> Tensor:
    """`x` `[B, F, C]` as it was `frames` ago; zeros before the start."""
    return pad(x, (0, 0, frames, 0))[:, : x.shape[1]]


def near(x: Tensor, grid: features.FloatArray) -> Tensor:
    """How near `x` `[B, F, 1]` is to each point of an even grid: a soft histogram's increments."""
    points = torch.from_numpy(grid)
    return (-((x - points) / (points[1] - points[0])).square()).exp()


def around(middles: Tensor, total: int) -> Tensor:
    """`[len(middles), total]`, 1.0 for the fine frames within reach of each middle."""
    return ((torch.arange(total) - middles[:, None]).abs() <= features.REACH).float()


def functionals(sums: Tensor) -> Tensor:
    """`[..., FUNCTIONALS]` from sums of terms over a window `[..., TERMS]`.

    Of the audible and of the voiced frames: mean, variance and skewness of every channel. Over
    each lag: how much the channels change. Then histograms of pitch and level, and how much of the
    window is audible and voiced. A few imagined frames of zeros keep rare kinds from shouting.
    """
    parts = iter(sums.split(features.TERMS, dim=-1))
    found, counts = [], []
    for _ in ("audible", "voiced"):
        counts.append(next(parts))
        count = counts[-1] + features.FEW
        mean, square, cube = (next(parts) / count for _ in range(3))
        variance = (square - mean.square()).clamp_min(0) + features.LEAST
        # E(x - m)^3 = E x^3 - m (3 E x^2 - 2 m^2)
        skewness = (cube - mean * (3 * square - 2 * mean.square())) / variance**1.5
        found += [mean, variance.log(), skewness.clamp(-3, 3)]
    switches = []
    for _ in features.CHANGE_LAGS:
        for _ in ("audible", "voiced"):
            count = next(parts) + features.FEW
            found.append((next(parts) / count + features.LEAST).log())
        switches.append(next(parts))
    frames = next(parts) + 1
    found += [next(parts) / (counts[1] + features.FEW), next(parts) / frames]
    found += [part / frames for part in (*switches, *counts)]
    return torch.cat(found, dim=-1)


class Member(nn.Module):
    """One perceptron: functionals `[..., FUNCTIONALS]` in, embeddings `[..., hidden]` out."""

    def __init__(self, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.squeeze = nn.Linear(features.FUNCTIONALS, hidden)
        self.squeeze_norm = nn.LayerNorm(hidden, eps=NORM_EPS)
        self.mix = nn.Linear(hidden, hidden)
        self.mix_norm = nn.LayerNorm(hidden, eps=NORM_EPS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(gelu(self.squeeze_norm(self.squeeze(x))))
        return self.dropout(gelu(self.mix_norm(self.mix(x))))


class Tiny(nn.Module):
    """The whole model; `forward` has the doors of every Voxcor graph.

    `heads` are the members' own; the model's head gives the mean of what they say. `centre` and
    `spread` `[R, FUNCTIONALS]` make the functionals comparable; `references` says for each member
    which of the R it hears.
    """

    centre: Tensor
    spread: Tensor

    def __init__(
        self,
        members: Sequence[Member],
        heads: Sequence[nn.Linear],
        references: Sequence[int],
        centre: Tensor,
        spread: Tensor,
    ) -> None:
        super().__init__()
        self.references = tuple(references)
        self.ear = Ear()
        self.register_buffer("centre", centre)
        self.register_buffer("spread", spread)
        self.members = nn.ModuleList(members)
        self.dim = sum(head.in_features for head in heads)
        self.head = nn.Linear(self.dim, len(LABEL_IDS))
        with torch.no_grad():
            self.head.weight.copy_(torch.cat([h.weight for h in heads], dim=1) / len(heads))
            self.head.bias.copy_(torch.stack([h.bias for h in heads]).mean(dim=0))

    def forward(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings `[B, T, D]` and logits `[B, T, L]`, zero past each item's own frames.

        Args:
            waveform: `[B, N]`, 16 kHz, any gain; at least 400 samples an item.
            lengths: `[B]`, samples of each item that are real.
        """
        terms = self.ear(waveform, lengths)
        # Every second fine frame is one of the grid.
        middles = torch.arange(0, terms.shape[2], HOP // features.FINE_HOP)
        x = functionals(around(middles, terms.shape[2]) @ terms)
        x = standardise(x, self.centre[:, None], self.spread[:, None])  # [B, R, T, FUNCTIONALS]
        mask = frame_mask(lengths, len(middles), HOP)
        said = [
            member(x[:, reference])
            for member, reference in zip(self.members, self.references, strict=True)
        ]
        embeddings = torch.cat(said, dim=2) * mask
        return embeddings, self.head(embeddings) * mask

    @torch.no_grad()
    def calibrate_head(self, temperature: float) -> None:
        """Makes the softmax of the logits the model's probabilities, and `unknown` all but 0.

        Dividing by the temperature and taking the mean over the trained labels away changes no
        ranking; the latter gives `UNTRAINED_LOGIT` its meaning.
        """
        trained = [i for i in range(len(LABEL_IDS)) if i != UNTRAINED]
        for parameter in (self.head.weight, self.head.bias):
            parameter /= temperature
            parameter -= parameter[trained].mean(dim=0, keepdim=True)
        self.head.weight[UNTRAINED] = 0
        self.head.bias[UNTRAINED] = UNTRAINED_LOGIT


def standardise(x: Tensor, centre: Tensor, spread: Tensor) -> Tensor:
    """Functionals in units of their spread; nothing is further out than `FARTHEST`."""
    return ((x - centre) / spread).clamp(-features.FARTHEST, features.FARTHEST)
