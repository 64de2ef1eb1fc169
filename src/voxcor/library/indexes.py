"""The indexes of a table: over its vectors, and over what filters ask for most."""

from typing import Any

# Rows from which an index pays: below it, every vector is compared in some ten milliseconds.
INDEXED_ROWS = 100_000


def make_indexes(table: Any) -> None:
    """Makes those that a table in LanceDB lacks, once it has the rows for which they pay.

    Those that are there are kept: LanceDB's `optimize` has taken new rows into them.
    """
    if table.count_rows() < INDEXED_ROWS:
        return
    from lancedb.index import BTree, HnswSq

    indexes = {"vector": HnswSq(distance_type="cosine"), "recording": BTree(), "speaker": BTree()}
    there = {column for index in table.list_indices() for column in index.columns}
    for column, config in indexes.items():
        if column not in there:
            table.create_index(column, config=config)
