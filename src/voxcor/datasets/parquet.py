"""Lists in Parquet, which pyarrow reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from voxcor.errors import ManifestError
from voxcor.extras import require_extra
from voxcor.language import say
from voxcor.tables import MOST_COLUMNS


def require_pyarrow() -> Any:
    """The module pyarrow, its Parquet part loaded.

    Raises:
        UsageError: it is not installed.
    """
    require_extra("parquet", ("pyarrow",), "Parquet", "Parquet ")
    import pyarrow as pa
    import pyarrow.parquet

    return pa


def read_parquet(source: Path, file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """Its rows by number, from 1. Recordings that lie within it stay there.

    Raises:
        ManifestError: it is no Parquet, or is damaged.
        UsageError: pyarrow is not installed.
    """
    pa = require_pyarrow()
    number = 0
    try:
        table = pa.parquet.ParquetFile(file)
        schema = table.schema_arrow
        classes = _classes(schema.metadata or {})
        columns = [column for field in schema for column in _readable(pa, field)]
        for page in table.iter_batches(columns=columns[: MOST_COLUMNS + 1]):
            for values in page.to_pylist():
                number += 1
                yield number, {name: _named(classes.get(name), v) for name, v in values.items()}
    except OSError:
        raise
    except (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError) as error:
        reason = say("it is no Parquet file, or is damaged", "不是 Parquet 文件，或已损坏")
        if number:
            reason += say(f" after row {number}", f"（第 {number} 行之后）")
        raise ManifestError(name=str(source), reason=say(f"{reason}.", f"{reason}。")) from error


def _readable(pa: Any, field: Any) -> list[str]:
    """The columns of a field that a list needs; of an `Audio` of Hugging Face, its path."""
    kind = field.type
    if pa.types.is_struct(kind):
        return [f"{field.name}.path"] if kind.get_field_index("path") >= 0 else []
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return []
    return [field.name]


def _classes(metadata: Any) -> dict[str, list[str]]:
    """The names of the labels that Hugging Face writes as numbers (`ClassLabel`), by column."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {
            name: [str(one) for one in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return {}


def _named(classes: list[str] | None, value: Any) -> Any:
    if classes and isinstance(value, int) and 0 <= value < len(classes):
        return classes[value]
    return value
