"""The weights of an encoder: out of a checkpoint of any format, and back out of its graph."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import InputNotFound, InputUnreadable, ModelCorrupt
from voxcor.inference.onnx_files import read_floats
from voxcor.models.checkpoint import invalid, read_tensors
from voxcor.models.families.whisper.architecture import (
    CONV1,
    CONV2,
    HEAD,
    KERNEL,
    SMOOTHING,
    TITLE,
    read_architecture,
)
from voxcor.models.families.whisper.ctranslate2 import is_model_bin, read_model_bin
from voxcor.models.family import Weights

# OpenAI's own pickles, Hugging Face's safetensors, faster-whisper's CTranslate2.
CHECKPOINT_FILES = ("model.safetensors", "model.bin", "base.pt")

_OURS = ("encoder.", HEAD, SMOOTHING)

_LINEAR = re.compile(r"(encoder\.blocks\.\d+\.(attn\.\w+|mlp\.[02])|head)\.weight")

# Hugging Face's names and OpenAI's.
_HUGGING_FACE = (
    (r"encoder\.(conv[12])\.", r"encoder.\1."),
    (r"encoder\.embed_positions\.weight$", "encoder.positional_embedding"),
    (r"encoder\.layer_norm\.", "encoder.ln_post."),
    (r"encoder\.layers\.(\d+)\.self_attn_layer_norm\.", r"encoder.blocks.\1.attn_ln."),
    (r"encoder\.layers\.(\d+)\.self_attn\.q_proj\.", r"encoder.blocks.\1.attn.query."),
    (r"encoder\.layers\.(\d+)\.self_attn\.k_proj\.", r"encoder.blocks.\1.attn.key."),
    (r"encoder\.layers\.(\d+)\.self_attn\.v_proj\.", r"encoder.blocks.\1.attn.value."),
    (r"encoder\.layers\.(\d+)\.self_attn\.out_proj\.", r"encoder.blocks.\1.attn.out."),
    (r"encoder\.layers\.(\d+)\.final_layer_norm\.", r"encoder.blocks.\1.mlp_ln."),
    (r"encoder\.layers\.(\d+)\.fc1\.", r"encoder.blocks.\1.mlp.0."),
    (r"encoder\.layers\.(\d+)\.fc2\.", r"encoder.blocks.\1.mlp.2."),
)


def network_of_checkpoint(path: Path) -> Weights:
    """The encoder in one of `CHECKPOINT_FILES`' formats, told by the file's first bytes.

    Raises:
        InputNotFound, InputUnreadable: there is no such file, or it cannot be read.
        CheckpointUnsafe: a pickle names anything but tensors and plain containers.
        CheckpointInvalid: it is of no such format, damaged, or holds no Whisper.
    """
    if not path.is_file():
        raise InputNotFound(name=str(path))
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror or str(error)) from error
    tensors: Mapping[str, NDArray[Any]]
    if is_model_bin(head):
        tensors = read_model_bin(path)
    elif head[8:9] == b"{":
        tensors = _read_safetensors(path)
    else:
        tensors = read_tensors(path, family=TITLE, under="model_state_dict")
    encoder = {name: array for name, array in tensors.items() if name.startswith(_OURS)}
    return Weights(read_architecture(encoder, str(path)), encoder)


def network_of_graph(path: Path) -> Weights:
    """What a graph was written from, bit for bit.

    Raises:
        ModelCorrupt: it cannot be read.
        CheckpointInvalid: it is no encoder's.
    """
    try:
        tensors = _by_checkpoint_names(read_floats(path))
    # Protobuf's errors share no base with the others; and tensors may not fit together.
    except Exception as error:
        raise ModelCorrupt(model=path.parent.name, reason=str(error)) from error
    return Weights(read_architecture(tensors, str(path.parent)), tensors)


def _by_checkpoint_names(
    stored: Mapping[str, NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    tensors = {
        name: array.T if _LINEAR.fullmatch(name) else array
        for name, array in stored.items()
        if name.startswith(_OURS)
    }
    for conv in (CONV1, CONV2):
        rows = tensors.pop(f"{conv}rows", None)
        if rows is not None:
            taps = rows.reshape(KERNEL, -1, rows.shape[1])
            tensors[f"{conv}weight"] = np.transpose(taps, (2, 1, 0))
    return tensors


def _read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError, safe_open

    tensors: dict[str, NDArray[Any]] = {}
    try:
        with safe_open(path, framework="numpy") as file:
            for theirs in file.keys():  # noqa: SIM118 - it is no dictionary
                name = _openai_name(theirs.removeprefix("model."))
                if name is not None:
                    tensors[name] = file.get_tensor(theirs)
    # What numpy has no type for, bfloat16, comes as a TypeError.
    except (SafetensorError, TypeError, ValueError) as error:
        raise invalid(str(path), TITLE, str(error)) from error
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror or str(error)) from error
    return tensors


def _openai_name(name: str) -> str | None:
    """OpenAI's name of what Hugging Face calls `name`; None for what is not the encoder's."""
    for pattern, ours in _HUGGING_FACE:
        found, count = re.subn(f"^{pattern}", ours, name)
        if count:
            return found
    return None
