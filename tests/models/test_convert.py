"""Conversion at the true size of plus-large: how much memory it takes, and what it leaves."""

import json
import struct
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from architectures import LARGE
from checkpoints import SMALL, write_checkpoint
from voxcor.errors import CheckpointInvalid
from voxcor.labels import LABEL_IDS
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY
from voxcor.models.families.emotion2vec.architecture import (
    AUDIO,
    alibi_slopes,
    read_architecture,
)
from voxcor.models.families.emotion2vec.weights import read_checkpoint

CONVERT = """
import json, re, sys
from pathlib import Path
from voxcor.labels import LABEL_IDS
from voxcor.models.convert import convert_checkpoint
from voxcor.models.families.emotion2vec import FAMILY
source, target = map(Path, sys.argv[1:])
conversion = convert_checkpoint(source, target, family=FAMILY, labels=LABEL_IDS)
# Not ru_maxrss: it remembers the process that this one was forked from.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(json.dumps({"parameters": conversion.parameters, "peak_bytes": 1024 * peak}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux")
def test_large_converts_in_under_one_and_a_half_gigabytes(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "model.pt", LARGE)
    assert (tmp_path / "model.pt").stat().st_size > 1.2e9  # weights and optimizer
    output = subprocess.run(
        [sys.executable, "-c", CONVERT, tmp_path / "model.pt", tmp_path],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = json.loads(output)
    print(f"conversion of plus-large peaked at {found['peak_bytes'] / 1e6:.0f} MB")
    assert found["parameters"] == 162_140_185
    assert found["peak_bytes"] < 1.5e9
    weights = (tmp_path / "model.onnx.data").stat().st_size
    assert weights == pytest.approx(4 * found["parameters"], rel=0.01)


def test_the_graph_is_valid_and_names_its_labels(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "model.pt")
    convert_checkpoint(tmp_path / "model.pt", tmp_path, family=FAMILY, labels=LABEL_IDS)
    onnx.checker.check_model(str(tmp_path / "model.onnx"), full_check=True)
    model = onnx.load(tmp_path / "model.onnx", load_external_data=False)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(metadata["labels"]) == list(LABEL_IDS)
    assert [value.name for value in model.graph.input] == ["waveform", "lengths"]
    assert [value.name for value in model.graph.output] == ["embeddings", "logits"]


def test_the_architecture_is_read_from_the_shapes(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "model.pt")
    tensors = read_checkpoint(tmp_path / "model.pt")
    assert read_architecture(tensors, "model.pt") == SMALL


def test_the_tensors_of_large_are_those_of_the_published_file() -> None:
    """A public converter pins this hash of all names and shapes in the hubs' `model.pt`.

    Over the tensors by name: the name, a zero byte, then rank and dimensions of 8 bytes each.
    """
    manifest = sha256()
    shapes = {
        name if name.startswith("proj.") else f"d2v_model.{name}": shape
        for name, shape in LARGE.shapes().items()
    }
    for name, shape in sorted(shapes.items()):
        if name.endswith("alibi_scale"):
            shape = (LARGE.num_heads,)  # it pins the tensor without its axes of one
        manifest.update(
            name.encode() + b"\0" + struct.pack(f"<{1 + len(shape)}Q", len(shape), *shape)
        )
    assert len(shapes) == 185
    assert manifest.hexdigest() == (
        "f5f8f684302cf55fb399277a7446976a77f570816e7e3345a008e4d0b6774401"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"blocks.99999999999.norm1.bias": np.zeros(64)}, "blocks.2 is missing"),
        ({"blocks.²³.norm1.bias": np.zeros(64)}, "blocks.2 is missing"),
        ({"blocks.-1.norm1.bias": np.zeros(64)}, "blocks.2 is missing"),
        ({"blocks.2.norm1.bias": np.zeros(64)}, "blocks.2.attn.qkv.weight is missing"),
        ({f"{AUDIO}alibi_scale": np.zeros((1, 1, 0, 1, 1))}, "64 dimensions, 0 heads"),
        ({f"{AUDIO}alibi_scale": np.zeros((1, 1, 3, 1, 1))}, "64 dimensions, 3 heads"),
        ({f"{AUDIO}alibi_scale": np.zeros((1, 1, 1 << 40, 0, 1))}, "64 dimensions, 1099511627776"),
        ({f"{AUDIO}extra_tokens": np.zeros((1, 0, 1 << 40))}, "1099511627776 dimensions"),
        ({"proj.weight": np.zeros((1 << 40, 0))}, "1099511627776 outputs"),
        ({"blocks.1.norm1.bias": np.zeros(64, np.int64)}, "is of int64"),
        ({"blocks.1.norm1.bias": np.zeros(64, np.complex64)}, "is of complex64"),
    ],
)
def test_sizes_that_no_network_has_are_refused(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    write_checkpoint(tmp_path / "model.pt")
    tensors = read_checkpoint(tmp_path / "model.pt") | change
    with pytest.raises(CheckpointInvalid, match=reason):
        read_architecture(tensors, "model.pt")


@pytest.mark.parametrize(
    ("name", "shape", "reason"),
    [
        ("blocks.1.attn.qkv.weight", None, "blocks.1.attn.qkv.weight is missing"),
        ("blocks.0.norm1.bias", (7,), r"blocks.0.norm1.bias has shape \[7\], expected \[64\]"),
        ("modality_encoders.AUDIO.extra_tokens", None, "no modality_encoders.AUDIO.extra_tokens"),
    ],
)
def test_another_network_is_refused_by_what_differs(
    tmp_path: Path, name: str, shape: tuple[int, ...] | None, reason: str
) -> None:
    write_checkpoint(tmp_path / "model.pt")
    tensors = read_checkpoint(tmp_path / "model.pt")
    if shape is None:
        del tensors[name]
    else:
        tensors[name] = np.zeros(shape, dtype=np.float32)
    with pytest.raises(CheckpointInvalid, match=reason):
        read_architecture(tensors, "model.pt")


def test_alibi_slopes_are_those_of_the_released_models() -> None:
    np.testing.assert_allclose(alibi_slopes(16), [2 ** (-0.5 * k) for k in range(1, 17)])
    expected = [*(2.0**-k for k in range(1, 9)), *(2 ** (-k - 0.5) for k in range(4))]
    np.testing.assert_allclose(alibi_slopes(12), expected)
