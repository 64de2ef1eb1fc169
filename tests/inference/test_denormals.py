"""Subnormal numbers are zero while a model runs, and themselves for whoever called it."""

import platform
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from voxcor.inference import denormals
from voxcor.inference.denormals import taken_as_zero

BUILT_IN = np.full(4, 1e-40, dtype=np.float32)

here = pytest.mark.skipif(
    denormals._libm() is None, reason="this processor or C library needs no such thing"
)


def doubled() -> float:
    return float((BUILT_IN * np.float32(2)).max())


@here
def test_they_are_zero_within_and_themselves_after() -> None:
    assert doubled() > 0
    with taken_as_zero():
        assert doubled() == 0
    assert doubled() > 0


@here
def test_an_error_ends_it_too() -> None:
    with pytest.raises(KeyError), taken_as_zero():
        raise KeyError
    assert doubled() > 0


@here
def test_it_may_be_nested() -> None:
    with taken_as_zero():
        with taken_as_zero():
            pass
        assert doubled() == 0
    assert doubled() > 0


@here
def test_other_threads_know_nothing_of_it() -> None:
    with ThreadPoolExecutor(1) as other:
        assert other.submit(doubled).result() > 0
        with taken_as_zero():
            assert other.submit(doubled).result() > 0


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    denormals._libm.cache_clear()
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    try:
        with taken_as_zero():
            assert doubled() > 0
    finally:
        denormals._libm.cache_clear()
