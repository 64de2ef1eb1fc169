"""What the library keeps: segments of recordings, each with its vector; and its columns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voxcor.results import SECONDS, to_wire

if TYPE_CHECKING:
    import pyarrow as pa

FloatArray = NDArray[np.float32]

# Of a recording's sha256 so many digits are its name in the library: a collision among a million
# recordings has a chance of 2e-3 in a billion.
ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class LibrarySegment:
    """A span of speech in the library.

    `recording` is its recording's name there; with separate channels each channel is a recording.
    `path` is where the recording lay when it was added, None where that is not known.
    `recorded_at` is when it was recorded, as far as the file tells, without a time zone. `source`
    is what was added: a path. `label` is what a person put in the place of `emotion`.
    """

    recording: str
    name: str
    path: str | None
    channel: int | None
    start: float
    end: float
    emotion: str
    confidence: float
    scores: Mapping[str, float]
    arousal: float | None
    valence: float | None
    speaker: str | None
    text: str | None
    recorded_at: datetime
    source: str
    label: str | None = None

    @property
    def id(self) -> str:
        """`RECORDING@START-END`, in seconds, as a query takes it."""
        return f"{self.recording}@{_short(self.start)}-{_short(self.end)}"

    def to_document(self) -> dict[str, Any]:
        """As JSON has it: times in milliseconds, the date in ISO 8601."""
        document = to_wire(self)
        document["recorded_at"] = self.recorded_at.isoformat(timespec="seconds")
        return {"id": self.id, **document}


def _short(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def recording_id(
    sha256: str, channel: int | None = None, part: tuple[int, int] | None = None
) -> str:
    """A recording's name in the library: of a channel its own, of a part in milliseconds, too."""
    of_channel = "" if channel is None else f"-{channel}"
    of_part = "" if part is None else f"+{part[0]}-{part[1]}"
    return sha256[:ID_DIGITS] + of_channel + of_part


def columns_but_vectors() -> list[str]:
    """The names of the columns that `from_arrow` needs."""
    own = [name for name in LibrarySegment.__slots__ if name != "scores"]
    return [*(f"{name}_ms" if name in SECONDS else name for name in own), "score_roots"]


def schema(labels: Sequence[str], dim: int, about: Mapping[str, str]) -> "pa.Schema":
    """The columns of a table of segments.

    Args:
        labels: of the model, in its order.
        dim: of its embeddings.
        about: what the table says of itself.
    """
    import pyarrow as pa

    text, number = pa.string(), pa.float32()
    columns = [
        ("recording", text),
        ("name", text),
        ("path", text),
        ("channel", pa.int32()),
        ("start_ms", pa.int64()),
        ("end_ms", pa.int64()),
        ("emotion", text),
        ("confidence", number),
        # The roots of the scores: the cosine of two of them is how much two mixtures overlap
        # (Bhattacharyya 1943).
        ("score_roots", pa.list_(number, len(labels))),
        ("arousal", number),
        ("valence", number),
        ("speaker", text),
        ("text", text),
        ("recorded_at", pa.timestamp("ms")),
        ("source", text),
        ("label", text),
        ("vector", pa.list_(number, dim)),
    ]
    return pa.schema(columns, metadata=dict(about))


def labels_of(columns: "pa.Schema") -> tuple[str, ...]:
    """The labels of the model whose segments a table has."""
    return tuple(json.loads((columns.metadata or {})[b"labels"]))


def dim_of(columns: "pa.Schema") -> int:
    """Of how many numbers the vectors of a table are."""
    dim: int = columns.field("vector").type.list_size
    return dim


def to_arrow(
    segments: Sequence[LibrarySegment], vectors: FloatArray, columns: "pa.Schema"
) -> "pa.Table":
    """Segments and their vectors `[S, D]` as rows of a table."""
    import pyarrow as pa

    roots = np.sqrt([[*segment.scores.values()] for segment in segments], dtype=np.float32)
    arrays = {
        "score_roots": _vectors(roots, columns.field("score_roots").type),
        "vector": _vectors(vectors.astype(np.float32), columns.field("vector").type),
    }
    for field in columns:
        if field.name not in arrays:
            values = [_cell(segment, field.name) for segment in segments]
            arrays[field.name] = pa.array(values, field.type)
    return pa.Table.from_arrays([arrays[name] for name in columns.names], schema=columns)


def from_arrow(table: "pa.Table", labels: Sequence[str]) -> list[LibrarySegment]:
    """Rows as segments; columns of vectors need not be there, and what was measured of them."""
    roots = table.column("score_roots").to_pylist()
    names = [field for field in LibrarySegment.__slots__ if field != "scores"]
    columns = {
        name: table.column(f"{name}_ms" if name in SECONDS else name).to_pylist() for name in names
    }
    segments = []
    for index, root in enumerate(roots):
        values = {
            name: column[index] / 1000 if name in SECONDS else column[index]
            for name, column in columns.items()
        }
        squares = np.square(root)
        scores = dict(zip(labels, (squares / squares.sum()).tolist(), strict=True))
        segments.append(LibrarySegment(scores=scores, **values))
    return segments


def matrix(table: "pa.Table", column: str = "vector") -> FloatArray:
    """A column of vectors as `[S, D]`."""
    array = table.column(column).combine_chunks()
    return np.asarray(array.flatten()).reshape(len(array), array.type.list_size)


def _vectors(rows: FloatArray, kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), type=kind)


def _cell(segment: LibrarySegment, name: str) -> Any:
    second = name.removesuffix("_ms")
    return round(1000 * getattr(segment, second)) if second != name else getattr(segment, name)
