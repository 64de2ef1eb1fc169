"""int8 against FunASR's class on the same random weights: one process, turn by turn.

    python benchmarks/int8.py --config PLUS_LARGE_CONFIG_YAML [--write docs/int8.md]

Beside our int8: fp32, and onnxruntime's dynamic quantisation, which needs no calibration. Each
ratio is the median of paired ratios. `int8_accuracy.py` measures what each costs in accuracy.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

import funasr_reference as funasr
from against_funasr import FUNASR, THREADS, clip, measure
from documents import put
from voxcor.inference.network import Network
from voxcor.language import say
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY
from voxcor.models.families.emotion2vec.published import labels_from_tokens
from voxcor.models.quantize import quantize

SIZES = ("base", "large")
SECONDS = (3, 10, 30)

Found = Mapping[str, tuple[float, float]]


def write_dynamic(source: Path, target: Path) -> None:
    """Onnxruntime's own dynamic quantisation: scales of activations from each pass."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source / "model.onnx",
        target / "model.onnx",
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        use_external_data_format=True,
    )


def variants(folder: Path, config: dict[str, Any], size: str) -> dict[str, Callable[[Any], object]]:
    """Each way from samples to scores, on weights converted into `folder`."""
    reference = funasr.build(config, size=size, seed=0)
    funasr.save_official(reference, folder / "model.pt")
    fp32, dynamic, int8 = (folder / name for name in ("fp32", "dynamic", "int8"))
    for path in (fp32, dynamic, int8):
        path.mkdir()
    convert_checkpoint(
        folder / "model.pt", fp32, family=FAMILY, labels=labels_from_tokens(funasr.TOKENS)
    )
    (folder / "model.pt").unlink()
    write_dynamic(fp32, dynamic)
    quantize(fp32, int8, [clip(3)])
    run: dict[str, Callable[[NDArray[np.float32]], object]] = {
        FUNASR: lambda samples: funasr.recognize(reference, samples)
    }
    for path in (fp32, dynamic, int8):
        network = Network(path / "model.onnx", threads=THREADS)
        run[path.name] = lambda samples, network=network: network.run([samples])
    return run


def main() -> None:
    """Measures everything and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="config.yaml of plus_large")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--write", type=Path, help="the English document with the table")
    arguments = parser.parse_args()
    config = yaml.safe_load(arguments.config.read_text())
    torch.set_num_threads(THREADS)
    rows: list[tuple[str, int, Found]] = []
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            run = variants(Path(folder), config, size)
            for seconds in SECONDS:
                rows.append((size, seconds, measure(run, seconds, arguments.rounds)))
                print(*rows[-1], file=sys.stderr, flush=True)
    print(table(rows))
    if arguments.write:
        put(arguments.write, "speed", lambda: table(rows))


def table(rows: Sequence[tuple[str, int, Found]]) -> str:
    """A line for each size and length, under their head."""
    lines = [
        say(
            "| model | clip | FunASR | fp32 | dynamic int8 | int8 |",
            "| 模型 | 音频 | FunASR | fp32 | 动态 int8 | int8 |",
        ),
        "|---|---|---|---|---|---|",
    ]
    for size, seconds, found in rows:
        reference_s, _ = found[FUNASR]
        cells = [say(f"{reference_s:.2f} s", f"{reference_s:.2f} 秒")]
        for name in ("fp32", "dynamic", "int8"):
            took_s, ratio = found[name]
            cells.append(
                say(f"{took_s:.2f} s, {ratio:.2f} times", f"{took_s:.2f} 秒，{ratio:.2f} 倍")
            )
        length = say(f"{seconds} s", f"{seconds} 秒")
        lines.append(f"| {size} | {length} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
