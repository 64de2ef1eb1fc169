"""A table of the library, which holds what one model heard: its name, what it says of itself, how
rows leave it for good.

A table in LanceDB is an object of the library `lancedb`, whose types are unknown here.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from voxcor.library.segments import dim_of, labels_of, schema
from voxcor.results import ModelInfo

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = "segments-"

_BATCH_ROWS = 10_000  # that are rewritten at a time


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The segments that one model heard.

    `labels` are the model's, `dim` is of its embeddings, `rows` how many segments there are.
    """

    name: str
    model: ModelInfo
    labels: tuple[str, ...]
    dim: int
    rows: int


def table_name(model: ModelInfo) -> str:
    """What the table of a model is called, whatever the model is called."""
    return PREFIX + model.sha256[:16]


def columns_for(model: ModelInfo, labels: Sequence[str], dim: int) -> "pa.Schema":
    """The columns of a model's table, with what `describe` reads of it."""
    about = {"model": json.dumps(asdict(model)), "labels": json.dumps(labels)}
    return schema(labels, dim, about)


def describe(table: Any) -> ModelTable:
    """What a table in LanceDB says of itself."""
    # A damaged table has none.
    about: Mapping[bytes, bytes] = table.schema.metadata or {}
    model = ModelInfo(**json.loads(about[b"model"]))
    columns = table.schema
    return ModelTable(table.name, model, labels_of(columns), dim_of(columns), table.count_rows())


def recordings_in(table: Any, where: str | None = None) -> set[str]:
    """The recordings with a row for which a condition of SQL holds; None for all."""
    query = table.search().select(["recording"])
    if where:
        query = query.where(where)
    rows = query.limit(table.count_rows() or 1).to_arrow()
    return set(rows.column("recording").to_pylist())


def in_order(rows: "pa.Table") -> "pa.Table":
    """Rows by recording and time."""
    return rows.sort_by([("recording", "ascending"), ("start_ms", "ascending")])


def drawn_rows(table: Any, where: str | None, most: int, seed: int) -> "pa.Table":
    """The rows for which a condition of SQL holds, None for all; of more than `most` an even draw.

    Which are drawn depends on recordings and times alone; what is not drawn is not read.
    """
    query = table.search()
    if where:
        query = query.where(where)
    query = query.limit(table.count_rows() or 1)
    if table.count_rows(where) <= most:
        return query.to_arrow()
    keys = in_order(query.select(["recording", "start_ms"]).with_row_id(True).to_arrow())
    places = np.random.default_rng(seed).choice(len(keys), most, replace=False)
    ids = keys.column("_rowid").to_numpy()[places]
    return table.take_row_ids(np.sort(ids).tolist()).to_arrow()


def all_but(where: str) -> str:
    """The condition of all other rows, in SQL."""
    # Not `NOT`: of a row without a path it is unknown whether it has this one.
    return f"({where}) IS NOT TRUE"


def delete_rows(table: Any, where: str) -> int:
    """Deletes rows so that no file holds them any more; how many there were."""
    count = int(table.count_rows(where))
    if count:
        left = table.search().where(all_but(where)).limit(table.count_rows())
        # A deletion only marks rows. This writes the others anew, in one commit.
        table.add(left.to_batches(_BATCH_ROWS), mode="overwrite")
    # Also of none: whoever was killed before this asks again.
    forget_versions(table)
    return count


def forget_versions(table: Any) -> None:
    """Joins the small files of a table and forgets what was replaced."""
    with warnings.catch_warnings():
        # It warns of readers of older versions: those meet an error, and read anew.
        warnings.simplefilter("ignore", UserWarning)
        table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
