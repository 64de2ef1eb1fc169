"""Writes the trained network as an ONNX graph, operation for operation as `model.py` computes it.

Layout is `[B, F, C]` at 10 ms and `[B, T, C]` at 20 ms, but inside convolution and pooling.
"""

from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import features
import numpy as np
import onnx
from model import NORM_EPS, POWER_EPS, Tiny
from numpy.typing import NDArray

from voxcor.frames import HOP, RECEPTIVE_FIELD, SAMPLE_RATE
from voxcor.inference.onnx_files import GRAPH_FILE
from voxcor.labels import LABEL_IDS
from voxcor.models.graph import GraphBuilder

Tensors = dict[str, NDArray[np.float32]]


def write_graph(model: Tiny, path: Path) -> None:
    """Writes `model`, weights inside, with the doors and metadata of every Voxcor graph."""
    tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    with TemporaryDirectory() as folder:
        with GraphBuilder(Path(folder)) as graph:
            _add_network(graph, model, tensors)
            graph.save(labels=LABEL_IDS, embedding_dim=model.dim)
        # At this size one file is handier than a file beside the file.
        written = onnx.load(Path(folder) / GRAPH_FILE)
    for key, value in {"sample_rate": SAMPLE_RATE, "hop": HOP}.items():
        written.metadata_props.add(key=key, value=str(value))
    onnx.checker.check_model(written, full_check=True)
    onnx.save(written, path)


def _add_network(graph: GraphBuilder, model: Tiny, tensors: Tensors) -> None:
    heard = [_window_sums(graph, terms) for terms in _terms(graph)]  # each [B, T, TERMS]
    mask = _frame_mask(graph, heard[0], HOP)  # [B, T, 1]
    for reference, sums in enumerate(heard):
        x = _functionals(graph, sums)
        for op, name in (("Sub", "centre"), ("Div", "spread")):
            weight = graph.weight(f"{name}.{reference}", tensors[name][reference])
            x = graph.op(op, x, weight)
        limits = graph.floats(-features.FARTHEST), graph.floats(features.FARTHEST)
        heard[reference] = graph.op("Clip", x, *limits)
    members = [
        _member(graph, heard[reference], tensors, f"members.{i}")
        for i, reference in enumerate(model.references)
    ]
    x = graph.op("Mul", graph.op("Concat", *members, axis=2), mask)
    graph.rename(x, "embeddings")
    graph.rename(graph.op("Mul", _linear(graph, x, tensors, "head"), mask), "logits")


def _power(graph: GraphBuilder) -> str:
    """`Ear.power`."""
    samples = _axis_length(graph, "waveform", 1)
    real = _up_to(graph, "lengths", samples)  # [B, N]
    count = graph.op("Unsqueeze", graph.op("Cast", "lengths", to=1), graph.constant([1]))
    axis = graph.constant([1])

    def mean(value: str) -> str:
        return str(graph.op("Div", graph.op("ReduceSum", value, axis, keepdims=1), count))

    x = graph.op("Mul", "waveform", real)
    x = graph.op("Mul", graph.op("Sub", x, mean(x)), real)
    power = mean(graph.op("Mul", x, x))
    x = graph.op("Div", x, graph.op("Sqrt", graph.op("Add", power, graph.floats(POWER_EPS))))
    x = graph.op("Unsqueeze", x, axis)
    x = graph.op(
        "Conv",
        x,
        graph.weight("transform", features.transform()),
        strides=[features.FINE_HOP],
        pads=[features.PADDING, features.PADDING],
    )
    cosines, sines = graph.op("Split", graph.op("Mul", x, x), axis=1, num_outputs=2, outputs=2)
    return str(graph.op("Transpose", graph.op("Add", cosines, sines), perm=[0, 2, 1]))


def _pitch(graph: GraphBuilder, power: str) -> tuple[str, str]:
    """`Ear.pitch`."""
    magnitude = graph.op("Sqrt", power)
    total = graph.op("MatMul", magnitude, graph.weight("pitch_total", features.pitch_total().T))
    total = graph.op("Add", total, graph.floats(features.PITCH_FLOOR))
    lags = graph.op("MatMul", magnitude, graph.weight("pitch_lags", features.pitch_lags().T))
    correlation = graph.op("Div", lags, total)
    voicing = graph.op("ReduceMax", correlation, graph.constant([2]), keepdims=1)
    sharp = graph.op("Mul", correlation, graph.floats(features.PITCH_SHARPNESS))
    octaves = graph.weight("octaves", features.octaves())
    pitch = graph.op("MatMul", graph.op("Softmax", sharp, axis=2), octaves)
    return pitch, voicing


def _terms(graph: GraphBuilder) -> list[str]:
    """`Ear.forward`, the terms for each reference."""
    power = _power(graph)
    real = _frame_mask(graph, power, features.FINE_HOP)  # [B, F, 1]
    pitch, voicing = _pitch(graph, power)
    mel = graph.op("MatMul", power, graph.weight("mel_bands", features.mel_bands().T))
    bands = mel, graph.op("Div", mel, _loudness(graph, real, mel))
    form = graph.weight("shape", features.shape().T)
    return [
        _terms_of(graph, real, heard, least, pitch, voicing, form)
        for heard, least in zip(bands, features.AUDIBLE_LEVELS, strict=True)
    ]


def _loudness(graph: GraphBuilder, real: str, mel: str) -> str:
    """The mean power that power itself weighs, `[B, 1, 1]`."""
    over_time, least = graph.constant([1]), graph.floats(POWER_EPS)
    energy = graph.op("Mul", real, graph.op("ReduceSum", mel, graph.constant([2]), keepdims=1))
    weighed = graph.op("Mul", energy, graph.op("Log", graph.op("Add", energy, least)))
    weighed = graph.op("ReduceSum", weighed, over_time, keepdims=1)
    total = graph.op("Add", graph.op("ReduceSum", energy, over_time, keepdims=1), least)
    return str(graph.op("Exp", graph.op("Div", weighed, total)))


def _terms_of(
    graph: GraphBuilder, real: str, bands: str, least: float, pitch: str, voicing: str, form: str
) -> str:
    """`Ear.terms`, with the weight of its matrix `shape` in `form`."""
    mel = graph.op("Log", graph.op("Max", bands, graph.floats(features.LOWEST_POWER)))
    level = graph.op("ReduceLogSumExp", mel, graph.constant([2]), keepdims=1)
    shape = graph.op("MatMul", mel, form)

    def times(*factors: str) -> str:
        return reduce(lambda product, factor: str(graph.op("Mul", product, factor)), factors)

    def affine(x: str, slope: float, offset: float) -> str:
        scaled = graph.op("Mul", x, graph.floats(slope))
        return str(graph.op("Add", scaled, graph.floats(offset)))

    def gate(x: str, threshold: float, slope: float) -> str:
        return str(graph.op("Sigmoid", affine(x, slope, -slope * threshold)))

    def earlier(x: str, lag: int) -> str:
        padded = graph.op("Pad", x, graph.constant([0, lag, 0, 0, 0, 0]))
        return str(_slice(graph, padded, 0, -lag, axis=1))

    def change(x: str, lag: int) -> str:
        return str(graph.op("Abs", graph.op("Sub", x, earlier(x, lag))))

    def near(x: str, grid: features.FloatArray) -> str:
        offset = graph.op("Sub", x, graph.floats(grid))
        steps = graph.op("Div", offset, graph.floats(grid[1] - grid[0]))
        return str(graph.op("Exp", graph.op("Neg", times(steps, steps))))

    audible = times(real, gate(level, least, features.AUDIBLE_SLOPE))
    voiced = times(audible, gate(voicing, features.VOICED_LEVEL, features.VOICED_SLOPE))
    scaled = affine(level, 0.5, 0.5), affine(pitch, 2, 0), affine(voicing, 4, -1.6)
    x = graph.op("Concat", *scaled, shape, axis=2)

    terms: list[str] = []
    for weight in (audible, voiced):
        terms += [weight, times(weight, x), times(weight, x, x), times(weight, x, x, x)]
    for lag in features.CHANGE_LAGS:
        changes = change(x, lag)
        few = _slice(graph, changes, 0, features.VOICED_CHANNELS, axis=2)
        both_audible, both_voiced = (times(w, earlier(w, lag)) for w in (audible, voiced))
        terms += [both_audible, times(both_audible, changes)]
        terms += [both_voiced, times(both_voiced, few)]
        terms += [times(real, earlier(real, lag), change(audible, lag))]
    terms += [real, times(voiced, near(pitch, features.PITCH_GRID))]
    terms += [times(real, near(level, features.LEVEL_GRID))]
    return str(graph.op("Concat", *terms, axis=2))


def _window_sums(graph: GraphBuilder, terms: str) -> str:
    """`around` every frame of the grid, times `terms` `[B, F, TERMS]`: `[B, T, TERMS]`."""
    zero, ratio = graph.constant(0), graph.constant(HOP // features.FINE_HOP)
    total = _axis_length(graph, terms, 1)
    middles = graph.op("Unsqueeze", graph.op("Range", zero, total, ratio), graph.constant([1]))
    fine = graph.op("Range", zero, total, graph.constant(1))
    distance = graph.op("Abs", graph.op("Sub", fine, middles))
    within = graph.op("LessOrEqual", distance, graph.constant(features.REACH))
    return str(graph.op("MatMul", graph.op("Cast", within, to=1), terms))


def _functionals(graph: GraphBuilder, sums: str) -> str:
    """`functionals`."""
    widths = features.TERMS
    parts = iter(graph.op("Split", sums, graph.constant(widths), axis=2, outputs=len(widths)))
    few, least = graph.floats(features.FEW), graph.floats(features.LEAST)
    found: list[str] = []
    counts: list[str] = []
    for _ in ("audible", "voiced"):
        counts.append(next(parts))
        count = graph.op("Add", counts[-1], few)
        mean, square, cube = (graph.op("Div", next(parts), count) for _ in range(3))
        mean_square = graph.op("Mul", mean, mean)
        variance = graph.op("Relu", graph.op("Sub", square, mean_square))
        variance = graph.op("Add", variance, least)
        # E(x - m)^3 = E x^3 - m (3 E x^2 - 2 m^2)
        inner = graph.op("Mul", square, graph.floats(3))
        inner = graph.op("Sub", inner, graph.op("Mul", mean_square, graph.floats(2)))
        third = graph.op("Sub", cube, graph.op("Mul", mean, inner))
        skewness = graph.op("Div", third, graph.op("Pow", variance, graph.floats(1.5)))
        limits = graph.floats(-3), graph.floats(3)
        found += [mean, graph.op("Log", variance), graph.op("Clip", skewness, *limits)]
    switches = []
    for _ in features.CHANGE_LAGS:
        for _ in ("audible", "voiced"):
            count = graph.op("Add", next(parts), few)
            change = graph.op("Add", graph.op("Div", next(parts), count), least)
            found.append(graph.op("Log", change))
        switches.append(next(parts))
    frames = graph.op("Add", next(parts), graph.floats(1))
    voiced = graph.op("Add", counts[1], few)
    found += [graph.op("Div", next(parts), voiced), graph.op("Div", next(parts), frames)]
    found += [graph.op("Div", part, frames) for part in (*switches, *counts)]
    return str(graph.op("Concat", *found, axis=2))


def _member(graph: GraphBuilder, x: str, tensors: Tensors, name: str) -> str:
    """`Member.forward`."""
    for layer in ("squeeze", "mix"):
        x = _linear(graph, x, tensors, f"{name}.{layer}")
        x = graph.op("Gelu", _layer_norm(graph, x, tensors, f"{name}.{layer}_norm"))
    return x


def _linear(graph: GraphBuilder, x: str, tensors: Tensors, name: str) -> str:
    weight = graph.weight(f"{name}.weight", tensors[f"{name}.weight"].T)
    x = graph.op("MatMul", x, weight)
    return str(graph.op("Add", x, graph.weight(f"{name}.bias", tensors[f"{name}.bias"])))


def _layer_norm(graph: GraphBuilder, x: str, tensors: Tensors, name: str) -> str:
    scale = graph.weight(f"{name}.weight", tensors[f"{name}.weight"])
    shift = graph.weight(f"{name}.bias", tensors[f"{name}.bias"])
    return str(graph.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=NORM_EPS))


def _slice(graph: GraphBuilder, x: str, start: int, end: int, axis: int) -> str:
    bounds = (graph.constant([value]) for value in (start, end, axis))
    return str(graph.op("Slice", x, *bounds))


def _frame_mask(graph: GraphBuilder, x: str, hop: int) -> str:
    """`[B, T, 1]`, 1.0 for the frames of `x` `[B, T, C]` that an item's samples fill."""
    beyond_first = graph.op("Sub", "lengths", graph.constant(RECEPTIVE_FIELD))
    counts = graph.op("Add", graph.op("Div", beyond_first, graph.constant(hop)), graph.constant(1))
    mask = _up_to(graph, counts, _axis_length(graph, x, 1))
    return str(graph.op("Unsqueeze", mask, graph.constant([2])))


def _up_to(graph: GraphBuilder, counts: str, total: str) -> str:
    """`[B, total]`, 1.0 at positions below each item's count, else 0."""
    positions = graph.op("Range", graph.constant(0), total, graph.constant(1))
    below = graph.op("Less", positions, graph.op("Unsqueeze", counts, graph.constant([1])))
    return str(graph.op("Cast", below, to=1))


def _axis_length(graph: GraphBuilder, x: str, axis: int) -> str:
    """The length of one axis, a scalar."""
    shape = graph.op("Shape", x, start=axis, end=axis + 1)
    return str(graph.op("Squeeze", shape))
