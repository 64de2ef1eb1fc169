"""The weights of an installed encoder, read back from its graph."""

import re

import numpy as np

from voxcor.models.families.whisper.architecture import (
    CONV1,
    CONV2,
    KERNEL,
    Tensors,
    read_architecture,
)
from voxcor.models.family import Weights

_LINEAR = re.compile(r"(encoder\.blocks\.\d+\.(attn\.\w+|mlp\.[02])|head)\.weight")


def read_graph(stored: Tensors, name: str) -> Weights:
    """The network whose float32 tensors `write_graph` stored, bit for bit; the inverse of it.

    Raises:
        CheckpointInvalid: they are no encoder's; it names `name`.
    """
    tensors = {
        key: array.T if _LINEAR.fullmatch(key) else array
        for key, array in stored.items()
        if key.startswith(("encoder.", "head."))
    }
    for conv in (CONV1, CONV2):
        rows = tensors.pop(f"{conv}rows", None)
        if rows is not None and rows.ndim == 2 and not len(rows) % KERNEL:
            taps = rows.reshape(KERNEL, -1, rows.shape[1])
            tensors[f"{conv}weight"] = np.transpose(taps, (2, 1, 0))
    return Weights(read_architecture(tensors, name), tensors)
