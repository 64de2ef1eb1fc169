"""Does an installed model still say what it said where it was published?

Its files are compared with its card, it is run, and the scores it gives the hub's example clip are
compared with published ones, where there are any.
"""

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import (
    InputNotFound,
    InputUnreadable,
    ModelCorrupt,
    UsageError,
    VerificationFailed,
)
from voxcor.frames import SAMPLE_RATE, num_frames
from voxcor.inference.network import FrameOutput
from voxcor.models.cards import EXAMPLE_CLIP, OFFICIAL, Card
from voxcor.models.family import find_family
from voxcor.models.stamps import require_unchanged
from voxcor.models.store import ModelFolder, find_model, open_network
from voxcor.timeline import pooled_scores

# float32 sums in another order move these scores by some 1e-6; a wrong weight, layer or label
# order moves them by hundredths. The same bound holds for parity with FunASR.
TOLERANCE = 1e-4

# int8 moves scores by thousandths, a score in the balance by a hundredth (docs/int8.md).
TOLERANCE_INT8 = 0.05

NotCompared = Literal["no_published_scores", "unofficial", "other_labels", "no_clip"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found to be in order.

    `difference` is the largest between a score and its published value; None where nothing could
    be compared, and then `not_compared` says why. `allowed` is what the model's precision may have.
    """

    model: ModelFolder
    files: tuple[str, ...]
    frames: int
    difference: float | None
    not_compared: NotCompared | None
    allowed: float


def verify(name: str, *, clip: Path | None = None) -> Verification:
    """Checks an installed model.

    Args:
        name: MODEL, as for `find_model`.
        clip: the hub's example clip, for a model that was installed without it.

    Raises:
        UnknownModel, ModelNotInstalled: see `find_model`.
        ModelCorrupt: a file is not what the card says, or the graph does not run.
        VerificationFailed: it runs, but not to the published scores.
        InputNotFound, InputUnreadable, UsageError: `clip` is not the example clip.
    """
    folder = find_model(name)
    example = read_example(clip, folder.card) if clip else None
    files = require_unchanged(folder.path, folder.card, again=True)
    if example is None:
        example = pulled_example(folder)
    output = _run(folder, _noise() if example is None else example)
    labels = folder.card.labels

    sample, model = find_family(folder.card.family).sample, OFFICIAL.get(folder.card.id)
    published = sample.scores.get(folder.card.id) if sample else None
    not_compared: NotCompared | None = None
    difference = None
    allowed = TOLERANCE if folder.card.precision == "fp32" else TOLERANCE_INT8
    if published is None:
        not_compared = "no_published_scores"
    # By what the card says of itself: whether it is right is the question here.
    elif model is None or folder.card.sha256 != model.sha256:
        not_compared = "unofficial"
    elif {*labels} != {*published}:
        not_compared = "other_labels"
    elif example is None:
        not_compared = "no_clip"
    else:
        scores = pooled_scores(output.logits, labels)
        difference = max(abs(scores[label] - value) for label, value in published.items())
        if not difference <= allowed:
            raise VerificationFailed(model=folder.name, difference=difference, allowed=allowed)
    return Verification(folder, files, len(output.embeddings), difference, not_compared, allowed)


def require_runs(folder: ModelFolder) -> None:
    """Runs a model on a second of noise.

    Raises:
        ModelCorrupt: its files are not its card's, or its graph does not run as a model of ours.
    """
    _run(folder, _noise())


def _run(folder: ModelFolder, waveform: NDArray[np.float32]) -> FrameOutput:
    network = open_network(folder)
    try:
        output = network.run([waveform])[0]
    # A graph of somebody else may want other inputs, and onnxruntime's errors have no other base.
    except Exception as error:
        raise ModelCorrupt(model=folder.card.id, reason=str(error)) from error
    shape = (num_frames(len(waveform)), folder.card.embedding_dim)
    if output.embeddings.shape != shape or not np.isfinite(output.embeddings).all():
        raise ModelCorrupt(model=folder.card.id, reason="its graph gives no proper embeddings")
    if output.logits.shape != (len(output.embeddings), len(folder.card.labels)):
        raise ModelCorrupt(model=folder.card.id, reason="its graph gives no proper logits")
    return output


def pulled_example(folder: ModelFolder) -> NDArray[np.float32] | None:
    """The example clip of a model that was pulled with it, as `read_example` gives it."""
    sample = find_family(folder.card.family).sample
    record = folder.card.files.get(EXAMPLE_CLIP)
    if sample is None or record is None or record.sha256 != sample.sha256:
        return None
    return read_example(folder.path / EXAMPLE_CLIP, folder.card)


def read_example(path: Path, card: Card) -> NDArray[np.float32]:
    """The example clip of a model as float32 [N] at 16 kHz; no other has published scores."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputNotFound(name=str(path)) from error
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror) from error
    sample = find_family(card.family).sample
    if sample is None:
        raise UsageError(
            reason_en=f"No clip has published scores of {card.id}.",
            reason_zh=f"没有音频带有 {card.id} 的官方公布分数。",
        )
    if sha256(data).hexdigest() != sample.sha256:
        raise UsageError(
            reason_en=f"{path} is not the hubs' example clip, {sample.file}; "
            "only that one has published scores.",
            reason_zh=f"{path} 不是模型平台的示例音频 {sample.file}；只有该音频有官方公布的分数。",
        )
    import soundfile

    samples: NDArray[np.float32] = soundfile.read(BytesIO(data), dtype="float32")[0]
    return samples


def _noise() -> NDArray[np.float32]:
    """One second that any model must stand, where the example clip is not at hand."""
    return np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
