"""Arousal and valence as people rated them: the columns of a list, read and checked.

Both are on the scale of results, -1..1. What is on another cannot be compared as it is, and which
one it is nobody can tell from the numbers: who has a list from 1 to 7 writes (x - 4) / 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Manifest, Utterance, row_problem
from voxcor.results import DIMENSIONS
from voxcor.untrusted import printable


def rating_of(utterance: Utterance, dimension: str) -> float:
    """What a row says of a dimension; NaN where it says nothing, or no number."""
    try:
        return float(utterance.columns.get(dimension, "nan").replace(",", "."))
    except ValueError:
        return float("nan")


def rated_dimensions(utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """Those of `DIMENSIONS` that rows rate, and none of them beyond -1..1."""
    return tuple(
        dimension
        for dimension in DIMENSIONS
        if any(-1 <= rating_of(utterance, dimension) <= 1 for utterance in utterances)
        and _first_beyond(utterances, dimension) is None
    )


def check_ratings(manifest: Manifest) -> Manifest:
    """The manifest with what is wrong with its columns `arousal` and `valence`, if it has them.

    `dimension_scale`: a column is on another scale, and is not measured; `no_rating`: a cell is no
    number, and is passed over.
    """
    problems = (*manifest.problems, *_problems(manifest.utterances))
    return replace(manifest, problems=problems)


def _problems(utterances: Sequence[Utterance]) -> Iterator[RowProblem]:
    for dimension in DIMENSIONS:
        if (beyond := _first_beyond(utterances, dimension)) is not None:
            said = printable(beyond.columns[dimension])
            en = f"{dimension} {said} lies beyond -1 to 1, so {dimension} is not measured."
            zh = f"{dimension} 的值 {said} 超出 -1 到 1，因此不计算 {dimension}。"
            yield row_problem(beyond, "dimension_scale", en, zh)
        for utterance in utterances:
            said = utterance.columns.get(dimension, "nan")
            rating = rating_of(utterance, dimension)
            if rating != rating and said.casefold() != "nan":
                shown = printable(said)
                en, zh = (
                    f"{dimension} {shown} is no number.",
                    f"{dimension} 的值 {shown} 不是数值。",
                )
                yield row_problem(utterance, "no_rating", en, zh)


def _first_beyond(utterances: Sequence[Utterance], dimension: str) -> Utterance | None:
    return next((u for u in utterances if abs(rating_of(u, dimension)) > 1), None)
