"""Scores relative to how a person sounds when they speak as usual.

Some voices are angry to a model whatever they say. With b the mean of the logarithms of a person's
scores over n utterances of their ordinary speech, and t a target,

    log s' = log s - n / (n + 3) * (b - t)    and the softmax of it,

where t is 1 for neutral and 0 for every other label. So ordinary speech comes to be read as
neutral, e times as likely as any other emotion, and all else counts by how it differs from that.
Few utterances say little of a person and take it only a part of the way, as if three more had
been read as they should. `other` and `unknown` name no emotion and stay what they are.

Speaker normalisation is old (Sethu, Ambikairajah & Epps 2007; Busso, Mariooryad, Metallinou &
Narayanan 2013). The classifier is linear: to take a mean away from the vectors and to take one
away from the logits is the same. What it does, also by a wrong person's voice, is measured by
`benchmarks/personal_neutral.py`, by which the numbers here were chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import NoNeutral, NotEnrolled, TooLittleSpeech
from voxcor.people.book import Person, Utterance
from voxcor.results import ModelInfo, Relative
from voxcor.timeline import relative_scores, scores_of, top

NEUTRAL = "neutral"

# How much more likely than another emotion ordinary speech is to be neutral: its logarithm.
LEAD = 1.0

# So many utterances take a person half of the way.
HALF_WAY = 3

FEWEST_UTTERANCES, FEWEST_S = 3, 10.0

_NO_EMOTION = ("other", "unknown")

# Of scores that are rounded to nothing.
_LEAST_SCORE = 1e-9


@dataclass(frozen=True, slots=True)
class Baseline:
    """A person's ordinary speech, as a model hears it.

    `scores` are what the model makes of it; `offsets`, by label, what relative scores have less
    than absolute ones, as logarithms; `utterances` and `seconds`, of how much speech that is.
    """

    to: str
    scores: Mapping[str, float]
    offsets: Mapping[str, float]
    utterances: int
    seconds: float


def baseline_of(person: Person, model: ModelInfo) -> Baseline:
    """How a person usually sounds to a model.

    Raises:
        NotEnrolled: only other models have heard them.
        NoNeutral: the model has no label `neutral`.
        TooLittleSpeech: too little is left of what was enrolled.
    """
    heard = person.heard.get(model.sha256)
    if heard is None:
        known = sorted({*person.models.values()})
        raise NotEnrolled(person=person.name, known=known, model=model.id)
    labels = [*heard[0].scores]
    require_neutral(model, labels)
    require_enough(person.name, heard)
    scores = np.array([[one.scores[label] for label in labels] for one in heard])
    return Baseline(
        to=person.name,
        scores=scores_of(_logarithms(scores).mean(axis=0), labels),
        offsets=dict(zip(labels, offsets_of(scores, labels).tolist(), strict=True)),
        utterances=len(heard),
        seconds=sum(one.seconds for one in heard),
    )


def relative_to(baseline: Baseline, scores: Mapping[str, float]) -> Relative:
    """What is heard in these scores beside how a person usually sounds."""
    relative = relative_scores(scores, baseline.offsets)
    own = {label: baseline.offsets[label] for label in scores}
    return Relative(baseline.to, *top(relative), relative, own)


def offsets_of(scores: NDArray[np.float64], labels: Sequence[str]) -> NDArray[np.float64]:
    """What relative scores have less than absolute ones, as logarithms [L].

    Args:
        scores: of n utterances of ordinary speech, [n, L].
        labels: L of them.
    """
    way = len(scores) / (len(scores) + HALF_WAY)
    target = np.array([LEAD if label == NEUTRAL else 0.0 for label in labels])
    named = np.array([label not in _NO_EMOTION for label in labels])
    offsets: NDArray[np.float64] = way * (_logarithms(scores).mean(axis=0) - target) * named
    return offsets


def require_neutral(model: ModelInfo, labels: Sequence[str]) -> None:
    """Looks whether a model with these labels can be heard beside a person.

    Raises:
        NoNeutral: it has no label `neutral`.
    """
    if NEUTRAL not in labels:
        raise NoNeutral(model=model.id)


def require_enough(name: str, heard: Sequence[Utterance], unusable: Sequence[str] = ()) -> None:
    """Looks whether utterances are enough to know how somebody usually sounds.

    Args:
        name: whose.
        heard: the utterances.
        unusable: why there are not more of them, a sentence each.

    Raises:
        TooLittleSpeech: they are fewer than three, or shorter than ten seconds together.
    """
    seconds = sum(one.seconds for one in heard)
    if len(heard) < FEWEST_UTTERANCES or seconds < FEWEST_S:
        raise TooLittleSpeech(
            person=name,
            utterances=len(heard),
            seconds=seconds,
            fewest=FEWEST_UTTERANCES,
            least_s=FEWEST_S,
            unusable="".join(f" {reason}" for reason in unusable),
        )


def _logarithms(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of scores [n, L], less their mean over the labels."""
    logarithms = np.log(np.maximum(scores, _LEAST_SCORE))
    centred: NDArray[np.float64] = logarithms - logarithms.mean(axis=1, keepdims=True)
    return centred
