"""How near each way of quantising comes to fp32, on trained weights and held-out speech.

    python benchmarks/int8_accuracy.py --checkpoint RUN/model.pt --manifest MANIFEST [--clips 80]

`checkpoint` is an emotion2vec in the hubs' layout, trained on none of the manifest's speakers. Half
of the clips calibrate, the others are measured on. Ways spoilt on purpose show what the limits of
`voxcor.models.agreement` must tell apart.
"""

import argparse
import csv
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import soundfile
from numpy.typing import NDArray

from int8 import write_dynamic
from voxcor.inference.network import Network
from voxcor.inference.session import open_session
from voxcor.labels import LABEL_IDS
from voxcor.models import quantize
from voxcor.models.agreement import measure
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY

FloatArray = NDArray[np.float32]
Ranges = Mapping[str, quantize.Range]


def read_clips(manifest: Path, count: int) -> tuple[list[FloatArray], list[str]]:
    """`count` clips evenly spread over a manifest of `path` and `label9`, and their labels."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [rows[i * len(rows) // count] for i in range(min(count, len(rows)))]
    samples = [soundfile.read(manifest.parent / r["path"], dtype="float32")[0] for r in rows]
    return samples, [row["label9"] for row in rows]


def write(source: Path, target: Path, speech: Sequence[FloatArray], **changes: Any) -> None:
    """Our int8, with one thing changed.

    Args:
        source: the fp32 folder.
        target: the folder to write.
        speech: what calibrates.
        changes: `ranges`, a function of the ranges found; `weight`, a function of each weight
            before it is made 8-bit; `skip`, names of weights that stay fp32; `smooth`, the alpha
            of SmoothQuant.
    """
    observe, array, is_integer = quantize.observe, quantize.Graph.array, quantize._is_integer
    weight = changes.get("weight", lambda x: x)
    skip = changes.get("skip", "\0")

    def changed(self: quantize.Graph, name: str) -> Any:
        found = array(self, name)
        return weight(found) if found.ndim == 2 and min(found.shape) >= 16 else found

    with (
        mock.patch.object(
            quantize,
            "observe",
            lambda *given: changes.get("ranges", lambda found: found)(observe(*given)),
        ),
        mock.patch.object(quantize.Graph, "array", changed),
        mock.patch.object(
            quantize, "_is_integer", lambda g, n: is_integer(g, n) and skip not in n.input[1]
        ),
    ):
        if "smooth" in changes:
            with tempfile.TemporaryDirectory() as draft:
                write_smoothed(source, Path(draft), speech, changes["smooth"])
                quantize.quantize(Path(draft), target, speech)
        else:
            quantize.quantize(source, target, speech)


def write_smoothed(source: Path, target: Path, speech: Sequence[FloatArray], alpha: float) -> None:
    """SmoothQuant (Xiao et al. 2022, arXiv 2211.10438): hard channels lend range to the weights."""
    graph = quantize.Graph(source)
    direct = {k for k, v in quantize._sources(graph).items() if k == v}
    by_input: dict[str, list[Any]] = {}
    for node in graph.nodes:
        if quantize._is_integer(graph, node) and node.input[0] in direct:
            by_input.setdefault(node.input[0], []).append(node)
    most = channel_maxima(source, list(by_input), speech)
    nodes = []
    for node in graph.nodes:
        if node.input and node.input[0] in by_input and node in by_input[node.input[0]]:
            weights = [graph.array(other.input[1]) for other in by_input[node.input[0]]]
            strongest = np.max([np.abs(weight).max(axis=1) for weight in weights], axis=0)
            scale = most[node.input[0]] ** alpha / np.maximum(strongest, 1e-5) ** (1 - alpha)
            scale = np.maximum(scale, 1e-5)
            name = graph.constant(1 / scale, np.float32)
            nodes.append(graph.node("Mul", [node.input[0], name]))
            smoothed = graph.constant(graph.array(node.input[1]) * scale[:, None], np.float32)
            node.input[0], node.input[1] = nodes[-1].output[0], smoothed
        nodes.append(node)
    graph.nodes = nodes
    graph.prune()
    graph.save(target)


def channel_maxima(
    source: Path, names: Sequence[str], speech: Sequence[FloatArray]
) -> dict[str, FloatArray]:
    """The largest magnitude of each channel of some values, over recordings."""
    import onnx

    model = onnx.load(source / "model.onnx", load_external_data=False)
    del model.graph.output[:]
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names
    )
    draft = source / ".maxima.onnx"
    onnx.save(model, draft)
    session = open_session(draft)
    draft.unlink()
    most = dict.fromkeys(names, np.float32(1e-5))
    for x in speech[:8]:
        outputs = session.run(names, {"waveform": x[None], "lengths": np.array([len(x)])})
        for name, output in zip(names, outputs, strict=True):
            most[name] = np.maximum(most[name], np.abs(output).reshape(-1, output.shape[-1]).max(0))
    return most


def narrowed(factor: float) -> Callable[[Ranges], Ranges]:
    """Ranges so many times as wide."""
    return lambda found: {
        name: replace(r, lowest=factor * r.lowest, highest=factor * r.highest)
        for name, r in found.items()
    }


def rounded(bits: int, *, per_column: bool) -> Callable[[FloatArray], FloatArray]:
    """Weights on a grid of so many bits."""

    def on_grid(weight: FloatArray) -> FloatArray:
        most = np.abs(weight).max(axis=0) if per_column else np.abs(weight).max()
        step = most / (2 ** (bits - 1) - 1)
        return np.asarray(np.round(weight / step) * step, dtype=np.float32)

    return on_grid


WAYS: Mapping[str, Mapping[str, Any]] = {
    "as shipped": {},
    "calibrated on 4 s": {"few": True},
    "ranges 0.9 times as wide": {"ranges": narrowed(0.9)},
    "ranges 1.2 times as wide": {"ranges": narrowed(1.2)},
    "ranges twice as wide": {"ranges": narrowed(2)},
    "one scale for each weight matrix": {"weight": rounded(8, per_column=False)},
    "7-bit weights": {"weight": rounded(7, per_column=True)},
    "front end fp32": {"skip": "local_encoder"},
    "blocks fp32": {"skip": "blocks."},
    "SmoothQuant, alpha 0.5": {"smooth": 0.5},
    "SmoothQuant, alpha 0.7": {"smooth": 0.7},
    "onnxruntime, dynamic": {"dynamic": True},
    "spoilt: ranges half as wide": {"ranges": narrowed(0.5)},
    "spoilt: ranges a quarter as wide": {"ranges": narrowed(0.25)},
    "spoilt: 4-bit weights": {"weight": rounded(4, per_column=True)},
    "spoilt: 3-bit weights": {"weight": rounded(3, per_column=True)},
}


def recall(network: Network, clips: Sequence[FloatArray], labels: Sequence[str]) -> float:
    """The mean recall of the labels, UA."""
    found = [network.labels[network.run([x])[0].logits.mean(axis=0).argmax()] for x in clips]
    hits: dict[str, list[bool]] = {}
    for label, guess in zip(labels, found, strict=True):
        hits.setdefault(label, []).append(label == guess)
    return float(np.mean([np.mean(of_label) for of_label in hits.values()]))


def main() -> None:
    """Measures every way and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=80)
    arguments = parser.parse_args()
    clips, labels = read_clips(arguments.manifest, arguments.clips)
    calibration, trial, truth = clips[0::2], clips[1::2], labels[1::2]
    with tempfile.TemporaryDirectory() as folder_name:
        source, target = Path(folder_name) / "fp32", Path(folder_name) / "int8"
        source.mkdir()
        convert_checkpoint(arguments.checkpoint, source, family=FAMILY, labels=LABEL_IDS)
        fp32 = Network(source / "model.onnx")
        print("| way | same first label | scores, mean | most | embeddings, mean | most | UA |")
        print("|---|---|---|---|---|---|---|")
        print(f"| fp32 | | | | | | {100 * recall(fp32, trial, truth):.1f} |", flush=True)
        for way, changes in WAYS.items():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            few = [clips[0][:64_000]] if "few" in changes else calibration
            if "dynamic" in changes:
                write_dynamic(source, target)
            else:
                write(source, target, few, **changes)
            int8 = Network(target / "model.onnx")
            found = measure(fp32, int8, trial)
            print(
                f"| {way} | {found.top1:.1%} | {found.score_mean:.5f} | {found.score_max:.4f} "
                f"| {found.embedding_mean:.4f} | {found.embedding_max:.4f} "
                f"| {100 * recall(int8, trial, truth):.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
