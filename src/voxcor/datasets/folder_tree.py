"""Recordings that are sorted into folders: which level of these is the label, which the speaker.

    ESD/0003/Angry/train/0003_000351.wav    speaker, label, split
    train/angry/call.wav                    split, label

No order is presumed: all names of a level are looked at together. The label is the level of which
most names are emotions, or the only one that can be. What is found is said in one line; where two
levels may be it, or none, the tree is refused.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from voxcor.datasets.folder_names import ROLES, is_code, is_person
from voxcor.errors import ManifestError
from voxcor.labels import label_named
from voxcor.language import say
from voxcor.tables import listed_names
from voxcor.untrusted import printable

# Of these a level may be of labels all the same, where it is the only one.
_SOFT_ROLES = ("language", "gender", "intensity")

_ORDINALS_EN = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ORDINALS_ZH = "一二三四五六七八"

# With a letter in it: numbers before labels are those of labels.
_WORD = re.compile(r"\d*[^\W\d_][^\W_]*")


# Whatever else than labels is read, in the order in which it is said.
_COLUMNS = {
    "speaker": ("speakers", "说话人"),
    "split": ("split", "划分"),
    "fold": ("fold", "折"),
    "session": ("session", "会话"),
    "language": ("language", "语言"),
    "gender": ("gender", "性别"),
    "intensity": ("intensity", "强度"),
    "corpus": ("corpus", "语料库"),
}

# Deeper down no corpus has anything to say.
_MOST_LEVELS = 24

_Names = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """Each recording's `path`, its `label` where it lies deep enough, and what else its folders
    say: `speaker`, `split`, …; and the line that says how they were read.
    """

    rows: tuple[Mapping[str, str], ...]
    said: str


@dataclass(frozen=True, slots=True)
class _Level:
    """The folders so many steps below the top: for each recording its name, or None where it lies
    above; and each name once.
    """

    index: int
    of_recordings: _Names
    names: tuple[str, ...]

    def share(self, is_one: Callable[[str], bool]) -> float:
        """How much of its names are so, 0..1."""
        return sum(map(is_one, self.names)) / len(self.names)

    @property
    def ordinal(self) -> str:
        if self.index < len(_ORDINALS_EN):
            return say(_ORDINALS_EN[self.index], f"第{_ORDINALS_ZH[self.index]}级")
        return say(f"no. {self.index + 1}", f"第 {self.index + 1} 级")

    @property
    def shown(self) -> str:
        """`the first (angry, happy)`, for a sentence."""
        names = _listed(self.names)
        return say(f"the {self.ordinal} ({names})", f"{self.ordinal}（{names}）")


def read_tree(folder: str, paths: Sequence[PurePath], known: Collection[str]) -> Tree:
    """What the folders of recordings say of them.

    Args:
        folder: the top, for errors.
        paths: of the recordings, below it.
        known: labels that count as emotions beside the nine, in lower case.

    Raises:
        ManifestError: no level is that of the labels, or several may be; it names them.
    """
    depth = min(_MOST_LEVELS, max(len(path.parts) - 1 for path in paths))
    levels = [_level(i, paths) for i in range(depth)]
    labels, names_of = _find_labels(folder, levels, lambda name: _is_label(name, known))
    columns = {"label": (labels, names_of), **_columns(levels, labels)}
    if "speaker" not in columns and (speakers := _beside_labels(labels, names_of)):
        columns["speaker"] = labels, speakers
    rows = []
    for i, path in enumerate(paths):
        found = {column: names[i] for column, (_, names) in columns.items()}
        rows.append({"path": str(path), **{k: v for k, v in found.items() if v is not None}})
    return Tree(tuple(rows), _said(levels, columns, known))


# Each column that is known, the level it is from, and its value for each recording.
_Columns = dict[str, tuple[_Level, _Names]]


def _level(index: int, paths: Sequence[PurePath]) -> _Level:
    found = tuple(path.parts[index] if len(path.parts) > index + 1 else None for path in paths)
    return _Level(index, found, _once(found))


def _once(found: _Names) -> tuple[str, ...]:
    return tuple(sorted({name for name in found if name is not None}))


def _listed(names: Iterable[str]) -> str:
    return listed_names([printable(name) for name in names])


def _is_label(name: str, known: Collection[str]) -> bool:
    return label_named(name) is not None or name.strip().casefold() in known


def _find_labels(
    folder: str, levels: Sequence[_Level], is_label: Callable[[str], bool]
) -> tuple[_Level, _Names]:
    """The level of the labels, and the label of each recording."""
    shares = {level.index: level.share(is_label) for level in levels}
    for least in (0.5, 0.0):
        likely = [level for level in levels if shares[level.index] >= least]
        likely = [level for level in likely if shares[level.index]]
        if len(likely) > 1:
            en = "are emotions, so either may be the labels"
            raise _refusal(folder, likely, en, "都是情感名称，无法确定哪一级是标签")
        if likely:
            return likely[0], likely[0].of_recordings
    within = [level for level in levels if all(map(_emotion_within, level.names))]
    if len(within) == 1:
        found = within[0].of_recordings
        return within[0], tuple(None if name is None else _emotion_within(name) for name in found)
    own = [level for level in levels if len(level.names) > 1 and _may_be_own_labels(level)]
    own = [level for level in own if _role(level) is None] or own
    if len(own) == 1:
        return own[0], own[0].of_recordings
    if own:
        en = "have no name of a known emotion, so either may be the labels"
        raise _refusal(folder, own, en, "都不含已知的情感名称，无法确定哪一级是标签")
    en = "name no emotion, and names of files are not read for one"
    raise _refusal(folder, levels, en, "不是情感名称，也不会从文件名中读取标签")


def _may_be_own_labels(level: _Level) -> bool:
    if _role(level) is not None:
        return _role(level) in _SOFT_ROLES
    return level.share(is_person) < 0.5 and level.share(is_code) < 0.5


def _refusal(folder: str, levels: Sequence[_Level], en: str, zh: str) -> ManifestError:
    shown = say(" and ", "与").join(level.shown for level in levels)
    manifest = say(
        "Say which names are labels with --label-map NAME=LABEL, or write a manifest: a .csv with "
        "the columns path,label,speaker and a line for each recording.",
        "请用 --label-map 名称=标签 指明哪些是标签，或编写清单：含 path,label,speaker 列的 .csv，"
        "每条录音一行。",
    )
    if not levels:
        reason = say(
            f"its recordings lie in no folder that is their label. {manifest}",
            f"其中的录音没有放在以标签命名的文件夹里。{manifest}",
        )
    else:
        one = len(levels) == 1
        reason = say(
            f"the folders of {shown} level{'' if one else 's'} {en}. {manifest}",
            f"{shown}文件夹{zh}。{manifest}",
        )
    return ManifestError(name=folder, reason=reason)


def _role(level: _Level) -> str | None:
    return next((role for role, is_one in ROLES.items() if level.share(is_one) >= 0.5), None)


def _columns(levels: Sequence[_Level], labels: _Level) -> _Columns:
    """What the other levels are: those with a role of their own, the speakers, the corpus."""
    columns: _Columns = {}
    rest = []
    for level in levels:
        if level is labels:
            continue
        role = _role(level)
        if role is None:
            rest.append(level)
        elif role not in columns:
            columns[role] = level, level.of_recordings
    speakers = _find_speakers(rest, labels)
    if speakers is not None:
        columns["speaker"] = speakers, speakers.of_recordings
        above = [
            level
            for level in rest
            if level.index < speakers.index and len(level.names) > 1 and _divides(level, speakers)
        ]
        if len(above) == 1:
            columns["corpus"] = above[0], above[0].of_recordings
    return columns


def _find_speakers(levels: Sequence[_Level], labels: _Level) -> _Level | None:
    """The level of people: by words for them, else by numbers, else by names under which labels
    repeat. None where several may be it: a wrong one would let a voice be in two folds.
    """
    persons = [level for level in levels if level.share(is_person) >= 0.5]
    codes = [
        level
        for level in levels
        # Below its label, a number that is met once is a recording's.
        if level.share(is_code) >= 0.5 and (level.index < labels.index or _recurs(level))
    ]
    names = [
        level
        for level in levels
        if len(level.names) > 1 and level.share(is_code) < 0.5 and _holds_labels(level, labels)
    ]
    for candidates in (persons, codes, names):
        if len(candidates) > 1:
            several = [level for level in candidates if len(level.names) > 1]
            is_nested = several and all(_divides(level, several[-1]) for level in several[:-1])
            return several[-1] if is_nested else None
        if candidates:
            return candidates[0]
    return None


def _recurs(level: _Level) -> bool:
    counts = Counter(name for name in level.of_recordings if name is not None)
    return max(counts.values()) > 1


def _holds_labels(level: _Level, labels: _Level) -> bool:
    """Whether most of its names have several labels, and are not things that are numbered."""
    held = _pairs(level.of_recordings, labels.of_recordings)
    several = sum(len(found) > 1 for found in held.values())
    stems = {name.rstrip("0123456789") for name in held}
    return 2 * several > len(held) and len(stems) > 1


def _divides(upper: _Level, lower: _Level) -> bool:
    """Whether each name of the lower level lies under one of the upper."""
    return all(
        len(found) == 1 for found in _pairs(lower.of_recordings, upper.of_recordings).values()
    )


def _pairs(keys: Iterable[str | None], values: Iterable[str | None]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, value in zip(keys, values, strict=True):
        if key is not None and value is not None:
            found[key].add(value)
    return found


def _emotion_within(name: str) -> str | None:
    """The one emotion that a name has among its words: `OAF_Fear`, `01 - angry`, `开心(happy)`."""
    words = re.findall(r"[^\W\d_]+", name)
    found = {label for word in words if (label := label_named(word))}
    return found.pop() if len(found) == 1 else None


def _beside_labels(labels: _Level, names_of: _Names) -> _Names | None:
    """Who speaks by the other words in the names of labels: `OAF` of `OAF_Fear` and `OAF_Sad`."""
    if names_of is labels.of_recordings:
        return None
    with_labels: dict[str, set[str]] = defaultdict(set)
    for name in labels.names:
        for word in _WORD.findall(name):
            with_labels[word].add(_emotion_within(name) or "")
    speakers = {
        name: "_".join(word for word in _WORD.findall(name) if len(with_labels[word]) > 1)
        for name in labels.names
    }
    people = {*speakers.values()}
    # `angry_high`: how strongly, or which split, and nobody.
    if any(all(map(is_one, people)) for is_one in ROLES.values()):
        return None
    if "" in people or len(people) < 2:
        return None
    return tuple(None if name is None else speakers[name] for name in labels.of_recordings)


def _said(levels: Sequence[_Level], columns: _Columns, known: Collection[str]) -> str:
    parts = [_labels_said(*columns["label"], known)]
    for column, (en, zh) in _COLUMNS.items():
        if column not in columns:
            continue
        level, found = columns[column]
        names = _once(found)
        if column == "speaker" and len(names) > 3:
            shown = say(f"{len(names)}", f"{len(names)} 位")
        else:
            shown = _listed(names)
        parts.append(
            say(f"{en} from the {level.ordinal} ({shown})", f"{zh}取自{level.ordinal}（{shown}）")
        )
    used = {level.index for level, _ in columns.values()}
    unread = [level for level in levels if level.index not in used and len(level.names) > 1]
    if unread:
        shown = say(" and ", "与").join(level.shown for level in unread)
        parts.append(say(f"nothing from {shown}", f"未使用{shown}"))
    return say(", ".join(parts) + ".", "，".join(parts) + "。")


def _labels_said(labels: _Level, names_of: _Names, known: Collection[str]) -> str:
    listed = _listed(labels.names)
    if names_of is not labels.of_recordings:
        found = _listed(_once(names_of))
        example = printable(labels.names[0])
        return say(
            f"labels from the {labels.ordinal} folder level ({found}, as in {example})",
            f"标签取自{labels.ordinal}文件夹（{found}，如 {example}）",
        )
    strange = [name for name in labels.names if not _is_label(name, known)]
    if len(strange) == len(labels.names):
        return say(
            f"labels are the folders {listed} (none of them a known emotion)",
            f"标签为文件夹 {listed}（均不是已知的情感名称）",
        )
    own = _listed(strange)
    also = say(f"; not known: {own}", f"；未知：{own}") if strange else ""
    return say(
        f"labels from the {labels.ordinal} folder level ({listed}{also})",
        f"标签取自{labels.ordinal}文件夹（{listed}{also}）",
    )
