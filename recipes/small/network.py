"""The encoder's first blocks as a network that is trained, and what it hears in whole clips."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from dataset import FloatArray, Speech, batches_by_length, collate, lengthened
from torch import nn

from voxcor.labels import LABEL_IDS
from voxcor.models.families.whisper import FAMILY
from voxcor.models.families.whisper.architecture import SMOOTHING
from voxcor.models.families.whisper.network import WhisperNetwork
from voxcor.models.family import Weights

WEIGHT, BIAS = FAMILY.head

SMOOTHED_FRAMES = 37  # 0.74 s under the kernel, half of its weight within 0.2 s


def with_head(weights: Weights, weight: FloatArray, bias: FloatArray) -> Weights:
    """The network with this classifier, `[L, D]` and `[L]`."""
    architecture = replace(weights.architecture, num_outputs=len(LABEL_IDS))
    return Weights(architecture, {**weights.tensors, WEIGHT: weight, BIAS: bias})


def headless(weights: Weights) -> Weights:
    """The network with a classifier that says nothing yet."""
    dim = weights.architecture.embed_dim
    empty = np.zeros((len(LABEL_IDS), dim), np.float32)
    return with_head(weights, empty, np.zeros(len(LABEL_IDS), np.float32))


def with_smoothing(weights: Weights) -> Weights:
    """The network whose frames are smoothed by a Hann window; what it says of clips is the same.

    A transformer's frames tell apart what lies within a syllable, and so do scores made of them.
    """
    taps = np.hanning(SMOOTHED_FRAMES + 2)[1:-1]
    architecture = replace(weights.architecture, smoothing=SMOOTHED_FRAMES)
    kernel = (taps / taps.sum()).astype(np.float32)
    return Weights(architecture, {**weights.tensors, SMOOTHING: kernel})


def make_network(weights: Weights) -> WhisperNetwork:
    """The network to train, without dropout: so few steps do not overfit."""
    network = FAMILY.make_network(weights, False)
    assert isinstance(network, WhisperNetwork)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


@torch.inference_mode()
def mean_embeddings(weights: Weights, speech: Speech, indices: Sequence[int]) -> FloatArray:
    """The mean of the frame embeddings of whole clips, `[len(indices), D]`."""
    network = make_network(weights).eval()
    rows = np.zeros((len(speech.clips), weights.architecture.embed_dim), np.float32)
    for chosen in batches_by_length(speech, indices):
        waveforms, lengths = collate([lengthened(speech.waveform(i)) for i in chosen])
        frames, real = network.embed(torch.from_numpy(waveforms), torch.from_numpy(lengths))
        rows[chosen] = (frames.masked_fill(~real, 0).sum(dim=1) / real.sum(dim=1)).numpy()
    return rows[list(indices)]


def logits(weights: Weights, speech: Speech, indices: Sequence[int]) -> FloatArray:
    """Utterance logits of whole clips, `[len(indices), L]`."""
    means = mean_embeddings(weights, speech, indices)
    return np.asarray(means @ weights.tensors[WEIGHT].T + weights.tensors[BIAS])
