"""The whole recipe in one command: fetch, train, calibrate, quantise, measure.

    python recipes/small/train.py --corpora CORPORA [--install]

Everything it makes lies under `--run`; a second start goes on where the first one stopped.
"""

import argparse
import hashlib
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import dataset
import numpy as np
import torch
from dataset import Speech
from evaluate import drawn, evaluate
from export import write_card_of, write_model
from finetune import Plan, finetune
from head import fit_head
from network import (
    BIAS,
    WEIGHT,
    headless,
    logits,
    make_network,
    mean_embeddings,
    with_head,
    with_smoothing,
)
from options import MODEL, PACKAGE, parser_of
from weights import blocks_of, whisper_base

from voxcor.evaluation.calibration import fit_temperature
from voxcor.inference.onnx_files import GRAPH_FILE, WEIGHTS_FILE
from voxcor.models.cards import CARD_FILE
from voxcor.models.families.whisper import FAMILY
from voxcor.models.family import Weights
from words import WORDS_FILE

DEPTH = 3  # blocks; from the fourth on the mean of the embeddings tells less
WINDOW = 150  # frames, 3 s, after which positions and attention begin anew
SEEDS = (1, 2)  # of the runs whose weights are averaged

QUICK, QUICK_CLIPS = Plan(steps=4, batch_size=8), 8  # clips of each corpus
EXAMPLES = 40  # clips of each corpus for the ranges of 8 bits


def main() -> None:
    """Reads the command line and runs every step."""
    options = parse_options()
    # Sums over threads depend on how many there are; the same command gives the same weights.
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)

    heard, unheard = dataset.find_corpora(options.corpora)
    base = whisper_base(options.whisper, options.run)
    clips = dataset.read_manifests((*heard, *unheard), QUICK_CLIPS if options.quick else None)
    speech = dataset.load_speech(clips, options.run / "audio")
    names = [folder.name for folder in heard]
    training, validation = dataset.split(speech, names)
    say(f"{len(training)} clips to train on, {len(validation)} of other speakers to validate")

    say("what Whisper hears, and a head on it")
    weights = blocks_of(base, depth=DEPTH, window=WINDOW)
    weights = with_fitted_head(weights, speech, training)
    plan = QUICK if options.quick else Plan()
    weights = mean_of_runs(weights, speech, training, plan, options.run)
    strangers = [i for i, clip in enumerate(clips) if clip.corpus not in names]
    temperature = calibrate(weights, speech, strangers or validation)

    folder = options.run / MODEL
    examples = drawn(clips, training, EXAMPLES)
    card = write_model(
        folder,
        with_smoothing(with_temperature(weights, temperature)),
        [speech.waveform(i) for i in examples],
        names,
    )
    metrics = evaluate(folder, speech, validation, names, say)
    write_card_of(folder, card, names, {"temperature": temperature, **metrics})
    say(f"written: {folder}")
    if options.install:
        install(folder)


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__.splitlines()[0])
    parser.add_argument(
        "--whisper", type=Path, help="OpenAI's base.pt, or its CTranslate2 model.bin (else fetched)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="few clips and steps: to see that everything works"
    )
    parser.add_argument("--install", action="store_true", help="put the model into the package")
    return parser.parse_args()


def say(line: str) -> None:
    """A line of progress."""
    print(line, flush=True)


def with_fitted_head(weights: Weights, speech: Speech, training: Sequence[int]) -> Weights:
    """The frozen blocks and the head that fits them best."""
    embeddings = mean_embeddings(headless(weights), speech, training)
    return with_head(weights, *fit_head(embeddings, [speech.clips[i] for i in training]))


def mean_of_runs(
    weights: Weights, speech: Speech, training: Sequence[int], plan: Plan, run: Path
) -> Weights:
    """The mean of the weights of one run for each of `SEEDS`, all from the same beginning."""
    heard = "".join(f"{speech.clips[i].corpus}/{speech.clips[i].path.name}" for i in training)
    states = []
    for seed in SEEDS:
        # The checkpoint is named after all that it depends on.
        digest = hashlib.sha256(f"{plan}{seed}{heard}".encode()).hexdigest()[:12]
        network = make_network(weights)

        def report(line: str, seed: int = seed) -> None:
            say(f"seed {seed}, {line}")

        states.append(finetune(network, speech, training, plan, seed, run / f"{digest}.pt", report))
    network.load_state_dict(
        {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]}
    )
    return Weights(network.architecture, FAMILY.tensors_of(network))


def calibrate(weights: Weights, speech: Speech, indices: Sequence[int]) -> float:
    """The temperature for clips like these, every corpus counting the same."""
    corpora = Counter(speech.clips[i].corpus for i in indices)
    chosen = drawn(speech.clips, indices, min(corpora.values()))
    truth = np.array([speech.clips[i].label for i in chosen])
    return fit_temperature(logits(weights, speech, chosen).astype(np.float64), truth)


def with_temperature(weights: Weights, temperature: float) -> Weights:
    """The temperature folded into the head."""
    tensors = weights.tensors
    return with_head(weights, tensors[WEIGHT] / temperature, tensors[BIAS] / temperature)


def install(folder: Path) -> None:
    """Copies the model into the package."""
    for name in (GRAPH_FILE, WEIGHTS_FILE, CARD_FILE, WORDS_FILE):
        shutil.copyfile(folder / name, PACKAGE / name)
    say(f"installed: {PACKAGE}")


if __name__ == "__main__":
    main()
