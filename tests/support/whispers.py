"""Whisper's encoders with random weights, in the file formats that people have them in."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from voxcor.models.families.whisper.architecture import HEAD_DIM

torch = pytest.importorskip("torch")
reference = pytest.importorskip("whisper.model", reason="openai-whisper is not installed")

Arrays = Mapping[str, NDArray[Any]]

# Dimensions and blocks of the sizes that OpenAI published.
SIZES = {"base": (512, 6), "small": (768, 12)}
SMALLEST = (128, 2)


def encoder(dim: int, depth: int, *, frames: int = 1500, seed: int = 0) -> Any:
    """OpenAI's class, with positions for `frames`. Layers have torch's own random weights."""
    torch.manual_seed(seed)
    return reference.AudioEncoder(80, frames, dim, dim // HEAD_DIM, depth).eval()


def tensors_of(model: Any) -> dict[str, NDArray[Any]]:
    """Its weights by OpenAI's names, as in a whole Whisper's file."""
    return {f"encoder.{name}": value.numpy() for name, value in model.state_dict().items()}


def write_openai(path: Path, tensors: Arrays) -> None:
    """OpenAI's own layout, in half precision, as `base.pt` is."""
    state = {name: torch.from_numpy(array).half() for name, array in tensors.items()}
    state["decoder.token_embedding.weight"] = torch.zeros(3, 4).half()
    torch.save({"dims": {"n_mels": 80}, "model_state_dict": state}, path)


_GAMMA_BETA = {"weight": "gamma", "bias": "beta"}


def write_ctranslate2(path: Path, tensors: Arrays, *, version: int = 6) -> None:
    """CTranslate2's `model.bin` in half precision, as its converter writes one."""
    arrays: dict[str, NDArray[Any]] = {"decoder/scale_embeddings": np.int8(0)[()]}
    for name, array in tensors.items():
        parts = name.removeprefix("encoder.").split(".")
        if parts[0].startswith("conv"):
            arrays[f"encoder/{parts[0]}/{parts[1]}"] = array
        elif parts[0] == "ln_post":
            arrays[f"encoder/layer_norm/{_GAMMA_BETA[parts[1]]}"] = array
        elif parts[0] == "positional_embedding":
            arrays["encoder/position_encodings/encodings"] = array
        elif parts[2] in ("attn_ln", "mlp_ln"):
            module = {"attn_ln": "self_attention", "mlp_ln": "ffn"}[parts[2]]
            arrays[f"encoder/layer_{parts[1]}/{module}/layer_norm/{_GAMMA_BETA[parts[3]]}"] = array
        elif parts[2] == "mlp":
            linear = {"0": "linear_0", "2": "linear_1"}[parts[3]]
            arrays[f"encoder/layer_{parts[1]}/ffn/{linear}/{parts[4]}"] = array
        elif parts[3] == "out":
            arrays[f"encoder/layer_{parts[1]}/self_attention/linear_1/{parts[4]}"] = array
        elif parts[3] == "query":
            block = f"encoder.blocks.{parts[1]}.attn."
            key = tensors.get(f"{block}key.{parts[4]}", np.zeros_like(array))
            joined = np.concatenate([array, key, tensors[f"{block}value.{parts[4]}"]])
            arrays[f"encoder/layer_{parts[1]}/self_attention/linear_0/{parts[4]}"] = joined
    with path.open("wb") as file:
        file.write(struct.pack("<I", version) + _text("WhisperSpec"))
        file.write(struct.pack("<II", 3, len(arrays)))
        for name, array in arrays.items():
            half = array.astype(np.float16) if array.dtype.kind == "f" else array
            kind = 4 if half.dtype == np.float16 else 1
            file.write(_text(name) + struct.pack("<B", half.ndim))
            file.write(struct.pack(f"<{half.ndim}I", *half.shape))
            file.write(struct.pack("<BI", kind, half.nbytes) + half.tobytes())
        file.write(struct.pack("<I", 0))


def write_huggingface(folder: Path, dim: int, depth: int) -> Any:
    """A random Whisper of transformers' own class, saved by it; its encoder."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(3)
    configuration = transformers.WhisperConfig(
        d_model=dim,
        encoder_layers=depth,
        encoder_attention_heads=dim // HEAD_DIM,
        encoder_ffn_dim=4 * dim,
        decoder_layers=1,
        decoder_attention_heads=dim // HEAD_DIM,
        decoder_ffn_dim=dim,
        vocab_size=100,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=0,
    )
    model = transformers.WhisperModel(configuration).eval()
    model.save_pretrained(folder)
    return model.encoder


def _text(value: str) -> bytes:
    encoded = value.encode() + b"\0"
    return struct.pack("<H", len(encoded)) + encoded
