"""`voxcor train --method full` at a small size: real speech in, a model folder out."""

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from checkpoints import torch
from command import voxcor
from voxcor import Recognizer, extras
from voxcor.audio import decode, prepare
from voxcor.audio.resample import mix_to_mono
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Utterance, read_manifest
from voxcor.errors import CheckpointInvalid, ModelExists, UsageError
from voxcor.frames import SAMPLE_RATE
from voxcor.inference.onnx_files import GRAPH_FILE, WEIGHTS_FILE
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import Card, Source, record_of, write_card
from voxcor.models.families.emotion2vec.architecture import AUDIO, Architecture
from voxcor.models.families.emotion2vec.graph import write_graph
from voxcor.models.families.emotion2vec.network import Emotion2vec, load, tensors_of
from voxcor.models.families.emotion2vec.weights import read_weights
from voxcor.models.family import Weights
from voxcor.models.graph import GraphBuilder
from voxcor.models.store import ModelFolder, find_model, open_network
from voxcor.models.trained_on import trained_on
from voxcor.training import state
from voxcor.training.clips import Clips, crop, epoch_batches
from voxcor.training.finetune import Finetuning, finetune
from voxcor.training.full import Trained, train_full, train_full_manifest
from voxcor.training.masking import hidden_spans
from voxcor.training.options import FullOptions, parse_options
from voxcor.training.parameters import parameter_groups, rate_factor
from voxcor.training.state import Epoch, Position

TWO_BLOCKS = Architecture(embed_dim=64, num_heads=4, prenet_depth=1, depth=1, num_outputs=9)

# Excerpts this long keep the tests light: the front end has its full width at any size.
EXCERPT_S = 1.0

# Little to compute, and no augmentation, so that few steps learn.
QUICK = FullOptions(
    epochs=1, batch_size=4, accumulate=1, crop_s=0.5, augment=False, layer_decay=1.0
)

FloatArray = NDArray[np.float32]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A model folder with an untrained network of two blocks."""
    folder = tmp_path_factory.mktemp("models") / "small"
    folder.mkdir()
    torch.manual_seed(0)
    tensors = tensors_of(Emotion2vec(TWO_BLOCKS))
    with GraphBuilder(folder) as graph:
        write_graph(graph, Weights(TWO_BLOCKS, tensors), LABEL_IDS)
        graph.save(labels=LABEL_IDS, embedding_dim=TWO_BLOCKS.embed_dim)
    files = {path.name: record_of(path) for path in folder.iterdir()}
    card = Card(
        id="two-blocks",
        title="two blocks",
        labels=LABEL_IDS,
        embedding_dim=TWO_BLOCKS.embed_dim,
        parameters=sum(tensor.size for tensor in tensors.values()),
        precision="fp32",
        revision="1",
        sha256="0" * 64,
        official=False,
        source=Source(hub="local", repository=None, file="model.pt"),
        created="2026-11-24",
        licence="Apache-2.0",
        files=files,
    )
    write_card(card, folder)
    return find_model(str(folder))


@pytest.fixture(scope="module")
def speech(
    corpora: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Utterance], list[Utterance]]:
    """Excerpts of emodb, angry and sad: 24 of six speakers to train on, 12 of three others."""
    folder = tmp_path_factory.mktemp("speech")
    utterances = read_manifest(corpora / "emodb", labels=["angry", "sad"]).utterances

    def excerpts(speakers: set[str], of_each: int) -> list[Utterance]:
        found = []
        for label in ("angry", "sad"):
            mine = [u for u in utterances if u.label == label and u.speaker in speakers]
            for utterance in mine[:: len(mine) // of_each][:of_each]:
                samples = prepare(decode(utterance.path)).samples
                path = folder / f"{utterance.path.stem}.wav"
                soundfile.write(path, samples[: round(EXCERPT_S * SAMPLE_RATE)], SAMPLE_RATE)
                found.append(replace(utterance, path=path))
        return found

    return excerpts({"03", "09", "11", "13", "14", "16"}, 12), excerpts({"08", "10", "15"}, 6)


@pytest.fixture(scope="module")
def trained(
    base: ModelFolder,
    speech: tuple[list[Utterance], list[Utterance]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Trained:
    """The network after some epochs on real speech."""
    options = replace(QUICK, epochs=8, crop_s=1.0, learning_rate=3e-4, head_learning_rate=1e-2)
    out = tmp_path_factory.mktemp("trained") / "mine"
    return train_full(*speech, model=base, out=out, options=options)


def torch_model(folder: ModelFolder) -> Emotion2vec:
    """The network of a folder, by the way over its weights."""
    model = Emotion2vec(replace(TWO_BLOCKS, num_outputs=len(folder.card.labels))).eval()
    load(model, read_weights(folder.graph))
    return model


def two_of_each(utterances: Sequence[Utterance]) -> list[Utterance]:
    return [
        u for label in ("angry", "sad") for u in [u for u in utterances if u.label == label][:2]
    ]


def noise_clips(count: int, samples: int) -> Clips:
    """Noise, loud for one target and quiet for none: the network normalises loudness away."""
    rng = np.random.default_rng(0)
    return Clips(
        samples=rng.standard_normal(count * samples, dtype=np.float32),
        starts=np.arange(count) * samples,
        lengths=np.full(count, samples),
        targets=np.arange(count) % 2,
        sha256="",
    )


def test_it_learns_emotions_that_other_people_speak(trained: Trained) -> None:
    losses = [epoch.loss for epoch in trained.epochs]
    assert np.mean(losses[-2:]) < 0.85 * np.mean(losses[:2])
    assert trained.best.ua == max(epoch.ua for epoch in trained.epochs)
    assert trained.best.ua >= 0.75  # of two labels, chance is 0.5


def test_its_end_is_a_model_folder_like_any_other(
    trained: Trained, base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]]
) -> None:
    recognizer = Recognizer(str(trained.folder), threads=1)
    assert recognizer.labels == ("angry", "sad")
    assert recognizer.model.id == "mine"
    assert not recognizer.model.official

    right = {"angry": [], "sad": []}  # type: dict[str, list[bool]]
    for utterance in speech[1]:
        result = recognizer.recognize(utterance.path)
        right[utterance.label].append(result.emotion == utterance.label)
    ua = np.mean([np.mean(answers) for answers in right.values()])
    assert ua == pytest.approx(trained.card.metrics["validation.ua"])

    report = json.loads((trained.folder / "report.json").read_text())
    assert report["base"]["sha256"] == base.card.sha256
    assert len(report["epochs"]) == len(trained.epochs)
    assert not list(trained.folder.parent.glob(".*"))  # nothing is left beside it


def test_the_recognizer_gives_the_numbers_of_the_torch_model(
    trained: Trained, speech: tuple[list[Utterance], list[Utterance]]
) -> None:
    model = torch_model(find_model(str(trained.folder)))
    recognizer = Recognizer(str(trained.folder), threads=1)
    for utterance in speech[1][:4]:
        samples = mix_to_mono(decode(utterance.path).samples)
        with torch.no_grad():
            logits = model(torch.from_numpy(samples)[None], torch.tensor([len(samples)]))[0]
        scores = (logits / trained.card.temperature).softmax(dim=-1).tolist()
        result = recognizer.recognize(utterance.path, trim=False)
        assert [result.scores[label] for label in recognizer.labels] == pytest.approx(
            scores, abs=1e-4
        )


@pytest.mark.parametrize("lora_rank", [0, 4], ids=["full", "lora"])
def test_what_training_computes_is_what_its_graph_computes(
    base: ModelFolder, lora_rank: int, tmp_path: Path
) -> None:
    """The network as it leaves the loop, LoRA merged, before any file of it is written."""
    architecture = replace(TWO_BLOCKS, num_outputs=2)
    torch.manual_seed(1)
    model = Emotion2vec(architecture)
    held = noise_clips(3, 6_000)
    options = replace(QUICK, lora_rank=lora_rank, learning_rate=1e-2)
    _, logits = finetune(model, noise_clips(4, 6_000), held, options, folder=tmp_path)

    with GraphBuilder(tmp_path) as graph:
        write_graph(graph, Weights(architecture, tensors_of(model)), ["a", "b"])
        graph.save(labels=["a", "b"], embedding_dim=architecture.embed_dim)
    card = replace(base.card, labels=("a", "b"), files={})
    network = open_network(ModelFolder(tmp_path, card), threads=1)
    found = [output.logits.mean(axis=0) for output in network.run([held[i] for i in range(3)])]
    np.testing.assert_allclose(found, logits, atol=1e-4)


def changed(before: ModelFolder, after: Path) -> set[str]:
    """The names of tensors that training has moved; the classifier apart."""
    old, new = read_weights(before.graph), read_weights(after / GRAPH_FILE)
    return {n for n in old if not n.startswith("proj.") and not np.array_equal(old[n], new[n])}


def test_frozen_parts_stay_as_they_are(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    options = replace(QUICK, freeze_blocks=1)
    few = [two_of_each(part) for part in speech]
    train_full(few[0], few[1], model=base, out=tmp_path / "out", options=options)
    moved = changed(base, tmp_path / "out")
    assert moved == {name for name in TWO_BLOCKS.shapes() if name.startswith("blocks.0.")}


def test_all_of_it_moves_when_nothing_is_frozen(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    options = replace(QUICK, freeze_front_end=False, gradient_checkpointing=True)
    few = [two_of_each(part) for part in speech]
    train_full(few[0], few[1], model=base, out=tmp_path / "out", options=options)
    kept = {name for name in TWO_BLOCKS.shapes() if not name.startswith("proj.")} - changed(
        base, tmp_path / "out"
    )
    assert kept == {f"{AUDIO}alibi_scale"}


def test_lora_moves_the_linear_layers_of_blocks_only(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    few = [two_of_each(part) for part in speech]
    train_full(
        few[0], few[1], model=base, out=tmp_path / "out", options=replace(QUICK, lora_rank=2)
    )
    assert changed(base, tmp_path / "out") == {
        f"{block}{layer}.weight"
        for block in TWO_BLOCKS.blocks
        for layer in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")
    }


def test_labels_the_model_knows_begin_with_its_classifier(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    few = [
        [replace(u, label="bored") if u.label == "sad" else u for u in two_of_each(part)]
        for part in speech
    ]
    options = replace(QUICK, learning_rate=1e-12, head_learning_rate=1e-12)
    trained = train_full(few[0], few[1], model=base, out=tmp_path / "out", options=options)
    assert trained.card.labels == ("angry", "bored")
    old, new = read_weights(base.graph), read_weights(tmp_path / "out" / GRAPH_FILE)
    np.testing.assert_allclose(new["proj.weight"][0], old["proj.weight"][0], atol=1e-9)
    assert np.abs(new["proj.weight"][1]).max() > 1e-3


TRAIN_AND_DIE = """
import os, pickle, signal, sys
from pathlib import Path
from voxcor.models.store import find_model
from voxcor.training.full import train_full

def dying(function, count):
    def called(*args):
        nonlocal count
        count -= 1
        if count == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args)
    return called

job, where, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
training, validation, options, base, out = pickle.loads(Path(job).read_bytes())
progress = dying(lambda stage, share: None, count if where == "progress" else 0)
if where != "progress":
    setattr(Path, where, dying(getattr(Path, where), count))
train_full(
    training, validation, model=find_model(base), out=out, options=options, progress=progress
)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_training_killed_again_and_again_gives_the_same_model(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    few = [two_of_each(part) for part in speech]
    options = replace(QUICK, epochs=2, batch_size=2, augment=True, save_steps=1)
    unbroken = train_full(
        few[0], few[1], model=base, out=tmp_path / "unbroken" / "mine", options=options
    )

    out = tmp_path / "broken" / "mine"
    job = tmp_path / "job"
    job.write_bytes(pickle.dumps((few[0], few[1], options, str(base.path), out)))
    deaths = [
        ("progress", 2),  # while the second recording is prepared
        ("progress", 10),  # after the second step, before it is saved
        ("replace", 2),  # that step is saved, its epoch's weights are written, but not in place
        ("rename", 1),  # all is written, and the model not in place
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    for where, count in deaths:
        command = [sys.executable, "-c", TRAIN_AND_DIE, job, where, str(count)]
        died = subprocess.run(command, env=environment, check=False, stderr=subprocess.PIPE)
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
        assert not out.exists()
    train_full(few[0], few[1], model=base, out=out, options=options)

    for name in (GRAPH_FILE, WEIGHTS_FILE, "report.json"):
        assert (out / name).read_bytes() == (unbroken.folder / name).read_bytes()
    assert find_model(str(out)).card.temperature == unbroken.card.temperature
    assert not list(out.parent.glob(".*"))


def test_a_training_that_was_interrupted_goes_on_only_as_it_began(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    few = [two_of_each(part) for part in speech]
    out = tmp_path / "mine"
    options = replace(QUICK, batch_size=2, lora_rank=2, save_steps=1)
    unbroken = train_full(few[0], few[1], model=base, out=tmp_path / "unbroken", options=options)

    def interrupt(stage: str, share: float) -> None:
        if stage == "training" and share == 1:  # the second step of two
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_full(few[0], few[1], model=base, out=out, options=options, progress=interrupt)
    for other, training in ((replace(options, seed=1), few[0]), (options, few[0][::-1])):
        with pytest.raises(UsageError, match="unfinished"):
            train_full(training, few[1], model=base, out=out, options=other)
    trained = train_full(few[0], few[1], model=base, out=out, options=options)
    assert trained.card.sha256 == unbroken.card.sha256


def test_a_training_that_never_began_stands_in_nobodys_way(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    """Its audio is prepared, its list turns out to be wrong, the list is mended."""
    training, validation = (two_of_each(part) for part in speech)
    (tmp_path / "notes.wav").write_text("not audio at all")
    wrong = [replace(u, path=tmp_path / "notes.wav") for u in validation]
    with pytest.raises(UsageError, match="validation"):
        train_full(training, wrong, model=base, out=tmp_path / "mine", options=QUICK)
    trained = train_full(training, validation, model=base, out=tmp_path / "mine", options=QUICK)
    assert trained.card.metrics["validation.clips"] == len(validation)


def test_two_processes_do_not_train_the_same_folder(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    few = [two_of_each(part) for part in speech]
    (tmp_path / ".mine.training").mkdir()
    with (
        FileLock(tmp_path / ".mine.training" / "lock"),
        pytest.raises(UsageError, match="Another process"),
    ):
        train_full(few[0], few[1], model=base, out=tmp_path / "mine", options=QUICK)


def test_a_manifest_holds_out_speakers_and_says_what_is_wrong_with_it(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    clips = [u for part in speech for u in part if u.speaker in ("03", "08", "09")]
    rows = [f"{u.path},{u.label},{u.speaker}" for u in clips]
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(["path,label,speaker", *rows, "gone.wav,sad,03", rows[0]]))
    said: list[RowProblem] = []
    trained = train_full_manifest(
        manifest, tmp_path / "mine", model=str(base.path), options=QUICK, remark=said.extend
    )
    assert [problem.code for problem in said][:2] == ["missing_file", "duplicate_row"]
    assert trained.problems == tuple(said)
    metrics = trained.card.metrics
    assert metrics["training.clips"] + metrics["validation.clips"] == len(clips)
    assert metrics["validation.clips"] > 0
    assert trained.card.source.repository == f"two-blocks@{base.card.sha256}"


def test_the_command_trains_and_tells_how_to_use_the_model(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    clips = [u for part in speech for u in two_of_each(part)]
    manifest, out = tmp_path / "manifest.csv", tmp_path / "mine"
    rows = [f"{u.path},{u.label},{u.speaker}" for u in clips]
    manifest.write_text("\n".join(["path,label,speaker", *rows]))
    arguments = ["train", manifest, "--out", out, "--model", base.path]

    status, stdout, err = voxcor(*arguments, "--method", "full", "--set", "epochs=1", "--json")
    assert status == 0, err
    report = json.loads(stdout)
    assert report["options"]["epochs"] == 1
    assert report["labels"] == ["angry", "sad"]
    assert "Epoch   1" in err
    assert find_model(str(out)).card.labels == ("angry", "sad")

    status, _, err = voxcor(*arguments, "--method", "full", "--set", "speed=3")
    assert (status, "lora_rank" in err) == (2, True)
    status, _, err = voxcor(*arguments, "--set", "epochs=1")
    assert (status, "--method full" in err) == (2, True)


def test_options_are_read_from_words() -> None:
    options = parse_options(["epochs=3", "lora_rank = 4", "augment=no", "learning_rate=1e-4"])
    assert options == FullOptions(epochs=3, lora_rank=4, augment=False, learning_rate=1e-4)
    for wrong in ("epochs", "speed=3", "epochs=2.5", "augment=maybe"):
        with pytest.raises(UsageError, match=wrong.partition("=")[0]):
            parse_options([wrong])


def test_adapters_learn_faster_unless_told_otherwise() -> None:
    assert FullOptions(lora_rank=8).highest_rate == 10 * FullOptions().highest_rate
    assert FullOptions(lora_rank=8, learning_rate=1e-5).highest_rate == 1e-5


def test_a_new_training_replaces_the_model_of_an_old_one_and_nothing_else(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    few = [two_of_each(part) for part in speech]
    out = tmp_path / "mine"
    first = train_full(few[0], few[1], model=base, out=out, options=QUICK)
    with pytest.raises(ModelExists, match="--replace"):
        train_full(few[0], few[1], model=base, out=out, options=replace(QUICK, seed=1))
    second = train_full(
        few[0], few[1], model=base, out=out, options=replace(QUICK, seed=1), overwrite=True
    )
    assert find_model(str(out)).card.sha256 == second.card.sha256 != first.card.sha256
    with pytest.raises(UsageError, match="something else"):
        train_full(few[0], few[1], model=base, out=base.path, options=QUICK, overwrite=True)
    recordings = [utterance.path for part in few for utterance in part]
    sha256s = [hashlib.sha256(path.read_bytes()).hexdigest() for path in recordings]
    assert trained_on(find_model(str(out))).count(sha256s) == len(sha256s)


def test_recordings_that_cannot_be_used_are_named_and_cost_no_other(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    training, validation = (two_of_each(part) for part in speech)
    (tmp_path / "notes.wav").write_text("not audio at all")
    broken = replace(training[0], path=tmp_path / "notes.wav", row=77)
    gone = replace(training[0], path=tmp_path / "gone.wav", row=78)
    foreign = replace(validation[0], label="bored", row=79)
    trained = train_full(
        [broken, *training, gone],
        [foreign, *validation],
        model=base,
        out=tmp_path / "mine",
        options=QUICK,
    )
    assert {(problem.row, problem.code) for problem in trained.problems} == {
        (77, "not_audio"),
        (78, "input_not_found"),
        (79, "unknown_label"),
    }
    assert trained.card.metrics["training.clips"] == len(training)
    assert trained.card.labels == ("angry", "sad")


def test_what_cannot_be_trained_is_said_before_any_work(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    training, validation = (two_of_each(part) for part in speech)
    out = tmp_path / "mine"
    angry = [u for u in training if u.label == "angry"]
    with pytest.raises(UsageError, match="two labels"):
        train_full(angry, validation, model=base, out=out)
    with pytest.raises(UsageError, match="freeze_blocks cannot be 3"):
        train_full(training, validation, model=base, out=out, options=FullOptions(freeze_blocks=3))
    options = FullOptions(freeze_blocks=2, lora_rank=2)
    with pytest.raises(UsageError, match="LoRA"):
        train_full(training, validation, model=base, out=out, options=options)
    small = find_model("small")
    with pytest.raises(UsageError, match="models pull"):
        train_full(training, validation, model=small, out=out)
    foreign = ModelFolder(small.path, replace(small.card, id="somebody's", precision="fp32"))
    with pytest.raises(CheckpointInvalid):
        train_full(training, validation, model=foreign, out=out)
    small = ModelFolder(base.path, replace(base.card, precision="int8"))
    with pytest.raises(UsageError, match="fp32"):
        train_full(training, validation, model=small, out=out)
    assert not list(tmp_path.iterdir())


def test_nothing_to_validate_on_is_an_error(
    base: ModelFolder, speech: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    training = two_of_each(speech[0])
    with pytest.raises(UsageError, match="validation"):
        train_full(training, [], model=base, out=tmp_path / "mine")


@pytest.mark.parametrize("name", ["torch", "peft"])
def test_a_missing_package_is_named_with_the_command_that_brings_it(
    name: str, base: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda wanted: None if wanted == name else object())
    with pytest.raises(UsageError, match=rf"{name}, .* pip install .*\"torch>=[0-9.]+\""):
        train_full([], [], model=base, out=tmp_path, options=FullOptions(lora_rank=2))


def test_importing_the_trainer_imports_no_torch() -> None:
    code = "import sys, voxcor.training.full; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Emotion2vec(replace(TWO_BLOCKS, num_outputs=2))
    clips = noise_clips(4, 6_000)
    with torch.no_grad():
        model.head.bias[0] = torch.nan
    with pytest.raises(UsageError, match="diverged"):
        finetune(model, clips, clips, QUICK, folder=tmp_path)


def test_batches_of_one_step_have_the_gradient_of_one_large_batch(tmp_path: Path) -> None:
    clips = noise_clips(6, 6_000)
    after = []
    for batches in ([np.arange(6)], [np.arange(4), np.arange(4, 6)]):
        torch.manual_seed(0)
        model = Emotion2vec(replace(TWO_BLOCKS, num_outputs=2), dropout=0.0)
        options = replace(QUICK, hide_time=0, hide_channels=0, learning_rate=1e-3, warmup=0)
        trainer = Finetuning(model, clips, clips, options, tmp_path, torch.device("cpu"))
        before = {name: p.detach().clone() for name, p in trainer.trained.items()}
        trainer.step(Position(), batches, steps=1)
        after.append({name: p.detach() - before[name] for name, p in trainer.trained.items()})
    whole, parts = after
    for name, moved in whole.items():
        assert moved.abs().max() > 0
        # Adam's first step is the sign of the gradient, nearly: where that is all but zero, the
        # order of a sum decides.
        assert (parts[name] - moved).abs().mean() < 1e-2 * moved.abs().mean(), name


def test_the_rate_falls_layer_by_layer_and_norms_do_not_decay() -> None:
    model = Emotion2vec(replace(TWO_BLOCKS, num_outputs=2))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    groups = parameter_groups(
        trained,
        num_blocks=2,
        undecayed=model.undecayed,
        learning_rate=1.0,
        head_learning_rate=5.0,
        layer_decay=0.5,
        weight_decay=0.1,
    )
    names = {id(parameter): name for name, parameter in trained.items()}
    found = {names[id(p)]: group for group in groups for p in group["params"]}
    assert found.keys() == trained.keys()
    rates = {
        "blocks.1.mlp.fc1.weight": 1.0,
        "blocks.0.mlp.fc1.weight": 0.5,
        "front_end.3.conv.weight": 0.25,
        "extra_tokens": 0.25,
        "head.weight": 5.0,
    }
    assert {name: found[name]["highest_lr"] for name in rates} == rates
    undecayed = {name for name, group in found.items() if group["weight_decay"] == 0}
    assert {"extra_tokens", "blocks.1.norm2.weight", "head.bias"} <= undecayed
    assert "blocks.1.mlp.fc1.weight" not in undecayed


def test_the_rate_rises_in_a_line_and_falls_to_nothing() -> None:
    factors = [rate_factor(step, 100, warmup=0.1) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * step for step in range(1, 11)])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[55] == pytest.approx(0.5)
    assert 0 < factors[-1] < 0.001


def test_training_stops_when_epochs_bring_nothing(tmp_path: Path) -> None:
    clips = noise_clips(2, 6_000)
    options = replace(QUICK, epochs=10, patience=2)
    model = Emotion2vec(replace(TWO_BLOCKS, num_outputs=2))
    trainer = Finetuning(model, clips, clips, options, tmp_path, torch.device("cpu"))

    def after(*uas: float) -> bool:
        epochs = [Epoch(number, 1.0, ua, ua) for number, ua in enumerate(uas, start=1)]
        return trainer.should_stop(Position(epochs=epochs))

    assert not after()
    assert not after(0.5, 0.6, 0.55)
    assert after(0.5, 0.6, 0.55, 0.6)
    assert not after(0.5, 0.6, 0.55, 0.61)
    assert after(*np.linspace(0.1, 0.9, 10))


def test_a_state_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    state.save(path, {"weights": {"w": torch.ones(3)}, "position": Position().to_dict()})
    with pytest.raises(TypeError):
        state.save(path, {"weights": {"w": torch.zeros(3)}, "position": (_ for _ in ())})
    saved = state.load(path, torch.device("cpu"))
    assert saved is not None
    assert saved["weights"]["w"].tolist() == [1, 1, 1]
    assert Position.from_dict(saved["position"]) == Position()


@given(
    lengths=st.lists(st.integers(1, 120), min_size=1, max_size=8),
    share=st.floats(0, 0.9),
    span=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_hidden_spans_lie_within_an_item_and_leave_some_of_it(
    lengths: list[int], share: float, span: int, seed: int
) -> None:
    hidden = hidden_spans(lengths, share=share, span=span, rng=np.random.default_rng(seed))
    assert hidden.shape == (len(lengths), max(lengths))
    for row, length in zip(hidden, lengths, strict=True):
        assert not row[length:].any()
        assert row.sum() <= share * length + span
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]])))
        assert all(end - start >= span for start, end in edges.reshape(-1, 2))


def test_spans_hide_the_share_they_are_asked_for() -> None:
    rng = np.random.default_rng(0)
    hidden = hidden_spans([500] * 400, share=0.1, span=10, rng=rng)
    assert hidden.mean() == pytest.approx(0.1, abs=0.01)  # overlaps take little of so few
    assert not hidden_spans([500] * 4, share=0, span=10, rng=rng).any()


def test_an_epoch_hears_each_clip_once_with_others_of_its_length() -> None:
    lengths = np.random.default_rng(0).integers(400, 160_000, size=501)
    batches = epoch_batches(lengths, batch_size=8, rng=np.random.default_rng(1))
    assert sorted(np.concatenate(batches)) == list(range(501))
    assert sorted(map(len, batches)) == [5, *[8] * 62]
    padding = sum(len(b) * lengths[b].max() - lengths[b].sum() for b in batches)
    assert padding < 0.1 * lengths.sum()
    other = epoch_batches(lengths, batch_size=8, rng=np.random.default_rng(2))
    assert not np.array_equal(batches[0], other[0])


def test_a_crop_is_a_stretch_of_the_clip() -> None:
    samples = np.arange(1_000, dtype=np.float32)
    rng = np.random.default_rng(0)
    stretches = [crop(samples, 300, rng) for _ in range(50)]
    for stretch in stretches:
        assert np.array_equal(stretch, np.arange(stretch[0], stretch[0] + 300))
    assert len({stretch[0] for stretch in stretches}) > 10
    assert crop(samples, 1_000, rng) is samples
