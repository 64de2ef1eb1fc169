"""What is published with the emotion2vec models: how the hubs lay them out, and their scores."""

from collections.abc import Mapping, Sequence

from voxcor.models.family import Sample

# `emotion2vec_base` and its fine-tuned sibling were published before the name settled.
CHECKPOINT_FILES = ("model.pt", "emotion2vec_base.pt")
TOKENS_FILE = "tokens.txt"

# The English halves of the tokens are our ids but for the unknown one.
_TOKENS = {"<unk>": "unknown"}

# What FunASR gives the example clip on a GPU in float32 (emotion2vec#88; emotion2vec.md, 3.6).
PUBLISHED_SCORES: dict[str, Mapping[str, float]] = {
    "plus-large": {
        "angry": 0.003793130163103342,
        "disgusted": 0.0005500566912814975,
        "fearful": 0.0008670409442856908,
        "happy": 0.1217915266752243,
        "neutral": 0.00022425848874263465,
        "other": 6.993473562033614e-06,
        "sad": 0.8683823943138123,
        "surprised": 0.004384305793792009,
        "unknown": 2.399044376488746e-07,
    },
}

# 4.1 s, 16 kHz, mono.
SAMPLE = Sample(
    file="example/test.wav",
    sha256="a4839eaaa3d54bd2db6eb48aa3d40def1b5c5004df3fd163a8dcd045097f8a23",
    scores=PUBLISHED_SCORES,
)


def labels_from_tokens(lines: Sequence[str]) -> tuple[str, ...]:
    """Label ids from the lines of a hub's `tokens.txt`: `开心/happy` is `happy`, `<unk>` `unknown`.

    Tokens that begin with `unuse` keep their text: FunASR masks those rows, and so do we.
    """
    tokens = [line.strip() for line in lines if line.strip()]
    return tuple(_TOKENS.get(token, token.rsplit("/", 1)[-1]) for token in tokens)
