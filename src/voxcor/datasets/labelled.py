"""Labelled recordings as rows, whatever form they come in.

A list (`voxcor.datasets.lists`) that has labels; EmoBox's jsonl, one file or the folder of a corpus
with its folds; a folder of recordings that are sorted by label (`folder_tree`); what other tools
annotated. What cannot be read is a `RowProblem` among the rows.

EmoBox (`emo-box/EmoBox`, arXiv 2406.07162) gives a row as `{key, dataset, wav, emo, length, ...}`
and a `label_map.json` beside or above it.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from voxcor.datasets.annotations import has_annotations, is_annotated, read_annotations
from voxcor.datasets.channels import channel_in
from voxcor.datasets.folder_names import split_named
from voxcor.datasets.folder_tree import read_tree
from voxcor.datasets.lists import Flaw, ListRow, first_object, no_list, read_list
from voxcor.errors import (
    InputNotFound,
    InputUnreadable,
    ManifestError,
    NoAudioFound,
)
from voxcor.labels import label_named
from voxcor.language import say
from voxcor.results import Failure
from voxcor.sources import PassedOver, expand, is_file, is_folder
from voxcor.tables.columns import LABELS, Role, header_of
from voxcor.tables.text import whole_text
from voxcor.untrusted import read_json

# Of a folder that is given, the list that describes it: ours, Hugging Face's, Kaldi's.
_LISTS = ("manifest.csv", "metadata.csv", "metadata.jsonl", "wav.scp")

_TABLES = (".csv", ".tsv", ".jsonl", ".parquet")

_ROLES: tuple[Role, ...] = ("speaker", "language", "corpus", "split", "arousal", "valence")

# Of a corpus's own names of its labels.
_MOST_MAP_BYTES = 1 << 20

# What tasks and regions in Label Studio's exports have, and rows of a list have not.
_TASK = ("annotations", "completions", "predictions", "annotation_id", "annotator")

_REGION = ("labels", "choices", "original_length")

_FOLD_FILE = re.compile(r".+_(train|valid|test)_fold_?(\d+)\.jsonl")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something about a manifest that a person should know; `row` is None where no row is meant."""

    row: int | None
    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """`values` are `path`, `label`, `speaker` and whatever else it says by column.

    `file` is where the path leads, where that is known; `start` and `end` are in seconds.
    """

    number: int
    folder: Path
    values: Mapping[str, str]
    label_map: Mapping[str, str]  # the corpus's own
    file: Path | None = None
    start: float | None = None
    end: float | None = None

    @property
    def part(self) -> tuple[float, float] | None:
        return None if self.start is None or self.end is None else (self.start, self.end)

    @property
    def channel(self) -> int | None:
        return channel_in(self.values)

    @property
    def columns(self) -> dict[str, str]:
        """What it says beside its path, label and speaker."""
        own = ("path", "label", "speaker")
        rest = {name: value for name, value in self.values.items() if name not in own and value}
        times = zip(("start_time", "end_time"), self.part or (), strict=False)
        return {**rest, **{name: f"{time:.3f}" for name, time in times}}


def read_labelled(
    source: Path, known: Collection[str], *, each_annotator: bool = False
) -> Sequence[LabelledRow | RowProblem]:
    try:
        if not is_folder(source):
            if _is_annotated(source):
                return _read_annotated(source, each_annotator=each_annotator)
            return _read_table(source)
        listed = next((source / name for name in _LISTS if is_file(source / name)), None)
        if listed:
            return _read_table(listed)
        if is_annotated(source):
            return _read_annotated(source, each_annotator=each_annotator)
        folds = [path for path in source.rglob("*.jsonl") if _FOLD_FILE.match(path.name)]
        if folds:
            return _merge_folds(folds)
        splits = {
            path: path.parent.name for name in _LISTS[1:3] for path in source.glob(f"*/{name}")
        }
        splits = splits or _split_lists(source)
        return _merge_splits(splits) if splits else _read_folder(source, known)
    except FileNotFoundError as error:
        raise InputNotFound(name=str(source)) from error
    except OSError as error:
        raise InputUnreadable(name=str(source), reason=error.strerror or str(error)) from error


def _is_annotated(source: Path) -> bool:
    """Whether it is what another tool wrote; a `.json` may be that, or a list."""
    if source.suffix.lower() != ".json":
        return is_annotated(source)
    if has_annotations(source):
        return True
    first = first_object(source)
    regions = [one for value in first.values() if isinstance(value, list) for one in value[:1]]
    nested = any(isinstance(one, dict) and {*_REGION} & {*one} for one in regions)
    return nested or "path" not in header_of(tuple(first)).roles or bool({*_TASK} & {*first})


def _read_table(path: Path) -> list[LabelledRow | RowProblem]:
    found = [*read_list(path)]
    rows = [row for row in found if isinstance(row, ListRow)]
    column = _label_column(rows)
    if rows and column is None:
        raise no_list(path, rows[0].header.names, LABELS)
    fold = _FOLD_FILE.match(path.name)
    given = {"split": fold[1], "fold": fold[2]} if fold else {}
    label_map = _corpus_label_map(path) if path.suffix.lower() == ".jsonl" else {}
    return [
        _problem_of(row) if isinstance(row, Flaw) else _labelled(row, column, given, label_map)
        for row in found
    ]


def _label_column(rows: Sequence[ListRow]) -> str | None:
    """The column `label9`, else the one in which most rows name one of the nine.

    Some lists have a number beside the name, or a rating; of equals, the first of its names.
    """
    known: Counter[str] = Counter()
    for row in rows:
        for name in row.header.roles.get("label", ()):
            known[name] += label_named(row.values.get(name, "")) is not None
    ours = next((name for name in known if name.casefold() == "label9"), None)
    return ours or max(known, key=known.__getitem__, default=None)


def _labelled(
    row: ListRow, column: str | None, given: Mapping[str, str], label_map: Mapping[str, str]
) -> LabelledRow:
    header, values = row.header, row.values
    own = {"path": row.named, "label": values.get(column or "", "")}
    own |= {role: header.first(role, values) for role in _ROLES}
    used = {column, *(name for role in ("path", *_ROLES) for name in header.roles.get(role, ()))}
    if header.span:
        used |= {header.span.start.name, header.span.end.name}
    rest = {name: value for name, value in values.items() if name not in used}
    values = {**given, **{name: value for name, value in {**rest, **own}.items() if value}}
    return LabelledRow(row.line, row.source.parent, values, label_map, row.file, row.start, row.end)


def _problem_of(flaw: Flaw) -> RowProblem:
    code = {"row": "no_row", "path": "missing_file", "stretch": "stretch"}[flaw.kind]
    return RowProblem(flaw.line, flaw.named, code, flaw.sentence)


def _merge_folds(files: Sequence[Path]) -> list[LabelledRow | RowProblem]:
    """The folds of an EmoBox corpus, each recording once: `fold` is the one that tests it."""
    rows: dict[str, LabelledRow] = {}
    problems = []
    # Test files first: every recording that is tested anywhere is training material elsewhere.
    for path in sorted(files, key=lambda path: ("_test_" not in path.name, path)):
        for row in _read_table(path):
            if isinstance(row, RowProblem):
                problems.append(row)
            else:
                rows.setdefault(row.values["path"], row)
    return [*rows.values(), *problems]


def _split_lists(folder: Path) -> dict[Path, str]:
    """`train.csv`, `test.csv`, … of a folder with their splits, where there are several."""
    lists = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _TABLES and split_named(path.stem) and is_file(path)
    ]
    is_each_once = len({split_named(path.stem) for path in lists}) == len(lists)
    return {path: path.stem for path in lists} if len(lists) > 1 and is_each_once else {}


def _merge_splits(files: Mapping[Path, str]) -> list[LabelledRow | RowProblem]:
    """The lists of a data set of which each is a split."""
    rows: list[LabelledRow | RowProblem] = []
    for path, split in sorted(files.items()):
        for row in _read_table(path):
            if isinstance(row, RowProblem):
                rows.append(row)
            else:
                rows.append(replace(row, values={"split": split, **row.values}))
    return rows


def _read_folder(folder: Path, known: Collection[str]) -> list[LabelledRow | RowProblem]:
    passed_over = PassedOver()
    remarks: list[RowProblem] = []
    found: list[PurePath] = []
    for clip in expand([str(folder)], passed_over):
        if not isinstance(clip, Failure):
            found.append(Path(clip).relative_to(folder))
        elif clip.code != NoAudioFound.code:
            remarks.append(RowProblem(None, clip.path, clip.code, clip.message))
    if not found:
        reason = say(
            "it holds neither manifest.csv nor EmoBox folds nor a folder of audio for each label.",
            "其中既没有 manifest.csv，也没有 EmoBox 划分文件或按标签命名的音频文件夹。",
        )
        raise ManifestError(name=str(folder), reason=f"{reason} {passed_over}".rstrip())
    tree = read_tree(str(folder), found, known)
    said = RowProblem(None, "", "folder_levels", tree.said)
    if passed_over.count:
        remarks.append(RowProblem(None, "", "passed_over", str(passed_over)))
    rows = [
        LabelledRow(number, folder, values, {}) for number, values in enumerate(tree.rows, start=1)
    ]
    return [said, *remarks, *rows]


def _read_annotated(source: Path, *, each_annotator: bool) -> list[LabelledRow | RowProblem]:
    """What people annotated with other tools: a row for each label, and what is said of them."""
    rows: list[LabelledRow | RowProblem] = []
    number = 0
    for found in read_annotations(source, each_annotator=each_annotator):
        if isinstance(found, Failure):
            rows.append(RowProblem(None, found.path, found.code, found.message))
            continue
        number += 1
        recording = found.recording.absolute()
        who = {"speaker": found.speaker, "annotator": found.annotator}
        told = {name: text for name, text in who.items() if text}
        values = {"path": str(recording), "label": found.label, **told}
        times = (None if time is None else round(time, 3) for time in (found.start, found.end))
        rows.append(LabelledRow(number, source.parent, values, {}, recording, *times))
    return rows


def _corpus_label_map(manifest: Path) -> dict[str, str]:
    """EmoBox's own: `anger` is `Angry`, `exc` of IEMOCAP is `Happy`."""
    for folder in list(manifest.absolute().parents)[:2]:
        path = folder / "label_map.json"
        if is_file(path):
            return {name.casefold(): str(label) for name, label in _load_map(path).items()}
    return {}


def _load_map(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        data = file.read(_MOST_MAP_BYTES + 1)
    try:
        loaded = read_json(whole_text(data[:_MOST_MAP_BYTES]))
    except ValueError:
        loaded = None
    if not isinstance(loaded, dict):
        reason = say("it is no JSON object.", "不是 JSON 对象。")
        raise ManifestError(name=str(path), reason=reason)
    return loaded
