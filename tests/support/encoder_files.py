"""A small multilingual encoder with random weights, in the files of the published one."""

import json
from functools import cache

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from voxcor.models.encoders import ENCODERS

ENCODER = ENCODERS["multilingual-minilm"]

_CHARACTERS = "".join(map(chr, range(0x21, 0x7F))) + "▁éèàçñ怒喜悲哭笑生气难过的不很人"
_HEADS = 4


@cache
def encoder_files(seed: int = 0) -> dict[str, bytes]:
    """What the hub's repository holds, by name; another seed is another version."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *dict.fromkeys(_CHARACTERS)]
    return {
        "README.md": b"never asked for",
        "config.json": json.dumps({"model_type": "bert", "pad_token_id": 1}).encode(),
        "special_tokens_map.json": json.dumps({"pad_token": "<pad>"}).encode(),
        "tokenizer_config.json": json.dumps(
            {"model_max_length": 512, "max_length": 128, "pad_token": "<pad>"}
        ).encode(),
        "tokenizer.json": _tokenizer(pieces),
        ENCODER.graph: _graph(len(pieces), ENCODER.dim, seed),
    }


def _tokenizer(pieces: list[str]) -> bytes:
    """Unigram over single characters, with XLM-RoBERTa's marks about the text."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    scores = [(piece, -float(number)) for number, piece in enumerate(pieces)]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(pieces[:4])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    # As the published file has them; both are set anew by who reads it.
    tokenizer.enable_padding(length=128, pad_id=1, pad_token="<pad>")
    tokenizer.enable_truncation(32)
    return tokenizer.to_str().encode()


def _graph(words: int, dim: int, seed: int) -> bytes:
    """Embeddings of words, places and kinds, and one layer of masked attention over them."""
    rng = np.random.default_rng(seed)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        values = rng.normal(0, shape[0] ** -0.5, shape).astype(np.float32)
        return numpy_helper.from_array(values, name)

    def constant(name: str, *values: float, kind: type = np.int64) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(values, kind), name)

    width = dim // _HEADS
    node = helper.make_node
    nodes = [
        node("Gather", ["words", "input_ids"], ["of_words"]),
        node("Gather", ["kinds", "token_type_ids"], ["of_kinds"]),
        node("CumSum", ["attention_mask", "one"], ["places"]),
        node("Gather", ["place", "places"], ["of_places"]),
        node("Add", ["of_words", "of_kinds"], ["sum"]),
        node("Add", ["sum", "of_places"], ["x"]),
        node("Unsqueeze", ["attention_mask", "middle"], ["mask_4"]),
        node("Cast", ["mask_4"], ["mask"], to=TensorProto.FLOAT),
        node("Sub", ["mask", "unit"], ["less"]),
        node("Mul", ["less", "much"], ["bias"]),
    ]
    for name, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
        nodes += [
            node("MatMul", ["x", f"w{name}"], [f"{name}_flat"]),
            node("Reshape", [f"{name}_flat", "heads"], [f"{name}_heads"]),
            node("Transpose", [f"{name}_heads"], [name], perm=order),
        ]
    nodes += [
        node("MatMul", ["q", "k"], ["scores"]),
        node("Mul", ["scores", "scale"], ["scaled"]),
        node("Add", ["scaled", "bias"], ["masked"]),
        node("Softmax", ["masked"], ["shares"], axis=-1),
        node("MatMul", ["shares", "v"], ["mixed"]),
        node("Transpose", ["mixed"], ["mixed_back"], perm=[0, 2, 1, 3]),
        node("Reshape", ["mixed_back", "flat"], ["attended"]),
        node("Add", ["x", "attended"], ["last_hidden_state"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info(
        "last_hidden_state", TensorProto.FLOAT, ["batch", "length", dim]
    )
    weights = [
        *(weight("words", words, dim), weight("kinds", 2, dim), weight("place", 513, dim)),
        *(weight("wq", dim, dim), weight("wk", dim, dim), weight("wv", dim, dim)),
        numpy_helper.from_array(np.array(1, np.int64), "one"),
        constant("middle", 1, 2),
        constant("heads", 0, 0, _HEADS, width),
        constant("flat", 0, 0, dim),
        constant("unit", 1, kind=np.float32),
        constant("much", 10_000, kind=np.float32),
        constant("scale", width**-0.5, kind=np.float32),
    ]
    graph = helper.make_graph(nodes, "encoder", inputs, [output], weights)
    opset = [helper.make_opsetid("", 14)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
