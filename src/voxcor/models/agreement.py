"""Does an int8 model answer as the fp32 model does that it was made from?

    found = make_int8(Path("plus-large"), Path("plus-large-int8"), speech, model="plus-large")

Every second recording calibrates int8; both models hear the others, and their answers are
compared. A recording longer than `LONGEST_PIECE` is heard in pieces: each is a question of its own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import PrecisionRefused
from voxcor.frames import RECEPTIVE_FIELD, SAMPLE_RATE
from voxcor.inference.network import FrameOutput, Network
from voxcor.inference.onnx_files import GRAPH_FILE
from voxcor.models.quantize import quantize
from voxcor.timeline import softmax

FloatArray = NDArray[np.float32]

LONGEST_PIECE = 5 * SAMPLE_RATE  # samples

# More adds minutes and no knowledge.
MOST_CALIBRATION_S, MOST_TRIAL_S = 120, 600

# Less speech than this says little; a model is offered all the same, and says so.
ENOUGH_S = 30.0

# What a sound int8 model must keep. By the measurements in docs/int8.md a sound one stays several
# times below these, and one with ranges a fifth too narrow is already refused.
LEAST_TOP1 = 0.9
MOST_SCORE_MEAN = 0.01
MOST_EMBEDDING = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near int8 comes to fp32 on `pieces` of speech, `speech_s` seconds in all.

    `top1` is the share of pieces with the same most likely label. `score_mean` and `score_max` are
    distances of scores over pieces and labels; `embedding_mean` and `embedding_max` those of
    utterance embeddings, as a share of their length. Scores are None in a model without labels.
    """

    pieces: int
    speech_s: float
    embedding_mean: float
    embedding_max: float
    top1: float | None = None
    score_mean: float | None = None
    score_max: float | None = None

    def metrics(self) -> Mapping[str, float]:
        """The same for a card."""
        named = ((name, getattr(self, name)) for name in self.__dataclass_fields__)
        return {f"int8.{name}": round(value, 6) for name, value in named if value is not None}


def make_int8(
    source: Path,
    target: Path,
    speech: Sequence[FloatArray],
    *,
    model: str,
    float_weights: Collection[str] = (),
    progress: Callable[[float], None] = lambda _share: None,
) -> Agreement:
    """Writes the int8 form of a graph into `target`, measures it, and refuses a bad one.

    Args:
        source: the folder of the fp32 graph.
        target: the folder to write, which must exist.
        speech: real recordings, float32 [N] at 16 kHz each. Of a single one, the first half
            calibrates and the second is compared on.
        model: its id, for the error.
        float_weights: as for `quantize`.
        progress: is told the share of the work done, 0 to 1.

    Raises:
        PrecisionRefused: it does not answer as fp32 does, see `require_agreement`.
    """
    calibration, trial = split(speech)
    quantize(source, target, calibration, float_weights)
    progress(0.5)
    found = measure(Network(source / GRAPH_FILE), Network(target / GRAPH_FILE), trial)
    require_agreement(found, model)
    progress(1.0)
    return found


def split(speech: Sequence[FloatArray]) -> tuple[list[FloatArray], list[FloatArray]]:
    """Pieces to calibrate on and pieces to compare on, of different recordings."""
    if len(speech) == 1:
        speech = np.array_split(speech[0], 2)

    def pieces(recordings: Sequence[FloatArray], most_s: float) -> list[FloatArray]:
        found = [piece for x in recordings for piece in cut(x) if len(piece) >= RECEPTIVE_FIELD]
        ends = accumulate(map(len, found))
        return [
            piece
            for piece, end in zip(found, ends, strict=True)
            if end - len(piece) < most_s * SAMPLE_RATE
        ]

    return pieces(speech[0::2], MOST_CALIBRATION_S), pieces(speech[1::2], MOST_TRIAL_S)


def measure(reference: Network, other: Network, pieces: Sequence[FloatArray]) -> Agreement:
    """The agreement of two networks on pieces of speech, float32 [N] at 16 kHz each."""
    pairs = [(reference.run([piece])[0], other.run([piece])[0]) for piece in pieces]
    ours = np.array([_pooled(output) for _, output in pairs])
    theirs = np.array([_pooled(output) for output, _ in pairs])
    lengths = np.linalg.norm(theirs, axis=1)
    embedding = np.linalg.norm(ours - theirs, axis=1) / np.maximum(lengths, 1e-9)
    found = Agreement(
        pieces=len(pieces),
        speech_s=sum(map(len, pieces)) / SAMPLE_RATE,
        embedding_mean=float(embedding.mean()),
        embedding_max=float(embedding.max()),
    )
    if not reference.labels:
        return found
    scores = np.array([[softmax(o.logits.mean(axis=0)) for o in pair] for pair in pairs])
    distance = np.abs(scores[:, 0] - scores[:, 1])
    return replace(
        found,
        top1=float((scores[:, 0].argmax(axis=1) == scores[:, 1].argmax(axis=1)).mean()),
        score_mean=float(distance.mean()),
        score_max=float(distance.max()),
    )


def require_agreement(found: Agreement, model: str) -> None:
    """Refuses a model that answers otherwise than it should.

    Raises:
        PrecisionRefused: one of the figures is beyond its limit, or no number.
    """
    embedding, top1 = found.embedding_mean, found.top1
    if not embedding <= MOST_EMBEDDING:
        _refuse(model, "embedding_mean", embedding, MOST_EMBEDDING)
    if top1 is not None and found.score_mean is not None:
        if not found.score_mean <= MOST_SCORE_MEAN:
            _refuse(model, "score_mean", found.score_mean, MOST_SCORE_MEAN)
        # With few pieces one of them is a large share: that one alone decides nothing.
        if round((1 - top1) * found.pieces) > max(1, (1 - LEAST_TOP1) * found.pieces):
            _refuse(model, "top1", top1, LEAST_TOP1)


def _refuse(model: str, what: str, found: float, allowed: float) -> None:
    names_en = {
        "embedding_mean": "embeddings differ by {found:.3f} of their length, allowed {allowed}",
        "score_mean": "scores differ by {found:.3f} on average, allowed {allowed}",
        "top1": "{found:.0%} of the pieces have the same first label, {allowed:.0%} must",
    }
    names_zh = {
        "embedding_mean": "特征向量相差其长度的 {found:.3f}，允许 {allowed}",
        "score_mean": "分数平均相差 {found:.3f}，允许 {allowed}",
        "top1": "{found:.0%} 的片段首选标签相同，要求 {allowed:.0%}",
    }
    raise PrecisionRefused(
        model=model,
        reason_en=names_en[what].format(found=found, allowed=allowed),
        reason_zh=names_zh[what].format(found=found, allowed=allowed),
        what=what,
        found=found,
        allowed=allowed,
    )


def cut(recording: FloatArray) -> list[FloatArray]:
    """A recording in equal pieces, none longer than `LONGEST_PIECE`."""
    return np.array_split(recording, max(1, -(-len(recording) // LONGEST_PIECE)))


def _pooled(output: FrameOutput) -> FloatArray:
    mean: FloatArray = output.embeddings.mean(axis=0)
    return mean
