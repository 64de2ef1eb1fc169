"""Fine-tuning end to end at a small size on a real corpus, from random weights.

    python benchmarks/finetune_small.py CORPUS --held-out 08,10,15 [--epochs 20]

CORPUS is a manifest or its folder. A network of two blocks and 64 dimensions is written as a model
folder, trained by the code of `voxcor train --method full`, and evaluated through `Recognizer`: it
shows that the whole way works, not what emotion2vec+ reaches.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np
import torch

from voxcor import Recognizer
from voxcor.datasets.manifest import Utterance, read_manifest
from voxcor.evaluation.metrics import confusion_matrix, unweighted_accuracy, weighted_accuracy
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import Card, FileRecord, Source, write_card
from voxcor.models.families.emotion2vec.architecture import Architecture
from voxcor.models.families.emotion2vec.graph import write_graph
from voxcor.models.families.emotion2vec.network import Emotion2vec, tensors_of
from voxcor.models.family import Weights
from voxcor.models.graph import GraphBuilder
from voxcor.models.store import ModelFolder, find_model
from voxcor.results import Failure
from voxcor.training.full import train_full
from voxcor.training.options import FullOptions
from voxcor.training.state import Epoch

SMALL = Architecture(embed_dim=64, num_heads=4, prenet_depth=1, depth=1, num_outputs=9)


def write_untrained(folder: Path) -> ModelFolder:
    """A model folder with the first weights that torch gives such layers."""
    torch.manual_seed(0)
    folder.mkdir()
    with GraphBuilder(folder) as graph:
        write_graph(graph, Weights(SMALL, tensors_of(Emotion2vec(SMALL))), LABEL_IDS)
        graph.save(labels=LABEL_IDS, embedding_dim=SMALL.embed_dim)
    files = {
        path.name: FileRecord(path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.iterdir()
    }
    card = Card(
        id="untrained",
        title="two blocks, untrained",
        labels=LABEL_IDS,
        embedding_dim=SMALL.embed_dim,
        parameters=sum(map(prod, SMALL.shapes().values())),
        precision="fp32",
        revision="1",
        sha256=files["model.onnx.data"].sha256,
        official=False,
        source=Source(hub="voxcor", repository=None, file="benchmarks/finetune_small.py"),
        created="",
        licence="Apache-2.0",
        files=files,
    )
    write_card(card, folder)
    return find_model(str(folder))


def evaluate(model: Path, utterances: Sequence[Utterance]) -> tuple[float, float]:
    """UA and WA of a model folder, through the front door."""
    recognizer = Recognizer(str(model))
    truth, found = [], []
    results = recognizer.recognize_many(utterance.path for utterance in utterances)
    for utterance, result in zip(utterances, results, strict=True):
        if not isinstance(result, Failure):
            truth.append(recognizer.labels.index(utterance.label))
            found.append(recognizer.labels.index(result.emotion))
    count = len(recognizer.labels)
    confusion = confusion_matrix(np.array(truth), np.array(found), count)
    return float(unweighted_accuracy(confusion)), float(weighted_accuracy(confusion))


def main() -> None:
    """Trains, prints every epoch, evaluates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--held-out", default="08,10,15", help="speakers to validate on")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    held_out = arguments.held_out.split(",")
    utterances = read_manifest(arguments.corpus).utterances
    validation = [u for u in utterances if u.speaker in held_out]
    training = [u for u in utterances if u.speaker not in held_out]
    options = FullOptions(
        epochs=arguments.epochs,
        patience=arguments.epochs,
        accumulate=1,
        learning_rate=1e-3,  # nothing is worth keeping in random weights
        head_learning_rate=3e-3,
        layer_decay=1.0,
        crop_s=2.0,
        augment=False,
    )

    def show(epoch: Epoch) -> None:
        print(
            f"| {epoch.number} | {epoch.loss:.3f} | {epoch.ua:.3f} | {epoch.wa:.3f} |", flush=True
        )

    with tempfile.TemporaryDirectory() as folder:
        base, out = write_untrained(Path(folder) / "untrained"), Path(folder) / "trained"
        print("| epoch | loss | UA | WA |\n|---|---|---|---|")
        trained = train_full(
            training, validation, model=base, out=out, options=options, on_epoch=show
        )
        ua, wa = evaluate(out, validation)
        chance = 1 / len(trained.card.labels)
        print(
            f"\n{len(training)} clips, {len(validation)} of other speakers; epoch "
            f"{trained.best.number} kept. Through Recognizer: UA {ua:.3f}, WA {wa:.3f} "
            f"(chance {chance:.3f})."
        )


if __name__ == "__main__":
    main()
