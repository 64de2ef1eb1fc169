"""Small emotion2vec checkpoints with random weights, in the hubs' file layout."""

from pathlib import Path

import pytest

from voxcor.models.architecture import Architecture

torch = pytest.importorskip("torch")

SMALL = Architecture(embed_dim=64, num_heads=4, prenet_depth=1, depth=2, num_outputs=9)


def write_checkpoint(path: Path, architecture: Architecture = SMALL, *, seed: int = 0) -> None:
    """Writes `model.pt`: fairseq's top level, `d2v_model.` prefix, one Adam moment each."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in architecture.shapes().items():
        fan_in = max(1, int(torch.tensor(shape[1:]).prod()))
        values = torch.randn(shape, generator=generator) / fan_in**0.5
        norm = ".norm" in name or "2.1." in name or "project_features.1." in name
        state[name] = 1 + 0.1 * values if norm and name.endswith("weight") else values
    state = {n if n.startswith("proj.") else f"d2v_model.{n}": v for n, v in state.items()}
    moments = {i: {"exp_avg": torch.zeros_like(v)} for i, v in enumerate(state.values())}
    torch.save({"args": None, "model": state, "last_optimizer_state": {"state": moments}}, path)
