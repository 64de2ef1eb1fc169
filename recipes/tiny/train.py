"""The whole recipe in one command: decode, train, calibrate, evaluate, export.

    python recipes/tiny/train.py --corpora CORPORA [--install]

Everything it makes lies under `--run`; a second start goes on where the first one stopped.
"""

import argparse
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dataset
import torch
from evaluate import Scores, evaluate, fit_temperature, scores, with_mean
from export import export_graph, make_card, synthetic_voice, write_golden
from fit import KINDS, Plan, fit
from model import Tiny
from windows import load_windows
from words import WORDS_FILE, write_words

from voxcor.frames import RECEPTIVE_FIELD
from voxcor.inference.onnx_files import GRAPH_FILE
from voxcor.labels import LABEL_IDS
from voxcor.models.cards import CARD_FILE, write_card

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "voxcor" / "models" / "tiny"
QUICK, QUICK_CLIPS = Plan(copies=1, members=1, steps=20), 40  # clips of each corpus
GOLDEN = REPOSITORY / "tests" / "data" / "tiny.npz"


def main() -> None:
    """Reads the command line and runs every step."""
    options = parse_options()
    # One thread: sums then always run in the same order, and the same command gives the same
    # weights.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    plan = QUICK if options.quick else Plan()

    corpora = dataset.find_corpora(options.corpora)
    clips = dataset.read_manifests(corpora, QUICK_CLIPS if options.quick else None)
    speech = dataset.load_speech(clips, options.run / "audio")
    training, validation = dataset.split(speech)
    say(f"{len(training)} clips to train on, {len(validation)} of other speakers to validate")
    windows = load_windows(speech, plan.copies, plan.seed, say)

    def trained(name: str, indices: Sequence[int]) -> Tiny:
        # The checkpoint is named after all that it depends on.
        heard = "".join(f"{speech.clips[i].corpus}/{speech.clips[i].path.name}" for i in indices)
        digest = hashlib.sha256(f"{plan}{KINDS}{heard}".encode()).hexdigest()[:12]
        checkpoint = options.run / f"{digest}.pt"
        return fit(windows, clips, indices, plan, checkpoint, lambda line: say(f"{name}: {line}"))

    model = trained("all corpora", training)
    known = scores(model, speech, validation)
    metrics: dict[str, Any] = {}
    if len(corpora) > 1:
        unseen = {}
        for corpus in corpora:
            others = [i for i in training if clips[i].corpus != corpus.name]
            left_out = [i for i, clip in enumerate(clips) if clip.corpus == corpus.name]
            rival = trained(f"without {corpus.name}", others)
            unseen[corpus.name] = scores(rival, speech, left_out)
        temperature = fit_temperature(unseen.values())
        metrics["unseen_corpus"] = unseen_report(unseen)
    else:
        temperature = fit_temperature([known])
    model.calibrate_head(temperature)
    metrics = {
        "temperature": temperature,
        "speaker_disjoint": with_mean(evaluate(known, temperature)),
        **metrics,
    }
    write_model(options.run / "tiny", model, speech, training, metrics)
    if options.install:
        install(options.run / "tiny")


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--corpora", type=Path, nargs="+", required=True, help="corpus folders, or folders of such"
    )
    parser.add_argument("--run", type=Path, default=REPOSITORY / "runs" / "tiny")
    parser.add_argument(
        "--quick", action="store_true", help="few clips and steps: to see that everything works"
    )
    parser.add_argument("--install", action="store_true", help="put the model into the package")
    return parser.parse_args()


def say(line: str) -> None:
    """A line of progress."""
    print(line, flush=True)


def unseen_report(unseen: Mapping[str, Scores]) -> dict[str, Any]:
    """Each corpus by the model that never met it, with a temperature fitted without it, too."""
    report: dict[str, Any] = {}
    for corpus, found in unseen.items():
        temperature = fit_temperature(other for name, other in unseen.items() if name != corpus)
        report |= evaluate(found, temperature)
    return with_mean(report)


def write_model(
    folder: Path,
    model: Tiny,
    speech: dataset.Speech,
    training: Sequence[int],
    metrics: Mapping[str, Any],
) -> None:
    """Writes the model folder and the golden output, and holds the graph against the network."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = [synthetic_voice(0.5), speech.waveform(0), synthetic_voice(1.0)[:RECEPTIVE_FIELD]]
    difference = export_graph(model, folder / GRAPH_FILE, samples)
    say(f"the graph agrees with the network to {difference:.1e}")
    corpora = list(dict.fromkeys(clip.corpus for clip in speech.clips))
    card = make_card(
        folder / GRAPH_FILE,
        model=model,
        corpora=corpora,
        metrics=metrics,
        created=datetime.now(UTC).date().isoformat(),
    )
    write_card(card, folder)
    other = LABEL_IDS.index("other")
    heard = sum(speech.clips[i].label == other for i in training)
    write_words(
        folder / WORDS_FILE,
        card,
        corpora,
        metrics,
        members=len(model.members),
        other_clips=heard,
    )
    write_golden(model, folder / GOLDEN.name)
    say(f"written: {folder}")


def install(folder: Path) -> None:
    """Copies the model into the package, and its golden output to the tests."""
    PACKAGE.mkdir(parents=True, exist_ok=True)
    for name in (GRAPH_FILE, CARD_FILE, WORDS_FILE):
        shutil.copyfile(folder / name, PACKAGE / name)
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / GOLDEN.name, GOLDEN)
    say(f"installed: {PACKAGE}")


if __name__ == "__main__":
    main()
