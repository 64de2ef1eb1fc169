"""A text in clauses, and in each the expressions of the lexicon as they are meant there."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from voxcor.library.words.feelings import Feeling
from voxcor.library.words.grammar import MOST, Particle, intensified, negated, particles
from voxcor.library.words.lexicon import Entry, lexicon
from voxcor.library.words.tokens import Token, longest_at, tokens_of

# So many words of no known meaning may stand between a small word and what it changes:
# `not what I would call angry` is beyond it.
_REACH = 3

# What stands before `but` is a clause of its own from so many words on; less is its subject
# (`声音却在发抖`).
_FEWEST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """An expression found: as it was written, and what it means with the small words about it."""

    expression: str
    entry: Entry
    negated: bool
    intensity: float

    @property
    def feeling(self) -> Feeling:
        """The entry's, intensified first, then negated: `not very angry` denies less."""
        feeling = self.entry.feeling
        if self.intensity != 1:
            feeling = intensified(feeling, self.intensity)
        return negated(feeling) if self.negated else feeling


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the text between pauses or before `but`; its weight is 1 where nothing is said."""

    text: str
    emphasis: float
    hits: tuple[Hit, ...]


@dataclass(slots=True)
class _Open:
    """The clause that is being read."""

    emphasis: float = 1.0
    tokens: list[Token] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    words: int = 0
    negation: bool = False
    intensity: float = 1.0
    distance: int = 0
    denied: bool = False  # the negation has found what it denies


def clauses_of(text: str) -> list[Clause]:
    """The clauses of a text that have a word in them; none where it has no words at all.

    Neighbours in which nothing was found, and that weigh the same, are one: an encoder reads a
    sentence better than its parts.
    """
    read = [clause for clause in _read(text) if clause.words or clause.hits]
    return [
        Clause(
            text[run[0].tokens[0].start : run[-1].tokens[-1].end],
            run[0].emphasis,
            tuple(run[0].hits),
        )
        for run in _runs(read)
    ]


def _runs(clauses: list[_Open]) -> Iterator[list[_Open]]:
    run: list[_Open] = []
    for clause in clauses:
        if run and (clause.hits or run[-1].hits or clause.emphasis != run[-1].emphasis):
            yield run
            run = []
        run.append(clause)
    if run:
        yield run


def _read(text: str) -> Iterator[_Open]:
    tokens = tokens_of(text)
    clause = _Open()
    lasting = 1.0  # what stands after `but` weighs more up to the end of the sentence
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind in ("stop", "pause"):
            lasting = 1.0 if token.kind == "stop" else lasting
            yield clause
            clause = _Open(lasting)
            at += 1
            continue
        length, found = _found(tokens, at)
        if isinstance(found, Particle) and found.kind in ("contrast", "concession"):
            if clause.hits or clause.words >= _FEWEST_WORDS:
                yield clause
                clause = _Open()
            clause.emphasis = found.value
            if found.kind == "contrast":
                lasting = found.value
        clause.tokens += tokens[at : at + length]
        _take(clause, found, text[token.start : tokens[at + length - 1].end])
        at += length
    yield clause


def _take(clause: _Open, found: Entry | Particle | None, written: str) -> None:
    """The next expression, small word or other word of a clause."""
    kind = found.kind if isinstance(found, Particle) else None
    if clause.denied and kind not in ("filler", "after"):
        # `not angry or sad` denies both, `not angry and sad` one.
        clause.negation, clause.denied = clause.negation and kind == "join", False
    if isinstance(found, Entry):
        clause.hits.append(Hit(written, found, clause.negation, clause.intensity))
        clause.intensity, clause.distance, clause.denied = 1.0, 0, clause.negation
    elif found is None:
        clause.words += 1
        clause.distance += 1
        if clause.distance > _REACH:
            clause.negation, clause.intensity = False, 1.0
    elif kind == "negation":
        clause.negation, clause.distance = not clause.negation, 0
    elif kind == "intensity":
        clause.intensity, clause.distance = min(clause.intensity * found.value, MOST), 0
    elif kind == "after" and clause.hits:
        last = clause.hits[-1]
        clause.hits[-1] = replace(last, intensity=min(last.intensity * found.value, MOST))
    elif kind == "failing" and clause.hits and not clause.distance:
        clause.hits[-1] = replace(clause.hits[-1], negated=not clause.hits[-1].negated)


def _found(tokens: list[Token], at: int) -> tuple[int, Entry | Particle | None]:
    entry = longest_at(tokens, at, lexicon())
    particle = longest_at(tokens, at, particles())
    if entry and (particle is None or entry[0] >= particle[0]):
        return entry
    return particle or (1, None)
