"""Lists of labelled recordings, read and checked row by row before any work starts.

Three forms are read: a list (`voxcor.datasets.lists`) that has labels; EmoBox's jsonl, one file or
the folder of a corpus with its folds; a folder of recordings that are sorted by label
(`folder_tree`). Parts of recordings are cut out, as are those that the annotations of other tools
name. What cannot be used becomes a
`Problem` that names its row, and the rest goes on.

EmoBox (`emo-box/EmoBox`, arXiv 2406.07162) gives a row as `{key, dataset, wav, emo, length, ...}`
and a `label_map.json` beside or above it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from voxcor.datasets.annotations import is_annotated, read_annotations
from voxcor.datasets.folder_tree import read_tree
from voxcor.datasets.lists import Flaw, Row, first_object, no_list, read_list
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
from voxcor.tables import listed_names
from voxcor.tables.columns import LABELS, Role, head_of
from voxcor.tables.text import whole_text
from voxcor.tables.times import LONGEST_S
from voxcor.untrusted import printable, read_json

# Codes of the problems that cost a row its place though somebody wanted it there.
LOST = frozenset(
    {
        *("missing_file", "no_label", "unknown_label", "stretch", "no_row"),
        *("damaged_annotation", ManifestError.code, InputUnreadable.code),  # of a document
    }
)

# A label with fewer clips is named: what is trained on it or measured on it rests on chance.
FEW_CLIPS = 5

# Of a folder that is given, the list that describes it: ours, Hugging Face's, Kaldi's.
_LISTS = ("manifest.csv", "metadata.csv", "metadata.jsonl", "wav.scp")

_ROLES: tuple[Role, ...] = ("speaker", "language", "corpus", "split")

# Of a corpus's own names of its labels.
_MOST_MAP_BYTES = 1 << 20

# What tasks and regions in Label Studio's exports have, and rows of a list have not.
_TASK = ("annotations", "completions", "predictions", "annotation_id", "annotator")
_REGION = ("labels", "choices", "original_length")

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
    def columns(self) -> dict[str, str]:
        """What it says beside its path, label and speaker."""
        own = ("path", "label", "speaker")
        rest = {name: value for name, value in self.values.items() if name not in own and value}
        times = zip(("start_time", "end_time"), self.part or (), strict=False)
        return {**rest, **{name: f"{time:.3f}" for name, time in times}}


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
        source: a list as `voxcor.datasets.lists` reads it, or the folder that it describes; the
            folder of an EmoBox corpus, a folder with a sub-folder for each label, or what
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
        name = row.values.get("label", "")
        full = row.label_map.get(name.casefold(), name)
        spellings = (name.casefold(), full.casefold())
        unused.difference_update(spellings)
        label = next((wanted[known] for known in spellings if known in wanted), full)
        label = label if label in (labels or ()) else label_named(label) or label
        utterance = Utterance(
            path=row.file or row.folder / row.values.get("path", ""),
            label=label,
            speaker=row.values.get("speaker") or None,
            row=row.number,
            columns=row.columns,
        )
        problem = _check_row(utterance, name, seen, labels, is_part=row.part is not None)
        if problem is None and labels is not None and label not in labels:
            left_out[label] += 1
            continue
        if problem is None and row.part is not None:
            utterance, problem = _cut_out(utterance, row.part, seen)
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
        if not is_folder(source):
            return _read_annotated(source) if _is_annotated(source) else _read_table(source)
        listed = next((source / name for name in _LISTS if is_file(source / name)), None)
        if listed:
            return _read_table(listed)
        if is_annotated(source):
            return _read_annotated(source)
        folds = [path for path in source.rglob("*.jsonl") if _FOLD_FILE.match(path.name)]
        if folds:
            return _merge_folds(folds)
        splits = sorted(path for name in _LISTS[1:3] for path in source.glob(f"*/{name}"))
        return _merge_splits(splits) if splits else _read_folder(source, known)
    except FileNotFoundError as error:
        raise InputNotFound(name=str(source)) from error
    except OSError as error:
        raise InputUnreadable(name=str(source), reason=error.strerror or str(error)) from error


def _is_annotated(source: Path) -> bool:
    """Whether it is what another tool wrote; a `.json` may be that, or a list."""
    if source.suffix.lower() != ".json":
        return is_annotated(source)
    first = first_object(source)
    regions = [one for value in first.values() if isinstance(value, list) for one in value[:1]]
    nested = any(isinstance(one, dict) and {*_REGION} & {*one} for one in regions)
    return nested or "path" not in head_of(tuple(first)).roles or bool({*_TASK} & {*first})


def _read_table(path: Path) -> "list[_Row | Problem]":
    found = [*read_list(path)]
    rows = [row for row in found if isinstance(row, Row)]
    column = _label_column(rows)
    if rows and column is None:
        raise no_list(path, rows[0].head.names, LABELS)
    fold = _FOLD_FILE.match(path.name)
    given = {"split": fold[1], "fold": fold[2]} if fold else {}
    label_map = _corpus_label_map(path) if path.suffix.lower() == ".jsonl" else {}
    return [
        _problem_of(row) if isinstance(row, Flaw) else _labelled(row, column, given, label_map)
        for row in found
    ]


def _label_column(rows: Sequence[Row]) -> str | None:
    """The column `label9`, else the one in which most rows name one of the nine.

    Some lists have a number beside the name, or a rating; of equals, the first of its names.
    """
    known: Counter[str] = Counter()
    for row in rows:
        for name in row.head.roles.get("label", ()):
            known[name] += label_named(row.values.get(name, "")) is not None
    ours = next((name for name in known if name.casefold() == "label9"), None)
    return ours or max(known, key=known.__getitem__, default=None)


def _labelled(
    row: Row, column: str | None, given: Mapping[str, str], label_map: Mapping[str, str]
) -> _Row:
    head, values = row.head, row.values
    own = {"path": row.named, "label": values.get(column or "", "")}
    own |= {role: head.first(role, values) for role in _ROLES}
    used = {column, *(name for role in ("path", *_ROLES) for name in head.roles.get(role, ()))}
    if head.stretch:
        used |= {head.stretch.start.name, head.stretch.end.name}
    rest = {name: value for name, value in values.items() if name not in used}
    values = {**given, **{name: value for name, value in {**rest, **own}.items() if value}}
    return _Row(row.line, row.source.parent, values, label_map, row.file, row.start, row.end)


def _problem_of(flaw: Flaw) -> Problem:
    code = {"row": "no_row", "path": "missing_file", "stretch": "stretch"}[flaw.kind]
    return Problem(flaw.line, flaw.named, code, flaw.sentence)


def _merge_folds(files: Sequence[Path]) -> "list[_Row | Problem]":
    """The folds of an EmoBox corpus, each recording once: `fold` is the one that tests it."""
    rows: dict[str, _Row] = {}
    problems = []
    # Test files first: every recording that is tested anywhere is training material elsewhere.
    for path in sorted(files, key=lambda path: ("_test_" not in path.name, path)):
        for row in _read_table(path):
            if isinstance(row, Problem):
                problems.append(row)
            else:
                rows.setdefault(row.values["path"], row)
    return [*rows.values(), *problems]


def _merge_splits(files: Sequence[Path]) -> "list[_Row | Problem]":
    """The splits of a data set as Hugging Face lays it out, a folder for each."""
    rows: list[_Row | Problem] = []
    for path in files:
        for row in _read_table(path):
            if isinstance(row, Problem):
                rows.append(row)
            else:
                values = {"split": path.parent.name, **row.values}
                rows.append(replace(row, values=values))
    return rows


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
        recording = found.recording.absolute()
        speaker = {"speaker": found.speaker} if found.speaker else {}
        values = {"path": str(recording), "label": found.label, **speaker}
        times = (None if time is None else round(time, 3) for time in (found.start, found.end))
        rows.append(_Row(number, source.parent, values, {}, recording, *times))
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


def _check_row(
    utterance: Utterance,
    name: str,
    seen: Mapping[Path, Utterance],
    labels: Sequence[str] | None,
    *,
    is_part: bool,
) -> Problem | None:
    """What keeps a row from being used, if anything does."""
    if not name:
        return row_problem(utterance, "no_label", "has no label.", "没有标签。")
    if not name.isprintable():  # it becomes the head of a column, the name of a class
        en, zh = "its label has characters that print nothing.", "标签含有不可显示的字符。"
        return row_problem(utterance, "no_label", en, zh)
    if not is_file(utterance.path):
        return row_problem(utterance, "missing_file", "there is no such file.", "文件不存在。")
    if not is_part and utterance.path in seen:
        return _listed_already(utterance, seen[utterance.path])
    label = utterance.label
    if labels is not None and label not in (*labels, *LABEL_IDS):
        known = listed_names(labels)
        en = f"label {name} is not among {known}; map it: --label-map {name}=LABEL"
        zh = f"标签 {name} 不在 {known} 之中;可用 --label-map {name}=标签 进行映射"
        return row_problem(utterance, "unknown_label", en, zh)
    return None


def _cut_out(
    utterance: Utterance, part: tuple[float, float], seen: Mapping[Path, Utterance]
) -> tuple[Utterance, Problem | None]:
    """The part as a clip of its own, or what keeps it from being one."""
    from voxcor.datasets.clips import clip_of

    start, end = part
    if not 0 <= start < end <= LONGEST_S:
        en, zh = f"{start:g} to {end:g} s is no stretch.", f"{start:g} 至 {end:g} 秒不是有效区间。"
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
