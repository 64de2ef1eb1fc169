"""What the members are trained on: functionals of random windows of disturbed clips."""

from collections.abc import Callable

import numpy as np
import torch
from augment import FloatArray, disturb
from dataset import Speech
from features import REFERENCES
from model import Ear, around, functionals
from torch import Tensor

WINDOWS = 3  # of each clip and copy


def load_windows(speech: Speech, copies: int, seed: int, report: Callable[[str], None]) -> Tensor:
    """Functionals `[(1 + copies) * WINDOWS, clips, R, FUNCTIONALS]`.

    The first copy is of the clips as they are, the others of clips newly disturbed. Copies made
    earlier are read from the folder of `speech`.
    """
    parts = []
    for copy in range(1 + copies):
        path = speech.folder / f"windows-{len(REFERENCES)}-{seed}-{copy}.npy"
        if not path.exists():
            # Seeded by copy, so that a resumed run draws what an uninterrupted one would have.
            rng = np.random.default_rng((seed, copy))
            part = windows(speech, rng, disturbed=copy > 0)
            partial = path.with_suffix(".partial.npy")
            np.save(partial, part)
            partial.replace(path)
            report(f"windows: copy {copy}/{copies}")
        parts.append(np.load(path))
    return torch.from_numpy(np.concatenate(parts))


@torch.inference_mode()
def windows(speech: Speech, rng: np.random.Generator, *, disturbed: bool) -> FloatArray:
    """Functionals `[WINDOWS, clips, R, FUNCTIONALS]` around random frames of every clip."""
    ear = Ear()
    rows = []
    for index in range(len(speech.clips)):
        waveform = speech.waveform(index)
        if disturbed:
            waveform = disturb(waveform, rng)
        terms = ear(torch.from_numpy(waveform)[None], torch.tensor([len(waveform)]))[0]
        fine = terms.shape[1]
        middles = torch.from_numpy(rng.integers(fine, size=WINDOWS))
        rows.append(functionals(around(middles, fine) @ terms).transpose(0, 1).numpy())
    return np.stack(rows, axis=1)
