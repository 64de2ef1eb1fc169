"""Tasks in an export of Label Studio: JSON, JSON-MIN, CSV and TSV; also a file an annotation.

https://labelstud.io/guide/export. A choice about a region has the region's id or times, a choice
about the whole recording has neither. JSON-MIN and the tables drop ids.
"""

import csv
import io
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voxcor.datasets.annotations.documents import decoded, read_bytes, refused
from voxcor.datasets.annotations.recordings import names_audio
from voxcor.datasets.annotations.tiers import TierSpan, text_of
from voxcor.datasets.json_lists import read_json_rows
from voxcor.tables import read_csv
from voxcor.tables.text import encoding_of
from voxcor.untrusted import read_json

# What may be an emotion; a rating, a taxonomy, a transcript is none.
LABELLING = ("labels", "choices")

# Of JSON-MIN and the tables, what is neither data nor a control.
_OWN_COLUMNS = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}
)

# What our own export calls its regions; their note is the speaker.
_OUR_REGION = re.compile(r"segment-\d+")


@dataclass(frozen=True, slots=True)
class Region:
    """What was said of a part of a recording, or without times of all of it."""

    control: str
    kind: str  # labels, choices, textarea, ...
    id: str | None
    start: float | None
    end: float | None
    values: tuple[str, ...]
    about: str = ""  # the name of what it is on, mostly that of the data as well
    speaker: str | None = None
    guessed: bool = False  # whether its time is taken from the order of regions

    @property
    def span(self) -> TierSpan:
        return TierSpan(self.start, self.end, self.values[0] if self.values else "")


@dataclass(frozen=True, slots=True)
class Version:
    """What one person has annotated in a task; Label Studio calls it an annotation."""

    regions: tuple[Region, ...]
    damaged: int
    rank: tuple[bool, str]  # the highest is to be preferred: ground truth, then what was made last
    annotator: str | None = None

    @classmethod
    def of(cls, result: object, made: Mapping[str, Any]) -> "Version":
        """A result and what stands beside it."""
        if isinstance(result, str):  # what a database has in a column of text
            with suppress(ValueError):
                result = read_json(result)
        items = result if isinstance(result, list) else [] if result is None else [result]
        items = [item for item in items if not _is_relation(item)]
        regions = [region for item in items if (region := _region(item))]
        rank = (made.get("ground_truth") is True, str(made.get("created_at") or ""))
        damaged = len(items) - len(regions)
        return cls(tuple(_with_times(regions)), damaged, rank, _annotator(made))

    def labelled(self, controls: Collection[str]) -> list[Region]:
        """Its regions that have something of these controls."""
        return [region for region in self.regions if region.control in controls and region.values]


@dataclass(frozen=True, slots=True)
class Task:
    """What was to be annotated, and what was made of it."""

    data: Mapping[str, Any]
    versions: tuple[Version, ...]  # the one to be preferred first
    has_predictions: bool


def tasks_of(document: Path) -> Iterator[Task]:
    """The tasks of an export.

    Raises:
        ManifestError: it is none.
    """
    data = read_bytes(document)
    is_json = document.suffix.lower() in (".json", ".jsonl")
    rows = _json_rows(document, data) if is_json else _table_rows(document, decoded(data))
    flat: dict[object, list[tuple[Mapping[str, Any], _FlatRow]]] = {}
    for place, row in enumerate(rows):
        if row is None:
            yield Task({}, (Version((), 1, (False, "")),), has_predictions=False)
        elif row.keys() & {"annotations", "completions", "predictions", "result"} or isinstance(
            row.get("data"), dict
        ):
            yield _full_task(row)
        else:  # JSON-MIN has a row for each annotation of a task
            name = row.get("id")
            key = name if isinstance(name, int | str) else (place,)
            flat.setdefault(key, []).append((row, _FlatRow.of(row)))
    about_regions = _about_regions([row for group in flat.values() for _, row in group])
    for group in flat.values():
        versions = [Version.of(_flat_regions(row, about_regions), made) for made, row in group]
        yield Task(group[0][0], _best_first(versions), has_predictions=False)


def _json_rows(document: Path, data: bytes) -> list[Mapping[str, Any] | None]:
    """Tasks; None in the place of what is none."""
    try:
        loaded = read_json(decoded(data))
    except ValueError as error:
        # A task a line; or a list that is cut off: what stands before that is sound.
        loaded = [row for _, row in read_json_rows(data, encoding_of(data))]
        if not any(loaded):
            raise refused(document, "it is not JSON.", "不是有效的 JSON。") from error
    if isinstance(loaded, dict) and isinstance(loaded.get("tasks"), list):
        loaded = loaded["tasks"]
    rows = loaded if isinstance(loaded, list) else [loaded]
    return [row if isinstance(row, dict) else None for row in rows]


def _table_rows(document: Path, text: str) -> list[Mapping[str, Any] | None]:
    separator = max(",\t;", key=text.partition("\n")[0].count)
    try:
        _, rows = read_csv(io.StringIO(text, newline=""), separator=separator)
        return [{name: _cell(cell) for name, cell in cells.items() if cell} for _, cells in rows]
    except csv.Error as error:
        raise refused(document, f"{error}.", f"{error}。") from error


def _cell(text: str) -> Any:
    if text.startswith(("[", "{")):
        try:
            return read_json(text)
        except ValueError:
            return text
    return text


def _full_task(row: Mapping[str, Any]) -> Task:
    given = row.get("annotations", row.get("completions"))
    task = row.get("task")
    if "result" in row and isinstance(task, dict):  # of a storage: a file for each annotation
        row, given = task, [row]
    made = given if isinstance(given, list) else [given]
    versions = [
        Version.of(annotation.get("result"), annotation)
        for annotation in made
        if isinstance(annotation, dict)
        and not (annotation.get("was_cancelled") or annotation.get("skipped"))
    ]
    data = row.get("data")
    return Task(
        data if isinstance(data, dict) else {}, _best_first(versions), bool(row.get("predictions"))
    )


def _annotator(made: Mapping[str, Any]) -> str | None:
    """Who made an annotation: by address or name where the export has it, else by number."""
    who = made.get("completed_by", made.get("annotator"))
    if isinstance(who, dict):
        names = (who.get(name) for name in ("email", "username", "id"))
        who = next((name for name in names if name not in (None, "")), None)
    is_one = isinstance(who, int | str) and not isinstance(who, bool)
    return (text_of(str(who)) or None) if is_one else None


def _best_first(versions: Sequence[Version]) -> tuple[Version, ...]:
    return tuple(sorted(versions, key=lambda version: version.rank)[::-1])  # of equals the last


def _region(item: object) -> Region | None:
    """A region of a result, None where it is none."""
    value = item.get("value") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(value, dict):
        return None
    kind = item.get("type")
    if not isinstance(kind, str):
        kind = next((known for known in LABELLING if known in value), "")
    times = (value.get("start"), value.get("end"))
    start, end = map(_seconds, times)
    is_timed = start is not None and end is not None
    if kind in LABELLING and not is_timed and (times != (None, None) or kind == "labels"):
        return None
    given = value.get(kind, [])
    values = given if isinstance(given, list) else [given]
    texts = tuple(text_of(text) for text in values if _is_text(text))
    if kind in LABELLING and len(texts) < len(values):
        return None
    name, identity = item.get("from_name"), item.get("id")
    return Region(
        control=name if isinstance(name, str) else kind,
        kind=kind,
        id=identity if isinstance(identity, str) else None,
        start=start if is_timed else None,
        end=end if is_timed else None,
        values=texts,
        about=str(item.get("to_name", "")),
        speaker=_noted_speaker(item),
        guessed=item.get("guessed") is True,
    )


def _seconds(value: object) -> float | None:
    """A time, None where it is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    with suppress(OverflowError):  # an integer of hundreds of digits
        return float(value) if math.isfinite(value) else None
    return None


def _noted_speaker(item: Mapping[str, Any]) -> str | None:
    """Who speaks, as our own export says it; the note of another region is a note."""
    meta = item.get("meta")
    if not isinstance(meta, dict):
        return None
    note = meta.get("text")
    note = note[0] if isinstance(note, list) and note else note
    is_ours = _OUR_REGION.fullmatch(str(item.get("id"))) is not None
    who = meta.get("speaker") or (note if is_ours else None)
    return who if isinstance(who, str) else None


def _with_times(regions: Sequence[Region]) -> Iterator[Region]:
    """Choices about a region, with its times."""
    spans = {region.id: region for region in regions if region.id and region.start is not None}
    for region in regions:
        about = spans.get(region.id or "")
        if region.start is None and about is not None:
            yield replace(region, start=about.start, end=about.end)
        else:
            yield region


@dataclass(frozen=True, slots=True)
class _FlatRow:
    """A row of JSON-MIN: regions, and what has become of choices, names without id and times."""

    regions: list[Mapping[str, Any]]
    choices: Mapping[str, list[str]]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "_FlatRow":
        regions: list[Mapping[str, Any]] = []
        choices: dict[str, list[str]] = {}
        for control, given in row.items():
            values = given if isinstance(given, list) else [given]
            names = [value for value in values if _is_text(value)]
            if control in _OWN_COLUMNS or any(map(names_audio, names)):
                continue
            if names:
                choices[control] = names
            for value in values:
                if isinstance(value, dict):
                    kind = next((known for known in LABELLING if known in value), "")
                    regions.append({"value": value, "type": kind, "from_name": control})
        return cls(regions, choices)

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Where the regions are, each once, in order."""
        values = [region["value"] for region in self.regions]
        times = [(_seconds(value.get("start")), _seconds(value.get("end"))) for value in values]
        return [*dict.fromkeys((a, b) for a, b in times if a is not None and b is not None)]


def _about_regions(rows: Sequence[_FlatRow]) -> set[str]:
    """Controls of choices for regions: there are several in a task, or always one for a region."""
    counts: dict[str, set[tuple[int, int]]] = {}
    for row in rows:
        for control, names in row.choices.items():
            counts.setdefault(control, set()).add((len(names), len(row.spans)))
    return {
        control
        for control, found in counts.items()
        if any(names > 1 for names, _ in found) or all(names == spans for names, spans in found)
    }


def _flat_regions(row: _FlatRow, about_regions: set[str]) -> list[Mapping[str, Any]]:
    """The regions of a row as the full export has them; choices go to regions in their order."""
    regions = [*row.regions]
    spans = row.spans
    for control, names in row.choices.items():
        item = {"type": "choices", "from_name": control}
        if control not in about_regions:
            regions.append({**item, "value": {"choices": names}})
        elif len(names) == len(spans):
            values = [
                {"choices": [name], "start": start, "end": end}
                for name, (start, end) in zip(names, spans, strict=True)
            ]
            regions += [{**item, "value": value, "guessed": True} for value in values]
        else:
            regions.append({**item, "value": None})  # whose they are cannot be told
    return regions


def _is_relation(item: object) -> bool:
    return isinstance(item, dict) and item.get("type") == "relation"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
