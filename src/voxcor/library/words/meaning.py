"""What words mean: a mixture of the nine emotions, arousal, valence, and how that was read.

Each clause is read by the lexicon where it has one of its expressions, and by the head on the
sentence encoder's vector of it where it has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import WordsNotUnderstood
from voxcor.library.words.clauses import Clause, Hit, clauses_of
from voxcor.library.words.encoder import Encoder, share_known
from voxcor.library.words.feelings import Feeling, average
from voxcor.library.words.head import Head, built_in_head, require_fit
from voxcor.library.words.pulled import chosen

# Against 1 for a plain emotion, what is only neutral or other: manner (`whispering`, `politely`)
# colours what is said beside it.
_PLAIN = 0.4

# A denied emotion beside one that is not: `not angry, just sad` is about being sad.
_DENIED = 0.5

# How often the lexicon's first label is the one that was meant (recipes/words/README.md).
_SURENESS_OF_LEXICON = 0.9


@dataclass(frozen=True, slots=True)
class ClauseMeaning:
    """What one clause was taken to mean.

    Attributes:
        text: of the clause, as it was written.
        weight: its share in the whole, 0..1; those of all clauses sum to 1.
        origin: `lexicon` where expressions of it were found, else `head`.
        expressions: those that were found, as they were written.
        mixture: shares by label, sum 1.
        arousal: -1..1.
        valence: -1..1.
        confidence: 0..1, as in `Meaning`.
    """

    text: str
    weight: float
    origin: Literal["lexicon", "head"]
    expressions: tuple[str, ...]
    mixture: Mapping[str, float]
    arousal: float
    valence: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Meaning:
    """What words were taken to mean.

    Attributes:
        mixture: shares by label, all nine, sum 1.
        arousal: -1..1, as `timeline.dimensions_of` has it.
        valence: -1..1, the same.
        clauses: in the order of the text.
        confidence: 0..1; the label with the largest share is meant at least about so often.
    """

    mixture: Mapping[str, float]
    arousal: float
    valence: float
    clauses: tuple[ClauseMeaning, ...]
    confidence: float


def meaning_of(text: str, encoder: Encoder | None = None, head: Head | None = None) -> Meaning:
    """What a description in Chinese or English means.

    Other languages that the encoder has learnt are read by the head alone. Words that are none are
    answered with a low confidence, and so is a text that is partly in a script that it has not
    learnt.

    Args:
        text: words of a person; a comma or `but` begins a new clause.
        encoder: another than `pulled.chosen`, with a head that was made for it.
        head: that head.

    Raises:
        WordsNotUnderstood: there is no word in it that can be read: it is empty, or digits, or
            emoji of no emotion, or all of it is in a script that the encoder has not learnt.
        UsageError: a clause needs the encoder, and that is not installed; or they do not fit.
        ModelCorrupt: a file of the encoder that was pulled is not as it was written.
    """
    clauses = clauses_of(text)
    if not clauses:
        raise WordsNotUnderstood(text=text)
    unread = [clause for clause in clauses if not clause.hits]
    if unread and encoder is None:
        encoder, head = chosen()
    if unread == clauses and encoder and not share_known(text, encoder.scripts):
        raise WordsNotUnderstood(text=text)
    read = iter(_read(unread, encoder, head) if unread and encoder else ())
    surely = [
        (_of_hits(clause.hits), _SURENESS_OF_LEXICON) if clause.hits else next(read)
        for clause in clauses
    ]
    feelings, sureness = zip(*surely, strict=True)
    # A clause that says nothing (`a man of forty`) does not dilute one that does.
    weights = _normal([c.emphasis * s for c, s in zip(clauses, sureness, strict=True)])
    whole = average(zip(weights, feelings, strict=True))
    return Meaning(
        mixture=whole.mixture,
        arousal=whole.arousal,
        valence=whole.valence,
        clauses=tuple(
            _clause_meaning(*each)
            for each in zip(clauses, feelings, weights.tolist(), sureness, strict=True)
        ),
        confidence=float(weights @ sureness),
    )


def _read(
    clauses: Sequence[Clause], encoder: Encoder, head: Head | None
) -> list[tuple[Feeling, float]]:
    """What each clause stands for by the head, and how surely, 0..1."""
    head = head or built_in_head()
    require_fit(head, encoder)
    texts = [clause.text for clause in clauses]
    feelings = head.feelings(encoder.encode(texts))
    known = [share_known(text, encoder.scripts) for text in texts]
    return [
        (feeling, max(feeling.top[1] * share, 0.01))
        for feeling, share in zip(feelings, known, strict=True)
    ]


def _of_hits(hits: Sequence[Hit]) -> Feeling:
    return average((_weight(hit), hit.feeling) for hit in hits)


def _weight(hit: Hit) -> float:
    mixture = hit.entry.feeling.mixture
    plain = mixture["neutral"] + mixture["other"] + mixture["unknown"]
    return (1 - plain + plain * _PLAIN) * (_DENIED if hit.negated else 1.0)


def _normal(weights: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray(weights) / sum(weights)


def _clause_meaning(
    clause: Clause, feeling: Feeling, weight: float, sureness: float
) -> ClauseMeaning:
    return ClauseMeaning(
        text=clause.text,
        weight=weight,
        origin="lexicon" if clause.hits else "head",
        expressions=tuple(hit.expression for hit in clause.hits),
        mixture=feeling.mixture,
        arousal=feeling.arousal,
        valence=feeling.valence,
        confidence=sureness,
    )
