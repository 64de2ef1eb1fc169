"""Who is held out: every figure of a training comes from voices that it was not trained on.

By default the speakers are dealt into five folds, each held out once, and the model that ships is
trained on all of them. A column `split` is obeyed instead; `loso` holds out each speaker in turn,
`fold` each value of that column.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voxcor.datasets.folder_names import split_named
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Utterance, row_problem
from voxcor.datasets.splits import (
    check_splits,
    leave_one_fold_out,
    leave_one_speaker_out,
    split_by_speaker,
)
from voxcor.errors import ManifestError, UsageError
from voxcor.language import listed, say

IntArray = NDArray[np.int64]
Folds = Literal["loso", "fold"]
Protocol = Literal["split", "loso", "fold", "speakers", "clips"]

_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fold:
    """Clips [n] to train on and clips [m] that are held out, indices; `name` says whose."""

    name: str
    train: IntArray
    held_out: IntArray


@dataclass(frozen=True, slots=True)
class Plan:
    """How a manifest is used; all clips by their index.

    `protocol` says by what the folds were made: `clips` alone are not speaker-disjoint. `train`
    are the clips of the final model, `test` those that only it is measured on.
    """

    protocol: Protocol
    folds: tuple[Fold, ...]
    train: IntArray
    test: IntArray


def make_plan(
    utterances: Sequence[Utterance], *, folds: Folds | None, seed: int, name: str
) -> tuple[Plan, tuple[RowProblem, ...]]:
    """The folds, and what is doubtful about them.

    Args:
        utterances: the clips that can be used.
        folds: hold out each speaker, or each value of the column `fold`; None for the column
            `split` where there is one, else for five folds of speakers.
        seed: of the folds.
        name: of the manifest, for errors.

    Raises:
        UsageError: the speakers or folds asked for are not known.
        ManifestError: what there is to train on has fewer than two labels, or clips that cannot be
            divided.
    """
    splits = _splits_of(utterances)
    if folds is None and splits["train"]:
        plan, problems = _by_column(utterances, splits, seed)
    else:
        index = {id(utterance): i for i, utterance in enumerate(utterances)}
        everything = np.arange(len(utterances))
        protocol, made = _cut(utterances, folds, seed)
        numbered = tuple(_numbered(index, *fold) for fold in made)
        plan, problems = Plan(protocol, numbered, everything, everything[:0]), ()
    _require_two(utterances, plan, name)
    return plan, (*problems, *_lone_voices(utterances, plan))


def _splits_of(utterances: Sequence[Utterance]) -> dict[str, list[int]]:
    splits: dict[str, list[int]] = defaultdict(list)
    for i, utterance in enumerate(utterances):
        splits[split_named(utterance.columns.get("split", "")) or ""].append(i)
    return splits


def _by_column(
    utterances: Sequence[Utterance], splits: dict[str, list[int]], seed: int
) -> tuple[Plan, tuple[RowProblem, ...]]:
    problems = [
        row_problem(
            utterances[i],
            "unknown_split",
            f"is in no split: {utterances[i].columns.get('split', '') or 'empty'}.",
            f"不属于任何划分：{utterances[i].columns.get('split', '') or '空'}。",
        )
        for i in splits[""]
    ]
    trained = {utterances[i].label for i in splits["train"]}
    for name in ("validation", "test"):
        for i in splits[name]:
            if utterances[i].label not in trained:
                label = utterances[i].label
                en = f"label {label} has no clip to train on."
                zh = f"标签 {label} 没有可用于训练的语音。"
                problems.append(row_problem(utterances[i], "label_not_trained", en, zh))
        splits[name] = [i for i in splits[name] if utterances[i].label in trained]
    # Tests first: a recording that two splits have stays there, and is taken out of training.
    order = ("test", "validation", "train")
    found = check_splits({name: [utterances[i] for i in splits[name]] for name in order})
    problems += found
    leaked = {(p.row, p.path) for p in found if p.code == "same_audio_in_splits"}
    kept = {
        name: np.array(
            [i for i in splits[name] if (utterances[i].row, str(utterances[i].path)) not in leaked],
            np.int64,
        )
        for name in order
    }
    train, validation = kept["train"], kept["validation"]
    if len(validation):
        folds: tuple[Fold, ...] = (Fold("validation", train, validation),)
    else:
        part = [utterances[i] for i in train]
        index = {id(utterances[i]): i for i in train}
        folds = tuple(_numbered(index, *fold) for fold in _cut(part, None, seed)[1])
    return Plan("split", folds, train, kept["test"]), tuple(problems)


_Cut = tuple[str, Sequence[Utterance], Sequence[Utterance]]


def _cut(
    utterances: Sequence[Utterance], folds: Folds | None, seed: int
) -> tuple[Protocol, list[_Cut]]:
    if folds is not None:
        leave_out = leave_one_speaker_out if folds == "loso" else leave_one_fold_out
        made: list[_Cut] = list(leave_out(utterances))
        if len(made) < 2:
            column = "speaker" if folds == "loso" else "fold"
            raise UsageError(
                reason_en=f"--folds {folds} needs two values in the column {column} at the least.",
                reason_zh=f"--folds {folds} 要求 {column} 列至少有两个不同的值。",
            )
        return folds, made
    voices = {u.voice for u in utterances if u.voice}
    by_speaker = len(voices) > 1
    return ("speakers" if by_speaker else "clips"), list(_deal(utterances, by_speaker, seed))


def _deal(utterances: Sequence[Utterance], by_speaker: bool, seed: int) -> Iterator[_Cut]:
    """Up to five folds, their labels as even as speakers allow; unknown speakers only train."""
    rest = list(utterances)
    units = {u.voice for u in rest if u.voice} if by_speaker else range(len(rest))
    for left in range(min(_FOLDS, len(units)), 0, -1):
        held: Sequence[Utterance] = [u for u in rest if u.voice or not by_speaker]
        if left > 1 and len({u.voice for u in held} if by_speaker else held) > 1:
            _, held = split_by_speaker(held, share=1 / left, seed=seed)
        if not held:
            return
        out = {id(u) for u in held}
        rest = [u for u in rest if id(u) not in out]
        voices = sorted({u.speaker or "" for u in held}) if by_speaker else [str(left)]
        yield ", ".join(voices), [u for u in utterances if id(u) not in out], held


def _numbered(
    index: dict[int, int], name: str, train: Sequence[Utterance], held_out: Sequence[Utterance]
) -> Fold:
    parts = [np.array(sorted(index[id(u)] for u in part), np.int64) for part in (train, held_out)]
    return Fold(name, *parts)


def _require_two(utterances: Sequence[Utterance], plan: Plan, name: str) -> None:
    labels = Counter(utterances[i].label for i in plan.train)
    if len(labels) < 2:
        known = listed(labels or ["-"])
        reason = say(
            f"there is nothing to tell apart, all clips to train on are {known.en}.",
            f"没有可区分的类别，用于训练的语音全部为 {known.zh}。",
        )
        raise ManifestError(name=name, reason=reason)
    if max(labels.values()) < 2:
        reason = say(
            "every label has one clip only; two of a label are needed, five are better.",
            "每个标签都只有一条语音；每个标签至少需要两条，最好五条。",
        )
        raise ManifestError(name=name, reason=reason)


def _lone_voices(utterances: Sequence[Utterance], plan: Plan) -> Iterator[RowProblem]:
    """Labels that only one speaker has: whoever learns them learns the voice."""
    if plan.protocol == "clips":
        return
    voices: dict[str, set[tuple[str, str] | None]] = defaultdict(set)
    for i in plan.train:
        voices[utterances[i].label].add(utterances[i].voice)
    for label, known in voices.items():
        if len(known) == 1:
            (voice,) = known
            who = voice[1] if voice else "?"
            en = f"label {label} is spoken by {who} only: nothing tells it from that voice."
            zh = f"标签 {label} 只有说话人 {who}：无法与该说话人的音色区分开。"
            yield RowProblem(None, "", "one_speaker", say(en, zh))
