"""Temperatures: found again where they are known, of use where they are not, kept in the card."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installed import fill, install
from voxcor.errors import PullInProgress, UsageError
from voxcor.evaluation.calibration import (
    Calibration,
    calibrate,
    fit_temperature,
    negative_log_likelihood,
    store_temperature,
)
from voxcor.evaluation.metrics import FloatArray, IntArray
from voxcor.models.cards import read_card, write_card
from voxcor.models.store import find_model, locked

CALIBRATION = Calibration(
    temperature=1.5, clips=200, nll_before=1.2, nll_after=1.1, ece_before=0.2, ece_after=0.05
)


def drawn(seed: int, temperature: float, clips: int = 4000) -> tuple[FloatArray, IntArray]:
    """Logits, and labels drawn from their softmax at a temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(clips, 5)) * 3
    shares = np.exp(logits / temperature)
    shares /= shares.sum(axis=1, keepdims=True)
    truth = (shares.cumsum(axis=1) < rng.random((clips, 1))).sum(axis=1)
    return logits, truth


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature: float) -> None:
    assert fit_temperature(*drawn(0, temperature)) == pytest.approx(temperature, rel=0.06)


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=0, max_value=1000), st.floats(min_value=0.2, max_value=5))
def test_no_other_temperature_fits_better(seed: int, temperature: float) -> None:
    logits, truth = drawn(seed, temperature, clips=50)
    best = fit_temperature(logits, truth)
    least = negative_log_likelihood(logits / best, truth)
    for other in np.geomspace(0.05, 20, 200):
        assert least <= negative_log_likelihood(logits / other, truth) + 1e-9


def test_logits_that_are_too_sure_become_calibrated() -> None:
    logits, truth = drawn(1, 2.0)
    found = calibrate(logits, truth, [clip % 10 for clip in range(len(truth))])
    assert found.ece_before > 0.1
    assert found.ece_after < 0.03
    assert found.nll_after < found.nll_before


def test_the_promise_comes_from_speakers_it_was_not_fitted_on() -> None:
    # Each voice has a temperature of its own: fitted on itself it would look perfect.
    parts = [drawn(seed, 0.5 if seed % 2 else 3.0, clips=300) for seed in range(6)]
    logits = np.concatenate([logits for logits, _ in parts])
    truth = np.concatenate([truth for _, truth in parts])
    by_speaker = calibrate(logits, truth, np.repeat(np.arange(6), 300).tolist())
    by_clip = calibrate(logits, truth, [None] * len(truth))
    assert by_speaker.temperature == by_clip.temperature
    assert by_speaker.nll_after > by_clip.nll_after


def test_one_clip_is_too_few() -> None:
    with pytest.raises(UsageError, match="two clips"):
        calibrate(np.zeros((1, 3)), np.zeros(1, int), [None])


def test_the_temperature_goes_into_the_card_on_top_of_the_one_there() -> None:
    folder = install("plus-seed")
    write_card(replace(read_card(folder), temperature=2.0), folder)
    card = store_temperature(find_model("plus-seed"), CALIBRATION)
    assert card.temperature == 3.0
    assert card.metrics["calibration.clips"] == 200
    assert read_card(folder) == card
    assert {path.name for path in folder.iterdir()} == {"card.json", "model.onnx"}


def test_a_folder_anywhere_can_be_calibrated(tmp_path: Path) -> None:
    fill(tmp_path / "mine", "mine")
    before = read_card(tmp_path / "mine").temperature
    store_temperature(find_model(str(tmp_path / "mine")), CALIBRATION)
    assert read_card(tmp_path / "mine").temperature == 1.5 * before


def test_the_model_inside_the_package_is_left_alone() -> None:
    before = read_card(find_model("small").path)
    with pytest.raises(UsageError, match="small is part of Voxcor"):
        store_temperature(find_model("small"), CALIBRATION)
    assert read_card(find_model("small").path) == before


def test_a_model_that_is_being_pulled_is_left_alone() -> None:
    install("plus-seed")
    with locked("plus-seed"), pytest.raises(PullInProgress):
        store_temperature(find_model("plus-seed"), CALIBRATION)
