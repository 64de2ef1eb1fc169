"""Lists of labelled recordings, checked row by row before any work starts.

Parts of recordings are cut out. What cannot be used becomes a `RowProblem` that names its row, and
the rest goes on.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from voxcor.datasets.labelled import RowProblem, read_labelled
from voxcor.errors import (
    InputError,
    InputUnreadable,
    ManifestError,
    UsageError,
)
from voxcor.labels import LABEL_IDS, is_code, label_named, labels_named
from voxcor.language import listed, say
from voxcor.sources import is_file
from voxcor.tables import listed_names
from voxcor.tables.times import LONGEST_S
from voxcor.untrusted import printable

# Codes of the problems that cost a row its place though somebody wanted it there.
LOST = frozenset(
    {
        *("missing_file", "no_label", "unknown_label", "several_labels", "stretch", "no_row"),
        *("damaged_annotation", ManifestError.code, InputUnreadable.code),  # of a document
    }
)

# A label with fewer clips is named: what is trained on it or measured on it rests on chance.
FEW_CLIPS = 5


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled recording. `row` is its line in the manifest, or its number in a folder.

    `cut_from` is the recording of which `path` is a part, where it is one.
    """

    path: Path
    label: str
    speaker: str | None
    row: int
    columns: Mapping[str, str]  # everything else the row says: language, corpus, split, fold, …
    cut_from: Path | None = None

    @property
    def voice(self) -> tuple[str, str] | None:
        """Who speaks, where known: corpora number their speakers alike, so with the corpus."""
        return (self.columns.get("corpus", ""), self.speaker) if self.speaker else None


@dataclass(frozen=True, slots=True)
class Manifest:
    """`labels`: those that occur, the nine in model order, then others by name."""

    utterances: tuple[Utterance, ...]
    problems: tuple[RowProblem, ...]
    labels: tuple[str, ...]


def parse_label_map(texts: Iterable[str]) -> dict[str, str]:
    """`["calm=neutral", "boredom=other,tired=sad"]` as a map.

    Raises:
        UsageError: an item that is not `name=label`.
    """
    label_map = {}
    for pair in chain.from_iterable(text.split(",") for text in texts):
        name, equals, label = (part.strip() for part in pair.partition("="))
        if not (name and equals and label):
            raise UsageError(
                reason_en=f"A label map is written calm=neutral, not {pair}.",
                reason_zh=f"标签映射应写作 calm=neutral，而不是 {pair}。",
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
    problems: list[RowProblem] = []
    seen: dict[Path, Utterance] = {}
    left_out: Counter[str] = Counter()
    unused = set(wanted)
    for row in read_labelled(source, {*wanted, *(name.casefold() for name in labels or ())}):
        if isinstance(row, RowProblem):
            problems.append(row)
            continue
        name = row.values.get("label", "")
        full = row.label_map.get(name.casefold(), name)
        spellings = (name.casefold(), full.casefold())
        unused.difference_update(spellings)
        mapped = next((wanted[known] for known in spellings if known in wanted), None)
        label = mapped or full
        label = label if label in (labels or ()) else label_named(label) or label
        utterance = Utterance(
            path=row.file or row.folder / row.values.get("path", ""),
            label=label,
            speaker=row.values.get("speaker") or None,
            row=row.number,
            columns=row.columns,
        )
        problem = _check_row(utterance, name, seen, labels, is_part=row.part is not None)
        if problem is None and mapped is None and label not in (labels or ()):
            problem = _unclear_label(utterance)
        if problem is None and labels is not None and label not in labels:
            left_out[label] += 1
            continue
        if problem is None and row.part is not None:
            utterance, problem = _cut_out(utterance, row.part, row.channel, seen)
        if problem is not None:
            problems.append(problem)
        else:
            seen[utterance.path] = utterance
            utterances.append(utterance)
    problems += [_left_out(label, clips) for label, clips in left_out.items()]
    problems += [_unused(name) for name in sorted(unused)]
    if not utterances:
        lost = (problem.message for problem in problems if problem.code in LOST)
        said = problems[0].message if problems else say("It is empty.", "内容为空。")
        first = next(lost, said)
        reason = say(f"no row can be used. {first}", f"没有可用的行。{first}")
        raise ManifestError(name=str(source), reason=reason)
    problems += _check_whole(utterances)
    return Manifest(tuple(utterances), tuple(problems), in_model_order(u.label for u in utterances))


def in_model_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Each label once: the nine in model order, then others by name."""
    present = set(labels)
    own = sorted(present - set(LABEL_IDS))
    return (*(label for label in LABEL_IDS if label in present), *own)


def _check_row(
    utterance: Utterance,
    name: str,
    seen: Mapping[Path, Utterance],
    labels: Sequence[str] | None,
    *,
    is_part: bool,
) -> RowProblem | None:
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
        zh = f"标签 {name} 不在 {known} 之中；可用 --label-map {name}=标签 进行映射"
        return row_problem(utterance, "unknown_label", en, zh)
    return None


def _unclear_label(utterance: Utterance) -> RowProblem | None:
    """What keeps a label from being one: there are several, or it is a code of the corpus."""
    label = utterance.label
    several = labels_named(label)
    if len(several) > 1:
        named = listed_names(several)
        en = f"has several labels, {named}: give one, or map them: --label-map '{label}=LABEL'"
        zh = f"有多个标签（{named}）：请只给一个，或映射：--label-map '{label}=标签'"
        return row_problem(utterance, "several_labels", en, zh)
    if is_code(label):
        en = f"its label {label} is a code; say what each means, as in --label-map {label}=happy"
        zh = f"其标签 {label} 是代码；请逐一说明含义，例如 --label-map {label}=happy"
        return row_problem(utterance, "unknown_label", en, zh)
    return None


def _cut_out(
    utterance: Utterance,
    part: tuple[float, float],
    channel: int | None,
    seen: Mapping[Path, Utterance],
) -> tuple[Utterance, RowProblem | None]:
    """The part as a clip of its own, or what keeps it from being one."""
    from voxcor.datasets.clips import clip_of

    start, end = part
    if not 0 <= start < end <= LONGEST_S:
        en, zh = f"{start:g} to {end:g} s is no stretch.", f"{start:g} 至 {end:g} 秒不是有效区间。"
        return utterance, row_problem(utterance, "stretch", en, zh)
    try:
        whole = utterance.path
        clip = replace(utterance, path=clip_of(whole, start, end, channel), cut_from=whole)
    except InputError as error:
        said = error.message.removeprefix(str(utterance.path)).lstrip(": ")
        return utterance, row_problem(utterance, error.code, said, said)
    if clip.path in seen:
        return clip, _listed_already(clip, seen[clip.path])
    return clip, None


def _listed_already(utterance: Utterance, first: Utterance) -> RowProblem:
    en, zh = f"is listed in row {first.row} already", f"已列于第 {first.row} 行"
    if first.label != utterance.label:
        en += f", and there as {first.label}, here as {utterance.label}"
        zh += f"，且标签不同（{first.label} 与 {utterance.label}）"
    return row_problem(utterance, "duplicate_row", f"{en}.", f"{zh}。")


def _check_whole(utterances: Sequence[Utterance]) -> Iterator[RowProblem]:
    rows: dict[str, list[int]] = defaultdict(list)
    for utterance in utterances:
        rows[utterance.label].append(utterance.row)
    for label, numbers in rows.items():
        if len(numbers) < FEW_CLIPS:
            places = listed(map(str, numbers))
            en = f"label {label} has only {len(numbers)} (rows {places.en})."
            zh = f"标签 {label} 只有 {len(numbers)} 条语音（第 {places.zh} 行）。"
            yield RowProblem(numbers[0], "", "few_clips", say(en, zh))
    if len(rows) == 1:
        (label,) = rows
        yield RowProblem(None, "", "one_class", say(f"all are {label}.", f"全部标签都是 {label}。"))
    if not any(utterance.speaker for utterance in utterances):
        en = "no speaker is known, so nothing can be kept speaker-disjoint."
        yield RowProblem(None, "", "no_speakers", say(en, "未提供说话人，无法保证按说话人划分。"))


def _left_out(label: str, clips: int) -> RowProblem:
    en, zh = f"label {label}: {clips} clips left out.", f"标签 {label}：{clips} 条语音未计入。"
    return RowProblem(None, "", "label_left_out", say(en, zh))


def _unused(name: str) -> RowProblem:
    en = f"the label map names {name}, which no row has."
    zh = f"标签映射中的 {name} 未出现在任何行中。"
    return RowProblem(None, "", "unused_label_map", say(en, zh))


def row_problem(utterance: Utterance, code: str, en: str, zh: str) -> RowProblem:
    """A problem of one row, in the language of the process."""
    row, path = utterance.row, str(utterance.path)
    shown = printable(path)
    message = say(f"row {row}: {shown}: {en}", f"第 {row} 行：{shown}:{zh}")
    return RowProblem(row, path, code, message)
