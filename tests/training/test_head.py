"""A head of one's own: what it learns, on whom it is measured, and the model that comes out."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

from checkpoints import SMALL, write_checkpoint
from emodb import Row, emodb, write_manifest
from voxcor import Recognizer
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Utterance, read_manifest
from voxcor.errors import ManifestError, ModelCorrupt, ModelExists, UsageError
from voxcor.inference.network import FrameOutput, Network
from voxcor.models.cards import read_card
from voxcor.models.pull import pull
from voxcor.models.store import ModelFolder, find_model
from voxcor.models.trained_on import (
    MOST_DIGESTS,
    TRAINED_ON_FILE,
    TrainedOn,
    trained_on,
    write_trained_on,
)
from voxcor.training import embeddings as embedding_module
from voxcor.training.embeddings import MOST_FRAMES, _thinned, embed_clips, fingerprint
from voxcor.training.fit import PATIENCE, fit
from voxcor.training.folds import Fold, Plan, make_plan
from voxcor.training.head import train_head
from voxcor.training.heads import (
    HIDDEN,
    Examples,
    FloatArray,
    Head,
    HeadKind,
    IntArray,
    _first_parameters,
    _gradients,
    class_weights,
    head_logits,
    learn,
    losses,
)
from voxcor.training.report import to_card_text, to_document, warning
from voxcor.training.surgery import write_graph

KINDS: tuple[HeadKind, ...] = ("linear", "mlp")


@pytest.fixture
def rows(corpora: Path) -> list[Row]:
    """35 clips: three speakers, three emotions."""
    return emodb(corpora, speakers=["08", "10", "15"], labels=["angry", "happy", "sad"], each=4)


@pytest.fixture
def manifest(tmp_path: Path, rows: list[Row]) -> Path:
    return write_manifest(tmp_path / "manifest.csv", rows)


def codes(problems: Sequence[RowProblem]) -> list[str]:
    return [problem.code for problem in problems]


# The head.


def examples(
    kind: HeadKind, *, clips: int = 60, labels: int = 3, dim: int = 5, seed: int = 0
) -> Examples:
    """Clips of one to four rows whose label can be read off them, but not off their mean alone."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(labels, size=clips)
    centres = rng.standard_normal((labels, dim))
    frames = [
        (3 + centres[target] + 0.5 * rng.standard_normal((rng.integers(1, 5), dim))).astype("f4")
        for target in targets
    ]
    pooled = np.stack([part.mean(axis=0) for part in frames])
    base = rng.standard_normal((clips, labels)).astype("f4")

    def rows(chosen: IntArray) -> tuple[FloatArray, IntArray]:
        if kind == "linear":
            return pooled[chosen], np.ones(len(chosen), np.int64)
        parts = [frames[i] for i in chosen]
        return np.concatenate(parts), np.array([len(part) for part in parts])

    return Examples(rows, pooled, base if kind == "linear" else 0 * base, targets)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_weighted_loss(kind: HeadKind) -> None:
    given = examples(kind)
    clips, rng = np.arange(8), np.random.default_rng(1)
    rows, lengths = given.rows(clips)
    targets, base = given.targets[clips], given.base[clips].astype(np.float64)
    weights = np.array([0.5, 1.0, 2.0])[targets]
    parameters = [p.astype(np.float64) for p in _first_parameters(kind, 5, 3, rng)]
    parameters[-2] += 0.1 * rng.standard_normal(parameters[-2].shape)

    def loss() -> float:
        *hidden, weight, bias = parameters
        logits = []
        ends = np.cumsum(lengths)
        for i, (first, last) in enumerate(zip(ends - lengths, ends, strict=True)):
            own = rows[first:last].astype(np.float64)
            own = np.maximum(own @ hidden[0] + hidden[1], 0) if hidden else own
            logits.append(base[i] + own.mean(axis=0) @ weight + bias)
        return float((weights * losses(np.array(logits), targets)).mean())

    found = _gradients(parameters, rows, lengths, base, targets, weights)

    for parameter, gradient in zip(parameters, found, strict=True):
        flat = parameter.reshape(-1)
        for place in rng.choice(flat.size, size=min(4, flat.size), replace=False):
            kept, step = flat[place], 1e-5
            flat[place] = kept + step
            above = loss()
            flat[place] = kept - step
            below = loss()
            flat[place] = kept
            slope = (above - below) / (2 * step)
            assert gradient.reshape(-1)[place] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_learns_what_it_is_shown(kind: HeadKind) -> None:
    given = examples(kind)
    clips = np.arange(60)
    heads = learn(given, clips, kind, 3, np.random.default_rng(0))
    before = losses(head_logits(next(heads), given, clips), given.targets).mean()
    for _ in range(20):
        head = next(heads)
    logits = head_logits(head, given, clips)
    assert losses(logits, given.targets).mean() < before / 2
    assert (logits.argmax(axis=1) == given.targets).mean() > 0.9


def test_a_linear_head_starts_as_the_base_model() -> None:
    given = examples("linear")
    head = next(learn(given, np.arange(60), "linear", 3, np.random.default_rng(0)))
    np.testing.assert_array_equal(head_logits(head, given, np.arange(60)), given.base)


def test_every_label_weighs_the_same() -> None:
    targets = np.array([0] * 8 + [2] * 2)
    weights = class_weights(targets, 4)
    assert weights.tolist() == [0.625, 0, 2.5, 0]
    assert weights[targets].mean() == 1


# Who is held out.


def utterances(speakers: Sequence[str | None], columns: Sequence[Row] = ()) -> list[Utterance]:
    """A clip for each speaker; labels take turns."""
    return [
        Utterance(
            path=Path(f"{i}.wav"),
            label=("angry", "happy", "sad")[i % 3],
            speaker=speaker,
            row=i + 2,
            columns=columns[i] if columns else {},
        )
        for i, speaker in enumerate(speakers)
    ]


def voices(clips: Sequence[Utterance], chosen: IntArray) -> set[str | None]:
    return {clips[i].speaker for i in chosen}


def test_by_default_speakers_are_dealt_into_five_folds() -> None:
    clips = utterances([f"s{i // 6}" for i in range(66)])
    plan, problems = make_plan(clips, folds=None, seed=0, name="m")
    assert (plan.protocol, len(plan.folds)) == ("speakers", 5)
    held_out = np.concatenate([fold.held_out for fold in plan.folds])
    assert sorted(held_out) == list(range(66)) == list(plan.train)
    for fold in plan.folds:
        assert not voices(clips, fold.train) & voices(clips, fold.held_out)
        assert len(fold.train) + len(fold.held_out) == 66
        assert fold.name == ", ".join(sorted(filter(None, voices(clips, fold.held_out))))
    assert not problems


def test_fewer_speakers_give_fewer_folds() -> None:
    plan, _ = make_plan(utterances(["a", "b"] * 6), folds=None, seed=0, name="m")
    assert sorted(fold.name for fold in plan.folds) == ["a", "b"]


def test_speakers_nobody_knows_only_train() -> None:
    clips = utterances(["a", "b", None, "c"] * 6)
    for folds in (None, "loso"):
        plan, _ = make_plan(clips, folds=folds, seed=0, name="m")
        assert all(None not in voices(clips, fold.held_out) for fold in plan.folds)
        assert all(None in voices(clips, fold.train) for fold in plan.folds)


def test_the_clips_of_one_speaker_are_dealt_themselves_and_the_plan_says_so() -> None:
    clips = utterances(["a"] * 15)
    plan, _ = make_plan(clips, folds=None, seed=0, name="m")
    assert (plan.protocol, len(plan.folds)) == ("clips", 5)
    assert sorted(np.concatenate([fold.held_out for fold in plan.folds])) == list(range(15))
    for fold in plan.folds:
        assert len({clips[i].label for i in fold.held_out}) == 3


def test_leave_one_speaker_out_holds_out_each_speaker_once() -> None:
    clips = utterances(["a", "b", "c", "c"] * 3)
    plan, _ = make_plan(clips, folds="loso", seed=0, name="m")
    assert [fold.name for fold in plan.folds] == ["a", "b", "c"]
    assert [voices(clips, fold.held_out) for fold in plan.folds] == [{"a"}, {"b"}, {"c"}]


@pytest.mark.parametrize(("folds", "column"), [("loso", "speaker"), ("fold", "fold")])
def test_folds_that_the_manifest_does_not_have_are_refused(folds: str, column: str) -> None:
    with pytest.raises(UsageError, match=column):
        make_plan(utterances(["a"] * 6), folds=folds, seed=0, name="m")  # type: ignore[arg-type]


def test_a_column_split_is_obeyed() -> None:
    names = ["train"] * 6 + ["dev"] * 3 + ["test"] * 3
    clips = utterances(["a"] * 6 + ["b"] * 3 + ["c"] * 3, [{"split": name} for name in names])
    plan = make_plan_of_files(clips)[0]
    assert plan.protocol == "split"
    assert plan.train.tolist() == [0, 1, 2, 3, 4, 5]
    assert [(f.name, f.held_out.tolist()) for f in plan.folds] == [("validation", [6, 7, 8])]
    assert plan.test.tolist() == [9, 10, 11]


def make_plan_of_files(clips: Sequence[Utterance]) -> tuple[Plan, tuple[RowProblem, ...]]:
    """For plans that look into files: each clip gets one of its own, beside the test."""
    for clip in clips:
        clip.path.write_bytes(str(clip.path).encode())
    return make_plan(clips, folds=None, seed=0, name="m")


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_split_without_validation_is_folded_within_its_training_part() -> None:
    names = ["train", "train", "test"] * 6
    clips = utterances(["a", "b", "c"] * 6, [{"split": name} for name in names])
    for i, clip in enumerate(clips):
        clips[i] = Utterance(
            clip.path, ("angry", "sad")[i // 3 % 2], clip.speaker, clip.row, clip.columns
        )
    plan, _ = make_plan_of_files(clips)
    assert voices(clips, plan.test) == {"c"}
    assert sorted(fold.name for fold in plan.folds) == ["a", "b"]
    assert {i for fold in plan.folds for i in (*fold.train, *fold.held_out)} == {*plan.train}


def test_audio_in_two_splits_stays_in_the_test_and_leaves_training() -> None:
    names = ["train"] * 9 + ["test"] * 3
    clips = utterances([*"abbbaaabb", "c", "d", "b"], [{"split": name} for name in names])
    for clip in clips:
        clip.path.write_bytes(str(clip.path).encode())
    clips[10].path.write_bytes(clips[1].path.read_bytes())
    plan, problems = make_plan(clips, folds=None, seed=0, name="m")
    assert 1 not in plan.train
    assert 10 in plan.test
    assert codes(problems) == ["shared_speaker", "same_audio_in_splits"]
    assert problems[1].row == clips[1].row
    assert "row 12" in problems[1].message


def test_what_belongs_to_no_split_or_no_label_is_named_and_left_out() -> None:
    names = ["train", "train"] * 3 + ["test", "later"]
    clips = utterances(["a", "b"] * 3 + ["c", "c"], [{"split": name} for name in names])
    clips[6] = Utterance(clips[6].path, "bored", "c", 8, {"split": "test"})
    plan, problems = make_plan_of_files(clips)
    assert codes(problems) == ["unknown_split", "label_not_trained"]
    assert [problem.row for problem in problems] == [9, 8]
    assert not len(plan.test)


def test_a_label_of_one_voice_is_named() -> None:
    clips = utterances(["a", "b", "c"] * 4)  # labels take turns just as speakers do
    _, problems = make_plan(clips, folds=None, seed=0, name="m")
    assert codes(problems) == ["one_speaker"] * 3


@pytest.mark.parametrize(
    ("labels", "reason"),
    [(["sad"] * 4, "all clips to train on are sad"), (["sad", "happy"], "one clip only")],
)
def test_nothing_to_tell_apart_is_refused(labels: list[str], reason: str) -> None:
    clips = [Utterance(Path(f"{i}"), label, None, i, {}) for i, label in enumerate(labels)]
    with pytest.raises(ManifestError, match=reason):
        make_plan(clips, folds=None, seed=0, name="m")


# Training over folds.


def thirds(clips: int) -> Plan:
    everything = np.arange(clips)
    folds = tuple(Fold(str(k), everything[everything % 3 != k], everything[k::3]) for k in range(3))
    return Plan("clips", folds, everything, everything[:0])


@pytest.mark.parametrize("kind", KINDS)
def test_held_out_logits_come_from_heads_that_did_not_hear_the_clip(kind: HeadKind) -> None:
    given, plan = examples(kind), thirds(60)
    found = fit(given, plan, kind, 3, seed=0)
    assert sorted(found.held_out) == list(range(60))
    for number, fold in enumerate(plan.folds):
        heads = learn(given, fold.train, kind, 3, np.random.default_rng((0, number)))
        for _ in range(found.fold_rounds[number] + 1):
            head = next(heads)
        own = found.fold_of == number
        np.testing.assert_array_equal(found.held_out[own], fold.held_out)
        np.testing.assert_array_equal(found.logits[own], head_logits(head, given, fold.held_out))


def unlearnable(kind: HeadKind) -> Examples:
    """Nothing in the clips says their label, so that training soon stops."""
    given = examples(kind)
    return replace(given, targets=np.roll(given.targets, 7))


def test_training_stops_when_it_no_longer_helps() -> None:
    found = fit(unlearnable("linear"), thirds(60), "linear", 3, seed=0)
    assert len(found.curve) == found.rounds + PATIENCE + 1
    assert found.curve[found.rounds] == min(found.curve)


def test_no_fold_has_a_say_in_its_own_round() -> None:
    given, plan = examples("linear"), thirds(60)
    found = fit(given, plan, "linear", 3, seed=0)
    weights = class_weights(given.targets, 3)
    curves = []
    for number, fold in enumerate(plan.folds):
        heads = learn(given, fold.train, "linear", 3, np.random.default_rng((0, number)))
        targets = given.targets[fold.held_out]
        curve = [
            (
                weights[targets] * losses(head_logits(next(heads), given, fold.held_out), targets)
            ).sum()
            for _ in found.curve
        ]
        curves.append(curve)
    whole = np.sum(curves, axis=0)
    assert found.rounds == whole.argmin()
    assert found.fold_rounds == tuple(int((whole - curve).argmin()) for curve in curves)


def test_a_single_fold_gives_its_best_head() -> None:
    given = examples("linear")
    everything = np.arange(60)
    plan = Plan(
        "split",
        (Fold("validation", everything[:40], everything[40:]),),
        everything[:40],
        everything[:0],
    )
    found = fit(given, plan, "linear", 3, seed=0)
    np.testing.assert_array_equal(found.logits, head_logits(found.head, given, everything[40:]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_head(kind: HeadKind) -> None:
    def trained(seed: int) -> FloatArray:
        heads = learn(examples(kind), np.arange(60), kind, 3, np.random.default_rng(seed))
        return next(islice(heads, 3, None)).weight

    np.testing.assert_array_equal(trained(1), trained(1))
    assert not np.array_equal(trained(1), trained(2))


# The graph.


@pytest.fixture
def large_base(tmp_path: Path) -> ModelFolder:
    """An emotion2vec with random weights in a file beside its graph, installed like any other."""
    return install_base(tmp_path, labelled=True)


def install_base(tmp_path: Path, *, labelled: bool) -> ModelFolder:
    outputs = SMALL.num_outputs if labelled else 0
    write_checkpoint(tmp_path / "model.pt", replace(SMALL, num_outputs=outputs))
    model = "plus-base" if labelled else "base"
    pull(model, source=tmp_path / "model.pt")
    return find_model(model)


def random_head(kind: HeadKind, dim: int, labels: int) -> Head:
    rng = np.random.default_rng(0)
    inputs = HIDDEN if kind == "mlp" else dim
    hidden = (
        (rng.standard_normal((dim, HIDDEN)), rng.standard_normal(HIDDEN)) if kind == "mlp" else None
    )
    weight, bias = rng.standard_normal((inputs, labels)), rng.standard_normal(labels)
    return Head(hidden and tuple(map(np.float32, hidden)), np.float32(weight), np.float32(bias))  # type: ignore[arg-type]


def heads_of(base: ModelFolder, kind: HeadKind) -> tuple[Head, FloatArray]:
    """A head with two labels, one of which the base may have, and what it takes of the base."""
    share = np.zeros((len(base.card.labels), 2), np.float32)
    if kind == "linear" and base.card.labels:
        share[-1, 1] = 0.5
    return random_head(kind, base.card.embedding_dim, 2), share


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["small", "plus-base", "base"])
def test_the_new_graph_is_the_old_body_with_the_new_head(
    tmp_path: Path, name: str, kind: HeadKind
) -> None:
    base = (
        find_model("small") if name == "small" else install_base(tmp_path, labelled=name != "base")
    )
    head, share = heads_of(base, kind)
    out = tmp_path / "out"
    out.mkdir()
    write_graph(base, head, ("bored", "sad"), out, share=share, origin={"base": "x"})
    waveform = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    before = Network(base.graph, threads=1).run([waveform])[0]
    network = Network(out / "model.onnx", threads=1)
    after = network.run([waveform])[0]

    onnx.checker.check_model(str(out / "model.onnx"), full_check=True)
    assert network.labels == ("bored", "sad")
    expected = before.embeddings
    if head.hidden is not None:
        expected = np.maximum(expected @ head.hidden[0] + head.hidden[1], 0)
    np.testing.assert_allclose(after.embeddings, expected, atol=1e-3)
    assert network.embedding_dim == expected.shape[1]
    logits = expected @ head.weight + head.bias + before.logits @ share
    np.testing.assert_allclose(after.logits, logits, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_can_be_trained_on_a_model_with_a_trained_head(
    tmp_path: Path, kind: HeadKind
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    base = find_model("small")
    for folder in (first, second):
        folder.mkdir()
        head, share = heads_of(base, kind)
        write_graph(base, head, ("bored", "sad"), folder, share=share, origin={})
        card = replace(
            base.card,
            labels=("bored", "sad"),
            embedding_dim=HIDDEN if kind == "mlp" else base.card.embedding_dim,
        )
        base = ModelFolder(folder, card)
        if folder is first:
            expected = Network(folder / "model.onnx", threads=1)
    onnx.checker.check_model(str(second / "model.onnx"), full_check=True)
    names = [tensor.name for tensor in onnx.load(second / "model.onnx").graph.initializer]
    assert len(names) == len(set(names))
    waveform = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    before = expected.run([waveform])[0]
    after = Network(second / "model.onnx", threads=1).run([waveform])[0]
    hidden = before.embeddings
    if head.hidden is not None:
        hidden = np.maximum(hidden @ head.hidden[0] + head.hidden[1], 0)
    logits = hidden @ head.weight + head.bias + before.logits @ share
    np.testing.assert_allclose(after.logits, logits, rtol=1e-4, atol=1e-3)


def test_weights_that_lie_elsewhere_are_not_copied(tmp_path: Path) -> None:
    base = install_base(tmp_path, labelled=True)
    graph = base.graph.read_bytes()
    stolen = graph.replace(b"model.onnx.data", b"../../model.pt_")
    base.graph.write_bytes(stolen)
    head, share = heads_of(base, "linear")
    with pytest.raises(ModelCorrupt, match="lie elsewhere"):
        write_graph(base, head, ("a", "b"), tmp_path, share=share, origin={})


# From manifest to model.


def recognised(model: Path, rows: Sequence[Row]) -> tuple[float, float]:
    """The share of rows that the model gets right, and its mean confidence."""
    recognizer = Recognizer(str(model), threads=1)
    results = [recognizer.recognize(row["path"]) for row in rows]
    right = [r.emotion == row["label9"] for r, row in zip(results, rows, strict=True)]
    return float(np.mean(right)), float(np.mean([result.confidence for result in results]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_says_what_the_model_does(
    tmp_path: Path, rows: list[Row], kind: HeadKind
) -> None:
    split = [{**row, "split": "test" if row["speaker"] == "15" else "train"} for row in rows]
    manifest = write_manifest(tmp_path / "split.csv", split)
    training = train_head(manifest, tmp_path / "mine", model="small", kind=kind, terms="CC0-1.0")

    test = [row for row in rows if row["speaker"] == "15"]
    accuracy, confidence = recognised(tmp_path / "mine", test)
    assert training.test is not None
    assert training.test.wa.value == accuracy
    assert training.test.confidence.value == pytest.approx(confidence, abs=2e-3)
    assert training.test.clips == len(test)
    document = json.loads((tmp_path / "mine" / "report.json").read_text(encoding="utf-8"))
    assert document["test"]["wa"]["value"] == accuracy


def test_before_is_the_base_model_among_the_same_labels(
    tmp_path: Path, manifest: Path, rows: list[Row]
) -> None:
    training = train_head(manifest, tmp_path / "mine", model="small")
    base = Recognizer("small", threads=1)
    right = [
        base.recognize(row["path"], labels=["angry", "happy", "sad"]).emotion == row["label9"]
        for row in rows
    ]
    assert training.before is not None
    assert training.before.wa.value == pytest.approx(np.mean(right))
    assert training.held_out.clips == len(rows)


def test_the_model_is_one_like_any_other(tmp_path: Path, manifest: Path) -> None:
    out = tmp_path / "mine"
    training = train_head(manifest, out, model="small", terms="CC0-1.0")
    card = read_card(out)
    assert {path.name for path in out.iterdir()} == {
        *("model.onnx", "model.onnx.data", "card.json"),
        *("CARD.md", "report.json", "heard.json"),
    }
    assert (card.id, card.labels) == ("mine", ("angry", "happy", "sad"))
    assert (card.official, card.temperature) == (False, training.temperature)
    assert card.source.repository == f"small@{find_model('small').card.sha256}"
    assert card.licence.endswith("data: CC0-1.0")
    recognizer = Recognizer(str(out), threads=1)
    result = recognizer.recognize(read_manifest(manifest).utterances[0].path, embedding=True)
    assert list(result.scores) == ["angry", "happy", "sad"]
    assert result.model.id == "mine"
    assert result.embedding is not None
    assert result.embedding.shape == (card.embedding_dim,)


def test_labels_of_ones_own_stand_beside_those_of_the_base(tmp_path: Path, rows: list[Row]) -> None:
    own = [
        {**row, "label9": {"happy": "Gloating"}.get(row["label9"], row["label9"])} for row in rows
    ]
    manifest = write_manifest(tmp_path / "own.csv", own)
    training = train_head(manifest, tmp_path / "mine", model="small")
    assert training.labels == ("angry", "sad", "Gloating")
    assert training.before is not None
    assert training.before.recall["Gloating"].value == 0
    assert training.held_out.recall["Gloating"].value > 0
    assert Recognizer(str(tmp_path / "mine")).labels == training.labels


def test_a_model_of_bare_embeddings_gets_labels(tmp_path: Path, manifest: Path) -> None:
    install_base(tmp_path, labelled=False)
    training = train_head(manifest, tmp_path / "mine", model="base")
    assert training.before is None
    assert Recognizer(str(tmp_path / "mine")).labels == ("angry", "happy", "sad")


def test_the_model_survives_its_base(
    tmp_path: Path, manifest: Path, large_base: ModelFolder
) -> None:
    out = tmp_path / "mine"
    train_head(manifest, out, model="plus-base")
    clip = read_manifest(manifest).utterances[0].path
    before = Recognizer(str(out), threads=1).recognize(clip).scores
    assert (out / "model.onnx.data").stat().st_nlink == 1
    shutil.rmtree(large_base.path)
    assert Recognizer(str(out), threads=1).recognize(clip).scores == before


def test_a_second_run_hears_nothing_again(
    tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_head(manifest, tmp_path / "first", model="small")
    # Not a stand-in: a run that opens the network now fails.
    monkeypatch.delattr(embedding_module, "open_network")
    train_head(manifest, tmp_path / "second", model="small")
    first, second = (tmp_path / name / "model.onnx" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("damaged", ["*[0-9a-f].npy", "*.frames.npy"])
def test_a_damaged_cache_is_heard_again(tmp_path: Path, manifest: Path, damaged: str) -> None:
    clips, _ = fingerprint(read_manifest(manifest).utterances[:4])
    before, _ = embed_clips(clips, find_model("small"), frames=True)
    kept = [np.load(item.frames) for item in before if item.frames]
    for path in (tmp_path / "voxcor-home" / "embeddings").rglob(damaged):
        path.write_bytes(path.read_bytes()[:300])
    after, _ = embed_clips(clips, find_model("small"), frames=True)
    for old, frames, new in zip(before, kept, after, strict=True):
        np.testing.assert_array_equal(new.embedding, old.embedding)
        assert new.frames is not None
        np.testing.assert_array_equal(np.load(new.frames), frames)


def test_of_a_long_clip_frames_are_spread_evenly() -> None:
    frames, logits = np.arange(30_000.0)[:, None], np.zeros((30_000, 0))
    thinned = _thinned(FrameOutput(frames.astype("f4"), logits.astype("f4")))
    assert len(thinned) == MOST_FRAMES
    assert (thinned[0, 0], thinned[-1, 0]) == (0, 29_999)
    assert np.ptp(np.diff(thinned[:, 0])) <= 1


TRAIN = [
    sys.executable,
    "-m",
    "voxcor",
    "train",
    "manifest.csv",
    "--out",
    "mine",
    "--model",
    "small",
]


def killed_when(seen: Callable[[Path], bool], home: Path) -> None:
    """A run of the command that ends by SIGKILL as soon as its traces are seen."""
    process = subprocess.Popen(TRAIN, env={**os.environ, "VOXCOR_HOME": str(home)})
    try:
        while process.poll() is None and not seen(home):
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def cached(home: Path) -> int:
    return len(list(home.glob("embeddings/*/*/*.npy")))


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_run_that_was_killed_starts_again_and_gives_the_same_model(
    tmp_path: Path, manifest: Path
) -> None:
    home = tmp_path / "killed"
    killed_when(lambda home: cached(home) >= 10, home)
    assert 10 <= cached(home) < 35
    assert not Path("mine").exists()
    killed_when(
        lambda _: any(path.name.startswith(".mine.building") for path in tmp_path.iterdir()), home
    )
    subprocess.run(
        TRAIN, check=True, env={**os.environ, "VOXCOR_HOME": str(home)}, capture_output=True
    )
    Path("mine").rename("resumed")
    subprocess.run(TRAIN, check=True, capture_output=True)

    for name in ("model.onnx", "report.json"):
        assert (tmp_path / "mine" / name).read_bytes() == (tmp_path / "resumed" / name).read_bytes()
    resumed, unbroken = read_card(Path("resumed")), read_card(Path("mine"))
    assert replace(resumed, created="") == replace(unbroken, created="")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".mine")]


# Bad input.


def test_bad_rows_are_named_before_any_work_and_the_rest_goes_on(
    tmp_path: Path, rows: list[Row]
) -> None:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(32_000), 16_000)
    copy = tmp_path / "copy.opus"
    shutil.copyfile(rows[0]["path"], copy)
    bad = [
        {"path": "gone.wav", "label9": "sad", "speaker": "08"},
        rows[1],
        {"path": str(copy), "label9": "sad", "speaker": "08"},
        {"path": str(silence), "label9": "sad", "speaker": "08"},
        {"path": rows[0]["path"] + "?", "label9": "", "speaker": "08"},
    ]
    manifest = write_manifest(tmp_path / "bad.csv", [*rows, *bad])
    told: list[tuple[str, int | None, int]] = []

    def remark(problems: Sequence[RowProblem]) -> None:
        told.extend((p.code, p.row, cached(tmp_path / "voxcor-home")) for p in problems)

    training = train_head(manifest, tmp_path / "mine", model="small", remark=remark)
    assert told[:-1] == [
        ("missing_file", 37, 0),
        ("duplicate_row", 38, 0),
        ("no_label", 41, 0),
        ("same_audio_twice", 39, 0),
        ("base_heard_corpus", None, 0),
    ]
    assert told[-1] == ("no_speech", 40, 35)
    assert sum(training.clips.values()) == 35
    twin = next(p for p in training.problems if p.code == "same_audio_twice")
    assert "row 2" in twin.message
    assert "which is angry, not sad" in twin.message


def test_a_label_with_three_clips_is_named_and_learned(tmp_path: Path, rows: list[Row]) -> None:
    few = [row for row in rows if row["label9"] != "sad"] + [
        r for r in rows if r["label9"] == "sad"
    ][:3]
    training = train_head(
        write_manifest(tmp_path / "few.csv", few), tmp_path / "mine", model="small"
    )
    (problem,) = (p for p in training.problems if p.code == "few_clips")
    assert "sad has only 3" in problem.message
    assert training.clips["sad"] == 3


def test_a_corpus_that_the_base_was_trained_on_is_named(tmp_path: Path, rows: list[Row]) -> None:
    training = train_head(write_manifest(tmp_path / "m.csv", rows), tmp_path / "a", model="small")
    (problem,) = (p for p in training.problems if p.code == "base_heard_corpus")
    assert "small was itself trained on emodb" in problem.message

    mine = [{**row, "corpus": "mine"} for row in rows]
    training = train_head(write_manifest(tmp_path / "m.csv", mine), tmp_path / "b", model="small")
    assert not training.problems


def test_one_class_is_refused(tmp_path: Path, rows: list[Row]) -> None:
    sad = [row for row in rows if row["label9"] == "sad"]
    with pytest.raises(ManifestError, match="all clips to train on are sad"):
        train_head(write_manifest(tmp_path / "sad.csv", sad), tmp_path / "mine", model="small")
    assert not (tmp_path / "mine").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, manifest: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(UsageError, match="thesis"):
        train_head(manifest, tmp_path / "thesis", model="small")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_an_earlier_training_is_replaced_only_when_told_so(tmp_path: Path, manifest: Path) -> None:
    out = tmp_path / "mine"
    train_head(manifest, out, model="small", seed=1)
    with pytest.raises(ModelExists, match="--replace"):
        train_head(manifest, out, model="small", seed=2)
    assert read_card(out).metrics["seed"] == 1
    train_head(manifest, out, model="small", seed=2, overwrite=True)
    assert read_card(out).metrics["seed"] == 2


def test_a_folder_with_anything_else_in_it_is_never_replaced(
    tmp_path: Path, manifest: Path
) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.txt").write_text("years of work")
    with pytest.raises(UsageError, match="something else"):
        train_head(manifest, out, model="small", overwrite=True)
    assert (out / "chapter.txt").read_text() == "years of work"


def test_a_model_remembers_what_it_heard_and_so_does_what_is_built_on_it(
    tmp_path: Path, manifest: Path, corpora: Path
) -> None:
    train_head(manifest, tmp_path / "first", model="small")
    with manifest.open(newline="", encoding="utf-8") as file:
        paths = [Path(row["path"]) for row in csv.DictReader(file)]
    sha256s = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    foreign = hashlib.sha256(b"another recording").hexdigest()
    heard = trained_on(find_model(str(tmp_path / "first")))
    assert heard.count([*sha256s, foreign]) == len(sha256s)

    others = write_manifest(
        tmp_path / "others.csv", emodb(corpora, speakers=["03"], labels=["angry", "sad"], each=3)
    )
    train_head(others, tmp_path / "second", model=str(tmp_path / "first"))
    assert trained_on(find_model(str(tmp_path / "second"))).count(sha256s) == len(sha256s)


def test_of_many_recordings_the_smallest_digests_are_kept(tmp_path: Path) -> None:
    sha256s = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(MOST_DIGESTS + 500)]
    size = write_trained_on(sha256s, TrainedOn(), tmp_path).stat().st_size
    assert size < 32 * MOST_DIGESTS
    kept = json.loads((tmp_path / TRAINED_ON_FILE).read_text())["sha256"]
    assert kept == sorted(sha256[:16] for sha256 in sha256s)[:MOST_DIGESTS]


@pytest.mark.parametrize("text", ["", "[]", '{"corpora": 5}', "[" * 100_000, '{"sha256": {}}'])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, text: str) -> None:
    (tmp_path / TRAINED_ON_FILE).write_text(text)
    small = find_model("small")
    assert trained_on(ModelFolder(tmp_path, small.card)).digests == frozenset()


def test_a_training_that_did_harm_says_so_in_report_and_card(
    tmp_path: Path, manifest: Path
) -> None:
    training = train_head(manifest, tmp_path / "mine", model="small")
    assert training.before is not None
    better = replace(training, held_out=training.before, before=training.held_out)
    first, second = training, better
    if first.worse == second.worse:  # the same figures before and after
        pytest.skip("this training changed nothing")
    bad, good = (first, second) if first.worse else (second, first)
    assert warning(good) is None
    assert "worse than small" in str(warning(bad))
    assert "is worse than small" in to_card_text(bad)
    assert "不如其基础模型" in to_card_text(bad)
    assert "is worse than small" not in to_card_text(good)
    assert (to_document(bad)["worse"], to_document(good)["worse"]) == (True, False)


def test_a_model_may_take_the_place_of_its_base(tmp_path: Path, manifest: Path) -> None:
    train_head(manifest, tmp_path / "mine", model="small")
    own = str(tmp_path / "mine")
    training = train_head(manifest, tmp_path / "mine", model=own, overwrite=True)
    assert training.base.id == "mine"
    assert Recognizer(str(tmp_path / "mine")).labels == training.labels
