"""Lists of labelled recordings, read and checked row by row before any work starts.

Three forms are read: a table (`.csv` or `.jsonl`) with `path` and `label9` or `label`, and any
further columns; EmoBox's jsonl, one file or the folder of a corpus with its folds; a folder of
recordings that are sorted by label (`folder_tree`). Paths are relative to the manifest. A row with
`start_time` and `end_time` in seconds is a stretch of its recording, as are the annotations of
other tools. What cannot be used becomes a `Problem` that names its row, and the rest goes on.

EmoBox (`emo-box/EmoBox`, arXiv 2406.07162) gives a row as `{key, dataset, wav, emo, length, ...}`
and a `label_map.json` beside or above it.
"""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from voxcor.datasets.annotations import is_annotated, read_annotations
from voxcor.datasets.folder_tree import read_tree
from voxcor.errors import (
    InputError,
    InputNotFound,
    InputUnreadable,
    ManifestError,
    NoAudioFound,
    UsageError,
)
from voxcor.labels import LABEL_IDS, label_named
from voxcor.language import say
from voxcor.results import Failure
from voxcor.sources import PassedOver, expand, is_file, is_folder
from voxcor.tables import listed_names, read_csv
from voxcor.untrusted import printable, read_json

# Codes of the problems that cost a row its place though somebody wanted it there.
LOST = frozenset(
    {
        *("missing_file", "no_label", "unknown_label", "stretch"),
        *("damaged_annotation", ManifestError.code, InputUnreadable.code),  # of a document
    }
)

# A label with fewer clips is named: what is trained on it or measured on it rests on chance.
FEW_CLIPS = 5

# A list of a million rows takes half of this; it is read whole.
MOST_BYTES = 256 << 20

# A time beyond a year is no time in a recording.
_LONGEST_S = 366 * 86_400.0

_PATH_COLUMNS = ("path", "wav")
_LABEL_COLUMNS = ("label9", "label", "emo")

_FOLD_FILE = re.compile(r".+_(train|valid|test)_fold_?(\d+)\.jsonl")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled recording. `row` is its line in the manifest, or its number in a folder."""

    path: Path
    label: str
    speaker: str | None
    row: int
    columns: Mapping[str, str]  # everything else the row says: language, corpus, split, fold, …

    @property
    def voice(self) -> tuple[str, str] | None:
        """Who speaks, where known: corpora number their speakers alike, so with the corpus."""
        return (self.columns.get("corpus", ""), self.speaker) if self.speaker else None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a manifest that a person should know; `row` is None where no row is meant."""

    row: int | None
    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`labels`: those that occur, the nine in model order, then others by name."""

    utterances: tuple[Utterance, ...]
    problems: tuple[Problem, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    folder: Path
    values: Mapping[str, str]
    label_map: Mapping[str, str]  # the corpus's own

    def first(self, columns: Sequence[str]) -> str:
        """The first of these columns that says anything."""
        return next((self.values[name] for name in columns if self.values.get(name)), "")


def parse_label_map(pairs: Iterable[str]) -> dict[str, str]:
    """`["calm=neutral", "boredom=other"]` as a map.

    Raises:
        UsageError: an item that is not `name=label`.
    """
    label_map = {}
    for pair in pairs:
        name, equals, label = (part.strip() for part in pair.partition("="))
        if not (name and equals and label):
            raise UsageError(
                reason_en=f"A label map is written calm=neutral, not {pair}.",
                reason_zh=f"标签映射应写作 calm=neutral,而不是 {pair}。",
            )
        label_map[name] = label
    return label_map


def read_manifest(
    source: Path,
    *,
    label_map: Mapping[str, str] | None = None,
    labels: Sequence[str] | None = None,
) -> Manifest:
    """The recordings that `source` lists, and everything that is wrong with the list.

    Args:
        source: a `.csv` or `.jsonl` file, the folder of an EmoBox corpus, a folder with a
            `manifest.csv`, a folder with a sub-folder for each label, or what
            `voxcor.datasets.annotations` reads: corrected TextGrids, ELAN documents or an export of
            Label Studio.
        label_map: labels as the manifest has them, in any case, to labels as wanted. Common names
            of the nine (`anger`, `happiness`, `生气`) need no map.
        labels: keep only these; one of the nine that is not among them is left out and counted,
            any other is an unknown label. None keeps all.

    Raises:
        InputNotFound, InputUnreadable: there is no such file or folder, or it cannot be read.
        ManifestError: it is no manifest, or no row of it can be used.
    """
    wanted = {name.casefold(): label for name, label in (label_map or {}).items()}
    utterances: list[Utterance] = []
    problems: list[Problem] = []
    seen: dict[Path, Utterance] = {}
    left_out: Counter[str] = Counter()
    unused = set(wanted)
    for row in _read_rows(source, {*wanted, *(name.casefold() for name in labels or ())}):
        if isinstance(row, Problem):
            problems.append(row)
            continue
        name = row.first(_LABEL_COLUMNS)
        full = row.label_map.get(name.casefold(), name)
        spellings = (name.casefold(), full.casefold())
        unused.difference_update(spellings)
        label = next((wanted[known] for known in spellings if known in wanted), full)
        label = label if label in (labels or ()) else label_named(label) or label
        utterance = Utterance(
            path=_locate(row),
            label=label,
            speaker=row.values.get("speaker") or None,
            row=row.number,
            columns=_rest(row),
        )
        problem = _check_row(utterance, name, seen, labels)
        if problem is None and labels is not None and label not in labels:
            left_out[label] += 1
            continue
        if problem is None and _is_stretch(utterance):
            utterance, problem = _cut_out(utterance, seen)
        if problem is not None:
            problems.append(problem)
        else:
            seen[utterance.path] = utterance
            utterances.append(utterance)
    problems += [_left_out(label, clips) for label, clips in left_out.items()]
    problems += [_unused(name) for name in sorted(unused)]
    if not utterances:
        first = problems[0].message if problems else say("It is empty.", "内容为空。")
        reason = say(f"no row can be used. {first}", f"没有可用的行。{first}")
        raise ManifestError(name=str(source), reason=reason)
    problems += _check_whole(utterances)
    return Manifest(tuple(utterances), tuple(problems), in_model_order(u.label for u in utterances))


def in_model_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Each label once: the nine in model order, then others by name."""
    present = set(labels)
    own = sorted(present - set(LABEL_IDS))
    return (*(label for label in LABEL_IDS if label in present), *own)


def _read_rows(source: Path, known: Collection[str]) -> Sequence[_Row | Problem]:
    try:
        if is_annotated(source) and not is_file(source / "manifest.csv"):
            return _read_annotated(source)
        if not is_folder(source):
            return _read_table(source)
        if is_file(source / "manifest.csv"):
            return _read_table(source / "manifest.csv")
        folds = [path for path in source.rglob("*.jsonl") if _FOLD_FILE.match(path.name)]
        return _merge_folds(folds) if folds else _read_folder(source, known)
    except FileNotFoundError as error:
        raise InputNotFound(name=str(source)) from error
    except OSError as error:
        raise InputUnreadable(name=str(source), reason=error.strerror or str(error)) from error


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        reason = say(f"it has more than {MOST_BYTES:,} bytes.", f"超过 {MOST_BYTES:,} 字节。")
        raise ManifestError(name=str(path), reason=reason)
    try:
        return data.decode("utf-8-sig")  # Excel begins its UTF-8 with a mark
    except UnicodeDecodeError as error:
        reason = say("it is not UTF-8 text.", "不是 UTF-8 文本。")
        raise ManifestError(name=str(path), reason=reason) from error


def _read_table(path: Path) -> list[_Row]:
    text = _read_text(path)
    is_jsonl = path.suffix.lower() == ".jsonl"
    rows = list(_json_rows(path, text) if is_jsonl else _csv_rows(path, text))
    columns = dict.fromkeys(name for _, values in rows for name in values)
    if rows and not (columns.keys() & {*_PATH_COLUMNS} and columns.keys() & {*_LABEL_COLUMNS}):
        listed = listed_names([*columns])
        reason = say(
            f"it needs a column path and a column label9 or label; its columns are: {listed}.",
            f"需要 path 列以及 label9 或 label 列;现有的列:{listed}。",
        )
        raise ManifestError(name=str(path), reason=reason)
    fold = _FOLD_FILE.match(path.name)
    given = {"split": fold[1], "fold": fold[2]} if fold else {}
    label_map = _corpus_label_map(path) if is_jsonl else {}
    return [_Row(number, path.parent, {**given, **values}, label_map) for number, values in rows]


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    number = 0
    try:
        _, rows = read_csv(io.StringIO(text, newline=""))
        for number, cells in rows:
            yield number, {name: cell.strip() for name, cell in cells.items()}
    except csv.Error as error:
        at = number + 1
        reason = say(f"row {at}: {error}.", f"第 {at} 行：{error}。")
        raise ManifestError(name=str(path), reason=reason) from error


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        values = _load_json(path, line, number)
        yield number, {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    """What a table would say; a list or an object is no path, no label and no time."""
    return str(value) if isinstance(value, str | int | float) else "\0"


def _load_json(path: Path, text: str, row: int) -> dict[str, Any]:
    try:
        values = read_json(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        reason = say(f"row {row} is no JSON object.", f"第 {row} 行不是 JSON 对象。")
        raise ManifestError(name=str(path), reason=reason)
    return values


def _merge_folds(files: Sequence[Path]) -> list[_Row]:
    """The folds of an EmoBox corpus, each recording once: `fold` is the one that tests it."""
    rows: dict[str, _Row] = {}
    # Test files first: every recording that is tested anywhere is training material elsewhere.
    for path in sorted(files, key=lambda path: ("_test_" not in path.name, path)):
        for row in _read_table(path):
            rows.setdefault(row.first(_PATH_COLUMNS), row)
    return list(rows.values())


def _read_folder(folder: Path, known: Collection[str]) -> list[_Row | Problem]:
    passed_over = PassedOver()
    remarks: list[Problem] = []
    found: list[PurePath] = []
    for clip in expand([str(folder)], passed_over):
        if not isinstance(clip, Failure):
            found.append(Path(clip).relative_to(folder))
        elif clip.code != NoAudioFound.code:
            remarks.append(Problem(None, clip.path, clip.code, clip.message))
    if not found:
        reason = say(
            "it holds neither manifest.csv nor EmoBox folds nor a folder of audio for each label.",
            "其中既没有 manifest.csv，也没有 EmoBox 划分文件或按标签命名的音频文件夹。",
        )
        raise ManifestError(name=str(folder), reason=f"{reason} {passed_over}".rstrip())
    tree = read_tree(str(folder), found, known)
    said = Problem(None, "", "folder_levels", tree.said)
    if passed_over.count:
        remarks.append(Problem(None, "", "passed_over", str(passed_over)))
    rows = [_Row(number, folder, values, {}) for number, values in enumerate(tree.rows, start=1)]
    return [said, *remarks, *rows]


def _read_annotated(source: Path) -> list[_Row | Problem]:
    """What people annotated with other tools: a row for each label, and what is said of them."""
    rows: list[_Row | Problem] = []
    number = 0
    for found in read_annotations(source):
        if isinstance(found, Failure):
            rows.append(Problem(None, found.path, found.code, found.message))
            continue
        number += 1
        values = {
            "path": str(found.recording.absolute()),
            "label": found.label,
            **({"start_time": f"{found.start:.3f}"} if found.start is not None else {}),
            **({"end_time": f"{found.end:.3f}"} if found.end is not None else {}),
            **({"speaker": found.speaker} if found.speaker else {}),
        }
        rows.append(_Row(number, source.parent, values, {}))
    return rows


def _corpus_label_map(manifest: Path) -> dict[str, str]:
    """EmoBox's own: `anger` is `Angry`, `exc` of IEMOCAP is `Happy`."""
    for folder in list(manifest.absolute().parents)[:2]:
        path = folder / "label_map.json"
        if is_file(path):
            loaded = _load_json(path, _read_text(path), 1)
            return {name.casefold(): str(label) for name, label in loaded.items()}
    return {}


def _locate(row: _Row) -> Path:
    path = row.values.get("path")
    if path:
        return row.folder / path
    # EmoBox's `wav` starts at the root of its checkout, some folders above the manifest.
    wav = row.values.get("wav", "")
    bases = (row.folder, *row.folder.absolute().parents)
    return next((base / wav for base in bases if is_file(base / wav)), row.folder / wav)


def _rest(row: _Row) -> dict[str, str]:
    used = {*_PATH_COLUMNS, *_LABEL_COLUMNS, "speaker"}
    rest = {name: value for name, value in row.values.items() if name not in used and value}
    if "dataset" in rest:
        rest.setdefault("corpus", rest.pop("dataset"))
    return rest


def _check_row(
    utterance: Utterance,
    name: str,
    seen: Mapping[Path, Utterance],
    labels: Sequence[str] | None,
) -> Problem | None:
    """What keeps a row from being used, if anything does."""
    if not name:
        return row_problem(utterance, "no_label", "has no label.", "没有标签。")
    if not name.isprintable():  # it becomes the head of a column, the name of a class
        en, zh = "its label has characters that print nothing.", "标签含有不可显示的字符。"
        return row_problem(utterance, "no_label", en, zh)
    if not is_file(utterance.path):
        return row_problem(utterance, "missing_file", "there is no such file.", "文件不存在。")
    if not _is_stretch(utterance) and utterance.path in seen:
        return _listed_already(utterance, seen[utterance.path])
    label = utterance.label
    if labels is not None and label not in (*labels, *LABEL_IDS):
        known = listed_names(labels)
        en = f"label {name} is not among {known}; map it: --label-map {name}=LABEL"
        zh = f"标签 {name} 不在 {known} 之中;可用 --label-map {name}=标签 进行映射"
        return row_problem(utterance, "unknown_label", en, zh)
    return None


def _is_stretch(utterance: Utterance) -> bool:
    """Whether it is a part of a recording; EmoBox and annotations say so in seconds."""
    return "start_time" in utterance.columns or "end_time" in utterance.columns


def _cut_out(
    utterance: Utterance, seen: Mapping[Path, Utterance]
) -> tuple[Utterance, Problem | None]:
    """The stretch as a clip of its own, or what keeps it from being one."""
    from voxcor.datasets.clips import clip_of

    columns = utterance.columns
    try:
        start, end = (float(columns.get(name, "")) for name in ("start_time", "end_time"))
    except ValueError:
        start, end = 0.0, 0.0
    if not 0 <= start < end <= _LONGEST_S:
        en, zh = "its start_time and end_time are no stretch.", "start_time 与 end_time 无效。"
        return utterance, row_problem(utterance, "stretch", en, zh)
    try:
        clip = replace(utterance, path=clip_of(utterance.path, start, end))
    except InputError as error:
        said = error.message.removeprefix(str(utterance.path)).lstrip(": ")
        return utterance, row_problem(utterance, error.code, said, said)
    if clip.path in seen:
        return clip, _listed_already(clip, seen[clip.path])
    return clip, None


def _listed_already(utterance: Utterance, first: Utterance) -> Problem:
    en, zh = f"is listed in row {first.row} already", f"已列于第 {first.row} 行"
    if first.label != utterance.label:
        en += f", and there as {first.label}, here as {utterance.label}"
        zh += f",且标签不同({first.label} 与 {utterance.label})"
    return row_problem(utterance, "duplicate_row", f"{en}.", f"{zh}。")


def _check_whole(utterances: Sequence[Utterance]) -> Iterator[Problem]:
    rows: dict[str, list[int]] = defaultdict(list)
    for utterance in utterances:
        rows[utterance.label].append(utterance.row)
    for label, numbers in rows.items():
        if len(numbers) < FEW_CLIPS:
            listed = ", ".join(map(str, numbers))
            en = f"label {label} has only {len(numbers)} (rows {listed})."
            zh = f"标签 {label} 只有 {len(numbers)} 条语音(第 {listed} 行)。"
            yield Problem(numbers[0], "", "few_clips", say(en, zh))
    if len(rows) == 1:
        (label,) = rows
        yield Problem(None, "", "one_class", say(f"all are {label}.", f"全部标签都是 {label}。"))
    if not any(utterance.speaker for utterance in utterances):
        en = "no speaker is known, so nothing can be kept speaker-disjoint."
        yield Problem(None, "", "no_speakers", say(en, "未提供说话人,无法保证按说话人划分。"))


def _left_out(label: str, clips: int) -> Problem:
    en, zh = f"label {label}: {clips} clips left out.", f"标签 {label}:{clips} 条语音未计入。"
    return Problem(None, "", "label_left_out", say(en, zh))


def _unused(name: str) -> Problem:
    en = f"the label map names {name}, which no row has."
    zh = f"标签映射中的 {name} 未出现在任何行中。"
    return Problem(None, "", "unused_label_map", say(en, zh))


def row_problem(utterance: Utterance, code: str, en: str, zh: str) -> Problem:
    """A problem of one row, in the language of the process."""
    row, path = utterance.row, str(utterance.path)
    shown = printable(path)
    message = say(f"row {row}: {shown}: {en}", f"第 {row} 行:{shown}:{zh}")
    return Problem(row, path, code, message)
