"""FunASR's own Emotion2vec class, from its released wheel without the rest of it.

Tests hold our numbers against it, benchmarks our speed. It needs
`pip install torch==2.13.0 omegaconf setuptools` and `pip install --no-deps funasr==1.4.16`.

Importing `funasr` loads every module it has; the model needs four of them. Its package is entered
by the side door, and its audio loader, which wants torchaudio, is replaced by one that takes
samples.
"""

import importlib.util
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import OmegaConf

from fairseq_layout import fairseq_document

TOKENS = [
    *("生气/angry", "厌恶/disgusted", "恐惧/fearful", "开心/happy", "中立/neutral"),
    *("其他/other", "难过/sad", "吃惊/surprised", "<unk>"),
]

# What the base family's config.yaml has instead of plus_large's; emotion2vec.md, section 1.1.
BASE_VALUES = {"embed_dim": 768, "num_heads": 12}
BASE_ALIBI_HEADS = 12


def _package(name: str, path: Path) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__path__ = [str(path)]
    sys.modules[name] = module
    return module


def emotion2vec_class() -> Any:
    """`funasr.models.emotion2vec.model.Emotion2vec`, unmodified."""
    if "funasr" not in sys.modules:
        spec = importlib.util.find_spec("funasr")
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError("pip install --no-deps funasr==1.4.16")
        root = Path(next(iter(spec.submodule_search_locations)))
        _package("funasr", root)
        for part in ("models", "utils", "models/emotion2vec"):
            _package("funasr." + part.replace("/", "."), root / part)
        loader = types.ModuleType("funasr.utils.load_utils")
        loader.load_audio_text_image_video = lambda data, **_: data  # type: ignore[attr-defined]
        sys.modules["funasr.utils.load_utils"] = loader
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # distutils and old torch calls
        from funasr.models.emotion2vec.model import Emotion2vec
    return Emotion2vec


def build(config: dict[str, Any], *, size: str, seed: int, outputs: int = 9) -> Any:
    """FunASR's model with random weights at a released configuration, in evaluation mode.

    Args:
        config: the official config.yaml of plus_large.
        size: `large` or `base`.
        seed: of the weights. They are drawn wide enough for every part to matter: norms, biases
            and ALiBi scales away from the ones and zeros that initialisation gives them.
        outputs: rows of the classifier; 0 for none.
    """
    conf = OmegaConf.to_container(OmegaConf.create(config["model_conf"]))
    if size == "base":
        conf.update(BASE_VALUES)
        conf["modalities"]["audio"]["num_alibi_heads"] = BASE_ALIBI_HEADS
        conf["modalities"]["audio"]["decoder"]["decoder_dim"] = 384
    torch.manual_seed(seed)
    model = emotion2vec_class()(model_conf=conf, vocab_size=outputs or -1).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
            if name.endswith("alibi_scale"):
                parameter.copy_(1 + 0.5 * torch.randn_like(parameter))
            if name.endswith("extra_tokens"):
                parameter.copy_(torch.randn_like(parameter))
            if name == "proj.weight":
                parameter.mul_(4)
    return model


def save_official(model: Any, path: Path) -> None:
    """Writes the layout of the hubs' `model.pt`, see `fairseq_document`."""
    weights = {n: value for n, value in model.state_dict().items() if ".decoder." not in n}
    torch.save(fairseq_document(weights), path)


def recognize(
    model: Any, waveform: NDArray[np.float32], tokens: list[str] = TOKENS
) -> tuple[dict[str, float], NDArray[np.float32]]:
    """FunASR's scores by label and its frame embeddings [T, D] for 16 kHz samples."""
    tokenizer = types.SimpleNamespace(token_list=tokens)
    with torch.no_grad():
        results, _ = model.inference(
            [torch.from_numpy(waveform)],
            key=["clip"],
            tokenizer=tokenizer,
            granularity="frame",
            device="cpu",
        )
    return dict(zip(results[0]["labels"], results[0]["scores"], strict=True)), results[0]["feats"]
