"""The indexes of a table, over its vectors and over what filters ask for; what is found by them.

Vectors have an inverted index: they lie in some hundred parts by what they are near to, and a
question looks into the twenty parts nearest to it. Of embeddings it has a bit for each number
(RaBitQ, Gao & Long 2024); what it finds is compared again by the vectors themselves. The roots of
the scores are few enough to lie in it as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voxcor.library.segments import FloatArray, columns_but_vectors

if TYPE_CHECKING:
    import pyarrow as pa

# Rows from which an index pays: below it, every vector is compared in some ten milliseconds.
INDEXED_ROWS = 100_000

# As many rows that meet a condition are compared one by one sooner than found by an index.
_FEW_ROWS = 10_000

_ORDERED = ("recording", "path", "speaker", "recorded_at", "confidence")
_NAMED = ("emotion", "label")  # of which there are few


def make_indexes(table: Any) -> bool:
    """Makes those that a table in LanceDB lacks, once it has the rows for which they pay.

    Those that are there are kept, for LanceDB's `optimize` has taken new rows into them; but one of
    another kind, as an older version made it, is replaced.

    Returns:
        whether one was, whose files lie there until older versions are forgotten.
    """
    if table.count_rows() < INDEXED_ROWS:
        return False
    from lancedb.index import Bitmap, BTree, IvfFlat, IvfRq

    indexes = {
        "vector": IvfRq(distance_type="cosine"),
        "score_roots": IvfFlat(distance_type="cosine"),
        **dict.fromkeys(_ORDERED, BTree()),
        **dict.fromkeys(_NAMED, Bitmap()),
    }
    kinds = {column: index.index_type for index in table.list_indices() for column in index.columns}
    lacking = {
        column: config
        for column, config in indexes.items()
        if kinds.get(column) != type(config).__name__
    }
    for column, config in lacking.items():
        table.create_index(column, config=config)
    return any(column in kinds for column in lacking)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a table.

    `near` has by column the vector `[D]` to which candidates are nearest, `candidates` how many of
    each column. They meet `where` and do not meet `but`, conditions of SQL; `but` is of few rows.
    `rate` gives S of them ratings `[S]`, better ones higher, by what stands in the columns `rated`;
    `limit` of them are the answer.
    """

    near: Mapping[str, FloatArray]
    rate: Callable[["pa.Table"], FloatArray]
    rated: Sequence[str]
    candidates: int
    limit: int
    where: str | None = None
    but: str | None = None


def best_rows(table: Any, asked: Question) -> "tuple[pa.Table, FloatArray]":
    """The rows of a table in LanceDB that are rated best among those nearest to a question.

    Returns:
        rows without vectors, the best first, and their ratings.
    """
    import pyarrow as pa

    # Left out afterwards: a condition that nearly all rows meet takes longer than all else.
    out = _row_ids(table, asked.but) if asked.but else np.zeros(0, np.uint64)
    few = asked.where is not None and table.count_rows(asked.where) <= _FEW_ROWS
    found = [_candidates(table, asked, *one, few, len(out)) for one in asked.near.items()]
    rows = pa.concat_tables(found)
    ids, first = np.unique(rows.column("_rowid").to_numpy(), return_index=True)
    first = np.sort(first[~np.isin(ids, out)])  # what is near in both columns comes twice
    rows = rows.take(first)
    ratings = asked.rate(rows)
    best = np.argsort(-ratings, kind="stable")[: asked.limit]
    return _whole(table, rows.take(best).column("_rowid").to_pylist()), ratings[best]


def _candidates(
    table: Any, asked: Question, column: str, vector: FloatArray, few: bool, out: int
) -> "pa.Table":
    limit = asked.candidates + out
    query = table.search(vector, vector_column_name=column).distance_type("cosine")
    query = query.refine_factor(1).limit(limit).select([*asked.rated, "_distance"])
    if asked.where is not None:
        query = query.where(asked.where, prefilter=True)
        # What meets it may lie elsewhere than the question: all parts are looked into.
        query = query.bypass_vector_index() if few else query.maximum_nprobes(0)
    return query.with_row_id(True).to_arrow()


def _row_ids(table: Any, where: str) -> NDArray[np.uint64]:
    query = table.search().where(where).select(["recording"]).with_row_id(True)
    ids: NDArray[np.uint64] = query.limit(table.count_rows()).to_arrow().column("_rowid").to_numpy()
    return ids


def _whole(table: Any, ids: Sequence[int]) -> "pa.Table":
    """Rows without vectors, by their ids and in that order."""
    # Reading columns takes most of the time, so this is done for few rows.
    query = table.take_row_ids(ids).select(columns_but_vectors()).with_row_id()
    rows = query.to_arrow()
    place = {row: at for at, row in enumerate(rows.column("_rowid").to_pylist())}
    return rows.take(np.array([place[row] for row in ids], np.int64))
