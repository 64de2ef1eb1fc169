"""Small emotion2vec checkpoints with random weights, in the hubs' file layout."""

import copy
from pathlib import Path
from typing import Any

import pytest

from voxcor.models.families.emotion2vec.architecture import Architecture

torch = pytest.importorskip("torch")

SMALL = Architecture(embed_dim=64, num_heads=4, prenet_depth=1, depth=2, num_outputs=9)


def write_checkpoint(path: Path, architecture: Architecture = SMALL, *, seed: int = 0) -> None:
    """Writes `model.pt` as fairseq does, see `fairseq_document`."""
    from fairseq_layout import fairseq_document

    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in architecture.shapes().items():
        fan_in = max(1, int(torch.tensor(shape[1:]).prod()))
        values = torch.randn(shape, generator=generator) / fan_in**0.5
        norm = ".norm" in name or "2.1." in name or "project_features.1." in name
        state[name] = 1 + 0.1 * values if norm and name.endswith("weight") else values
    torch.save(fairseq_document(state), path)


funasr = pytest.importorskip(
    "funasr_reference", reason="torch and funasr are not installed", exc_type=ImportError
)


def build_small(config: dict[str, Any], **options: Any) -> Any:
    """FunASR's class with few weights, for what does not depend on their number."""
    small = copy.deepcopy(config)
    small["model_conf"] |= {"embed_dim": 64, "num_heads": 4, "depth": 2}
    small["model_conf"]["modalities"]["audio"] |= {"num_alibi_heads": 4, "prenet_depth": 1}
    return funasr.build(small, size="large", **options)
