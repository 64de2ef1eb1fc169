"""What the finished model is worth: prints the tables of its card.

    python recipes/small/evaluate.py --corpora CORPORA [--model FOLDER]

Everything is asked of the model as it ships, 8 bits and all, on raw clips. A figure comes with its
95 % interval, for which whole speakers are drawn where they are known (`voxcor.evaluation`).
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dataset
import numpy as np
from dataset import Clip, FloatArray, Speech, batches_by_length, lengthened
from head import UNKNOWN
from numpy.typing import NDArray
from options import MODEL, parser_of
from sounds import random_sound

from voxcor.audio.augmentation import STRESSES
from voxcor.evaluation.metrics import Figures, confusion_matrix, measure, unweighted_accuracy
from voxcor.frames import SAMPLE_RATE
from voxcor.inference.network import Network
from voxcor.inference.onnx_files import GRAPH_FILE
from voxcor.labels import LABEL_IDS
from voxcor.timeline import pooled_scores
from words import tables

FOUR = ("angry", "happy", "neutral", "sad")  # those that nearly every corpus has
LENGTHS_S = (1, 2, 5, 10, 20)
SAMPLED_CLIPS = 200  # of each corpus, where everything is recognised again and again
COMPUTED_SOUNDS = 200

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model said about some clips: scores `[len(clips), L]`, in their order."""

    clips: tuple[Clip, ...]
    scores: NDArray[np.float64]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The truth, `[len(clips)]`."""
        return np.array([clip.label for clip in self.clips])

    def of(self, corpus: str) -> "Scores":
        """Those of one corpus."""
        rows = [i for i, clip in enumerate(self.clips) if clip.corpus == corpus]
        return Scores(tuple(self.clips[i] for i in rows), self.scores[rows])


def recognise_clips(network: Network, speech: Speech, indices: Sequence[int]) -> Scores:
    """What is said of whole clips."""
    scores = np.zeros((len(speech.clips), len(network.labels)))
    for chosen in batches_by_length(speech, indices):
        scores[chosen] = recognise(network, [speech.waveform(i) for i in chosen])
    return Scores(tuple(speech.clips[i] for i in indices), scores[list(indices)])


def recognise(network: Network, waveforms: Sequence[FloatArray]) -> NDArray[np.float64]:
    """Scores `[len(waveforms), L]` of a batch."""
    outputs = network.run([lengthened(waveform) for waveform in waveforms])
    return np.array([[*pooled_scores(o.logits, network.labels).values()] for o in outputs])


def figures_of(found: Scores, among: Sequence[int], *, open_set: bool = False) -> Figures:
    """Figures of the clips with a label of `among`, which alone compete unless `open_set`."""
    counted = np.isin(found.labels, among)
    columns = list(range(len(LABEL_IDS))) if open_set else list(among)
    scores = found.scores[counted][:, columns]
    return measure(
        np.searchsorted(columns, found.labels[counted]),
        scores / scores.sum(axis=1, keepdims=True),
        [LABEL_IDS[column] for column in columns],
        [c.speaker or None for c, kept in zip(found.clips, counted, strict=True) if kept],
    )


def own_labels(found: Scores, among: Sequence[str] = LABEL_IDS) -> list[int]:
    """Which of the labels `among` occur."""
    return [i for i in np.unique(found.labels).tolist() if LABEL_IDS[i] in among]


def arousal_uar(found: Scores) -> float:
    """UAR of high (angry, happy) against low (neutral, sad) arousal, over clips of these four."""
    high, low = ([LABEL_IDS.index(label) for label in pair] for pair in (FOUR[:2], FOUR[2:]))
    counted = np.isin(found.labels, high + low)
    scores, truth = found.scores[counted], np.isin(found.labels[counted], high)
    right = (scores[:, high].sum(axis=1) > scores[:, low].sum(axis=1)) == truth
    return float(np.mean([side.mean() for side in (right[truth], right[~truth]) if side.size]))


def by_corpus(found: Scores) -> dict[str, Any]:
    """For each corpus: how much there is, how well it is recognised."""
    report: dict[str, Any] = {}
    for corpus in dict.fromkeys(clip.corpus for clip in found.clips):
        part = found.of(corpus)
        everything = own_labels(part)
        competing = figures_of(part, everything, open_set=True)
        report[corpus] = {
            "clips": competing.clips,
            "speakers": competing.speakers,
            "open": competing.ua,
            "ece": competing.ece,
            "unknown": float(np.mean(part.scores.argmax(axis=1) == UNKNOWN)),
            "recall": competing.recall,
        }
        if len(everything) > 1:
            own = figures_of(part, everything)
            four = figures_of(part, own_labels(part, FOUR))
            report[corpus] |= {
                "four": four.ua,
                "own": own.ua,
                "arousal": arousal_uar(part),
                "recall": own.recall,
            }
    return report


def drawn(clips: Sequence[Clip], indices: Sequence[int], count: int) -> list[int]:
    """`count` of the indices from each corpus, at random, all where there are fewer."""
    rng = np.random.default_rng(0)
    chosen: list[int] = []
    for corpus in dict.fromkeys(clips[i].corpus for i in indices):
        rows = [i for i in indices if clips[i].corpus == corpus]
        chosen += sorted(rng.choice(rows, min(count, len(rows)), replace=False).tolist())
    return chosen


def four_mean(found: Scores) -> float:
    """UAR of the four labels, every corpus counting the same."""
    uars = []
    for corpus in dict.fromkeys(clip.corpus for clip in found.clips):
        part = found.of(corpus)
        among = own_labels(part, FOUR)
        counted = np.isin(part.labels, among)
        truth = np.searchsorted(among, part.labels[counted])
        predicted = part.scores[counted][:, among].argmax(axis=1)
        uars.append(unweighted_accuracy(confusion_matrix(truth, predicted, len(among))))
    return float(np.mean(uars))


def under_conditions(network: Network, speech: Speech, indices: Sequence[int]) -> dict[str, Any]:
    """Clips of other lengths, and over telephones, in noise, in a room.

    Of each the UAR of four, and the share whose label stays that of the clip as it is.
    """
    clips = tuple(speech.clips[i] for i in indices)
    waveforms = [speech.waveform(i) for i in indices]
    whole = recognise_one_by_one(network, waveforms)

    def row(changed: Iterable[FloatArray]) -> dict[str, float]:
        scores = recognise_one_by_one(network, changed)
        same = scores.argmax(axis=1) == whole.argmax(axis=1)
        return {"four": four_mean(Scores(clips, scores)), "same": float(same.mean())}

    lengths = {s: row(np.resize(x, s * SAMPLE_RATE) for x in waveforms) for s in LENGTHS_S}
    return {
        "length_s": {"": row(waveforms), **{str(s): found for s, found in lengths.items()}},
        "stress": {
            stress.id: row(
                stress.change(x, np.random.default_rng(i))
                for i, x in zip(indices, waveforms, strict=True)
            )
            for stress in STRESSES
        },
    }


def recognise_one_by_one(network: Network, waveforms: Iterable[FloatArray]) -> NDArray[np.float64]:
    """Scores `[N, L]` of waveforms too long, or too many, for one batch."""
    return np.concatenate([recognise(network, [waveform]) for waveform in waveforms])


def computed_sounds(network: Network) -> float:
    """How many sounds that no person made, newly computed, are called `unknown`."""
    rngs = [np.random.default_rng((7, number)) for number in range(COMPUTED_SOUNDS)]
    sounds = [random_sound(3 * SAMPLE_RATE, rng) for rng in rngs]
    return float(np.mean(recognise_one_by_one(network, sounds).argmax(axis=1) == UNKNOWN))


def evaluate(
    folder: Path,
    speech: Speech,
    validation: Sequence[int],
    heard: Sequence[str],
    say: Progress,
) -> dict[str, Any]:
    """All tables; see the functions above for what is in them.

    Args:
        folder: the model's.
        speech: all clips.
        validation: those of speakers never heard, of corpora `heard` in training.
        heard: the corpora of the training; the others were never heard.
        say: takes lines of progress.
    """
    network = Network(folder / GRAPH_FILE)
    unheard = [i for i, clip in enumerate(speech.clips) if clip.corpus not in heard]
    say("new speakers of known corpora")
    report: dict[str, Any] = {
        "speaker_disjoint": by_corpus(recognise_clips(network, speech, validation))
    }
    if unheard:
        say("corpora never heard")
        report["unseen_corpus"] = by_corpus(recognise_clips(network, speech, unheard))
        chosen = drawn(speech.clips, unheard, SAMPLED_CLIPS)
        say("other lengths, telephones, noise, rooms")
        report |= under_conditions(network, speech, chosen)
    report["computed_sounds_unknown"] = computed_sounds(network)
    return report


def main() -> None:
    """Measures the model in `--run` and prints its tables."""
    parser = parser_of(__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="its folder; the finished one in --run")
    options = parser.parse_args()
    heard, unheard = dataset.find_corpora(options.corpora)
    clips = dataset.read_manifests((*heard, *unheard))
    speech = dataset.load_speech(clips, options.run / "audio")
    names = [folder.name for folder in heard]
    _, validation = dataset.split(speech, names)
    folder = options.model or options.run / MODEL
    report = evaluate(folder, speech, validation, names, lambda line: print(line, file=sys.stderr))
    print(tables(report, "en"))
    print(f"\ncomputed sounds called unknown: {report['computed_sounds_unknown']:.1%}")


if __name__ == "__main__":
    main()
