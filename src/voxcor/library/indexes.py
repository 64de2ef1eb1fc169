"""The indexes of a table, over its vectors and over what filters ask for; what is found by them.

Vectors have an inverted index: they lie in some hundred parts by what they are near to, and a
question looks into the twenty parts nearest to it. Of embeddings it has a bit for each number
(RaBitQ, Gao & Long 2024); what it finds is compared again by the vectors themselves. The roots of
the scores are few enough to lie in it as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from voxcor.library.segments import FloatArray, columns_but_vectors

if TYPE_CHECKING:
    import pyarrow as pa

# Rows from which an index pays: below it, every vector is compared in some ten milliseconds.
INDEXED_ROWS = 100_000

# As many rows that meet a condition are compared one by one sooner than found by an index.
_FEW_ROWS = 20_000

_ORDERED = ("recording", "path", "speaker", "recorded_at", "confidence")
_NAMED = ("emotion", "label")  # of which there are few


def make_indexes(table: Any) -> None:
    """Makes those that a table in LanceDB lacks, once it has the rows for which they pay.

    Those that are there are kept: LanceDB's `optimize` has taken new rows into them.
    """
    if table.count_rows() < INDEXED_ROWS:
        return
    from lancedb.index import Bitmap, BTree, IvfFlat, IvfRq

    indexes = {
        "vector": IvfRq(distance_type="cosine"),
        "score_roots": IvfFlat(distance_type="cosine"),
        **dict.fromkeys(_ORDERED, BTree()),
        **dict.fromkeys(_NAMED, Bitmap()),
    }
    there = {column for index in table.list_indices() for column in index.columns}
    for column, config in indexes.items():
        if column not in there:
            table.create_index(column, config=config)


def best_rows(
    table: Any,
    near: Mapping[str, FloatArray],
    rate: Callable[["pa.Table"], FloatArray],
    *,
    rated: Sequence[str],
    where: str | None,
    candidates: int,
    limit: int,
) -> "tuple[pa.Table, FloatArray]":
    """The rows of a table in LanceDB that are rated best among those nearest to a question.

    Args:
        table: which.
        near: by column the vector `[D]` to which the candidates of this column are nearest.
        rate: the ratings `[S]` of S candidates, better ones higher.
        rated: the columns that it looks at.
        where: a condition of SQL that they meet; None for none.
        candidates: how many of each column are rated.
        limit: how many rows at the most.

    Returns:
        rows without vectors, the best first, and their ratings.
    """
    import pyarrow as pa

    few = where is not None and table.count_rows(where) <= _FEW_ROWS
    found = []
    for column, vector in near.items():
        query = table.search(vector, vector_column_name=column).distance_type("cosine")
        query = query.refine_factor(1).limit(candidates).select([*rated, "_distance"])
        if where:
            query = query.where(where, prefilter=True)
            # Of those that meet it few may lie where the question does: on to all other parts.
            query = query.bypass_vector_index() if few else query.maximum_nprobes(0)
        found.append(query.with_row_id(True).to_arrow())
    rows = pa.concat_tables(found)
    ids = rows.column("_rowid").to_numpy()
    # What is near in both columns comes twice.
    _, first = np.unique(ids, return_index=True)
    first.sort()
    ratings = rate(rows.take(first))
    best = np.argsort(-ratings, kind="stable")[:limit]
    ids, ratings = ids[first][best], ratings[best]
    # Most of the time is taken by reading columns: only what was found is read whole.
    whole = table.take_row_ids(ids.tolist()).select(columns_but_vectors()).with_row_id()
    taken = whole.to_arrow()
    place = {row: at for at, row in enumerate(taken.column("_rowid").to_pylist())}
    return taken.take(np.array([place[row] for row in ids.tolist()], np.int64)), ratings
