"""int8 against FunASR's class on the same random weights: one process, turn by turn.

    python benchmarks/int8.py --config PLUS_LARGE_CONFIG_YAML [--write docs/int8.md]

Beside our int8: fp32, and onnxruntime's dynamic quantisation, which needs no calibration. Each
ratio is the median of paired ratios. `int8_accuracy.py` measures what each costs in accuracy.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

import funasr_reference as funasr
from against_funasr import FUNASR, THREADS, clip, measure
from voxcor.inference.network import Network
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY
from voxcor.models.families.emotion2vec.published import labels_from_tokens
from voxcor.models.quantize import quantize

SIZES = ("base", "large")
SECONDS = (3, 10, 30)


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
    parser.add_argument("--write", type=Path, help="file whose table is replaced")
    arguments = parser.parse_args()
    config = yaml.safe_load(arguments.config.read_text())
    torch.set_num_threads(THREADS)
    lines = [
        "| model | clip | FunASR | fp32 | dynamic int8 | int8 |",
        "|---|---|---|---|---|---|",
    ]
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            run = variants(Path(folder), config, size)
            for seconds in SECONDS:
                found = measure(run, seconds, arguments.rounds)
                cells = [f"{found[FUNASR][0]:.2f} s"] + [
                    f"{found[name][0]:.2f} s, {found[name][1]:.2f} times"
                    for name in ("fp32", "dynamic", "int8")
                ]
                lines.append(f"| {size} | {seconds} s | {' | '.join(cells)} |")
                print(lines[-1], file=sys.stderr, flush=True)
    table = "\n".join(lines) + "\n"
    print(table)
    if arguments.write:
        before, _, rest = arguments.write.read_text().partition("<!-- speed -->\n")
        after = rest.partition("<!-- end -->")[2]
        arguments.write.write_text(
            f"{before}<!-- speed -->\n{table}<!-- end -->{after}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
