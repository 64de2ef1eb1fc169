"""Splits of labelled recordings that leak nothing: by speaker, by fold, and checked.

A model that was trained on a voice recognises it; figures on it say little about the next voice. So
training and held-out utterances share no speaker, and no recording under two names.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from voxcor.audio import decode
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Manifest, Utterance, row_problem
from voxcor.errors import InputError, UsageError


def check_splits(splits: Mapping[str, Sequence[Utterance]]) -> tuple[RowProblem, ...]:
    """What two splits have in common and must not: the same sound (by sha256) and speakers.

    Args:
        splits: utterances by the name of their split.

    Returns:
        `same_audio_in_splits`, one for each recording; `shared_speaker`, one for each speaker.
    """
    problems = []
    homes: dict[tuple[str, str], str] = {}
    shared: dict[tuple[str, str], tuple[Utterance, str, str]] = {}
    for name, utterances in splits.items():
        for utterance in utterances:
            if utterance.voice and homes.setdefault(utterance.voice, name) != name:
                shared.setdefault(utterance.voice, (utterance, homes[utterance.voice], name))
    for utterance, first, second in shared.values():
        en = f"speaker {utterance.speaker} is in {first} and in {second}."
        zh = f"说话人 {utterance.speaker} 同时出现在 {first} 和 {second} 中。"
        problems.append(row_problem(utterance, "shared_speaker", en, zh))

    met: dict[bytes, tuple[str, Utterance]] = {}
    for name, utterance, digest in _digests(splits):
        split, earlier = met.setdefault(digest, (name, utterance))
        if split != name:
            en = f"the same audio as row {earlier.row} ({earlier.path.name}), which is in {split}."
            zh = f"与第 {earlier.row} 行（{earlier.path.name}，属于 {split}）的音频完全相同。"
            problems.append(row_problem(utterance, "same_audio_in_splits", en, zh))
    return tuple(problems)


def check_split_column(manifest: Manifest) -> Manifest:
    """The manifest with what `check_splits` finds wrong with its column `split`, if it has one."""
    splits: dict[str, list[Utterance]] = {}
    for utterance in manifest.utterances:
        if "split" in utterance.columns:
            splits.setdefault(utterance.columns["split"], []).append(utterance)
    return replace(manifest, problems=manifest.problems + check_splits(splits))


def split_by_speaker(
    utterances: Sequence[Utterance], *, share: float, seed: int
) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...]]:
    """Training and validation utterances with no speaker in both.

    Of 500 random orders of the speakers, each cut where it fits best, the one is taken that brings
    the share of every label of every corpus nearest to `share`. Utterances of unknown speakers
    train: in validation they would prove nothing. Where fewer than two speakers are known, single
    utterances take the speakers' place, and the split is no longer speaker-disjoint.

    Args:
        utterances: all of them.
        share: of each label that validation should get, 0..1.
        seed: the same seed gives the same split.

    Raises:
        UsageError: fewer than two utterances.
    """
    if len(utterances) < 2:
        raise UsageError(
            reason_en="One utterance cannot be split into training and validation.",
            reason_zh="只有一条语音，无法划分训练集和验证集。",
        )
    voices = sorted({u.voice for u in utterances if u.voice})
    by_speaker = len(voices) > 1
    groups: list[object] = [u.voice if by_speaker else index for index, u in enumerate(utterances)]
    members = sorted(set(voices)) if by_speaker else list(range(len(utterances)))
    cells = [(u.columns.get("corpus", ""), u.label) for u in utterances]
    columns = {cell: column for column, cell in enumerate(dict.fromkeys(cells))}
    rows = {member: row for row, member in enumerate(members)}
    counts = np.zeros((len(members), len(columns)))
    for group, cell in zip(groups, cells, strict=True):
        if group in rows:
            counts[rows[group], columns[cell]] += 1

    rng = np.random.default_rng(seed)
    totals = np.maximum(counts.sum(axis=0), 1)
    best, chosen = np.inf, set[object]()
    for _ in range(500):
        order = rng.permutation(len(members))
        shares = np.cumsum(counts[order], axis=0)[:-1] / totals  # [members - 1, cells]
        costs = np.abs(shares - share).mean(axis=1)
        cut = int(costs.argmin())
        if costs[cut] < best:
            best, chosen = costs[cut], {members[row] for row in order[: cut + 1]}
    held = [group in chosen for group in groups]
    return (
        tuple(u for u, out in zip(utterances, held, strict=True) if not out),
        tuple(u for u, out in zip(utterances, held, strict=True) if out),
    )


def leave_one_speaker_out(
    utterances: Sequence[Utterance],
) -> Iterator[tuple[str, tuple[Utterance, ...], tuple[Utterance, ...]]]:
    """For each known speaker in turn: its name, all utterances but its own, and its own.

    Utterances of unknown speakers are always among the former.
    """
    yield from _leave_one_out(utterances, lambda u: "/".join(filter(None, u.voice or ())))


def leave_one_fold_out(
    utterances: Sequence[Utterance],
) -> Iterator[tuple[str, tuple[Utterance, ...], tuple[Utterance, ...]]]:
    """For each value of the column `fold`: it, the utterances of other folds, and its own."""
    yield from _leave_one_out(utterances, lambda u: u.columns.get("fold", ""))


def _leave_one_out(
    utterances: Sequence[Utterance], name_of: Callable[[Utterance], str]
) -> Iterator[tuple[str, tuple[Utterance, ...], tuple[Utterance, ...]]]:
    names = [name_of(utterance) for utterance in utterances]
    for name in sorted(set(names) - {""}):
        pairs = [(utterance, own == name) for utterance, own in zip(utterances, names, strict=True)]
        yield name, tuple(u for u, out in pairs if not out), tuple(u for u, out in pairs if out)


def _digests(
    splits: Mapping[str, Sequence[Utterance]],
) -> Iterator[tuple[str, Utterance, bytes]]:
    """The sha256 of the sound of every file that may be in another split, too.

    Of the sound, because an Ogg file carries a serial number: the same recording encoded twice has
    other bytes, yet as many. So only files of equal size are decoded.
    """
    sized = [(name, u, u.path.stat().st_size) for name, part in splits.items() for u in part]
    homes: dict[int, set[str]] = {}
    for name, _, size in sized:
        homes.setdefault(size, set()).add(name)
    for name, utterance, size in sized:
        if len(homes[size]) > 1:
            yield name, utterance, _digest(utterance.path)


def _digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(decode(path).samples.tobytes()).digest()
    except InputError:  # recognising it will say why
        return hashlib.sha256(path.read_bytes()).digest()
