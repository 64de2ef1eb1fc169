"""The results of a batch as a table: JSON Lines, CSV or Parquet, written from its ledger.

A row an item, in the order of the source; with separate channels a row a channel. A failure, of an
item or of a channel, is a row too. JSON Lines have the whole document. CSV and Parquet have a
column for each figure, and `segments` where they were asked for: a table of their own beside a CSV,
a nested column in Parquet. Of a batch that is relative to somebody there are more columns.
"""

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal, get_args

from voxcor.batch.ledger import Ledger, LedgerRow
from voxcor.datasets.parquet import require_pyarrow
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import replacing_file
from voxcor.models.store import name_of
from voxcor.result_folder import to_json, utf8
from voxcor.results import DIMENSIONS
from voxcor.timeline import relative_scores, top
from voxcor.untrusted import cell

TableFormat = Literal["jsonl", "csv", "parquet"]
TABLE_FORMATS: tuple[TableFormat, ...] = get_args(TableFormat)

SEGMENTS_FILE = "segments.csv"

_SCORES = ("score", "relative_score")

_PAGE = 1000

# What a table needs at the least, for the sentence about a full disk.
_SOME_BYTES = 1_000_000


def write_table(ledger: Ledger, kind: TableFormat, *, segments: bool = False) -> Path:
    """Writes `results.jsonl`, `.csv` or `.parquet` beside the ledger, in the place of an older one.

    Args:
        ledger: of the batch, complete or not.
        kind: the format.
        segments: whether CSV and Parquet tell each segment.

    Returns:
        the file.

    Raises:
        DiskFull, StorageError: the disk; the older file stays.
        UsageError: Parquet without pyarrow.
    """
    path = ledger.folder / f"results.{kind}"
    columns = _Columns(
        labels=tuple(ledger.mark["model"]["labels"]),
        relative=ledger.mark["options"]["relative_to"] is not None,
    )
    if kind == "jsonl":
        with _text(path) as file:
            for record in _records(ledger.rows()):
                file.write(to_json(record) + "\n")
    elif kind == "csv":
        with _text(path, "utf-8-sig") as file:
            _write_csv(file, (_flat(record, columns) for record in _records(ledger.rows())))
        if segments:
            with _text(ledger.folder / SEGMENTS_FILE, "utf-8-sig") as file:
                _write_csv(file, _segments(_records(ledger.rows()), columns))
    else:
        with _replacing(path) as draft:
            _write_parquet(draft, ledger, columns, segments)
    return path


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which there are: a score for each of `labels`, and what is `relative` to somebody."""

    labels: tuple[str, ...]
    relative: bool


def _records(rows: Iterable[LedgerRow]) -> Iterator[dict[str, Any]]:
    """What JSON Lines say, an object a line."""
    for row in rows:
        place: dict[str, Any] = {"path": row.item.name}
        if row.item.key:
            place["key"] = row.item.key
        if row.item.part:
            place["start_ms"], place["end_ms"] = row.item.part
        if row.failure and not row.channel_failures:
            if row.item.channel is not None:
                place["channel"] = row.item.channel
            yield {**place, "code": row.failure.code, "message": row.failure.message}
        channels: list[tuple[int | None, dict[str, Any]]] = [
            *((document["audio"]["channel"], document) for document in row.documents),
            *((failure.channel, asdict(failure)) for failure in row.channel_failures),
        ]
        for _, record in sorted(channels, key=lambda entry: entry[0] or 0):
            yield {**place, **record}


def _flat(record: Mapping[str, Any], columns: _Columns) -> dict[str, Any]:
    """A record as cells: text, numbers, None."""
    failed = "code" in record
    document = _NOTHING if failed else record
    audio, quality, summary = document["audio"], document["quality"], document["summary"]
    return {
        "path": record["path"],
        "key": record.get("key"),
        "start_ms": record.get("start_ms"),
        "end_ms": record.get("end_ms"),
        "channel": record.get("channel") if failed else audio.get("channel"),
        "emotion": document["emotion"],
        "confidence": document["confidence"],
        **{f"score_{label}": document["scores"].get(label) for label in columns.labels},
        **_dimensions(document, (*DIMENSIONS, "origin")),
        **_relative(document.get("relative"), columns),
        "blend": None if failed or not record["blend"] else "+".join(record["blend"]),
        "abstained": document["abstained"],
        "dominant": summary.get("dominant"),
        "segments": summary.get("segments"),
        "transitions": summary.get("transitions"),
        "duration_ms": audio.get("duration_ms"),
        "speech_ms": quality.get("speech_ms"),
        "snr_db": quality.get("snr_db"),
        "clipping": quality.get("clipping"),
        "bandwidth_hz": quality.get("bandwidth_hz"),
        "warnings": None if failed else "+".join(quality["warnings"]),
        "sha256": audio.get("sha256"),
        "model": _model(document),
        "frames": document["frames"],
        "embedding": document["embedding"],
        "code": record.get("code"),
        "message": record.get("message"),
    }


def _model(document: Mapping[str, Any]) -> str | None:
    """Which model answered, by the name that `--model` takes."""
    model = document.get("model")
    return name_of(model["id"], model["precision"]) if model else None


def _dimensions(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Under names of their own: a list with a column `arousal` says what people heard."""
    # A ledger of an older version has none.
    known = record.get("dimensions") or {}
    return {f"dimensions_{name}": known.get(name) for name in names}


def _relative(relative: Mapping[str, Any] | None, columns: _Columns) -> dict[str, Any]:
    """The second answer, of a result or a segment, where the batch has one."""
    if not columns.relative:
        return {}
    known = relative or {}
    scores = known.get("scores", {})
    return {
        **{f"relative_{name}": known.get(name) for name in ("to", "emotion", "confidence")},
        **{f"relative_score_{label}": scores.get(label) for label in columns.labels},
    }


def _relative_of(segment: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any] | None:
    """That of a segment, as its result has it; None where that has none."""
    whole = record.get("relative")
    if whole is None:
        return None
    scores = relative_scores(segment["scores"], whole["offsets"])
    emotion, confidence = top(scores)
    return {"to": whole["to"], "emotion": emotion, "confidence": confidence, "scores": scores}


_NOTHING: Mapping[str, Any] = {
    **dict.fromkeys(("emotion", "confidence", "abstained", "frames", "embedding")),
    **{name: {} for name in ("audio", "quality", "summary", "scores")},
}


def _segments(records: Iterable[Mapping[str, Any]], columns: _Columns) -> Iterator[dict[str, Any]]:
    for record in records:
        for segment in record.get("segments", ()):
            yield {
                "path": record["path"],
                "key": record.get("key"),
                "channel": record["audio"]["channel"],
                "speaker": segment["speaker"],
                **{name: segment[name] for name in ("start_ms", "end_ms", "emotion", "confidence")},
                **{f"score_{label}": segment["scores"].get(label) for label in columns.labels},
                **_dimensions(segment, DIMENSIONS),
                **_relative(_relative_of(segment, record), columns),
                "model": _model(record),
            }


def _write_csv(file: IO[str], rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows, None)
    if first is None:
        return
    writer = csv.DictWriter(file, list(first), lineterminator="\n")
    writer.writeheader()
    for row in itertools.chain([first], rows):
        writer.writerow({name: _cell(value) for name, value in row.items()})


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return cell(value)
    return f"{value:.6f}" if isinstance(value, float) else value


def _write_parquet(path: Path, ledger: Ledger, columns: _Columns, segments: bool) -> None:
    pa = require_pyarrow()
    text, number, whole = pa.string(), pa.float64(), pa.int64()
    kinds = {
        **dict.fromkeys(("channel", "segments", "transitions", "duration_ms", "speech_ms"), whole),
        **dict.fromkeys(("bandwidth_hz", "start_ms", "end_ms"), whole),
        "abstained": pa.bool_(),
        **dict.fromkeys(("confidence", "relative_confidence", "snr_db", "clipping"), number),
        **{f"{score}_{label}": number for score in _SCORES for label in columns.labels},
        **{f"dimensions_{name}": number for name in DIMENSIONS},
    }
    names = [*_flat({"path": "", "code": "", "message": ""}, columns)]
    fields = [(name, kinds.get(name, text)) for name in names]
    if segments:
        scores = pa.struct([(label, number) for label in columns.labels])
        point = pa.struct([*((name, number) for name in DIMENSIONS), ("origin", text)])
        one = [("start_ms", whole), ("end_ms", whole), ("emotion", text), ("confidence", number)]
        one += [("scores", scores), ("speaker", text), ("dimensions", point)]
        if columns.relative:
            answer = [("to", text), ("emotion", text), ("confidence", number), ("scores", scores)]
            one.append(("relative", pa.struct(answer)))
        fields.append(("segment_list", pa.list_(pa.struct(one))))
    schema = pa.schema(fields)
    with pa.parquet.ParquetWriter(path, schema) as writer:
        records = _records(ledger.rows())
        while page := [*itertools.islice(records, _PAGE)]:
            rows = [_parquet_row(record, columns, segments) for record in page]
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _parquet_row(record: Mapping[str, Any], columns: _Columns, segments: bool) -> dict[str, Any]:
    row = {
        name: utf8(cell) if isinstance(cell, str) else cell
        for name, cell in _flat(record, columns).items()
    }
    if not segments:
        return row
    listed = record.get("segments")
    if columns.relative and listed is not None:
        listed = [{**one, "relative": _relative_of(one, record)} for one in listed]
    return {**row, "segment_list": listed}


@contextmanager
def _text(path: Path, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """A text file that takes the place of `path` where the block ends well."""
    # A path may hold bytes that are no UTF-8.
    with (
        _replacing(path) as draft,
        draft.open("w", encoding=encoding, errors="backslashreplace", newline="") as file,
    ):
        yield file


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    with storage_errors(path, _SOME_BYTES), replacing_file(path) as draft:
        yield draft
