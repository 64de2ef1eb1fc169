"""How fast models are on this machine: seconds of compute for a second of speech.

Sides are measured turn by turn in one process, and compared by the median of paired ratios: a
machine's speed drifts, a ratio holds better.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import UsageError
from voxcor.frames import SAMPLE_RATE
from voxcor.inference.onnx_files import write_model
from voxcor.inference.session import available_cores, open_session, run
from voxcor.models.store import find_model, open_network

FloatArray = NDArray[np.float32]
Side = Callable[[FloatArray], object]

SECONDS = (3, 10, 30)

FUNASR = "funasr"

_PEAK_SIZE = 2048
_PEAK_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Timing:
    """One side at one length: `median_s` of compute for `seconds` of audio.

    `ratio` is how many times as fast as FunASR it is, None where that was not measured.
    """

    side: str
    precision: str
    seconds: int
    median_s: float
    ratio: float | None

    @property
    def times_real_time(self) -> float:
        return self.seconds / self.median_s


def peak_gigaflops(threads: int | None = None) -> float:
    """The best of ONNX Runtime's fp32 products of 2048 x 2048, in 10^9 operations a second.

    No fp32 model is faster than its operations at this rate.
    """
    from onnx import TensorProto, helper, numpy_helper

    matrix = np.random.default_rng(0).standard_normal((_PEAK_SIZE, _PEAK_SIZE), dtype=np.float32)
    shape = [_PEAK_SIZE, _PEAK_SIZE]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "peak",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(matrix, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "peak.onnx"
        write_model(model, path)
        session = open_session(path, threads=threads)
    best = min(_timed(lambda x: run(session, {"x": x}), matrix) for _ in range(_PEAK_ROUNDS))
    return 2 * _PEAK_SIZE**3 / best / 1e9


def compare(
    sides: Mapping[str, tuple[str, Side]], *, rounds: int = 5, seconds: Sequence[int] = SECONDS
) -> Iterator[Timing]:
    """Timings of all sides at each length, after a turn that is not counted.

    Args:
        sides: by name, a precision and what takes samples `[N]` at 16 kHz to scores.
        rounds: turns of each side that count.
        seconds: lengths of the clips.
    """
    for length in seconds:
        samples = clip(length)
        times: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(rounds + 1):
            for name, (_, side) in sides.items():
                took = _timed(side, samples)
                if turn:
                    times[name].append(took)
        for name, (precision, _) in sides.items():
            ratio = None
            if FUNASR in times:
                pairs = zip(times[FUNASR], times[name], strict=True)
                ratio = statistics.median(theirs / ours for theirs, ours in pairs)
            yield Timing(name, precision, length, statistics.median(times[name]), ratio)


def model_side(model: str, threads: int | None = None) -> tuple[str, Side]:
    """A model of `find_model`, as a side of `compare`.

    Raises:
        UnknownModel, ModelNotInstalled, ModelCorrupt: see `find_model`.
    """
    folder = find_model(model)
    network = open_network(folder, threads=threads or available_cores())
    return folder.card.precision, lambda samples: network.run([samples])


def funasr_side(folder: Path) -> tuple[str, Side]:
    """FunASR on a model folder of its own, with config.yaml and model.pt, as a side of `compare`.

    Raises:
        UsageError: FunASR is not installed, or does not take the folder.
    """
    try:
        from funasr import AutoModel
    except (ImportError, OSError) as error:  # OSError: of a torchaudio for another torch
        raise UsageError(
            reason_en=f"FunASR cannot be imported here ({error}).",
            reason_zh=f"此处无法导入 FunASR({error})。",
        ) from error
    try:
        model = AutoModel(model=str(folder), disable_update=True, disable_pbar=True)
    except Exception as error:
        raise UsageError(
            reason_en=f"FunASR does not take {folder}: {error}",
            reason_zh=f"FunASR 无法加载 {folder}：{error}",
        ) from error

    def recognize(samples: FloatArray) -> Any:
        return model.generate(samples, granularity="utterance", extract_embedding=False)

    return "fp32", recognize


def clip(seconds: int) -> FloatArray:
    """Noise that swells and fades at a syllable's pace; the work does not depend on content."""
    time_s = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return (0.1 * noise * (0.2 + np.abs(np.sin(2 * np.pi * 2 * time_s)))).astype(np.float32)


def _timed(side: Side, samples: FloatArray) -> float:
    started = time.perf_counter()
    side(samples)
    return time.perf_counter() - started
