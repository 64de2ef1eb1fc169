"""Whisper's weights as people have them, by OpenAI's names of tensors.

OpenAI's own files are pickles of torch (`base.pt`), Hugging Face's are safetensors with names of
their own, faster-whisper's are CTranslate2's.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcor.errors import InputNotFound, InputUnreadable
from voxcor.models.checkpoint import invalid, read_tensors
from voxcor.models.families.whisper.architecture import TITLE, read_architecture
from voxcor.models.families.whisper.ctranslate2 import is_model_bin, read_model_bin
from voxcor.models.family import Weights

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


def read_checkpoint(path: Path) -> Weights:
    """The encoder in one of these files; the format is told by its first bytes.

    Raises:
        InputNotFound, InputUnreadable: there is no such file, or it cannot be read.
        CheckpointUnsafe: a pickle names anything but tensors and plain containers.
        CheckpointInvalid: it is none of these formats, damaged, or holds no Whisper.
    """
    if not path.is_file():
        raise InputNotFound(name=str(path))
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror or str(error)) from error
    tensors: Mapping[str, NDArray[np.generic]]
    if is_model_bin(head):
        tensors = read_model_bin(path)
    elif head[8:9] == b"{":
        tensors = _read_safetensors(path)
    else:
        tensors = read_tensors(path, family=TITLE, under="model_state_dict")
    encoder = {
        name: array for name, array in tensors.items() if name.startswith(("encoder.", "head."))
    }
    return Weights(read_architecture(encoder, str(path)), encoder)


def _read_safetensors(path: Path) -> dict[str, NDArray[np.generic]]:
    from safetensors import SafetensorError, safe_open

    tensors: dict[str, NDArray[np.generic]] = {}
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
    return name if name.startswith(("encoder.blocks.", "head.")) else None
