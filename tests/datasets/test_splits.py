"""Splits: nobody on both sides, labels in proportion, leaks found."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxcor.datasets.manifest import Manifest, Utterance, read_manifest
from voxcor.datasets.splits import (
    check_split_column,
    check_splits,
    leave_one_fold_out,
    leave_one_speaker_out,
    split_by_speaker,
)
from voxcor.errors import UsageError


def utterance(
    row: int, label: str = "sad", speaker: str | None = None, **columns: str
) -> Utterance:
    return Utterance(Path(f"{row}.wav"), label, speaker, row, columns)


clips = st.lists(
    st.tuples(st.sampled_from(["angry", "sad"]), st.sampled_from([None, "1", "2", "3", "4"])),
    min_size=2,
    max_size=60,
)


@settings(deadline=None)
@given(clips, st.floats(min_value=0.05, max_value=0.95), st.integers(0, 100))
def test_every_utterance_is_on_one_side_and_no_speaker_on_both(
    rows: list[tuple[str, str | None]], share: float, seed: int
) -> None:
    utterances = [utterance(row, *given) for row, given in enumerate(rows)]
    training, validation = split_by_speaker(utterances, share=share, seed=seed)
    assert sorted(u.row for u in (*training, *validation)) == list(range(len(rows)))
    assert training
    assert validation
    if len({u.voice for u in utterances if u.voice}) > 1:
        assert not {u.voice for u in training if u.voice} & {u.voice for u in validation}
        assert all(u.speaker for u in validation)


def test_labels_keep_their_share_as_far_as_speakers_allow(corpora: Path) -> None:
    utterances = read_manifest(corpora / "ravdess").utterances
    training, validation = split_by_speaker(utterances, share=0.2, seed=1)
    whole, held = (Counter(u.label for u in part) for part in (utterances, validation))
    assert all(0.15 < held[label] / whole[label] < 0.25 for label in whole)
    assert (training, validation) == split_by_speaker(utterances, share=0.2, seed=1)


def test_without_speakers_single_utterances_are_dealt() -> None:
    utterances = [utterance(row, "angry" if row % 4 else "sad") for row in range(80)]
    _, validation = split_by_speaker(utterances, share=0.25, seed=0)
    assert 16 <= len(validation) <= 24
    assert {u.label for u in validation} == {"angry", "sad"}


def test_one_utterance_cannot_be_split() -> None:
    with pytest.raises(UsageError, match="cannot be split"):
        split_by_speaker([utterance(1)], share=0.2, seed=0)


def test_speakers_of_the_same_number_in_two_corpora_are_two() -> None:
    utterances = [utterance(1, speaker="03", corpus="emodb")]
    utterances += [utterance(2, speaker="03", corpus="ravdess")]
    training, validation = split_by_speaker(utterances, share=0.5, seed=0)
    assert len(training) == len(validation) == 1
    assert [name for name, _, _ in leave_one_speaker_out(utterances)] == ["emodb/03", "ravdess/03"]


def test_each_speaker_is_left_out_once_and_the_unknown_always_train() -> None:
    utterances = [utterance(n, speaker=s) for n, s in enumerate(["a", "b", "a", None])]
    rounds = {
        name: ([u.row for u in training], [u.row for u in held])
        for name, training, held in leave_one_speaker_out(utterances)
    }
    assert rounds == {"a": ([1, 3], [0, 2]), "b": ([0, 2, 3], [1])}


def test_each_fold_is_left_out_once() -> None:
    utterances = [utterance(n, fold=str(n % 2 + 1)) for n in range(4)]
    rounds = {name: [u.row for u in held] for name, _, held in leave_one_fold_out(utterances)}
    assert rounds == {"1": [0, 2], "2": [1, 3]}


def test_a_speaker_in_two_splits_is_found_once() -> None:
    training = [utterance(n, speaker="03") for n in range(3)]
    test = [utterance(n, speaker="03") for n in (7, 8)] + [utterance(9, speaker="04")]
    # Two files that exist and differ: only the speakers are in question here.
    present, other = Path(__file__), Path(pytest.__file__)
    (problem,) = check_splits(
        {
            "train": [replace(u, path=present) for u in training],
            "test": [replace(u, path=other) for u in test],
        }
    )
    assert (problem.code, problem.row) == ("shared_speaker", 7)
    assert "speaker 03 is in train and in test" in problem.message


def test_the_same_audio_under_two_names_is_found(tmp_path: Path) -> None:
    for name, content in (("a", b"same"), ("b", b"same"), ("c", b"size"), ("d", b"longer")):
        (tmp_path / f"{name}.wav").write_bytes(content)
    lines = ["a.wav,sad,train", "b.wav,sad,test", "c.wav,sad,test", "d.wav,sad,test"]
    (tmp_path / "list.csv").write_text("\n".join(["path,label,split", *lines]))
    manifest = check_split_column(read_manifest(tmp_path / "list.csv"))
    found = [p for p in manifest.problems if p.code == "same_audio_in_splits"]
    assert [p.row for p in found] == [3]
    assert "the same audio as row 2 (a.wav), which is in train" in found[0].message


def test_a_manifest_without_splits_has_no_leaks() -> None:
    manifest = Manifest((utterance(1), utterance(2)), (), ("sad",))
    assert check_split_column(manifest) == manifest


def test_one_recording_under_two_names_is_found_though_its_bytes_differ(corpora: Path) -> None:
    names = ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")
    first, second = (corpora / "ravdess" / f"{name}.opus" for name in names)
    assert first.read_bytes() != second.read_bytes()
    train = [replace(utterance(1, speaker="07"), path=first)]
    test = [replace(utterance(2, speaker="08"), path=second)]
    assert [p.code for p in check_splits({"train": train, "test": test})] == [
        "same_audio_in_splits"
    ]
