"""The weights of an emotion2vec: out of a checkpoint, and back out of its graph.

`voxcor models pull` keeps the graph and throws the checkpoint away, but nothing of it is lost:
every weight lies in the graph, in float32 and under the checkpoint's name, only laid out for the
runtime. So fine-tuning starts from an installed model, with no second download.

    tensors = read_weights(find_model("plus-large").graph)
    tensors["blocks.0.attn.qkv.weight"].shape  # (3072, 1024), as in model.pt
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import ModelCorrupt
from voxcor.inference.onnx_files import read_floats
from voxcor.models.checkpoint import read_tensors
from voxcor.models.families.emotion2vec.architecture import (
    AUDIO,
    CONVOLUTIONS,
    TITLE,
    alibi_slopes,
    read_architecture,
)
from voxcor.models.family import Weights

FloatArray = NDArray[np.float32]

# Prefixes under which the weights are found in the wild; emotion2vec.md, section 2.1.
_PREFIXES = ("module.d2v_model.", "d2v_model.", "module.")

_LINEAR = re.compile(
    r"(.*(attn\.[qkv]|attn\.proj|mlp\.fc1|mlp\.fc2|project_features\.2)|proj)\.weight"
)


def network_of_checkpoint(path: Path) -> Weights:
    """What a checkpoint holds; see `read_checkpoint` and `read_architecture`."""
    tensors = read_checkpoint(path)
    return Weights(read_architecture(tensors, str(path)), tensors)


def network_of_graph(path: Path) -> Weights:
    """What a graph was written from; see `read_weights` and `read_architecture`."""
    tensors = read_weights(path)
    return Weights(read_architecture(tensors, str(path.parent)), tensors)


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a `model.pt`, in fairseq's layout or flat; see `read_tensors`.

    Names lose the prefixes `module.` and `d2v_model.`; the optimizer is left on disk.
    """
    return read_tensors(path, family=TITLE, under="model", prefixes=_PREFIXES)


def read_weights(graph: Path) -> dict[str, FloatArray]:
    """Tensors by the checkpoint's names, as `write_graph` takes them; the inverse of it.

    All are bit for bit those of the checkpoint, with two exceptions that make no difference to the
    network: an `alibi_scale` below zero is zero, as the network takes it, any other is right to a
    rounding; and classifier rows of unused tokens are gone.

    Args:
        graph: `model.onnx` of an emotion2vec in float32; its weights lie beside it. Of another
            graph the result lacks what `read_architecture` asks for.

    Raises:
        ModelCorrupt: it cannot be read.
    """
    try:
        return _checkpoint_tensors(read_floats(graph))
    # Protobuf's errors share no base with the others; and tensors may not fit together.
    except Exception as error:
        raise ModelCorrupt(model=graph.parent.name, reason=str(error)) from error


def _checkpoint_tensors(stored: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    tensors = {
        name: array.T if _LINEAR.fullmatch(name) else array
        for name, array in stored.items()
        if not name.startswith(("constant_", "alibi_slopes", "positional_norm."))
    }
    for layer, (channels, kernel, _) in enumerate(CONVOLUTIONS):
        name = f"{AUDIO}local_encoder.conv_layers.{layer}.0."
        parts = [tensors.pop(name + part) for part in ("rows", "tap") if name + part in tensors]
        if parts:
            taps = np.concatenate(parts).reshape(kernel, -1, channels)  # [kernel, in, out]
            tensors[f"{name}weight"] = np.transpose(taps, (2, 1, 0))
    for name in [name for name in tensors if ".attn.q." in name]:
        names = [name.replace(".q.", f".{part}.") for part in "qkv"]
        if all(part in tensors for part in names):
            joined = np.concatenate([tensors.pop(part) for part in names])
            tensors[name.replace(".q.", ".qkv.")] = joined
    if "alibi_slopes" in stored:
        slopes = stored["alibi_slopes"].reshape(-1)
        scale = -slopes / alibi_slopes(len(slopes))
        tensors[f"{AUDIO}alibi_scale"] = scale.reshape(1, 1, -1, 1, 1)
    return tensors
